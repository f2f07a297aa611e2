//! The network side of runs: one task each, the only place that spawns and sleeps.
//! Knows the engine, the client, the simulator and the clock; must not know any screen.

mod attempt;
mod costs;
mod preview;
mod program;
pub mod proof;
mod run;
mod services;
mod trace;

pub use costs::CostLookup;
pub use preview::{Preview, preview};
pub use services::{Service, Services};

use crate::failover::Event;
use crate::report::{Observation, Report, ReportKind, RunSpec};
use costs::PendingCosts;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// A run on its way. Dropping it cancels it: its sockets close, and its last reports still come.
#[derive(Debug)]
pub struct Running {
    /// The run's number, as in its reports.
    pub run: u64,
    cancel: watch::Sender<bool>,
}

impl Running {
    /// Ends the run as soon as may be. The terminal still comes as a report.
    pub fn cancel(&self) {
        self.cancel.send_replace(true);
    }

    /// Whether it was told to end.
    pub fn cancelled(&self) -> bool {
        *self.cancel.borrow()
    }
}

/// Starts a run. Its reports go to `out`, the terminal last; then `out` is dropped. Where the world asks for costs
/// [after the end](AskCosts::AfterTheEnd), [`Observation::Billed`] may follow the terminal.
pub fn spawn(spec: RunSpec, services: &Arc<Services>, out: impl Fn(Report) + Send + Sync + 'static) -> Running {
    let out = move |report: Report| {
        trace::trace(&report);
        out(report);
    };
    let run = services.new_run();
    let began = services.now();
    let (cancel, cancelled) = watch::channel(false);
    let services = Arc::clone(services);
    let running = Running { run, cancel };
    tokio::spawn(async move {
        let bills = Mutex::new(PendingCosts::default());
        let tell = |what: ReportKind| {
            bills.lock().unwrap_or_else(PoisonError::into_inner).hear(&what, services.simulated());
            out(Report { run, at: services.now().saturating_sub(began), what });
        };
        let program = program::Program { spec, services: &services, tell: &tell, cancel: cancelled };
        let finished = program.run().await;
        let owed = bills.lock().unwrap_or_else(PoisonError::into_inner).owed();
        let when = services.costs_asked();
        if when != CostLookup::BeforeTheEnd {
            tell(ReportKind::Engine(Event::Finished(finished.clone())));
        }
        if when != CostLookup::Never {
            // From here on the world may go.
            let alive = Arc::downgrade(&services);
            drop(services);
            let settled = owed.iter().map(async |(attempt, id)| {
                let generation = costs::settle(alive.clone(), id).await?;
                let what = ReportKind::Observation(Observation::Billed {
                    attempt: *attempt,
                    generation: Box::new(generation),
                });
                out(Report { run, at: alive.upgrade()?.now().saturating_sub(began), what });
                Some(())
            });
            futures_util::future::join_all(settled).await;
        }
        if when == CostLookup::BeforeTheEnd {
            let at = finished.took;
            out(Report { run, at, what: ReportKind::Engine(Event::Finished(finished)) });
        }
    });
    running
}
