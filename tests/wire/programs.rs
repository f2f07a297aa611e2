//! Runs of several calls: what the calls of one run share.

use crate::runs::{CHAIN, fold, run, simulated, task};
use switchover::dspy::{Module, ReasoningSource};
use switchover::failover::{Failover, Outcome};
use switchover::openrouter::settings::Effort;
use switchover::spec::{RunSpec, SignatureTask};
use switchover::worker;

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

#[tokio::test]
async fn a_services_own_reasoning_is_the_field_where_the_model_gives_it() {
    let (reasons, plain) = ("deepseek/deepseek-r1", CHAIN[0]);
    let services = simulated(0.0).await;
    services.ask_catalogue().await.expect("the simulator's models");
    let task = SignatureTask { module: Module::ChainOfThought, reasoning: ReasoningSource::Native, ..task() };
    let mut spec = RunSpec::new(task, [reasons, plain]);
    let asked = |spec: &mut RunSpec| {
        let preview = worker::preview(spec, &services).expect("requests");
        preview.iter().map(|one| one.request.body.clone()).collect::<Vec<_>>()
    };
    let names = |body: &serde_json::Value| body["messages"].to_string().contains("`reasoning`");
    let [first, second] = &asked(&mut spec)[..] else { panic!("two requests were expected") };
    assert!(!names(first) && first["reasoning"]["effort"] == "low", "{first}");
    assert!(names(second) && second.get("reasoning").is_none(), "{second}");

    let run_of = async |fault: Option<&str>, spec: RunSpec| {
        services.clear_faults();
        services.inject(reasons, fault.map(|fault| fault.parse().unwrap()));
        fold(&run(&services, spec, |_, _| {}).await)
    };
    let native = run_of(None, spec.clone()).await;
    let winner = native.winner().expect("an answer");
    let fields = &winner.prediction.as_ref().expect("fields").fields;
    assert_eq!(fields.keys().collect::<Vec<_>>(), ["reasoning", "answer"]);
    assert_eq!(fields["reasoning"], winner.reasoning.trim());
    let written = run_of(Some("503"), spec.clone()).await;
    let winner = written.winner().expect("an answer");
    assert_eq!((winner.model.as_str(), winner.sections().len()), (plain, 0));
    assert!(winner.text.contains("[[ ## reasoning ## ]]"), "{}", winner.text);

    // Reasoning that is switched off is written, and so it is if the server sends one request to the whole chain.
    spec.settings.reasoning.effort = Some(Effort::None);
    assert!(names(&asked(&mut spec)[0]));
    spec.settings.reasoning.effort = Some(Effort::High);
    assert!(!names(&asked(&mut spec)[0]));
    spec.policy.failover = Failover::Server;
    assert!(names(&asked(&mut spec)[0]));
}
