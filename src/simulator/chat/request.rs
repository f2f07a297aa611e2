//! The body of a completion request: which of its fields the simulator understands, and what it refuses.

use super::tools::{ToolSpec, Tools};
use crate::simulator::catalogue::SimulatedModel;
use crate::simulator::completion::count_tokens;
use crate::simulator::envelope::ErrorEnvelope;
use crate::simulator::http::ReceivedRequest;
use crate::simulator::shape::{EmbeddedTexts, Shape};
use serde_json::Value;

/// A message's role and text; content in parts is joined with line ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::simulator) struct PromptMessage {
    pub role: String,
    pub text: String,
}

/// The `response_format` of a request, where it asks for JSON.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::simulator) enum ResponseFormat {
    /// `json_object`: any object.
    Object,
    /// `json_schema`: an object of this schema.
    Schema(Value),
}

/// A completion request, read from its body and headers.
#[derive(Clone, Debug)]
pub(in crate::simulator) struct CompletionRequest {
    /// `model`, then `models` without repetitions: at least one.
    pub models: Vec<String>,
    pub messages: Vec<PromptMessage>,
    pub stream: bool,
    pub max_tokens: Option<usize>,
    pub stop: Vec<String>,
    pub format: Option<ResponseFormat>,
    tools: Tools,
    /// False when the request switches reasoning off.
    pub reasons: bool,
    /// False when the request asks to leave reasoning out of the answer.
    pub shows_reasoning: bool,
    /// Whether the header `X-OpenRouter-Metadata: enabled` was sent.
    pub metadata: bool,
    require_parameters: bool,
    /// How the answer is sent.
    pub shape: Shape,
    /// What is embedded, where that is asked for.
    pub embeds: EmbeddedTexts,
    /// A hash of the body's bytes, from which ids and random draws come.
    pub hash: u64,
}

const PROVIDER_FIELDS: [&str; 15] = [
    "order",
    "only",
    "ignore",
    "allow_fallbacks",
    "require_parameters",
    "data_collection",
    "zdr",
    "enforce_distillable_text",
    "quantizations",
    "sort",
    "preferred_min_throughput",
    "preferred_max_latency",
    "max_price",
    "experimental",
    "options",
];

/// The error of a field that cannot be read.
pub(super) fn refuse(message: impl Into<String>) -> ErrorEnvelope {
    ErrorEnvelope::typed(400, "invalid_request", message)
}

impl CompletionRequest {
    pub(super) fn read(request: &ReceivedRequest, shape: Shape) -> Result<Self, ErrorEnvelope> {
        let body: Value = serde_json::from_slice(&request.body)
            .map_err(|error| refuse(format!("Request body is not JSON: {error}")))?;
        if !body.is_object() {
            return Err(refuse("Request body must be a JSON object"));
        }
        let body = shape.as_chat(body)?;
        let messages = messages(&body)?;
        let embeds = &body["embeddings"];
        let texts = messages.iter().filter(|_| embeds.is_object()).map(|message| message.text.clone()).collect();
        let reasoning = &body["reasoning"];
        if !reasoning["effort"].is_null() && !reasoning["max_tokens"].is_null() {
            return Err(refuse("Only one of \"reasoning.effort\" and \"reasoning.max_tokens\" can be specified"));
        }
        let effort = reasoning["effort"].as_str().or(body["reasoning_effort"].as_str());
        let off = effort == Some("none") || reasoning["enabled"] == Value::Bool(false);
        let provider = &body["provider"];
        if let Some(unknown) =
            provider.as_object().and_then(|p| p.keys().find(|key| !PROVIDER_FIELDS.contains(&key.as_str())))
        {
            return Err(refuse(format!("provider: unrecognized key \"{unknown}\"")));
        }
        Ok(Self {
            models: models(&body)?,
            messages,
            shape,
            embeds: EmbeddedTexts {
                texts,
                dimensions: embeds["dimensions"].as_u64().unwrap_or(0) as usize,
                base64: embeds["base64"] == Value::Bool(true),
            },
            stream: flag(&body, "stream")?,
            max_tokens: max_tokens(&body)?,
            stop: stop(&body["stop"])?,
            format: format(&body["response_format"])?,
            tools: Tools::read(&body)?,
            reasons: !off,
            shows_reasoning: reasoning["exclude"] != Value::Bool(true)
                && body["include_reasoning"] != Value::Bool(false),
            metadata: ["x-openrouter-metadata", "x-openrouter-experimental-metadata"]
                .iter()
                .any(|name| request.header(name).is_some_and(|value| value.eq_ignore_ascii_case("enabled"))),
            require_parameters: provider["require_parameters"] == Value::Bool(true),
            hash: hash(&request.body),
        })
    }

    /// The tokens of the prompt, estimated: the words of the messages and 4 for each message.
    pub(in crate::simulator) fn prompt_tokens(&self) -> usize {
        self.messages.iter().map(|message| 4 + count_tokens(&message.text)).sum()
    }

    /// The tool that the model calls instead of answering, if it calls one.
    pub(in crate::simulator) fn called_tool(&self) -> Option<&ToolSpec> {
        self.tools.called(&self.messages)
    }

