//! Programs as JSON, as DSPy 3.4.1 writes them with `save()` and reads them with `load()`.
//!
//! A file has instructions, demos, and the prefix and description of each field. It has no field names, no types, and
//! does not say which fields are inputs: `infer` guesses those, and a note says what was guessed. The settings of the
//! language model are ignored; keys and headers in them are not kept.

use super::super::Module;
use super::super::library::LibraryEntry;
use super::super::python_text::title;
use super::super::signature::Field;
use super::super::types::FieldType;
use super::{ImportError, Imported, infer};
use crate::text::clean_value;
use serde_json::{Map, Value, json};

fn error(message: impl Into<String>) -> ImportError {
    ImportError::new(message)
}

/// Parses a saved program. A program that is a single predictor gets the name `name`; other predictors are named by
/// their paths.
///
/// # Errors
/// The text is not JSON, or has no predictor that DSPy could load.
pub fn read(text: &str, name: &str) -> Result<Imported, ImportError> {
    let value: Value = serde_json::from_str(text).map_err(|json_error| error(format!("not JSON: {json_error}")))?;
    // Decoded text from outside may contain control characters; it is cleaned here.
    let Value::Object(root) = clean_value(value) else {
        return Err(error("expected a JSON object, as DSPy's save() writes it"));
    };
    let mut imported = Imported::default();
    if root.contains_key("signature") {
        predictor(name, "", &root, &mut imported)?;
    } else {
        for (path, value) in root.iter().filter(|(path, _)| *path != "metadata") {
            let state =
                value.as_object().ok_or_else(|| error(format!("{path}: expected an object with a `signature`")))?;
            let single = path == "predict" || path == "self";
            predictor(
                if single { name } else { path.strip_suffix(".predict").unwrap_or(path) },
                path,
                state,
                &mut imported,
            )?;
        }
    }
    if imported.entries.is_empty() {
        return Err(error("there is no predictor; save the program with DSPy's save(\"program.json\")"));
    }
    Ok(imported)
}

/// Adds the entry of one predictor. `path` is its path in the program, empty for a program that is one predictor.
fn predictor(name: &str, path: &str, state: &Map<String, Value>, imported: &mut Imported) -> Result<(), ImportError> {
    let label = if path.is_empty() { "the predictor" } else { path };
    let signature = state.get("signature").and_then(Value::as_object);
    let signature = signature.ok_or_else(|| error(format!("{label}: there is no `signature`")))?;
    let fields = signature.get("fields").and_then(Value::as_array).filter(|fields| !fields.is_empty());
    let fields = fields.ok_or_else(|| error(format!("{label}: there is no `signature.fields`")))?;
    let demos: Vec<Map<String, Value>> = match state.get("demos") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(demos)) => demos.iter().filter_map(Value::as_object).cloned().collect(),
        Some(_) => return Err(error(format!("{label}: `demos` is not a list"))),
    };
    let instructions = signature.get("instructions").and_then(Value::as_str).unwrap_or_default();
    let inferred = infer::signature(fields, instructions, &demos, path == "predict" || path.ends_with(".predict"));
    imported.notes.extend(inferred.notes.iter().map(|note| format!("{name}: {note}")));
    if let Some(lm) = state.get("lm").and_then(Value::as_object) {
        let model = lm.get("model").and_then(Value::as_str).unwrap_or("unnamed");
        imported.notes.push(format!("{name}: the settings of its language model ({model}) are left out"));
        if has_secrets(&Value::Object(lm.clone())) {
            imported.notes.push(format!(
                "{name}: the file contains keys or headers in plain text; they are left out. Do not share the file"
            ));
        }
    }
    let mut signature = inferred.signature;
    name.clone_into(&mut signature.name);
    imported.entries.push(LibraryEntry { signature, description: String::new(), module: inferred.module, demos });
    Ok(())
}

/// Whether the settings of a language model contain a key, a token or a header that looks secret.
fn has_secrets(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.iter().any(|(key, value)| {
            let key = key.to_lowercase();
            let is_secret_name =
                ["key", "token", "authorization", "secret", "password", "cookie"].iter().any(|word| key.contains(word));
            (is_secret_name && key != "max_tokens" && value.is_string()) || has_secrets(value)
        }),
        Value::Array(items) => items.iter().any(has_secrets),
        _ => false,
    }
}

/// The entry as JSON that DSPy 3.4.1 reads with `load()`, into `dspy.Predict(signature)` if its module is `predict`, else
/// into `dspy.ChainOfThought(signature)`.
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
