//! Runs of several calls: what the calls of one run share.

use crate::runs::{CHAIN, fold, run, simulated, task};
use switchover::dspy::Module;
use switchover::failover::Outcome;
use switchover::spec::{RunSpec, SignatureTask};

/// Two chains, and a call that compares their answers.
fn comparison() -> RunSpec {
    RunSpec::new(SignatureTask { module: Module::MultiChainComparison(2), ..task() }, CHAIN)
}

#[tokio::test]
async fn a_model_takes_over_only_from_one_of_its_own_chain() {
    let services = simulated(0.0).await;
    services.inject(CHAIN[0], Some("404".parse().unwrap()));
    let run = fold(&run(&services, comparison(), |_, _| {}).await);
    assert_eq!(run.outcome(), Some(Outcome::Succeeded));
    assert_eq!(run.attempts.iter().filter(|attempt| attempt.failed.is_some()).count(), 2, "each chain asked the first");
    assert_eq!(run.winner().unwrap().model, CHAIN[1], "the call that compares passed it over");
    let switch = run.switch().map(|switch| (switch.from.to_owned(), switch.to.to_owned()));
    assert_eq!(switch, None, "nobody failed before the winner in its own chain");
}
