//! What the parts of a run hand to each other.

use super::services::Services;
use crate::dspy::program::Call;
use crate::report::ReportKind;
use crate::spec::{RunSpec, SignatureTask};

/// Reports what happened in a run; the run's number and the time are added there.
pub(super) type Emit<'a> = dyn Fn(ReportKind) + Send + Sync + 'a;

/// What one call asks, and what it is asked with.
#[derive(Clone, Copy)]
pub(super) struct CallContext<'a> {
    /// The run's chain, policy and settings.
    pub(super) spec: &'a RunSpec,
    /// The run's task: its adapter, demos and turns.
    pub(super) task: &'a SignatureTask,
    /// The call: its signature and inputs.
    pub(super) call: &'a Call,
    /// The service, the simulator and what else runs share.
    pub(super) services: &'a Services,
}
