//! The events of a stream, or a whole body, as one result. Decides what counts as an answer.

use super::{Api, Expects};
use crate::failover::{Failure, FailureKind};
use crate::openrouter::api::Translation;
use crate::openrouter::assembly::{self, Assembly};
use crate::openrouter::chunk::{ChunkFold, ChunkPattern, parse, parse_marked};
use crate::openrouter::classify::ErrorContext;
use crate::openrouter::finish::FinishClass;
use crate::openrouter::lenient::without_odd_numbers;
use crate::openrouter::reason::{error_of, html_title, is_html, safe_body, safe_line};
use crate::openrouter::sse::SseEvent;
use crate::openrouter::{Completion, Delta, Finish, surrogates};
use crate::secret::Secrets;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::borrow::Cow;

/// The number of events in a row without JSON which fails a stream.
const MAX_BAD_EVENTS: u32 = 3;

/// The number of warnings that one answer may have. Later ones are not shown.
const MAX_WARNINGS: u32 = 32;
/// The number of keep-alives that one answer may report: a flood of them would fill the memory.
const MAX_COMMENTS: u32 = 4096;

/// What the events so far have said.
pub(super) struct EventFold {
    chunks: ChunkFold,
    /// What the next chunk probably looks like.
    pattern: Option<ChunkPattern>,
    /// The message as a whole, if one is expected.
    assembly: Option<Assembly>,
    /// Whether chunks are passed on.
    relay: bool,
    /// What responses of another API mean.
    translation: Translation,
    events: u32,
    bad_in_a_row: u32,
    warnings: u32,
    comments: u32,
    /// The server said that the answer is over.
    done: bool,
    /// The body is over: its last event may be cut off.
    ended: bool,
    failed: Option<Failure>,
}

impl EventFold {
    /// The fold before the first event.
    pub(super) fn new(secrets: &Secrets, expects: Expects, api: Api) -> Self {
        let chunks = ChunkFold::new(secrets);
        let assembly = (expects != Expects::Text).then(Assembly::new);
        let relay = expects == Expects::Relay;
        Self {
            chunks,
            pattern: None,
            assembly,
            relay,
            translation: Translation::of(api),
            events: 0,
            bad_in_a_row: 0,
            warnings: 0,
            comments: 0,
            done: false,
            ended: false,
            failed: None,
        }
    }

    /// Whether the result is known, so that further events do not matter.
    pub(super) fn is_over(&self) -> bool {
        self.done || self.has_failed()
    }

    pub(super) fn has_failed(&self) -> bool {
        self.failed.is_some()
    }

    /// Whether the server has said why the model stopped. Only usage can follow.
    pub(super) fn has_finish(&self) -> bool {
        self.chunks.has_finish()
    }

    /// Whether there was no event.
    pub(super) fn is_empty(&self) -> bool {
        self.events == 0 && !self.done
    }

    /// The number of pieces of text, reasoning and tool calls, and their length in bytes.
    pub(super) fn content(&self) -> (usize, usize) {
        let length = self.chunks.text().len() + self.chunks.reasoning().len() + self.chunks.tool_calls.bytes();
        (self.chunks.pieces, length)
    }

    /// The body is over. An event that still comes had no blank line behind it.
    pub(super) fn at_end(&mut self) {
        self.ended = true;
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
        let (data, is_error) = match event {
            SseEvent::Comment(_) => {
                self.comments += 1;
                if self.comments <= MAX_COMMENTS {
                    out.push(Delta::Comment);
                }
                return;
            }
            SseEvent::Data(data) => (data.trim_ascii(), false),
            SseEvent::Error(data) => (data.trim_ascii(), true),
        };
        if data.is_empty() {
            return;
        }
        if data == b"[DONE]" {
            self.done = true;
            return;
        }
        self.events += 1;
        let mut json = std::str::from_utf8(data).map_or_else(
            |_| {
                self.warn("holds bytes that are not UTF-8; they were replaced", out);
                String::from_utf8_lossy(data)
            },
            Cow::Borrowed,
        );
        if is_error {
            json = Cow::Owned(as_error(&json));
        }
        match self.apply_json(&json, context, out) {
            Ok(_) => self.bad_in_a_row = 0,
            Err(error) if self.ended || self.has_finish() || !holds_chunk(&json) => {
                self.bad_in_a_row += 1;
                self.warn(&format!("is not JSON and was skipped: {error}"), out);
                if self.bad_in_a_row >= MAX_BAD_EVENTS {
                    let reason = format!("{MAX_BAD_EVENTS} events in a row are not JSON: {error}");
                    self.failed = Some(with_body(FailureKind::BadEvents, reason, data, context));
                }
            }
            // A piece of the answer may have been in it.
            Err(error) => {
                let reason = format!("event {} cannot be read: {error}", self.events);
                self.failed = Some(with_body(FailureKind::BadEvents, reason, data, context));
            }
        }
    }

