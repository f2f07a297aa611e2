//! The failover engine: pure decisions about attempts. Knows policies, breakers and
//! outcomes; must not know sockets, clocks, files or screens. Time is an argument: a
//! [`Duration`](std::time::Duration) since the program started, on a monotonic clock.

pub mod breaker;
mod changes;
mod cost;
mod engine;
mod event;
mod failure;
pub mod health;
mod mode;
pub mod parameter;
mod policy;
pub mod policy_report;
pub mod rules;
mod scope;
mod words;

pub use changes::Changes;
pub use cost::Cost;
pub(crate) use engine::TOKENS_FACTOR;
pub use engine::{Answer, Engine, Input, TokenPhase};
pub use event::{
    Answered, BreakerChange, BreakerState, Discarded, Event, Failed, Finished, FirstToken, NextStep, Outcome, Relation,
    SharedHealth, Skip, Skipped, Started, Waiting,
};
pub use failure::{Failure, FailureKind, Hint, HintSource, InnerAttempt, LimitScope};
pub use health::{FirstTokenTimes, Health};
pub use mode::Failover;
pub use policy::{Limits, Policy, Route, Timeouts, base_id, is_same_model, within_price};
pub use scope::{FaultDomain, Scope};
pub use words::seconds;

use serde::{Deserialize, Serialize};

/// Names one HTTP exchange of a run: the call that it belongs to, and its number within that call.
///
/// In JSON it is one integer, `call * 100 + number`, as version 1 of the lines has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "u32", into = "u32")]
pub struct AttemptId {
    /// The module's call, from 1; 0 where the module makes only one.
    pub call: u32,
    /// From 1, in the order of starting.
    pub number: u32,
}

/// Attempts that one call can have, because JSON has two digits for them. The configuration allows at most 99 ([`Limits::per_run`]).
const MOST_ATTEMPTS: u32 = 100;

impl AttemptId {
    /// An attempt of a module that makes only one call.
    pub fn new(number: u32) -> Self {
        Self { call: 0, number }
    }
}

impl From<u32> for AttemptId {
    fn from(id: u32) -> Self {
        let before = id.saturating_sub(1);
        Self { call: before / MOST_ATTEMPTS, number: before % MOST_ATTEMPTS + u32::from(id > 0) }
    }
}

impl From<AttemptId> for u32 {
    fn from(id: AttemptId) -> Self {
        id.call.saturating_mul(MOST_ATTEMPTS).saturating_add(id.number)
    }
}

impl std::fmt::Display for AttemptId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.call {
            0 => write!(f, "#{}", self.number),
            call => write!(f, "#{call}.{}", self.number),
        }
    }
}

/// Serialises a [`Duration`](std::time::Duration) as milliseconds, to the microsecond.
pub mod as_ms {
    use serde::{Deserialize, Deserializer, Serializer};
    use std::time::Duration;

    /// Writes milliseconds; as an integer if they are whole.
    ///
    /// # Errors
    /// Errors of the serialiser.
    pub fn serialize<S: Serializer>(d: &Duration, s: S) -> Result<S::Ok, S::Error> {
        let us = u64::try_from(d.as_micros()).unwrap_or(u64::MAX);
        if us.is_multiple_of(1000) { s.serialize_u64(us / 1000) } else { s.serialize_f64(us as f64 / 1000.0) }
    }

    /// Reads what [`serialize`] wrote.
    ///
    /// # Errors
    /// A negative number, or one too large for a duration, is an error.
    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Duration, D::Error> {
        let ms = f64::deserialize(d)?;
        Duration::try_from_secs_f64((ms * 1000.0).round() / 1e6).map_err(serde::de::Error::custom)
    }

    /// The same for an optional duration, where `null` is none.
    pub mod option {
        use super::{Deserialize, Deserializer, Duration, Serializer};

        /// Writes milliseconds or `null`.
        ///
        /// # Errors
        /// Errors of the serialiser.
        pub fn serialize<S: Serializer>(d: &Option<Duration>, s: S) -> Result<S::Ok, S::Error> {
            match d {
                Some(d) => super::serialize(d, s),
                None => s.serialize_none(),
            }
        }

        /// Reads what [`serialize`] wrote.
        ///
        /// # Errors
        /// As for [`deserialize`](super::deserialize).
        pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Duration>, D::Error> {
            #[derive(Deserialize)]
            struct Ms(#[serde(with = "super")] Duration);
            Ok(Option::<Ms>::deserialize(d)?.map(|ms| ms.0))
        }
    }
}
