//! The fields of a signature: `InputField` and `OutputField` with their arguments.

use super::constants::{constant, text};
use super::declarations::Scope;
use super::reader::Reader;
use super::syntax::{Arguments, call, line};
use crate::dspy::python_text::{repr, title};
use crate::dspy::signature::Field;
use serde_json::Value;
use tree_sitter::Node;

/// The conditions on a value, as DSPy 3.4.1 words them for the model.
const CONSTRAINTS: [(&str, &str); 8] = [
    ("gt", "greater than: "),
    ("ge", "greater than or equal to: "),
    ("lt", "less than: "),
    ("le", "less than or equal to: "),
    ("min_length", "minimum length: "),
    ("max_length", "maximum length: "),
    ("multiple_of", "a multiple of the given number: "),
    ("allow_inf_nan", "allow 'inf', '-inf', 'nan' values: "),
];

/// Arguments of a field that DSPy does not send to a model.
const NOT_SENT: [&str; 7] = ["format", "parser", "title", "repr", "exclude", "frozen", "validate_default"];

/// A field with its side.
#[derive(Clone, Debug)]
pub(super) struct SideField {
    pub field: Field,
    pub is_input: bool,
}

impl<'t> Reader<'t> {
    /// The side of a field and its arguments, if a node is `InputField(…)` or `OutputField(…)`.
    pub(super) fn field_call(&self, node: Node<'t>, scope: Scope) -> Option<(bool, Arguments<'t>)> {
        let (function, arguments) = call(self.names.source, node)?;
        match self.names.of_dspy(function, scope)?.as_str() {
            "InputField" | "OldInputField" => Some((true, arguments)),
            "OutputField" | "OldOutputField" => Some((false, arguments)),
            _ => None,
        }
    }

    /// A field of a signature. Without a type it is a `str`. Nothing if its type cannot be imported; a note says why. `place` is
    /// the signature, for the notes.
    pub(super) fn field(
        &mut self,
        place: &str,
        name: &str,
        field_type: Option<Node<'t>>,
        (is_input, arguments): (bool, &Arguments<'t>),
        (scope, at): (Scope, Node<'t>),
    ) -> Option<SideField> {
        let field_type = match field_type {
            None => crate::dspy::FieldType::Str,
            Some(node) => match self.field_type(node, scope) {
                Ok(field_type) => field_type,
                Err(reason) => {
                    self.note(line(node), format!("{place}.{name} is left out: {reason}"));
                    return None;
                }
            },
        };
        if let Err(error) = format!("{name} ->").parse::<crate::dspy::Signature>() {
            self.note(line(at), format!("{place}.{name} is left out: {}", error.message));
            return None;
        }
        let mut field = Field::new(name, field_type);
        self.describe(place, &mut field, arguments, scope);
        Some(SideField { field, is_input })
    }

    /// Sets description and constraints of a field from the arguments of `InputField`, `OutputField` or
    /// `with_updated_fields`.
    pub(super) fn describe(&mut self, place: &str, field: &mut Field, arguments: &Arguments<'t>, scope: Scope) {
        let label = format!("{place}.{}", field.name);
        let described = arguments.named("desc").or_else(|| arguments.named("description"));
        let described =
            described.or_else(|| arguments.plain.first().copied().filter(|node| node.kind().ends_with("string")));
        if let Some(node) = described {
            match text(&self.names, node, scope) {
                Ok(text) => {
                    let is_default = text.trim().is_empty() || text == format!("${{{}}}", field.name);
                    field.description = (!is_default).then_some(text);
                }
                Err(reason) => self.note(line(node), format!("the description of {label} is left out: {reason}")),
            }
        }
        let mut constraints = Vec::new();
        for (argument, node) in &arguments.named {
            if let Some((_, words)) = CONSTRAINTS.iter().find(|(name, _)| name == argument) {
                match constant(&self.names, *node, scope) {
                    Ok(value) => constraints.push(format!("{words}{}", plain(&value))),
                    Err(reason) => self.note(line(*node), format!("`{argument}` of {label} is left out: {reason}")),
                }
            } else if *argument == "prefix" {
                let default = format!("{}:", title(&field.name));
                if text(&self.names, *node, scope).is_ok_and(|prefix| prefix.trim() != default) {
                    self.note(line(*node), format!("the prefix of {label} is left out: it has no effect in DSPy 3"));
                }
            } else if !matches!(*argument, "desc" | "description" | "type_") && !NOT_SENT.contains(argument) {
                self.note(line(*node), format!("`{argument}` of {label} is left out"));
            }
        }
        if !constraints.is_empty() {
            field.constraints = Some(constraints.join(", "));
        }
    }
}

/// A value as Python's `str` writes it.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| repr(value), str::to_owned)
}
