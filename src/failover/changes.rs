//! How the request of an attempt differs from the first one of its run.

use super::{AttemptId, parameter};
use serde::{Deserialize, Serialize};

/// Differences from the run's first request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "ChangesRecord", into = "ChangesRecord")]
pub struct Changes {
    /// Another limit of output tokens.
    pub max_tokens: Option<u32>,
    /// What the model did not take: fields of the body, such as `temperature`, or one of [`parameter`]'s words.
    pub without: Vec<String>,
    /// On a new connection.
    pub fresh_connection: bool,
    /// With this attempt's invalid answer and its error in the prompt.
    pub repair_of: Option<AttemptId>,
}

/// [`Changes`] as JSON. Version 1 says `plain_format` for a request without `response_format`.
#[derive(Serialize, Deserialize)]
struct ChangesRecord {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    plain_format: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    without: Vec<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    fresh_connection: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    repair_of: Option<AttemptId>,
}

impl From<ChangesRecord> for Changes {
    fn from(record: ChangesRecord) -> Self {
        let ChangesRecord { max_tokens, plain_format, mut without, fresh_connection, repair_of } = record;
        if plain_format && !without.iter().any(|name| name == parameter::RESPONSE_FORMAT) {
            without.push(parameter::RESPONSE_FORMAT.to_owned());
        }
        Self { max_tokens, without, fresh_connection, repair_of }
    }
}

impl From<Changes> for ChangesRecord {
    fn from(changes: Changes) -> Self {
        let Changes { max_tokens, without, fresh_connection, repair_of } = changes;
        let plain_format = without.iter().any(|name| name == parameter::RESPONSE_FORMAT);
        Self { max_tokens, plain_format, without, fresh_connection, repair_of }
    }
}

impl Changes {
    /// Whether nothing differs from the first request.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}
