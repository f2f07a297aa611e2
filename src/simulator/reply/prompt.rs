//! A conversation as the task that it states: the output fields with their types, the inputs, and the form of the
//! answer. Reads the prompts of DSPy's adapters (3.4 and 3.5) and of this program's; their prose is not looked at.

use super::generate::text_of;
use super::schema::{self, split_outside};
use super::skeleton;
use crate::simulator::chat::{PromptMessage, ResponseFormat};
use serde_json::{Map, Value, json};

/// The form of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AnswerForm {
    /// Text without fields.
    Plain,
    /// `[[ ## name ## ]]`
    Markers,
    /// One JSON object.
    Json,
    /// `<name>…</name>`
    Xml,
    /// The arguments of a tool: a JSON object in one line.
    Arguments,
}

/// An output field.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct PromptField {
    pub name: String,
    pub schema: Value,
    /// The document that the schema's `$ref`s point into.
    pub definitions: Value,
}

/// A task, read from a conversation.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ParsedPrompt {
    pub form: AnswerForm,
    pub outputs: Vec<PromptField>,
    /// Names and values of the inputs of the last turn.
    pub inputs: Vec<(String, String)>,
}

impl PromptField {
    /// A field of a Python type; `str` if there is none.
    fn of_type(name: &str, kind: Option<&str>) -> Self {
        let schema = schema::of_python_type(kind.unwrap_or("str"));
        Self { name: name.to_owned(), schema, definitions: Value::Null }
    }
}

impl ParsedPrompt {
    /// Reads a conversation; `format` is the `response_format`, if the model understands it.
    pub(super) fn read(messages: &[PromptMessage], format: Option<&ResponseFormat>) -> Self {
        let system = system(messages);
        let reminder = last_paragraph(last_user(messages));
        let (mut given, mut outputs) = field_lists(&system);
        // One list alone, under a heading that does not say: the outputs are those that the reminder names.
        if outputs.is_empty() && given.iter().any(|field| reminder.contains(&field.name)) {
            outputs = std::mem::take(&mut given);
        }
        for field in &mut outputs {
            if let Some(schema) = noted_schema(&system, field) {
                field.definitions = schema.clone();
                field.schema = schema;
            }
        }
        if outputs.is_empty() {
            outputs = reminded_fields(reminder);
        }
        let mut form = form(reminder, &system, &outputs);
        if let Some(format) = format {
            form = AnswerForm::Json;
            if outputs.is_empty() {
                outputs = demanded_fields(format, messages);
            }
        }
        if outputs.is_empty() {
            form = AnswerForm::Plain;
        }
        let inputs = inputs(messages, &given, &outputs);
        Self { form, outputs, inputs }
    }

    /// The task of filling in a tool's parameters.
    pub(super) fn of_tool(parameters: &Value) -> Self {
        Self { form: AnswerForm::Arguments, outputs: properties(parameters), inputs: Vec::new() }
    }

    /// What the inputs ask, as it is quoted in an answer: one line of at most 80 characters, without signs that
    /// would end a field in XML.
    pub(super) fn question(&self) -> String {
        let question = self.inputs.iter().find(|(name, _)| name == "question").or(self.inputs.first());
        let text = question.map_or("", |(_, text)| text.as_str());
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ").replace('<', "‹").replace('&', "＆");
        if line.chars().count() <= 80 { line } else { line.chars().take(79).chain(['…']).collect() }
    }
}

/// The fields of an object's schema.
fn properties(schema: &Value) -> Vec<PromptField> {
    let field = |(name, one): (&String, &Value)| PromptField {
        name: name.clone(),
        schema: one.clone(),
        definitions: schema.clone(),
    };
    schema["properties"].as_object().into_iter().flatten().map(field).collect()
}

fn system(messages: &[PromptMessage]) -> String {
    let system = messages.iter().filter(|m| matches!(m.role.as_str(), "system" | "developer"));
    system.map(|m| m.text.as_str()).collect::<Vec<_>>().join("\n\n")
}

fn last_user(messages: &[PromptMessage]) -> &str {
    messages.iter().rev().find(|m| m.role == "user").map_or("", |m| m.text.as_str())
}

fn last_paragraph(text: &str) -> &str {
    let text = text.trim_end();
    text.rfind("\n\n").map_or(text, |at| &text[at + 2..])
}

