//! Exports: a run spec as a program or command for another tool. Each is a function from [`Export`] to text, tested
//! with the tool versions that the text names. Must not know files or keys: the texts read keys from the environment.

mod classes;
mod curl;
mod evaluate;
mod litellm;
mod openai;
mod page;
mod python;

pub use curl::curl;
pub use evaluate::evaluate;
pub use litellm::{proxy, router};
pub use openai::openai;
pub use page::runs;
pub use python::dspy;

use crate::dspy::Adapter;
use crate::openrouter::{BaseUrl, Dialect, RequestHeader, compose, settings::MAX_MODELS};
use crate::spec::{RunSpec, Task};
use crate::text::clean_line;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The input of every export.
#[derive(Clone, Debug)]
pub struct Export<'a> {
    /// The chain, the policy and the request settings.
    pub spec: &'a RunSpec,
    /// The server that the program calls.
    pub base: &'a BaseUrl,
    /// Attribution and extra headers, with the names of OpenRouter's documentation.
    pub headers: &'a [RequestHeader],
    /// The chains that have names, for a server that offers them to its clients.
    pub chains: &'a BTreeMap<String, Vec<String>>,
}

const PROBLEM: &str = r#"

def problem(answer):
    """Why an answer cannot be used; None if it can."""
    if not answer.choices:
        return f"there is no answer: {getattr(answer, 'error', None)}"
    choice = answer.choices[0]
    if choice.finish_reason not in ENDS:
        return f"the answer ended with {choice.finish_reason}"
    missing = [mark for mark in MARKS if mark not in (choice.message.content or "")]
    if missing:
        return f"the answer lacks {', '.join(missing)}"
    has_content = (choice.message.content or "").strip() or choice.message.tool_calls
    return None if has_content else "the answer is empty"
"#;

/// Parameters that every library has an argument for; the others go into `extra_body`.
const COMMON: [&str; 5] = ["temperature", "top_p", "max_tokens", "seed", "stop"];

/// The Python function that reads a secret.
const FROM_ENVIRONMENT: &str = r#"

def from_environment(name):
    return os.environ.get(name) or sys.exit(f"Set {name} first: this program reads it from the environment.")


"#;

/// The end of a Python loop over models: an answer without a `problem` is printed and ends it; without one, the program
/// fails.
const CHECK_ANSWER: &str = r#"        failure = problem(answer)
        if failure is None:
            message = answer.choices[0].message
            for call in message.tool_calls or []:
                print(call.function.name, call.function.arguments)
            if message.content:
                print(message.content)
            print("answered by:", answer.model)
            break
        print(f"{answer.model}: {failure}", file=sys.stderr)
    else:
        sys.exit("No model gave an answer.")
"#;

