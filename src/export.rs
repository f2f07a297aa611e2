//! What was tried here, as programs and commands of other people's. Each is a function from
//! a value to text. Knows how those tools spell things, tried with the versions that the texts
//! name; must not know files, nor any key: it stands in them as `OPENROUTER_API_KEY` only.

mod curl;
mod litellm;
mod openai;
mod python;

pub use curl::curl;
pub use litellm::{proxy, router};
pub use openai::openai;
pub use python::dspy;

use crate::openrouter::{BaseUrl, Dialect, Message, RequestHeader, compose, settings::MAX_MODELS};
use crate::spec::{RunSpec, SignatureTask};
use serde_json::{Map, Value, json};
use std::fmt::Write as _;

/// What is exported.
#[derive(Clone, Debug)]
pub struct Export<'a> {
    /// The chain, the policy, and the request fields that were chosen.
    pub spec: &'a RunSpec,
    /// Its task.
    pub task: &'a SignatureTask,
    /// The server to talk to.
    pub base: &'a BaseUrl,
    /// Attribution and extra headers, spelt as in the documentation.
    pub headers: &'a [RequestHeader],
}

/// The parameters that every library has an argument for; the others travel in `extra_body`.
const COMMON: [&str; 5] = ["temperature", "top_p", "max_tokens", "seed", "stop"];

impl Export<'_> {
    /// The models in order. A run has at least one.
    fn models(&self) -> Vec<&str> {
        self.spec.chain.iter().map(|route| route.model.as_str()).collect()
    }

    /// A model as `LiteLLM` spells it: its provider first.
    fn prefixed(&self, model: &str) -> String {
        match self.base.dialect() {
            Dialect::OpenRouter => format!("openrouter/{model}"),
            Dialect::Plain => format!("openai/{model}"),
        }
    }

    /// A comment line for each secret header: the variable that its value is read from.
    fn secrets_comment(&self) -> String {
        let mut comment = String::new();
        for variable in self.headers.iter().filter_map(RequestHeader::variable) {
            _ = writeln!(comment, "# Set {variable}: the value of a secret header is not written here.");
        }
        comment
    }

    /// The Python statement that sets `HEADERS`. Secret values are read from the environment.
    fn python_headers(&self) -> String {
        if self.headers.is_empty() {
            return "HEADERS = {}".to_owned();
        }
        let value = |header: &RequestHeader| match header.variable() {
            Some(variable) => format!("os.environ[{}]", json!(variable)),
            None => json!(header.value()).to_string(),
        };
        let row = |header: &RequestHeader| format!("    {}: {},\n", json!(header.name()), value(header));
        let rows: String = self.headers.iter().map(row).collect();
        format!("{}HEADERS = {{\n{rows}}}", self.secrets_comment())
    }

    /// The conversation, as the adapter writes it.
    fn messages(&self) -> Vec<Message> {
        self.task.messages()
    }

    /// The request's fields besides model and messages: those with an argument of their own, and the rest.
    fn fields(&self) -> (Map<String, Value>, Map<String, Value>) {
        let settings =
            crate::openrouter::settings::RequestSettings { stream: Some(false), ..self.spec.settings.clone() };
        let request = compose::ChatRequest {
            model: "",
            messages: &[],
            settings: &settings,
            response_format: None,
            max_tokens: None,
            dialect: self.base.dialect(),
        };
        // What the service would refuse was refused when it was typed.
        let body = compose::body(request).unwrap_or_default();
        let fields = body.as_object().cloned().unwrap_or_default().into_iter();
        let fields = fields.filter(|(name, _)| !["model", "models", "messages", "stream"].contains(&name.as_str()));
        fields.partition(|(name, _)| COMMON.contains(&name.as_str()))
    }

    /// The server's own list of fallbacks, as many as it takes; none where it knows no such list.
    fn server_side(&self) -> Vec<&str> {
        match self.base.dialect() {
            Dialect::OpenRouter => self.models().into_iter().skip(1).take(MAX_MODELS).collect(),
            Dialect::Plain => Vec::new(),
        }
    }

    /// Says which models of the chain the server's list has no room for.
    fn left_out(&self) -> Option<String> {
        let models = self.models();
        let rest = models.get(1 + self.server_side().len()..).filter(|rest| !rest.is_empty())?;
        Some(match self.base.dialect() {
            Dialect::OpenRouter => {
                format!("OpenRouter takes {MAX_MODELS} models besides the first; left out: {}", rest.join(", "))
            }
            Dialect::Plain => format!("this server has no `models` list of its own; left out: {}", rest.join(", ")),
        })
    }
}

/// A value as Python writes it.
fn python_literal(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Array(items) => format!("[{}]", items.iter().map(python_literal).collect::<Vec<_>>().join(", ")),
        Value::Object(map) => {
            let pair = |(name, value): (&String, &Value)| format!("{}: {}", json!(name), python_literal(value));
            format!("{{{}}}", map.iter().map(pair).collect::<Vec<_>>().join(", "))
        }
        // JSON's strings and numbers are Python's as well.
        other => other.to_string(),
    }
}

/// `name=value,` lines of a call.
fn python_arguments(indent: &str, map: &Map<String, Value>) -> String {
    let line = |(name, value): (&String, &Value)| format!("{indent}{name}={},\n", python_literal(value));
    map.iter().map(line).collect()
}

/// The messages as a Python list, one a line.
fn python_messages(messages: &[Message]) -> String {
    let row = |message: &Message| format!("    {},\n", python_literal(&json!(message)));
    format!("[\n{}]", messages.iter().map(row).collect::<String>())
}
