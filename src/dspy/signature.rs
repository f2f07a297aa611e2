//! The signature: what is asked for, as typed inputs and outputs with instructions.

mod paper;

use super::types::{FieldType, TypeScope};
use super::value::render;
use super::{Turn, Values};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeSet;

/// A task for a model: typed inputs, typed outputs, and instructions.
///
/// In JSON the types of fields are texts, and `types` defines the objects and enums that they name.
#[derive(Clone, Debug, PartialEq)]
pub struct Signature {
    /// The name in the library; empty if the signature was typed inline.
    pub name: String,
    /// What the model is asked to do. If it is empty, [`Signature::task`] makes a sentence from the field names.
    pub instructions: String,
    /// The input fields, in the order in which they are sent.
    pub inputs: Vec<Field>,
    /// The output fields, in the order in which the model is asked to write them.
    pub outputs: Vec<Field>,
}

/// One input or output of a signature.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Field {
    /// The name, a Python identifier. Exports and forms write it without quotes.
    pub name: String,
    /// The type; `kind` in JSON.
    #[serde(rename = "kind")]
    pub field_type: FieldType,
    /// What the field means, for the model (`desc` in DSPy).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// A condition on the value, in words, for the model: `from 1 to 5`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub constraints: Option<String>,
    /// An example value that the editor shows while the field is empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub placeholder: Option<String>,
}

impl Field {
    /// A field with a name and a type, and neither description, constraints nor placeholder.
    pub fn new(name: impl Into<String>, field_type: FieldType) -> Self {
        Self { name: name.into(), field_type, description: None, constraints: None, placeholder: None }
    }

    /// Whether the field holds the earlier turns of a conversation. Without a value, the conversation begins.
    pub fn is_history(&self) -> bool {
        self.field_type == FieldType::Named("dspy.History".to_owned())
    }

    /// The text of a value of this field in a message.
    pub fn render(&self, value: &Value) -> String {
        render(&self.field_type, value)
    }

    /// Sets the description.
    #[must_use]
    pub fn describe(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }
}

impl Signature {
    /// A signature without a name and without instructions.
    pub fn new(inputs: Vec<Field>, outputs: Vec<Field>) -> Self {
        Self { name: String::new(), instructions: String::new(), inputs, outputs }
    }

    /// The inline form: `question, context: list[str] -> answer`. Parsing it, with
    /// [`Signature::scope`], gives fields with the same names and types.
    pub fn inline(&self) -> String {
        let list = |fields: &[Field]| {
            let inline = |f: &Field| match f.field_type {
                FieldType::Str => f.name.clone(),
                // DSPy reads a bare `None` as `str`, and `NoneType` as the type of None.
                FieldType::None => format!("{}: NoneType", f.name),
                ref field_type => format!("{}: {}", f.name, field_type.inline()),
            };
            fields.iter().map(inline).collect::<Vec<_>>().join(", ")
        };
        format!("{} -> {}", list(&self.inputs), list(&self.outputs)).trim().to_owned()
    }

    /// The instructions, or, if they are empty, a sentence that names the fields.
    pub fn task(&self) -> String {
        if !self.instructions.trim().is_empty() {
            return self.instructions.clone();
        }
        let mut task = String::with_capacity(128);
        let mut append = |verb: &str, fields: &[Field]| {
            task.push_str(verb);
            for (i, field) in fields.iter().enumerate() {
                task.extend([if i > 0 { ", `" } else { "`" }, &field.name, "`"]);
            }
        };
        match (self.inputs.is_empty(), self.outputs.is_empty()) {
            (true, _) => append("Write ", &self.outputs),
            (_, true) => append("Take note of ", &self.inputs),
            _ => {
                append("Read ", &self.inputs);
                append(" and work out ", &self.outputs);
            }
        }
        task.push('.');
        task
    }

    /// Whether the signature is one of a conversation: it has an input of type `dspy.History`.
    pub fn has_history(&self) -> bool {
        self.inputs.iter().any(Field::is_history)
    }

    /// The earlier turns in an input of type `dspy.History`: `{"messages": […]}`, or the list itself. `None` if these
    /// inputs have no such list.
    pub fn turns_in(&self, inputs: &Values) -> Option<Vec<Turn>> {
        let value = inputs.get(&self.inputs.iter().find(|field| field.is_history())?.name)?;
        let list = value.as_array().or_else(|| value.get("messages")?.as_array())?;
        Some(list.iter().filter_map(Value::as_object).cloned().collect())
    }

    /// Whether another signature has inputs and outputs of the same names, histories not counted: then a conversation with
    /// one can be continued with the other.
    pub fn shares_fields_with(&self, other: &Self) -> bool {
        let names = |signature: &Self| {
            let side = |fields: &[Field]| {
                let own = fields.iter().filter(|field| !field.is_history());
                own.map(|field| field.name.clone()).collect::<BTreeSet<_>>()
            };
            (side(&signature.inputs), side(&signature.outputs))
        };
        names(self) == names(other)
    }

    /// Finds an output field by name.
    pub fn output(&self, name: &str) -> Option<&Field> {
        self.outputs.iter().find(|field| field.name == name)
    }

    /// The objects and enums in the types of the fields, once each: after those that they consist of.
    pub fn classes(&self) -> Vec<&FieldType> {
        let mut found = Vec::new();
        self.fields().for_each(|field| field.field_type.collect_classes(&mut found));
        found
    }

    /// The objects and enums in the types of the fields, by name.
    pub fn scope(&self) -> TypeScope {
        let named = |class: &FieldType| Some((class.class_name()?.to_owned(), class.clone()));
        self.classes().into_iter().filter_map(named).collect()
    }

    /// Iterates over all fields: inputs, then outputs.
    pub fn fields(&self) -> impl Iterator<Item = &Field> {
        self.inputs.iter().chain(&self.outputs)
    }
}
