//! Writes values and types as XML elements, as DSPy's XML adapter does: a list as `<item>` elements, a dict or an object
//! as one element for each key. `reader::xml` reads them.

use super::super::python_text::{json_text, repr};
use super::super::types::FieldType;
use serde_json::Value;

/// The longest name or key of an element, in bytes. The reader does not look further for the end of a tag.
const MAX_KEY: usize = 500;

/// Whether values of this type are written as elements: `list[X]`, `dict[K, V]`, objects, and these or `None`. Others are written
/// as in the chat format.
pub(super) fn is_nested(field_type: &FieldType) -> bool {
    matches!(not_none(field_type), FieldType::List(Some(_)) | FieldType::Dict(Some(_)) | FieldType::Object(_))
}

/// The type without `None`, if it is a union of `None` and one other type.
fn not_none(field_type: &FieldType) -> &FieldType {
    match field_type {
        FieldType::Union(types) => match types.as_slice() {
            [other, FieldType::None] | [FieldType::None, other] => other,
            _ => field_type,
        },
        field_type => field_type,
    }
}

/// The elements of a type, `...` for each value: `<tags><item>...</item></tags>`.
pub(super) fn skeleton(name: &str, field_type: &FieldType) -> String {
    let inner = match not_none(field_type) {
        FieldType::List(inner) | FieldType::Set(inner) => skeleton("item", inner.as_deref().unwrap_or(&FieldType::Any)),
        FieldType::TupleOf(inner) => skeleton("item", inner),
        FieldType::Tuple(_) => skeleton("item", &FieldType::Any),
        FieldType::Alias(_, inner) => return skeleton(name, inner),
        FieldType::Object(class) if !class.fields.is_empty() => {
            class.fields.iter().map(|field| skeleton(&field.name, &field.field_type)).collect()
        }
        _ => "...".to_owned(),
    };
    format!("<{name}>{inner}</{name}>")
}

/// The element of an output with its value.
pub(super) fn element(name: &str, field_type: &FieldType, value: &Value) -> String {
    let mut out = String::new();
    match form(value) {
        Form::Line => write(name, None, field_type, value, "", &mut out),
        Form::Lines => write(name, None, field_type, value, "\n", &mut out),
        Form::Json => out.extend(["<", name, ">\n", &json_text(value), "\n</", name, ">"]),
    }
    out
}

/// How the elements of a value are written.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Form {
    /// All in one line.
    Line,
    /// Each tag on a line of its own, because a text has several lines or a `<`.
    Lines,
    /// JSON, because a text could be taken for tags, or begins or ends with white space.
    Json,
}

fn form(value: &Value) -> Form {
    match value {
        Value::Array(items) => items.iter().map(form).max().unwrap_or(Form::Line),
        Value::Object(map) => {
            let long = map.keys().any(|key| key.len() > MAX_KEY);
            if long { Form::Json } else { map.values().map(form).max().unwrap_or(Form::Line) }
        }
        Value::String(text) if text.trim().len() < text.len() || text.contains("</") => Form::Json,
        Value::String(text) if text.lines().any(|line| line.trim_start().starts_with('<')) => Form::Json,
        Value::String(text) if text.contains(['\n', '<']) => Form::Lines,
        _ => Form::Line,
    }
}

/// Appends an element; `end` is what follows a tag.
fn write(name: &str, key: Option<&str>, field_type: &FieldType, value: &Value, end: &str, out: &mut String) {
    let field_type = if let FieldType::Alias(_, inner) = field_type { inner } else { field_type };
    let optional = field_type.is_optional();
    out.extend(["<", name]);
    if let Some(key) = key {
        out.push_str(" key=");
        quote(key, out);
    }
    match value {
        Value::Null => return out.push_str(" />"),
        Value::Array(items) if items.is_empty() && !optional => return out.push_str(" />"),
        _ => out.push('>'),
    }
    let inner = not_none(field_type);
    let start = out.len();
    match value {
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                out.push_str(end);
                write("item", None, item_type(inner, i), item, end, out);
            }
        }
        Value::Object(map) => {
            for (key, value) in map {
                out.push_str(end);
                let field_type = value_type(inner, key);
                if is_name(key) {
                    write(key, None, field_type, value, end, out);
                } else {
                    write("entry", Some(key), field_type, value, end, out);
                }
            }
        }
        Value::String(text) if text.is_empty() => {}
        Value::String(text) => out.extend([end, text]),
        single => out.extend([end, &repr(single)]),
    }
    if out.len() > start {
        out.push_str(end);
    }
    out.extend(["</", name, ">"]);
}

/// The type of the item with this index in a list of this type.
fn item_type(field_type: &FieldType, index: usize) -> &FieldType {
    match field_type {
        FieldType::List(inner) | FieldType::Set(inner) => inner.as_deref(),
        FieldType::TupleOf(inner) => Some(&**inner),
        FieldType::Tuple(types) => types.as_ref().and_then(|types| types.get(index)),
        _ => None,
    }
    .unwrap_or(&FieldType::Any)
}

/// The type of the value with this key in a dict or an object of this type.
fn value_type<'a>(field_type: &'a FieldType, key: &str) -> &'a FieldType {
    match field_type {
        FieldType::Dict(Some(pair)) => &pair.1,
        FieldType::Object(class) => {
            let field = class.fields.iter().find(|field| field.name == key);
            field.map_or(&FieldType::Any, |field| &field.field_type)
        }
        _ => &FieldType::Any,
    }
}

/// Whether a key can be the name of an element. Others are attributes of an `<entry>`.
fn is_name(key: &str) -> bool {
    let letter = |c: char| c == '_' || c.is_alphabetic();
    key.starts_with(letter) && key.chars().all(|c| letter(c) || c.is_alphanumeric() || matches!(c, '-' | '.'))
}

/// Appends an attribute's value in quotes.
fn quote(text: &str, out: &mut String) {
    let mark = if text.contains('"') && !text.contains('\'') { '\'' } else { '"' };
    out.push(mark);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\n' => out.push_str("&#10;"),
            '\r' => out.push_str("&#13;"),
            '\t' => out.push_str("&#9;"),
            '"' if mark == '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out.push(mark);
}
