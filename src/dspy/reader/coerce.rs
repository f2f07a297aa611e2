//! Converts what a model wrote to the type of a field, as leniently as DSPy 3.4.1: `3.0` is an `int`, `3.5` is not.

mod choice;
mod convert;
mod misfit;
mod named;
mod object;

use super::super::Problem;
use super::super::python_text::repr;
use super::super::signature::Field;
use super::super::types::FieldType;
use super::excerpt::excerpt;
use super::json::{self, is_wide, scalar};
use crate::text::clean_value;
use choice::{choice, equal, member, shape, union_choice};
pub(super) use convert::convert;
use serde_json::Value;

/// A value that fits the type of its field, with the repairs that were needed.
pub(in crate::dspy) type FieldResult = Result<(Value, Vec<String>), Problem>;

/// Converts a text to the type of the field.
pub(in crate::dspy) fn from_text(field: &Field, text: &str) -> FieldResult {
    let mut repairs = Vec::new();
    let mut found = Value::Null;
    let value = match &field.field_type {
        field_type if is_verbatim(field_type) => Some(Value::String(text.to_owned())),
        FieldType::Literal(_) | FieldType::Enum(_) => choice_of(&field.field_type, text, &mut repairs),
        FieldType::Named(name) if name.starts_with("dspy.Code") => Some(code(text, &mut repairs)),
        field_type => {
            found = parse_value(text, &mut repairs);
            convert(field_type, &found, &mut repairs).or_else(|| {
                // A word without quotes, for a union with a Literal.
                (found == text && matches!(field_type, FieldType::Union(_)))
                    .then(|| union_choice(field_type, text, &mut repairs))
                    .flatten()
            })
        }
    };
    finish(field, value, repairs, &found, text)
}

/// The value of a `Literal` or an enum that a text names; nothing for other types.
pub(super) fn choice_of(field_type: &FieldType, text: &str, repairs: &mut Vec<String>) -> Option<Value> {
    match field_type {
        FieldType::Literal(choices) => choice(choices, text, repairs),
        FieldType::Enum(class) => member(class, text, repairs),
        _ => None,
    }
}

/// Like [`from_text`], but moves the text into the value where it is the value: it may be megabytes long.
pub(super) fn from_owned_text(field: &Field, mut text: String) -> FieldResult {
    if !is_verbatim(&field.field_type) {
        return from_text(field, &text);
    }
    text.shrink_to_fit();
    Ok((Value::String(text), Vec::new()))
}

/// Converts a JSON value to the type of the field.
pub(in crate::dspy) fn from_json(field: &Field, value: &Value) -> FieldResult {
    if let Value::String(text) = value {
        return from_text(field, text);
    }
    let mut repairs = Vec::new();
    let converted = match &field.field_type {
        FieldType::Str => {
            repairs.push(format!("converted {} to text", shape(value)));
            Some(Value::String(repr(value)))
        }
        FieldType::Literal(choices) => choices.iter().any(|choice| equal(choice, value)).then(|| value.clone()),
        FieldType::Named(name) if name.starts_with("dspy.Code") => {
            value.get("code").and_then(Value::as_str).map(|text| code(text, &mut repairs))
        }
        field_type => convert(field_type, value, &mut repairs),
    };
    finish(field, converted, repairs, value, &value.to_string())
}

/// The value of a field that is not in the answer: null if its type allows that.
pub(super) fn missing(field: &Field) -> FieldResult {
    if field.field_type.is_optional() {
        return Ok((Value::Null, Vec::new()));
    }
    Err(problem(field, "nothing".to_owned()))
}

/// The value with its repairs, or the problem with what was found and an excerpt of its text.
pub(super) fn finish(
    field: &Field,
    value: Option<Value>,
    repairs: Vec<String>,
    found: &Value,
    text: &str,
) -> FieldResult {
    match value {
        Some(value) => Ok((value, repairs)),
        None => Err(misfit::problem(field, found, text)),
    }
}

/// The problem that a field does not fit its type.
pub(super) fn problem(field: &Field, got: String) -> Problem {
    Problem { field: field.name.clone(), path: String::new(), expected: field.field_type.to_string(), got }
}

