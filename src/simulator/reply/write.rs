//! Values to the text of an answer, and the ways in which its form can be wrong.

use super::Reply;
use super::asked::{Field, Style};
use super::shape::Shape;
use crate::fault::FaultKind;
use serde_json::{Map, Value};

/// The answer's text in its style, spoilt by a fault.
pub(super) fn answer(style: Style, fields: &[Field], mut values: Vec<Value>, kind: Option<FaultKind>) -> Reply {
    let mut names: Vec<String> = fields.iter().map(|field| field.name.clone()).collect();
    match kind {
        Some(FaultKind::MissingField) => {
            names.pop();
        }
        Some(FaultKind::WrongType) => {
            for (field, value) in fields.iter().zip(&mut values) {
                wrong_type(&field.shape, value);
            }
        }
        Some(FaultKind::NotInEnum) => {
            for (field, value) in fields.iter().zip(&mut values) {
                if matches!(field.shape, Shape::Literal(_)) {
                    *value = "none of these".into();
                }
            }
        }
        Some(FaultKind::MisspeltMarker) => {
            for name in &mut names {
                name.push(name.chars().last().unwrap_or('x'));
            }
        }
        Some(FaultKind::MarkerInside) => marker_inside(style, fields, &mut values),
        _ => {}
    }
    let text = write(style, &names, &values);
    let content = match kind {
        Some(FaultKind::Garbled) => garbled(&text),
        Some(FaultKind::FencedJson) => {
            let language = if style == Style::Json { "json" } else { "" };
            format!("```{language}\n{text}\n```")
        }
        Some(FaultKind::ProseAround) => {
            format!("Sure! Here is what you asked for:\n\n{text}\n\nLet me know if there is anything else.")
        }
        Some(FaultKind::JsonInReasoning) => return Reply { reasoning: text, content: String::new() },
        _ => text,
    };
    Reply { reasoning: String::new(), content }
}

fn write(style: Style, names: &[String], values: &[Value]) -> String {
    let pairs = names.iter().zip(values);
    match style {
        Style::Plain => values.first().map_or(String::new(), text_of),
        Style::Markers => {
            let mut fields: Vec<String> =
                pairs.map(|(name, value)| format!("[[ ## {name} ## ]]\n{}", text_of(value))).collect();
            fields.push("[[ ## completed ## ]]".to_owned());
            fields.join("\n\n")
        }
        Style::Json => {
            let object: Map<String, Value> = pairs.map(|(name, value)| (name.clone(), value.clone())).collect();
            serde_json::to_string_pretty(&object).unwrap_or_default()
        }
        Style::Xml => {
            let fields: Vec<String> =
                pairs.map(|(name, value)| format!("<{name}>\n{}\n</{name}>", text_of(value))).collect();
            fields.join("\n\n")
        }
    }
}

/// A value as Python would print it in a prompt.
fn text_of(value: &Value) -> String {
    match value {
        Value::Null => "None".into(),
        Value::Bool(true) => "True".into(),
        Value::Bool(false) => "False".into(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn wrong_type(shape: &Shape, value: &mut Value) {
    let allows_text = |member: &Shape| matches!(member, Shape::Text | Shape::Any);
    let takes_anything = match shape {
        Shape::Union(members) => members.iter().any(allows_text),
        shape => allows_text(shape),
    };
    if !takes_anything {
        *value = "quite a few, I should think".into();
    }
}

fn marker_inside(style: Style, fields: &[Field], values: &mut [Value]) {
    let quoted = match style {
        Style::Json => r#" In JSON one would write {"answer": "so"}."#,
        Style::Xml => " In markup one would write <b>so</b>.",
        Style::Markers | Style::Plain => {
            " Fields begin with [[ ## name ## ]] and end with [[ ## completed ## ]], by the way."
        }
    };
    let text = fields.iter().zip(values).find(|(field, _)| field.shape == Shape::Text);
    if let Some((_, Value::String(text))) = text {
        text.push_str(quoted);
    }
}

/// Every letter thirteen places on, and no mark or brace in its place.
fn garbled(text: &str) -> String {
    let turn = |c: char| match c {
        'a'..='m' | 'A'..='M' => char::from(c as u8 + 13),
        'n'..='z' | 'N'..='Z' => char::from(c as u8 - 13),
        '[' | ']' | '{' | '}' | '<' | '>' | '"' | '#' => '~',
        c => c,
    };
    text.chars().map(turn).collect()
}
