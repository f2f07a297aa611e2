//! Writes a library as TOML. Parsing it gives the same entries.

use super::super::Values;
use super::super::signature::Field;
use super::super::types::definitions;
use super::entry::LibraryEntry;
use serde_json::Value;
use std::fmt::Write as _;
use toml::Table;

/// The entries as TOML, ready for a file.
pub fn to_toml(entries: &[LibraryEntry]) -> String {
    entries.iter().map(entry_toml).collect::<Vec<_>>().join("\n")
}

fn entry_toml(entry: &LibraryEntry) -> String {
    let mut table = Table::new();
    let mut text = |key: &str, value: &str| {
        if !value.is_empty() {
            table.insert(key.to_owned(), value.into());
        }
    };
    text("name", &entry.signature.name);
    text("inline", &entry.signature.inline());
    text("instructions", &entry.signature.instructions);
    text("description", &entry.description);
    text("module", &entry.module.to_string());
    let texts: Table =
        entry.signature.fields().filter_map(|field| Some((field.name.clone(), field_texts(field)?.into()))).collect();
    if !texts.is_empty() {
        table.insert("fields".to_owned(), texts.into());
    }
    if !entry.demos.is_empty() {
        let demos: Vec<toml::Value> = entry.demos.iter().map(|demo| toml_table(demo).into()).collect();
        table.insert("demos".to_owned(), demos.into());
    }
    let file = Table::from_iter([("signature".to_owned(), toml::Value::Array(vec![table.into()]))]);
    let mut text = file.to_string();
    for (name, definition) in definitions::write(entry.signature.classes()) {
        append_definition(&name, &definition, &mut text);
    }
    text
}

/// Appends the definition of a type. Fields are written on one line each: TOML would move those that are tables behind
/// the others, and their order counts.
fn append_definition(name: &str, definition: &Value, text: &mut String) {
    let table = format!("signature.types.{}", key(name));
    for (part, value) in definition.as_object().into_iter().flatten() {
        match value {
            Value::Object(members) => {
                _ = write!(text, "\n[{table}.{part}]\n");
                for (name, value) in members {
                    _ = writeln!(text, "{} = {}", key(name), toml_value(value));
                }
            }
            value => _ = write!(text, "\n[{table}]\n{part} = {}\n", toml_value(value)),
        }
    }
}

/// A key: as it is, or in quotes.
fn key(name: &str) -> String {
    let bare = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    if bare { name.to_owned() } else { toml::Value::from(name).to_string() }
}

/// Description, constraints and placeholder of a field; nothing if it has none.
fn field_texts(field: &Field) -> Option<Table> {
    let given =
        [("description", &field.description), ("constraints", &field.constraints), ("placeholder", &field.placeholder)];
    let text = |value: &Option<String>| value.clone().map(toml::Value::String);
    let table: Table = given.iter().filter_map(|(key, value)| Some(((*key).to_owned(), text(value)?))).collect();
    (!table.is_empty()).then_some(table)
}

fn toml_table(values: &Values) -> Table {
    values.iter().map(|(key, value)| (key.clone(), toml_value(value))).collect()
}

/// A JSON value as TOML. What TOML lacks (null, integers above `i64::MAX`) is written `{ json = "…" }`, and so is an
/// object that could be mistaken for that.
fn toml_value(value: &Value) -> toml::Value {
    let json = || Table::from_iter([("json".to_owned(), value.to_string().into())]).into();
    match value {
        Value::Null => json(),
        Value::String(text) => text.clone().into(),
        Value::Bool(yes) => (*yes).into(),
        Value::Number(number) if number.is_f64() => number.as_f64().unwrap_or_default().into(),
        Value::Number(number) => number.as_i64().map_or_else(json, toml::Value::Integer),
        Value::Array(items) => items.iter().map(toml_value).collect::<Vec<_>>().into(),
        Value::Object(map) if map.contains_key("json") => json(),
        Value::Object(map) => toml_table(map).into(),
    }
}
