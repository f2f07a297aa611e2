//! The engine's words for people: enums, breaker scopes and durations as text.

use super::{FaultDomain, NextStep, Outcome, Relation, Scope, Skip};
use std::fmt::{Display, Formatter, Result};
use std::time::Duration;

/// A duration in seconds with about three figures: `0.41 s`, `12.3 s`, `140 s`. Whole seconds have no fraction.
pub fn seconds(d: Duration) -> String {
    let s = d.as_secs_f64();
    match s {
        _ if d.subsec_nanos() == 0 => format!("{} s", d.as_secs()),
        _ if s < 9.995 => format!("{s:.2} s"),
        _ if s < 99.95 => format!("{s:.1} s"),
        _ => format!("{s:.0} s"),
    }
}

impl Display for Scope {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self.domain {
            FaultDomain::Class => write!(f, "all {} models", self.name),
            FaultDomain::Account => write!(f, "account at {}", self.name),
            FaultDomain::Origin => write!(f, "server {}", self.name),
            _ => f.write_str(&self.name),
        }
    }
}

/// Implements `Display` for enums: one text for each variant.
macro_rules! words {
    ($($type:ident { $($variant:ident: $word:literal),+ $(,)? })+) => {$(
        impl Display for $type {
            fn fmt(&self, f: &mut Formatter<'_>) -> Result {
                f.pad(match self { $(Self::$variant => $word),+ })
            }
        }
    )+};
}

words! {
    Relation {
        First: "first", Retry: "retry", Fallback: "fallback", Repair: "repair", Probe: "probe",
        Forced: "forced", Hedge: "hedge",
    }
    NextStep { RetrySame: "retry", Next: "next model", Repair: "repair", Stop: "stop", Continue: "continue" }
    FaultDomain {
        Request: "request", Model: "model", Class: "class", Account: "account", Origin: "origin",
        Local: "local", None: "none",
    }
    Outcome {
        Succeeded: "succeeded", Rejected: "rejected", Exhausted: "every model failed",
        DeadlineExceeded: "deadline exceeded", BudgetExceeded: "no attempts left", Cancelled: "cancelled",
        LocalError: "local error",
    }
    Skip {
        BreakerOpen: "its circuit is open", ClassOpen: "the circuit of its class is open",
        AccountOpen: "the circuit of its account is open", OriginOpen: "the circuit of its server is open",
        SameOrigin: "its server just failed", ProbeInFlight: "another run is probing it",
        ContextTooSmall: "its context is too small", TooExpensive: "it is too expensive, or its price is unknown",
        NoCredit: "it is not free, and no credit is left",
        OutputTooSmall: "its output limit is too small", AttemptsUsed: "no attempts are left for its model",
        Strict: "strict mode tries no other model",
    }
}
