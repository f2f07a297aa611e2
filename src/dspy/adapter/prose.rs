//! The text of the messages. Markers, order and values are those of DSPy; the sentences are ours.

use super::super::python_text::{json_text, repr};
use super::super::signature::{Field, Signature};
use super::super::types::FieldType;
use super::super::{Adapter, ParseFailure, Problem, Values};
use super::schema::schema;
use super::xml;
use serde_json::{Map, Value};
use std::fmt::Write;

/// Stands before an incomplete demo.
pub(super) const INCOMPLETE: &str = "An example in which some fields are left out.";
/// Stands for an output that a demo does not have.
pub(super) const ABSENT: &str = "Left out of this example.";

/// How values with elements are written, for the XML adapter.
const ELEMENTS: &str = "A list has one <item> for each item, an object one element for each field. A dict has one \
    element for each key, or <entry key=\"...\"> for a key that is no name. Text stands between the tags as it is, without escapes.";

const COMPLETED: &str = "[[ ## completed ## ]]";

/// The system message: the fields, the format of an exchange, the task.
pub(super) fn system(adapter: Adapter, signature: &Signature) -> String {
    let mut out = String::with_capacity(1024);
    if !signature.inputs.is_empty() {
        out.push_str("You are given these fields:\n");
        list(&signature.inputs, &mut out);
        out.push('\n');
    }
    out.push_str("You answer with these fields:\n");
    list(&signature.outputs, &mut out);
    out.push_str("\nAn exchange looks like this, each name in braces standing for its value.\n\n");
    for field in &signature.inputs {
        block(adapter, field, &placeholder(field), &mut out);
    }
    if adapter == Adapter::Json {
        let outputs = signature.outputs.iter().map(|field| (field.name.clone(), noted(field).into()));
        out.push_str("The answer is one JSON object:\n\n");
        out.push_str(&pretty(outputs.collect()));
    } else {
        for field in &signature.outputs {
            if is_nested(adapter, field) {
                out.extend([&xml::skeleton(&field.name, &field.field_type), "\n\n"]);
            } else {
                block(adapter, field, &noted(field), &mut out);
            }
        }
        let nested = signature.outputs.iter().any(|field| is_nested(adapter, field));
        out.push_str(match adapter {
            Adapter::Chat => COMPLETED,
            _ if nested => ELEMENTS,
            _ => "",
        });
        // The elements show no types.
        for field in signature.outputs.iter().filter(|field| is_nested(adapter, field) && field.field_type.has_class())
        {
            let _ = write!(
                out,
                "\nThe values in `<{}>` fit this schema: {}",
                field.name,
                json_text(&schema(&field.field_type))
            );
        }
    }
    out.truncate(out.trim_end().len());
    out.push_str("\n\nThe task:");
    for line in signature.task().lines() {
        out.push_str("\n    ");
        out.push_str(line);
    }
    out
}

/// Whether the values of an output are written as XML elements.
fn is_nested(adapter: Adapter, output: &Field) -> bool {
    adapter == Adapter::Xml && xml::is_nested(&output.field_type)
}

/// The placeholder for a value in the format: `{name}`.
fn placeholder(field: &Field) -> String {
    ["{", &field.name, "}"].concat()
}

/// The placeholder with a note on the values that are accepted.
fn noted(field: &Field) -> String {
    match note(&field.field_type) {
        Some(note) => format!("{{{}}}        # {note}", field.name),
        None => placeholder(field),
    }
}

/// Appends the fields as a numbered list with type, description and constraints.
fn list(fields: &[Field], out: &mut String) {
    for (i, field) in fields.iter().enumerate() {
        let _ = write!(out, "{}. `{}` ({}):", i + 1, field.name, field.field_type);
        // DSPy sets the description of a field without one to `${name}`.
        if let Some(description) =
            field.description.as_deref().filter(|text| *text != ["$", &placeholder(field)].concat())
        {
            out.extend([" ", description]);
        }
        if let Some(constraints) = &field.constraints {
            out.extend(["\nConstraints: ", constraints]);
        }
        out.push('\n');
    }
}

/// A note on the values that an output accepts; nothing for plain text.
fn note(field_type: &FieldType) -> Option<String> {
    Some(match field_type {
        FieldType::Str => return None,
        FieldType::Named(name) if name.starts_with("dspy.Code") => "the code in a fence, ```".to_owned(),
        FieldType::Int | FieldType::Float => format!("one {field_type} and nothing else"),
        FieldType::Bool => "True or False".to_owned(),
        FieldType::Literal(values) => one_of(values.iter()),
        FieldType::Enum(class) => one_of(class.values()),
        field_type => format!("JSON that fits this schema: {}", json_text(&schema(field_type))),
    })
}

