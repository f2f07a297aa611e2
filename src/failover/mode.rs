//! Who tries the next model after a failure.

use serde::{Deserialize, Serialize};

/// Who tries the next model when one fails: the setting `failover.mode`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failover {
    /// This program, along the fallback chain.
    #[default]
    Client,
    /// `OpenRouter`, along the request's `models` list. This program moves on only after failures that the server
    /// cannot see: an answer that is slow, cut off, empty or invalid.
    Server,
    /// Nobody. The first route answers, or the run fails.
    Strict,
}

impl Failover {
    /// The mode after this one, in a cycle through all three.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Strict,
            Self::Strict => Self::Client,
        }
    }
}

/// The mode as fields of the policy's JSON object: `failover`, and the booleans `strict` and `server_side`, which
/// version 1 of the lines has instead of it. Where `failover` is absent, the booleans decide.
pub(super) mod fields {
    use super::Failover;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Default, Serialize, Deserialize)]
    #[serde(default)]
    struct Fields {
        failover: Option<Failover>,
        strict: bool,
        server_side: bool,
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
    pub(in crate::failover) fn serialize<S: Serializer>(mode: &Failover, s: S) -> Result<S::Ok, S::Error> {
        let (strict, server_side) = (*mode == Failover::Strict, *mode == Failover::Server);
        Fields { failover: Some(*mode), strict, server_side }.serialize(s)
    }

    pub(in crate::failover) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Failover, D::Error> {
        let fields = Fields::deserialize(d)?;
        Ok(fields.failover.unwrap_or(match (fields.strict, fields.server_side) {
            (true, _) => Failover::Strict,
            (false, true) => Failover::Server,
            (false, false) => Failover::Client,
        }))
    }
}
