//! What a conversation asks for: which output fields, of which types, written how. Reads the
//! format that DSPy's adapters write, ours and the original's, and leaves its prose alone.

use super::shape::Shape;
use crate::simulator::catalogue::Model;
use crate::simulator::chat::{Ask, Format, Message};
use serde_json::Value;

/// How fields are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// No fields: plain text.
    Plain,
    /// `[[ ## name ## ]]`
    Markers,
    /// One JSON object.
    Json,
    /// `<name>…</name>`
    Xml,
}

/// An output field.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Field {
    pub name: String,
    pub shape: Shape,
    /// Its description and constraints.
    pub note: String,
}

/// A conversation's question.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Asked {
    pub style: Style,
    pub outputs: Vec<Field>,
    /// Names and values of the inputs of the last turn.
    pub inputs: Vec<(String, String)>,
    /// All system messages.
    pub task: String,
}

impl Asked {
    pub(super) fn read(ask: &Ask, model: &Model) -> Self {
        let task = system(&ask.messages);
        let format = ask.format.as_ref().filter(|_| model.structured);
        let last = last_user(&ask.messages);
        let (mut given, mut outputs) = lists(&task);
        // One list alone, under a heading that does not say: the outputs are those that the reminder names.
        if outputs.is_empty() && given.iter().any(|field| last_paragraph(last).contains(&field.name)) {
            outputs = std::mem::take(&mut given);
        }
        for field in &mut outputs {
            if field.shape == Shape::Any
                && let Some(shape) = schema_note(&task, &field.name)
            {
                field.shape = shape;
            }
        }
        if outputs.is_empty() {
            outputs = reminded(last);
        }
        let mut style = style(last, &task, &outputs);
        if let Some(format) = format {
            style = Style::Json;
            if outputs.is_empty() {
                outputs = demanded(format);
            }
        }
        let inputs = inputs(&ask.messages, &given, &outputs);
        if outputs.is_empty() {
            style = Style::Plain;
        }
        Self { style, outputs, inputs, task }
    }

    /// All input values.
    pub(super) fn text(&self) -> String {
        self.inputs.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>().join("\n")
    }
}

fn system(messages: &[Message]) -> String {
    let system = messages.iter().filter(|m| matches!(m.role.as_str(), "system" | "developer"));
    system.map(|m| m.text.as_str()).collect::<Vec<_>>().join("\n\n")
}

fn last_user(messages: &[Message]) -> &str {
    messages.iter().rev().find(|m| m.role == "user").map_or("", |m| m.text.as_str())
}

/// The numbered lists ``1. `name` (type): note`` of a system message: inputs, then outputs.
/// A heading that names one of them decides; otherwise the first list is the inputs.
fn lists(task: &str) -> (Vec<Field>, Vec<Field>) {
    let (mut inputs, mut outputs) = (Vec::new(), Vec::<Field>::new());
    let (mut to_outputs, mut open) = (false, false);
    for line in task.lines() {
        if let Some((number, field)) = item(line) {
            if number == 1 && open {
                to_outputs = true;
            }
            open = true;
            if to_outputs { &mut outputs } else { &mut inputs }.push(field);
            continue;
        }
        let heading = line.to_lowercase();
        let (says_in, says_out) = (heading.contains("input"), heading.contains("output"));
        if line.trim_end().ends_with(':') && says_in != says_out {
            (to_outputs, open) = (says_out, false);
        } else if line.trim_start().starts_with(['[', '<', '{']) {
            // The lists are over: the shape of an exchange follows.
            break;
        } else if open
            && to_outputs
            && let Some(field) = outputs.last_mut()
        {
            field.note.push('\n');
            field.note.push_str(line.trim());
        }
    }
    (inputs, outputs)
}

fn item(line: &str) -> Option<(u32, Field)> {
    let (number, rest) = line.trim_start().split_once(". `")?;
    let number = number.parse().ok()?;
    let (name, rest) = rest.split_once('`')?;
    let rest = rest.trim_start();
    let (shape, note) = match rest.strip_prefix('(').and_then(|rest| Some((rest, closing(rest)?))) {
        Some((rest, end)) => (Shape::of_python(&rest[..end]), &rest[end + 1..]),
        None => (Shape::Text, rest),
    };
    let note = note.trim_start_matches([':', ' ']).to_owned();
    Some((number, Field { name: name.to_owned(), shape, note }))
}

/// Where the parenthesis that is already open closes; those in quotes do not count.
fn closing(text: &str) -> Option<usize> {
    let (mut depth, mut quote) = (1, None);
    for (i, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None, '(') => depth += 1,
            (None, ')') => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(i);
        }
    }
    None
}

