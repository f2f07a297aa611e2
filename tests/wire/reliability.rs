//! Every fault of the table against client, engine and worker over real sockets, streaming and whole.
//! The timers are real and small; what comes of each fault is data.

use crate::page;
use futures_util::stream::{self, StreamExt as _};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::Duration;
use switchover::failover::{Limits, Outcome, Policy, Timeouts};
use switchover::fault::{FaultGroup, TABLE};
use switchover::worker::reliability::{CHAIN, FaultTrial, TrialConditions, try_fault};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    /// Fault to who answers, `first` or `second`, or to the run's outcome.
    stream: BTreeMap<String, String>,
    /// What is otherwise when the answer comes in one piece.
    whole: BTreeMap<String, String>,
}

/// Where no timer has to run out, models answer at once and timers are long, so that a busy machine changes nothing.
fn sound(word: &str, stream: bool) -> TrialConditions {
    // The account's cap lasts 20 s in the table; a run with less time than that does not wait for it.
    let deadline = Duration::from_secs(if word.contains("reset=") { 19 } else { 300 });
    let limits = Limits { deadline, ..Limits::default() };
    let first_token = Duration::from_secs(120);
    let timeouts = Timeouts { connect: first_token, first_token, idle: first_token, ..Timeouts::default() };
    TrialConditions { stream, pace: 0.0, policy: Policy { limits, timeouts, seed: 1, ..Policy::default() } }
}

/// Small timers: a slow model is over the limit for first tokens, a dripping one under the limit for silence,
/// and a sound one is far below both.
fn timed(_: &str, stream: bool) -> TrialConditions {
    let timeouts =
        Timeouts { first_token: Duration::from_secs(3), idle: Duration::from_secs(3), ..Timeouts::default() };
    let first_token_reasoning = timeouts.first_token;
    TrialConditions {
        stream,
        pace: 0.22,
        policy: Policy { timeouts, first_token_reasoning, seed: 1, ..Policy::default() },
    }
}

/// Whether the printed table has this outcome. Its times are those of one run; where the limit of the run decides how
/// often a cap is waited for, its attempts are too.
fn in_the_table(table: &str, word: &str, proof: &FaultTrial) -> bool {
    let outcome = serde_json::json!(proof.outcome()).as_str().unwrap_or_default().replace('_', " ");
    let row = format!("\n| `{word}` | {outcome} | {} | ", proof.answered_by().unwrap_or("–"));
    let attempts = if word.contains("reset=") { String::new() } else { format!("{} |", proof.attempts()) };
    table.contains(&(row + &attempts))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_fault_is_ever_silent() {
    let cases: Cases = toml::from_str(include_str!("../cases/reliability.toml")).unwrap();
    let play = async |timers: bool, at_once: usize, terms: fn(&str, bool) -> TrialConditions| {
        let rows = TABLE.iter().filter(|row| timers == (row.group == FaultGroup::Time || row.name == "black-hole"));
        let each = rows.flat_map(|row| [(row.example, true), (row.example, false)]).map(|(word, stream)| async move {
            (word, stream, try_fault(&word.parse().unwrap(), terms(word, stream)).await.unwrap())
        });
        stream::iter(each).buffer_unordered(at_once).collect::<Vec<_>>().await
    };
    let mut proofs = play(false, 8, sound).await;
    proofs.extend(play(true, 32, timed).await);
    let table = page::block("docs/reliability.md", "client");
    assert_eq!(table.matches("\n| `").count(), TABLE.len(), "a row for each fault in docs/reliability.md");
    let answered = table.matches("` | succeeded | ").count();
    let counts = format!("{answered} answered, {} stopped with a reason, 0 wrong", TABLE.len() - answered);
    for (name, times) in [("README.md", 1), ("docs/reliability.md", 2)] {
        let text = page::read(name);
        assert!(text.contains(&format!("{} faults", TABLE.len())), "{name}: the number of faults");
        assert_eq!(text.matches(&counts).count(), times, "{name}: {counts}");
    }
    let mut wrong = Vec::new();
    for (word, stream, proof) in proofs {
        let expected = cases.whole.get(word).filter(|_| !stream).or_else(|| cases.stream.get(word));
        let found = match (proof.outcome(), proof.answered_by()) {
            (Some(Outcome::Succeeded), Some(model)) if model == CHAIN[0] => "first".to_owned(),
            (Some(Outcome::Succeeded), Some(model)) if model == CHAIN[1] => "second".to_owned(),
            (outcome, by) => format!("{outcome:?} {}", by.unwrap_or_default()).trim().to_owned(),
        };
        if stream && !in_the_table(&table, word, &proof) {
            let attempts = proof.attempts();
            wrong.push(format!("{word}: {found} after {attempts}; the table of docs/reliability.md says otherwise"));
        }
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
