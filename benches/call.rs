//! The cost that the program adds to an HTTP call: one answer in one piece, the first token of a stream, a failover,
//! 2000 chunks, and 32 calls at a time. The floor is bare reqwest with the same bytes to the same server, which has
//! prepared answers. `cargo bench --bench call`; with `-- --serve`, only the server; with `-- --count URL N`, only N calls
//! to such a server, for callgrind.

#[path = "shared/canned.rs"]
mod canned;
#[path = "shared/measure.rs"]
mod measure;
#[path = "shared/requests.rs"]
mod requests;

use canned::Reply;
use futures_util::stream::{self, StreamExt as _};
use measure::{Samples, now, print_result};
use requests::{KEY, run, services, spec};
use std::sync::Arc;
use std::time::Duration;
use switchover::openrouter::client::Client;
use switchover::worker::Services;

const PRIMARY: &str = "openai/gpt-4o-mini";
const BACKUP: &str = "anthropic/claude-3-haiku";
const DOWN: &str = "mistralai/down";
const LONG: &str = "mistralai/long";

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(place) = arguments.iter().position(|argument| argument == "--count") {
        count(&arguments[place + 1], arguments[place + 2].parse().expect("a number of calls"));
        return;
    }
    let url = canned::serve(answers());
    if std::env::args().any(|argument| argument == "--serve") {
        // For `peers.py`: serve until standard input ends.
        println!("{url}");
        _ = std::io::stdin().read_line(&mut String::new());
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let bench = Bench::new(&url).await;
        bench.one_piece().await;
        bench.first_token().await;
        bench.failover().await;
        bench.many_chunks().await;
        bench.many_calls().await;
    });
}

/// Makes calls in one piece to a server of another process, so that an instruction counter sees nothing else.
fn count(url: &str, calls: usize) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let bench = Bench::new(url).await;
        for _ in 0..calls {
            run(&bench.services, spec(&[PRIMARY], false), now).await;
        }
    });
}

/// The answers of the models: a short one, a 503, and one of 2000 chunks.
fn answers() -> impl Fn(&str) -> Reply {
    let text = "[[ ## reasoning ## ]]\nIt is the longest.\n\n[[ ## answer ## ]]\nThe Nile.\n\n[[ ## completed ## ]]";
    let body = serde_json::json!({
        "id": "gen-1", "model": PRIMARY, "object": "chat.completion", "created": 1_763_800_000,
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120, "cost": 0.00001},
    });
    let whole = canned::whole(200, &body.to_string());
    let short = canned::stream([text], Duration::ZERO);
    // Two words in turn, because LiteLLM aborts a stream that repeats one chunk a hundred times.
    let words = ["[[ ## reasoning ## ]]\n"].into_iter().chain([" one", " two"].into_iter().cycle().take(1990));
    let long = canned::stream(words.chain(["\n\n[[ ## answer ## ]]\n", "The Nile."]), Duration::ZERO);
    let down = canned::whole(503, r#"{"error":{"code":503,"message":"overloaded"}}"#);
    move |request| match request {
        _ if request.contains(DOWN) => down.clone(),
        _ if request.contains(LONG) => long.clone(),
        _ if request.contains("\"stream\":true") || request.contains("\"stream\": true") => short.clone(),
        _ => whole.clone(),
    }
}

struct Bench {
    url: String,
    ours: Client,
    services: Arc<Services>,
    bare: reqwest::Client,
}

impl Bench {
    async fn new(url: &str) -> Self {
        let ours = requests::client();
        let services = services(url, &ours).await;
        let bare = reqwest::Client::builder().http1_only().no_proxy().tls_certs_only([]).build().expect("a client");
        Self { url: url.to_owned(), ours, services, bare }
    }

    /// The body that the program sends.
    async fn body(&self, model: &str, stream: bool) -> String {
        let result = run(&self.services, spec(&[model], stream), now).await;
        let attempt = result.transcript.attempts[0].request.clone().expect("a request");
        attempt.body.to_string()
    }

