//! A typed value as what it is: numbers as numbers, labels as labels, lists as lists,
//! objects as tables. Knows values and rows.

use crate::tui::markdown::{TextStyle, render, table};
use crate::tui::theme::StyleRole;
use crate::tui::wrap::{RowPrefix, TextRow, wrap};
use ratatui::text::Span;
use serde_json::{Map, Value};

/// Lists in lists are followed so deep; beyond, values are written as JSON.
const DEEP: usize = 6;

/// The rows of an output field's value.
pub fn rows(value: &Value, text_style: TextStyle) -> Vec<TextRow> {
    match value {
        Value::String(text) => render(text, text_style),
        other => {
            let mut rows = Vec::new();
            lay(other, text_style, 0, "", &mut rows);
            rows
        }
    }
}

fn lay(value: &Value, text_style: TextStyle, depth: usize, label: &str, rows: &mut Vec<TextRow>) {
    match value {
        Value::Array(items) if items.is_empty() => say("(empty)", StyleRole::Dim, text_style, depth, label, rows),
        Value::Object(fields) if fields.is_empty() => say("(empty)", StyleRole::Dim, text_style, depth, label, rows),
        Value::Array(items) if depth < DEEP => {
            if let Some(cells) = uniform(items).filter(|_| depth == 0) {
                rows.extend(table(&cells, text_style));
                return;
            }
            if !label.is_empty() {
                say("", StyleRole::Text, text_style, depth, label, rows);
            }
            let depth = depth + usize::from(!label.is_empty());
            for item in items {
                lay(item, text_style, depth, "• ", rows);
            }
        }
        Value::Object(fields) if depth < DEEP => {
            if !label.is_empty() && label != "• " {
                say("", StyleRole::Text, text_style, depth, label, rows);
            }
            let depth = depth + usize::from(!label.is_empty());
            for (name, value) in fields {
                lay(value, text_style, depth, &format!("{name}: "), rows);
            }
        }
        Value::Array(_) | Value::Object(_) => say(&value.to_string(), StyleRole::Code, text_style, depth, label, rows),
        Value::String(text) => say(text, StyleRole::Text, text_style, depth, label, rows),
        Value::Number(number) => say(&number.to_string(), StyleRole::Number, text_style, depth, label, rows),
        Value::Bool(truth) => {
            say(if *truth { "✓ true" } else { "✗ false" }, StyleRole::Number, text_style, depth, label, rows);
        }
        Value::Null => say("none", StyleRole::Dim, text_style, depth, label, rows),
    }
}

fn say(text: &str, role: StyleRole, text_style: TextStyle, depth: usize, label: &str, rows: &mut Vec<TextRow>) {
    let indent = "  ".repeat(depth);
    let style = if label == "• " { StyleRole::Dim } else { StyleRole::Heading };
    let lead = RowPrefix {
        first: vec![Span::raw(indent.clone()), Span::styled(label.to_owned(), text_style.theme.style(style))],
        rest: vec![Span::raw(indent + "  ")],
    };
    rows.extend(wrap(&[(text, text_style.theme.style(role))], usize::from(text_style.width.max(1)), &lead));
}

/// The cells of a table, if all items are objects with the same few scalar fields.
fn uniform(items: &[Value]) -> Option<Vec<Vec<String>>> {
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
    fn values_look_like_what_they_are() {
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