/// The numbered lists ``1. `name` (type): description`` of a system message: inputs, then outputs.
/// A heading that names one of them decides; otherwise the first list is the inputs.
fn field_lists(system: &str) -> (Vec<PromptField>, Vec<PromptField>) {
    let (mut inputs, mut outputs) = (Vec::new(), Vec::<PromptField>::new());
    let (mut to_outputs, mut open) = (false, false);
    for line in system.lines() {
        if let Some((number, field)) = list_item(line) {
            to_outputs |= number == 1 && open;
            open = true;
            if to_outputs { &mut outputs } else { &mut inputs }.push(field);
            continue;
        }
        let heading = line.to_lowercase();
        let (says_in, says_out) = (heading.contains("input"), heading.contains("output"));
        let tag = |field: &PromptField| line.starts_with(&format!("<{}>", field.name));
        if line.trim_end().ends_with(':') && says_in != says_out {
            (to_outputs, open) = (says_out, false);
        } else if line.starts_with("[[ ## ") || line == "{" || inputs.iter().chain(&outputs).any(tag) {
            // The shape of an exchange follows.
            break;
        } else if to_outputs && let Some(field) = outputs.last_mut() {
            constrain(&mut field.schema, line);
        }
    }
    (inputs, outputs)
}

fn list_item(line: &str) -> Option<(u32, PromptField)> {
    let (number, rest) = line.trim_start().split_once(". `")?;
    let number = number.parse().ok()?;
    let (name, rest) = rest.split_once('`')?;
    let kind = rest.trim_start().strip_prefix('(').and_then(|rest| Some(split_outside(rest, ')')?.0));
    let mut field = PromptField::of_type(name, kind);
    constrain(&mut field.schema, rest);
    Some((number, field))
}

/// Adds the bounds that DSPy writes under a field, such as `Constraints: less than or equal to: 4`.
fn constrain(schema: &mut Value, line: &str) {
    const BOUNDS: [(&str, &str); 7] = [
        ("greater than or equal to:", "minimum"),
        ("greater than:", "exclusiveMinimum"),
        ("less than or equal to:", "maximum"),
        ("less than:", "exclusiveMaximum"),
        ("multiple of the given number:", "multipleOf"),
        ("minimum length:", "minLength"),
        ("maximum length:", "maxLength"),
    ];
    for (words, key) in BOUNDS {
        let number = line.split_once(words).and_then(|(_, rest)| rest.trim_start().split([',', ' ']).next());
        if let Some(number) = number.and_then(|number| serde_json::from_str::<serde_json::Number>(number).ok()) {
            schema[key] = number.into();
        }
    }
}

/// The schema in the note beside a field's placeholder: a JSON schema, or the options of an enum. In XML, elements may
/// stand in place of a placeholder: then the schema in a sentence about the tag, or the one that the elements show.
fn noted_schema(system: &str, field: &PromptField) -> Option<Value> {
    let placeholder = format!("{{{}}}", field.name);
    let Some(line) = system.lines().find(|line| line.contains(&placeholder)) else {
        let tag = format!("`<{}>`", field.name);
        let sentence = system.lines().find(|line| line.contains(&tag) && line.contains("schema: {"));
        let stated = sentence.and_then(|line| schema_in(line.split_once("schema: ")?.1));
        let shown = || skeleton::schema(system, &field.name).filter(|shown| shown.to_string().contains("properties"));
        return stated.or_else(shown).filter(|_| has_class(&field.schema));
    };
    // In a prompt for JSON the note is inside of a JSON string.
    let member = serde_json::from_str::<Map<String, Value>>(&format!("{{{}}}", line.trim_end_matches(',')));
    let line = member.ok().and_then(|member| member.values().next().map(text_of)).unwrap_or_else(|| line.to_owned());
    let note = &line[line.find(&placeholder)? + placeholder.len()..];
    if let Some(at) = note.find('{').filter(|_| note.to_lowercase().contains("schema")) {
        return schema_in(&note[at..]);
    }
    let (_, options) = note.split_once("one of: ").filter(|_| field.schema == schema::unknown())?;
    let option = |text: &str| serde_json::from_str(text).unwrap_or_else(|_| json!(text));
    Some(json!({ "enum": options.split("; ").map(option).collect::<Vec<_>>() }))
}

/// The JSON at the start of a text.
fn schema_in(text: &str) -> Option<Value> {
    serde_json::Deserializer::from_str(text).into_iter().next()?.ok()
}

/// Whether a type names a class somewhere.
fn has_class(schema: &Value) -> bool {
    schema.to_string().contains(&schema::unknown().to_string())
}

