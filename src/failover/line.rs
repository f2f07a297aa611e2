//! Events as lines for people: the headless log and the playground's log pane.

use super::rules::seconds;
use super::{
    BreakerState, Changes, Cost, Event, Failed, FaultDomain, Finished, NextStep, Outcome, Relation, Scope, Skip,
    Started,
};
use std::fmt::{Display, Formatter, Result};
use std::time::Duration;

impl Display for Event {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Started(started) => started.fmt(f),
            Self::Skipped(skipped) => {
                write!(f, "   ⤼ skipped {}: {}", skipped.model, skipped.why)?;
                skipped.until.map_or(Ok(()), |until| write!(f, " until {}", at(until)))
            }
            Self::FirstToken(leading) => {
                let first = seconds(leading.first_token);
                write!(f, "{} ● first token {} after {first}", leading.attempt, leading.model)
            }
            Self::Failed(failed) => failed.fmt(f),
            Self::Breaker(change) => {
                let (from, to) = (change.from, change.to);
                write!(f, "   ⚡ breaker {} {} {from} → {to} · {}", change.scope.domain, change.scope.name, change.why)
            }
            Self::Waiting(wait) => {
                write!(f, "   ◷ waiting {} for {} · {}", seconds(wait.delay), wait.model, wait.why)
            }
            Self::Discarded(text) => write!(f, "{} ✂ {}'s text no longer counts", text.attempt, text.model),
            Self::Answered(answer) => {
                let took = seconds(answer.took);
                write!(f, "{} ✓ {} answered in {took} · {}", answer.attempt, answer.model, answer.cost)?;
                if let Some(served) = answer.served.as_deref().filter(|served| *served != answer.model) {
                    write!(f, " · served by {served}")?;
                }
                answer.warnings.iter().try_for_each(|warning| write!(f, " · {warning}"))
            }
            Self::Finished(finished) => finished.fmt(f),
        }
    }
}

impl Display for Started {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let sign = match self.relation {
            Relation::First => "▶",
            Relation::Retry | Relation::Repair => "↻",
            Relation::Fallback => "↓",
            Relation::Probe => "?",
            Relation::Forced => "!",
            Relation::Hedge => "∥",
        };
        write!(f, "{} {sign} {} {}", self.attempt, self.relation, self.model)?;
        self.after.map_or(Ok(()), |after| write!(f, " after {after}"))?;
        self.changes.fmt(f)
    }
}

impl Display for Changes {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        self.max_tokens.map_or(Ok(()), |cap| write!(f, " · max_tokens {cap}"))?;
        f.write_str(if self.plain_format { " · without response_format" } else { "" })?;
        f.write_str(if self.fresh_connection { " · fresh connection" } else { "" })?;
        self.repair_of.map_or(Ok(()), |of| write!(f, " · repairs {of}"))
    }
}

impl Display for Failed {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let (failure, took) = (&self.failure, seconds(self.took));
        write!(f, "{} ✗ {}", self.attempt, self.model)?;
        failure.status.map_or(Ok(()), |status| write!(f, " {status}"))?;
        write!(f, " {} after {took}", failure.reason)?;
        failure.provider.as_deref().map_or(Ok(()), |provider| write!(f, " · from {provider}"))?;
        write!(f, " · [{}] {} · blames {} → {}", self.rule, self.why, self.domain, self.next_step)?;
        if self.cost == Cost::NOTHING { Ok(()) } else { write!(f, " · {}", self.cost) }
    }
}

impl Display for Finished {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let sign = if self.outcome == Outcome::Succeeded { "■" } else { "□" };
        let (took, tries) = (seconds(self.took), self.attempts);
        write!(f, "{sign} {}", self.outcome)?;
        self.model.as_deref().map_or(Ok(()), |model| write!(f, " by {model}"))?;
        let plural = if tries == 1 { "" } else { "s" };
        write!(f, " · {tries} attempt{plural} · {took} · {}", self.cost)?;
        self.headline.as_deref().map_or(Ok(()), |headline| write!(f, " · {headline}"))
    }
}

impl Display for BreakerState {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Closed { weight } => write!(f, "{weight}/3"),
            Self::Open { until: Some(until) } => write!(f, "open until {}", at(*until)),
            Self::Open { until: None } => f.write_str("open for this session"),
            Self::HalfOpen => f.write_str("half-open"),
            Self::Probing => f.write_str("probing"),
        }
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

impl Display for Cost {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Known(usd) if *usd == 0.0 => f.write_str("$0"),
            Self::Known(usd) => write!(f, "${usd:.6}"),
            Self::Unknown => f.write_str("cost unknown"),
        }
    }
}

/// A time of the run.
fn at(time: Duration) -> String {
    format!("+{}", seconds(time))
}

/// Names that people read, one a variant.
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
    NextStep { RetrySame: "retry", Next: "next", Repair: "repair", Stop: "stop", Continue: "continue" }
    FaultDomain {
        Request: "request", Model: "model", Class: "class", Account: "account", Origin: "origin",
        Local: "local", None: "nobody",
    }
    Outcome {
        Succeeded: "succeeded", Rejected: "rejected", Exhausted: "exhausted",
        DeadlineExceeded: "deadline exceeded", BudgetExceeded: "out of attempts", Cancelled: "cancelled",
        LocalError: "local error",
    }
    Skip {
        BreakerOpen: "its breaker is open", ClassOpen: "its class's breaker is open",
        AccountOpen: "its account's breaker is open", OriginOpen: "its origin's breaker is open",
        SameOrigin: "the same origin", ProbeInFlight: "another run probes it",
        ContextTooSmall: "its context is too small", TooDear: "too dear, or of unknown price",
        OutputTooSmall: "its output cap is too small", AttemptsUsed: "its model's attempts are used up",
        Strict: "strict: no fallback",
    }
}
