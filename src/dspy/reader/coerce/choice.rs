//! Finds the choice of a `Literal` that a text or a value names.

use super::super::super::python_text::repr;
use super::super::super::types::{EnumType, FieldType};
use super::super::excerpt::excerpt;
use super::super::json::scalar;
use serde_json::Value;

/// The choice that a text names: exactly, in quotes, as `Literal[a]`, as an equal value, or, with a repair, in another
/// letter case.
pub(super) fn choice(choices: &[Value], text: &str, repairs: &mut Vec<String>) -> Option<Value> {
    let word = unwrapped(choices, text);
    let is_named = |choice: &&Value| choice.as_str().map_or_else(|| repr(choice) == word, |name| name == word);
    if let Some(choice) = choices.iter().find(is_named) {
        return Some(choice.clone());
    }
    if let Some(value) = scalar(word) {
        let same_type = choices.iter().find(|choice| shape(choice) == shape(&value) && equal(choice, &value));
        if let Some(choice) = same_type.or_else(|| choices.iter().find(|choice| equal(choice, &value))) {
            return Some(choice.clone());
        }
    }
    let lower = word.to_lowercase();
    let mut matches = choices.iter().filter(|choice| choice.as_str().is_some_and(|name| name.to_lowercase() == lower));
    match (matches.next(), matches.next()) {
        (Some(choice), None) if !word.is_empty() => {
            repairs.push(format!("accepted {} as {}", excerpt(word), repr(choice)));
            Some(choice.clone())
        }
        _ => None,
    }
}

/// The text without quotes and without `Literal[…]`, unless they are a part of a choice.
fn unwrapped<'a>(choices: &[Value], text: &'a str) -> &'a str {
    let mut word = text.trim();
    for wrap in ["Literal[", "str["] {
        word = word.strip_prefix(wrap).and_then(|w| w.strip_suffix(']')).unwrap_or(word);
    }
    for _ in 0..2 {
        for quote in ['"', '\''] {
            let inner = word.strip_prefix(quote).and_then(|w| w.strip_suffix(quote));
            word = inner.filter(|_| !choices.iter().any(|c| c == word)).unwrap_or(word);
        }
    }
    word
}

/// The value of an enum that a text names: by the value or by the name of the member, in quotes or not, in this letter
/// case; or, with a repair, as `Color.RED`.
pub(super) fn member(class: &EnumType, text: &str, repairs: &mut Vec<String>) -> Option<Value> {
    let values: Vec<Value> = class.values().cloned().collect();
    let word = unwrapped(&values, text);
    let named = |name: &str| class.members.iter().find(|(member, _)| member == name).map(|(_, value)| value.clone());
    let exact = values.iter().find(|value| *value == word).cloned();
    let other = || nested_member(class, &word.into()).or_else(|| values.iter().find(|v| repr(v) == word).cloned());
    exact.or_else(|| named(word)).or_else(other).or_else(|| {
        let value = named(word.strip_prefix(&class.name)?.strip_prefix('.')?)?;
        repairs.push(format!("accepted {} as {}", excerpt(word), repr(&value)));
        Some(value)
    })
}

/// The value of an enum inside of another value, where pydantic accepts only an equal value, or a number in a string.
pub(super) fn nested_member(class: &EnumType, value: &Value) -> Option<Value> {
    let equals = |value: &Value| class.values().find(|choice| equal(choice, value)).cloned();
    equals(value).or_else(|| equals(&scalar(value.as_str()?).filter(Value::is_number)?))
}

/// The choice that a text names in one of the `Literal`s of a union.
pub(super) fn union_choice(field_type: &FieldType, text: &str, repairs: &mut Vec<String>) -> Option<Value> {
    let FieldType::Union(types) = field_type else { return None };
    types.iter().find_map(|field_type| match field_type {
        FieldType::Literal(choices) => choice(choices, text, repairs),
        _ => None,
    })
}

/// The string among the choices that a JSON string names, if it has no quotes or brackets.
pub(super) fn string_choice(choices: &[Value], text: &str, repairs: &mut Vec<String>) -> Option<Value> {
    let strings: Vec<Value> = choices.iter().filter(|choice| choice.is_string()).cloned().collect();
    (!text.contains(['[', '"', '\''])).then(|| choice(&strings, text, repairs)).flatten()
}

/// Equality as in Python, where `1`, `1.0` and `True` are equal.
pub(super) fn equal(a: &Value, b: &Value) -> bool {
    let number = |value: &Value| match value {
        Value::Bool(yes) => Some(f64::from(u8::from(*yes))),
        value => value.as_f64(),
    };
    a == b || number(a).is_some_and(|a| number(b) == Some(a))
}

/// The JSON type of a value, with an article.
pub(super) fn shape(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
