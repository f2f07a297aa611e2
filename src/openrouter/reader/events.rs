//! The events of a stream, or a whole body, as one result. Decides what counts as an answer.

use crate::failover::{Failure, FailureKind};
use crate::openrouter::chunk::{ChunkFold, parse};
use crate::openrouter::classify::ErrorContext;
use crate::openrouter::reason::{html_title, is_html, safe_body, safe_line};
use crate::openrouter::sse::SseEvent;
use crate::openrouter::{Completion, Delta, Finish};
use crate::secret::Secrets;
use std::borrow::Cow;

/// The number of events in a row that are not JSON which fails a stream.
const MAX_BAD_EVENTS: u32 = 3;

/// What the events so far have said.
pub(super) struct EventFold {
    chunks: ChunkFold,
    events: u32,
    bad_in_a_row: u32,
    /// The server said that the answer is over.
    done: bool,
    failed: Option<Failure>,
}

impl EventFold {
    /// The fold before the first event. `failed` is the failure that the response's head already shows.
    pub(super) fn new(secrets: &Secrets, failed: Option<Failure>) -> Self {
        Self { chunks: ChunkFold::new(secrets), events: 0, bad_in_a_row: 0, done: false, failed }
    }

    /// Whether the result is known, so that further events do not matter.
    pub(super) fn is_over(&self) -> bool {
        self.done || self.has_failed()
    }

    pub(super) fn has_failed(&self) -> bool {
        self.failed.is_some()
    }

    /// Fails the response, unless it has failed already. Returns true: the response is over.
    pub(super) fn fail(&mut self, failure: Failure) -> bool {
        self.failed.get_or_insert(failure);
        true
    }

    /// Applies one event and appends its deltas to `out`.
    pub(super) fn apply(&mut self, event: SseEvent<'_>, context: ErrorContext<'_>, out: &mut Vec<Delta>) {
        if self.is_over() {
            return;
        }
        let data = match event {
            SseEvent::Comment(_) => return out.push(Delta::Comment),
            SseEvent::Data(data) => data.trim_ascii(),
        };
        if data.is_empty() {
            return;
        }
        if data == b"[DONE]" {
            self.done = true;
            return;
        }
        self.events += 1;
        let json = std::str::from_utf8(data).map_or_else(
            |_| {
                out.push(Delta::Warning(format!("event {}: bytes that are not UTF-8 were replaced", self.events)));
                String::from_utf8_lossy(data)
            },
            Cow::Borrowed,
        );
        match parse(&json) {
            Ok(chunk) => {
                self.bad_in_a_row = 0;
                self.failed = self.chunks.apply(&chunk, &json, context, out).err();
            }
            Err(error) => {
                self.bad_in_a_row += 1;
                out.push(Delta::Warning(format!("event {} is not JSON and was skipped: {error}", self.events)));
                if self.bad_in_a_row >= MAX_BAD_EVENTS {
                    let reason = format!("{MAX_BAD_EVENTS} events in a row are not JSON: {error}");
                    self.failed = Some(with_body(FailureKind::BadEvents, reason, data, context));
                }
            }
        }
    }

    /// Applies a body that is not a stream. `cut` is the failure that ended it early, if one did.
    pub(super) fn apply_whole(
        &mut self,
        body: &[u8],
        cut: Option<&Failure>,
        context: ErrorContext<'_>,
        out: &mut Vec<Delta>,
    ) {
        let json = String::from_utf8_lossy(body);
        let fail = |kind, reason| Some(with_body(kind, reason, body, context));
        if is_html(&json) {
            let page = safe_line(&html_title(&json), context.secrets);
            let reason = format!("the server sent {page} instead of an answer: a captive portal or a wrong base URL?");
            self.failed = fail(FailureKind::NotAnAnswer, reason);
            return;
        }
        // Some servers put an error into a list.
        let list: Option<Vec<serde_json::Value>> = serde_json::from_str(&json).ok();
        let first = list.and_then(|list| list.into_iter().next()).map(|first| first.to_string());
        let json = first.as_deref().unwrap_or(&json);
        match parse(json) {
            Ok(chunk) => {
                self.failed = self.chunks.apply(&chunk, json, context, out).err();
                if self.failed.is_none() && chunk.choices.is_none() {
                    let reason = "the server sent JSON without `choices` instead of an answer";
                    self.failed = fail(FailureKind::NotAnAnswer, reason.to_owned());
                }
                self.done = true;
            }
            Err(error) if error.is_eof() => {
                let why = cut.map(|cut| format!(": {}", cut.reason)).unwrap_or_default();
                let reason = format!("the body ended after {} bytes, before its JSON was complete{why}", body.len());
                self.failed = fail(FailureKind::Truncated, reason);
            }
            Err(error) => self.failed = fail(FailureKind::NotAnAnswer, format!("the body is not JSON: {error}")),
        }
    }

