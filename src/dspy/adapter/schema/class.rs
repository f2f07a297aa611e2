//! JSON schemas of objects and enums: their definitions in `$defs`.

use super::super::super::python_text::title;
use super::super::super::types::{FieldType, ObjectField, ObjectType};
use super::{choices, part};
use serde_json::{Map, Value, json};

/// What a schema is for.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Form {
    /// A prompt: as pydantic writes it, with defaults and constraints.
    Prompt,
    /// A `response_format`, where strict mode allows neither defaults nor other keys than all fields, and not every
    /// server knows constraints: they become a part of the description.
    ResponseFormat,
}

/// The definitions of objects and enums by name.
pub(super) fn definitions(classes: Vec<&FieldType>, form: Form) -> Map<String, Value> {
    let named = |class: &FieldType| Some((class.class_name()?.to_owned(), definition(class, form)?));
    classes.into_iter().filter_map(named).collect()
}

/// The schema of an object or an enum.
pub(super) fn definition(class: &FieldType, form: Form) -> Option<Value> {
    let (mut schema, name, description) = match class {
        FieldType::Object(class) => (object(class, form), &class.name, &class.description),
        FieldType::Enum(class) => (choices(class.values().cloned().collect()).into(), &class.name, &class.description),
        _ => return None,
    };
    annotate(&mut schema, form, name, description.as_deref().unwrap_or_default());
    Some(schema)
}

fn object(class: &ObjectType, form: Form) -> Value {
    let properties: Map<_, _> = class.fields.iter().map(|field| (field.name.clone(), property(field, form))).collect();
    let required = class.fields.iter().filter(|field| field.default.is_none() || form == Form::ResponseFormat);
    let required: Vec<&str> = required.map(|field| field.name.as_str()).collect();
    match form {
        Form::Prompt => json!({"type": "object", "properties": properties, "required": required}),
        Form::ResponseFormat => {
            json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
        }
    }
}

/// The schema of a field of an object.
fn property(field: &ObjectField, form: Form) -> Value {
    let mut schema = part(&field.field_type);
    let mut description = field.description.clone().unwrap_or_default();
    match form {
        Form::Prompt => {
            constrain(&mut schema, &field.constraints);
            if let (Some(default), Value::Object(map)) = (&field.default, &mut schema) {
                map.insert("default".to_owned(), default.clone());
            }
        }
        Form::ResponseFormat if field.constraints.is_empty() => {}
        Form::ResponseFormat => {
            let words = field.constraint_words().join(", ");
            description = if description.is_empty() { words } else { format!("{description} ({words})") };
        }
    }
    annotate(&mut schema, form, &title(&field.name), &description);
    schema
}

/// Adds a title and a description. Beside a `$ref` stands no title, and nothing at all in strict mode.
pub(super) fn annotate(schema: &mut Value, form: Form, title: &str, description: &str) {
    let is_reference = schema.get("$ref").is_some();
    if !is_reference {
        schema["title"] = title.into();
    }
    if !description.is_empty() && (!is_reference || form == Form::Prompt) {
        schema["description"] = description.into();
    }
}

/// Adds constraints, with `anyOf` to each type that they can concern.
fn constrain(schema: &mut Value, constraints: &Map<String, Value>) {
    if let Some(Value::Array(types)) = schema.get_mut("anyOf") {
        for schema in types {
            constrain(schema, constraints);
        }
        return;
    }
    let json_type = schema.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
    for (name, limit) in constraints {
        let keyword = match (name.as_str(), json_type.as_str()) {
            ("ge", "integer" | "number") => "minimum",
            ("gt", "integer" | "number") => "exclusiveMinimum",
            ("le", "integer" | "number") => "maximum",
            ("lt", "integer" | "number") => "exclusiveMaximum",
            ("multiple_of", "integer" | "number") => "multipleOf",
            ("min_length", "string") => "minLength",
            ("max_length", "string") => "maxLength",
            ("min_length", "array") => "minItems",
            ("max_length", "array") => "maxItems",
            ("min_length", "object") => "minProperties",
            ("max_length", "object") => "maxProperties",
            ("pattern", "string") => "pattern",
            _ => continue,
        };
        schema[keyword] = limit.clone();
    }
}
