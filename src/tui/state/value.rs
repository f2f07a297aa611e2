//! Renders the JSON value of an output field into rows: lists with bullets, objects by field, several objects with the
//! same fields as a table where there is room.

use crate::tui::markdown::{TextStyle, render, table, table_width};
use crate::tui::theme::StyleRole;
use crate::tui::wrap::{RowPrefix, TextRow, wrap};
use ratatui::text::Span;
use serde_json::{Map, Value};

/// Values nested deeper than this are written as JSON.
const MAX_DEPTH: usize = 6;

/// Stands before each item of a list.
const BULLET: &str = "• ";

/// The rows of an output field's value.
pub fn rows(value: &Value, text_style: TextStyle) -> Vec<TextRow> {
    match value {
        Value::String(text) => render(text, text_style),
        other => {
            let cells = table_cells(other).filter(|cells| table_width(cells) <= usize::from(text_style.width));
            if let Some(cells) = cells {
                return table(&cells, text_style);
            }
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
            if !label.is_empty() {
                push_text("", StyleRole::Text, text_style, depth, label, rows);
            }
            let depth = depth + usize::from(!label.is_empty());
            for item in items {
                push_value(item, text_style, depth, BULLET, rows);
            }
        }
        Value::Object(fields) if depth < MAX_DEPTH => {
            if !label.is_empty() && label != BULLET {
                push_text("", StyleRole::Text, text_style, depth, label, rows);
            }
            let first = rows.len();
            let inner = depth + usize::from(!label.is_empty());
            for (name, value) in fields {
                push_value(value, text_style, inner, &format!("{name}: "), rows);
            }
            // An item that is an object begins at its bullet.
            if label == BULLET
                && let Some(indent) = rows.get_mut(first).and_then(|row| row.spans.first_mut())
            {
                *indent = Span::styled("  ".repeat(depth) + BULLET, text_style.theme.style(StyleRole::Dim));
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
    let style = if label == BULLET { StyleRole::Dim } else { StyleRole::Heading };
    let prefix = RowPrefix {
        first: vec![Span::raw(indent.clone()), Span::styled(label.to_owned(), text_style.theme.style(style))],
        rest: vec![Span::raw(indent + "  ")],
    };
    rows.extend(wrap(&[(text, text_style.theme.style(role))], usize::from(text_style.width.max(1)), &prefix));
}

/// The cells of a table with its header, if the value is a list of objects, or an object of several objects, that have
/// the same fields, at most 8, with values that a cell can hold.
fn table_cells(value: &Value) -> Option<Vec<Vec<String>>> {
    let (keys, objects): (Vec<Option<&String>>, Vec<&Value>) = match value {
        Value::Array(items) => items.iter().map(|item| (None, item)).unzip(),
        Value::Object(fields) if fields.len() > 1 => fields.iter().map(|(key, item)| (Some(key), item)).unzip(),
        _ => return None,
    };
    let objects: Vec<&Map<String, Value>> = objects.into_iter().map(Value::as_object).collect::<Option<_>>()?;
    let names: Vec<&String> = objects.first()?.keys().collect();
    if names.is_empty() || names.len() > 8 {
        return None;
    }
    let head = keys[0].map(|_| String::new()).into_iter().chain(names.iter().map(|name| (*name).clone()));
    let mut rows = vec![head.collect()];
    for (key, object) in keys.iter().zip(objects) {
        let cells = names.iter().map(|name| cell(object.get(*name)?));
        let cells = key.map(|key| Some(key.clone())).into_iter().chain(cells).collect::<Option<Vec<_>>>();
        rows.push(cells.filter(|_| object.len() == names.len())?);
    }
    Some(rows)
}

/// The text of a cell: a scalar, or a list or an object of scalars in one line.
fn cell(value: &Value) -> Option<String> {
    match value {
        Value::Array(items) => Some(items.iter().map(scalar).collect::<Option<Vec<_>>>()?.join(", ")),
        Value::Object(fields) => {
            let pairs = fields.iter().map(|(name, value)| Some(format!("{name}: {}", scalar(value)?)));
            Some(pairs.collect::<Option<Vec<_>>>()?.join(", "))
        }
        other => scalar(other),
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()).filter(|text| !text.contains('\n')),
        Value::Null => Some("none".to_owned()),
        Value::Array(_) | Value::Object(_) => None,
        other => Some(other.to_string()),
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
    fn objects_inside_of_objects_are_in_the_cells_or_under_bullets() {
        let owner = json!({"name": "Ann", "mail": null});
        let task = |title: &str, tags: Value| json!({"title": title, "owner": owner, "tags": tags});
        assert_eq!(
            lines(&json!([task("a", json!(["x", "y"])), task("b", json!([]))])),
            [
                "title │ owner                 │ tags",
                "──────┼───────────────────────┼─────",
                "a     │ name: Ann, mail: none │ x, y",
                "b     │ name: Ann, mail: none │",
            ]
        );
        assert_eq!(
            lines(&json!([task("a title that is too long for a table", json!(["x"])), task("b", json!([]))])),
            [
                "• title: a title that is too long for a",
                "    table",
                "  owner:",
                "    name: Ann",
                "    mail: none",
                "  tags:",
                "    • x",
                "• title: b",
                "  owner:",
                "    name: Ann",
                "    mail: none",
                "  tags: (empty)",
            ]
        );
        assert_eq!(
            lines(&json!({"Ann": {"age": 1, "ok": true}, "Bo": {"age": 20, "ok": false}})),
            ["    │ age │ ok", "────┼─────┼──────", "Ann │ 1   │ true", "Bo  │ 20  │ false"]
        );
        assert_eq!(
            lines(&json!({"title": "a", "owner": owner})),
            ["title: a", "owner:", "  name: Ann", "  mail: none"]
        );
        assert_eq!(lines(&json!([{"a": 1}, {"b": 2}])), ["• a: 1", "• b: 2"]);
    }

    #[test]
    fn deep_nesting_is_written_as_json() {
        let deep = (0..200).fold(json!(1), |value, _| json!([value]));
        assert!(lines(&deep).len() < 40);
    }
}
