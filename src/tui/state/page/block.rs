//! The blocks that a page is made of, and the text behind each.

use crate::failover::AttemptId;
use crate::transcript::{Attempt, Transcript};
use crate::tui::markdown::Markdown;
use crate::tui::wrap::TextRow;
use serde_json::Value;

/// How a field stands among the answers that are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// Fewer than two answers have it.
    Alone,
    /// All answers have the same value.
    Same,
    /// They do not.
    Differs,
}

/// What a block shows; the same key is the same block from one look to the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum BlockKey {
    /// A line or a few, set anew each time.
    Lines(&'static str, AttemptId),
    /// The text of a leader that died, by field.
    Struck(AttemptId, String),
    /// The model's own reasoning.
    Reasoning(AttemptId),
    /// An output field as it streams.
    Field(AttemptId, String),
    /// An output field, read.
    Value(AttemptId, String),
}

impl BlockKey {
    /// The text that a growing block is made of; the run keeps it.
    pub(super) fn source<'a>(&self, run: &'a Transcript) -> &'a str {
        let attempt = |of: &AttemptId| run.attempt(*of);
        let source = match self {
            Self::Lines(..) | Self::Value(..) => None,
            Self::Reasoning(of) => attempt(of).map(|attempt| &attempt.reasoning),
            Self::Struck(of, field) => attempt(of).map(|attempt| {
                let whole = if attempt.text.is_empty() { &attempt.reasoning } else { &attempt.text };
                section(attempt, field).unwrap_or(whole)
            }),
            Self::Field(of, field) => attempt(of).map(|attempt| match attempt.prediction.as_ref() {
                Some(prediction) => match prediction.fields.get(field) {
                    Some(Value::String(text)) => text,
                    _ => &attempt.text,
                },
                None => section(attempt, field).unwrap_or(&attempt.text),
            }),
        };
        source.map_or("", String::as_str)
    }
}

fn section<'a>(attempt: &'a Attempt, field: &str) -> Option<&'a String> {
    attempt.sections().iter().find(|section| section.name == field).map(|section| &section.text)
}

#[derive(Clone, Debug)]
pub(super) enum BlockBody {
    Rows(Vec<TextRow>),
    Growing(Box<Markdown>),
}

impl BlockBody {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Rows(rows) => rows.len(),
            Self::Growing(document) => document.len(),
        }
    }

    pub(super) fn row(&self, index: usize) -> Option<&TextRow> {
        match self {
            Self::Rows(rows) => rows.get(index),
            Self::Growing(document) => document.row(index),
        }
    }

    pub(super) fn all_rows<'a>(&'a self, source: &'a str) -> Box<dyn Iterator<Item = TextRow> + 'a> {
        match self {
            Self::Rows(rows) => Box::new(rows.iter().cloned()),
            Self::Growing(document) => Box::new(document.all_rows(source)),
        }
    }
}
