//! An entry of a library, and the error for a library that cannot be parsed.

use super::super::signature::Signature;
use super::super::{Demo, Module};
use serde::{Deserialize, Serialize};

/// A signature in the library.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LibraryEntry {
    /// The signature, with name and instructions.
    pub signature: Signature,
    /// What it is for, one line; shown in lists, not sent.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The module that is used unless another one is chosen.
    #[serde(default)]
    pub module: Module,
    /// The demos that are sent with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub demos: Vec<Demo>,
}

/// A library that cannot be parsed. Displays as `line 3 (name): what is wrong`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}{}: {message}", entry.as_ref().map(|name| format!(" (`{name}`)")).unwrap_or_default())]
pub struct LibraryError {
    /// The line, from 1.
    pub line: usize,
    /// The name of the entry, if it is known.
    pub entry: Option<String>,
    /// What is wrong; for an inline signature also its text with a caret under the wrong place.
    pub message: String,
}
