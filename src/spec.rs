//! What is asked: one value that the screen, the command line, the history, exports, comparisons and replays all
//! carry, and that the worker runs. Knows signatures, chains and settings; must not know who answers, nor how.

use crate::dspy::program::{Call, Program};
use crate::dspy::{Adapter, Demo, Module, Signature, Turn, Values};
use crate::failover::{Policy, Route};
use crate::openrouter::Message;
use crate::openrouter::settings::RequestSettings;
use serde::{Deserialize, Serialize};

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
    pub fn new<M: Into<String>>(task: SignatureTask, models: impl IntoIterator<Item = M>) -> Self {
        Self {
            task: Task::Signature(task),
            // The worker fills in where a model is reached, and what is known of it.
            chain: models.into_iter().map(|model| Route::new(model, "")).collect(),
            policy: Policy::default(),
            settings: RequestSettings::default(),
            simulated: false,
        }
    }
}

impl SignatureTask {
    /// One `Predict` of a signature, with the default adapter, without examples.
    pub fn new(signature: Signature, inputs: Values) -> Self {
        Self {
            signature,
            module: Module::Predict,
            adapter: Adapter::default(),
            inputs,
            demos: Vec::new(),
            turns: Vec::new(),
        }
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
    pub fn messages_of(&self, call: &Call) -> Vec<Message> {
        self.adapter.messages(&call.signature, &call.inputs, &self.demos, &self.turns)
    }
}
