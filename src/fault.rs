//! Faults that can be injected. Each has one word, which is the same in `--fault`, on the screen and in the
//! simulator's path: `kind[:details][@schedule]`, for example `503`, `429:retry-after=2@once`,
//! `stall:8@p=0.3,seed=7`. Knows the words; must not know how the simulator carries a fault out.

mod kind;
mod nearest;
mod point;
mod schedule;
mod status;
mod table;

pub use kind::FaultKind;
pub use point::StreamPoint;
pub use schedule::{Schedule, ScheduleState};
pub use status::{FaultHint, HintPlace, Status, StatusReason};
pub use table::{FaultGroup, FaultRow, TABLE};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// What goes wrong, and on which requests.
///
/// ```
/// use switchover::fault::{Fault, FaultKind, Schedule, StreamPoint};
/// let fault: Fault = "stall:8@every=2".parse()?;
/// assert_eq!((fault.kind, fault.schedule), (FaultKind::Stall(StreamPoint::Tokens(8)), Schedule::Every(2)));
/// assert_eq!("refuse".parse::<Fault>().unwrap_err().suggestion.as_deref(), Some("refused"));
/// # Ok::<(), switchover::fault::FaultError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// What goes wrong.
    pub kind: FaultKind,
    /// The requests on which it goes wrong.
    pub schedule: Schedule,
}

impl Fault {
    /// A fault on every request.
    pub fn always(kind: FaultKind) -> Self {
        Self { kind, schedule: Schedule::Always }
    }
}

impl From<FaultKind> for Fault {
    fn from(kind: FaultKind) -> Self {
        Self::always(kind)
    }
}

/// A word that is not a fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct FaultError {
    /// The word as the user wrote it, cut to 80 characters.
    pub word: String,
    /// What is wrong with it, in one line.
    pub problem: String,
    /// A valid word that the user may have meant.
    pub suggestion: Option<String>,
}

impl fmt::Display for FaultError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.word.escape_debug(), self.problem)?;
        match &self.suggestion {
            Some(word) => write!(f, "; did you mean `{word}`?"),
            None => write!(f, "; `switchover faults` lists them all"),
        }
    }
}

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(word: &str) -> Result<Self, FaultError> {
        let word = word.trim();
        let (kind_word, schedule_word) = match word.split_once('@') {
            Some((kind, schedule)) => (kind, Some(schedule)),
            None => (word, None),
        };
        let fail = |problem: String, suggestion: Option<String>| FaultError {
            word: word.chars().take(80).collect(),
            problem,
            suggestion,
        };
        let schedule = match schedule_word.map(str::parse::<Schedule>) {
            None => Ok(Schedule::Always),
            Some(result) => result,
        };
        let kind = FaultKind::read(kind_word).map_err(|problem| {
            let suffix = schedule.as_ref().map_or(String::new(), ToString::to_string);
            fail(problem, nearest::fault_word(kind_word).map(|near| near + &suffix))
        })?;
        let schedule = schedule.map_err(|problem| fail(problem, None))?;
        Ok(Self { kind, schedule })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.kind, self.schedule)
    }
}

impl Serialize for Fault {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Fault {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
