//! The tools of a completion request: which ones there are, and which one the model calls.

use super::request::{PromptMessage, refuse};
use crate::simulator::envelope::ErrorEnvelope;
use serde_json::Value;

/// A tool that the model may call.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::simulator) struct ToolSpec {
    pub name: String,
    /// The JSON schema of its arguments.
    pub parameters: Value,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum ToolChoice {
    None,
    Auto,
    Required,
    Named(String),
}

/// The `tools` and the `tool_choice` of a request.
#[derive(Clone, Debug)]
pub(super) struct Tools {
    all: Vec<ToolSpec>,
    choice: ToolChoice,
}

impl Tools {
    /// Reads both fields. The choice is `auto` if there are tools and the request says nothing.
    pub(super) fn read(body: &Value) -> Result<Self, ErrorEnvelope> {
        let all = tools(&body["tools"])?;
        let choice = tool_choice(&body["tool_choice"], &all)?;
        Ok(Self { all, choice })
    }

    /// The tool that is called. A choice of `auto` calls one until the conversation has the result of a tool after
    /// its last question; then the model answers.
    pub(super) fn called(&self, messages: &[PromptMessage]) -> Option<&ToolSpec> {
        let last = |roles: &[&str]| messages.iter().rev().find(|message| roles.contains(&message.role.as_str()));
        let has_result = last(&["user", "tool"]).is_some_and(|message| message.role == "tool");
        let name = match &self.choice {
            ToolChoice::None => return None,
            ToolChoice::Auto if has_result => return None,
            ToolChoice::Named(name) => Some(name),
            ToolChoice::Auto | ToolChoice::Required => None,
        };
        // A tool that the question mentions, otherwise the first one.
        let wanted = |tool: &&ToolSpec| match name {
            Some(name) => tool.name == *name,
            None => last(&["user"]).is_some_and(|question| question.text.contains(&tool.name)),
        };
        self.all.iter().find(wanted).or(self.all.first())
    }
}

fn tools(value: &Value) -> Result<Vec<ToolSpec>, ErrorEnvelope> {
    let tool = |(i, value): (usize, &Value)| {
        let function = &value["function"];
        let name = function["name"].as_str().filter(|name| !name.is_empty());
        let name = name.ok_or_else(|| refuse(format!("tools[{i}].function.name: expected a name")))?;
        Ok(ToolSpec { name: name.to_owned(), parameters: function["parameters"].clone() })
    };
    match value {
        Value::Null => Ok(Vec::new()),
        Value::Array(tools) => tools.iter().enumerate().map(tool).collect(),
        _ => Err(refuse("tools: expected an array")),
    }
}

fn tool_choice(value: &Value, tools: &[ToolSpec]) -> Result<ToolChoice, ErrorEnvelope> {
    let named = value["function"]["name"].as_str();
    match (value.as_str(), named) {
        (Some("none"), _) => Ok(ToolChoice::None),
        (Some("auto"), _) if !tools.is_empty() => Ok(ToolChoice::Auto),
        (Some("required"), _) if !tools.is_empty() => Ok(ToolChoice::Required),
        (None, Some(name)) if tools.iter().any(|tool| tool.name == name) => Ok(ToolChoice::Named(name.to_owned())),
        (None, None) if value.is_null() && tools.is_empty() => Ok(ToolChoice::None),
        (None, None) if value.is_null() => Ok(ToolChoice::Auto),
        (Some("auto" | "required"), _) => Err(refuse("tool_choice: expected tools beside it")),
        (None, Some(name)) => Err(refuse(format!("tool_choice: there is no tool named {name}"))),
        _ => Err(refuse("tool_choice: expected none, auto, required or a function's name")),
    }
}
