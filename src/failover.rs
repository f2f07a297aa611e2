//! The failover engine: pure decisions about attempts. Knows policies, breakers and
//! outcomes; must not know sockets, clocks, files or screens. Time is an argument: a
//! [`Duration`](std::time::Duration) since the program began, on a monotone clock.

pub mod breaker;
mod engine;
mod event;
mod failure;
pub mod health;
mod line;
mod mode;
mod policy;
pub mod policy_report;
pub mod rules;
mod scope;

pub use engine::{Answer, Engine, Input, TokenPhase};
pub use event::{
    Answered, BreakerChange, BreakerState, Changes, Cost, Discarded, Event, Failed, Finished, FirstToken, NextStep,
    Outcome, Relation, Skip, Skipped, Started, Waiting,
};
pub use failure::{Failure, FailureKind, Hint, HintSource, InnerAttempt, LimitScope};
pub use health::{FirstTokenTimes, Health};
pub use mode::Failover;
pub use policy::{Limits, PRICE_RATIO_FLAG, Policy, Route, Timeouts, base_id, dear_fallbacks, within_price};
pub use scope::{FaultDomain, Scope};

use serde::{Deserialize, Serialize};

/// One HTTP exchange within a run: 1, 2, 3… in the order of starting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AttemptId(pub u32);

/// So many numbers are kept for the attempts of each chain, where a module asks several: those of the second are
/// 201 to 300.
const CHAIN: u32 = 100;

impl AttemptId {
    /// The chain that it belongs to, from 1, where a module asks several; 0 where it asks one.
    pub fn chain(self) -> usize {
        (self.0.saturating_sub(1) / CHAIN) as usize
    }
}

impl std::fmt::Display for AttemptId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// Serialises a [`Duration`](std::time::Duration) as milliseconds with their fraction (microsecond grain).
pub mod as_ms {
    use serde::{Deserialize, Deserializer, Serializer};
    use std::time::Duration;

    /// Writes milliseconds: an integer when whole.
    ///
    /// # Errors
    /// The serialiser's own.
    pub fn serialize<S: Serializer>(d: &Duration, s: S) -> Result<S::Ok, S::Error> {
        let us = u64::try_from(d.as_micros()).unwrap_or(u64::MAX);
        if us.is_multiple_of(1000) { s.serialize_u64(us / 1000) } else { s.serialize_f64(us as f64 / 1000.0) }
    }

    /// Reads what [`serialize`] wrote.
    ///
    /// # Errors
    /// A negative or absurd number is refused.
    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Duration, D::Error> {
        let ms = f64::deserialize(d)?;
        Duration::try_from_secs_f64((ms * 1000.0).round() / 1e6).map_err(serde::de::Error::custom)
    }

    /// The same for an optional duration; `null` is none.
    pub mod option {
        use super::{Deserialize, Deserializer, Duration, Serializer};

        /// Writes milliseconds or `null`.
        ///
        /// # Errors
        /// The serialiser's own.
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
