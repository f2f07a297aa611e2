//! Says why a value does not fit the type of its field: the first part of it that does not fit, with its path.

use super::super::super::Problem;
use super::super::super::grammar::is_identifier;
use super::super::super::python_text::repr;
use super::super::super::signature::Field;
use super::super::super::types::FieldType;
use super::super::excerpt::excerpt;
use super::convert::convert;
use super::object::is_allowed;
use serde_json::Value;
use std::fmt::Write as _;

/// The problem of a value that does not fit. `text` is what the answer has for the whole field.
pub(super) fn problem(field: &Field, value: &Value, text: &str) -> Problem {
    let mut path = String::new();
    let (expected, got) = first_misfit(&field.field_type, value, &mut path);
    let got = match got {
        _ if path.is_empty() => excerpt(text),
        Some(value) => excerpt(&repr(value)),
        None => "nothing".to_owned(),
    };
    Problem { field: field.name.clone(), path, expected, got }
}

/// What is expected at the end of the path, and what is there.
fn first_misfit<'a>(field_type: &FieldType, value: &'a Value, path: &mut String) -> (String, Option<&'a Value>) {
    let misfits = |field_type: &FieldType, value: &Value| convert(field_type, value, &mut Vec::new()).is_none();
    match (field_type, value) {
        (FieldType::Alias(_, inner), value) => return first_misfit(inner, value, path),
        (
            FieldType::List(Some(inner)) | FieldType::Set(Some(inner)) | FieldType::TupleOf(inner),
            Value::Array(items),
        ) => {
            if let Some((i, item)) = items.iter().enumerate().find(|(_, item)| misfits(inner, item)) {
                _ = write!(path, "[{i}]");
                return first_misfit(inner, item, path);
            }
        }
        (FieldType::Tuple(Some(types)), Value::Array(items)) if types.len() == items.len() => {
            let mut pairs = types.iter().zip(items).enumerate();
            if let Some((i, (inner, item))) = pairs.find(|(_, (inner, item))| misfits(inner, item)) {
                _ = write!(path, "[{i}]");
                return first_misfit(inner, item, path);
            }
        }
        (FieldType::Dict(Some(pair)), Value::Object(map)) => {
            if let Some((key, item)) = map.iter().find(|(_, item)| misfits(&pair.1, item)) {
                append_key(key, path);
                return first_misfit(&pair.1, item, path);
            }
        }
        (FieldType::Object(class), Value::Object(map)) => {
            for field in &class.fields {
                let end = path.len();
                append_key(&field.name, path);
                match map.get(&field.name) {
                    None if field.default.is_none() => return (describe(&field.field_type), None),
                    Some(item) => match convert(&field.field_type, item, &mut Vec::new()) {
                        None => return first_misfit(&field.field_type, item, path),
                        Some(value) if !is_allowed(field, &value) => {
                            let words = field.constraint_words().join(", ");
                            return (format!("{}, {words}", describe(&field.field_type)), Some(item));
                        }
                        Some(_) => {}
                    },
                    None => {}
                }
                path.truncate(end);
            }
        }
        (FieldType::Union(types), value) => {
            let mut alike = types.iter().filter(|field_type| is_container_of(field_type, value));
            if let (Some(only), None) = (alike.next(), alike.next()) {
                return first_misfit(only, value, path);
            }
        }
        _ => {}
    }
    (describe(field_type), Some(value))
}

/// Whether a value is a list or an object like the values of this type.
fn is_container_of(field_type: &FieldType, value: &Value) -> bool {
    match field_type {
        FieldType::Alias(_, inner) => is_container_of(inner, value),
        FieldType::List(_) | FieldType::Set(_) | FieldType::Tuple(_) | FieldType::TupleOf(_) => value.is_array(),
        FieldType::Dict(_) | FieldType::Object(_) => value.is_object(),
        _ => false,
    }
}

fn append_key(key: &str, path: &mut String) {
    if is_identifier(key) {
        path.extend([".", key]);
    } else {
        _ = write!(path, "[{}]", repr(&key.into()));
    }
}

/// The type as DSPy prints it; of a class also what its values are.
fn describe(field_type: &FieldType) -> String {
    match field_type {
        FieldType::Object(class) => format!("{} (an object)", class.name),
        FieldType::Enum(class) => {
            format!("{} (one of {})", class.name, class.values().map(repr).collect::<Vec<_>>().join(", "))
        }
        field_type => field_type.to_string(),
    }
}
