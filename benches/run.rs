//! A long run through worker, transcript and sections: the cost of a token must not grow with the tokens before it.
//! `cargo bench --bench run`.

#[path = "shared/canned.rs"]
mod canned;
#[path = "shared/measure.rs"]
mod measure;
#[path = "shared/requests.rs"]
mod requests;

use measure::{Samples, now, print_result};
use requests::{run, services, spec};
use std::iter::repeat_n;
use std::time::Duration;

const SIZES: [usize; 3] = [1_000, 10_000, 100_000];

fn main() {
    let answers = SIZES.map(|tokens| {
        let words = ["[[ ## reasoning ## ]]\n"].into_iter().chain(repeat_n(" word", tokens));
        let mut reply = canned::stream(words.chain(["\n\n[[ ## answer ## ]]\n", "The Nile."]), Duration::ZERO);
        // Packets of 64 chunks: otherwise the sender's system calls would dominate.
        reply.writes = std::sync::Arc::new(reply.writes.chunks(64).map(<[_]>::concat).collect());
        (format!("tokens/{tokens}"), reply)
    });
    let names = answers.clone().map(|(name, _)| format!("\"{name}\""));
    let url = canned::serve(move |request| {
        let known = names.iter().position(|name| request.contains(name));
        known.map_or_else(|| canned::whole(404, "{}"), |at| answers[at].1.clone())
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let services = services(&url, &requests::client()).await;
        let mut samples: [Samples; 3] = Default::default();
        for _ in 0..7 {
            for (samples, tokens) in samples.iter_mut().zip(SIZES) {
                // The same number of tokens for each size, so that noise of the machine affects all alike.
                let times = SIZES[2] / tokens;
                let began = now();
                for _ in 0..times {
                    run(&services, spec(&[&format!("tokens/{tokens}")], true), now).await;
                }
                samples.add(began.elapsed() * 1000 / (times * tokens) as u32);
            }
        }
        let [short, middle, long] = &samples;
        print_result("1000 tokens of a run of 10 000, against a run of 1000", middle, short, "within 10 %");
        print_result("1000 tokens of a run of 100 000, against a run of 1000", long, short, "within 10 %");
    });
}
