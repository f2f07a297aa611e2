//! Earlier runs as lines of a list, the latest first.

use crate::transcript::Transcript;
use serde_json::Value;

/// The run on a line of the list: 0 is the latest.
pub fn run_at(past: &[Transcript], line: usize) -> Option<&Transcript> {
    past.get(past.len().checked_sub(line + 1)?)
}

/// A run's inputs in one line.
pub fn inputs(run: &Transcript) -> String {
    run.asked().map_or_else(|| "…".to_owned(), |asked| one_line(&asked))
}

/// Values in one line.
pub fn one_line(values: &crate::dspy::Values) -> String {
    let text = |value: &Value| match value {
        Value::String(text) => text.split_whitespace().collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    };
    values.values().map(text).collect::<Vec<_>>().join(" · ")
}
