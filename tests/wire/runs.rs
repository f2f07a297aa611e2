//! Whole runs over real sockets: client, engine and worker together.

use crate::server::{Answer, Server, answer, client, stream, whole};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use switchover::config::{Config, Environment};
use switchover::dspy::{Adapter, Values};
use switchover::failover::{Cost, Event, Failover, Outcome, Policy};
use switchover::openrouter::catalogue::CatalogueSource;
use switchover::openrouter::settings::RequestSettings;
use switchover::report::{Report, ReportKind};
use switchover::simulator::{Simulator, SimulatorOptions};
use switchover::spec::{RunSpec, SignatureTask};
use switchover::transcript::Transcript;
use switchover::worker::{self, Canceller, CostLookup, Service, ServiceOptions, Services};

pub(crate) const CHAIN: [&str; 2] = ["openai/gpt-4o-mini", "anthropic/claude-3-haiku"];

fn spec() -> RunSpec {
    RunSpec::new(task(), CHAIN)
}

pub(crate) fn task() -> SignatureTask {
    let inputs = Values::from_iter([("question".to_owned(), json!("What is DSPy?"))]);
    SignatureTask::new("question -> answer".parse().unwrap(), inputs)
}

async fn services(service: Service, options: SimulatorOptions) -> Arc<Services> {
    services_with(service, options, |options| options).await
}

/// Services whose options are not the usual ones.
async fn services_with(
    service: Service,
    options: SimulatorOptions,
    change: impl FnOnce(ServiceOptions) -> ServiceOptions,
) -> Arc<Services> {
    let simulator = Simulator::start(options).await.unwrap();
    Arc::new(Services::new(change(ServiceOptions::new(client(), service, simulator))))
}

/// Services that look up costs at this time.
async fn looking_up(service: Service, options: SimulatorOptions, cost_lookup: CostLookup) -> Arc<Services> {
    services_with(service, options, |options| ServiceOptions { cost_lookup, ..options }).await
}

pub(crate) async fn simulated(pace: f64) -> Arc<Services> {
    services(Service::Simulator, SimulatorOptions { pace, ..SimulatorOptions::default() }).await
}

/// Runs to the last report; `react` sees each as it comes.
pub(crate) async fn run(
    services: &Arc<Services>,
    spec: RunSpec,
    mut react: impl FnMut(&Report, &Canceller),
) -> Vec<Report> {
    let mut run = worker::run(spec, services);
    let cancel = run.canceller();
    let mut all = Vec::new();
    while let Some(report) = run.next().await {
        react(&report, &cancel);
        all.push(Report::clone(&report));
    }
    all
}

pub(crate) async fn run_on(answer: Answer, spec: RunSpec) -> (Vec<Report>, Server) {
    let server = Server::start([answer]).await;
    let services = services(Service::Server(Box::new(server.endpoint())), SimulatorOptions::default()).await;
    (run(&services, spec, |_, _| {}).await, server)
}

pub(crate) fn fold(reports: &[Report]) -> Transcript {
    let mut run = Transcript::default();
    for report in reports {
        run.apply(report);
    }
    run
}

#[tokio::test]
async fn an_escape_that_json_spells_out_reaches_no_screen() {
    // The text itself is harmless; decoding the answer's own JSON makes an escape of it.
    let hostile = r#"{"answer": "a\u001b]0;owned\u0007b\u202ec\u009b2J", "notes": {"k\u001b[2J": ["\u001b[31mred"]}}"#;
    for content in [hostile.to_owned(), hostile.replace("\"answer\": \"", "\"answer\": 5, \"x\": \"")] {
        let answer = whole(&json!({"choices": [{"finish_reason": "stop", "message": {"content": content}}]}));
        let signature = "question -> answer, notes: dict[str, list[str]]".parse().unwrap();
        let spec = RunSpec::new(SignatureTask { signature, adapter: Adapter::Json, ..task() }, CHAIN);
        let (reports, _server) = run_on(answer, spec).await;
        assert_eq!(fold(&reports).outcome(), Some(Outcome::Succeeded));
        for report in reports {
            let kept: serde_json::Value = serde_json::from_str(&report.line()).unwrap();
            if kept["event"] == "stream" {
                continue; // The wire's own text, in which the escape is still spelt out.
            }
            let bad = ["\\u001b", "\\u0007", "\u{202e}", "\u{9b}"];
            let line = kept.to_string();
            assert!(!bad.iter().any(|bad| line.contains(bad)), "{line}");
        }
    }
}

