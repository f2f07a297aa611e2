//! Every fault of the table against client, engine and worker over real sockets, streaming and whole.
//! The timers are real and small; what comes of each fault is data.

use futures_util::stream::{self, StreamExt as _};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::Duration;
use switchover::failover::{Limits, Outcome, Policy, Timeouts};
use switchover::fault::TABLE;
use switchover::worker::proof::{CHAIN, Terms, prove};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    /// Fault to who answers, `first` or `second`, or to the run's outcome.
    stream: BTreeMap<String, String>,
    /// What is otherwise when the answer comes in one piece.
    whole: BTreeMap<String, String>,
}

/// A slow model is over the limit for first tokens, a dripping one is under the limit for silence.
fn terms(stream: bool) -> Terms {
    let ms = Duration::from_millis;
    let timeouts = Timeouts { first_token: ms(2000), idle: ms(2000), ..Timeouts::default() };
    let limits = Limits { deadline: ms(20_000), ..Limits::default() };
    Terms { stream, pace: 0.15, policy: Policy { timeouts, limits, seed: 1, ..Policy::default() } }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_fault_is_ever_silent() {
    let cases: Cases = toml::from_str(include_str!("../cases/reliability.toml")).unwrap();
    let all = TABLE.iter().flat_map(|row| [(row.example, true), (row.example, false)]);
    let play = |(word, stream): (&'static str, bool)| async move {
        (word, stream, prove(&word.parse().unwrap(), terms(stream)).await.unwrap())
    };
    let proofs: Vec<_> = stream::iter(all).map(play).buffer_unordered(48).collect().await;
    let mut wrong = Vec::new();
    for (word, stream, proof) in proofs {
        let expected = cases.whole.get(word).filter(|_| !stream).or_else(|| cases.stream.get(word));
        let found = match (proof.outcome(), proof.answered_by()) {
            (Some(Outcome::Succeeded), Some(model)) if model == CHAIN[0] => "first".to_owned(),
            (Some(Outcome::Succeeded), Some(model)) if model == CHAIN[1] => "second".to_owned(),
            (outcome, by) => format!("{outcome:?} {}", by.unwrap_or_default()).trim().to_owned(),
        };
        if let Some(broken) = proof.broken_promise() {
            wrong.push(format!("{word} (stream: {stream}): {broken}"));
        }
        if expected != Some(&found) {
            wrong.push(format!("{word} (stream: {stream}): {found}, expected {expected:?}"));
        }
        if found == "second" && proof.run.attempts[0].failed.is_none() {
            wrong.push(format!("{word} (stream: {stream}): the first model was left without a failure"));
        }
    }
    wrong.sort();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
