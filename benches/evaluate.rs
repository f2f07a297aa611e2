//! An evaluation of 1,000 cases by two variants: its time beside the same requests made bare, and its memory as the
//! number of cases grows. `cargo bench --bench evaluate`.

#[path = "shared/canned.rs"]
mod canned;
#[path = "shared/measure.rs"]
mod measure;
#[path = "shared/requests.rs"]
mod requests;

use futures_util::stream::{self, StreamExt as _};
use measure::{Samples, now, print_result};
use requests::{KEY, client, services, spec};
use std::collections::BTreeMap;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;
use switchover::eval::{CaseFormat, Evaluation, FaultPlan, Metric, Results, Variant, read};
use switchover::worker::{EvaluateEnd, EvaluateOptions, Services, evaluate};

const MODELS: [&str; 2] = ["openai/gpt-4o-mini", "anthropic/claude-3-haiku"];
const CONCURRENCY: usize = 8;

fn evaluation(cases: usize) -> Evaluation {
    let line = |i: usize| format!("{{\"question\": \"Which river is number {i}?\", \"answer\": \"The Nile\"}}\n");
    let text: String = (0..cases).map(line).collect();
    let signature = "question -> answer".parse().expect("a signature");
    Evaluation {
        cases: read(&text, CaseFormat::JsonLines, &signature).expect("cases"),
        variants: MODELS.map(|model| Variant { name: model.to_owned(), spec: spec(&[model], true) }).to_vec(),
        plans: vec![FaultPlan::none()],
        metrics: vec![("answer".to_owned(), Metric::Normalized)],
        repeat: 1,
        seed: 0,
    }
}

/// Asks all cells, and keeps what a table needs.
async fn run(evaluation: &Evaluation, services: &Arc<Services>) -> Results {
    let options = EvaluateOptions {
        concurrency: CONCURRENCY,
        max_cost: None,
        spent: 0.0,
        finished: Vec::new(),
        judges: BTreeMap::new(),
        command: Arc::new(|_, _| Err(String::new())),
    };
    let mut results = Results::new(evaluation);
    let end = evaluate(evaluation, &options, services, pending(), |index, scored| {
        results.set(index, (&scored).into());
    })
    .await;
    assert_eq!((end, results.finished()), (EvaluateEnd::Complete, evaluation.len()));
    assert!(results.rows(evaluation).iter().all(|row| row.score == Some(1.0)));
    results
}

/// The bodies of an evaluation's requests, as they are sent.
async fn bodies(services: &Arc<Services>) -> Vec<String> {
    let mut bodies = Vec::new();
    for model in MODELS {
        let result = requests::run(services, spec(&[model], true), now).await;
        assert!(result.first.is_some());
        let request = result.transcript.attempts[0].request.clone().expect("a request");
        bodies.push(request.body.to_string());
    }
    bodies
}

/// The resident memory of this process in MiB.
fn memory() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kib =
        status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.split_whitespace().next()?.parse::<f64>().ok());
    kib.unwrap_or_default() / 1024.0
}

fn main() {
    let text = "[[ ## reasoning ## ]]\nIt is the longest.\n\n[[ ## answer ## ]]\nThe Nile.\n\n[[ ## completed ## ]]";
    let reply = canned::stream([text], Duration::ZERO);
    let url =
        canned::serve(
            move |request| {
                if request.contains("chat/completions") { reply.clone() } else { canned::whole(404, "{}") }
            },
        );
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let services = services(&url, &client()).await;
        let evaluation = evaluation(1000);
        let bodies = bodies(&services).await;
        let http = reqwest::Client::builder().http1_only().no_proxy().tls_certs_only([]).build().expect("a client");
        let (mut ours, mut floor) = (Samples::default(), Samples::default());
        for _ in 0..5 {
            let began = now();
            run(&evaluation, &services).await;
            ours.add(began.elapsed());
            let began = now();
            let address = format!("{url}/chat/completions");
            stream::iter(0..evaluation.len())
                .for_each_concurrent(CONCURRENCY, |index| {
                    let request = http.post(&address).bearer_auth(KEY).header("content-type", "application/json");
                    let request = request.body(bodies[index % MODELS.len()].clone());
                    async move {
                        let answer = request.send().await.expect("an answer").text().await.expect("a body");
                        assert!(answer.contains("The Nile"));
                    }
                })
                .await;
            floor.add(began.elapsed());
        }
        print_result("2000 runs of an evaluation, 8 at a time, against the same requests made bare", &ours, &floor, "≤ 4 ×");
        let before = memory();
        let small = self::evaluation(1000);
        let kept_small = run(&small, &services).await;
        let at_small = memory();
        let large = self::evaluation(20_000);
        let kept_large = run(&large, &services).await;
        let at_large = memory();
        println!(
            "memory: {before:.1} MiB before, {at_small:.1} MiB with 1,000 cases, {at_large:.1} MiB with 20,000 cases more \
             ({:.0} bytes a run)",
            (at_large - at_small) * 1_048_576.0 / kept_large.finished() as f64
        );
        drop((kept_small, kept_large));
    });
}
