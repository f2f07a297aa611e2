//! Values as the text of an answer, and the faults that spoil its form.

use super::generate::{Generator, text_of};
use super::prompt::{AnswerForm, PromptField};
use crate::fault::FaultKind;
use serde_json::{Map, Value, json};

/// The answer's text, spoilt by the fault if that is one of form.
pub(super) fn write(
    form: AnswerForm,
    fields: &[PromptField],
    mut values: Vec<Value>,
    fault: Option<FaultKind>,
) -> String {
    let mut names: Vec<String> = fields.iter().map(|field| field.name.clone()).collect();
    let each = || fields.iter().map(|field| (Generator::new(&field.definitions), &field.schema));
    match fault {
        Some(FaultKind::MissingField) => drop(names.pop()),
        Some(FaultKind::WrongType) => {
            let text = json!("quite a few, I should think");
            for ((generator, schema), value) in each().zip(&mut values) {
                // A field that takes this text as it is has no wrong type.
                if generator.fit(&text, schema).as_ref() != Some(&text) {
                    *value = text.clone();
                }
            }
        }
        Some(FaultKind::NotInEnum) => {
            for ((generator, schema), value) in each().zip(&mut values) {
                if generator.is_enum(schema) {
                    *value = "none of these".into();
                }
            }
        }
        Some(FaultKind::MisspeltMarker) => {
            for name in &mut names {
                name.push(name.chars().last().unwrap_or('x'));
            }
        }
        Some(FaultKind::MarkerInside) => marker_inside(form, fields, &mut values),
        _ => {}
    }
    let text = in_form(form, &names, &values);
    match fault {
        Some(FaultKind::Garbled) => garbled(&text),
        Some(FaultKind::FencedJson) => {
            let language = if form == AnswerForm::Json { "json" } else { "" };
            format!("```{language}\n{text}\n```")
        }
        Some(FaultKind::ProseAround) => {
            format!("Sure! Here is what you asked for:\n\n{text}\n\nLet me know if there is anything else.")
        }
        _ => text,
    }
}

fn in_form(form: AnswerForm, names: &[String], values: &[Value]) -> String {
    let pairs = names.iter().zip(values);
    let object = || -> Map<String, Value> { names.iter().cloned().zip(values.iter().cloned()).collect() };
    match form {
        AnswerForm::Plain => values.first().map_or(String::new(), in_prompt),
        AnswerForm::Markers => {
            let field = |(name, value)| format!("[[ ## {name} ## ]]\n{}", in_prompt(value));
            let end = "[[ ## completed ## ]]".to_owned();
            pairs.map(field).chain([end]).collect::<Vec<_>>().join("\n\n")
        }
        AnswerForm::Json => serde_json::to_string_pretty(&object()).unwrap_or_default(),
        AnswerForm::Arguments => Value::Object(object()).to_string(),
        AnswerForm::Xml => {
            let field = |(name, value)| format!("<{name}>\n{}\n</{name}>", in_prompt(value));
            pairs.map(field).collect::<Vec<_>>().join("\n\n")
        }
    }
}

/// A value as Python prints it in a prompt.
fn in_prompt(value: &Value) -> String {
    match value {
        Value::Null => "None".into(),
        Value::Bool(true) => "True".into(),
        Value::Bool(false) => "False".into(),
        other => text_of(other),
    }
}

fn marker_inside(form: AnswerForm, fields: &[PromptField], values: &mut [Value]) {
    let quoted = match form {
        AnswerForm::Json | AnswerForm::Arguments => r#" In JSON one would write {"answer": "so"}."#,
        AnswerForm::Xml => " In markup one would write <b>so</b>.",
        AnswerForm::Markers | AnswerForm::Plain => {
            " Fields begin with [[ ## name ## ]] and end with [[ ## completed ## ]], by the way."
        }
    };
    let text = fields.iter().zip(values).find(|(field, _)| field.schema["type"] == "string");
    if let Some((_, Value::String(text))) = text {
        text.push_str(quoted);
    }
}

/// Every letter moved on by thirteen places, and `~` for every sign that a parser looks for.
fn garbled(text: &str) -> String {
    let turn = |c: char| match c {
        'a'..='m' | 'A'..='M' => char::from(c as u8 + 13),
        'n'..='z' | 'N'..='Z' => char::from(c as u8 - 13),
        '[' | ']' | '{' | '}' | '<' | '>' | '"' | '#' => '~',
        c => c,
    };
    text.chars().map(turn).collect()
}
