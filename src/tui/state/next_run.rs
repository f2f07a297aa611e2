//! The parts of the next run, except its inputs.

use super::conversation::Conversation;
use crate::dspy::{Adapter, Demo, Module, ReasoningSource, Signature};
use crate::failover::Policy;
use crate::fault::Fault;
use crate::openrouter::settings::RequestSettings;
use crate::tui::effect::ChainEntry;

/// Signature, module, models and settings of the next run.
#[derive(Clone, Debug)]
pub struct NextRun {
    /// The input and output fields.
    pub signature: Signature,
    /// The module that asks for the answer.
    pub module: Module,
    /// Examples that are sent with the inputs.
    pub demos: Vec<Demo>,
    /// How fields are written in messages.
    pub adapter: Adapter,
    /// Where a module's reasoning comes from.
    pub reasoning: ReasoningSource,
    /// The fallback chain.
    pub chain: Vec<ChainEntry>,
    /// Broken models that are not in the chain.
    pub elsewhere: Vec<ChainEntry>,
    /// Index of the selected entry of the chain.
    pub selected: usize,
    /// The policy of the failover engine.
    pub policy: Policy,
    /// Settings of every request.
    pub settings: RequestSettings,
    /// The conversation that it continues.
    pub conversation: Conversation,
}

impl NextRun {
    /// Whether its answer becomes a turn of a conversation.
    pub fn converses(&self) -> bool {
        self.conversation.continues || self.signature.has_history()
    }
}

impl NextRun {
    /// An entry for the chain, with the fault that the model has already.
    pub fn entry(&mut self, model: String) -> ChainEntry {
        match self.elsewhere.iter().position(|entry| entry.model == model) {
            Some(place) => self.elsewhere.swap_remove(place),
            None => ChainEntry::new(model),
        }
    }

    /// The fault of a model.
    pub fn fault(&self, model: &str) -> Option<&Fault> {
        self.chain.iter().chain(&self.elsewhere).find(|entry| entry.model == model)?.fault.as_ref()
    }

    /// Sets or clears the fault of a model.
    pub fn set_fault(&mut self, model: &str, fault: Option<Fault>) {
        if let Some(entry) = self.chain.iter_mut().find(|entry| entry.model == model) {
            entry.fault = fault;
            return;
        }
        self.elsewhere.retain(|entry| entry.model != model);
        self.elsewhere.extend(fault.map(|fault| ChainEntry { model: model.to_owned(), fault: Some(fault) }));
    }
}
