//! JSON schemas of types, for prompts and for `response_format`. They follow pydantic's schemas. Objects and enums are
//! defined in `$defs`.

mod class;

use super::super::python_text::title;
use super::super::signature::Signature;
use super::super::types::FieldType;
use class::Form;
use serde_json::{Map, Value, json};

/// The JSON schema of a type, complete with the definitions of the objects and enums in it. An object is not defined
/// but written out if the type itself is the object.
pub(super) fn schema(field_type: &FieldType) -> Value {
    let mut classes = Vec::new();
    field_type.collect_classes(&mut classes);
    let own = classes.pop_if(|class| *class == field_type).and_then(|class| class::definition(class, Form::Prompt));
    let Value::Object(mut rest) = own.unwrap_or_else(|| part(field_type)) else { return Value::Null };
    let definitions = class::definitions(classes, Form::Prompt);
    if definitions.is_empty() {
        return rest.into();
    }
    let mut schema: Map<_, _> = rest.shift_remove_entry("type").into_iter().collect();
    schema.insert("$defs".to_owned(), definitions.into());
    schema.append(&mut rest);
    schema.into()
}

/// The JSON schema of a type inside of another, where objects and enums are references.
fn part(field_type: &FieldType) -> Value {
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
        FieldType::List(Some(inner)) | FieldType::TupleOf(inner) => json!({"type": "array", "items": part(inner)}),
        FieldType::Set(inner) => {
            let items = inner.as_ref().map_or_else(|| json!({}), |inner| part(inner));
            json!({"type": "array", "items": items, "uniqueItems": true})
        }
        FieldType::Tuple(Some(types)) => {
            let (count, items) = (types.len(), types.iter().map(part).collect::<Vec<_>>());
            json!({"type": "array", "maxItems": count, "minItems": count, "prefixItems": items})
        }
        FieldType::Dict(None) => json!({"type": "object", "additionalProperties": true}),
        FieldType::Dict(Some(pair)) => json!({"type": "object", "additionalProperties": part(&pair.1)}),
        FieldType::Union(types) => json!({"anyOf": types.iter().map(part).collect::<Vec<_>>()}),
        FieldType::Alias(_, inner) => part(inner),
        FieldType::Object(class) => json!({"$ref": format!("#/$defs/{}", class.name)}),
        FieldType::Enum(class) => json!({"$ref": format!("#/$defs/{}", class.name)}),
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
        FieldType::Object(class) => class.fields.iter().all(|field| is_strict(&field.field_type)),
        FieldType::Named(name) => name.starts_with("dspy.Code") || name.starts_with("datetime.") || name == "uuid.UUID",
        FieldType::List(Some(inner)) | FieldType::TupleOf(inner) | FieldType::Alias(_, inner) => is_strict(inner),
        FieldType::Union(types) => types.iter().all(is_strict),
        _ => true,
    }
}

/// The `response_format` for all outputs: `{"type": "json_schema", …}`.
pub(super) fn response_format(signature: &Signature) -> Value {
    let mut properties = Map::new();
    let mut classes = Vec::new();
    for field in &signature.outputs {
        let mut property = part(&field.field_type);
        let words = [field.description.as_deref(), field.constraints.as_deref()];
        let words = words.into_iter().flatten().collect::<Vec<_>>().join(". ");
        class::annotate(&mut property, Form::ResponseFormat, &title(&field.name), &words);
        properties.insert(field.name.clone(), property);
        field.field_type.collect_classes(&mut classes);
    }
    let names: Vec<&str> = signature.outputs.iter().map(|field| field.name.as_str()).collect();
    let name: String =
        signature.name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).take(60).collect();
    let mut schema = json!({
        "type": "object",
        "properties": properties,
        "required": names,
        "additionalProperties": false,
    });
    let definitions = class::definitions(classes, Form::ResponseFormat);
    if !definitions.is_empty() {
        schema["$defs"] = definitions.into();
    }
    json!({
        "type": "json_schema",
        "json_schema": {
            "name": if name.is_empty() { "outputs".to_owned() } else { name },
            "strict": signature.outputs.iter().all(|field| is_strict(&field.field_type)),
            "schema": schema,
        },
    })
}
