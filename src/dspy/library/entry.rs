//! One signature of a library, and what is wrong with a library's text.

use super::super::signature::Signature;
use super::super::{Demo, Module};
use serde::{Deserialize, Serialize};

/// A signature in the library.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LibraryEntry {
    /// With its name, instructions, and all that is known of its fields.
    pub signature: Signature,
    /// What it is for, one line.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// How it is usually asked.
    #[serde(default)]
    pub module: Module,
    /// Examples that are sent with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub demos: Vec<Demo>,
}

/// A library that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}{}: {message}", entry.as_ref().map(|name| format!(" (`{name}`)")).unwrap_or_default())]
pub struct LibraryError {
    /// From 1.
    pub line: usize,
    /// The entry's name, if it got as far as that.
    pub entry: Option<String>,
    /// What is wrong and what was expected; for a signature with its line and a caret under it.
    pub message: String,
}
