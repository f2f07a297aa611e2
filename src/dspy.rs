//! Signatures, modules and adapters as DSPy users know them. Knows the grammar, the
//! message format and the tolerant reading of answers; must not know models, sockets or screens.

mod adapter;
mod explain;
mod grammar;
pub mod import;
mod input;
pub mod library;
mod module;
mod python_text;
mod reader;
mod signature;
mod syntax;
mod types;
mod value;

pub use adapter::UnknownAdapter;
pub use explain::{explain, explain_answer};
pub use grammar::Warning;
pub use library::{LibraryEntry, LibraryError};
pub use module::{Ballot, UnknownModule, Vote, vote};
pub use reader::AnswerReader;
pub use signature::{Field, Signature};
pub use syntax::SyntaxError;
pub use types::FieldType;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::sync::Arc;

/// Values by field name, in order.
pub type Values = Map<String, Value>;

/// An example: values of inputs and outputs by name. Other keys are kept and ignored.
pub type Demo = Values;

/// An earlier exchange: values of inputs and outputs by name.
pub type Turn = Values;

/// How a signature is asked. Stored as its word: `chain_of_thought`, `majority:5`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Module {
    /// The signature as it stands.
    Predict,
    /// An output `reasoning: str` first.
    #[default]
    ChainOfThought,
    /// So many chains of thought, and a last call that compares them.
    MultiChainComparison(u8),
    /// So many chains of thought, and the answer that most of them give.
    Majority(u8),
}

/// How fields are written in messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Adapter {
    /// `[[ ## name ## ]]` markers.
    #[default]
    Chat,
    /// One JSON object.
    Json,
    /// `<name>` … `</name>`.
    Xml,
}

/// One output field as far as it has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// The output field's name.
    pub name: String,
    /// Its text so far: trimmed, but for a JSON string, which is as it is. Other JSON is as it was written.
    pub text: String,
    /// Whether more may come.
    pub complete: bool,
}

/// A validated answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// Every output field, in the signature's order. Shared: an answer may be long, and many keep it.
    pub fields: Arc<Values>,
    /// What was mended on the way: `field: what was done`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repairs: Vec<Repair>,
}

/// A value that was read leniently.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repair {
    /// The field, or empty for the whole answer.
    pub field: String,
    /// What was done, one line.
    pub what: String,
}

/// Why an answer does not validate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct ParseFailure {
    /// At least one.
    pub problems: Vec<Problem>,
}

/// One field that does not validate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{field}: expected {expected}, got {got}")]
pub struct Problem {
    /// The field.
    pub field: String,
    /// Its type, as DSPy prints it.
    pub expected: String,
    /// What came, cut to a line; or that nothing came.
    pub got: String,
}