    /// Refuses a request that this model cannot take: one that is too long, or one that needs parameters which the
    /// model does not have.
    pub(super) fn check(&self, model: &SimulatedModel) -> Result<(), ErrorEnvelope> {
        let prompt = self.prompt_tokens();
        let wanted = prompt + self.max_tokens.unwrap_or(0).min(model.max_output as usize);
        if wanted as u64 > model.context {
            return Err(ErrorEnvelope::typed(
                400,
                "context_length_exceeded",
                format!(
                    "This endpoint's maximum context length is {} tokens. However, you requested about {wanted} tokens \
                     ({prompt} of text input, {} in the output). Please reduce the length of either one.",
                    model.context,
                    wanted - prompt
                ),
            ));
        }
        if self.require_parameters && self.format.is_some() && !model.structured {
            return Err(ErrorEnvelope::typed(
                404,
                "not_found",
                "No endpoints found that can handle the requested parameters: response_format",
            ));
        }
        Ok(())
    }
}

fn models(body: &Value) -> Result<Vec<String>, ErrorEnvelope> {
    let mut models = Vec::new();
    match &body["model"] {
        Value::Null => {}
        Value::String(model) if !model.is_empty() => models.push(model.clone()),
        _ => return Err(refuse("model: expected a model id")),
    }
    match &body["models"] {
        Value::Null => {}
        Value::Array(more) if more.len() > 3 => return Err(refuse("'models' array must have 3 items or fewer.")),
        Value::Array(more) => {
            for model in more {
                let model = model.as_str().ok_or_else(|| refuse("models: expected model ids"))?;
                if !models.iter().any(|known| known == model) {
                    models.push(model.to_owned());
                }
            }
        }
        _ => return Err(refuse("models: expected an array")),
    }
    // The account's default model.
    if models.is_empty() {
        models.push("openrouter/auto".to_owned());
    }
    Ok(models)
}

fn messages(body: &Value) -> Result<Vec<PromptMessage>, ErrorEnvelope> {
    let list = body["messages"].as_array().filter(|list| !list.is_empty());
    let list = list.ok_or_else(|| refuse("messages: expected an array of at least one message"))?;
    let message = |(i, value): (usize, &Value)| {
        let role = value["role"].as_str().unwrap_or_default();
        if !["system", "developer", "user", "assistant", "tool"].contains(&role) {
            return Err(refuse(format!("messages[{i}].role: expected system, developer, user, assistant or tool")));
        }
        let text = match &value["content"] {
            Value::String(text) => text.clone(),
            Value::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).collect::<Vec<_>>().join("\n"),
            Value::Null if role == "assistant" => String::new(),
            _ => return Err(refuse(format!("messages[{i}].content: expected text"))),
        };
        Ok(PromptMessage { role: role.to_owned(), text })
    };
    list.iter().enumerate().map(message).collect()
}

fn flag(body: &Value, name: &str) -> Result<bool, ErrorEnvelope> {
    match &body[name] {
        Value::Null => Ok(false),
        Value::Bool(on) => Ok(*on),
        _ => Err(refuse(format!("{name}: expected true or false"))),
    }
}

fn max_tokens(body: &Value) -> Result<Option<usize>, ErrorEnvelope> {
    let value =
        if body["max_completion_tokens"].is_null() { &body["max_tokens"] } else { &body["max_completion_tokens"] };
    match value {
        Value::Null => Ok(None),
        value => match value.as_u64() {
            Some(n) if n > 0 => Ok(Some(usize::try_from(n).unwrap_or(usize::MAX))),
            _ => Err(refuse("max_tokens: expected a number of at least 1")),
        },
    }
}

fn stop(value: &Value) -> Result<Vec<String>, ErrorEnvelope> {
    match value {
        Value::Null => Ok(Vec::new()),
        Value::String(stop) => Ok(vec![stop.clone()]),
        Value::Array(stops) if stops.len() <= 4 => {
            Ok(stops.iter().filter_map(|s| s.as_str().map(str::to_owned)).collect())
        }
        _ => Err(refuse("stop: expected a string or at most 4 strings")),
    }
}

fn format(value: &Value) -> Result<Option<ResponseFormat>, ErrorEnvelope> {
    match value["type"].as_str() {
        None if value.is_null() => Ok(None),
        Some("json_object") => Ok(Some(ResponseFormat::Object)),
        Some("json_schema") => {
            let name = value["json_schema"]["name"].as_str().unwrap_or_default();
            let legal = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
            if name.is_empty() || name.len() > 64 || !name.chars().all(legal) {
                return Err(refuse("response_format.json_schema.name: expected 1 to 64 of a-z, A-Z, 0-9, _ and -"));
            }
            Ok(Some(ResponseFormat::Schema(value["json_schema"]["schema"].clone())))
        }
        Some("text" | "grammar" | "python") => Ok(None),
        _ => Err(refuse("response_format.type: expected text, json_object, json_schema, grammar or python")),
    }
}

/// FNV-1a with 64 bits, so that it is the same on every machine and in every version.
pub(in crate::simulator) fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
