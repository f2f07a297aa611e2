//! A value as text in a message, in the form that DSPy 3.4.1 gives it.

use super::python_text::{json_text, repr};
use super::types::FieldType;
use serde_json::Value;

/// A value as it stands in a message: text as it is, Python's words for single values, JSON for the rest. A list
/// for a field of text becomes numbered items, each in its quotes.
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

/// An item between `«` and `»`, or, if it has lines or such quotes of its own, indented between three of each.
fn quoted(item: &Value) -> String {
    let text = item.as_str().map_or_else(|| json_text(item), str::to_owned);
    if !text.contains(['\n', '«', '»']) {
        return format!("«{text}»");
    }
    format!("«««\n    {}\n»»»", text.replace('\n', "\n    "))
}
