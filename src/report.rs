//! What a run says to the outside: the engine's events with what the network saw of
//! them. The screen, `--json`, history and replay all read these and nothing else.

use crate::dspy::{Prediction, Vote};
use crate::failover::{AttemptId, Event, Finished};
use crate::openrouter::account::Generation;
use crate::openrouter::{Delta, Request};
use crate::spec::RunSpec;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

/// One line of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The run: milliseconds since 1970 at its beginning, made unique.
    pub run: u64,
    /// Since the run's beginning, in ms.
    #[serde(rename = "at_ms", with = "crate::failover::as_ms")]
    pub at: Duration,
    /// What happened.
    #[serde(flatten)]
    pub what: ReportKind,
}

/// The version of the lines: `docs/json.md` describes them and says what may change without a new one.
pub const LINES: u32 = 1;

impl Report {
    /// The report as a line of JSON, its end included: what `--json` prints and history keeps.
    pub fn line(&self) -> String {
        let mut line = Vec::new();
        self.write(&mut line);
        String::from_utf8(line).unwrap_or_else(|e| unreachable!("JSON is text: {e}"))
    }

    /// Adds that line to what is there.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(format!("{{\"v\":{LINES}").as_bytes());
        // The object's own brace becomes the comma behind the version: the line may be too long to move it about.
        let brace = out.len();
        serde_json::to_writer(&mut *out, self).unwrap_or_else(|e| unreachable!("reports are plain data: {e}"));
        out[brace] = b',';
        out.push(b'\n');
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ReportKind {
    /// The engine said so.
    Engine(Event),
    /// The worker or the network side saw it.
    Observation(Observation),
}

/// What the worker and the network side see.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Observation {
    /// The run's beginning, with all that it was asked.
    Begun(Arc<RunSpec>),
    /// A request left the machine.
    Sent(Sent),
    /// A piece of a response arrived.
    Stream {
        /// Whose.
        attempt: AttemptId,
        /// The piece.
        #[serde(flatten)]
        delta: Delta,
    },
    /// An answer was read and validates.
    Parsed {
        /// Whose.
        attempt: AttemptId,
        /// The answer.
        #[serde(flatten)]
        prediction: Prediction,
    },
    /// One of several chains of the same question has ended.
    Chain {
        /// Which, from 1.
        chain: usize,
        /// Of how many.
        of: usize,
        /// How.
        end: Finished,
    },
    /// The service said what an attempt came to, late: its answer had not brought the cost.
    Billed {
        /// Whose.
        attempt: AttemptId,
        /// What the service says.
        generation: Box<Generation>,
    },
    /// The chains' answers were counted.
    Voted(Vote),
}

/// A request that left.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sent {
    /// Whose.
    pub attempt: AttemptId,
    /// The model asked for.
    pub model: String,
    /// The request, the key masked.
    #[serde(flatten)]
    pub request: Arc<Request>,
    /// The fault that was injected, as its word; absent if none was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub injected: Option<String>,
    /// Whether the simulator answers it.
    pub simulated: bool,
}
