//! Writes a library as TOML. Parsing it gives the same entries.

use super::super::Values;
use super::super::signature::Field;
use super::entry::LibraryEntry;
use serde_json::Value;
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
        let demos: Vec<toml::Value> = entry.demos.iter().map(|demo| demo_table(demo).into()).collect();
        table.insert("demos".to_owned(), demos.into());
    }
    let file = Table::from_iter([("signature".to_owned(), toml::Value::Array(vec![table.into()]))]);
    file.to_string()
}

/// Description, constraints and placeholder of a field; nothing if it has none.
fn field_texts(field: &Field) -> Option<Table> {
    let given =
        [("description", &field.description), ("constraints", &field.constraints), ("placeholder", &field.placeholder)];
    let text = |value: &Option<String>| value.clone().map(toml::Value::String);
    let table: Table = given.iter().filter_map(|(key, value)| Some(((*key).to_owned(), text(value)?))).collect();
    (!table.is_empty()).then_some(table)
}

fn demo_table(demo: &Values) -> Table {
    demo.iter().map(|(key, value)| (key.clone(), to_toml_value(value))).collect()
}

/// A JSON value as TOML. A value that contains null or an integer above `i64::MAX`, which TOML lacks, is written
/// `{ json = "…" }`.
fn to_toml_value(value: &Value) -> toml::Value {
    match value {
        value if !is_toml(value) => Table::from_iter([("json".to_owned(), value.to_string().into())]).into(),
        Value::String(text) => text.clone().into(),
        Value::Bool(yes) => (*yes).into(),
        Value::Number(number) if number.is_f64() => number.as_f64().unwrap_or_default().into(),
        Value::Number(number) => number.as_i64().unwrap_or_default().into(),
        Value::Array(items) => items.iter().map(to_toml_value).collect::<Vec<_>>().into(),
        Value::Object(map) => demo_table(map).into(),
        Value::Null => toml::Value::Boolean(false),
    }
}

/// Whether TOML can express the value without the form `{ json = "…" }`.
fn is_toml(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Number(number) => number.is_f64() || number.is_i64(),
        Value::Array(items) => items.iter().all(is_toml),
        Value::Object(map) => !map.contains_key("json") && map.values().all(is_toml),
        _ => true,
    }
}
