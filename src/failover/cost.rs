//! What an attempt or a run cost, which the server does not always say.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What an attempt cost, in USD. An unknown cost is never 0: its JSON is the word `"unknown"`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(into = "Value", try_from = "Value")]
pub enum Cost {
    /// As the server reported it, or 0 if nothing was billed.
    Known(f64),
    /// The server did not report it.
    Unknown,
}

impl From<Cost> for Value {
    fn from(cost: Cost) -> Self {
        match cost {
            Cost::Known(usd) => usd.into(),
            Cost::Unknown => "unknown".into(),
        }
    }
}

impl TryFrom<Value> for Cost {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        match value {
            Value::String(word) if word == "unknown" => Ok(Self::Unknown),
            // An infinite sum of an older version.
            Value::Null => Ok(Self::Unknown),
            other => other.as_f64().map(Self::Known).ok_or_else(|| format!("expected USD or `unknown`, got {other}")),
        }
    }
}

impl Cost {
    /// No cost: nothing was billed.
    pub const NOTHING: Self = Self::Known(0.0);

    /// The sum. It is unknown if either part is, or if it is not finite.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        match (self, other) {
            (Self::Known(a), Self::Known(b)) if (a + b).is_finite() => Self::Known(a + b),
            _ => Self::Unknown,
        }
    }
}
