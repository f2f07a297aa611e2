//! Recorded bodies and their results: read whole, byte by byte, and split in two at every place.

use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;
use switchover::failover::{Failure, FailureKind};
use switchover::openrouter::{BodyReader, Completion, Delta, Head, Header};
use switchover::secret::{Secret, Secrets};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    body: String,
    /// True if each character of `body` is one byte.
    #[serde(default)]
    latin1: bool,
    #[serde(default = "event_stream")]
    content_type: String,
    /// True if the connection is lost at the end.
    #[serde(default)]
    cut: bool,
    deltas: Vec<Value>,
    /// Fields of the completion, if the body is a good answer. Fields that are not listed may have any value.
    completion: Option<Value>,
    failure: Option<Value>,
}

fn event_stream() -> String {
    "text/event-stream".into()
}

impl Case {
    fn bytes(&self) -> Vec<u8> {
        if self.latin1 {
            self.body.chars().map(|c| u8::try_from(c).unwrap()).collect()
        } else {
            self.body.clone().into_bytes()
        }
    }

    fn read<'a>(
        &self,
        secrets: &Secrets,
        pieces: impl IntoIterator<Item = &'a [u8]>,
    ) -> (Vec<Value>, Result<Completion, Failure>) {
        let header = Header { name: "content-type".into(), value: self.content_type.clone() };
        let head = Head { status: 200, generation: None, headers: vec![header] };
        let (mut reader, mut deltas) = (BodyReader::new(head, secrets.clone(), Duration::ZERO), Vec::new());
        for piece in pieces {
            if reader.push(piece, &mut deltas) {
                break;
            }
        }
        let cut = self.cut.then(|| Failure::new(FailureKind::Reset, "reset by peer"));
        let end = reader.finish(cut, &mut deltas);
        (deltas.iter().map(show).collect(), end)
    }
}

/// A delta as the cases write it: without unknown values.
fn show(delta: &Delta) -> Value {
    without_null(json!(delta))
}

fn without_null(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            map.into_iter().filter(|(_, v)| !v.is_null()).map(|(k, v)| (k, without_null(v))).collect()
        }
        Value::Array(items) => items.into_iter().map(without_null).collect(),
        other => other,
    }
}

fn holds(found: &Value, expected: &Value) -> bool {
    let expected = expected.as_object().expect("a table");
    expected.iter().all(|(key, value)| &found[key] == value)
}

#[test]
fn recorded_bodies_give_the_results_of_their_cases() {
    let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/sse");
    let mut names: Vec<_> = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    let secrets = Secrets::from(Secret::new("sk-or-v1-0123456789abcdef"));
    assert!(names.len() > 40, "the corpus is found");
    for path in names {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let case: Case =
            toml::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap_or_else(|e| panic!("{name}: {e}"));
        let bytes = case.bytes();
        let whole = case.read(&secrets, [bytes.as_slice()]);
        let shown = |deltas: &[Value]| deltas.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        assert!(whole.0 == case.deltas, "{name}: got\n{}\nexpected\n{}", shown(&whole.0), shown(&case.deltas));
        match (&whole.1, &case.completion, &case.failure) {
            (Ok(end), Some(expected), None) => assert!(holds(&json!(end), expected), "{name}: {end:?}"),
            (Err(end), None, Some(expected)) => assert!(holds(&json!(end), expected), "{name}: {end:?}"),
            (end, ..) => panic!("{name}: {end:?}"),
        }
        // A keep-alive within padding is counted once for each piece; all else is independent of the pieces.
        let steady = |(deltas, end): (Vec<Value>, Result<Completion, Failure>)| {
            (deltas.into_iter().filter(|d| d["delta"] != "comment").collect::<Vec<_>>(), end)
        };
        let whole = steady(whole);
        assert!(steady(case.read(&secrets, bytes.chunks(1))) == whole, "{name}: byte by byte");
        // A long case is split at every seventh place only: byte by byte covers all boundaries.
        for at in (0..=bytes.len()).step_by(if bytes.len() > 600 { 7 } else { 1 }) {
            let (a, b) = bytes.split_at(at);
            assert!(steady(case.read(&secrets, [a, b])) == whole, "{name}: split at {at}");
        }
    }
}