    /// The floor: the same bytes to the same server, and its answer read to the end. Returns the time of the first piece.
    async fn bare(&self, body: &str) -> Duration {
        let began = now();
        let request = self.bare.post(format!("{}/chat/completions", self.url));
        let request =
            request.header("authorization", format!("Bearer {KEY}")).header("content-type", "application/json");
        let mut response = request.body(body.to_owned()).send().await.expect("an answer");
        let mut first = None;
        while response.chunk().await.expect("a whole answer").is_some() {
            first.get_or_insert_with(|| began.elapsed());
        }
        first.unwrap_or_default()
    }

    async fn one_piece(&self) {
        let body = self.body(PRIMARY, false).await;
        let (mut ours, mut floor) = (Samples::default(), Samples::default());
        for _ in 0..3000 {
            let began = now();
            self.bare(&body).await;
            floor.add(began.elapsed());
            let began = now();
            run(&self.services, spec(&[PRIMARY], false), now).await;
            ours.add(began.elapsed());
        }
        print_result(
            "call in one piece, signature to validated fields",
            &ours,
            &floor,
            "≤ 1.25 ×, ≤ 0.2 ms more at p99",
        );
    }

    async fn first_token(&self) {
        let body = self.body(PRIMARY, true).await;
        let (mut ours, mut floor) = (Samples::default(), Samples::default());
        for _ in 0..2000 {
            floor.add(self.bare(&body).await);
            let began = now();
            let result = run(&self.services, spec(&[PRIMARY], true), now).await;
            ours.add(result.first.expect("some text") - began);
        }
        print_result("first token of a stream", &ours, &floor, "≤ 0.1 ms more");
    }

    async fn failover(&self) {
        let up = self.body(PRIMARY, false).await;
        let down = up.replace(PRIMARY, DOWN);
        let up = up.replace(PRIMARY, BACKUP);
        let (mut ours, mut floor) = (Samples::default(), Samples::default());
        for _ in 0..300 {
            let began = now();
            self.bare(&down).await;
            self.bare(&up).await;
            floor.add(began.elapsed());
            // New services for each run: otherwise the breaker would open and skip the first call.
            let fresh = services(&self.url, &self.ours).await;
            let began = now();
            let mut spec = spec(&[DOWN, BACKUP], false);
            // No retry after the 503, because the pause before it is not measured here.
            spec.policy.limits.per_model = 1;
            let result = run(&fresh, spec, now).await;
            ours.add(began.elapsed());
            assert_eq!(result.transcript.attempts.len(), 2, "the first attempt failed and the second answered");
        }
        print_result("failover, 503 at once and a backup at once", &ours, &floor, "≤ 1.25 × two bare calls");
    }

    async fn many_chunks(&self) {
        let body = self.body(LONG, true).await;
        let (mut ours, mut floor) = (Samples::default(), Samples::default());
        for _ in 0..100 {
            let began = now();
            self.bare(&body).await;
            floor.add(began.elapsed());
            let began = now();
            run(&self.services, spec(&[LONG], true), now).await;
            ours.add(began.elapsed());
        }
        print_result("2000 chunks without delay, fields live", &ours, &floor, "≤ 2 ×");
    }

    async fn many_calls(&self) {
        let body = &self.body(PRIMARY, false).await;
        let (mut ours, mut floor) = (Samples::default(), Samples::default());
        for _ in 0..15 {
            let began = now();
            let calls = stream::iter(0..500).map(|_| self.bare(body)).buffer_unordered(32);
            assert_eq!(calls.count().await, 500);
            floor.add(began.elapsed());
            let began = now();
            let calls = stream::iter(0..500).map(|_| run(&self.services, spec(&[PRIMARY], false), now));
            assert_eq!(calls.buffer_unordered(32).count().await, 500);
            ours.add(began.elapsed());
        }
        print_result("500 calls, 32 at a time", &ours, &floor, "≤ 3 ×");
    }
}
