//! Renders the JSON value of an output field into rows: lists with bullets, objects by field, lists of equal objects as
//! tables.

use crate::tui::markdown::{TextStyle, render, table};
use crate::tui::theme::StyleRole;
use crate::tui::wrap::{RowPrefix, TextRow, wrap};
use ratatui::text::Span;
use serde_json::{Map, Value};

/// Values nested deeper than this are written as JSON.
const MAX_DEPTH: usize = 6;

/// The rows of an output field's value.
pub fn rows(value: &Value, text_style: TextStyle) -> Vec<TextRow> {
    match value {
        Value::String(text) => render(text, text_style),
        other => {
            let mut rows = Vec::new();
            push_value(other, text_style, 0, "", &mut rows);
            rows
        }
    }
}

fn push_value(value: &Value, text_style: TextStyle, depth: usize, label: &str, rows: &mut Vec<TextRow>) {
    match value {
        Value::Array(items) if items.is_empty() => push_text("(empty)", StyleRole::Dim, text_style, depth, label, rows),
        Value::Object(fields) if fields.is_empty() => {
            push_text("(empty)", StyleRole::Dim, text_style, depth, label, rows);
        }
        Value::Array(items) if depth < MAX_DEPTH => {
            if let Some(cells) = table_cells(items).filter(|_| depth == 0) {
                rows.extend(table(&cells, text_style));
                return;
            }
            if !label.is_empty() {
                push_text("", StyleRole::Text, text_style, depth, label, rows);
            }
            let depth = depth + usize::from(!label.is_empty());
            for item in items {
                push_value(item, text_style, depth, "• ", rows);
            }
        }
        Value::Object(fields) if depth < MAX_DEPTH => {
            if !label.is_empty() && label != "• " {
                push_text("", StyleRole::Text, text_style, depth, label, rows);
            }
            let depth = depth + usize::from(!label.is_empty());
            for (name, value) in fields {
                push_value(value, text_style, depth, &format!("{name}: "), rows);
            }
        }
        Value::Array(_) | Value::Object(_) => {
            push_text(&value.to_string(), StyleRole::Code, text_style, depth, label, rows);
        }
        Value::String(text) => push_text(text, StyleRole::Text, text_style, depth, label, rows),
        Value::Number(number) => push_text(&number.to_string(), StyleRole::Number, text_style, depth, label, rows),
        Value::Bool(value) => {
            push_text(if *value { "✓ true" } else { "✗ false" }, StyleRole::Number, text_style, depth, label, rows);
        }
        Value::Null => push_text("none", StyleRole::Dim, text_style, depth, label, rows),
    }
}

fn push_text(text: &str, role: StyleRole, text_style: TextStyle, depth: usize, label: &str, rows: &mut Vec<TextRow>) {
    let indent = "  ".repeat(depth);
    let style = if label == "• " { StyleRole::Dim } else { StyleRole::Heading };
    let prefix = RowPrefix {
        first: vec![Span::raw(indent.clone()), Span::styled(label.to_owned(), text_style.theme.style(style))],
        rest: vec![Span::raw(indent + "  ")],
    };
    rows.extend(wrap(&[(text, text_style.theme.style(role))], usize::from(text_style.width.max(1)), &prefix));
}

/// The cells of a table with its header, if all items are objects with the same fields, at most 8 and all scalar.
fn table_cells(items: &[Value]) -> Option<Vec<Vec<String>>> {
    let objects: Vec<&Map<String, Value>> = items.iter().map(Value::as_object).collect::<Option<_>>()?;
    let names: Vec<&String> = objects.first()?.keys().collect();
    let flat = |object: &&Map<String, Value>| {
        object.len() == names.len()
            && names.iter().all(|name| object.get(*name).is_some_and(|v| !v.is_array() && !v.is_object()))
    };
    if names.is_empty() || names.len() > 8 || !objects.iter().all(flat) {
        return None;
    }
    let head = names.iter().map(|name| (*name).clone()).collect();
    let body = objects.iter().map(|object| names.iter().map(|name| scalar(&object[*name])).collect());
    Some(std::iter::once(head).chain(body).collect())
}

fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "none".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::theme::Theme;
    use serde_json::json;

    fn lines(value: &Value) -> Vec<String> {
        let text_style = TextStyle { width: 40, theme: Theme::Dark, role: StyleRole::Text };
        rows(value, text_style).iter().map(|row| row.to_string().trim_end().to_owned()).collect()
    }

    #[test]
    fn each_type_of_value_has_its_own_form() {
        assert_eq!(lines(&json!(0.5)), ["0.5"]);
        assert_eq!(lines(&json!(true)), ["✓ true"]);
        assert_eq!(lines(&json!(null)), ["none"]);
        assert_eq!(lines(&json!(["a", "b"])), ["• a", "• b"]);
        assert_eq!(lines(&json!([])), ["(empty)"]);
        assert_eq!(lines(&json!({"a": 1, "b": ["x"]})), ["a: 1", "b:", "  • x"]);
        assert_eq!(
            lines(&json!([{"n": "x", "v": 1}, {"n": "long", "v": 20}])),
            ["n    │ v", "─────┼───", "x    │ 1", "long │ 20"]
        );
    }

    #[test]
    fn deep_nesting_is_written_as_json() {
        let deep = (0..200).fold(json!(1), |value, _| json!([value]));
        assert!(lines(&deep).len() < 40);
    }
}
