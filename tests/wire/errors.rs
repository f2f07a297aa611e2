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
        let secrets = Secrets::from(Secret::new("sk-or-v1-0123456789abcdef"));
        let headers: Vec<Header> =
            self.headers.iter().map(|(name, value)| Header { name: name.clone(), value: value.clone() }).collect();
        let now = Duration::from_secs(1_000_000_000);
        response(self.status, self.body.as_bytes(), ErrorContext { headers: &headers, secrets: &secrets, now })
    }
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
