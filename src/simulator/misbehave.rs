//! How a completion is sent, and what each fault does to that.

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

/// Applies a fault in the content. Faults in the form of an answer belong to [`reply`](super::reply).
pub(super) fn spoil_content(completion: &mut SimulatedCompletion, kind: Option<FaultKind>) {
    match kind {
        Some(FaultKind::Empty) => {
            completion.clear_content();
            completion.reasoning.clear();
        }
        Some(FaultKind::Whitespace) => {
            completion.clear_content();
            completion.content = vec![" \n".into(), "\n  ".into(), "\n".into()];
        }
        Some(FaultKind::ReasoningOnly) => {
            if completion.reasoning.is_empty() {
                completion.reasoning = tokens("I have thought about it for a while and still have nothing to say.");
            }
            completion.clear_content();
        }
        Some(FaultKind::ContentFilter) => {
            completion.content.truncate(completion.content.len() / 2);
            completion.finish = "content_filter";
            completion.native_finish = "content_filter".into();
        }
        Some(FaultKind::Refusal) => {
            completion.clear_content();
            completion.refusal = Some("I cannot help with that. (A simulated refusal.)".into());
            completion.native_finish = "refusal".into();
        }
        Some(FaultKind::Length) => completion.truncate(completion.len() / 3),
        _ => {}
    }
}

/// The script of a completion's response.
pub(super) fn script(
    state: &SimulatorState,
    completion: &SimulatedCompletion,
    streamed: bool,
    kind: Option<FaultKind>,
    injected: Option<&str>,
) -> ResponseScript {
    let delivery = Delivery { state, completion, kind, injected };
    if let Some(script) = delivery.replaced() {
        return script;
    }
    if streamed { stream::script(&delivery) } else { whole::script(&delivery) }
}

/// A completion on its way to the client, streamed or whole.
struct Delivery<'a> {
    state: &'a SimulatorState,
    completion: &'a SimulatedCompletion,
    kind: Option<FaultKind>,
    /// The fault as its path writes it, for the header that names it.
    injected: Option<&'a str>,
}

impl Delivery<'_> {
    /// The script of a fault that sends something else in place of the completion, streamed or not.
    fn replaced(&self) -> Option<ResponseScript> {
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

    /// The script of a response with a chunked body, which begins with its head.
    fn open(&self, content_type: &'static str) -> ResponseScript {
        let mut headers = self.headers(content_type);
        headers.extend([("Cache-Control", "no-cache"), ("Transfer-Encoding", "chunked")]);
        ResponseScript(vec![SocketStep::Send(http::head(200, &headers))])
    }

    /// The body of an error with this status.
    fn error(&self, code: u16) -> Value {
        let status = crate::fault::Status::new(code);
        ErrorEnvelope::injected(&status, self.completion.model, &self.completion.model.id).body(None)
    }

    fn pace(&self, time: Duration) -> Duration {
        self.state.pace(time)
    }

    /// The pause before the first token.
    fn first_token(&self) -> Duration {
        let late = if let Some(FaultKind::Slow(late)) = self.kind { late } else { Duration::ZERO };
        self.pace(self.completion.model.first_token().saturating_add(late))
    }

    /// The average pause between two tokens.
    fn per_token(&self) -> Duration {
        let late = if let Some(FaultKind::Drip(late)) = self.kind { late } else { Duration::ZERO };
        self.pace(self.completion.model.per_token().saturating_add(late))
    }

    /// Sends the same bytes without end. At pace 0, which has no timers, it sends them twelve times and then hangs.
    fn repeat(&self, script: &mut ResponseScript, bytes: &[u8], every: Duration) {
        let every = self.pace(every);
        if every.is_zero() {
            for _ in 0..12 {
                script.chunk(bytes);
            }
            script.0.push(SocketStep::Hang);
        } else {
            script.0.push(SocketStep::Repeat(http::chunk(bytes), every));
        }
    }
}
