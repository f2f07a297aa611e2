//! A request to the API without a signature, as a program or a person wrote it.

use super::is_default;
use crate::contract::{Contract, ContractMode};
use crate::dspy::{ParseFailure, Values};
use crate::openrouter::model::CONFIGURED_CHAIN;
use crate::openrouter::{Api, Chains, Message, Role};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::io::{self, Write};

/// A request to the API without a signature: a chat, or one that is passed on to another part of the API.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChatTask {
    /// The request's body: `messages`, and what else it has. The chain and the worker decide its `model`, `models` and
    /// `stream`; all other fields are sent as they are, and win over the request settings of the same name.
    #[serde(rename = "chat")]
    pub body: Map<String, Value>,
    /// Whether answers are checked against what the body asks for.
    #[serde(default, skip_serializing_if = "ContractMode::is_default")]
    pub contract: ContractMode,
    /// The part of the API that it goes to.
    #[serde(default, skip_serializing_if = "is_default")]
    pub api: Api,
}

/// Counts the bytes that are written to it.
struct Length(usize);

impl Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The name under which a chat's last message is shown.
const CHAT_INPUT: &str = "message";

impl ChatTask {
    /// A chat of one message from the user.
    pub fn of(text: &str) -> Self {
        let message = Message::new(Role::User, text);
        Self::new([("messages".to_owned(), serde_json::json!([message]))].into_iter().collect())
    }

    /// A chat request with this body; its answers are checked against it.
    pub fn new(body: Map<String, Value>) -> Self {
        Self { body, contract: ContractMode::default(), api: Api::default() }
    }

    /// What an answer must be.
    pub fn contract(&self) -> Contract {
        match self.contract {
            ContractMode::FromRequest if self.api.is_chat() => Contract::of(&self.body),
            ContractMode::FromRequest | ContractMode::None => Contract::Message,
        }
    }

    /// The names of models and chains in the body, the first choice first.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let more = self.body.get("models").and_then(Value::as_array).into_iter().flatten();
        self.body.get("model").into_iter().chain(more).filter_map(Value::as_str)
    }

    /// The fallback chain that the body asks for: its `model` and its `models`, each named chain in place of its name. One
    /// model alone is followed by the configured chain.
    ///
    /// # Errors
    /// Those of `id`, which turns a name into a model's id.
    pub fn chain<E>(&self, chains: Chains<'_>, id: impl Fn(&str) -> Result<String, E>) -> Result<Vec<String>, E> {
        let mut asked: Vec<&str> = self.names().collect();
        if !self.body.contains_key("models") && asked.iter().all(|name| chains.get(name).is_none()) {
            asked.push(CONFIGURED_CHAIN);
        }
        chains.expand(asked, id)
    }

    /// The cap on the answer's tokens that the body has: `max_completion_tokens`, its older name `max_tokens`, or
    /// `max_output_tokens` of `/responses`.
    pub fn max_tokens(&self) -> Option<u32> {
        let cap = |name| self.body.get(name).and_then(Value::as_u64);
        let cap = ["max_completion_tokens", "max_tokens", "max_output_tokens"].into_iter().find_map(cap);
        cap.and_then(|cap| u32::try_from(cap).ok())
    }

    /// The messages that ask for a corrected answer; empty where the conversation does not allow it, because it does not
    /// end with the user.
    pub fn repair_turn(&self, answer: &str, problems: &ParseFailure) -> Vec<Message> {
        let last = self.body.get("messages").and_then(Value::as_array).and_then(|messages| messages.last());
        if last.is_none_or(|message| message["role"] != "user") || answer.trim().is_empty() {
            return Vec::new();
        }
        match self.contract() {
            Contract::Fields(adapter, signature) => adapter.repair_turn(&signature, answer, problems),
            contract => {
                let ask =
                    format!("That answer is not {}: {problems}. Answer again, with nothing else.", contract.name());
                vec![Message::new(Role::Assistant, answer), Message::new(Role::User, ask)]
            }
        }
    }

    /// The length of the body as JSON, for the price of a prompt.
    pub fn bytes(&self) -> usize {
        let mut length = Length(0);
        serde_json::to_writer(&mut length, &self.body).map_or(0, |()| length.0)
    }

    /// The text of the last message, by the name under which it is shown.
    pub(super) fn asked(&self) -> Values {
        [(CHAT_INPUT.to_owned(), self.last_message().into())].into_iter().collect()
    }

    /// The text of the last message, without images and other parts; or the input of a request to another part of the
    /// API.
    fn last_message(&self) -> String {
        let text = |part: &Value| Some(part.as_str().or(part["text"].as_str())?.to_owned());
        let asked = self.body.get("messages").or_else(|| self.body.get("input"));
        let last = match asked {
            Some(Value::Array(items)) if self.api != Api::Embeddings => items.last(),
            other => other,
        };
        match last.map(|message| message.get("content").unwrap_or(message)) {
            Some(Value::Array(parts)) => parts.iter().filter_map(text).collect::<Vec<_>>().join("\n"),
            Some(value) => text(value).unwrap_or_default(),
            None => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{RunSpec, Task};
    use serde_json::json;
    use std::collections::BTreeMap;
    use std::convert::Infallible;

    fn chat(body: Value) -> ChatTask {
        let Value::Object(body) = body else { panic!("an object") };
        ChatTask::new(body)
    }

    #[test]
    fn a_chats_chain_is_its_models_or_its_model_before_the_configured_chain() {
        for (body, chain) in [
            (json!({}), vec!["a/1", "b/2"]),
            (json!({"model": "switchover"}), vec!["a/1", "b/2"]),
            (json!({"model": "b/2"}), vec!["b/2", "a/1"]),
            (json!({"model": "c/3"}), vec!["c/3", "a/1", "b/2"]),
            (json!({"models": ["d/4", "e/5", "d/4"]}), vec!["d/4", "e/5"]),
            (json!({"model": "c/3", "models": ["d/4"]}), vec!["c/3", "d/4"]),
            (json!({"model": "cheap"}), vec!["c/3", "a/1"]),
            (json!({"models": ["d/4", "cheap", "switchover"]}), vec!["d/4", "c/3", "a/1", "b/2"]),
        ] {
            let configured = ["a/1", "b/2"].map(str::to_owned);
            let named = BTreeMap::from([("cheap".to_owned(), vec!["c/3".to_owned(), "a/1".to_owned()])]);
            let chains = Chains { configured: &configured, named: &named };
            let found = chat(body.clone()).chain(chains, |model| Ok::<_, Infallible>(model.to_owned()));
            assert_eq!(found, Ok(chain.into_iter().map(str::to_owned).collect()), "{body}");
        }
    }

    #[test]
    fn a_chat_is_kept_and_read_again() {
        let body = json!({"messages": [{"role": "user", "content": "hi"}], "tools": [], "max_tokens": 9});
        let spec = RunSpec::new(chat(body.clone()), ["a/1"]);
        let text = serde_json::to_string(&spec).unwrap();
        assert_eq!(serde_json::from_str::<RunSpec>(&text).unwrap(), spec);
        assert_eq!((spec.max_tokens(), spec.task.asked()["message"].as_str()), (Some(9), Some("hi")));
        let parts =
            json!({"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "image_url"}]}]});
        assert_eq!(Task::from(chat(parts)).asked()["message"], "a");
        assert_eq!(Task::from(chat(json!({}))).asked()["message"], "");
    }
}
