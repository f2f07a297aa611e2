//! What the next run is made of, besides its inputs.

use crate::dspy::{Adapter, Demo, Module, Signature};
use crate::failover::Policy;
use crate::openrouter::settings::RequestSettings;
use crate::tui::effect::ChainEntry;

/// Signature, module, models and settings of the next run.
#[derive(Clone, Debug)]
pub struct NextRun {
    /// The fields that go in and come out.
    pub signature: Signature,
    /// How the model is asked.
    pub module: Module,
    /// Examples that are sent along.
    pub demos: Vec<Demo>,
    /// How fields are written in messages.
    pub adapter: Adapter,
    /// The fallback chain.
    pub chain: Vec<ChainEntry>,
    /// The entry of the chain that is selected: faults are set on it.
    pub selected: usize,
    /// The engine's settings.
    pub policy: Policy,
    /// What every request carries.
    pub settings: RequestSettings,
}