fn one_of<'a>(values: impl Iterator<Item = &'a Value>) -> String {
    let one = |value: &Value| value.as_str().map_or_else(|| repr(value), str::to_owned);
    format!("exactly one of: {}", values.map(one).collect::<Vec<_>>().join("; "))
}

/// Appends a field: its value after a marker or between tags, then a blank line.
fn block(adapter: Adapter, field: &Field, value: &str, out: &mut String) {
    let name = field.name.as_str();
    match adapter {
        Adapter::Xml => out.extend(["<", name, ">\n", value, "\n</", name, ">\n\n"]),
        _ => out.extend(["[[ ## ", name, " ## ]]\n", value, "\n\n"]),
    }
}

/// The inputs that have a value.
pub(super) fn inputs(adapter: Adapter, signature: &Signature, values: &Values) -> String {
    let mut out = String::with_capacity(256);
    for field in &signature.inputs {
        if let Some(value) = values.get(&field.name) {
            block(adapter, field, &field.render(value), &mut out);
        }
    }
    out.truncate(out.trim_end_matches('\n').len());
    out
}

/// A user message: the inputs and a reminder of the format.
pub(super) fn user(adapter: Adapter, signature: &Signature, values: &Values) -> String {
    let mut out = inputs(adapter, signature, values);
    if !out.is_empty() {
        out.push_str("\n\n");
    }
    reminder(adapter, signature, &mut out);
    out
}

/// An assistant message: the outputs that have a value; the others have the text `absent`, if it is given.
pub(super) fn answer(adapter: Adapter, signature: &Signature, values: &Values, absent: Option<&str>) -> String {
    let missing = absent.map(Value::from);
    let present =
        signature.outputs.iter().filter_map(|field| Some((field, values.get(&field.name).or(missing.as_ref())?)));
    if adapter == Adapter::Json {
        return pretty(present.map(|(field, value)| (field.name.clone(), value.clone())).collect());
    }
    let mut out = String::new();
    for (field, value) in present {
        let nested = is_nested(adapter, field) && (value.is_array() || value.is_object());
        let null = adapter == Adapter::Xml && value.is_null() && field.field_type.is_optional();
        if nested || null {
            out.extend([&xml::element(&field.name, &field.field_type, value), "\n\n"]);
        } else {
            block(adapter, field, &field.render(value), &mut out);
        }
    }
    if adapter == Adapter::Chat {
        out.extend([COMPLETED, "\n"]);
    } else {
        out.truncate(out.trim_end().len());
    }
    out
}

/// JSON on several lines.
fn pretty(map: Map<String, Value>) -> String {
    serde_json::to_string_pretty(&Value::Object(map)).unwrap_or_default()
}

/// Appends the names of the outputs in order, with the type of each that is not plain text.
fn reminder(adapter: Adapter, signature: &Signature, out: &mut String) {
    out.push_str(match adapter {
        Adapter::Chat => "Answer with ",
        Adapter::Json => "Answer with one JSON object and nothing else, its keys in this order: ",
        Adapter::Xml => "Answer with each field between its tags: ",
    });
    for (i, field) in signature.outputs.iter().enumerate() {
        out.push_str(if i > 0 { ", then " } else { "" });
        match adapter {
            Adapter::Chat => out.extend(["`[[ ## ", &field.name, " ## ]]`"]),
            Adapter::Json => out.extend(["`", &field.name, "`"]),
            Adapter::Xml => out.extend(["`<", &field.name, ">`"]),
        }
        if field.field_type != FieldType::Str && !is_nested(adapter, field) {
            let _ = write!(out, " (a Python {})", field.field_type);
        }
    }
    if adapter == Adapter::Chat {
        out.extend([", and end with `", COMPLETED, "`"]);
    }
    out.push('.');
    for (i, field) in signature.outputs.iter().filter(|field| is_nested(adapter, field)).enumerate() {
        out.push_str(if i == 0 { " The elements inside: " } else { " " });
        out.push_str(&xml::skeleton(&field.name, &field.field_type));
    }
}

/// The user message that asks for a corrected answer.
pub(super) fn repair(adapter: Adapter, signature: &Signature, failure: &ParseFailure) -> String {
    let mut out = "That answer cannot be read:\n".to_owned();
    for problem in &failure.problems {
        let Problem { field, path, expected, got } = problem;
        let _ = writeln!(out, "- `{field}{path}` should be {expected}, but there was {got}.");
    }
    out.push_str("\nWrite the whole answer again, with the same meaning. ");
    reminder(adapter, signature, &mut out);
    out
}
