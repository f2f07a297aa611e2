//! Converts a JSON value to a type where pydantic, which DSPy uses, would convert it.

use super::super::super::types::FieldType;
use super::super::json::{non_finite_name, scalar};
use super::choice::{equal, nested_member, shape, string_choice};
use super::named;
use super::object::{closest, object};
use crate::text::value_text;
use serde_json::{Map, Number, Value};

/// The value as a value of this type; nothing if it does not fit.
pub(in super::super) fn convert(field_type: &FieldType, value: &Value, repairs: &mut Vec<String>) -> Option<Value> {
    match field_type {
        FieldType::Any => Some(value.clone()),
        FieldType::Str | FieldType::Bytes => value.is_string().then(|| value.clone()),
        FieldType::None => value.is_null().then_some(Value::Null),
        FieldType::Int => int(value),
        FieldType::Float => float(value),
        FieldType::Bool => boolean(value),
        FieldType::Complex => complex(value),
        FieldType::Named(name) => named::named(name, value),
        FieldType::Literal(choices) => {
            let exact = choices.iter().find(|choice| shape(choice) == shape(value) && equal(choice, value)).cloned();
            exact.or_else(|| value.as_str().and_then(|text| string_choice(choices, text, repairs)))
        }
        FieldType::Object(class) => object(class, value.as_object()?, repairs),
        FieldType::Enum(class) => nested_member(class, value),
        FieldType::Alias(_, inner) => convert(inner, value, repairs),
        FieldType::List(None) | FieldType::Tuple(None) => Some(value).filter(|v| v.is_array()).cloned(),
        FieldType::List(Some(inner)) | FieldType::TupleOf(inner) => items(inner, value, repairs).map(Value::Array),
        FieldType::Set(inner) => {
            let mut seen: Vec<Value> = Vec::new();
            for item in items(inner.as_deref().unwrap_or(&FieldType::Any), value, repairs)? {
                if !seen.contains(&item) {
                    seen.push(item);
                }
            }
            Some(Value::Array(seen))
        }
        FieldType::Tuple(Some(types)) => {
            let items = value.as_array().filter(|items| items.len() == types.len())?;
            let converted = types.iter().zip(items).map(|(field_type, item)| convert(field_type, item, repairs));
            converted.collect::<Option<Vec<_>>>().map(Value::Array)
        }
        FieldType::Dict(None) => Some(value).filter(|v| v.is_object()).cloned(),
        FieldType::Dict(Some(pair)) => {
            let mut converted = Map::new();
            for (key, value) in value.as_object()? {
                let name = convert(&pair.0, &Value::String(key.clone()), repairs)?;
                let name = value_text(&name);
                // Two keys that become one, such as `1` and `1.0` for `int`, would lose a value.
                if converted.insert(name, convert(&pair.1, value, repairs)?).is_some() {
                    return None;
                }
            }
            Some(Value::Object(converted))
        }
        FieldType::Union(types) => {
            let exact = types.iter().find(|field_type| is_exact(field_type, value));
            if exact.is_none_or(|field_type| matches!(field_type, FieldType::Object(_)))
                && let Some(object) = value.as_object().and_then(|given| closest(types, given, repairs))
            {
                return Some(object);
            }
            match exact {
                Some(field_type) => convert(field_type, value, repairs),
                None => types.iter().find_map(|field_type| convert(field_type, value, repairs)),
            }
        }
    }
}

/// The items of a list, each as a value of this type.
fn items(field_type: &FieldType, value: &Value, repairs: &mut Vec<String>) -> Option<Vec<Value>> {
    value.as_array()?.iter().map(|item| convert(field_type, item, repairs)).collect()
}

