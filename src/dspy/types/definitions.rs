//! The definitions of objects and enums as JSON: `{"Task": {"fields": {"title": "str"}}, "Color": {"enum": {"RED": "red"}}}`.
//! Types name each other; a type that contains itself is refused.

use super::super::Values;
use super::super::grammar::{is_identifier, is_type_name, parse_type_with, type_names};
use super::FieldType;
use super::class::{CONSTRAINTS, EnumType, MAX_DEPTH, ObjectField, ObjectType, TypeScope};
use serde_json::{Map, Value};
use std::sync::Arc;

/// A definition that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("type `{type_name}`: {message}")]
pub struct DefinitionError {
    /// The name of the type.
    pub type_name: String,
    /// What is wrong with it.
    pub message: String,
}

/// The objects and enums that are defined: `{name: {"fields": …}}` or `{name: {"enum": …}}`, each with a `description`
/// or not.
///
/// # Errors
/// The first definition that cannot be used.
pub fn read_types(definitions: &Values) -> Result<TypeScope, DefinitionError> {
    let mut reader = DefinitionReader { definitions, known: TypeScope::new(), open: Vec::new() };
    for name in definitions.keys() {
        reader.define(name)?;
    }
    Ok(reader.known)
}

/// The definitions of objects and enums.
pub(in crate::dspy) fn write<'a>(classes: impl IntoIterator<Item = &'a FieldType>) -> Values {
    let definition = |class: &FieldType| match class {
        FieldType::Object(class) => {
            let fields = class.fields.iter().map(|field| (field.name.clone(), write_field(field)));
            Some((class.name.clone(), described(class.description.as_deref(), "fields", fields.collect())))
        }
        FieldType::Enum(class) => {
            let members = class.members.iter().cloned().collect();
            Some((class.name.clone(), described(class.description.as_deref(), "enum", members)))
        }
        _ => None,
    };
    classes.into_iter().filter_map(definition).collect()
}

fn described(description: Option<&str>, key: &str, body: Values) -> Value {
    let mut map = Map::new();
    if let Some(text) = description {
        map.insert("description".to_owned(), text.into());
    }
    map.insert(key.to_owned(), body.into());
    map.into()
}

/// A field's type if that is all, or an object.
fn write_field(field: &ObjectField) -> Value {
    let field_type = Value::from(field.field_type.inline());
    if field.description.is_none() && field.default.is_none() && field.constraints.is_empty() {
        return field_type;
    }
    let mut map = Map::from_iter([("type".to_owned(), field_type)]);
    if let Some(text) = &field.description {
        map.insert("description".to_owned(), text.as_str().into());
    }
    if let Some(default) = &field.default {
        map.insert("default".to_owned(), default.clone());
    }
    map.extend(field.constraints.clone());
    map.into()
}

struct DefinitionReader<'a> {
    definitions: &'a Values,
    known: TypeScope,
    /// The types that are being defined, each inside of the one before.
    open: Vec<String>,
}

impl DefinitionReader<'_> {
    fn define(&mut self, name: &str) -> Result<(), DefinitionError> {
        if self.known.contains_key(name) {
            return Ok(());
        }
        let wrong = |message: String| DefinitionError { type_name: name.to_owned(), message };
        if self.open.iter().any(|open| open == name) {
            return Err(wrong("it contains itself, and such types are not supported".to_owned()));
        }
        if !is_identifier(name) || is_type_name(name) {
            return Err(wrong("the name must be a Python name and not the name of another type".to_owned()));
        }
        let definition = self.definitions.get(name).cloned().unwrap_or_default();
        let Value::Object(mut parts) = definition else {
            return Err(wrong("expected `fields` or `enum`".to_owned()));
        };
        let description = parts.shift_remove("description").map(text).transpose().map_err(wrong)?;
        let (fields, members) = (parts.shift_remove("fields"), parts.shift_remove("enum"));
        if let Some(unknown) = parts.keys().next() {
            return Err(wrong(format!("unknown key `{unknown}`; expected `description`, `fields` or `enum`")));
        }
        let field_type = match (fields, members) {
            (Some(Value::Object(fields)), None) => {
                if self.open.len() >= MAX_DEPTH {
                    return Err(wrong("types are nested more than 100 levels deep".to_owned()));
                }
                self.open.push(name.to_owned());
                let fields = fields.into_iter().map(|(field, definition)| self.field(name, field, definition));
                let fields = fields.collect::<Result<_, _>>()?;
                self.open.pop();
                FieldType::Object(Arc::new(ObjectType { name: name.to_owned(), description, fields }))
            }
            (None, Some(Value::Object(members))) if !members.is_empty() => {
                if let Some((member, _)) = members
                    .iter()
                    .find(|(member, value)| !is_identifier(member) || value.is_array() || value.is_object())
                {
                    let message =
                        format!("`{member}`: expected a Python name with a text, a number, true, false or null");
                    return Err(wrong(message));
                }
                let members = members.into_iter().collect();
                FieldType::Enum(Arc::new(EnumType { name: name.to_owned(), description, members }))
            }
            _ => return Err(wrong("expected either `fields` or `enum`, with names as keys".to_owned())),
        };
        if field_type.is_too_large() {
            return Err(wrong("it is too large".to_owned()));
        }
        self.known.insert(name.to_owned(), field_type);
        Ok(())
    }

    /// A field from its type, or from an object with `type`.
    fn field(&mut self, class: &str, name: String, definition: Value) -> Result<ObjectField, DefinitionError> {
        let wrong = |message: String| DefinitionError {
            type_name: class.to_owned(),
            message: format!("field `{name}`: {message}"),
        };
        let mut parts = match definition {
            Value::Object(parts) => parts,
            field_type => Map::from_iter([("type".to_owned(), field_type)]),
        };
        let written = text(parts.shift_remove("type").unwrap_or_default()).map_err(wrong)?;
        let description = parts.shift_remove("description").map(text).transpose().map_err(wrong)?;
        let default = parts.shift_remove("default");
        if let Some(unknown) = parts.keys().find(|key| !CONSTRAINTS.contains(&key.as_str())) {
            let known = CONSTRAINTS.join("`, `");
            return Err(wrong(format!(
                "unknown key `{unknown}`; expected `type`, `description`, `default`, `{known}`"
            )));
        }
        for used in type_names(&written) {
            if self.definitions.contains_key(&used) {
                self.define(&used)?;
            }
        }
        let field_type = parse_type_with(&written, &self.known).map_err(|error| wrong(error.to_string()))?;
        Ok(ObjectField { name, field_type, description, default, constraints: parts })
    }
}

fn text(value: Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text),
        _ => Err("expected a text".to_owned()),
    }
}
