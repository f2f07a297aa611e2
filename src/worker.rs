//! Runs: the module's calls, each through the failover engine, over the network. Knows the engine, the client, the
//! simulator, the history and the clock; must not know any screen.
//!
//! [`run`] is the one way in. It starts a task that owns the run, unless its reader's task [drives](RunOptions::driver) it;
//! everything that happens comes out as reports:
//!
//! ```text
//! RunSpec ─▶ run ─▶ drive (program: which calls?) ─▶ call (engine: which attempts?) ─▶ attempt (one HTTP exchange)
//!             └─◀──────────────────── reports, the final event last ◀──────────────────────┘
//! ```

mod advice;
mod alarm;
mod attempt;
mod backlog;
mod call;
mod context;
mod costs;
mod drive;
mod evaluate;
mod injected;
mod masked;
mod options;
mod preview;
mod question;
pub mod reliability;
mod reporter;
mod services;
mod trace;
mod worst;

pub use evaluate::{CommandMetric, EvaluateEnd, EvaluateOptions, evaluate};
pub use injected::RunFaults;
pub use options::{Driver, Relay, RunMessage, RunOptions, Tap};
pub use preview::{Preview, preview};
pub use services::{CostLookup, Service, ServiceOptions, Services};
pub use worst::{worst_case, worst_case_of_cell};

use crate::failover::{Cost, Event, Finished, Outcome};
use crate::lock::locked;
use crate::report::{Report, ReportKind};
use crate::spec::RunSpec;
use crate::transcript::Transcript;
use backlog::{Backlog, Outbox};
use context::Output;
use costs::PendingCosts;
use futures_util::FutureExt as _;
use reporter::Reporter;
use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::sync::{oneshot, watch};

/// A run in progress. Dropping it cancels it: its sockets close, and its last reports still reach the history.
pub struct Run {
    messages: UnboundedReceiver<RunMessage>,
    backlog: Arc<Backlog>,
    cancel: Canceller,
    /// What is left of it to be done in the reader's task.
    work: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

/// Cancels a run. Clones cancel the same run; it is also cancelled when the last of them is dropped.
#[derive(Clone, Debug)]
pub struct Canceller(watch::Sender<bool>);

impl Canceller {
    /// Cancels the run. Its final event is still reported.
    pub fn cancel(&self) {
        self.0.send_replace(true);
    }

    /// Whether [`cancel`](Self::cancel) was called.
    pub fn is_cancelled(&self) -> bool {
        *self.0.borrow()
    }
}

impl Run {
    /// The next report; `None` after the last one. The final event is [`Event::Finished`]; where the services look up
    /// costs [after the end](CostLookup::AfterTheEnd), [`Billed`](crate::report::Observation::Billed) may follow it.
    pub async fn next(&mut self) -> Option<Arc<Report>> {
        loop {
            if let RunMessage::Report(report) = self.next_message().await? {
                return Some(report);
            }
        }
    }

    /// The next message: a report, or what a [relay](RunOptions::relay) gets besides. `None` after the last one.
    pub async fn next_message(&mut self) -> Option<RunMessage> {
        let message = poll_fn(|context| self.poll_message(context)).await?;
        self.backlog.remove(&message);
        Some(message)
    }

    /// What has been said comes before anything more is done.
    fn poll_message(&mut self, context: &mut Context<'_>) -> Poll<Option<RunMessage>> {
        let said = self.messages.poll_recv(context);
        let Some(work) = self.work.as_mut().filter(|_| said.is_pending()) else { return said };
        if work.as_mut().poll(context).is_ready() {
            self.work = None;
        }
        self.messages.poll_recv(context)
    }

    /// A handle that cancels this run.
    pub fn canceller(&self) -> Canceller {
        self.cancel.clone()
    }

