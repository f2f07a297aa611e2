//! Guesses what a saved program does not say: the names and types of its fields, and which of them are inputs.
//!
//! Names come from descriptions of the form `${name}`, the instructions, the demos, or the prefixes. Types come from the
//! values in demos. The inputs are those that the instructions name, or the fields before `reasoning`, or all but the
//! last field.

use super::super::Module;
use super::super::python_text::title;
use super::super::signature::{Field, Signature};
use super::super::types::FieldType;
use serde_json::{Map, Value};

/// A guessed signature, with notes that say what was guessed.
pub(super) struct Inferred {
    pub signature: Signature,
    pub module: Module,
    pub notes: Vec<String>,
}

/// Guesses the signature of a predictor from its fields, instructions and demos. `in_module`: the predictor is the one
/// inside a `ChainOfThought`. `inputs`: the number of inputs, if it is known.
pub(super) fn signature(
    fields: &[Value],
    instructions: &str,
    demos: &[Map<String, Value>],
    in_module: bool,
    inputs: Option<usize>,
) -> Inferred {
    let mut notes = Vec::new();
    let named = quoted_names(instructions);
    let mut inferred: Vec<Field> = Vec::new();
    for (i, field) in fields.iter().enumerate() {
        let text = |key: &str| field.get(key).and_then(Value::as_str).unwrap_or_default().trim();
        let (prefix, description) = (text("prefix"), text("description"));
        let name_in_description =
            description.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).filter(|name| is_name(name));
        let label = prefix.trim_end_matches(':').trim();
        let in_demos = || demos.iter().flat_map(Map::keys).find(|key| title(key) == label).cloned();
        let known = name_in_description
            .map(str::to_owned)
            .or_else(|| named.clone().map(|(a, b)| [a, b].concat()).and_then(|all| all.get(i).cloned()));
        let name = known.or_else(in_demos).unwrap_or_else(|| {
            let name = snake(label, i);
            notes.push(format!("field {} (`{prefix}`) is named `{name}`: the file has no field names", i + 1));
            name
        });
        let name = if inferred.iter().any(|field| field.name == name) { format!("{name}_{}", i + 1) } else { name };
        let values: Vec<&Value> = demos.iter().filter_map(|demo| demo.get(&name)).collect();
        let field_type =
            values.iter().map(|value| type_of(value)).reduce(|a, b| if a == b { a } else { FieldType::union([a, b]) });
        let field_type = field_type.filter(|field_type| *field_type != FieldType::None).unwrap_or(FieldType::Str);
        if field_type != FieldType::Str {
            notes.push(format!(
                "`{name}` has the type {}, guessed from the demos: the file has no types",
                field_type.inline()
            ));
        }
        let mut field = Field::new(name, field_type);
        field.description =
            Some(description.to_owned()).filter(|text| name_in_description.is_none() && !text.is_empty());
        inferred.push(field);
    }
    let reasoning = inferred.iter().position(|field| field.name == "reasoning").filter(|_| in_module);
    let split = match (&named, reasoning) {
        _ if inputs.is_some() => inputs.unwrap_or_default(),
        (Some((inputs, _)), _) if inputs.len() < inferred.len() => inputs.len(),
        (_, Some(at)) => at,
        _ => {
            let split = inferred.len() - 1;
            notes.push(format!(
                "`{}` is the only output, guessed because it is last: the file does not say which fields are outputs",
                inferred[split].name
            ));
            split
        }
    };
    let mut outputs = inferred.split_off(split);
    if let Some(at) = reasoning.and_then(|_| outputs.iter().position(|field| field.name == "reasoning")) {
        outputs.remove(at);
    }
    let mut signature = Signature::new(inferred, outputs);
    signature.instructions = own_instructions(instructions);
    let module = if reasoning.is_some() { Module::ChainOfThought } else { Module::Predict };
    Inferred { signature, module, notes }
}

/// The instructions, or nothing if they only name the fields, as DSPy's default does.
pub(super) fn own_instructions(instructions: &str) -> String {
    if quoted_names(instructions).is_some() { String::new() } else { instructions.trim().to_owned() }
}

/// The names of inputs and outputs in instructions that only name them, as DSPy's default does: one sentence with two
/// lists of names in backticks and at most four other words.
fn quoted_names(instructions: &str) -> Option<(Vec<String>, Vec<String>)> {
    let pieces: Vec<&str> = instructions.split('`').collect();
    if pieces.len() < 3 || pieces.len().is_multiple_of(2) {
        return None;
    }
    let (mut sides, mut words) = (vec![Vec::new()], 0);
    for (i, piece) in pieces.iter().enumerate() {
        if i % 2 == 1 {
            sides.last_mut()?.push(is_name(piece).then(|| (*piece).to_owned())?);
        } else if i > 0 && i + 1 < pieces.len() && piece.trim() != "," {
            words += piece.split_whitespace().count();
            sides.push(Vec::new());
        }
    }
    let outer_words = pieces.first()?.split_whitespace().count() + pieces.last()?.split_whitespace().count();
    let [inputs, outputs]: [Vec<String>; 2] = sides.try_into().ok()?;
    (words <= 4 && outer_words <= 4).then_some((inputs, outputs))
}

/// Whether a text can be the name of a field.
fn is_name(text: &str) -> bool {
    format!("{text} ->")
        .parse::<Signature>()
        .is_ok_and(|signature| signature.inputs.len() == 1 && signature.inputs[0].name == text)
}

/// A label as a field name: `Often used words` becomes `often_used_words`. `at` is the index of the field, for labels
/// that are not usable.
fn snake(label: &str, at: usize) -> String {
    let words: String = label.chars().map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
    let name = words.split_whitespace().collect::<Vec<_>>().join("_").to_lowercase();
    if is_name(&name) { name } else { format!("field_{}", at + 1) }
}

/// The type of a value in a demo.
fn type_of(value: &Value) -> FieldType {
    match value {
        Value::Null => FieldType::None,
        Value::Bool(_) => FieldType::Bool,
        Value::Number(number) if number.is_f64() => FieldType::Float,
        Value::Number(_) => FieldType::Int,
        Value::String(_) => FieldType::Str,
        Value::Array(items) => match items.iter().map(type_of).reduce(|a, b| FieldType::union([a, b])) {
            Some(inner) => FieldType::List(Some(Box::new(inner))),
            None => FieldType::List(None),
        },
        Value::Object(map) => match map.values().map(type_of).reduce(|a, b| FieldType::union([a, b])) {
            Some(inner) => FieldType::Dict(Some(Box::new((FieldType::Str, inner)))),
            None => FieldType::Dict(None),
        },
    }
}
