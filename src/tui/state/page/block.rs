//! The blocks of a page and the text that each is rendered from.

use crate::dspy::Turn;
use crate::failover::AttemptId;
use crate::transcript::{Attempt, Transcript};
use crate::tui::markdown::Markdown;
use crate::tui::wrap::TextRow;
use serde_json::Value;

/// How a field's values compare among the answers of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// Fewer than two answers have arrived.
    Alone,
    /// All answers have the same value.
    Same,
    /// The answers have different values.
    Differs,
}

/// What a block shows. A block keeps its key from one refresh to the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum BlockKey {
    /// A few lines that are rendered again with each refresh.
    Lines(&'static str, AttemptId),
    /// An input of the turn with this index of the conversation. After the earlier turns comes the run's own.
    Asked(usize, String),
    /// An output of an earlier turn that is a text.
    TurnField(usize, String),
    /// Another output of an earlier turn.
    TurnValue(usize, String),
    /// A field of discarded text.
    Struck(AttemptId, String),
    /// The model's own reasoning.
    Reasoning(AttemptId),
    /// An output field as it streams.
    Field(AttemptId, String),
    /// A parsed output field that is not a string.
    Value(AttemptId, String),
}

impl BlockKey {
    /// The text that a growing block is rendered from. The run owns it.
    pub(super) fn source<'a>(&self, run: &'a Transcript) -> &'a str {
        let attempt = |id: &AttemptId| run.attempt(*id);
        let source = match self {
            Self::Lines(..) | Self::Value(..) | Self::Asked(..) | Self::TurnValue(..) => None,
            Self::TurnField(turn, field) => {
                return turns(run).get(*turn).and_then(|turn| turn.get(field)?.as_str()).unwrap_or_default();
            }
            Self::Reasoning(id) => attempt(id).map(|attempt| &attempt.reasoning),
            Self::Struck(id, field) => attempt(id).map(|attempt| {
                let whole = if attempt.text.is_empty() { &attempt.reasoning } else { &attempt.text };
                section(attempt, field).unwrap_or(whole)
            }),
            Self::Field(id, field) => attempt(id).map(|attempt| match attempt.prediction.as_ref() {
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

/// The earlier turns of the run's conversation.
pub(super) fn turns(run: &Transcript) -> &[Turn] {
    run.task().map_or(&[], |task| &task.turns)
}

fn section<'a>(attempt: &'a Attempt, field: &str) -> Option<&'a String> {
    attempt.sections().iter().find(|section| section.name == field).map(|section| &section.text)
}

/// The rows of a block.
#[derive(Clone, Debug)]
pub(super) enum BlockBody {
    /// Rows that do not change.
    Rows(Vec<TextRow>),
    /// Markdown that grows as it streams.
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
