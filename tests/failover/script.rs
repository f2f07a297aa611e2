//! Scripts: `[[case]]` tables with a chain, a policy, runs and each model's replies, attempt by
//! attempt. The log of every case is compared with a golden file.
//!
//! A reply is `SECONDS ACT`, comma-separated; acts are `open`, `token`, `think`, `done`
//! and every failure kind by its name, followed by `status`, `key=value` and a reason.
//! An empty reply is silence. The last reply of a model repeats.

use crate::{case, golden};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;
use switchover::failover::policy_report::{PolicySimulation, ScriptedAct, ScriptedReply, TimedEvent};
use switchover::failover::{
    Answer, Cost, Event, Failure, FailureKind, Hint, HintSource, InnerAttempt, Policy, Route, TokenPhase,
};
use switchover::report::{Report, ReportKind};
use switchover::transcript::{HealthBoard, Transcript};

const ORIGIN: &str = "https://openrouter.ai";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    chain: Vec<toml::Value>,
    #[serde(default)]
    policy: Policy,
    #[serde(default)]
    runs: Vec<Run>,
    #[serde(default)]
    replies: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize, Clone, Copy, Default)]
#[serde(deny_unknown_fields)]
struct Run {
    at: f64,
    cancel: Option<f64>,
}

fn route(value: &toml::Value) -> Route {
    match value {
        toml::Value::String(model) => Route::new(model, ORIGIN),
        other => {
            let mut table = other.as_table().expect("a route is a name or a table").clone();
            table.entry("origin").or_insert(ORIGIN.into());
            table.try_into().expect("a route")
        }
    }
}

fn reply(text: &str) -> ScriptedReply {
    text.split(',').map(str::trim).filter(|step| !step.is_empty()).map(step).collect()
}

