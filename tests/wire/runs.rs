//! Whole runs over real sockets: client, engine and worker together.

use crate::server::{Answer, Server, client, stream, whole};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use switchover::config::{Config, Surroundings};
use switchover::dspy::{Adapter, Module, Values};
use switchover::failover::{Event, Outcome, Policy, Route, Spent};
use switchover::openrouter::catalogue::{Catalogue, Source};
use switchover::openrouter::headers::Headers;
use switchover::openrouter::settings::Settings;
use switchover::report::{Job, Report, What};
use switchover::simulator::{Options, Simulator};
use switchover::transcript::Transcript;
use switchover::worker::{self, AskCosts, Running, Service, World};
use tokio::sync::mpsc;

const CHAIN: [&str; 2] = ["openai/gpt-4o-mini", "anthropic/claude-3-haiku"];

fn job() -> Job {
    Job {
        signature: "question -> answer".parse().unwrap(),
        module: Module::Predict,
        adapter: Adapter::Chat,
        inputs: Values::from_iter([("question".to_owned(), json!("What is DSPy?"))]),
        demos: Vec::new(),
        turns: Vec::new(),
        chain: CHAIN.iter().map(|model| Route::new(*model, "")).collect(),
        policy: Policy::default(),
        settings: Settings::default(),
        simulated: false,
    }
}

async fn world(service: Service, options: Options) -> Arc<World> {
    let simulator = Simulator::start(options).await.unwrap();
    Arc::new(World::new(client(), service, simulator, Headers::default(), Catalogue::snapshot()))
}

async fn simulated(pace: f64) -> Arc<World> {
    world(Service::Simulator, Options { pace, ..Options::default() }).await
}

/// Runs to the last report; `react` sees each as it comes.
async fn run(world: &Arc<World>, job: Job, mut react: impl FnMut(&Report, &Running)) -> Vec<Report> {
    let (tell, mut reports) = mpsc::unbounded_channel();
    let running = worker::spawn(job, world, move |report| _ = tell.send(report));
    let mut all = Vec::new();
    while let Some(report) = reports.recv().await {
        react(&report, &running);
        all.push(report);
    }
    all
}

async fn run_on(answer: Answer, job: Job) -> (Vec<Report>, Server) {
    let server = Server::start([answer]).await;
    let world = world(Service::Server(Box::new(server.endpoint())), Options::default()).await;
    (run(&world, job, |_, _| {}).await, server)
}

