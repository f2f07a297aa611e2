//! Programs as DSPy's `save()` writes them and `load()` reads them. A file holds instructions, demos, and each
//! field's prefix and description, but neither names nor types nor which fields are inputs: those are worked out
//! here, and every guess is told. What it says of its language model is never taken over; keys and headers in it
//! are not even kept in memory.

use super::super::Module;
use super::super::library::LibraryEntry;
use super::super::python_text::title;
use super::super::signature::Field;
use super::super::types::FieldType;
use super::infer;
use crate::text::clean_value;
use serde_json::{Map, Value, json};

/// What a saved program holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImportedProgram {
    /// Each predictor, named by its path.
    pub entries: Vec<LibraryEntry>,
    /// What was guessed and what was left out, one line each.
    pub notes: Vec<String>,
}

/// A file that is no saved program.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ImportError {
    /// What is wrong and where.
    pub message: String,
}

fn wrong(message: impl Into<String>) -> ImportError {
    ImportError { message: message.into() }
}

/// Reads a saved program. A bare `Predict` gets the name `name`; other predictors are named by their paths.
///
/// # Errors
/// Text that is not JSON, and JSON without a predictor that DSPy could load.
pub fn read(text: &str, name: &str) -> Result<ImportedProgram, ImportError> {
    let value: Value = serde_json::from_str(text).map_err(|error| wrong(format!("not JSON: {error}")))?;
    // Cleaned where it is decoded: a file from elsewhere is text from outside.
    let Value::Object(root) = clean_value(value) else { return Err(wrong("a saved program is a JSON object")) };
    let mut imported = ImportedProgram::default();
    if root.contains_key("signature") {
        predictor(name, "", &root, &mut imported)?;
    } else {
        for (path, value) in root.iter().filter(|(path, _)| *path != "metadata") {
            let state =
                value.as_object().ok_or_else(|| wrong(format!("`{path}` is no predictor: it is not an object")))?;
            let alone = path == "predict" || path == "self";
            predictor(
                if alone { name } else { path.strip_suffix(".predict").unwrap_or(path) },
                path,
                state,
                &mut imported,
            )?;
        }
    }
    if imported.entries.is_empty() {
        return Err(wrong("no predictor in it: DSPy's save() to .json writes one object for each"));
    }
    Ok(imported)
}

fn predictor(
    name: &str,
    path: &str,
    state: &Map<String, Value>,
    imported: &mut ImportedProgram,
) -> Result<(), ImportError> {
    let place = if path.is_empty() { "the predictor" } else { path };
    let signature = state.get("signature").and_then(Value::as_object);
    let signature = signature.ok_or_else(|| wrong(format!("{place}: no `signature`")))?;
    let fields = signature.get("fields").and_then(Value::as_array).filter(|fields| !fields.is_empty());
    let fields = fields.ok_or_else(|| wrong(format!("{place}: no `signature.fields`")))?;
    let demos: Vec<Map<String, Value>> = match state.get("demos") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(demos)) => demos.iter().filter_map(Value::as_object).cloned().collect(),
        Some(_) => return Err(wrong(format!("{place}: `demos` is not a list"))),
    };
    let instructions = signature.get("instructions").and_then(Value::as_str).unwrap_or_default();
    let read = infer::signature(fields, instructions, &demos, path == "predict" || path.ends_with(".predict"));
    imported.notes.extend(read.notes.iter().map(|note| format!("{name}: {note}")));
    if let Some(lm) = state.get("lm").and_then(Value::as_object) {
        let model = lm.get("model").and_then(Value::as_str).unwrap_or("unnamed");
        imported.notes.push(format!("{name}: the settings of its model ({model}) are left out"));
        if secrets(&Value::Object(lm.clone())) {
            imported.notes.push(format!(
                "{name}: the file holds keys or headers in clear; they are left out, and it should not be shared"
            ));
        }
    }
    let mut signature = read.signature;
    name.clone_into(&mut signature.name);
    imported.entries.push(LibraryEntry { signature, description: String::new(), module: read.module, demos });
    Ok(())
}

/// Whether a model's settings hold something that looks secret.
fn secrets(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.iter().any(|(key, value)| {
            let key = key.to_lowercase();
            let named =
                ["key", "token", "authorization", "secret", "password", "cookie"].iter().any(|word| key.contains(word));
            (named && key != "max_tokens" && value.is_string()) || secrets(value)
        }),
        Value::Array(items) => items.iter().any(secrets),
        _ => false,
    }
}

/// The entry as a program that DSPy's `load()` accepts: `dspy.Predict(signature)`, or, for modules that reason,
/// `dspy.ChainOfThought(signature)`.
pub fn write(entry: &LibraryEntry) -> String {
    let reasons = entry.module != Module::Predict;
    let mut signature = entry.signature.clone();
    let has_reasoning = signature.output("reasoning").is_some();
    if reasons && !has_reasoning {
        signature.outputs.insert(0, Field::new("reasoning", FieldType::Str));
    }
    let field = |field: &Field| {
        let words = [field.description.as_deref(), field.constraints.as_deref()];
        let words = words.into_iter().flatten().collect::<Vec<_>>().join(". ");
        let description = if words.is_empty() { format!("${{{}}}", field.name) } else { words };
        json!({"prefix": format!("{}:", title(&field.name)), "description": description})
    };
    let fields: Vec<Value> = signature.fields().map(field).collect();
    let state = json!({
        "traces": [],
        "train": [],
        "demos": entry.demos,
        "signature": {"instructions": entry.signature.task(), "fields": fields},
        "lm": null,
    });
    let metadata = json!({"dependency_versions": {"python": "3.11", "dspy": "3.4.1", "cloudpickle": "3.1"}});
    let program = if reasons && !has_reasoning {
        json!({"predict": state, "metadata": metadata})
    } else {
        let mut flat = state;
        flat["metadata"] = metadata;
        flat
    };
    let mut text = serde_json::to_string_pretty(&program).unwrap_or_default();
    text.push('\n');
    text
}
