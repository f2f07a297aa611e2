//! Signatures, modules and adapters as DSPy users know them.
//!
//! Text to a [`Signature`] (`grammar`), a signature and values to messages (`adapter`), an answer's text back to
//! values (`reader`), and signatures with names (`library`, `import`). Must not know models, sockets or screens.

mod adapter;
mod explain;
mod grammar;
pub mod import;
mod input;
pub mod library;
mod module;
mod prediction;
pub mod program;
mod python_text;
mod reader;
mod signature;
mod syntax;
mod types;
mod value;

pub use adapter::UnknownAdapter;
pub use explain::{explain_answer, explain_signature};
pub use grammar::{Warning, is_identifier};
pub use library::{LibraryEntry, LibraryError};
pub use module::{Ballot, REASONING, UnknownModule, Vote, vote};
pub use prediction::{ParseFailure, Prediction, Problem, Repair, Section};
pub use reader::AnswerReader;
pub use signature::{Field, Signature};
pub use syntax::SyntaxError;
pub use types::{CONSTRAINTS, DefinitionError, EnumType, FieldType, ObjectField, ObjectType, TypeScope, read_types};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// JSON values by field name. Keeps the order in which they were inserted.
pub type Values = Map<String, Value>;

/// An example that is sent with a signature: values of inputs and outputs by name. Other keys are kept and not sent.
pub type Demo = Values;

/// An earlier exchange of a conversation: values of inputs and outputs by name.
pub type Turn = Values;

/// How a signature is asked. Stored as text: `chain_of_thought`, `majority:5`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Module {
    /// One call with the signature unchanged.
    Predict,
    /// One call with an output `reasoning: str` before the others.
    #[default]
    ChainOfThought,
    /// This number of chains of thought, then one call that compares them and answers.
    MultiChainComparison(u8),
    /// This number of chains of thought; the most frequent answer wins.
    Majority(u8),
}

/// Where the `reasoning` that a module asks for comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasoningSource {
    /// The model writes it as the first field of its answer.
    #[default]
    Text,
    /// The service's own reasoning is the field, and the model is not asked for it. Models without such reasoning write it.
    Native,
}

/// The format of fields in messages and answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Adapter {
    /// A line `[[ ## name ## ]]` before each field.
    #[default]
    Chat,
    /// One JSON object with the outputs as its keys.
    Json,
    /// Each field between `<name>` and `</name>`.
    Xml,
}
