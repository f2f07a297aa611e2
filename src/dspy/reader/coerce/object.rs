//! Converts a JSON object to an object type, as pydantic does: keys that it does not know are dropped, and missing
//! fields have their defaults.

use super::super::super::Values;
use super::super::super::types::{FieldType, ObjectField, ObjectType};
use super::convert::convert;
use serde_json::{Map, Value};

/// The fields of an object in their order; nothing if one is missing or does not fit.
pub(super) fn object(class: &ObjectType, given: &Values, repairs: &mut Vec<String>) -> Option<Value> {
    let mut converted = Map::new();
    for field in &class.fields {
        let value = match given.get(&field.name) {
            Some(value) => convert(&field.field_type, value, repairs).filter(|value| is_allowed(field, value))?,
            None => field.default.clone()?,
        };
        converted.insert(field.name.clone(), value);
    }
    Some(Value::Object(converted))
}

/// The object of a union that has most of the fields that are given; the first one if there are several.
pub(super) fn closest(types: &[FieldType], given: &Values, repairs: &mut Vec<String>) -> Option<Value> {
    let mut best: Option<(usize, Value, Vec<String>)> = None;
    for field_type in types {
        let FieldType::Object(class) = field_type else { continue };
        let known = class.fields.iter().filter(|field| given.contains_key(&field.name)).count();
        if best.as_ref().is_some_and(|(most, ..)| known <= *most) {
            continue;
        }
        let mut own = Vec::new();
        if let Some(value) = object(class, given, &mut own) {
            best = Some((known, value, own));
        }
    }
    best.map(|(_, value, own)| {
        repairs.extend(own);
        value
    })
}

/// Whether a value satisfies the constraints of its field. Patterns are for the model only and not checked.
pub(super) fn is_allowed(field: &ObjectField, value: &Value) -> bool {
    field.constraints.iter().all(|(name, limit)| {
        let Some(limit) = limit.as_f64() else { return true };
        let length = match value {
            Value::String(text) => Some(text.chars().count()),
            Value::Array(items) => Some(items.len()),
            Value::Object(map) => Some(map.len()),
            _ => None,
        };
        let number = value.as_f64();
        match name.as_str() {
            "ge" => number.is_none_or(|number| number >= limit),
            "gt" => number.is_none_or(|number| number > limit),
            "le" => number.is_none_or(|number| number <= limit),
            "lt" => number.is_none_or(|number| number < limit),
            "multiple_of" => number.is_none_or(|number| is_multiple(number, limit)),
            "min_length" => length.is_none_or(|length| length as f64 >= limit),
            "max_length" => length.is_none_or(|length| length as f64 <= limit),
            _ => true,
        }
    })
}

/// Whether a number is a multiple of another, but for the rounding of floats.
fn is_multiple(number: f64, of: f64) -> bool {
    let (rest, rounding) = ((number % of).abs(), number.abs() / 1e9);
    rest <= rounding || (rest - of.abs()).abs() <= rounding
}
