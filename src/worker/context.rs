//! What the parts of a run hand to each other.

use super::services::Services;
use crate::dspy::program::Call;
use crate::report::ReportKind;
use crate::spec::RunSpec;

/// Reports what happened in a run; the run's number and the time are added there.
pub(super) type Emit<'a> = dyn Fn(ReportKind) + Send + Sync + 'a;

/// What one call asks, and what it is asked with.
#[derive(Clone, Copy)]
pub(super) struct CallContext<'a> {
    /// The run's task, chain, policy and settings.
    pub(super) spec: &'a RunSpec,
    /// The call: its number, and the signature and inputs if it has some.
    pub(super) call: &'a Call,
    /// The service, the simulator and what else runs share.
    pub(super) services: &'a Services,
}