/// The fields that a reminder names by their markers.
fn reminded_fields(reminder: &str) -> Vec<PromptField> {
    let mut fields = Vec::<PromptField>::new();
    for part in reminder.split("[[ ## ").skip(1) {
        let Some((name, rest)) = part.split_once(" ## ]]") else { continue };
        let kind = rest.split_once("Python ").and_then(|(_, kind)| Some(split_outside(kind, ')')?.0));
        if name != "completed" && !fields.iter().any(|field| field.name == name) {
            fields.push(PromptField::of_type(name, kind));
        }
    }
    fields
}

/// The fields that `response_format` demands: those of its schema; for any object, those of the schema that the messages
/// state, as instructor writes it (1.17); `answer` where nothing demands particular ones.
fn demanded_fields(format: &ResponseFormat, messages: &[PromptMessage]) -> Vec<PromptField> {
    let any = json!({ "properties": { "answer": { "type": "string" } } });
    let stated = || messages.iter().rev().find_map(|message| stated_schema(&message.text));
    match format {
        ResponseFormat::Schema(schema) if schema["properties"].is_object() => properties(schema),
        ResponseFormat::Object => properties(&stated().unwrap_or(any)),
        ResponseFormat::Schema(_) => properties(&any),
    }
}

/// The last object in a text that is the schema of an object: what stands before it may be an example.
fn stated_schema(text: &str) -> Option<Value> {
    let (mut rest, mut found) = (text, None);
    while let Some(at) = rest.find('{') {
        rest = &rest[at..];
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
        let value = values.next();
        let end = values.byte_offset();
        if let Some(Ok(value)) = value {
            let is_schema = value["properties"].as_object().is_some_and(|it| it.values().all(Value::is_object));
            found = is_schema.then_some(value).or(found);
            rest = &rest[end..];
        } else {
            rest = &rest[1..];
        }
    }
    found
}

/// The reminder decides; where it names no field, the system message does.
fn form(reminder: &str, system: &str, outputs: &[PromptField]) -> AnswerForm {
    let named = |text: &str, open: &str, close: &str| {
        outputs.iter().any(|field| text.contains(&format!("{open}{}{close}", field.name)))
    };
    for text in [reminder, system] {
        if named(text, "[[ ## ", " ## ]]") {
            return AnswerForm::Markers;
        }
        if named(text, "<", ">") {
            return AnswerForm::Xml;
        }
        if text.contains("JSON") {
            return AnswerForm::Json;
        }
    }
    AnswerForm::Markers
}

/// The values of the last turn that has any: after a repair turn that is not the last message.
fn inputs(messages: &[PromptMessage], given: &[PromptField], outputs: &[PromptField]) -> Vec<(String, String)> {
    let users = messages.iter().rev().filter(|m| m.role == "user");
    let found = users.map(|m| input_values(&m.text, given, outputs)).find(|values| !values.is_empty());
    found.unwrap_or_else(|| {
        let text = without_reminder(last_user(messages), outputs);
        if text.is_empty() { Vec::new() } else { vec![("question".to_owned(), text.to_owned())] }
    })
}

/// A message without its last paragraph, if that names an output.
fn without_reminder<'a>(text: &'a str, outputs: &[PromptField]) -> &'a str {
    let text = text.trim_end();
    let reminder = last_paragraph(text);
    let reminds = |field: &PromptField| {
        let name = &field.name;
        [format!("`{name}`"), format!("## {name} ##"), format!("<{name}>")].iter().any(|form| reminder.contains(form))
    };
    let kept = if outputs.iter().any(reminds) { text.len() - reminder.len() } else { text.len() };
    text[..kept].trim_end()
}

fn input_values(text: &str, given: &[PromptField], outputs: &[PromptField]) -> Vec<(String, String)> {
    let text = without_reminder(text, outputs);
    let mut values = Vec::<(String, String)>::new();
    for line in text.lines() {
        let marker = line.strip_prefix("[[ ## ").and_then(|rest| rest.split_once(" ## ]]"));
        if let Some((name, rest)) = marker {
            values.push((name.to_owned(), rest.to_owned()));
        } else if let Some((_, value)) = values.last_mut() {
            value.push('\n');
            value.push_str(line);
        }
    }
    if values.is_empty() {
        let element =
            |field: &PromptField| Some((field.name.clone(), skeleton::element(text, &field.name)?.to_owned()));
        values = given.iter().filter_map(element).collect();
    }
    values.retain(|(name, _)| !outputs.iter().any(|field| field.name == *name) && name != "completed");
    values.into_iter().map(|(name, value)| (name, value.trim().to_owned())).collect()
}
