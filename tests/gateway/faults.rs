//! Every fault of the table, as an address, for each way to be answered: the client gets another model's answer or a
//! clean error, and never half an answer as a whole one.

use crate::{CHAIN, Reply, options, page, simulated};
use futures_util::stream::{self, StreamExt as _};
use serde_json::json;
use std::time::Duration;
use switchover::failover::{Limits, Policy, Timeouts};
use switchover::fault::{FaultGroup, FaultRow, TABLE};

/// How a client asks.
const WAYS: [(&str, bool, &str); 3] =
    [("whole", false, "answer"), ("stream", true, "first-token"), ("held", true, "answer")];

/// What clients get, in the words of the table.
const OUTCOMES: [(&str, &str); 4] = [
    ("rescued", "the next model's whole answer"),
    ("answer", "the first model's own whole answer"),
    ("as it comes", "a whole answer with wrong content, which only a contract can tell"),
    ("error", "a clean error"),
];

/// Small timers where one of them has to run out, and long ones elsewhere, so that a busy machine changes nothing.
fn policy(timed: bool) -> Policy {
    let time = if timed { Duration::from_secs(3) } else { Duration::from_secs(120) };
    let timeouts = Timeouts { connect: Duration::from_secs(120), first_token: time, idle: time, ..Timeouts::default() };
    let limits = Limits { deadline: Duration::from_secs(19), ..Limits::default() };
    let limits = if timed { Limits { deadline: Duration::from_secs(90), ..limits } } else { limits };
    Policy { timeouts, limits, first_token_reasoning: time, seed: 1, ..Policy::default() }
}

/// What a client gets, in the words of the table.
fn outcome(row: &FaultRow, way: &str, reply: &Reply) -> Result<&'static str, String> {
    match wrong(row, way, reply) {
        Some(what) => Err(format!("{} ({way}): {what}", row.example)),
        None if reply.answer().is_none() => Ok("error"),
        None if reply.answer().is_some_and(|text| !text.contains("Paris")) => Ok("as it comes"),
        None if reply.header("x-switchover-model") == CHAIN[1] => Ok("rescued"),
        None => Ok("answer"),
    }
}

/// What is wrong with a reply, if anything.
fn wrong(row: &FaultRow, way: &str, reply: &Reply) -> Option<String> {
    let answer = reply.answer();
    let right = answer.as_deref().is_some_and(|text| text.contains("Paris"));
    match (&answer, reply.error()) {
        (Some(_), Some(error)) => Some(format!("an answer and an error: {error}")),
        (None, None) => Some(format!("neither an answer nor an error: {}", reply.text)),
        (None, Some(_)) if reply.status == 200 && way != "stream" => Some("an error in a stream that was held".into()),
        (None, Some(_)) if reply.status != 200 && reply.header("x-should-retry") != "false" => {
            Some("an error that says nothing of retries".into())
        }
        (None, Some(_)) => None,
        // Without a contract nothing is known of an answer's content.
        (Some(_), None) if matches!(row.group, FaultGroup::Content | FaultGroup::Typed) => None,
        (Some(text), None) if !right => Some(format!("a wrong answer: {text}")),
        (Some(_), None) if !CHAIN.contains(&reply.header("x-switchover-model")) => Some("nobody answered".into()),
        (Some(_), None) => None,
    }
}

