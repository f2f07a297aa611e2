//! JSON schemas of types, for prompts and for `response_format`. They follow pydantic's schemas.

use super::super::python_text::title;
use super::super::signature::Signature;
use super::super::types::{FieldType, ObjectField, ObjectType};
use serde_json::{Map, Value, json};

/// The JSON schema of a type.
pub(super) fn schema(field_type: &FieldType) -> Value {
    match field_type {
        FieldType::Str | FieldType::Complex => json!({"type": "string"}),
        FieldType::Bytes => json!({"type": "string", "format": "binary"}),
        FieldType::Int => json!({"type": "integer"}),
        FieldType::Float => json!({"type": "number"}),
        FieldType::Bool => json!({"type": "boolean"}),
        FieldType::None => json!({"type": "null"}),
        FieldType::Any => json!({}),
        FieldType::Named(name) => named(name),
        FieldType::Literal(values) => Value::Object(choices(values.clone())),
        FieldType::List(None) | FieldType::Tuple(None) => json!({"type": "array", "items": {}}),
        FieldType::List(Some(inner)) | FieldType::TupleOf(inner) => json!({"type": "array", "items": schema(inner)}),
        FieldType::Set(inner) => {
            let items = inner.as_ref().map_or_else(|| json!({}), |inner| schema(inner));
            json!({"type": "array", "items": items, "uniqueItems": true})
        }
        FieldType::Tuple(Some(types)) => {
            let (count, items) = (types.len(), types.iter().map(schema).collect::<Vec<_>>());
            json!({"type": "array", "maxItems": count, "minItems": count, "prefixItems": items})
        }
        FieldType::Dict(None) => json!({"type": "object", "additionalProperties": true}),
        FieldType::Dict(Some(pair)) => json!({"type": "object", "additionalProperties": schema(&pair.1)}),
        FieldType::Union(types) => json!({"anyOf": types.iter().map(schema).collect::<Vec<_>>()}),
        FieldType::Alias(_, inner) => schema(inner),
        FieldType::Object(class) => object(class),
        FieldType::Enum(class) => {
            let mut map = choices(class.values().cloned().collect());
            describe(&mut map, class.description.as_deref());
            map.insert("title".to_owned(), class.name.as_str().into());
            Value::Object(map)
        }
    }
}

fn choices(values: Vec<Value>) -> Map<String, Value> {
    let mut map = Map::new();
    if let Some(name) = common_type(&values) {
        map.insert("type".to_owned(), name.into());
    }
    map.insert("enum".to_owned(), Value::Array(values));
    map
}

fn describe(map: &mut Map<String, Value>, description: Option<&str>) {
    if let Some(text) = description {
        map.insert("description".to_owned(), text.into());
    }
}

/// The JSON schema of an object.
fn object(class: &ObjectType) -> Value {
    let property = |field: &ObjectField| {
        let mut property = schema(&field.field_type);
        if let Value::Object(map) = &mut property {
            if let Some(default) = &field.default {
                map.insert("default".to_owned(), default.clone());
            }
            describe(map, field.description.as_deref());
        }
        (field.name.clone(), property)
    };
    let required = class.fields.iter().filter(|field| field.default.is_none());
    let mut map = Map::from_iter([("type".to_owned(), "object".into())]);
    describe(&mut map, class.description.as_deref());
    map.insert("properties".to_owned(), class.fields.iter().map(property).collect::<Map<_, _>>().into());
    map.insert("required".to_owned(), required.map(|field| field.name.as_str()).collect());
    map.insert("title".to_owned(), class.name.as_str().into());
    Value::Object(map)
}

/// The JSON schema of a type with a dotted name.
fn named(name: &str) -> Value {
    let format = match name {
        "datetime.datetime" => "date-time",
        "datetime.date" => "date",
        "datetime.time" => "time",
        "datetime.timedelta" => "duration",
        "uuid.UUID" => "uuid",
        "pathlib.Path" => "path",
        "decimal.Decimal" => return json!({"anyOf": [{"type": "number"}, {"type": "string"}]}),
        "dspy.History" => return json!({"type": "object", "additionalProperties": true}),
        _ => return json!({"type": "string"}),
    };
    json!({"type": "string", "format": format})
}

/// The JSON type that all choices of a `Literal` have; nothing if they differ.
fn common_type(values: &[Value]) -> Option<&'static str> {
    let name = |value: &Value| match value {
        Value::String(_) => "string",
        Value::Bool(_) => "boolean",
        Value::Null => "null",
        Value::Number(number) if number.is_f64() => "number",
        _ => "integer",
    };
    let first = name(values.first()?);
    values.iter().all(|value| name(value) == first).then_some(first)
}

/// Whether strict mode, in which an object lists all its keys, can express the type.
fn is_strict(field_type: &FieldType) -> bool {
    match field_type {
        FieldType::Any | FieldType::Dict(_) | FieldType::List(None) | FieldType::Set(_) | FieldType::Tuple(_) => false,
        FieldType::Object(_) => false,
        FieldType::Named(name) => name.starts_with("dspy.Code") || name.starts_with("datetime.") || name == "uuid.UUID",
        FieldType::List(Some(inner)) | FieldType::TupleOf(inner) | FieldType::Alias(_, inner) => is_strict(inner),
        FieldType::Union(types) => types.iter().all(is_strict),
        _ => true,
    }
}

/// The `response_format` for all outputs: `{"type": "json_schema", …}`.
pub(super) fn response_format(signature: &Signature) -> Value {
    let mut properties = Map::new();
    for field in &signature.outputs {
        let mut property = schema(&field.field_type);
        if let Value::Object(map) = &mut property {
            map.insert("title".to_owned(), title(&field.name).into());
            let words = [field.description.as_deref(), field.constraints.as_deref()];
            let words = words.into_iter().flatten().collect::<Vec<_>>().join(". ");
            if !words.is_empty() {
                map.insert("description".to_owned(), words.into());
            }
        }
        properties.insert(field.name.clone(), property);
    }
    let names: Vec<&str> = signature.outputs.iter().map(|field| field.name.as_str()).collect();
    let name: String =
        signature.name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).take(60).collect();
    json!({
        "type": "json_schema",
        "json_schema": {
            "name": if name.is_empty() { "outputs".to_owned() } else { name },
            "strict": signature.outputs.iter().all(|field| is_strict(&field.field_type)),
            "schema": {
                "type": "object",
                "properties": properties,
                "required": names,
                "additionalProperties": false,
            },
        },
    })
}
