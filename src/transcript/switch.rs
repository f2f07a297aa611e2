//! Which model took over from which, and why.

use super::{Attempt, Transcript};
use crate::failover::{Failover, Skipped};
use std::time::Duration;

/// One model took over from another.
#[derive(Clone, Copy, Debug)]
pub struct Switch<'a> {
    /// The model that was asked before, or would have been.
    pub from: &'a str,
    /// The model that took over.
    pub to: &'a str,
    /// The attempt of the model that took over.
    pub attempt: &'a Attempt,
    /// Why the other model does not answer.
    pub cause: SwitchCause<'a>,
    /// From the question to the first token of the new model; `None` before that token.
    pub waited: Option<Duration>,
}

/// Why another model than the first answers.
#[derive(Clone, Copy, Debug)]
pub enum SwitchCause<'a> {
    /// The last attempt before failed.
    Failed {
        /// The failed attempt.
        attempt: &'a Attempt,
        /// From the failure to the new model's first token; `None` before it, or if the other attempt failed later or
        /// only lost a hedge race.
        gap: Option<Duration>,
    },
    /// The service that was asked switched inside of one attempt.
    Service,
    /// The chain's first model was not asked, for example because its circuit is open.
    Skipped(&'a Skipped),
}

impl Transcript {
    /// The last change of model: the attempt that is shown follows a failed one of another model, or the service that
    /// does the failover names another model than the first, or the chain's first model was skipped.
    pub fn switch(&self) -> Option<Switch<'_>> {
        let attempt = self.shown()?;
        let (to, waited) = (attempt.answering(), attempt.first_token);
        let switch = |from, cause| Some(Switch { from, to, attempt, cause, waited });
        if let Some(failed) = self.failed_before(attempt) {
            let gap = waited.zip(failed.failed_at()).and_then(|(first, failed)| first.checked_sub(failed));
            return switch(&failed.model, SwitchCause::Failed { attempt: failed, gap });
        }
        let server = self.spec.as_ref().is_some_and(|spec| spec.policy.failover == Failover::Server);
        if server && to != attempt.model {
            return switch(&attempt.model, SwitchCause::Service);
        }
        let skipped = self.skipped.iter().find(|skipped| skipped.route == 0)?;
        let was_asked = self.attempts.iter().any(|attempt| attempt.model == skipped.model);
        if was_asked { None } else { switch(&skipped.model, SwitchCause::Skipped(skipped)) }
    }

    /// The last failed attempt of another model before this one, in the same call.
    pub(super) fn failed_before(&self, to: &Attempt) -> Option<&Attempt> {
        let call = |attempt: &&Attempt| attempt.id.call == to.id.call && attempt.id < to.id;
        self.attempts.iter().filter(call).rfind(|attempt| attempt.model != to.model && attempt.failed.is_some())
    }
}
