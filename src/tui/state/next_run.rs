//! The parts of the next run, except its inputs.

use super::conversation::Conversation;
use crate::dspy::{Adapter, Demo, Module, ReasoningSource, Signature};
use crate::failover::Policy;
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
    /// Index of the selected entry of the chain. Faults are set on it.
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
        self.conversation.goes_on || self.signature.has_history()
    }
}
