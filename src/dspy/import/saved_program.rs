//! Programs as JSON, as DSPy 3.4.1 writes them with `save()` and reads them with `load()`.
//!
//! A file has instructions, demos, and the prefix and description of each field. It has no field names, no types, and
//! does not say which fields are inputs: `infer` guesses those, and a note says what was guessed. The settings of the
//! language model are ignored; keys and headers in them are not kept.

use super::super::Module;
use super::super::library::LibraryEntry;
use super::super::python_text::title;
use super::super::signature::{Field, Signature};
use super::super::types::FieldType;
use super::{ImportError, Imported, infer};
use crate::text::clean_value;
use serde_json::{Map, Value, json};

fn error(message: impl Into<String>) -> ImportError {
    ImportError::new(message)
}

/// Parses a saved program. A program that is a single predictor gets the name `name`; other predictors are named by
/// their paths. `known` is the signature of the predictors that it fits: with it, nothing is guessed.
///
/// # Errors
/// The text is not JSON, or has no predictor that can be imported, or none that the known signature fits.
pub fn read(text: &str, name: &str, known: Option<&Signature>) -> Result<Imported, ImportError> {
    let value: Value = serde_json::from_str(text).map_err(|json_error| error(format!("not JSON: {json_error}")))?;
    // Decoded text from outside may contain control characters; it is cleaned here.
    let Value::Object(root) = clean_value(value) else {
        return Err(error("expected a JSON object, as DSPy's save() writes it"));
    };
    let mut program = Program { known, fitted: false, imported: Imported::default() };
    if root.contains_key("signature") {
        program.predictor(name, "", &root)?;
    } else {
        for (path, value) in root.iter().filter(|(path, _)| *path != "metadata") {
            let state =
                value.as_object().ok_or_else(|| error(format!("{path}: expected an object with a `signature`")))?;
            let single = path == "predict" || path == "self";
            let entry = if single { name } else { path.strip_suffix(".predict").unwrap_or(path) };
            program.predictor(entry, path, state)?;
        }
    }
    let Program { fitted, mut imported, .. } = program;
    imported.notes.dedup();
    if imported.entries.is_empty() {
        let nothing = "there is no predictor; save the program with DSPy's save(\"program.json\")".to_owned();
        return Err(error(if imported.notes.is_empty() { nothing } else { imported.notes.join("\n") }));
    }
    if let Some(known) = known.filter(|_| !fitted) {
        let found: Vec<String> = imported.entries.iter().map(|entry| entry.signature.inline()).collect();
        return Err(error(format!(
            "the signature `{}` does not fit; the file has: {}",
            known.inline(),
            found.join("; ")
        )));
    }
    Ok(imported)
}

/// Predictors that only work with Python code, and the module that has them: the end of the path, the label of one of
/// the fields, the module.
const WITH_CODE: [(&str, &str, &str); 9] = [
    ("react", "Next Thought:", "ReAct"),
    ("extract.predict", "Trajectory:", "ReAct"),
    ("code_generate.predict", "Generated Code:", "ProgramOfThought"),
    ("code_regenerate.predict", "Generated Code:", "ProgramOfThought"),
    ("generate_output.predict", "Final Generated Code:", "ProgramOfThought"),
    ("codeact", "Generated Code:", "CodeAct"),
    ("extractor.predict", "Trajectory:", "CodeAct"),
    ("generate_action", "Repl History:", "RLM"),
    ("extract", "Repl History:", "RLM"),
];

/// The labels of the fields that `MultiChainComparison` adds: one for each chain, then one for its own reasoning.
const ATTEMPT: &str = "Student Attempt #";
const COMPARED: &str = "Accurate Reasoning";

/// A saved program that is being read.
struct Program<'a> {
    known: Option<&'a Signature>,
    /// Whether the known signature fitted a predictor.
    fitted: bool,
    imported: Imported,
}

