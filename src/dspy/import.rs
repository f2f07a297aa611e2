//! Imports what was written with DSPy as entries of a library: saved programs (JSON), and Python source.

mod infer;
pub mod python;
pub mod saved_program;

use super::library::LibraryEntry;
use super::signature::Signature;
use serde_json::Value;
use std::borrow::Cow;

/// What a file holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Imported {
    /// The signatures, with their modules and demos.
    pub entries: Vec<LibraryEntry>,
    /// What was guessed or left out, one line each.
    pub notes: Vec<String>,
}

/// Nothing can be imported.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ImportError {
    /// What is wrong, and where.
    pub message: String,
}

/// Reads a saved program, Python source, or a notebook with Python source. A program that is a single predictor gets the
/// name `name`; `known` is the signature of its predictors, if it is known.
///
/// # Errors
/// The text has neither a predictor nor a signature, or the known signature does not fit.
pub fn read(text: &str, name: &str, known: Option<&Signature>) -> Result<Imported, ImportError> {
    let is_json = text.trim_start_matches('\u{feff}').trim_start().starts_with(['{', '[']);
    let notebook = || serde_json::from_str::<Value>(text).ok().as_ref().and_then(notebook);
    let source = if is_json { notebook().map(Cow::Owned) } else { Some(Cow::Borrowed(text)) };
    match (source, known) {
        (Some(source), None) => python::read(&source),
        (Some(_), Some(_)) => {
            Err(ImportError::new("Python source has its signatures; another one is for saved programs"))
        }
        (None, known) => saved_program::read(text, name, known),
    }
}

/// The Python source in the cells of a notebook, without the commands that are not Python.
fn notebook(file: &Value) -> Option<String> {
    let cells = file.get("cells")?.as_array()?;
    let mut source = String::new();
    for cell in cells.iter().filter(|cell| cell["cell_type"] == "code") {
        let text = match &cell["source"] {
            Value::Array(lines) => lines.iter().filter_map(Value::as_str).collect(),
            text => text.as_str().unwrap_or_default().to_owned(),
        };
        for line in text.lines() {
            source.push_str(if line.starts_with(['%', '!']) { "#" } else { line });
            source.push('\n');
        }
    }
    Some(source)
}

impl ImportError {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }
}
