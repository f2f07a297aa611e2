//! How a completion goes over the wire, and how each fault spoils that.

mod stream;
mod whole;

use super::SimulatorState;
use super::chat::FAULT_HEADER;
use super::completion::{SimulatedCompletion, tokens};
use super::envelope::{self, ErrorEnvelope};
use super::http;
use super::script::{ResponseScript, SocketStep};
use crate::fault::FaultKind;
use serde_json::Value;
use std::time::Duration;

/// Faults in what is said. Those in the form of an answer are [`reply`](super::reply)'s.
pub(super) fn content(completion: &mut SimulatedCompletion, kind: Option<FaultKind>) {
    match kind {
        Some(FaultKind::Empty) => {
            completion.content.clear();
            completion.reasoning.clear();
        }
        Some(FaultKind::Whitespace) => completion.content = vec![" \n".into(), "\n  ".into(), "\n".into()],
        Some(FaultKind::ReasoningOnly) => {
            if completion.reasoning.is_empty() {
                completion.reasoning = tokens("I have thought about it for a while and still have nothing to say.");
            }
            completion.content.clear();
        }
        Some(FaultKind::ContentFilter) => {
            completion.content.truncate(completion.content.len() / 2);
            completion.finish = "content_filter";
            completion.native_finish = "content_filter".into();
        }
        Some(FaultKind::Refusal) => {
            completion.content.clear();
            completion.refusal = Some("I cannot help with that. (A simulated refusal.)".into());
            completion.native_finish = "refusal".into();
        }
        Some(FaultKind::Length) => completion.cap(completion.len() / 3),
        _ => {}
    }
}

/// The whole exchange after the request.
pub(super) fn script(
    world: &SimulatorState,
    completion: &SimulatedCompletion,
    streamed: bool,
    kind: Option<FaultKind>,
    injected: Option<&str>,
) -> ResponseScript {
    let wire = Delivery { world, completion, kind, injected };
    if let Some(script) = wire.instead() {
        return script;
    }
    if streamed { stream::script(&wire) } else { whole::script(&wire) }
}

/// What both kinds of answer need.
struct Delivery<'a> {
    world: &'a SimulatorState,
    completion: &'a SimulatedCompletion,
    kind: Option<FaultKind>,
    /// The fault's word, for the header that names it.
    injected: Option<&'a str>,
}

impl Delivery<'_> {
    /// The faults that do not depend on how the answer would have been sent.
    fn instead(&self) -> Option<ResponseScript> {
        let steps = match self.kind? {
            FaultKind::Refused | FaultKind::Reset => vec![SocketStep::Reset],
            FaultKind::BlackHole => vec![SocketStep::Hang],
            FaultKind::HeadersNever => {
                vec![
                    SocketStep::Send(b"HTTP/1.1 200 OK\r\nServer: switchover-simulator\r\n".to_vec()),
                    SocketStep::Hang,
                ]
            }
            FaultKind::ErrorBody(code) => return Some(self.ok("application/json", &self.error(code).to_string())),
            FaultKind::Html => return Some(self.ok("text/html; charset=utf-8", &envelope::html(200))),
            FaultKind::ContentType => {
                let text = "upstream connect error or disconnect before headers (simulated)\n";
                return Some(self.ok("text/plain", text));
            }
            FaultKind::Blank => return Some(self.ok("application/json", &" ".repeat(512))),
            _ => return None,
        };
        Some(ResponseScript(steps))
    }

    fn headers(&self, content_type: &'static str) -> Vec<(&str, &str)> {
        let mut headers = vec![("Content-Type", content_type), ("X-Generation-Id", self.completion.id.as_str())];
        headers.extend(self.injected.map(|word| (FAULT_HEADER, word)));
        headers
    }

    fn ok(&self, content_type: &'static str, body: &str) -> ResponseScript {
        ResponseScript::whole(200, &self.headers(content_type), body.as_bytes())
    }

    /// The head of a chunked body.
    fn open(&self, content_type: &'static str) -> ResponseScript {
        let mut headers = self.headers(content_type);
        headers.extend([("Cache-Control", "no-cache"), ("Transfer-Encoding", "chunked")]);
        ResponseScript(vec![SocketStep::Send(http::head(200, &headers))])
    }

    /// An error's body.
    fn error(&self, code: u16) -> Value {
        let status = crate::fault::Status::new(code);
        ErrorEnvelope::injected(&status, self.completion.model, &self.completion.model.id).body(None)
    }

    fn pace(&self, time: Duration) -> Duration {
        self.world.pace(time)
    }

    /// Up to the first token.
    fn first_token(&self) -> Duration {
        let late = if let Some(FaultKind::Slow(late)) = self.kind { late } else { Duration::ZERO };
        self.pace(self.completion.model.first_token().saturating_add(late))
    }

    /// Between tokens, on average.
    fn per_token(&self) -> Duration {
        let late = if let Some(FaultKind::Drip(late)) = self.kind { late } else { Duration::ZERO };
        self.pace(self.completion.model.per_token().saturating_add(late))
    }

    /// The same bytes for ever; without a clock, a dozen times and then silence.
    fn murmur(&self, script: &mut ResponseScript, bytes: &[u8], every: Duration) {
        let every = self.pace(every);
        if every.is_zero() {
            for _ in 0..12 {
                script.chunk(bytes);
            }
            script.0.push(SocketStep::Hang);
        } else {
            script.0.push(SocketStep::Murmur(http::chunk(bytes), every));
        }
    }
}
