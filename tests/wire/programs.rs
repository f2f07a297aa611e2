//! Runs of several calls: what the calls of one run share.

use crate::runs::{CHAIN, fold, run, services, simulated, spec};
use crate::server::{Server, raw, whole};
use futures_util::FutureExt as _;
use serde_json::json;
use std::time::Duration;
use switchover::dspy::Module;
use switchover::failover::{FailureKind, Outcome, Route};
use switchover::report::{Observation, Report, ReportKind, RunSpec};
use switchover::simulator::SimulatorOptions;
use switchover::transcript::Transcript;
use switchover::worker::{self, Service};
use tokio::sync::mpsc;
use tokio::time;

/// Two chains, and a call that compares their answers.
fn comparison() -> RunSpec {
    RunSpec { module: Module::MultiChainComparison(2), ..spec() }
}

#[tokio::test]
async fn the_call_that_compares_gets_only_the_time_that_the_chains_have_left() {
    let text = "[[ ## reasoning ## ]]\nI know it.\n\n[[ ## answer ## ]]\n42\n\n[[ ## completed ## ]]\n";
    let thought = whole(&json!({"choices": [{"finish_reason": "stop", "message": {"content": text}}]}));
    let server = Server::start([thought.clone(), thought, raw("").then_hang()]).await;
    let services = services(Service::Server(Box::new(server.endpoint())), SimulatorOptions::default()).await;
    let mut spec = RunSpec { chain: vec![Route::new(CHAIN[0], "")], ..comparison() };
    spec.policy.limits.deadline = Duration::from_secs(60);
    // Nothing but the deadline ends a call.
    spec.policy.timeouts.first_token = Duration::from_secs(1000);

    let (send, mut received) = mpsc::unbounded_channel();
    let _running = worker::spawn(spec, &services, move |report: Report| {
        // The last chain seems to have taken 40 s. From then on the clock goes to the next timer whenever all wait.
        if matches!(report.what, ReportKind::Observation(Observation::Chain { chain: 2, .. })) {
            time::pause();
            _ = time::advance(Duration::from_secs(40)).now_or_never();
        }
        _ = send.send(report);
    });
    let mut run = Transcript::default();
    while let Some(report) = received.recv().await {
        run.apply(&report);
    }
    let finished = run.finished.unwrap();
    assert_eq!(run.attempts.len(), 3, "two chains and the call that compares");
    assert_eq!(run.attempts[2].failed.as_ref().unwrap().failure.kind, FailureKind::Deadline);
    assert_eq!(finished.took.as_secs(), 60, "{finished:?}");
}

#[tokio::test]
async fn a_model_takes_over_only_from_one_of_its_own_chain() {
    let services = simulated(0.0).await;
    services.inject(CHAIN[0], Some("404".parse().unwrap()));
    let run = fold(&run(&services, comparison(), |_, _| {}).await);
    assert_eq!(run.outcome(), Some(Outcome::Succeeded));
    assert_eq!(run.attempts.iter().filter(|attempt| attempt.failed.is_some()).count(), 2, "each chain asked the first");
    assert_eq!(run.winner().unwrap().model, CHAIN[1], "the call that compares passed it over");
    let switch = run.switch().map(|switch| (switch.from.id, switch.to.id));
    assert_eq!(switch, None, "nobody failed before the winner in its own chain");
}
