//! A request as a value: the same value is shown, kept, exported and sent.

use super::headers::{ATTRIBUTION, CLIENT, HeaderLine, HeaderValue, Visibility};
use crate::secret::masked;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A header of a response, cleaned and without the key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The name as the server wrote it.
    pub name: String,
    /// The value, as one line.
    pub value: String,
}

/// A header of a request as it may be shown, kept and exported: never holds a secret value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "HeaderRecord", into = "HeaderRecord")]
pub struct RequestHeader {
    name: String,
    value: String,
    visibility: Visibility,
}

/// A [`RequestHeader`] as JSON. `secret` is written for the user's own headers only.
#[derive(Serialize, Deserialize)]
struct HeaderRecord {
    name: String,
    value: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    secret: Option<bool>,
}

impl RequestHeader {
    /// A header with a value that may be shown.
    pub fn public(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into(), visibility: Visibility::Public }
    }

    /// A header with a secret value, which is masked here. The word `Bearer` before it stays.
    pub fn secret(name: impl Into<String>, value: &str) -> Self {
        let value = match value.strip_prefix("Bearer ") {
            Some(token) => format!("Bearer {}", masked(token)),
            None => masked(value),
        };
        Self { name: name.into(), value, visibility: Visibility::Secret }
    }

    /// The name as it goes over the wire.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The value as it goes over the wire, or its mask.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// Whether the value is masked.
    pub fn is_secret(&self) -> bool {
        self.visibility == Visibility::Secret
    }

    /// The environment variable that an export reads a secret value from, such as `SWITCHOVER_HEADER_X_API_KEY`.
    pub fn variable(&self) -> Option<String> {
        let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
        let name = || self.name.chars().map(letter).collect::<String>();
        self.is_secret().then(|| format!("SWITCHOVER_HEADER_{}", name()))
    }

    /// The same header under another spelling of its name.
    #[must_use]
    pub fn renamed(self, name: impl Into<String>) -> Self {
        Self { name: name.into(), ..self }
    }
}

impl From<&HeaderLine> for RequestHeader {
    fn from(line: &HeaderLine) -> Self {
        match &line.value {
            HeaderValue::Public(value) => Self::public(&line.name, value),
            HeaderValue::Secret(secret) => Self::secret(&line.name, secret.expose()),
        }
    }
}

/// Whether the program chooses this header itself. The others are the user's own.
fn is_own(name: &str) -> bool {
    ATTRIBUTION.iter().chain(&CLIENT).any(|own| own.eq_ignore_ascii_case(name))
}

impl From<HeaderRecord> for RequestHeader {
    /// Records of earlier versions do not say what is secret and hold some values in clear: these are masked here.
    fn from(HeaderRecord { name, value, secret }: HeaderRecord) -> Self {
        if secret.unwrap_or(!is_own(&name)) { Self::secret(name, &value) } else { Self::public(name, value) }
    }
}

impl From<RequestHeader> for HeaderRecord {
    fn from(header: RequestHeader) -> Self {
        let own = is_own(&header.name) || header.name.eq_ignore_ascii_case("authorization");
        let secret = (!own).then_some(header.is_secret());
        Self { name: header.name, value: header.value, secret }
    }
}

/// A request as it left the machine, the secrets masked. It is recorded from the request that was built.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// The full URL.
    pub url: String,
    /// All headers, in order.
    pub headers: Vec<RequestHeader>,
    /// The JSON body.
    pub body: Value,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_of_an_extra_header_is_masked_whoever_wrote_it() {
        let read = |json: &str| serde_json::from_str::<RequestHeader>(json).unwrap();
        for (json, value, again) in [
            (r#"{"name":"x-title","value":"My App"}"#, "My App", r#"{"name":"x-title","value":"My App"}"#),
            (
                r#"{"name":"Authorization","value":"Bearer …cdef"}"#,
                "Bearer …cdef",
                r#"{"name":"Authorization","value":"Bearer …cdef"}"#,
            ),
            (
                r#"{"name":"x-key","value":"hunter2-hunter2-hunter2"}"#,
                "…ter2",
                r#"{"name":"x-key","value":"…ter2","secret":true}"#,
            ),
            (
                r#"{"name":"x-key","value":"…ter2","secret":true}"#,
                "…ter2",
                r#"{"name":"x-key","value":"…ter2","secret":true}"#,
            ),
            (
                r#"{"name":"x-team","value":"blue","secret":false}"#,
                "blue",
                r#"{"name":"x-team","value":"blue","secret":false}"#,
            ),
        ] {
            let header = read(json);
            assert_eq!(header.value(), value, "{json}");
            assert_eq!(serde_json::to_string(&header).unwrap(), again);
        }
    }
}
