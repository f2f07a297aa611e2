//! The TOML format of a library, and how a table becomes an entry.

use super::super::signature::{Field, Signature};
use super::super::types::read_types;
use super::super::{Module, Values};
use super::entry::{LibraryEntry, LibraryError};
use serde::Deserialize;
use serde_json::{Number, Value};
use std::collections::BTreeMap;
use toml::Spanned;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LibraryFile {
    #[serde(default)]
    pub signature: Vec<RawEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawEntry {
    name: Spanned<String>,
    inline: Spanned<String>,
    #[serde(default)]
    instructions: String,
    #[serde(default)]
    description: String,
    module: Option<Spanned<String>>,
    #[serde(default)]
    fields: BTreeMap<Spanned<String>, FieldTexts>,
    #[serde(default)]
    types: BTreeMap<Spanned<String>, toml::Value>,
    #[serde(default)]
    demos: Vec<toml::Table>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FieldTexts {
    description: Option<String>,
    constraints: Option<String>,
    placeholder: Option<String>,
}

/// Converts a table to an entry. Also returns its line.
pub(super) fn entry(raw: RawEntry, text: &str) -> Result<(LibraryEntry, usize), LibraryError> {
    let name = raw.name.get_ref().trim().to_owned();
    let at = line(text, raw.name.span().start);
    let wrong = |line, message| LibraryError { line, entry: Some(name.clone()), message };
    if name.is_empty() || name.chars().any(char::is_control) {
        return Err(wrong(at, "`name` must be one line and not empty".to_owned()));
    }
    let lines: BTreeMap<String, usize> =
        raw.types.keys().map(|key| (key.get_ref().clone(), line(text, key.span().start))).collect();
    let types = raw.types.into_iter().map(|(key, value)| (key.into_inner(), from_toml(value))).collect();
    let scope = read_types(&types)
        .map_err(|error| wrong(lines.get(&error.type_name).copied().unwrap_or(at), error.to_string()))?;
    let inline = raw.inline.get_ref();
    let (mut signature, _) = Signature::parse_inline_with(inline, &scope)
        .map_err(|error| wrong(line(text, raw.inline.span().start), format!("{error}\n{}", error.annotate(inline))))?;
    signature.name.clone_from(&name);
    raw.instructions.trim().clone_into(&mut signature.instructions);
    for (field, texts) in raw.fields {
        let line = line(text, field.span().start);
        let name = field.into_inner();
        let Some(field) = signature.inputs.iter_mut().chain(&mut signature.outputs).find(|f| f.name == name) else {
            return Err(wrong(line, format!("`{inline}` has no field `{name}`")));
        };
        *field = Field {
            description: texts.description,
            constraints: texts.constraints,
            placeholder: texts.placeholder,
            ..field.clone()
        };
    }
    let module = match &raw.module {
        None => Module::default(),
        Some(word) => word
            .get_ref()
            .parse()
            .map_err(|error: super::super::UnknownModule| wrong(line(text, word.span().start), error.to_string()))?,
    };
    let demos = raw.demos.into_iter().map(values).collect();
    Ok((LibraryEntry { signature, description: raw.description.trim().to_owned(), module, demos }, at))
}

/// A TOML table as values.
fn values(table: toml::Table) -> Values {
    table.into_iter().map(|(key, value)| (key, from_toml(value))).collect()
}

/// A TOML value as JSON. TOML has no null, so a value that contains one is written `{ json = "…" }`.
fn from_toml(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::String(text),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => Number::from_f64(number).map_or_else(|| number.to_string().into(), Value::Number),
        toml::Value::Boolean(yes) => yes.into(),
        toml::Value::Datetime(moment) => moment.to_string().into(),
        toml::Value::Array(items) => items.into_iter().map(from_toml).collect(),
        toml::Value::Table(table) => {
            let json = table.get("json").and_then(toml::Value::as_str).filter(|_| table.len() == 1);
            let read = json.and_then(|json| serde_json::from_str(json).ok());
            read.unwrap_or_else(|| Value::Object(values(table)))
        }
    }
}

/// The number of the line that contains a byte, from 1.
pub(super) fn line(text: &str, at: usize) -> usize {
    memchr::memchr_iter(b'\n', &text.as_bytes()[..at.min(text.len())]).count() + 1
}