impl Export<'_> {
    /// The models of the chain, in order.
    fn models(&self) -> Vec<&str> {
        self.spec.chain.iter().map(|route| route.model.as_str()).collect()
    }

    /// A model name for `LiteLLM`, with the provider as prefix.
    fn prefixed(&self, model: &str) -> String {
        match self.base.dialect() {
            Dialect::OpenRouter => format!("openrouter/{model}"),
            Dialect::Plain => format!("openai/{model}"),
        }
    }

    /// One comment line per secret header, which names the environment variable of its value.
    fn secrets_comment(&self) -> String {
        let mut comment = String::new();
        for variable in self.headers.iter().filter_map(RequestHeader::variable) {
            _ = writeln!(comment, "# Set {variable}: the value of a secret header is not exported.");
        }
        comment
    }

    /// The Python statement that sets `HEADERS`. Secret values are read from the environment with [`FROM_ENVIRONMENT`].
    fn python_headers(&self) -> String {
        if self.headers.is_empty() {
            return "HEADERS = {}".to_owned();
        }
        let value = |header: &RequestHeader| match header.variable() {
            Some(variable) => format!("from_environment({})", python_text(&variable)),
            None => python_text(header.value()),
        };
        let row = |header: &RequestHeader| format!("    {}: {},\n", python_text(header.name()), value(header));
        let rows: String = self.headers.iter().map(row).collect();
        format!("{}HEADERS = {{\n{rows}}}", self.secrets_comment())
    }

    /// How long a whole answer may take, in seconds. The programs do not stream, so it is the limit for the first token:
    /// a model that hangs costs no more.
    fn timeout(&self) -> f64 {
        self.spec.policy.timeouts.first_token.min(self.spec.policy.limits.deadline).as_secs_f64()
    }

    /// What the text of an answer must contain: a mark of each output. The answer of a chat may be any text.
    fn marks(&self) -> Vec<String> {
        let Task::Signature(task) = &self.spec.task else { return Vec::new() };
        let outputs = task.expanded().outputs;
        let names = outputs.iter().map(|field| field.name.as_str());
        match task.adapter {
            Adapter::Chat => names.chain(["completed"]).map(|name| format!("[[ ## {name} ## ]]")).collect(),
            Adapter::Json => names.map(|name| json!(name).to_string()).collect(),
            Adapter::Xml => names.map(|name| format!("</{name}>")).collect(),
        }
    }

    /// The Python function `problem`, which says why an answer of the Chat Completions API cannot be used.
    fn python_problem(&self) -> String {
        format!(
            "# A whole answer ends with one of these, and contains all marks.\nENDS = {}\nMARKS = {}\n{PROBLEM}",
            python_literal(&json!(self.ends())),
            python_literal(&json!(self.marks()))
        )
    }

    /// The finish reasons of a whole answer.
    fn ends(&self) -> &'static [&'static str] {
        match &self.spec.task {
            Task::Chat(task) if task.body.contains_key("tools") => &["stop", "tool_calls"],
            _ => &["stop"],
        }
    }

    /// The messages: those that the adapter writes, or those of the chat.
    fn messages(&self) -> Vec<Value> {
        match &self.spec.task {
            Task::Signature(task) => task.messages().into_iter().map(|message| json!(message)).collect(),
            Task::Chat(task) => task.body.get("messages").and_then(Value::as_array).cloned().unwrap_or_default(),
        }
    }

    /// The request fields except model and messages: first those of [`COMMON`], then the others.
    fn fields(&self) -> (Map<String, Value>, Map<String, Value>) {
        match &self.spec.task {
            Task::Signature(_) => self.fields_of(None),
            Task::Chat(task) => self.fields_of(Some(&task.body)),
        }
    }

    /// The request fields of the settings, and of a chat's `own` body.
    fn fields_of(&self, own: Option<&Map<String, Value>>) -> (Map<String, Value>, Map<String, Value>) {
        let settings =
            crate::openrouter::settings::RequestSettings { stream: Some(false), ..self.spec.settings.clone() };
        let request = compose::ChatRequest {
            model: "",
            messages: &[],
            settings: &settings,
            response_format: None,
            max_tokens: None,
            own,
            dialect: self.base.dialect(),
        };
        // Settings are validated when they are entered, so composing does not fail here.
        let body = compose::body(request).unwrap_or_default();
        let fields = body.as_object().cloned().unwrap_or_default().into_iter();
        let fields = fields.filter(|(name, _)| !["model", "models", "messages", "stream"].contains(&name.as_str()));
        fields.partition(|(name, _)| COMMON.contains(&name.as_str()))
    }

    /// The request's `models` list, at most `MAX_MODELS` long; empty if the server is not OpenRouter.
    fn server_side(&self) -> Vec<&str> {
        match self.base.dialect() {
            Dialect::OpenRouter => self.models().into_iter().skip(1).take(MAX_MODELS).collect(),
            Dialect::Plain => Vec::new(),
        }
    }

    /// A comment that names the models that do not fit into the `models` list; `None` if all fit.
    fn left_out(&self) -> Option<String> {
        let models = self.models();
        let rest = models.get(1 + self.server_side().len()..).filter(|rest| !rest.is_empty())?;
        Some(match self.base.dialect() {
            Dialect::OpenRouter => comment(&format!(
                "OpenRouter accepts {MAX_MODELS} models besides the first; left out: {}",
                rest.join(", ")
            )),
            Dialect::Plain => {
                comment(&format!("this server does not support a `models` list; left out: {}", rest.join(", ")))
            }
        })
    }
}

/// A text as one line of a comment, in every target language.
fn comment(text: &str) -> String {
    clean_line(text, 1000)
}

/// A text as a Python literal.
fn python_text(text: &str) -> String {
    python_literal(&json!(text))
}

/// A JSON value as a Python literal.
fn python_literal(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Array(items) => format!("[{}]", items.iter().map(python_literal).collect::<Vec<_>>().join(", ")),
        Value::Object(map) => {
            let pair = |(name, value): (&String, &Value)| format!("{}: {}", python_text(name), python_literal(value));
            format!("{{{}}}", map.iter().map(pair).collect::<Vec<_>>().join(", "))
        }
        // JSON strings and numbers are valid Python literals.
        other => other.to_string(),
    }
}

/// The lines `name=value,` of a Python call.
fn python_arguments(indent: &str, map: &Map<String, Value>) -> String {
    let line = |(name, value): (&String, &Value)| format!("{indent}{name}={},\n", python_literal(value));
    map.iter().map(line).collect()
}

/// The messages as a Python list, one per line.
fn python_messages(messages: &[Value]) -> String {
    let row = |message: &Value| format!("    {},\n", python_literal(message));
    format!("[\n{}]", messages.iter().map(row).collect::<String>())
}