impl Program<'_> {
    /// Adds the entry of one predictor. `path` is its path in the program, empty for a program that is one predictor.
    fn predictor(&mut self, name: &str, path: &str, state: &Map<String, Value>) -> Result<(), ImportError> {
        let label = if path.is_empty() { "the predictor" } else { path };
        let signature = state.get("signature").and_then(Value::as_object);
        let signature = signature.ok_or_else(|| error(format!("{label}: there is no `signature`")))?;
        let fields = signature.get("fields").and_then(Value::as_array).filter(|fields| !fields.is_empty());
        let fields = fields.ok_or_else(|| error(format!("{label}: there is no `signature.fields`")))?;
        if let Some((owner, module)) = with_code(path, fields) {
            let owner = if owner.is_empty() { "the program" } else { owner };
            let what = format!("{owner} is a dspy.{module}, which needs Python code to run; it is left out");
            self.imported.notes.push(what);
            return Ok(());
        }
        let demos: Vec<Map<String, Value>> = match state.get("demos") {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(demos)) => demos.iter().filter_map(Value::as_object).cloned().collect(),
            Some(_) => return Err(error(format!("{label}: `demos` is not a list"))),
        };
        let instructions = signature.get("instructions").and_then(Value::as_str).unwrap_or_default();
        let (fields, compared) = without_attempts(fields);
        let in_module = compared.is_none() && (path == "predict" || path.ends_with(".predict"));
        let known = self.known.and_then(|known| fit(known, &fields, instructions, in_module));
        let (mut signature, module) = if let Some(known) = known {
            self.fitted = true;
            known
        } else {
            let inputs = compared.map(|(inputs, _)| inputs);
            let inferred = infer::signature(&fields, instructions, &demos, in_module, inputs);
            self.imported.notes.extend(inferred.notes.iter().map(|note| format!("{name}: {note}")));
            (inferred.signature, inferred.module)
        };
        let module = compared.map_or(module, |(_, chains)| Module::MultiChainComparison(chains));
        self.note_lm(name, state);
        name.clone_into(&mut signature.name);
        self.imported.entries.push(LibraryEntry { signature, description: String::new(), module, demos });
        Ok(())
    }

    /// Notes that the settings of the language model are left out.
    fn note_lm(&mut self, name: &str, state: &Map<String, Value>) {
        let Some(lm) = state.get("lm").and_then(Value::as_object) else { return };
        let model = lm.get("model").and_then(Value::as_str).unwrap_or("unnamed");
        self.imported.notes.push(format!("{name}: the settings of its language model ({model}) are left out"));
        if has_secrets(&Value::Object(lm.clone())) {
            self.imported.notes.push(format!(
                "{name}: the file contains keys or headers in plain text; they are left out. Do not share the file"
            ));
        }
    }
}

/// The label of a saved field.
fn prefix(field: &Value) -> &str {
    field.get("prefix").and_then(Value::as_str).unwrap_or_default().trim()
}

/// The path of the module that has this predictor, and its class, if it only works with Python code.
fn with_code<'a>(path: &'a str, fields: &[Value]) -> Option<(&'a str, &'static str)> {
    let owner = |end: &str| path.strip_suffix(end).filter(|owner| owner.is_empty() || owner.ends_with('.'));
    WITH_CODE.iter().find_map(|(end, label, module)| {
        let owner = owner(end).filter(|_| fields.iter().any(|field| prefix(field) == *label))?;
        Some((owner.trim_end_matches('.'), *module))
    })
}

/// The fields without those that `MultiChainComparison` adds; if it added some, the number of inputs and of chains.
fn without_attempts(fields: &[Value]) -> (Vec<Value>, Option<(usize, u8)>) {
    let is_attempt = |field: &&Value| prefix(field).starts_with(ATTEMPT);
    let chains = fields.iter().filter(is_attempt).count();
    let inputs = fields.iter().take_while(|field| !is_attempt(field)).count();
    let own = fields.iter().filter(|field| !is_attempt(field) && !prefix(field).starts_with(COMPARED));
    (own.cloned().collect(), (chains > 0).then(|| (inputs, u8::try_from(chains).unwrap_or(u8::MAX))))
}

/// The known signature with the texts of saved fields, and the module; nothing if the fields are not those of the
/// signature: another number, or another name in a description of the form `${name}`.
fn fit(known: &Signature, fields: &[Value], instructions: &str, in_module: bool) -> Option<(Signature, Module)> {
    let is_reasoning = |field: &&Value| prefix(field) == "Reasoning:";
    let thinks = in_module && known.output("reasoning").is_none() && fields.iter().any(|field| is_reasoning(&field));
    let saved: Vec<&Value> = fields.iter().filter(|field| !(thinks && is_reasoning(field))).collect();
    let mut signature = known.clone();
    if saved.len() != signature.fields().count() {
        return None;
    }
    for (field, saved) in signature.inputs.iter_mut().chain(&mut signature.outputs).zip(saved) {
        let description = saved.get("description").and_then(Value::as_str).unwrap_or_default().trim();
        match description.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')) {
            Some(name) if name != field.name => return None,
            Some(_) => {}
            None if description.is_empty() => {}
            None => field.description = Some(description.to_owned()),
        }
    }
    let own = infer::own_instructions(instructions);
    if !own.is_empty() {
        signature.instructions = own;
    }
    Some((signature, if thinks { Module::ChainOfThought } else { Module::Predict }))
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
