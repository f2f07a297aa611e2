//! Where a run's reports go: to the diagnostic log, the history and whoever listens.

use super::backlog::Outbox;
use super::options::RunMessage;
use super::services::Services;
use super::trace;
use crate::report::{Report, ReportKind};
use std::sync::Arc;
use std::time::Duration;

/// Gives a run's reports to the history and to whoever listens.
#[derive(Clone)]
pub(super) struct Reporter {
    pub(super) run: u64,
    pub(super) began: Duration,
    pub(super) services: Arc<Services>,
    pub(super) outbox: Outbox,
}

impl Reporter {
    /// Reports what happened at this time of the services.
    pub(super) fn report(&self, now: Duration, what: ReportKind) {
        let report = self.keep(now.saturating_sub(self.began), what);
        self.outbox.send(RunMessage::Report(report));
    }

    /// Hands a report to the history and the diagnostic log.
    pub(super) fn keep(&self, at: Duration, what: ReportKind) -> Arc<Report> {
        let report = Arc::new(Report { run: self.run, at, what });
        trace::trace(&report);
        self.services.history.keep(&report);
        report
    }
}
