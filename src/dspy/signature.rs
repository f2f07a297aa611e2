//! What is asked for: typed inputs and outputs.

use super::types::FieldType;
use super::value::render;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Named, typed inputs and outputs with instructions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Signature {
    /// Its name in the library; empty for one that was typed.
    #[serde(default)]
    pub name: String,
    /// The task, in words; empty for [`Signature::task`]'s own.
    #[serde(default)]
    pub instructions: String,
    /// In order.
    pub inputs: Vec<Field>,
    /// In order.
    pub outputs: Vec<Field>,
}

/// One input or output.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Field {
    /// An identifier.
    pub name: String,
    /// Its type; `kind` in JSON.
    #[serde(rename = "kind")]
    pub field_type: FieldType,
    /// What it means, if it says more than its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What must hold of it, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub constraints: Option<String>,
    /// An example that an empty editor shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placeholder: Option<String>,
}

impl Field {
    /// A field that says no more than its name and type.
    pub fn new(name: impl Into<String>, field_type: FieldType) -> Self {
        Self { name: name.into(), field_type, description: None, constraints: None, placeholder: None }
    }

    /// A value of this field as messages show it.
    pub fn show(&self, value: &Value) -> String {
        render(&self.field_type, value)
    }

    /// The same field with a description.
    #[must_use]
    pub fn describe(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }
}

impl Signature {
    /// A signature without a name or instructions of its own.
    pub fn new(inputs: Vec<Field>, outputs: Vec<Field>) -> Self {
        Self { name: String::new(), instructions: String::new(), inputs, outputs }
    }

    /// As one would type it: `question, context: list[str] -> answer`. Reading it gives the same fields.
    pub fn inline(&self) -> String {
        let side = |fields: &[Field]| {
            let field = |f: &Field| match f.field_type {
                FieldType::Str => f.name.clone(),
                // DSPy takes a bare `None` for `str`; this name it takes at its word.
                FieldType::None => format!("{}: NoneType", f.name),
                ref field_type => format!("{}: {}", f.name, field_type.inline()),
            };
            fields.iter().map(field).collect::<Vec<_>>().join(", ")
        };
        format!("{} -> {}", side(&self.inputs), side(&self.outputs)).trim().to_owned()
    }

    /// The task in words: the instructions, or a sentence that names the fields.
    pub fn task(&self) -> String {
        if !self.instructions.trim().is_empty() {
            return self.instructions.clone();
        }
        let mut task = String::with_capacity(128);
        let mut name = |before: &str, fields: &[Field]| {
            task.push_str(before);
            for (i, field) in fields.iter().enumerate() {
                task.extend([if i > 0 { ", `" } else { "`" }, &field.name, "`"]);
            }
        };
        match (self.inputs.is_empty(), self.outputs.is_empty()) {
            (true, _) => name("Write ", &self.outputs),
            (_, true) => name("Take note of ", &self.inputs),
            _ => {
                name("Read ", &self.inputs);
                name(" and work out ", &self.outputs);
            }
        }
        task.push('.');
        task
    }

    /// The output of this name.
    pub fn output(&self, name: &str) -> Option<&Field> {
        self.outputs.iter().find(|field| field.name == name)
    }

    /// All fields: inputs, then outputs.
    pub fn fields(&self) -> impl Iterator<Item = &Field> {
        self.inputs.iter().chain(&self.outputs)
    }
}