/// Whether the value is of this type without conversion. A union prefers such a member.
fn is_exact(field_type: &FieldType, value: &Value) -> bool {
    match (field_type, value) {
        (FieldType::Str, Value::String(_))
        | (FieldType::Bool, Value::Bool(_))
        | (FieldType::None, Value::Null)
        | (FieldType::List(None), Value::Array(_))
        | (FieldType::Dict(None), Value::Object(_)) => true,
        (FieldType::Int, Value::Number(number)) => !number.is_f64(),
        (FieldType::Float, Value::Number(number)) => number.is_f64(),
        (FieldType::Literal(choices), value) => choices.contains(value),
        (FieldType::Object(class), Value::Object(given)) => class.fields.iter().all(|field| {
            given.get(&field.name).map_or(field.default.is_some(), |value| is_exact(&field.field_type, value))
        }),
        (FieldType::Enum(class), value) => class.values().any(|choice| choice == value),
        (FieldType::List(Some(inner)), Value::Array(items)) => items.iter().all(|item| is_exact(inner, item)),
        (FieldType::Dict(Some(pair)), Value::Object(map)) => map.values().all(|value| is_exact(&pair.1, value)),
        _ => false,
    }
}

/// An integer: also a boolean, a float without a fraction, or a string of digits that may end in `.0`.
fn int(value: &Value) -> Option<Value> {
    match value {
        Value::Bool(yes) => Some(i64::from(*yes).into()),
        Value::Number(number) if number.is_f64() => {
            let float = number.as_f64().filter(|f| f.fract() == 0.0 && f.abs() < 9.2e18)?;
            Some((float as i64).into())
        }
        Value::Number(_) => Some(value.clone()),
        Value::String(text) => {
            let text = text.trim();
            let whole =
                text.split_once('.').filter(|(_, zeros)| zeros.bytes().all(|b| b == b'0')).map_or(text, |(w, _)| w);
            if whole.contains(['e', 'E', '.']) {
                return None;
            }
            scalar(whole).filter(|value| value.is_i64() || value.is_u64())
        }
        _ => None,
    }
}

/// A float: also a boolean or a number in a string. NaN and the infinities become strings.
fn float(value: &Value) -> Option<Value> {
    let float = match value {
        Value::Bool(yes) => f64::from(u8::from(*yes)),
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => {
            let text = text.trim();
            let digits = text.contains(|c: char| c.is_ascii_digit());
            // Underscores are allowed only between digits.
            let misplaced = text.starts_with('_') || text.ends_with('_') || text.contains("__");
            if misplaced || (text.contains('_') && !digits) {
                return None;
            }
            text.replace('_', "").parse().ok()?
        }
        _ => return None,
    };
    Some(Number::from_f64(float).map_or_else(|| Value::String(non_finite_name(float).to_owned()), Value::Number))
}

/// A boolean: also 0 or 1, and the words that pydantic accepts.
fn boolean(value: &Value) -> Option<Value> {
    let yes = match value {
        Value::Bool(yes) => *yes,
        Value::Number(number) if number.as_f64() == Some(1.0) => true,
        Value::Number(number) if number.as_f64() == Some(0.0) => false,
        Value::String(text) => match text.trim().to_lowercase().as_str() {
            "1" | "on" | "t" | "true" | "y" | "yes" => true,
            "0" | "off" | "f" | "false" | "n" | "no" => false,
            _ => return None,
        },
        _ => return None,
    };
    Some(Value::Bool(yes))
}

/// A complex number as a string, as Python prints it: `(1+2j)`.
fn complex(value: &Value) -> Option<Value> {
    let text = match value {
        Value::Number(number) => format!("({}+0j)", number.as_f64()?),
        Value::String(text) => {
            let plain: String = text.chars().filter(|c| !c.is_whitespace()).collect();
            let body = plain.strip_suffix(['j', 'J']);
            match body {
                None => format!("({}+0j)", plain.parse::<f64>().ok()?),
                Some(body) => match body.rfind(['+', '-']).filter(|&at| at > 0 && !body[..at].ends_with(['e', 'E'])) {
                    None => format!("{}j", body.parse::<f64>().ok()?),
                    Some(at) => {
                        let (real, imaginary) = (body[..at].parse::<f64>().ok()?, body[at..].parse::<f64>().ok()?);
                        format!("({real}{imaginary:+}j)")
                    }
                },
            }
        }
        _ => return None,
    };
    Some(Value::String(text))
}
