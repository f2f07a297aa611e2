//! Names, types and sides of fields that a saved program does not say.

use super::super::Module;
use super::super::python_text::title;
use super::super::signature::{Field, Signature};
use super::super::types::FieldType;
use serde_json::{Map, Value};

/// A signature and what of it was guessed.
pub(super) struct Guess {
    pub signature: Signature,
    pub module: Module,
    pub notes: Vec<String>,
}

/// Works a signature out of a predictor's fields, instructions and demos. `wrapped`: it sat inside a module that
/// reasons.
pub(super) fn signature(fields: &[Value], instructions: &str, demos: &[Map<String, Value>], wrapped: bool) -> Guess {
    let mut notes = Vec::new();
    let named = quoted_names(instructions);
    let mut read: Vec<Field> = Vec::new();
    for (i, field) in fields.iter().enumerate() {
        let text = |key: &str| field.get(key).and_then(Value::as_str).unwrap_or_default().trim();
        let (prefix, description) = (text("prefix"), text("description"));
        let own = description.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).filter(|name| is_name(name));
        let label = prefix.trim_end_matches(':').trim();
        let in_demos = || demos.iter().flat_map(Map::keys).find(|key| title(key) == label).cloned();
        let known = own
            .map(str::to_owned)
            .or_else(|| named.clone().map(|(a, b)| [a, b].concat()).and_then(|all| all.get(i).cloned()));
        let name = known.or_else(in_demos).unwrap_or_else(|| {
            let name = snake(label, i);
            notes.push(format!("field {} (`{prefix}`) is named `{name}`: the file holds no names", i + 1));
            name
        });
        let name = if read.iter().any(|field| field.name == name) { format!("{name}_{}", i + 1) } else { name };
        let values: Vec<&Value> = demos.iter().filter_map(|demo| demo.get(&name)).collect();
        let field_type = values
            .iter()
            .map(|value| field_type(value))
            .reduce(|a, b| if a == b { a } else { FieldType::union([a, b]) });
        let field_type = field_type.filter(|field_type| *field_type != FieldType::None).unwrap_or(FieldType::Str);
        if field_type != FieldType::Str {
            notes.push(format!(
                "`{name}` is taken for {}, from its demos: the file holds no types",
                field_type.inline()
            ));
        }
        let mut field = Field::new(name, field_type);
        field.description = Some(description.to_owned()).filter(|text| own.is_none() && !text.is_empty());
        read.push(field);
    }
    let reasoning = read.iter().position(|field| field.name == "reasoning").filter(|_| wrapped);
    let split = match (&named, reasoning) {
        (Some((inputs, _)), _) if inputs.len() < read.len() => inputs.len(),
        (_, Some(at)) => at,
        _ => {
            let split = read.len() - 1;
            notes.push(format!("`{}` is taken for the only output: the file does not say", read[split].name));
            split
        }
    };
    let mut outputs = read.split_off(split);
    if let Some(at) = reasoning.and_then(|_| outputs.iter().position(|field| field.name == "reasoning")) {
        outputs.remove(at);
    }
    let mut signature = Signature::new(read, outputs);
    // Instructions that only name the fields are no instructions.
    if named.is_none() {
        instructions.trim().clone_into(&mut signature.instructions);
    }
    let module = if reasoning.is_some() { Module::ChainOfThought } else { Module::Predict };
    Guess { signature, module, notes }
}

/// The names of inputs and outputs in instructions that do nothing but name them: one sentence with two lists of
/// names in backticks and a few plain words.
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
    let frame = pieces.first()?.split_whitespace().count() + pieces.last()?.split_whitespace().count();
    let [inputs, outputs]: [Vec<String>; 2] = sides.try_into().ok()?;
    (words <= 4 && frame <= 4).then_some((inputs, outputs))
}

fn is_name(text: &str) -> bool {
    format!("{text} ->")
        .parse::<Signature>()
        .is_ok_and(|signature| signature.inputs.len() == 1 && signature.inputs[0].name == text)
}

/// A label as a name: `Often used words` is `often_used_words`.
fn snake(label: &str, at: usize) -> String {
    let words: String = label.chars().map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
    let name = words.split_whitespace().collect::<Vec<_>>().join("_").to_lowercase();
    if is_name(&name) { name } else { format!("field_{}", at + 1) }
}

/// The type that a demo's value shows.
fn field_type(value: &Value) -> FieldType {
    match value {
        Value::Null => FieldType::None,
        Value::Bool(_) => FieldType::Bool,
        Value::Number(number) if number.is_f64() => FieldType::Float,
        Value::Number(_) => FieldType::Int,
        Value::String(_) => FieldType::Str,
        Value::Array(items) => match items.iter().map(field_type).reduce(|a, b| FieldType::union([a, b])) {
            Some(inner) => FieldType::List(Some(Box::new(inner))),
            None => FieldType::List(None),
        },
        Value::Object(map) => match map.values().map(field_type).reduce(|a, b| FieldType::union([a, b])) {
            Some(inner) => FieldType::Dict(Some(Box::new((FieldType::Str, inner)))),
            None => FieldType::Dict(None),
        },
    }
}
