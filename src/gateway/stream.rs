//! An answer as a stream of events.
//!
//! Nothing is sent before the hold allows it: until then another model can take over unseen. From then on the chunks of
//! one attempt are forwarded as its server sent them. The chunk with the finish reason waits until the answer is
//! accepted. A stream that cannot be completed ends with an error event and without `[DONE]`.

use super::body::{Body, streamed};
use super::frame;
use super::options::Hold;
use super::refusal::Refusal;
use super::served::ClientRun;
use super::trail::Trail;
use crate::failover::{AttemptId, Event};
use crate::openrouter::Api;
use crate::report::{Report, ReportKind};
use crate::worker::RunMessage;
use bytes::Bytes;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};
use serde_json::Value;
use std::collections::{HashMap, VecDeque};
use std::time::Duration;
use tokio::time::Instant;

/// A client hears something at least this often, so that neither it nor a proxy between gives up.
const KEEP_ALIVE: Duration = Duration::from_secs(10);
/// A comment, which every reader of events skips.
const COMMENT: &[u8] = b": switchover is waiting for a model\n\n";

/// A stream on its way to the client.
pub(super) struct ChunkStream {
    run: ClientRun,
    api: Api,
    hold: Hold,
    trail: Trail,
    /// Chunks of attempts that may still fail unseen.
    held: HashMap<AttemptId, Vec<String>>,
    /// The attempt whose chunks are forwarded.
    forwarded: Option<AttemptId>,
    /// The chunk with the finish reason and those behind it.
    last: Vec<Bytes>,
    /// Events that can be sent.
    ready: VecDeque<Bytes>,
    /// The whole response of the attempt that answers.
    response: Option<Box<Value>>,
    /// Nothing follows what is ready.
    over: bool,
    /// When the client hears from us even if there is nothing to say.
    silent_until: Instant,
}

impl ChunkStream {
    /// The stream of a run's messages. A client that leaves drops it, and that cancels the run.
    pub(super) fn new(run: ClientRun, api: Api, hold: Hold) -> Self {
        Self {
            run,
            api,
            hold,
            trail: Trail::default(),
            held: HashMap::new(),
            forwarded: None,
            last: Vec::new(),
            ready: VecDeque::new(),
            response: None,
            over: false,
            silent_until: Instant::now() + KEEP_ALIVE,
        }
    }

    /// Waits until there is something to send, or until the client has waited long enough; then the response's head can
    /// be sent. A run that fails before that is an error with its own status.
    pub(super) async fn response(mut self) -> Response<Body> {
        while self.ready.is_empty() && !self.over {
            let Some(message) = self.message().await else { break };
            self.apply(message);
            if let Some(finished) = self.trail.finished().filter(|finished| finished.attempt.is_none())
                && self.forwarded.is_none()
            {
                return Refusal::of_run(finished, &self.trail).response(Some(&self.trail));
            }
        }
        let mut response = Response::new(Body::default());
        *response.status_mut() = StatusCode::OK;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        self.trail.add_headers(headers);
        *response.body_mut() = streamed(futures_util::stream::unfold(self, async |mut stream| {
            let event = stream.next().await?;
            Some((event, stream))
        }));
        response
    }

    /// The next event; `None` at the end.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                self.silent_until = Instant::now() + KEEP_ALIVE;
                return Some(event);
            }
            if self.over {
                return None;
            }
            match self.message().await {
                Some(message) => self.apply(message),
                None => self.ready.push_back(Bytes::from_static(COMMENT)),
            }
        }
    }

    /// The run's next message; `None` if there was none for too long.
    async fn message(&mut self) -> Option<RunMessage> {
        let message = tokio::time::timeout_at(self.silent_until, self.run.next_message()).await.ok()?;
        self.over |= message.is_none();
        message
    }

    fn apply(&mut self, message: RunMessage) {
        match message {
            RunMessage::Chunk(attempt, chunk) if self.forwarded == Some(attempt) => self.forward(chunk),
            RunMessage::Chunk(attempt, chunk) => self.held.entry(attempt).or_default().push(chunk),
            RunMessage::Response(_, response) => self.response = Some(response),
            RunMessage::Report(report) => self.apply_report(&report),
        }
    }

    fn apply_report(&mut self, report: &Report) {
        self.trail.apply(report);
        match &report.what {
            ReportKind::Engine(Event::FirstToken(first)) if self.hold == Hold::FirstToken => {
                self.release(first.attempt);
            }
            ReportKind::Engine(Event::Failed(failed)) => _ = self.held.remove(&failed.attempt),
            ReportKind::Engine(Event::Answered(answered)) => {
                // A mended answer is sent as it should have been written, unless it has been sent already.
                if let Some(response) =
                    self.response.take().filter(|_| self.trail.is_mended() && self.forwarded.is_none())
                {
                    self.forwarded = Some(answered.attempt);
                    self.forward(response.to_string());
                }
                self.release(answered.attempt);
                self.ready.extend(std::mem::take(&mut self.last));
                self.ready.extend(frame::end(self.api));
                self.over = true;
            }
            ReportKind::Engine(Event::Finished(finished)) if finished.attempt.is_none() => {
                let error = Refusal::of_run(finished, &self.trail).error();
                self.ready.push_back(frame::error(self.api, error));
                self.over = true;
            }
            _ => {}
        }
    }

    /// From now on the chunks of this attempt are forwarded.
    fn release(&mut self, attempt: AttemptId) {
        if self.forwarded.is_none() {
            self.forwarded = Some(attempt);
            for chunk in self.held.remove(&attempt).unwrap_or_default() {
                self.forward(chunk);
            }
        }
    }

    fn forward(&mut self, chunk: String) {
        let (event, ends) = frame::piece(self.api, chunk);
        if self.last.is_empty() && !ends {
            self.ready.push_back(event);
        } else {
            self.last.push(event);
        }
    }
}
