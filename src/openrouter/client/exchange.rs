//! One exchange with a server: the request on its way out, then the response as it comes in.

use super::{MAX_ERROR_BODY, transport, wall};
use crate::failover::{Failure, FailureKind};
use crate::openrouter::classify::{self, ErrorContext};
use crate::openrouter::{Api, BodyReader, Completion, Delta, Expects, Head, Request};
use crate::secret::Secrets;
use reqwest::Response;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// The time that a response gets to end after its last event, so that its connection can be used again.
const GRACE: Duration = Duration::from_millis(20);

/// The time that a server gets to send usage, or the end of the stream, after it has sent the answer's end.
const FINISH_GRACE: Duration = Duration::from_secs(2);

/// One exchange with a server. Dropping it closes the socket.
pub struct Exchange {
    request: Arc<Request>,
    secrets: Secrets,
    expects: Expects,
    api: Api,
    /// The base URL to suggest where the server does not know the path.
    better: Option<String>,
    state: ExchangeState,
}

type Sending = Pin<Box<dyn Future<Output = reqwest::Result<Response>> + Send>>;

enum ExchangeState {
    Sending(Sending),
    Refused { response: Response, head: Head, body: Vec<u8> },
    Reading { response: Response, reader: Box<BodyReader>, done: bool, grace_ends: Option<Instant> },
    Over,
}

impl Exchange {
    pub(super) fn new(
        request: Arc<Request>,
        secrets: Secrets,
        api: Api,
        better: Option<String>,
        sending: Sending,
    ) -> Self {
        Self { request, secrets, expects: Expects::Text, api, better, state: ExchangeState::Sending(sending) }
    }

    /// What counts as an answer; text, unless this is called.
    #[must_use]
    pub fn expecting(self, expects: Expects) -> Self {
        Self { expects, ..self }
    }

    /// The request as it leaves the machine: recorded from the request that was built, its secrets masked.
    pub fn request(&self) -> &Arc<Request> {
        &self.request
    }

    /// Waits for the next event and appends its deltas to `out`. Returns the result when the exchange ends;
    /// a call after that never returns. May be dropped while waiting and called again.
    pub async fn advance(&mut self, out: &mut Vec<Delta>) -> Option<Result<Completion, Failure>> {
        let secrets = &self.secrets;
        match &mut self.state {
            ExchangeState::Sending(sending) => match sending.await {
                Err(error) => {
                    self.state = ExchangeState::Over;
                    Some(Err(transport::failure(&error, secrets)))
                }
                Ok(response) => {
                    let head = super::head(&response, secrets);
                    out.push(Delta::Opened(head.clone()));
                    self.state = if response.status().is_success() {
                        let reader =
                            Box::new(BodyReader::new(head, secrets.clone(), wall()).expecting(self.expects, self.api));
                        ExchangeState::Reading { response, reader, done: false, grace_ends: None }
                    } else {
                        ExchangeState::Refused { response, head, body: Vec::new() }
                    };
                    None
                }
            },
            ExchangeState::Refused { response, head, body } => {
                // An error that cuts the body short does not matter: the status says enough.
                _ = read(response, body, MAX_ERROR_BODY).await;
                let context = ErrorContext { headers: &head.headers, secrets, now: wall() };
                let failure = classify::response(head.status, body, context);
                self.state = ExchangeState::Over;
                Some(Err(suggest(failure, self.api, self.better.as_deref())))
            }
            ExchangeState::Reading { response, reader, done, grace_ends } => {
                let (mut cut, mut open) = (None, false);
                if !*done {
                    let pieces = reader.pieces();
                    let chunk = response.chunk();
                    match within(*grace_ends, chunk).await {
                        Some(Ok(Some(bytes))) => *done = reader.push(&bytes, out),
                        Some(Ok(None)) => *done = true,
                        Some(Err(error)) => (*done, cut) = (true, Some(transport::failure(&error, secrets))),
                        None => (*done, open) = (reader.has_answer(), true),
                    }
                    *grace_ends = match reader.may_have_answer() {
                        // What was no answer at the grace's end is none before further bytes.
                        false => None,
                        true if open => None,
                        // Text behind a finish reason: the server has not ended.
                        true if reader.pieces() > pieces => Some(Instant::now() + FINISH_GRACE),
                        true => grace_ends.or_else(|| Some(Instant::now() + FINISH_GRACE)),
                    };
                    if !*done {
                        return None;
                    }
                }
                if cut.is_none() && !open {
                    // Most servers end the body right behind the last event.
                    _ = tokio::time::timeout(GRACE, response.chunk()).await;
                }
                match std::mem::replace(&mut self.state, ExchangeState::Over) {
                    ExchangeState::Reading { reader, .. } => Some(
                        reader.finish(cut, out).map_err(|failure| suggest(failure, self.api, self.better.as_deref())),
                    ),
                    _ => None,
                }
            }
            ExchangeState::Over => std::future::pending().await,
        }
    }
}

/// The code of a failure because the server does not have this part of the API.
pub const NO_SUCH_API: &str = "no_such_api";

/// Adds a base URL to try, where the server says that it has nothing at this path. LM Studio says so with status 200.
/// A server that has chat completions only is the same for all models.
pub(super) fn suggest(mut failure: Failure, api: Api, better: Option<&str>) -> Failure {
    let words = failure.reason.to_ascii_lowercase();
    let no_such_path = matches!(failure.status, Some(404 | 405 | 501)) || words.contains("unexpected endpoint");
    if no_such_path && !api.is_chat() && !words.contains("model") && !words.contains("endpoints found") {
        failure.kind = FailureKind::Malformed;
        failure.code = Some(NO_SUCH_API.to_owned());
        failure.reason = format!("the server has no {}: {}", api.path(), failure.reason);
        return failure;
    }
    if let Some(better) = better.filter(|_| no_such_path) {
        failure.reason =
            format!("{}; the base URL has no version: is it {better}?", failure.reason.trim_end_matches('.'));
    }
    failure
}

/// Waits for `future`, until `end` if there is one. `None`: the time is over.
async fn within<T>(end: Option<Instant>, future: impl Future<Output = T>) -> Option<T> {
    match end {
        Some(end) => tokio::time::timeout_at(end, future).await.ok(),
        None => Some(future.await),
    }
}

/// Reads a body to its end, or up to `cap` bytes.
pub(super) async fn read(response: &mut Response, body: &mut Vec<u8>, cap: usize) -> reqwest::Result<()> {
    while let Some(bytes) = response.chunk().await? {
        body.extend_from_slice(&bytes);
        if body.len() >= cap {
            body.truncate(cap);
            break;
        }
    }
    Ok(())
}
