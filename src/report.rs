//! The reports of a run: the engine's events and the worker's observations. The screen, `--json`, history and replay
//! read only these. `docs/json.md` describes them as JSON lines.

use crate::dspy::{Prediction, Vote};
use crate::failover::{AttemptId, Cost, Event, Finished, Outcome};
use crate::openrouter::account::Generation;
use crate::openrouter::{Delta, Request};
use crate::spec::RunSpec;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

/// One report; a line of `--json` and of the history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The run's id: its start in milliseconds since 1970, made unique.
    pub run: u64,
    /// Time since the start of the run; ms in JSON.
    #[serde(rename = "at_ms", with = "crate::failover::as_ms")]
    pub at: Duration,
    /// What happened.
    #[serde(flatten)]
    pub what: ReportKind,
}

/// The version of the JSON lines. `docs/json.md` says which changes need a new one.
pub const LINES: u32 = 1;

impl Report {
    /// The report as a JSON line with its line end, as `--json` prints it and the history stores it.
    pub fn line(&self) -> String {
        let mut line = Vec::new();
        self.write(&mut line);
        String::from_utf8(line).unwrap_or_else(|e| unreachable!("JSON is text: {e}"))
    }

    /// The only report of a run that was refused before any model was asked.
    pub fn refused(run: u64, why: String) -> Self {
        let finished = Finished {
            outcome: Outcome::Rejected,
            attempt: None,
            model: None,
            attempts: 0,
            fields: Arc::default(),
            took: Duration::ZERO,
            cost: Cost::NOTHING,
            headline: Some(why),
            failures: Vec::new(),
        };
        Self { run, at: Duration::ZERO, what: ReportKind::Engine(Event::Finished(finished)) }
    }

    /// Appends that line to `out`.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(format!("{{\"v\":{LINES}").as_bytes());
        // The object's opening brace becomes the comma after the version; inserting would move a long line.
        let brace = out.len();
        serde_json::to_writer(&mut *out, self).unwrap_or_else(|e| unreachable!("reports are plain data: {e}"));
        out[brace] = b',';
        out.push(b'\n');
    }
}

/// What happened.
#[expect(clippy::large_enum_variant, reason = "a report is made once, and shared from then on")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ReportKind {
    /// A decision of the failover engine.
    Engine(Event),
    /// Something that the worker observed.
    Observation(Observation),
}

/// What the worker observes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Observation {
    /// The run starts; all that is needed to run it again.
    Begun(Arc<RunSpec>),
    /// A request was sent.
    Sent(Sent),
    /// A part of a response arrived.
    Stream {
        /// The attempt that it belongs to.
        attempt: AttemptId,
        /// The part.
        #[serde(flatten)]
        delta: Delta,
    },
    /// An answer was parsed, and its fields are valid.
    Parsed {
        /// The attempt that gave the answer.
        attempt: AttemptId,
        /// The parsed answer.
        #[serde(flatten)]
        prediction: Prediction,
    },
    /// One of several calls of a module has ended.
    Chain {
        /// The call's number, from 1.
        chain: usize,
        /// The number of calls that the module makes.
        of: usize,
        /// The final event of the call.
        end: Finished,
    },
    /// The server reported an attempt's cost after the stream, which had not contained it.
    Billed {
        /// The attempt that the cost belongs to.
        attempt: AttemptId,
        /// The server's record of the attempt.
        generation: Box<Generation>,
    },
    /// The answers of several calls were counted.
    Voted(Vote),
}

/// A request that was sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sent {
    /// The attempt that sent it.
    pub attempt: AttemptId,
    /// The requested model.
    pub model: String,
    /// The request with masked secrets.
    #[serde(flatten)]
    pub request: Arc<Request>,
    /// The injected fault, such as `503@once`; `None` if none was injected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub injected: Option<String>,
    /// Whether it was sent to the simulator.
    pub simulated: bool,
}
