//! Where a run's reports go: to the diagnostic log, the history and whoever listens.

use super::services::Services;
use super::trace;
use crate::report::{Report, ReportKind};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;

/// Gives a run's reports to the history and to whoever listens.
#[derive(Clone)]
pub(super) struct Reporter {
    pub(super) run: u64,
    pub(super) began: Duration,
    pub(super) services: Arc<Services>,
    pub(super) reports: UnboundedSender<Arc<Report>>,
}

impl Reporter {
    pub(super) fn report(&self, what: ReportKind) {
        let report = self.keep(self.services.now().saturating_sub(self.began), what);
        // Nobody has to listen.
        _ = self.reports.send(report);
    }

    /// Hands a report to the history and the diagnostic log.
    pub(super) fn keep(&self, at: Duration, what: ReportKind) -> Arc<Report> {
        let report = Arc::new(Report { run: self.run, at, what });
        trace::trace(&report);
        self.services.history.keep(&report);
        report
    }
}