/// A fault, a way to ask, and what came of it.
type Cell = (&'static str, &'static str, Result<&'static str, String>);

async fn play(timed: bool) -> Vec<Cell> {
    let rows = TABLE.iter().filter(|row| timed == (row.group == FaultGroup::Time || row.name == "black-hole"));
    let each = rows.flat_map(|row| WAYS.map(|way| (row, way))).map(async |(row, (way, streams, hold))| {
        // A gateway that has seen nothing yet: what it remembers would skip the broken model.
        let mut gateway_options = options();
        gateway_options.defaults.policy = policy(timed);
        let gateway = simulated(if timed { 0.22 } else { 0.0 }, gateway_options).await;
        let body = json!({"model": CHAIN[0], "stream": streams});
        let reply = gateway.chat(row.example, &body, &[("x-switchover-hold", hold)]).await;
        (row.example, way, outcome(row, way, &reply))
    });
    // Nearly all of the time is waiting.
    stream::iter(each).buffer_unordered(12).collect().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_fault_is_ever_silent() {
    let (quick, timed) = tokio::join!(play(false), play(true));
    let cells: Vec<Cell> = quick.into_iter().chain(timed).collect();
    let wrong: Vec<&str> = cells.iter().filter_map(|(_, _, end)| end.as_ref().err().map(String::as_str)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let cell = |row: &FaultRow, way: &str| {
        let found = cells.iter().find(|(fault, asked, _)| *fault == row.example && *asked == way);
        found.and_then(|(_, _, end)| end.as_ref().ok().copied()).unwrap_or_default()
    };
    let row =
        |row: &FaultRow| format!("| `{}` | {} |\n", row.example, WAYS.map(|(way, _, _)| cell(row, way)).join(" | "));
    let table = format!(
        "| fault of the first model | `stream: false` | `hold = \"first-token\"` | `hold = \"answer\"` |\n|---|---|---|---|\n{}",
        TABLE.iter().map(row).collect::<String>()
    );
    page::holds("docs/gateway.md", "faults", &table);
    let count = |way: &str, what: &str| TABLE.iter().filter(|row| cell(row, way) == what).count();
    let row = |(what, meaning): (&str, &str)| {
        format!("| {what}: {meaning} | {} |\n", WAYS.map(|(way, _, _)| count(way, what).to_string()).join(" | "))
    };
    let counts: String = OUTCOMES.into_iter().map(row).collect();
    let head = "| of the {} faults | `stream: false` | `hold = \"first-token\"` | `hold = \"answer\"` |\n|---|---:|---:|---:|\n";
    page::holds("docs/reliability.md", "gateway", &(head.replace("{}", &TABLE.len().to_string()) + &counts));
}

#[tokio::test]
async fn what_can_be_rescued_is_rescued_and_says_by_whom() {
    for (fault, ways) in
        [("503", 3), ("empty", 3), ("no-finish", 2), ("cut:2", 2), ("reset-after:2", 2), ("error-event:2", 2)]
    {
        let mut rescued = 0;
        for (way, streams, hold) in WAYS {
            let gateway = simulated(0.0, options()).await;
            let body = json!({"model": CHAIN[0], "stream": streams});
            let reply = gateway.chat(fault, &body, &[("x-switchover-hold", hold)]).await;
            let answered = reply.answer().is_some_and(|text| text.contains("Paris"));
            rescued += usize::from(answered);
            if answered && way != "stream" {
                assert_eq!(reply.header("x-switchover-model"), CHAIN[1], "{fault} {way}");
                assert!(reply.header("x-switchover-trail").starts_with(CHAIN[0]), "{fault} {way}");
            }
        }
        // A stream that has begun cannot be continued by another model.
        assert!(rescued >= ways, "{fault}: {rescued} of 3");
    }
}

#[tokio::test]
async fn a_fault_in_the_address_is_that_programs_alone_and_keeps_its_schedule() {
    let gateway = simulated(0.0, options()).await;
    let body = json!({"model": CHAIN[0]});
    let first = gateway.chat("404@once", &body, &[]).await;
    assert_eq!(first.header("x-switchover-model"), CHAIN[1]);
    // The circuit of the broken model is open for those who broke it, and for nobody else.
    let others = gateway.chat("", &body, &[]).await;
    assert_eq!((others.header("x-switchover-model"), others.header("x-switchover-attempts")), (CHAIN[0], "1"));
    let once = gateway.chat("503@once", &body, &[]).await;
    assert_eq!((once.header("x-switchover-model"), once.header("x-switchover-attempts")), (CHAIN[0], "2"));
    let again = gateway.chat("503@once", &body, &[]).await;
    assert_eq!(again.header("x-switchover-attempts"), "1");
    let unknown = gateway.chat("nonsense", &body, &[]).await;
    assert_eq!(unknown.status, 404);
}
