//! Captured error responses and the failures that they are classified as.

use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use switchover::failover::Failure;
use switchover::openrouter::Header;
use switchover::openrouter::classify::{ErrorContext, response};
use switchover::secret::{Secret, Secrets};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    error: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    what: String,
    #[serde(default, rename = "source")]
    _source: String,
    status: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    body: String,
    expect: BTreeMap<String, Value>,
    /// Texts that the failure must not hold.
    #[serde(default)]
    never: Vec<String>,
}

impl Case {
    fn failure(&self) -> Failure {
        let headers: Vec<Header> =
            self.headers.iter().map(|(name, value)| Header { name: name.clone(), value: value.clone() }).collect();
        of(self.status, &headers, self.body.as_bytes())
    }
}

fn of(status: u16, headers: &[Header], body: &[u8]) -> Failure {
    let secrets = Secrets::from(Secret::new("sk-or-v1-0123456789abcdef"));
    response(status, body, ErrorContext { headers, secrets: &secrets, now: Duration::from_secs(1_000_000_000) })
}

#[test]
fn captured_errors_are_classified_as_their_cases_say() {
    let cases: Cases =
        toml::from_str(include_str!("../cases/errors.toml")).unwrap_or_else(|e| panic!("{}", e.message()));
    let mut wrong = Vec::new();
    for case in cases.error {
        let failure = case.failure();
        let found = json!(failure);
        for (key, expected) in &case.expect {
            if &found[key] != expected {
                wrong.push(format!("{}: {key} is {}, not {expected}", case.what, found[key]));
            }
        }
        assert!(!failure.reason.is_empty() && !failure.reason.contains('\n'), "{}: {failure:?}", case.what);
        for part in &case.never {
            assert!(!found.to_string().contains(part), "{}: {found}", case.what);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_response_without_a_word_is_named_by_its_status() {
    // The reason phrases of RFC 9110 and, for 529, of Anthropic.
    for (status, phrase) in [
        (400, " Bad Request"),
        (401, " Unauthorized"),
        (402, " Payment Required"),
        (403, " Forbidden"),
        (404, " Not Found"),
        (405, " Method Not Allowed"),
        (408, " Request Timeout"),
        (409, " Conflict"),
        (410, " Gone"),
        (413, " Content Too Large"),
        (418, ""),
        (422, " Unprocessable Content"),
        (429, " Too Many Requests"),
        (500, " Internal Server Error"),
        (502, " Bad Gateway"),
        (503, " Service Unavailable"),
        (504, " Gateway Timeout"),
        (529, " Overloaded"),
    ] {
        assert_eq!(of(status, &[], b"").reason, format!("HTTP {status}{phrase}"));
    }
    for (status, phrase) in
        [(301, "Moved Permanently"), (302, "Found"), (307, "Temporary Redirect"), (308, "Permanent Redirect")]
    {
        let to = Header { name: "Location".into(), value: "https://example.com/x".into() };
        let reason = of(status, &[to], b"").reason;
        assert!(reason.starts_with(&format!("HTTP {status} {phrase} to https://example.com/x: ")), "{reason}");
    }
    let reason = of(503, &[], b"\x1f\x8b\x08\x00").reason;
    assert_eq!(reason, "HTTP 503 Service Unavailable, with a body in gzip, which was not asked for");
}
