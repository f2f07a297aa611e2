//! Imports what was written with DSPy as entries of a library: saved programs (JSON), and Python source.

mod infer;
pub mod python;
pub mod saved_program;

use super::library::LibraryEntry;
use serde_json::Value;

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
/// name `name`.
///
/// # Errors
/// The text has neither a predictor nor a signature.
pub fn read(text: &str, name: &str) -> Result<Imported, ImportError> {
    if !text.trim_start_matches('\u{feff}').trim_start().starts_with(['{', '[']) {
        return python::read(text);
    }
    match serde_json::from_str::<Value>(text).ok().as_ref().and_then(notebook) {
        Some(source) => python::read(&source),
        None => saved_program::read(text, name),
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
