//! The network side of runs: one task each, the only place that spawns and sleeps.
//! Knows the engine, the client, the simulator and the clock; must not know any screen.

mod attempt;
mod bills;
mod preview;
mod program;
pub mod proof;
mod run;
mod world;

pub use bills::AskCosts;
pub use preview::{Preview, preview};
pub use world::{Service, World};

use crate::failover::Event;
use crate::report::{Job, Report, Seen, What};
use bills::Bills;
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
/// [after the end](AskCosts::AfterTheEnd), [`Seen::Billed`] may follow the terminal.
pub fn spawn(job: Job, world: &Arc<World>, out: impl Fn(Report) + Send + Sync + 'static) -> Running {
    let run = world.new_run();
    let began = world.now();
    let (cancel, cancelled) = watch::channel(false);
    let world = Arc::clone(world);
    let running = Running { run, cancel };
    tokio::spawn(async move {
        let bills = Mutex::new(Bills::default());
        let tell = |what: What| {
            bills.lock().unwrap_or_else(PoisonError::into_inner).hear(&what, world.simulated());
            out(Report { run, at: world.now().saturating_sub(began), what });
        };
        let program = program::Program { job, world: &world, tell: &tell, cancel: cancelled };
        let finished = program.run().await;
        let owed = bills.lock().unwrap_or_else(PoisonError::into_inner).owed();
        let when = world.costs_asked();
        if when != AskCosts::BeforeTheEnd {
            tell(What::Engine(Event::Finished(finished.clone())));
        }
        if when != AskCosts::Never {
            // From here on the world may go.
            let alive = Arc::downgrade(&world);
            drop(world);
            let settled = owed.iter().map(async |(attempt, id)| {
                let generation = bills::settle(alive.clone(), id).await?;
                let what = What::Seen(Seen::Billed { attempt: *attempt, generation: Box::new(generation) });
                out(Report { run, at: alive.upgrade()?.now().saturating_sub(began), what });
                Some(())
            });
            futures_util::future::join_all(settled).await;
        }
        if when == AskCosts::BeforeTheEnd {
            let at = finished.took;
            out(Report { run, at, what: What::Engine(Event::Finished(finished)) });
        }
    });
    running
}
