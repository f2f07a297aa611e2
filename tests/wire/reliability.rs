//! Every fault of the table against client, engine and worker over real sockets, streaming and whole.
//! The timers are real and small; what comes of each fault is data.

use futures_util::stream::{self, StreamExt as _};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::Duration;
use switchover::failover::{Limits, Outcome, Policy, Timeouts};
use switchover::fault::{FaultGroup, TABLE};
use switchover::worker::reliability::{CHAIN, TrialConditions, try_fault};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    /// Fault to who answers, `first` or `second`, or to the run's outcome.
    stream: BTreeMap<String, String>,
    /// What is otherwise when the answer comes in one piece.
    whole: BTreeMap<String, String>,
}

/// Where no timer has to run out, models answer at once and timers are long, so that a busy machine changes nothing.
fn sound(stream: bool) -> TrialConditions {
    // A cap on the account that lasts longer than this is not waited for.
    let limits = Limits { deadline: Duration::from_secs(15), ..Limits::default() };
    TrialConditions { stream, pace: 0.0, policy: Policy { limits, seed: 1, ..Policy::default() } }
}

/// Small timers: a slow model is over the limit for first tokens, a dripping one under the limit for silence,
/// and a sound one is far below both.
fn timed(stream: bool) -> TrialConditions {
    let timeouts =
        Timeouts { first_token: Duration::from_secs(3), idle: Duration::from_secs(3), ..Timeouts::default() };
    let first_token_reasoning = timeouts.first_token;
    TrialConditions {
        stream,
        pace: 0.22,
        policy: Policy { timeouts, first_token_reasoning, seed: 1, ..Policy::default() },
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_fault_is_ever_silent() {
    let cases: Cases = toml::from_str(include_str!("../cases/reliability.toml")).unwrap();
    let play = async |timers: bool, terms: fn(bool) -> TrialConditions| {
        let rows = TABLE.iter().filter(|row| timers == (row.group == FaultGroup::Time || row.name == "black-hole"));
        let each = rows.flat_map(|row| [(row.example, true), (row.example, false)]).map(|(word, stream)| async move {
            (word, stream, try_fault(&word.parse().unwrap(), terms(stream)).await.unwrap())
        });
        stream::iter(each).buffer_unordered(32).collect::<Vec<_>>().await
    };
    let mut proofs = play(false, sound).await;
    proofs.extend(play(true, timed).await);
    let mut wrong = Vec::new();
    for (word, stream, proof) in proofs {
        let expected = cases.whole.get(word).filter(|_| !stream).or_else(|| cases.stream.get(word));
        let found = match (proof.outcome(), proof.answered_by()) {
            (Some(Outcome::Succeeded), Some(model)) if model == CHAIN[0] => "first".to_owned(),
            (Some(Outcome::Succeeded), Some(model)) if model == CHAIN[1] => "second".to_owned(),
            (outcome, by) => format!("{outcome:?} {}", by.unwrap_or_default()).trim().to_owned(),
        };
        if let Some(broken) = proof.broken_invariant() {
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