    /// Warns about the current event.
    fn warn(&mut self, what: &str, out: &mut Vec<Delta>) {
        self.warnings += 1;
        if self.warnings <= MAX_WARNINGS {
            out.push(Delta::Warning(format!("event {} {what}", self.events)));
        }
    }

    /// Applies the JSON of a chunk. Returns whether it has `choices`.
    fn apply_json(
        &mut self,
        json: &str,
        context: ErrorContext<'_>,
        out: &mut Vec<Delta>,
    ) -> Result<bool, serde_json::Error> {
        if let Some((field, text)) = self.pattern.as_ref().and_then(|pattern| pattern.text_of(json)) {
            if self.relay {
                out.push(Delta::Chunk(context.secrets.scrub(json).into_owned()));
            }
            self.chunks.apply_text(field, &text, out);
            if let Some(assembly) = &mut self.assembly {
                assembly.apply_text(field.name(), &text);
            }
            return Ok(true);
        }
        // Some servers put an error into a list.
        let list: Option<Vec<&RawValue>> = json.starts_with('[').then(|| serde_json::from_str(json).ok()).flatten();
        let json = list.as_ref().and_then(|list| list.first()).map_or(json, |first| first.get());
        let sent = json;
        let translated;
        let json = if self.translation.is_chat() {
            json
        } else {
            translated = self.translation.translate(serde_json::from_str(json)?).to_string();
            &translated
        };
        let marked;
        let (chunk, json) = match parse(json) {
            // A half of a pair in a field without a meaning matters only to a whole response.
            Ok(chunk) if self.assembly.is_none() || !json.contains("\\u") => (chunk, json),
            parsed => {
                let numbers = parsed.is_err().then(|| without_odd_numbers(json)).flatten();
                match (surrogates::mark(numbers.as_deref().unwrap_or(json)).or(numbers), parsed) {
                    (Some(mended), _) => {
                        marked = mended;
                        (parse_marked(&marked)?, marked.as_str())
                    }
                    (None, parsed) => (parsed?, json),
                }
            }
        };
        self.pattern = self.translation.is_chat().then(|| ChunkPattern::of(&chunk, json)).flatten();
        let (before, had_finish, pieces) = (out.len(), self.has_finish(), self.chunks.pieces);
        self.failed = self.chunks.apply(&chunk, json, context, out).err();
        if self.failed.is_some() {
            return Ok(chunk.has_choices());
        }
        if self.relay {
            out.insert(before, Delta::Chunk(context.secrets.scrub(sent).into_owned()));
        }
        // Only a whole response needs every field of a chunk. What is relayed has its chunks.
        if let Some(assembly) = &mut self.assembly
            && let Err(error) = assembly.apply(json, chunk.has_halves())
            && !self.relay
        {
            if had_finish && self.chunks.pieces == pieces {
                self.warn(&format!("cannot be kept in the whole response: {error}"), out);
            } else {
                let reason = format!("event {} cannot be kept in the whole response: {error}", self.events);
                self.failed = Some(with_body(FailureKind::BadEvents, reason, json.as_bytes(), context));
            }
        }
        Ok(chunk.has_choices())
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
        let (json, rest) = first_value(&json);
        match self.apply_json(json, context, out) {
            Ok(has_choices) if self.failed.is_none() => {
                let reason = if !has_choices {
                    "the server sent JSON without `choices` instead of an answer"
                } else if !rest.is_empty() && rest != "[DONE]" {
                    "the server sent more text after its JSON"
                } else {
                    self.done = true;
                    return;
                };
                self.failed = fail(FailureKind::NotAnAnswer, reason.to_owned());
            }
            Ok(_) => {}
            Err(error) if error.is_eof() => {
                let why = cut.map(|cut| format!(": {}", cut.reason)).unwrap_or_default();
                let reason = format!("the body ended after {} bytes, before its JSON was complete{why}", body.len());
                self.failed = fail(FailureKind::Truncated, reason);
            }
            Err(error) => self.failed = fail(FailureKind::NotAnAnswer, format!("the body is not JSON: {error}")),
        }
    }