    /// Waits for the end, and gives the fold of all reports.
    pub async fn finish(mut self) -> Transcript {
        let mut transcript = Transcript::default();
        while let Some(report) = self.next().await {
            transcript.apply(&report);
        }
        transcript
    }
}

/// The longest wait for a run's number, and for its lines to be on disk, or for room, before its end is reported.
const HISTORY_PATIENCE: Duration = Duration::from_millis(250);

/// A run in its reader's task continues in one of its own when the reader leaves.
impl Drop for Run {
    fn drop(&mut self) {
        if let Some(work) = self.work.take() {
            self.cancel.cancel();
            // Where the runtime has gone, so have the run's sockets.
            _ = Handle::try_current().map(|runtime| runtime.spawn(work));
        }
    }
}

/// Starts a run. Needs a tokio runtime.
pub fn run(spec: RunSpec, services: &Arc<Services>) -> Run {
    run_with(spec, RunOptions::default(), services)
}

/// Starts a run that differs from the others. Needs a tokio runtime.
pub fn run_with(spec: RunSpec, options: RunOptions, services: &Arc<Services>) -> Run {
    let (cancel, cancelled) = watch::channel(false);
    let (sender, messages) = unbounded_channel();
    let backlog = Arc::new(Backlog::new(options.backlog));
    let outbox = Outbox { messages: sender, backlog: Arc::clone(&backlog), tap: options.tap.clone() };
    let driver = options.driver;
    let work = Box::pin(serve(spec, options, Arc::clone(services), outbox, cancelled));
    let mut run = Run { messages, backlog, cancel: Canceller(cancel), work: None };
    match driver {
        Driver::OwnTask => _ = tokio::spawn(work),
        Driver::Reader => run.work = Some(work),
    }
    run
}

/// One run from its number to its last report.
async fn serve(
    spec: RunSpec,
    options: RunOptions,
    services: Arc<Services>,
    outbox: Outbox,
    cancelled: watch::Receiver<bool>,
) {
    let run = services.new_run().await;
    // A line has whole microseconds.
    let began = Duration::from_micros(services.now().as_micros() as u64);
    let backlog = Arc::clone(&outbox.backlog);
    let reporter = Reporter { run, began, services, outbox };
    let costs = Mutex::new(PendingCosts::default());
    let emit = |output: Output| match output {
        Output::Report(now, what) => {
            locked(&costs).apply(&what, reporter.services.simulated());
            reporter.report(now, what);
        }
        Output::Chunk(attempt, chunk) => reporter.outbox.send(RunMessage::Chunk(attempt, chunk)),
        Output::Response(attempt, response) => reporter.outbox.send(RunMessage::Response(attempt, response)),
    };
    let driven = drive::drive(spec, &options, began, &reporter.services, (&emit, &backlog), cancelled);
    let finished = guarded(driven, || reporter.services.now().saturating_sub(began)).await;
    let owed = locked(&costs).owed();
    let lookup = reporter.services.cost_lookup;
    if lookup == CostLookup::BeforeTheEnd {
        costs::look_up(reporter.clone(), owed).await;
        end(&reporter, finished, options.ends_at_once).await;
    } else {
        end(&reporter, finished, options.ends_at_once).await;
        if lookup == CostLookup::AfterTheEnd {
            costs::look_up(reporter, owed).await;
        }
    }
}

/// Reports the final event. It is kept first: a run that is shown as ended is in the history, unless the disk hangs.
async fn end(reporter: &Reporter, finished: Finished, at_once: bool) {
    let at = finished.took;
    let report = reporter.keep(at, ReportKind::Engine(Event::Finished(finished)));
    let history = &reporter.services.history;
    let (done, wait) = oneshot::channel();
    let then = move || _ = done.send(());
    if at_once {
        // Where runs end faster than they are stored, they wait for each other.
        history.when_room(then);
    } else {
        history.when_written(then);
    }
    _ = tokio::time::timeout(HISTORY_PATIENCE, wait).await;
    reporter.outbox.send(RunMessage::Report(report));
}

/// The final event of a run. A panic on the way is a fault of this program: it ends its run, and whoever waits for the
/// end still gets it.
fn guarded(
    driven: impl Future<Output = Finished>,
    elapsed: impl FnOnce() -> Duration,
) -> impl Future<Output = Finished> {
    // Not an async fn: that would hold the large future twice, and each run would copy and allocate it twice.
    let failed = || Finished {
        outcome: Outcome::LocalError,
        attempt: None,
        model: None,
        attempts: 0,
        fields: Arc::default(),
        took: elapsed(),
        cost: Cost::Unknown,
        headline: Some("Switchover itself failed in this run; please report it (`switchover doctor --report`)".into()),
        failures: Vec::new(),
    };
    AssertUnwindSafe(driven).catch_unwind().map(|end| end.unwrap_or_else(|_| failed()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dspy::Values;
    use crate::openrouter::client::Client;
    use crate::report::Observation;
    use crate::simulator::{Simulator, SimulatorOptions};
    use crate::spec::SignatureTask;

    /// How a run ends if its reader takes nothing for two minutes, and whether a model has sent anything.
    async fn unread_for_a_while(backlog: usize) -> (Outcome, bool) {
        let simulator = Simulator::start(SimulatorOptions { pace: 0.0, ..SimulatorOptions::default() });
        let client = Client::new(Duration::from_secs(5));
        let simulator = simulator.await.expect("a port");
        let services = Arc::new(Services::new(ServiceOptions::new(client, Service::Simulator, simulator)));
        let inputs = Values::from_iter([("question".to_owned(), "What is DSPy?".into())]);
        let task = SignatureTask::new("question -> answer".parse().expect("a signature"), inputs);
        let spec = RunSpec::new(task, ["openai/gpt-4o-mini", "anthropic/claude-3-haiku"]);
        let options = RunOptions { backlog, ..RunOptions::default() };
        let mut run = run_with(spec, options, &services);
        if backlog == 0 {
            // Nothing is read from a socket, so that the clock jumps from timer to timer.
            tokio::time::pause();
            tokio::time::sleep(Duration::from_secs(120)).await;
        }
        let (mut outcome, mut streams) = (None, false);
        while let Some(report) = run.next().await {
            match &report.what {
                ReportKind::Engine(Event::Finished(finished)) => outcome = Some(finished.outcome),
                ReportKind::Observation(Observation::Stream { .. }) => streams = true,
                _ => {}
            }
        }
        (outcome.expect("a final event"), streams)
    }

    #[tokio::test]
    async fn a_run_whose_reader_is_behind_reads_nothing_and_ends_at_its_deadline() {
        assert_eq!(unread_for_a_while(0).await, (Outcome::DeadlineExceeded, false));
        tokio::time::resume();
        assert_eq!(unread_for_a_while(1 << 20).await, (Outcome::Succeeded, true));
    }

    #[tokio::test]
    async fn a_run_that_panics_still_has_its_final_event() {
        let end = guarded(async { panic!("on purpose") }, || Duration::from_millis(3)).await;
        assert_eq!((end.outcome, end.took, end.cost), (Outcome::LocalError, Duration::from_millis(3), Cost::Unknown));
        assert!(end.headline.is_some());
    }
}