fn fold(reports: &[Report]) -> Transcript {
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
        let job = Job {
            signature: "question -> answer, notes: dict[str, list[str]]".parse().unwrap(),
            adapter: Adapter::Json,
            ..job()
        };
        let (reports, _server) = run_on(answer, job).await;
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
async fn a_cancelled_attempt_is_billed_when_the_service_knows() {
    let world = world(Service::Simulator, Options { pace: 1.0, generation_lag: 1, ..Options::default() }).await;
    world.ask_costs(AskCosts::AfterTheEnd);
    let cancel_at_text = |report: &Report, running: &Running| {
        if report.line().contains("\"delta\":\"text\"") {
            running.cancel();
        }
    };
    let reports = run(&world, job(), cancel_at_text).await;
    let at = |event: &str| reports.iter().position(|r| r.line().contains(&format!("\"event\":\"{event}\"")));
    assert!(at("finished").unwrap() < at("billed").expect("the service was asked"), "the terminal waits for nobody");
    let before = fold(&reports[..at("billed").unwrap()]);
    assert_eq!((before.outcome(), before.cost()), (Some(Outcome::Cancelled), Spent::Unknown));
    let after = fold(&reports);
    let billed = after.attempts[0].billed.as_ref().unwrap();
    assert_eq!((billed.cancelled, after.cost()), (Some(true), Spent::Known(billed.cost.unwrap())));
    assert!(billed.cost.unwrap() > 0.0);
}

#[tokio::test]
async fn who_waits_for_the_cost_hears_the_terminal_last_and_who_does_not_ask_hears_nothing() {
    let broken = stream("data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\n\n");
    for (costs, billed) in [(AskCosts::Never, 0), (AskCosts::BeforeTheEnd, 0)] {
        // No generation id: nothing to ask for.
        let server = Server::start([broken.clone()]).await;
        let world = world(Service::Server(Box::new(server.endpoint())), Options::default()).await;
        world.ask_costs(costs);
        let reports = run(&world, job(), |_, _| {}).await;
        assert_eq!(reports.iter().filter(|r| r.line().contains("\"billed\"")).count(), billed);
        assert!(reports.last().unwrap().line().contains("\"event\":\"finished\""));
    }
    let world = simulated(0.0).await;
    world.ask_costs(AskCosts::BeforeTheEnd);
    world.inject(CHAIN[0], Some("cut:2".parse().unwrap()));
    let reports = run(&world, job(), |_, _| {}).await;
    assert!(reports.last().unwrap().line().contains("\"event\":\"finished\""));
    let run = fold(&reports);
    assert!(run.attempts[0].billed.is_some() && matches!(run.cost(), Spent::Known(_)), "{:?}", run.attempts[0].billed);
}

#[tokio::test]
async fn in_server_mode_the_service_falls_back_and_we_show_what_it_tried() {
    let world = simulated(0.0).await;
    world.inject(CHAIN[0], Some("503".parse().unwrap()));
    let policy = Policy { server_side: true, ..Policy::default() };
    let run = fold(&run(&world, Job { policy: policy.clone(), ..job() }, |_, _| {}).await);
    assert_eq!((run.outcome(), run.attempts.len()), (Some(Outcome::Succeeded), 1), "one request, no second engine");
    let only = &run.attempts[0];
    assert_eq!(only.request.as_ref().unwrap().body["models"], json!([CHAIN[1]]));
    assert!(only.served.as_deref().unwrap().starts_with(CHAIN[1]), "{:?}", only.served);
    let inner = &only.metadata.as_ref().unwrap().attempts;
    assert!(inner.iter().any(|one| one.status == Some(503)), "{inner:?}");

    // All of the service's models are broken: we do not begin again at our own chain's second one.
    for model in CHAIN {
        world.inject(model, Some("503".parse().unwrap()));
    }
    let run = fold(&self::run(&world, Job { policy: policy.clone(), ..job() }, |_, _| {}).await);
    assert_ne!(run.outcome(), Some(Outcome::Succeeded));
    assert!(run.attempts.iter().all(|attempt| attempt.model == CHAIN[0]), "{:?}", run.lines().collect::<Vec<_>>());

    // A server without such a list cannot do it, and is not asked to.
    let server = Server::start([whole(&json!({}))]).await;
    let mut endpoint = server.endpoint();
    endpoint.base = format!("http://{}/v1", server.address).parse().unwrap();
    let world = self::world(Service::Server(Box::new(endpoint)), Options::default()).await;
    let run = fold(&self::run(&world, Job { policy, ..job() }, |_, _| {}).await);
    assert_eq!(run.outcome(), Some(Outcome::LocalError));
    assert!(run.finished.unwrap().headline.unwrap().contains("failover.mode") && server.received().is_empty());
}

#[test]
fn the_mode_is_set_by_its_key() {
    let mode = |word: &str| {
        let config = Config::load(&Surroundings::default(), &[("failover.mode".into(), json!(word))]).unwrap();
        let policy = config.policy(0).unwrap();
        (policy.strict, policy.server_side)
    };
    assert_eq!((mode("client"), mode("server"), mode("strict")), ((false, false), (false, true), (true, false)));
}

#[tokio::test]
async fn the_list_of_models_is_kept_for_its_server_and_serves_offline() {
    let directory = std::env::temp_dir().join(format!("switchover-models-{}", std::process::id()));
    let server = Server::start([whole(&json!({"data": [{"id": "a/b", "context_length": 7}]}))]).await;
    let endpoint = server.endpoint();
    let first = world(Service::Server(Box::new(endpoint.clone())), Options::default()).await;
    first.keep_models_in(&directory);
    assert_eq!(first.models_age(), None);
    assert_eq!(first.ask_catalogue().await.unwrap().models.len(), 1);
    drop(server);
    let second = world(Service::Server(Box::new(endpoint)), Options::default()).await;
    second.keep_models_in(&directory);
    assert!(second.ask_catalogue().await.is_err(), "nobody answers any more");
    assert!(second.models_age().unwrap() < Duration::from_secs(600));
    assert_eq!(second.catalogue().models[0].id, "a/b");
    let simulated = simulated(0.0).await;
    simulated.keep_models_in(&directory);
    assert_eq!(simulated.catalogue().source, Source::Snapshot, "another server's list is no list");
    std::fs::remove_dir_all(&directory).unwrap();
}

#[tokio::test]
async fn a_preview_is_what_is_sent_and_sends_nothing() {
    let server = Server::start([whole(&json!({"choices": []}))]).await;
    let world = world(Service::Server(Box::new(server.endpoint())), Options::default()).await;
    let previews = worker::preview(&mut job(), &world).unwrap();
    assert_eq!(server.received().len(), 0);
    assert_eq!(previews.iter().map(|p| p.model.as_str()).collect::<Vec<_>>(), CHAIN);
    assert!(previews.iter().all(|p| p.worst_case.is_some_and(|usd| usd > 0.0)));
    let run = fold(&run(&world, job(), |_, _| {}).await);
    assert_eq!(run.attempts[0].request.as_ref(), Some(&previews[0].request));
}

#[tokio::test]
async fn an_answer_in_one_piece_has_as_long_as_one_that_reasons() {
    let world = simulated(0.0).await;
    for (stream, limit) in [(true, 10), (false, 60)] {
        let job = Job { settings: Settings { stream: Some(stream), ..Settings::default() }, ..job() };
        let reports = run(&world, job, |_, _| {}).await;
        let limits = reports.iter().find_map(|report| match &report.what {
            What::Engine(Event::Started(started)) => Some(started.timeouts.first_token.as_secs()),
            _ => None,
        });
        assert_eq!(limits, Some(limit), "stream: {stream}");
    }
}

#[tokio::test]
async fn looking_at_a_request_does_not_use_up_a_fault() {
    let world = simulated(0.0).await;
    world.inject(CHAIN[0], Some("503@once".parse().unwrap()));
    for look in 0..2 {
        let injected: Vec<_> = worker::preview(&mut job(), &world).unwrap().into_iter().map(|p| p.injected).collect();
        assert_eq!(injected, [Some("503@once".to_owned()), None], "look {look}");
    }
    let hit = fold(&run(&world, job(), |_, _| {}).await);
    assert_eq!(hit.attempts[0].injected.as_deref(), Some("503@once"));
    assert!(hit.attempts[0].failed.is_some());
    assert_eq!(worker::preview(&mut job(), &world).unwrap()[0].injected, None, "the attempt has used it up");
}
