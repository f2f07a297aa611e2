//! What is asked: one value that the screen, the command line, the history, exports, comparisons and replays all
//! carry, and that the worker runs. Knows signatures, chains and settings; must not know who answers, nor how.

mod chat;

pub use chat::ChatTask;

use crate::dspy::program::{Call, Program, Step};
use crate::dspy::{Adapter, Demo, Field, Module, Prediction, ReasoningSource, Signature, Turn, Values};
use crate::failover::{Engine, Finished, Outcome, Policy, Route};
use crate::openrouter::Message;
pub use crate::openrouter::model::CONFIGURED_CHAIN;
use crate::openrouter::settings::RequestSettings;
use serde::{Deserialize, Serialize};
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
            Self::Chat(task) => task.asked(),
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