#[tokio::test]
async fn a_refused_key_is_named_with_the_place_that_sets_it() {
    let refused = answer(401, "application/json", r#"{"error": {"message": "User not found.", "code": 401}}"#);
    for (has_key, advice) in [(true, "does not accept the key in OPENROUTER_API_KEY"), (false, "no key is set")] {
        let server = Server::start([refused.clone()]).await;
        let mut endpoint = server.endpoint();
        endpoint.key = endpoint.key.filter(|_| has_key);
        let services = services(Service::Server(Box::new(endpoint)), SimulatorOptions::default()).await;
        let run = fold(&run(&services, spec(), |_, _| {}).await);
        let headline = run.finished.as_ref().and_then(|finished| finished.headline.clone()).unwrap();
        assert!(headline.contains("User not found.") && headline.contains(advice), "{headline}");
    }
    // An injected 401 says nothing of the key.
    let services = simulated(0.0).await;
    services.inject(CHAIN[0], Some("401".parse().unwrap()));
    let run = fold(&run(&services, spec(), |_, _| {}).await);
    let headline = run.finished.as_ref().and_then(|finished| finished.headline.clone()).unwrap();
    assert!(!headline.contains("OPENROUTER_API_KEY"), "{headline}");
}

#[tokio::test]
async fn a_cancelled_attempt_is_billed_when_the_service_knows() {
    let options = SimulatorOptions { pace: 1.0, generation_lag: 1, ..SimulatorOptions::default() };
    let services = looking_up(Service::Simulator, options, CostLookup::AfterTheEnd).await;
    let cancel_at_text = |report: &Report, cancel: &Canceller| {
        if report.line().contains("\"delta\":\"text\"") {
            cancel.cancel();
        }
    };
    let reports = run(&services, spec(), cancel_at_text).await;
    let at = |event: &str| reports.iter().position(|r| r.line().contains(&format!("\"event\":\"{event}\"")));
    assert!(at("finished").unwrap() < at("billed").expect("the service was asked"), "the terminal waits for nobody");
    let before = fold(&reports[..at("billed").unwrap()]);
    assert_eq!((before.outcome(), before.spend().total()), (Some(Outcome::Cancelled), Cost::Unknown));
    let after = fold(&reports);
    let billed = after.attempts[0].billed.as_ref().unwrap();
    assert_eq!((billed.cancelled, after.spend().total()), (Some(true), Cost::Known(billed.cost.unwrap())));
    assert!(billed.cost.unwrap() > 0.0);
}

#[tokio::test]
async fn who_waits_for_the_cost_hears_the_terminal_last_and_who_does_not_ask_hears_nothing() {
    let broken = stream("data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\n\n");
    for (costs, billed) in [(CostLookup::Never, 0), (CostLookup::BeforeTheEnd, 0)] {
        // No generation id: nothing to ask for.
        let server = Server::start([broken.clone()]).await;
        let service = Service::Server(Box::new(server.endpoint()));
        let services = looking_up(service, SimulatorOptions::default(), costs).await;
        let reports = run(&services, spec(), |_, _| {}).await;
        assert_eq!(reports.iter().filter(|r| r.line().contains("\"billed\"")).count(), billed);
        assert!(reports.last().unwrap().line().contains("\"event\":\"finished\""));
    }
    let options = SimulatorOptions { pace: 0.0, ..SimulatorOptions::default() };
    let services = looking_up(Service::Simulator, options, CostLookup::BeforeTheEnd).await;
    services.inject(CHAIN[0], Some("cut:2".parse().unwrap()));
    let reports = run(&services, spec(), |_, _| {}).await;
    assert!(reports.last().unwrap().line().contains("\"event\":\"finished\""));
    let run = fold(&reports);
    assert!(
        run.attempts[0].billed.is_some() && matches!(run.spend().total(), Cost::Known(_)),
        "{:?}",
        run.attempts[0].billed
    );
}

#[tokio::test]
async fn the_service_is_not_asked_what_a_fault_of_the_simulator_cost() {
    let server = Server::start([whole(&json!({"data": {"total_cost": 0.1}}))]).await;
    let service = Service::Server(Box::new(server.endpoint()));
    let services = looking_up(service, SimulatorOptions::default(), CostLookup::BeforeTheEnd).await;
    services.inject(CHAIN[0], Some("cut:2".parse().unwrap()));
    let reports = run(&services, RunSpec::new(task(), [CHAIN[0]]), |_, _| {}).await;
    let run = fold(&reports);
    let cut = &run.attempts[0];
    assert!(cut.simulated && cut.head.as_ref().unwrap().generation.is_some(), "it has an id to ask for: {cut:?}");
    assert_eq!((cut.failed.as_ref().unwrap().cost, run.spend().total()), (Cost::Unknown, Cost::Unknown));
    let asked: Vec<String> = server.received().into_iter().map(|request| request.line).collect();
    assert!(asked.is_empty(), "{asked:?}");
}

#[tokio::test]
async fn in_server_mode_the_service_falls_back_and_we_show_what_it_tried() {
    let services = simulated(0.0).await;
    services.inject(CHAIN[0], Some("503".parse().unwrap()));
    let policy = Policy { failover: Failover::Server, ..Policy::default() };
    let run = fold(&run(&services, RunSpec { policy: policy.clone(), ..spec() }, |_, _| {}).await);
    assert_eq!((run.outcome(), run.attempts.len()), (Some(Outcome::Succeeded), 1), "one request, no second engine");
    let only = &run.attempts[0];
    assert_eq!(only.request.as_ref().unwrap().body["models"], json!([CHAIN[1]]));
    assert!(only.served.as_deref().unwrap().starts_with(CHAIN[1]), "{:?}", only.served);
    let inner = &only.metadata.as_ref().unwrap().attempts;
    assert!(inner.iter().any(|one| one.status == Some(503)), "{inner:?}");

    // All of the service's models are broken: we do not begin again at our own chain's second one.
    for model in CHAIN {
        services.inject(model, Some("503".parse().unwrap()));
    }
    let run = fold(&self::run(&services, RunSpec { policy: policy.clone(), ..spec() }, |_, _| {}).await);
    assert_ne!(run.outcome(), Some(Outcome::Succeeded));
    assert!(run.attempts.iter().all(|attempt| attempt.model == CHAIN[0]), "{:?}", run.lines().collect::<Vec<_>>());

    // A server without such a list cannot do it, and is not asked to.
    let server = Server::start([whole(&json!({}))]).await;
    let mut endpoint = server.endpoint();
    endpoint.base = format!("http://{}/v1", server.address).parse().unwrap();
    let services = self::services(Service::Server(Box::new(endpoint)), SimulatorOptions::default()).await;
    let run = fold(&self::run(&services, RunSpec { policy, ..spec() }, |_, _| {}).await);
    assert_eq!(run.outcome(), Some(Outcome::LocalError));
    assert!(run.finished.unwrap().headline.unwrap().contains("failover.mode") && server.received().is_empty());
}

#[test]
fn the_mode_is_set_by_its_key() {
    let mode = |word: &str| {
        let config = Config::load(&Environment::default(), &[("failover.mode".into(), json!(word))]).unwrap();
        config.policy(0).unwrap().failover
    };
    assert_eq!(
        (mode("client"), mode("server"), mode("strict")),
        (Failover::Client, Failover::Server, Failover::Strict)
    );
}

#[tokio::test]
async fn the_list_of_models_is_kept_for_its_server_and_serves_offline() {
    let directory = std::env::temp_dir().join(format!("switchover-models-{}", std::process::id()));
    let server = Server::start([whole(&json!({"data": [{"id": "a/b", "context_length": 7}]}))]).await;
    let endpoint = server.endpoint();
    let keeping = |options| ServiceOptions { model_cache: Some(directory.clone()), ..options };
    let first = services_with(Service::Server(Box::new(endpoint.clone())), SimulatorOptions::default(), keeping).await;
    assert_eq!(first.models_age(), None);
    assert_eq!(first.ask_catalogue().await.unwrap().models.len(), 1);
    drop(server);
    let second = services_with(Service::Server(Box::new(endpoint)), SimulatorOptions::default(), keeping).await;
    assert!(second.ask_catalogue().await.is_err(), "nobody answers any more");
    assert!(second.models_age().unwrap() < Duration::from_secs(600));
    assert_eq!(second.catalogue().models[0].id, "a/b");
    let simulated = services_with(Service::Simulator, SimulatorOptions::default(), keeping).await;
    assert_eq!(simulated.catalogue().source, CatalogueSource::Snapshot, "another server's list is no list");
    std::fs::remove_dir_all(&directory).unwrap();
}

#[tokio::test]
async fn a_preview_is_what_is_sent_and_sends_nothing() {
    let server = Server::start([whole(&json!({"choices": []}))]).await;
    let services = services(Service::Server(Box::new(server.endpoint())), SimulatorOptions::default()).await;
    let previews = worker::preview(&mut spec(), &services).unwrap();
    assert_eq!(server.received().len(), 0);
    assert_eq!(previews.iter().map(|p| p.model.as_str()).collect::<Vec<_>>(), CHAIN);
    assert!(previews.iter().all(|p| p.worst_case.is_some_and(|usd| usd > 0.0)));
    let run = fold(&run(&services, spec(), |_, _| {}).await);
    assert_eq!(run.attempts[0].request.as_ref(), Some(&previews[0].request));
}

#[tokio::test]
async fn an_answer_in_one_piece_has_as_long_as_one_that_reasons() {
    let services = simulated(0.0).await;
    for (stream, limit) in [(true, 10), (false, 60)] {
        let spec =
            RunSpec { settings: RequestSettings { stream: Some(stream), ..RequestSettings::default() }, ..spec() };
        let reports = run(&services, spec, |_, _| {}).await;
        let limits = reports.iter().find_map(|report| match &report.what {
            ReportKind::Engine(Event::Started(started)) => Some(started.timeouts.first_token.as_secs()),
            _ => None,
        });
        assert_eq!(limits, Some(limit), "stream: {stream}");
    }
}

#[tokio::test]
async fn looking_at_a_request_does_not_use_up_a_fault() {
    let services = simulated(0.0).await;
    services.inject(CHAIN[0], Some("503@once".parse().unwrap()));
    for look in 0..2 {
        let injected: Vec<_> =
            worker::preview(&mut spec(), &services).unwrap().into_iter().map(|p| p.injected).collect();
        assert_eq!(injected, [Some("503@once".to_owned()), None], "look {look}");
    }
    let hit = fold(&run(&services, spec(), |_, _| {}).await);
    assert_eq!(hit.attempts[0].injected.as_deref(), Some("503@once"));
    assert!(hit.attempts[0].failed.is_some());
    assert_eq!(worker::preview(&mut spec(), &services).unwrap()[0].injected, None, "the attempt has used it up");
}

#[tokio::test]
async fn a_model_of_which_nothing_is_known_is_asked_for_its_best_and_then_without() {
    let refused = answer(400, "application/json", "{\"error\": \"'response_format.type' must be 'text'\"}");
    let good = whole(&json!({"choices": [{"message": {"content": "{\"answer\": \"4\"}"}, "finish_reason": "stop"}]}));
    let server = Server::start([refused, good]).await;
    let services = services(Service::Server(Box::new(server.endpoint())), SimulatorOptions::default()).await;
    let formats = async |model: &str, adapter| {
        let before = server.received().len();
        let spec = RunSpec::new(SignatureTask { adapter, ..task() }, [model]);
        let reports = run(&services, spec, |_, _| {}).await;
        assert_eq!(fold(&reports).outcome(), Some(Outcome::Succeeded));
        let format =
            |body: &[u8]| serde_json::from_slice::<serde_json::Value>(body).unwrap()["response_format"].clone();
        server.received()[before..].iter().map(|request| format(&request.body)["type"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(formats("my/own", Adapter::Json).await, [json!("json_schema"), json!(null)]);
    // Another adapter asks for no format, whatever the model.
    assert_eq!(formats("my/own", Adapter::Chat).await, [json!(null)]);
}

#[tokio::test]
async fn a_fault_that_is_set_or_healed_closes_the_breakers_of_its_route() {
    let services = simulated(0.0).await;
    let asked = async || {
        let reports = run(&services, spec(), |_, _| {}).await;
        fold(&reports).attempts.iter().map(|attempt| attempt.model.clone()).collect::<Vec<_>>()
    };
    let fault = |word: &str| Some(word.parse().unwrap());
    services.inject(CHAIN[0], fault("404"));
    assert_eq!(asked().await, CHAIN);
    assert_eq!(asked().await, [CHAIN[1]], "it is barred for the session");
    services.inject(CHAIN[0], fault("401"));
    assert_eq!(asked().await, [CHAIN[0]], "the new fault shows");
    services.inject(CHAIN[0], fault("404"));
    assert_eq!(asked().await, CHAIN);
    services.inject(CHAIN[0], None);
    assert_eq!(asked().await, [CHAIN[0]], "the healed model is asked");
    services.inject(CHAIN[0], fault("429:account,retry-after=3600"));
    asked().await;
    services.clear_faults();
    assert_eq!(asked().await, [CHAIN[0]], "the account's breaker is closed, too");
    // A fault on another model changes nothing for this one.
    services.inject(CHAIN[0], fault("404"));
    asked().await;
    services.inject(CHAIN[1], fault("401"));
    assert_eq!(asked().await, [CHAIN[1]]);
}
