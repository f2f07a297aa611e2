//! What comes of an answer: a prediction, or what is wrong with it; and the live view of one that still arrives.

use super::Values;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// One output field of an answer that may still be arriving.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// The output field's name.
    pub name: String,
    /// The field's text so far, without white space at its ends. A JSON string is decoded and not trimmed; other JSON
    /// stays as the model wrote it.
    pub text: String,
    /// Whether the text is final.
    pub complete: bool,
}

/// The values of an answer in which every output was found and fits its type.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// Every output field, in the signature's order. Behind an `Arc` because answers can be megabytes and several
    /// owners keep them.
    pub fields: Arc<Values>,
    /// Everything that was accepted although it was not exactly as asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repairs: Vec<Repair>,
}

/// A deviation in an answer that was accepted, such as Python's `True` in JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repair {
    /// The field; empty if it concerns the answer as a whole.
    pub field: String,
    /// What was accepted or dropped, one line.
    pub what: String,
}

/// The reasons for which an answer was rejected. Displays all of them, joined with `; `.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct ParseFailure {
    /// One for each output that is missing or does not fit; never empty.
    pub problems: Vec<Problem>,
}

/// A field that is missing or does not fit its type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{field}{path}: expected {expected}, got {got}")]
pub struct Problem {
    /// The field's name.
    pub field: String,
    /// Which part of its value it is: `[2].owner`. Empty if it is the whole value.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// Its type, as DSPy prints it (`Literal['a', 'b']`).
    pub expected: String,
    /// The text that was found, shortened to one line of at most 80 characters, or `nothing`.
    pub got: String,
}