    /// The result of the whole response. An answer counts if it has text, and either a finish reason or a proper end.
    pub(super) fn complete(
        mut self,
        cut: Option<Failure>,
        generation: Option<String>,
        out: &mut Vec<Delta>,
    ) -> Result<Completion, Failure> {
        self.chunks.report_usage(out);
        if let Some(failure) = self.failed {
            return Err(failure);
        }
        let mut chunks = self.chunks;
        out.extend(chunks.reasoning.end().map(Delta::Reasoning));
        out.extend(chunks.text.end().map(Delta::Text));
        chunks.tool_calls.end(out);
        let response = self.assembly.map(Assembly::into_response);
        let is_message = response.as_ref().is_some_and(|it| assembly::has_content(assembly::message(it)));
        let empty = !is_message && chunks.text().trim().is_empty();
        // Some models put structured output there and leave the content null.
        let in_reasoning = response.is_none() && empty && holds_fields(chunks.reasoning());
        let fail = |kind, reason: String| {
            let mut failure = Failure::new(kind, reason);
            failure.provider.clone_from(&chunks.provider);
            Err(failure)
        };
        let finish = chunks.finish.take();
        if finish.is_none() {
            match cut {
                Some(cut) => return fail(FailureKind::Truncated, cut.reason),
                None if self.done && (!empty || in_reasoning) => {}
                None if self.done && chunks.reasoning().is_empty() => {
                    return fail(FailureKind::Empty, "the stream ended before any content".into());
                }
                None => return fail(FailureKind::Truncated, "the stream ended without a finish reason".into()),
            }
        }
        let class = FinishClass::of_both(finish.as_deref().unwrap_or_default(), chunks.native_finish.as_deref());
        if class == FinishClass::Failed || (empty && class == FinishClass::BadToolCall) {
            return Err(chunks.unexplained("the provider failed, though the finish reason says otherwise"));
        }
        if !chunks.refusal.is_empty() && (empty || class == FinishClass::Refused) {
            return fail(FailureKind::Policy, format!("the model refused: {}", chunks.refusal));
        }
        if class == FinishClass::Refused {
            let words = [finish.as_deref(), chunks.native_finish.as_deref()];
            let word = words.into_iter().flatten().find(|word| FinishClass::of(word) == class).unwrap_or_default();
            return fail(FailureKind::Policy, format!("the model or a content filter stopped the answer ({word})"));
        }
        if empty && class == FinishClass::Length {
            let spent = if chunks.reasoning().is_empty() { "" } else { ": the reasoning used all tokens" };
            return fail(FailureKind::Length, format!("the answer reached max_tokens before its first word{spent}"));
        }
        if empty && !in_reasoning {
            let what = if chunks.reasoning().is_empty() { "nothing" } else { "only reasoning" };
            let finish = finish.unwrap_or_default();
            return fail(FailureKind::Empty, format!("the model sent {what} and finished ({finish})"));
        }
        if in_reasoning {
            out.push(Delta::Warning("the answer came in the reasoning field and is read from there".into()));
        }
        let reasoning = chunks.reasoning.take();
        let text = if empty { reasoning.clone() } else { chunks.text.take() };
        Ok(Completion {
            finish: Finish::of(class, finish),
            text,
            reasoning,
            native_finish: chunks.native_finish,
            model: chunks.model,
            provider: chunks.provider,
            id: chunks.id.or(generation),
            usage: chunks.usage,
            response: response.map(Box::new),
            original: self.translation.into_whole().map(Box::new),
        })
    }
}

/// Whether an event that is not a chunk may be what is left of one. Words such as `ping` and whole JSON values without
/// fields are not.
fn holds_chunk(data: &str) -> bool {
    data.contains(['{', '}', '[', ']', '"'])
        && (data.starts_with('{') || serde_json::from_str::<serde::de::IgnoredAny>(data).is_err())
}

/// The data of an event with the name `error`, as a chunk with an error.
fn as_error(data: &str) -> String {
    let value: Value = serde_json::from_str(data).unwrap_or_else(|_| data.into());
    let error = match error_of(&value) {
        Value::Null => json!({"message": value}),
        _ if !value["error"].is_null() => return data.to_owned(),
        error => error,
    };
    json!({ "error": error }).to_string()
}

/// The first JSON value of a body, and what stands after it: `[DONE]` without its `data:`, for servers that end a whole
/// answer like a stream. A body without a value is returned as it is.
fn first_value(body: &str) -> (&str, &str) {
    let mut values = serde_json::Deserializer::from_str(body).into_iter::<&RawValue>();
    let Some(Ok(first)) = values.next() else { return (body, "") };
    let rest = body[values.byte_offset()..].trim();
    (first.get(), rest.strip_prefix("data:").map_or(rest, str::trim_start))
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
