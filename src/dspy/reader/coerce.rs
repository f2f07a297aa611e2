//! From what a model wrote to a field's type, as leniently as DSPy and no more: `3.0` is an `int`, `3.5` is not.

mod choice;
mod fit;
mod named;

use super::super::Problem;
use super::super::python_text::repr;
use super::super::signature::Field;
use super::super::types::FieldType;
use super::excerpt::excerpt;
use super::json::{self, scalar};
use crate::text::clean_value;
use choice::{alike, choice, shape, union_choice};
use fit::fit;
use serde_json::Value;

/// A value that fits its type, with what was mended.
pub(in crate::dspy) type FieldResult = Result<(Value, Vec<String>), Problem>;

/// Reads a field's text.
pub(in crate::dspy) fn text(field: &Field, text: &str) -> FieldResult {
    let mut repairs = Vec::new();
    let value = match &field.field_type {
        field_type if keeps_text(field_type) => Some(Value::String(text.to_owned())),
        FieldType::Literal(choices) => choice(choices, text, &mut repairs),
        FieldType::Named(name) if name.starts_with("dspy.Code") => Some(code(text)),
        field_type => {
            let found = loose(text, &mut repairs);
            fit(field_type, &found, &mut repairs).or_else(|| {
                // A bare word in a union with a Literal.
                (found == text && matches!(field_type, FieldType::Union(_)))
                    .then(|| union_choice(field_type, text, &mut repairs))
                    .flatten()
            })
        }
    };
    finish(field, value, repairs, text)
}

/// Reads a field's text that nobody else needs: where it is the value, it may be long and is not copied.
pub(super) fn whole(field: &Field, mut words: String) -> FieldResult {
    if !keeps_text(&field.field_type) {
        return text(field, &words);
    }
    words.shrink_to_fit();
    Ok((Value::String(words), Vec::new()))
}

/// Reads a field's value that came as JSON.
pub(in crate::dspy) fn json(field: &Field, value: &Value) -> FieldResult {
    if let Value::String(words) = value {
        return text(field, words);
    }
    let mut repairs = Vec::new();
    let read = match &field.field_type {
        FieldType::Str => {
            repairs.push(format!("{} taken as text", shape(value)));
            Some(Value::String(repr(value)))
        }
        FieldType::Literal(choices) => choices.iter().any(|choice| alike(choice, value)).then(|| value.clone()),
        FieldType::Named(name) if name.starts_with("dspy.Code") => value.get("code").and_then(Value::as_str).map(code),
        field_type => fit(field_type, value, &mut repairs),
    };
    finish(field, read, repairs, &value.to_string())
}

/// What a field is worth that never came.
pub(super) fn missing(field: &Field) -> FieldResult {
    if field.field_type.is_optional() {
        return Ok((Value::Null, Vec::new()));
    }
    Err(Problem { field: field.name.clone(), expected: field.field_type.to_string(), got: "nothing".to_owned() })
}

fn finish(field: &Field, value: Option<Value>, repairs: Vec<String>, got: &str) -> FieldResult {
    match value {
        Some(value) => Ok((value, repairs)),
        None => Err(Problem { field: field.name.clone(), expected: field.field_type.to_string(), got: excerpt(got) }),
    }
}

/// `str`, and unions of it with `None`: their text is never looked into, not even `null`.
fn keeps_text(field_type: &FieldType) -> bool {
    match field_type {
        FieldType::Str => true,
        FieldType::Union(types) => types.contains(&FieldType::None) && types.contains(&FieldType::Str),
        _ => false,
    }
}

/// The value of a text that is JSON throughout. What its escapes spell is cleaned here, where it is decoded.
fn decoded(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok().map(clean_value)
}

/// The value in a text: JSON, Python's spelling of it, JSON with repairs or with prose around, or the text itself.
fn loose(text: &str, repairs: &mut Vec<String>) -> Value {
    let text = text.trim();
    if let Some(value) = decoded(text) {
        return value;
    }
    let bare = text.split_once(" #").map_or(text, |(value, _)| value.trim_end());
    let bare = bare.strip_prefix('(').and_then(|b| b.strip_suffix(')')).map_or(bare, str::trim);
    let spaced = bare.strip_prefix('-').map(|digits| format!("-{}", digits.trim_start()));
    if let Some(value) = python(spaced.as_deref().unwrap_or(bare)) {
        if value != text {
            repairs.push(format!("{} read as Python writes it", excerpt(text)));
        }
        return value;
    }
    if (text.contains(['{', '[']) || text.starts_with('('))
        && let Some((value, mended)) = json::read(text)
    {
        repairs.extend(mended.into_iter().map(str::to_owned));
        return value;
    }
    if text.contains(',')
        && let Some(value) = decoded(&format!("[{text}]"))
    {
        repairs.push("a list without its brackets".to_owned());
        return value;
    }
    Value::String(text.to_owned())
}

/// Whether Python's own reader takes the number: no zeros before it.
fn plain(word: &str) -> bool {
    let digits = word.trim_start_matches('-');
    !(digits.len() > 1 && digits.starts_with('0') && digits.as_bytes()[1].is_ascii_digit())
}

/// A single value as Python writes it.
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
            scalar(word).filter(|v| v.is_number() && plain(word))
        }
        _ => quoted('\'').or_else(|| quoted('"')),
    }
}

/// The code in a fence, or all of it.
fn code(text: &str) -> Value {
    if let Some(Value::Object(map)) = decoded(text)
        && let Some(Value::String(code)) = map.get("code")
    {
        return Value::String(code.clone());
    }
    let fenced = text.find("```").and_then(|open| {
        let body = &text[open + 3..];
        let start = body.find('\n')? + 1;
        let end = body[start..].find("```")?;
        Some(body[start..start + end].trim_end_matches('\n'))
    });
    Value::String(fenced.unwrap_or(text).to_owned())
}
