//! Python definitions of the objects and enums in a signature: models of pydantic and `enum.Enum`.

use super::{python_literal, python_text};
use crate::dspy::{EnumType, FieldType, ObjectField, ObjectType, is_identifier};
use serde_json::Value;
use std::fmt::Write as _;

/// Names in types, and the module that each is imported from.
const IMPORTED: [(&str, &str); 9] = [
    ("Any", "typing"),
    ("Iterable", "typing"),
    ("Literal", "typing"),
    ("Mapping", "typing"),
    ("MutableMapping", "typing"),
    ("Sequence", "typing"),
    ("OrderedDict", "collections"),
    ("defaultdict", "collections"),
    ("deque", "collections"),
];
/// Modules in types.
const MODULES: [&str; 5] = ["collections", "datetime", "decimal", "pathlib", "uuid"];

/// The import statements of a program that uses DSPy and has these classes.
pub(super) fn imports(classes: &[&FieldType]) -> String {
    let fields =
        || classes.iter().filter_map(|class| if let FieldType::Object(class) = class { Some(class) } else { None });
    let annotations: Vec<String> =
        fields().flat_map(|class| &class.fields).map(|field| field.field_type.inline()).collect();
    let used: Vec<&str> = annotations.iter().flat_map(|annotation| words(annotation)).collect();
    let mut modules: Vec<&str> = MODULES.into_iter().filter(|module| used.contains(module)).collect();
    modules.extend(["os", "sys"]);
    if classes.iter().any(|class| matches!(class, FieldType::Enum(_))) {
        modules.push("enum");
    }
    modules.sort_unstable();
    let mut text = String::new();
    for module in &modules {
        _ = writeln!(text, "import {module}");
    }
    for module in ["collections", "typing"] {
        let names = IMPORTED.iter().filter(|(name, from)| *from == module && used.contains(name));
        let names: Vec<&str> = names.map(|(name, _)| *name).collect();
        if !names.is_empty() {
            _ = writeln!(text, "from {module} import {}", names.join(", "));
        }
    }
    text.push_str("\nimport dspy\n");
    text.push_str(if fields().next().is_some() { "import pydantic\n" } else { "" });
    text
}

/// The classes, each after those that it consists of.
pub(super) fn definitions(classes: &[&FieldType]) -> String {
    let mut text = String::new();
    for class in classes {
        text.push('\n');
        match class {
            FieldType::Object(class) => object(class, &mut text),
            FieldType::Enum(class) => enumeration(class, &mut text),
            _ => {}
        }
        text.push('\n');
    }
    text.push_str(if classes.is_empty() { "" } else { "\n" });
    text
}

/// The argument of `dspy.Signature` that says what the names of the classes mean; empty without classes.
pub(super) fn custom_types(classes: &[&FieldType]) -> String {
    let names: Vec<&str> = classes.iter().filter_map(|class| class.class_name()).collect();
    let pairs: Vec<String> = names.iter().map(|name| format!("{}: {name}", python_text(name))).collect();
    if names.is_empty() { String::new() } else { format!("    custom_types={{{}}},\n", pairs.join(", ")) }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c != '_' && !c.is_alphanumeric()).filter(|word| !word.is_empty())
}

fn enumeration(class: &EnumType, text: &mut String) {
    _ = writeln!(text, "class {}(enum.Enum):", class.name);
    docstring(class.description.as_deref(), text);
    for (name, value) in &class.members {
        _ = writeln!(text, "    {name} = {}", python_literal(value));
    }
}

fn object(class: &ObjectType, text: &mut String) {
    _ = writeln!(text, "class {}(pydantic.BaseModel):", class.name);
    docstring(class.description.as_deref(), text);
    if class.fields.is_empty() {
        text.push_str("    pass\n");
    }
    // In the body of a class, a field hides whatever else has its name.
    let annotations: Vec<String> = class.fields.iter().map(|field| field.field_type.inline()).collect();
    let hides = |name: &str| name == "pydantic" || annotations.iter().any(|text| words(text).any(|word| word == name));
    for (i, (field, annotation)) in class.fields.iter().zip(&annotations).enumerate() {
        let name = &field.name;
        let is_usable = is_identifier(name) && !name.starts_with('_') && !name.starts_with("model_") && !hides(name);
        let mut settings = settings(field);
        let written = if is_usable {
            name.clone()
        } else {
            settings.insert(0, ("alias", python_text(name)));
            format!("field_{}", i + 1)
        };
        _ = match settings.as_slice() {
            [] => writeln!(text, "    {written}: {annotation}"),
            [("default", value)] => writeln!(text, "    {written}: {annotation} = {value}"),
            settings => {
                let settings: Vec<String> = settings.iter().map(|(name, value)| format!("{name}={value}")).collect();
                writeln!(text, "    {written}: {annotation} = pydantic.Field({})", settings.join(", "))
            }
        };
    }
}

/// The arguments of `pydantic.Field`.
fn settings(field: &ObjectField) -> Vec<(&str, String)> {
    let mut settings = Vec::new();
    if let Some(value) = &field.default {
        settings.push(("default", python_literal(value)));
        // Without this, pydantic leaves a default as it is, for example the value of an enum in place of its member.
        if !matches!(value, Value::Null | Value::Bool(_)) && !is_plain(&field.field_type) {
            settings.push(("validate_default", "True".to_owned()));
        }
    }
    if let Some(text) = &field.description {
        settings.push(("description", python_text(text)));
    }
    settings.extend(field.constraints.iter().map(|(name, value)| (name.as_str(), python_literal(value))));
    settings
}

/// Whether Python has the same values of the type as JSON.
fn is_plain(field_type: &FieldType) -> bool {
    match field_type {
        FieldType::Union(types) => types.iter().all(is_plain),
        FieldType::List(inner) => inner.as_deref().is_none_or(is_plain),
        FieldType::Dict(pair) => pair.as_deref().is_none_or(|pair| pair.0 == FieldType::Str && is_plain(&pair.1)),
        FieldType::Str | FieldType::Int | FieldType::Float | FieldType::Bool | FieldType::None => true,
        FieldType::Any | FieldType::Literal(_) => true,
        _ => false,
    }
}

fn docstring(description: Option<&str>, text: &mut String) {
    if let Some(description) = description {
        _ = writeln!(text, "    {}\n", python_text(description));
    }
}
