//! The words of the messages. Markers, order and values as DSPy has them; the sentences are ours.

use super::super::value::{json_text, render, repr};
use super::super::{Adapter, Field, Kind, Signature, Unparsed, Values};
use super::schema::schema;
use serde_json::{Map, Value};
use std::fmt::Write;

/// Before a demo that lacks fields.
pub(super) const INCOMPLETE: &str = "An example in which some fields are left out.";
/// In place of an output that a demo lacks.
pub(super) const ABSENT: &str = "Left out of this example.";

const COMPLETED: &str = "[[ ## completed ## ]]";

/// The system message: the fields, the shape of an exchange, the task.
pub(super) fn system(adapter: Adapter, signature: &Signature) -> String {
    let mut out = String::new();
    if !signature.inputs.is_empty() {
        let _ = writeln!(out, "You are given these fields:\n{}", list(&signature.inputs));
    }
    let _ = writeln!(out, "You answer with these fields:\n{}", list(&signature.outputs));
    out.push_str("An exchange looks like this, each name in braces standing for its value.\n\n");
    let hole = |field: &Field| format!("{{{}}}", field.name);
    let noted = |field: &Field| match note(&field.kind) {
        Some(note) => format!("{}        # {note}", hole(field)),
        None => hole(field),
    };
    let inputs = signature.inputs.iter().map(|field| block(adapter, field, &hole(field)));
    out.push_str(&inputs.collect::<String>());
    if adapter == Adapter::Json {
        let outputs = signature.outputs.iter().map(|field| (field.name.clone(), noted(field).into()));
        out.push_str("The answer is one JSON object:\n\n");
        out.push_str(&pretty(outputs.collect()));
    } else {
        out.push_str(&signature.outputs.iter().map(|field| block(adapter, field, &noted(field))).collect::<String>());
        out.push_str(if adapter == Adapter::Chat { COMPLETED } else { "" });
    }
    out.truncate(out.trim_end().len());
    out.push_str("\n\nThe task:");
    for line in signature.task().lines() {
        out.push_str("\n    ");
        out.push_str(line);
    }
    out
}

/// Numbered fields with type, description and constraints.
fn list(fields: &[Field]) -> String {
    let mut out = String::new();
    for (i, field) in fields.iter().enumerate() {
        let _ = write!(out, "{}. `{}` ({}):", i + 1, field.name, field.kind);
        if let Some(description) = field.description.as_deref().filter(|text| *text != format!("${{{}}}", field.name)) {
            let _ = write!(out, " {description}");
        }
        if let Some(constraints) = &field.constraints {
            let _ = write!(out, "\nConstraints: {constraints}");
        }
        out.push('\n');
    }
    out
}

/// What is acceptable for an output that is not plain text.
fn note(kind: &Kind) -> Option<String> {
    Some(match kind {
        Kind::Str => return None,
        Kind::Named(name) if name.starts_with("dspy.Code") => "the code in a fence, ```".to_owned(),
        Kind::Int | Kind::Float => format!("one {kind} and nothing else"),
        Kind::Bool => "True or False".to_owned(),
        Kind::Literal(values) => {
            let one = |value: &Value| value.as_str().map_or_else(|| repr(value), str::to_owned);
            format!("exactly one of: {}", values.iter().map(one).collect::<Vec<_>>().join("; "))
        }
        kind => format!("JSON that fits this schema: {}", json_text(&schema(kind))),
    })
}

/// A field's marker or tags around its value, and a blank line.
fn block(adapter: Adapter, field: &Field, value: &str) -> String {
    let name = &field.name;
    match adapter {
        Adapter::Xml => format!("<{name}>\n{value}\n</{name}>\n\n"),
        _ => format!("[[ ## {name} ## ]]\n{value}\n\n"),
    }
}

/// The inputs that there are.
pub(super) fn inputs(adapter: Adapter, signature: &Signature, values: &Values) -> String {
    let given = signature.inputs.iter().filter_map(|field| Some((field, values.get(&field.name)?)));
    given.map(|(field, value)| shown(adapter, field, value)).collect::<String>().trim_end_matches('\n').to_owned()
}

fn shown(adapter: Adapter, field: &Field, value: &Value) -> String {
    let text = render(&field.kind, value);
    match adapter {
        Adapter::Xml => block(adapter, field, &text.replace('&', "&amp;").replace('<', "&lt;")),
        _ => block(adapter, field, &text),
    }
}

/// The inputs and the reminder.
pub(super) fn user(adapter: Adapter, signature: &Signature, values: &Values) -> String {
    let inputs = inputs(adapter, signature, values);
    let reminder = reminder(adapter, signature);
    if inputs.is_empty() { reminder } else { format!("{inputs}\n\n{reminder}") }
}

/// The outputs that there are; those that are not have `absent`, if it is given.
pub(super) fn answer(adapter: Adapter, signature: &Signature, values: &Values, absent: Option<&str>) -> String {
    let missing = absent.map(Value::from);
    let given =
        signature.outputs.iter().filter_map(|field| Some((field, values.get(&field.name).or(missing.as_ref())?)));
    if adapter == Adapter::Json {
        return pretty(given.map(|(field, value)| (field.name.clone(), value.clone())).collect());
    }
    let blocks: String = given.map(|(field, value)| shown(adapter, field, value)).collect();
    if adapter == Adapter::Chat { format!("{blocks}{COMPLETED}\n") } else { blocks.trim_end().to_owned() }
}

fn pretty(map: Map<String, Value>) -> String {
    serde_json::to_string_pretty(&Value::Object(map)).unwrap_or_default()
}

/// What is wanted, in order, with the type of each output that is not plain text.
fn reminder(adapter: Adapter, signature: &Signature) -> String {
    let names = signature.outputs.iter().map(|field| {
        let name = match adapter {
            Adapter::Chat => format!("`[[ ## {} ## ]]`", field.name),
            Adapter::Json => format!("`{}`", field.name),
            Adapter::Xml => format!("`<{}>`", field.name),
        };
        if field.kind == Kind::Str { name } else { format!("{name} (a Python {})", field.kind) }
    });
    let names = names.collect::<Vec<_>>().join(", then ");
    match adapter {
        Adapter::Chat => format!("Answer with {names}, and end with `{COMPLETED}`."),
        Adapter::Json => format!("Answer with one JSON object and nothing else, its keys in this order: {names}."),
        Adapter::Xml => format!("Answer with each field between its tags: {names}."),
    }
}

/// What is wrong with an answer, and what is wanted instead.
pub(super) fn repair(adapter: Adapter, signature: &Signature, why: &Unparsed) -> String {
    let mut out = "That answer cannot be read:\n".to_owned();
    for problem in &why.problems {
        let _ = writeln!(out, "- `{}` should be {}, but there was {}.", problem.field, problem.expected, problem.got);
    }
    let _ = write!(out, "\nWrite the whole answer again, with the same meaning. {}", reminder(adapter, signature));
    out
}
