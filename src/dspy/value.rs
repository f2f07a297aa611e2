//! Writes a value as text in a message, as DSPy 3.4.1 does.

use super::python_text::{json_text, repr};
use super::types::FieldType;
use serde_json::Value;

/// The text of a value in a message: a string as it is, a single value as Python writes it, lists and dicts as JSON.
/// A list in a `str` field becomes numbered items in `«»`, or `N/A` if it is empty.
pub(super) fn render(field_type: &FieldType, value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) if *field_type == FieldType::Str => match items.as_slice() {
            [] => "N/A".to_owned(),
            [item] => quoted(item),
            items => items
                .iter()
                .enumerate()
                .map(|(i, item)| format!("[{}] {}", i + 1, quoted(item)))
                .collect::<Vec<_>>()
                .join("\n"),
        },
        Value::Array(_) | Value::Object(_) => json_text(value),
        single => repr(single),
    }
}

/// An item between `«` and `»`; if it contains those or a line end, indented between `«««` and `»»»`.
fn quoted(item: &Value) -> String {
    let text = item.as_str().map_or_else(|| json_text(item), str::to_owned);
    if !text.contains(['\n', '«', '»']) {
        return format!("«{text}»");
    }
    format!("«««\n    {}\n»»»", text.replace('\n', "\n    "))
}
