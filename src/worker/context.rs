//! What the parts of a run hand to each other.

use super::options::RunOptions;
use super::services::Services;
use crate::dspy::program::Call;
use crate::failover::{AttemptId, Event};
use crate::openrouter::headers::Headers;
use crate::report::{Observation, ReportKind};
use crate::secret::Secrets;
use crate::spec::RunSpec;
use serde_json::Value;
use std::time::Duration;

/// Passes on what happened in a run; the run's number and the time are added there.
pub(super) type Emit<'a> = dyn Fn(Output) + Send + Sync + 'a;

#[expect(clippy::large_enum_variant, reason = "nearly all are reports, and each is passed once")]
/// What happened in a run: a report, or what is [passed on](RunOptions::relay) besides.
pub(super) enum Output {
    /// It happened at this time of the services. An event has the time with which the engine decided, so that the same
    /// can be decided again.
    Report(Duration, ReportKind),
    Chunk(AttemptId, String),
    Response(AttemptId, Box<Value>),
}

impl Output {
    pub(super) fn event(now: Duration, event: Event) -> Self {
        Self::Report(now, ReportKind::Engine(event))
    }

    pub(super) fn observation(now: Duration, observation: Observation) -> Self {
        Self::Report(now, ReportKind::Observation(observation))
    }
}

/// What one call asks, and what it is asked with.
#[derive(Clone, Copy)]
pub(super) struct CallContext<'a> {
    /// The run's task, chain, policy and settings.
    pub(super) spec: &'a RunSpec,
    /// The call: its number, and the signature and inputs if it has some.
    pub(super) call: &'a Call,
    /// What this run has of its own.
    pub(super) options: &'a RunOptions,
    /// The service, the simulator and what else runs share.
    pub(super) services: &'a Services,
    /// The run's attribution and extra headers.
    pub(super) headers: &'a Headers,
    /// What is removed from all that a server sends back.
    pub(super) secrets: &'a Secrets,
}