/// Whether the text is the value: `str`, and unions of `str` with `None`, where even `null` stays text.
pub(super) fn is_verbatim(field_type: &FieldType) -> bool {
    match field_type {
        FieldType::Str => true,
        FieldType::Union(types) => types.contains(&FieldType::None) && types.contains(&FieldType::Str),
        _ => false,
    }
}

/// Whether the text itself shows that it is whole: a list or an object for a field that takes no other text.
pub(super) fn closes_itself(field_type: &FieldType, text: &str) -> bool {
    let takes_text = match field_type {
        FieldType::Union(types) => types.contains(&FieldType::Str),
        FieldType::Literal(_) => true,
        field_type => is_verbatim(field_type),
    };
    !takes_text && json::is_closed(text)
}

/// The value of a text that is valid JSON and needs no repairs. Characters from its escapes are cleaned here, where they
/// are decoded.
fn decode_json(text: &str) -> Option<Value> {
    if text.starts_with(['{', '[']) {
        return json::read(text).filter(|(_, repairs)| repairs.is_empty()).map(|(value, _)| value);
    }
    serde_json::from_str(text).ok().filter(|_| !is_wide(text)).map(clean_value)
}

/// The value in a text: JSON, a Python value, JSON that needs repairs or has prose around it, or the text itself.
pub(super) fn parse_value(text: &str, repairs: &mut Vec<String>) -> Value {
    let text = text.trim();
    if let Some(value) = decode_json(text) {
        return value;
    }
    let bare = text.split_once(" #").map_or(text, |(value, _)| value.trim_end());
    let bare = bare.strip_prefix('(').and_then(|b| b.strip_suffix(')')).map_or(bare, str::trim);
    let negative = bare.strip_prefix('-').map(|digits| format!("-{}", digits.trim_start()));
    if let Some(value) = python(negative.as_deref().unwrap_or(bare)) {
        // Messages show these words as Python spells them.
        if value != text && !matches!(text, "None" | "True" | "False") {
            repairs.push(format!("accepted Python's {}", excerpt(text)));
        }
        return value;
    }
    if (text.contains(['{', '[']) || text.starts_with('('))
        && let Some((value, json_repairs)) = json::read(text)
    {
        repairs.extend(json_repairs.into_iter().map(str::to_owned));
        return value;
    }
    if text.contains(',')
        && let Some(value) = decode_json(&format!("[{text}]"))
    {
        repairs.push("accepted a list without brackets".to_owned());
        return value;
    }
    Value::String(text.to_owned())
}

/// The value of a Python literal that is not a container: `None`, `True`, a number, a string without escapes.
fn python(word: &str) -> Option<Value> {
    let quoted = |quote: char| {
        let inner = word.strip_prefix('b').unwrap_or(word).strip_prefix(quote)?.strip_suffix(quote)?;
        (!inner.contains([quote, '\\'])).then(|| Value::String(inner.to_owned()))
    };
    match word {
        "None" => Some(Value::Null),
        "True" => Some(Value::Bool(true)),
        "False" => Some(Value::Bool(false)),
        _ if word.starts_with(|c: char| c == '-' || c.is_ascii_digit()) => {
            scalar(word).filter(|value| value.is_number() && !is_wide(word))
        }
        _ => quoted('\'').or_else(|| quoted('"')),
    }
}

/// The code for a `dspy.Code`: the `code` of a JSON object, the content of the first code fence, or the whole text.
fn code(text: &str, repairs: &mut Vec<String>) -> Value {
    if let Some(Value::Object(map)) = decode_json(text)
        && let Some(Value::String(code)) = map.get("code")
    {
        return Value::String(code.clone());
    }
    let Some((before, body)) =
        text.split_once("```").and_then(|(before, rest)| Some((before, rest.split_once('\n')?.1)))
    else {
        return Value::String(text.to_owned());
    };
    let (inner, after) = body.split_once("```").unwrap_or_else(|| {
        repairs.push("ended a code fence that was open".to_owned());
        (body, "")
    });
    if after.contains("```") {
        repairs.push("took the first of several code fences".to_owned());
    } else if !before.trim().is_empty() || !after.trim().is_empty() {
        repairs.push("took the code fence and dropped the text around it".to_owned());
    }
    Value::String(inner.trim_end_matches('\n').to_owned())
}