fn step(text: &str) -> (Duration, ScriptedAct) {
    let (seconds, rest) = text.split_once(' ').expect("seconds and an act");
    let at = Duration::from_secs_f64(seconds.parse().expect("seconds"));
    let (word, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let act = match word {
        "open" => ScriptedAct::Open,
        "token" => ScriptedAct::Token(TokenPhase::Answer),
        "think" => ScriptedAct::Token(TokenPhase::Reasoning),
        "done" => ScriptedAct::Done(answer(rest)),
        kind => {
            let (failure, spent) = failure(kind, rest);
            ScriptedAct::Fail(failure, spent)
        }
    };
    (at, act)
}

fn answer(rest: &str) -> Answer {
    let mut answer = Answer {
        fields: Arc::new([("answer".to_owned(), "42".into())].into_iter().collect()),
        served: None,
        cost: Cost::Known(0.0001),
        warnings: Vec::new(),
    };
    for word in rest.split_whitespace() {
        match word.split_once('=') {
            Some(("served", model)) => answer.served = Some(model.to_owned()),
            Some(("cost", usd)) => answer.cost = cost(usd),
            Some(("warning", text)) => answer.warnings.push(text.replace('_', " ")),
            _ if word == "blank" => answer.fields = Arc::default(),
            _ => panic!("{word:?} says nothing about an answer"),
        }
    }
    answer
}

fn failure(kind: &str, rest: &str) -> (Failure, Cost) {
    let kind: FailureKind = serde_json::from_value(kind.into()).expect("a failure kind");
    let mut failure = Failure::new(kind, "");
    let mut spent = Cost::NOTHING;
    let mut reason = Vec::new();
    for word in rest.split_whitespace() {
        match (word.split_once('='), word.parse()) {
            (None, Ok(status)) => failure.status = Some(status),
            (Some(("hint", seconds)), _) => {
                let after = if seconds == "huge" {
                    Duration::MAX
                } else {
                    Duration::from_secs_f64(seconds.parse().expect("seconds"))
                };
                let source = failure.hint.map_or(HintSource::RetryAfterSeconds, |hint| hint.source);
                failure.hint = Some(Hint { after, source });
            }
            (Some(("source", source)), _) => {
                let source = serde_json::from_value(source.into()).expect("a hint's source");
                failure.hint = Some(Hint { after: Duration::ZERO, source });
            }
            (Some(("afford", tokens)), _) => failure.affordable_tokens = tokens.parse().ok(),
            (Some(("parameter", name)), _) => failure.parameter = Some(name.to_owned()),
            (Some(("instead", model)), _) => failure.fallback_models.push(model.to_owned()),
            (Some(("body", body)), _) => failure.body = Some(body.to_owned()),
            (Some(("inner", count)), _) => {
                let one = InnerAttempt { provider: "p".to_owned(), model: None, status: Some(503) };
                failure.inner = vec![one; count.parse().expect("a count")];
            }
            (Some(("cost", usd)), _) => spent = cost(usd),
            _ => reason.push(word),
        }
    }
    failure.reason = if reason.is_empty() { "as scripted".to_owned() } else { reason.join(" ") };
    (failure, spent)
}

fn cost(usd: &str) -> Cost {
    usd.parse().map_or(Cost::Unknown, Cost::Known)
}

impl Case {
    fn runs(&self) -> Vec<Run> {
        if self.runs.is_empty() { vec![Run::default()] } else { self.runs.clone() }
    }

    fn play(&self) -> Vec<TimedEvent> {
        let mut simulation = PolicySimulation::default();
        let seconds = Duration::from_secs_f64;
        for (index, run) in self.runs().iter().enumerate() {
            let policy = Policy { seed: self.policy.seed + index as u64, ..self.policy.clone() };
            simulation.add_run(
                policy,
                self.chain.iter().map(route).collect(),
                seconds(run.at),
                run.cancel.map(seconds),
            );
        }
        let mut asked: BTreeMap<String, usize> = BTreeMap::new();
        simulation.play(|_, _, started| {
            let replies = self.replies.get(&started.model).map_or(&[][..], Vec::as_slice);
            let turn = asked.entry(started.model.clone()).or_default();
            *turn += 1;
            replies.get(*turn - 1).or(replies.last()).map(|text| reply(text)).unwrap_or_default()
        })
    }
}

/// The failover log of every run as its user sees it, each line with its time since the run's beginning; then the
/// health board as it is at the end.
fn log(events: &[TimedEvent], runs: &[Run]) -> String {
    let mut transcripts: Vec<Transcript> = runs.iter().map(|_| Transcript::default()).collect();
    let mut board = HealthBoard::default();
    for TimedEvent { at, run, event } in events {
        let since = at.saturating_sub(Duration::from_secs_f64(runs[*run].at));
        let report = Report { run: *run as u64, at: since, what: ReportKind::Engine(event.clone()) };
        transcripts[*run].apply(&report);
        board.apply(*at, &report);
    }
    let mut out = String::new();
    for (run, transcript) in runs.iter().zip(&transcripts) {
        if runs.len() > 1 {
            let _ = writeln!(out, "run at {} s", run.at);
        }
        for entry in &transcript.log {
            let _ = writeln!(out, "{:8.3} {}", entry.at.as_secs_f64(), entry.plain(transcript));
        }
    }
    let end = events.last().map_or(Duration::ZERO, |event| event.at);
    for row in &board.rows {
        let (circuit, _) = row.breaker_text(end);
        let calls =
            if row.asked == 0 { String::new() } else { format!(", answered {} of {}", row.answered, row.asked) };
        let _ = writeln!(out, "         {}: circuit {circuit}{calls}", row.label());
    }
    out
}

fn cases() -> Vec<(String, Vec<Case>)> {
    let mut files: Vec<_> = std::fs::read_dir(case("scripts"))
        .expect("the scripts' folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "toml"))
        .collect();
    files.sort();
    files
        .into_iter()
        .map(|path| {
            let text = std::fs::read_to_string(&path).expect("a script");
            let file: File = toml::from_str(&text).unwrap_or_else(|err| panic!("{}: {err}", path.display()));
            (path.file_stem().expect("a name").to_string_lossy().into_owned(), file.case)
        })
        .collect()
}

#[test]
fn every_script_gives_its_log() {
    for (name, cases) in cases() {
        let mut text = String::new();
        for case in cases {
            let _ = writeln!(text, "== {}\n{}", case.name, log(&case.play(), &case.runs()));
        }
        golden(&format!("scripts/{name}.log"), &text);
    }
}

#[test]
fn events_survive_json_and_keep_their_shape() {
    let mut lines = String::new();
    for (name, cases) in cases() {
        for (index, case) in cases.into_iter().enumerate() {
            for timed in case.play() {
                let line = serde_json::to_string(&timed.event).expect("an event");
                assert_eq!(serde_json::from_str::<Event>(&line).expect("the same event"), timed.event, "{line}");
                if name == "breaker" && index == 0 {
                    lines.push_str(&line);
                    lines.push('\n');
                }
            }
        }
    }
    golden("events.jsonl", &lines);
}

#[test]
fn the_scripts_show_every_row_and_every_word() {
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for case in cases().into_iter().flat_map(|(_, cases)| cases) {
        for timed in case.play() {
            match timed.event {
                Event::Failed(failed) => {
                    seen.insert(format!("rule {}", failed.rule));
                    seen.insert(format!("next step {:?}", failed.next_step));
                }
                Event::Started(started) => _ = seen.insert(format!("relation {}", started.relation)),
                Event::Skipped(skipped) => _ = seen.insert(format!("skip {:?}", skipped.why)),
                Event::Finished(finished) => _ = seen.insert(format!("outcome {:?}", finished.outcome)),
                _ => {}
            }
        }
    }
    let rules = FailureKind::ALL.map(|kind| format!("rule {}", switchover::failover::rules::rule(kind).id));
    let words = [
        "relation first",
        "relation retry",
        "relation fallback",
        "relation repair",
        "relation probe",
        "relation forced",
        "relation hedge",
        "next step RetrySame",
        "next step Next",
        "next step Repair",
        "next step Stop",
        "next step Continue",
        "skip BreakerOpen",
        "skip ClassOpen",
        "skip AccountOpen",
        "skip OriginOpen",
        "skip SameOrigin",
        "skip ProbeInFlight",
        "skip ContextTooSmall",
        "skip TooExpensive",
        "skip NoCredit",
        "skip OutputTooSmall",
        "skip AttemptsUsed",
        "skip Strict",
        "outcome Succeeded",
        "outcome Rejected",
        "outcome Exhausted",
        "outcome DeadlineExceeded",
        "outcome BudgetExceeded",
        "outcome Cancelled",
        "outcome LocalError",
    ];
    let missing: Vec<_> =
        rules.into_iter().chain(words.map(str::to_owned)).filter(|word| !seen.contains(word)).collect();
    assert!(missing.is_empty(), "no script shows {missing:?}");
}