/// The JSON schema that the shape of an exchange notes beside a field's placeholder.
fn schema_note(task: &str, name: &str) -> Option<Shape> {
    let placeholder = format!("{{{name}}}");
    let line = task.lines().find(|line| line.contains(&placeholder) && line.to_lowercase().contains("schema"))?;
    let after = &line[line.find(&placeholder)? + placeholder.len()..];
    let json = &after[after.find('{')?..];
    let read = |text: &str| serde_json::Deserializer::from_str(text).into_iter::<Value>().next()?.ok();
    let schema = read(json).or_else(|| read(&json.replace("\\\"", "\"")))?;
    Some(Shape::of_schema(&schema, &schema))
}

/// The fields that a reminder names, where no list does.
fn reminded(text: &str) -> Vec<Field> {
    let reminder = last_paragraph(text);
    let mut fields = Vec::new();
    for part in reminder.split("[[ ## ").skip(1) {
        let Some((name, rest)) = part.split_once(" ## ]]") else { continue };
        let kind = rest.split_once("Python ").map(|(_, kind)| kind.split(')').next().unwrap_or_default());
        if name != "completed" && !fields.iter().any(|field: &Field| field.name == name) {
            let shape = kind.map_or(Shape::Text, Shape::of_python);
            fields.push(Field { name: name.to_owned(), shape, note: String::new() });
        }
    }
    fields
}

/// The fields that `response_format` demands.
fn demanded(format: &Format) -> Vec<Field> {
    let answer = || vec![Field { name: "answer".to_owned(), shape: Shape::Text, note: String::new() }];
    let Format::Schema(schema) = format else { return answer() };
    let Shape::Object(properties) = Shape::of_schema(schema, schema) else { return answer() };
    properties.into_iter().map(|(name, shape)| Field { name, shape, note: String::new() }).collect()
}

fn last_paragraph(text: &str) -> &str {
    let text = text.trim_end();
    text.rfind("\n\n").map_or(text, |at| &text[at + 2..])
}

fn style(last: &str, task: &str, outputs: &[Field]) -> Style {
    let marker = |text: &str| outputs.iter().any(|field| text.contains(&format!("[[ ## {} ## ]]", field.name)));
    let tag = |text: &str| outputs.iter().any(|field| text.contains(&format!("<{}>", field.name)));
    let json = |text: &str| text.contains("JSON");
    let reminder = last_paragraph(last);
    // The reminder decides; where it names nothing, the system message does.
    if marker(reminder) {
        Style::Markers
    } else if json(reminder) {
        Style::Json
    } else if tag(reminder) {
        Style::Xml
    } else if marker(task) {
        Style::Markers
    } else if tag(task) {
        Style::Xml
    } else if json(task) {
        Style::Json
    } else {
        Style::Markers
    }
}

/// The values of the last turn that has any: after a repair turn that is not the last message.
fn inputs(messages: &[Message], given: &[Field], outputs: &[Field]) -> Vec<(String, String)> {
    let users = messages.iter().rev().filter(|m| m.role == "user");
    let found = users.map(|m| values(&m.text, given, outputs)).find(|values| !values.is_empty());
    found.unwrap_or_else(|| {
        let text = without_reminder(last_user(messages), outputs);
        if text.is_empty() { Vec::new() } else { vec![("question".to_owned(), text.to_owned())] }
    })
}

/// A message without its last paragraph, if that names an output.
fn without_reminder<'a>(text: &'a str, outputs: &[Field]) -> &'a str {
    let text = text.trim_end();
    let reminder = last_paragraph(text);
    let reminds = |field: &Field| {
        let name = &field.name;
        [format!("`{name}`"), format!("## {name} ##"), format!("<{name}>")].iter().any(|form| reminder.contains(form))
    };
    let kept = if outputs.iter().any(reminds) { text.len() - reminder.len() } else { text.len() };
    text[..kept].trim_end()
}

fn values(text: &str, given: &[Field], outputs: &[Field]) -> Vec<(String, String)> {
    let text = without_reminder(text, outputs);
    let mut values = Vec::<(String, String)>::new();
    for line in text.lines() {
        let marker = line.strip_prefix("[[ ## ").and_then(|rest| rest.split_once(" ## ]]"));
        if let Some((name, rest)) = marker {
            values.push((name.to_owned(), rest.trim_start().to_owned()));
        } else if let Some((_, value)) = values.last_mut() {
            value.push('\n');
            value.push_str(line);
        }
    }
    if values.is_empty() {
        for name in given.iter().map(|field| &field.name) {
            let open = format!("<{name}>");
            let inner = text.split_once(&open).and_then(|(_, rest)| rest.split_once(&format!("</{name}>")));
            if let Some((value, _)) = inner {
                values.push((name.clone(), value.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")));
            }
        }
    }
    values.retain(|(name, _)| !outputs.iter().any(|field| field.name == *name) && name != "completed");
    for (_, value) in &mut values {
        *value = value.trim().to_owned();
    }
    values
}
