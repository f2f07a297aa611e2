//! What a run may have of its own, in place of what all runs share, and what it passes on besides its reports.

use super::injected::InjectedFault;
use super::services::Services;
use crate::failover::AttemptId;
use crate::openrouter::headers::Headers;
use crate::report::Report;
use crate::secret::{Secret, Secrets};
use serde_json::Value;
use std::sync::Arc;

/// How a run differs from the others on the same services.
#[derive(Clone, Default)]
pub struct RunOptions {
    /// Attribution and extra headers in place of the services' own.
    pub headers: Option<Headers>,
    /// The key in place of the services' own.
    pub key: Option<Secret>,
    /// A fault of the chain's first model, besides those of the services. Its schedule counts over all runs that share it.
    pub fault: Option<Arc<InjectedFault>>,
    /// Whether a chat's chunks and its whole response are passed on, as [`RunMessage`]s.
    pub relay: bool,
}

impl RunOptions {
    /// Attribution and extra headers of the run.
    pub(super) fn headers(&self, services: &Services) -> Headers {
        self.headers.clone().unwrap_or_else(|| services.headers())
    }

    /// The key and the secret headers of the run, to be removed from what a server sends.
    pub(super) fn secrets(&self, services: &Services) -> Secrets {
        let mut endpoint = services.endpoint();
        if let Some(key) = &self.key {
            endpoint.key = Some(key.clone());
        }
        endpoint.secrets(&self.headers(services))
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
