//! What is asked: one value that the screen, the command line, the history, exports, comparisons and replays all
//! carry, and that the worker runs. Knows signatures, chains and settings; must not know who answers, nor how.

use crate::contract::{Contract, ContractMode};
use crate::dspy::program::{Call, Program, Step};
use crate::dspy::{Adapter, Demo, Field, Module, ParseFailure, Prediction, ReasoningSource, Signature, Turn, Values};
use crate::failover::{Engine, Finished, Outcome, Policy, Route};
pub use crate::openrouter::model::CONFIGURED_CHAIN;
use crate::openrouter::settings::RequestSettings;
use crate::openrouter::{Api, Chains, Message, Role};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::io::{self, Write};
use std::time::Duration;

/// Everything that is needed to ask, and to ask the same again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunSpec {
    /// The question.
    #[serde(flatten)]
    pub task: Task,
    /// The fallback chain, first choice first. Never empty when a run starts.
    pub chain: Vec<Route>,
    /// The failover engine's settings.
    pub policy: Policy,
    /// Request fields that the user chose, such as `temperature`.
    #[serde(default)]
    pub settings: RequestSettings,
    /// Whether the built-in simulator stands in for the service; the worker sets it when the run starts.
    pub simulated: bool,
}

/// The kinds of question. A match on it names every kind, so that a new one cannot be forgotten anywhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Task {
    /// A signature, asked by a module.
    Signature(SignatureTask),
    /// A chat request as a program or a person wrote it.
    Chat(ChatTask),
}

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

/// A signature with its inputs, and how a module asks it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SignatureTask {
    /// As the user wrote it, before the module added fields.
    pub signature: Signature,
    /// How many calls are made of it, and what they add.
    pub module: Module,
    /// How fields are written in messages and read from answers.
    pub adapter: Adapter,
    /// Where the module's `reasoning` comes from.
    #[serde(default, skip_serializing_if = "is_default")]
    pub reasoning: ReasoningSource,
    /// Input values by name.
    pub inputs: Values,
    /// Examples that are shown to the model.
    #[serde(default)]
    pub demos: Vec<Demo>,
    /// Earlier turns of the same conversation.
    #[serde(default)]
    pub turns: Vec<Turn>,
}

impl RunSpec {
    /// Asks these models in order, with the default policy and settings.
    pub fn new<M: Into<String>>(task: impl Into<Task>, models: impl IntoIterator<Item = M>) -> Self {
        Self {
            task: task.into(),
            // The worker fills in where a model is reached, and what is known of it.
            chain: models.into_iter().map(|model| Route::new(model, "")).collect(),
            policy: Policy::default(),
            settings: RequestSettings::default(),
            simulated: false,
        }
    }

    /// The engine of the run's call with this number. `run_began` is when the run began, on the engine's clock.
    pub fn engine(&self, call: u32, run_began: Duration) -> Engine {
        // Each call has a seed of its own, or all would wait the same jitter and try again together.
        let policy = Policy { seed: self.policy.seed.wrapping_add(u64::from(call)), ..self.policy.clone() };
        Engine::new(policy, self.chain.clone()).for_call(call, run_began)
    }

    /// The cap on an answer's tokens, if the question has one.
    pub fn max_tokens(&self) -> Option<u32> {
        match &self.task {
            Task::Chat(task) => task.max_tokens().or(self.settings.max_tokens),
            Task::Signature(_) => self.settings.max_tokens,
        }
    }
}

impl From<SignatureTask> for Task {
    fn from(task: SignatureTask) -> Self {
        Self::Signature(task)
    }
}

impl From<ChatTask> for Task {
    fn from(task: ChatTask) -> Self {
        Self::Chat(task)
    }
}

impl Task {
    /// What comes after these calls; see [`Program::next`]. After a call that the user cancelled nothing comes: the run
    /// ends as that call did. A chat request is one call, and its call has no fields.
    pub fn next<'a>(&self, ended: impl IntoIterator<Item = &'a Finished>) -> Step {
        let ended: Vec<&Finished> = ended.into_iter().collect();
        if let Some(call) = ended.iter().position(|end| end.outcome == Outcome::Cancelled) {
            return Step::Answer { call, vote: None };
        }
        let fields = |end: &Finished| Prediction { fields: end.fields.clone(), repairs: Vec::new() };
        let answer = |end: &&Finished| (end.outcome == Outcome::Succeeded).then(|| fields(end));
        match self {
            Self::Signature(task) => task.program().next(&ended.iter().map(answer).collect::<Vec<_>>()),
            Self::Chat(_) if ended.is_empty() => {
                let signature = Signature::new(Vec::new(), Vec::new());
                Step::Calls(vec![Call { number: 0, signature, inputs: Values::new() }])
            }
            Self::Chat(_) => Step::Answer { call: 0, vote: None },
        }
    }

    /// The messages that this call's first request has of its own. A chat request's messages are in its body.
    pub fn messages_of(&self, call: &Call) -> Vec<Message> {
        match self {
            Self::Signature(task) => task.messages_of(call),
            Self::Chat(_) => Vec::new(),
        }
    }

    /// The signature task, if it is one.
    pub fn signature(&self) -> Option<&SignatureTask> {
        match self {
            Self::Signature(task) => Some(task),
            Self::Chat(_) => None,
        }
    }

    /// The same, to change it.
    pub fn signature_mut(&mut self) -> Option<&mut SignatureTask> {
        match self {
            Self::Signature(task) => Some(task),
            Self::Chat(_) => None,
        }
    }

    /// What was asked, by name: a signature's inputs, or the text of a chat's last message.
    pub fn asked(&self) -> Values {
        match self {
            Self::Signature(task) => task.inputs.clone(),
            Self::Chat(task) => [(CHAT_INPUT.to_owned(), task.last_message().into())].into_iter().collect(),
        }
    }
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

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl SignatureTask {
    /// One `Predict` of a signature, with the default adapter, without examples.
    pub fn new(signature: Signature, inputs: Values) -> Self {
        Self {
            signature,
            module: Module::Predict,
            adapter: Adapter::default(),
            reasoning: ReasoningSource::default(),
            inputs,
            demos: Vec::new(),
            turns: Vec::new(),
        }
    }

    /// The turns before this one: `turns`, then those in an input of type `dspy.History`.
    pub fn conversation(&self) -> Vec<Turn> {
        let in_inputs = self.signature.turns_in(&self.inputs).unwrap_or_default();
        self.turns.iter().cloned().chain(in_inputs).collect()
    }

    /// The inputs without the earlier turns: what is asked in this turn.
    pub fn question(&self) -> Values {
        let is_history = |name: &str| self.signature.input(name).is_some_and(Field::is_history);
        self.inputs.iter().filter(|(name, _)| !is_history(name)).map(|(name, v)| (name.clone(), v.clone())).collect()
    }

    /// The calls that the module makes.
    pub fn program(&self) -> Program<'_> {
        Program::new(self.module, &self.signature, &self.inputs)
    }

    /// The signature with the fields that the module adds: what the first calls ask.
    pub fn expanded(&self) -> Signature {
        self.module.expand(&self.signature)
    }

    /// The messages of the first calls' requests.
    pub fn messages(&self) -> Vec<Message> {
        self.adapter.messages(&self.expanded(), &self.inputs, &self.demos, &self.turns)
    }

    /// The messages of this call's first request.
    fn messages_of(&self, call: &Call) -> Vec<Message> {
        self.adapter.messages(&call.signature, &call.inputs, &self.demos, &self.turns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
