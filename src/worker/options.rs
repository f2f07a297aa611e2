//! What a run may have of its own, in place of what all runs share, and what it passes on besides its reports.

use super::injected::RunFaults;
use super::services::Services;
use crate::failover::{AttemptId, Health};
use crate::openrouter::MAX_BODY;
use crate::openrouter::headers::Headers;
use crate::report::Report;
use crate::secret::{Secret, Secrets};
use serde_json::Value;
use std::sync::{Arc, MutexGuard};
use std::time::Duration;

/// How a run differs from the others on the same services.
#[derive(Clone)]
pub struct RunOptions {
    /// Attribution and extra headers in place of the services' own.
    pub headers: Option<Arc<Headers>>,
    /// The key in place of the services' own.
    pub key: Option<Secret>,
    /// Faults in place of the services' own for the same models. The run uses their breakers, and leaves the services'
    /// breakers alone.
    pub faults: Option<Arc<RunFaults>>,
    /// What of a chat's responses is passed on besides the reports.
    pub relay: Relay,
    /// The bytes of messages that may wait for their reader. With more, the run reads nothing from its models until the
    /// reader has taken some; the models' timeouts wait as well, the run's deadline does not.
    pub backlog: usize,
    /// A reader that leaves the backlog full for this time has left, and the run is cancelled.
    pub patience: Option<Duration>,
    /// Whose task does the run's work.
    pub driver: Driver,
    /// Sees every message before the reader does, also after the reader has left. Must return at once. It is dropped
    /// after the last message.
    pub tap: Option<Tap>,
    /// The final event does not wait until the run is on disk, unless the history is behind. The history gets it all the
    /// same.
    pub ends_at_once: bool,
}

impl Default for RunOptions {
    fn default() -> Self {
        Self {
            headers: None,
            key: None,
            faults: None,
            relay: Relay::default(),
            backlog: MAX_BODY,
            patience: None,
            driver: Driver::default(),
            tap: None,
            ends_at_once: false,
        }
    }
}

/// Sees a run's messages.
pub type Tap = Arc<dyn Fn(&RunMessage) + Send + Sync>;

/// Whose task does a run's work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Driver {
    /// Its own, which continues however slowly its messages are read.
    #[default]
    OwnTask,
    /// Its reader's: nothing is handed from task to task. The run stands still while nobody waits for its next message.
    /// When it is dropped, a task of its own brings it to its end.
    Reader,
}

/// What of a chat's responses is passed on, as [`RunMessage`]s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Relay {
    /// Nothing.
    #[default]
    Nothing,
    /// The whole response of an answer.
    Response,
    /// That, and each chunk as it comes.
    Chunks,
}

impl RunOptions {
    /// Attribution and extra headers of the run.
    pub(super) fn headers(&self, services: &Services) -> Arc<Headers> {
        self.headers.clone().unwrap_or_else(|| services.headers())
    }

    /// The breakers of the run, held for as long as one step takes.
    pub(super) fn health<'a>(&'a self, services: &'a Services) -> MutexGuard<'a, Health> {
        self.faults.as_ref().map_or_else(|| services.health(), |faults| faults.health())
    }

    /// The key and the secret headers of the run, to be removed from what a server sends.
    pub(super) fn secrets(&self, headers: &Headers, services: &Services) -> Secrets {
        let mut endpoint = services.endpoint();
        if let Some(key) = &self.key {
            endpoint.key = Some(key.clone());
        }
        endpoint.secrets(headers)
    }
}

/// What comes out of a run.
#[derive(Clone, Debug)]
pub enum RunMessage {
    /// A report.
    Report(Arc<Report>),
    /// A chunk of an attempt's response as the server sent it: JSON. It comes before the reports of what is in it.
    Chunk(AttemptId, String),
    /// The whole response of an attempt, as the server gives it without streaming. It comes before the attempt's
    /// [`Answered`](crate::failover::Event::Answered).
    Response(AttemptId, Box<Value>),
}