    /// The result of the whole response. An answer counts if it has a finish reason and text.
    pub(super) fn complete(
        self,
        cut: Option<Failure>,
        generation: Option<String>,
        out: &mut Vec<Delta>,
    ) -> Result<Completion, Failure> {
        if let Some(failure) = self.failed {
            return Err(failure);
        }
        let mut chunks = self.chunks;
        let empty = chunks.text().trim().is_empty();
        let fail = |kind, reason: String| {
            let mut failure = Failure::new(kind, reason);
            failure.provider.clone_from(&chunks.provider);
            Err(failure)
        };
        let Some(finish) = chunks.finish.take() else {
            return match cut {
                Some(cut) => fail(FailureKind::Truncated, cut.reason),
                None if self.done && empty && chunks.reasoning().is_empty() => {
                    fail(FailureKind::Empty, "the stream ended before any content".into())
                }
                None => fail(FailureKind::Truncated, "the stream ended without a finish reason".into()),
            };
        };
        let native = chunks.native_finish.as_deref().unwrap_or_default();
        if native.eq_ignore_ascii_case("network_error")
            || (empty && ["error", "malformed_function_call"].iter().any(|word| native.eq_ignore_ascii_case(word)))
        {
            return Err(chunks.unexplained("the provider failed, though the finish reason says otherwise"));
        }
        if finish == "content_filter" {
            return fail(FailureKind::Policy, "the provider's content filter stopped the answer".into());
        }
        if empty && !chunks.refusal.is_empty() {
            return fail(FailureKind::Policy, format!("the model refused: {}", chunks.refusal));
        }
        if empty {
            if finish == "length" {
                let spent = if chunks.reasoning().is_empty() { "" } else { ": the reasoning used all tokens" };
                return fail(
                    FailureKind::Length,
                    format!("the answer reached max_tokens before its first word{spent}"),
                );
            }
            if !holds_fields(chunks.reasoning()) {
                let what = if chunks.reasoning().is_empty() { "nothing" } else { "only reasoning" };
                return fail(FailureKind::Empty, format!("the model sent {what} and finished ({finish})"));
            }
            // Some models put structured output there and leave the content null.
            out.push(Delta::Warning("the answer came in the reasoning field and is read from there".into()));
        }
        let reasoning = chunks.reasoning.take();
        let text = if empty { reasoning.clone() } else { chunks.text.take() };
        Ok(Completion {
            finish: match finish.as_str() {
                "stop" => Finish::Stop,
                "length" => Finish::Length,
                "tool_calls" => Finish::ToolCalls,
                _ => Finish::Other(finish),
            },
            text,
            reasoning,
            native_finish: chunks.native_finish,
            model: chunks.model,
            provider: chunks.provider,
            id: chunks.id.or(generation),
            usage: chunks.usage,
        })
    }
}

/// A failure that keeps the data that caused it.
fn with_body(kind: FailureKind, reason: String, body: &[u8], context: ErrorContext<'_>) -> Failure {
    let mut failure = Failure::new(kind, reason);
    failure.body = safe_body(body, context.secrets);
    failure
}

/// Whether reasoning holds fields as an adapter writes them: markers, or a JSON object at its end.
fn holds_fields(reasoning: &str) -> bool {
    let end = reasoning.trim_end().trim_end_matches('`').trim_end();
    reasoning.contains("[[ ## ") || (end.ends_with('}') && reasoning.contains('{'))
}
