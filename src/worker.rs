//! The network side of runs: one task each, the only place that spawns and sleeps.
//! Knows the engine, the client, the simulator and the clock; must not know any screen.

mod attempt;
mod program;
mod run;
mod world;

pub use world::{Service, World};

use crate::failover::{Event, Failure};
use crate::openrouter::Request;
use crate::report::{Job, Report, What};
use std::sync::Arc;
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

/// The first request that this job would send, the key masked, and the job with the prices of its models. Nothing
/// is sent. A fault's address is not shown: whether it fires is decided when the attempt starts.
///
/// # Errors
/// A setting or header that keeps it from being sent, or a chain without a model.
pub fn compose(job: Job, world: &World) -> Result<(Request, Job), Failure> {
    program::first_request(job, world)
}

/// Starts a run. Its reports go to `out`, the terminal last; then `out` is dropped.
pub fn spawn(mut job: Job, world: &Arc<World>, out: impl Fn(Report) + Send + Sync + 'static) -> Running {
    let run = world.new_run();
    let began = world.now();
    let (cancel, cancelled) = watch::channel(false);
    let world = Arc::clone(world);
    let running = Running { run, cancel };
    tokio::spawn(async move {
        let tell = |what: What| out(Report { run, at: world.now().saturating_sub(began), what });
        let program = program::Program { job: &mut job, world: &world, tell: &tell, cancel: cancelled };
        let finished = program.run().await;
        tell(What::Engine(Event::Finished(finished)));
    });
    running
}
