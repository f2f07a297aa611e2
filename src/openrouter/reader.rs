//! A response's body, from bytes to deltas and one end. Knows both framings, a stream of
//! events and a whole JSON body, and every way in which they end badly; must not know sockets.

use super::chunk::{ChunkFold, parse};
use super::classify::ErrorContext;
use super::reason::{html_title, is_html, safe_body, safe_line};
use super::sse::{Decoder, SseEvent};
use super::{Completion, Delta, Finish, Head};
use crate::failover::{Failure, FailureKind};
use crate::secret::Secrets;
use std::borrow::Cow;
use std::time::Duration;

/// A body longer than this is given up: 16 MiB.
pub const MAX_BODY: usize = 16 << 20;
/// So many events in a row that are not JSON end a stream.
const BAD_EVENTS: u32 = 3;

/// Reads the body of a successful response.
pub struct BodyReader {
    head: Head,
    secrets: Secrets,
    now: Duration,
    framing: Framing,
    /// The head promised a stream of events.
    stream: bool,
    total: usize,
    inside: EventFold,
}

/// Told by the first byte that is not blank: an object is a whole body, whatever its type says.
enum Framing {
    /// Nothing but blanks so far: slow answers are padded with them.
    Undecided,
    Stream(Decoder),
    Whole(Vec<u8>),
}

/// What the events have said.
struct EventFold {
    fold: ChunkFold,
    events: u32,
    bad_in_a_row: u32,
    done: bool,
    failed: Option<Failure>,
}

impl BodyReader {
    /// For the body that follows `head`; `now` is the wall time since 1970, for hints that are dates.
    pub fn new(head: Head, secrets: Secrets, now: Duration) -> Self {
        let kind = content_type(&head);
        let known = matches!(kind.as_str(), "" | "text/event-stream" | "application/json" | "text/html");
        let failed = (!known && !kind.ends_with("+json")).then(|| {
            Failure::new(
                FailureKind::NotAnAnswer,
                format!("the server sent {kind} where an event stream or JSON was promised"),
            )
        });
        Self {
            inside: EventFold { fold: ChunkFold::new(&secrets), events: 0, bad_in_a_row: 0, done: false, failed },
            stream: kind == "text/event-stream",
            head,
            secrets,
            now,
            framing: Framing::Undecided,
            total: 0,
        }
    }

    /// Takes the next bytes and adds what they say to `out`. True once nothing more is worth
    /// waiting for: the stream said that it is done, or failed.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<Delta>) -> bool {
        if self.over() || bytes.is_empty() {
            return self.over();
        }
        self.total += bytes.len();
        if self.total > MAX_BODY {
            return self.fail(Failure::new(FailureKind::TooLarge, "the body is over 16 MiB"));
        }
        let mut bytes = bytes;
        if let Framing::Undecided = self.framing {
            // White space, and the bytes of a byte order mark.
            let blank = |b: &u8| b.is_ascii_whitespace() || [0xef, 0xbb, 0xbf].contains(b);
            let Some(start) = bytes.iter().position(|b| !blank(b)) else {
                out.push(Delta::Comment);
                return false;
            };
            bytes = &bytes[start..];
            self.framing = match bytes[0] {
                b'{' | b'[' | b'<' => Framing::Whole(Vec::new()),
                _ => Framing::Stream(Decoder::new()),
            };
        }
        match &mut self.framing {
            Framing::Whole(body) => body.extend_from_slice(bytes),
            Framing::Stream(decoder) => {
                let context = ErrorContext { headers: &self.head.headers, secrets: &self.secrets, now: self.now };
                if let Err(too_large) = decoder.push(bytes, |event| self.inside.event(event, context, out)) {
                    return self.fail(Failure::new(FailureKind::TooLarge, too_large.to_string()));
                }
            }
            Framing::Undecided => {}
        }
        self.over()
    }

    fn over(&self) -> bool {
        self.inside.done || self.inside.failed.is_some()
    }

    fn fail(&mut self, failure: Failure) -> bool {
        self.inside.failed.get_or_insert(failure);
        true
    }

    /// The body has ended, or broke off as `cut` says.
    ///
    /// # Errors
    /// The one failure of this response.
    pub fn finish(mut self, cut: Option<Failure>, out: &mut Vec<Delta>) -> Result<Completion, Failure> {
        let context = ErrorContext { headers: &self.head.headers, secrets: &self.secrets, now: self.now };
        match self.framing {
            _ if self.inside.failed.is_some() => {}
            Framing::Stream(decoder) => {
                if let Err(too_large) = decoder.finish(|event| self.inside.event(event, context, out)) {
                    self.inside.failed.get_or_insert(Failure::new(FailureKind::TooLarge, too_large.to_string()));
                }
            }
            Framing::Whole(body) => self.inside.whole(&body, cut.as_ref(), context, out),
            Framing::Undecided => {
                let what = if self.total > 0 { "only blanks" } else { "nothing" };
                // A stream that never began was cut; a padded answer that never came is none.
                let kind = if cut.is_some() || self.stream { FailureKind::Truncated } else { FailureKind::NotAnAnswer };
                self.inside.failed = Some(Failure::new(kind, format!("{what} came where an answer was promised")));
            }
        }
        if let Some(mut failure) = self.inside.failed {
            failure.status = failure.status.or(Some(self.head.status));
            return Err(failure);
        }
        self.inside.complete(cut, self.head.generation, out).map_err(|mut failure| {
            failure.status = failure.status.or(Some(self.head.status));
            failure
        })
    }
}

/// The media type without its parameters.
fn content_type(head: &Head) -> String {
    let header = head.headers.iter().find(|h| h.name.eq_ignore_ascii_case("content-type"));
    let value = header.map(|h| h.value.split(';').next().unwrap_or_default().trim()).unwrap_or_default();
    crate::text::clean_line(value, 80).to_lowercase()
}

impl EventFold {
    fn event(&mut self, event: SseEvent<'_>, context: ErrorContext<'_>, out: &mut Vec<Delta>) {
        if self.done || self.failed.is_some() {
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
                self.failed = self.fold.apply(&chunk, &json, context, out).err();
            }
            Err(error) => {
                self.bad_in_a_row += 1;
                out.push(Delta::Warning(format!("event {} is not JSON and was skipped: {error}", self.events)));
                if self.bad_in_a_row >= BAD_EVENTS {
                    let reason = format!("{BAD_EVENTS} events in a row are not JSON: {error}");
                    let mut failure = Failure::new(FailureKind::BadEvents, reason);
                    failure.body = safe_body(data, context.secrets);
                    self.failed = Some(failure);
                }
            }
        }
    }

    /// A body that is no stream.
    fn whole(&mut self, body: &[u8], cut: Option<&Failure>, context: ErrorContext<'_>, out: &mut Vec<Delta>) {
        let json = String::from_utf8_lossy(body);
        let fail = |kind, reason: String| {
            let mut failure = Failure::new(kind, reason);
            failure.body = safe_body(body, context.secrets);
            Some(failure)
        };
        if is_html(&json) {
            let page = safe_line(&html_title(&json), context.secrets);
            let reason = format!("{page} came instead of an answer: a captive portal or a wrong base URL?");
            self.failed = fail(FailureKind::NotAnAnswer, reason);
            return;
        }
        // An error may come in a list.
        let list: Option<Vec<serde_json::Value>> = serde_json::from_str(&json).ok();
        let first = list.and_then(|list| list.into_iter().next()).map(|first| first.to_string());
        let json = first.as_deref().unwrap_or(&json);
        match parse(json) {
            Ok(chunk) => {
                self.failed = self.fold.apply(&chunk, json, context, out).err();
                if self.failed.is_none() && chunk.choices.is_none() {
                    self.failed =
                        fail(FailureKind::NotAnAnswer, "JSON without `choices` came instead of an answer".into());
                }
                self.done = true;
            }
            Err(error) if error.is_eof() => {
                let why = cut.map(|cut| format!(": {}", cut.reason)).unwrap_or_default();
                self.failed =
                    fail(FailureKind::Truncated, format!("the body broke off after {} bytes{why}", body.len()));
            }
            Err(error) => self.failed = fail(FailureKind::NotAnAnswer, format!("the body is not JSON: {error}")),
        }
    }

    /// What a body without an error comes to.
    fn complete(
        self,
        cut: Option<Failure>,
        generation: Option<String>,
        out: &mut Vec<Delta>,
    ) -> Result<Completion, Failure> {
        let mut fold = self.fold;
        let empty = fold.text().trim().is_empty();
        let fail = |kind, reason: String| {
            let mut failure = Failure::new(kind, reason);
            failure.provider.clone_from(&fold.provider);
            Err(failure)
        };
        let Some(finish) = fold.finish.take() else {
            return match cut {
                Some(cut) => fail(FailureKind::Truncated, format!("the stream broke off: {}", cut.reason)),
                None if self.done && empty && fold.reasoning().is_empty() => {
                    fail(FailureKind::Empty, "the answer was done before anything came".into())
                }
                None => fail(FailureKind::Truncated, "the answer ended without a finish reason".into()),
            };
        };
        let native = fold.native_finish.as_deref().unwrap_or_default();
        if native.eq_ignore_ascii_case("network_error")
            || (empty && ["error", "malformed_function_call"].iter().any(|word| native.eq_ignore_ascii_case(word)))
        {
            return Err(fold.unexplained("the provider failed behind a finish reason that hides it"));
        }
        if finish == "content_filter" {
            return fail(FailureKind::Policy, "the provider's content filter stopped the answer".into());
        }
        if empty && !fold.refusal.is_empty() {
            return fail(FailureKind::Policy, format!("the model refused: {}", fold.refusal));
        }
        if empty {
            if finish == "length" {
                let spent = if fold.reasoning().is_empty() { "" } else { ": reasoning used them up" };
                return fail(FailureKind::Length, format!("max_tokens was reached before the answer began{spent}"));
            }
            if !reads_like_an_answer(fold.reasoning()) {
                let what = if fold.reasoning().is_empty() { "nothing" } else { "only reasoning" };
                return fail(FailureKind::Empty, format!("the model finished ({finish}) with {what} in its answer"));
            }
            // Some models put structured output there and leave the content null.
            out.push(Delta::Warning("the answer came in the reasoning field and is read from there".into()));
        }
        let reasoning = fold.reasoning.take();
        let text = if empty { reasoning.clone() } else { fold.text.take() };
        Ok(Completion {
            finish: match finish.as_str() {
                "stop" => Finish::Stop,
                "length" => Finish::Length,
                "tool_calls" => Finish::ToolCalls,
                _ => Finish::Other(finish),
            },
            text,
            reasoning,
            native_finish: fold.native_finish,
            model: fold.model,
            provider: fold.provider,
            id: fold.id.or(generation),
            usage: fold.usage,
        })
    }
}

/// Whether reasoning holds fields as an adapter writes them: markers, or a JSON object at its end.
fn reads_like_an_answer(reasoning: &str) -> bool {
    let end = reasoning.trim_end().trim_end_matches('`').trim_end();
    reasoning.contains("[[ ## ") || (end.ends_with('}') && reasoning.contains('{'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openrouter::Header;
    use proptest::prelude::*;

    fn read<'a>(
        content_type: &str,
        pieces: impl IntoIterator<Item = &'a [u8]>,
    ) -> (Vec<Delta>, Result<Completion, Failure>) {
        let header = Header { name: "content-type".into(), value: content_type.into() };
        let head = Head { status: 200, generation: None, headers: vec![header] };
        let (mut reader, mut deltas) = (BodyReader::new(head, Secrets::default(), Duration::ZERO), Vec::new());
        for piece in pieces {
            reader.push(piece, &mut deltas);
        }
        let end = reader.finish(None, &mut deltas);
        // Blanks before a body are keep-alives, counted by the piece.
        deltas.retain(|delta| *delta != Delta::Comment);
        (deltas, end)
    }

    fn body() -> impl Strategy<Value = Vec<u8>> {
        let parts: Vec<&[u8]> = vec![
            b"data: ",
            b"\n\n",
            b"\n\n",
            b"\r\n\r\n",
            b": c\n",
            b" ",
            b"[DONE]",
            b"null",
            b"{}",
            b"[]",
            b"<html>",
            b"\xff",
            b"{\"choices\":[{\"delta\":{\"content\":\"a\\u001b[3\"}}]}",
            b"{\"choices\":[{\"delta\":{\"content\":\"1mb\",\"reasoning\":\"r\"}}]}",
            b"{\"choices\":[{\"message\":{\"content\":[{\"text\":\"p\"}]},\"finish_reason\":\"stop\"}]}",
            b"{\"choices\":[{\"delta\":{},\"finish_reason\":\"length\"}],\"usage\":{\"cost\":\"1\"}}",
            b"{\"error\":{\"code\":429,\"message\":\"m\",\"metadata\":{\"raw\":\"{\\\"error\\\":[]}\"}}}",
            b"{\"choices\":[",
            b"\"model\":",
            b"}",
            b"]",
            b"\xef\xbb\xbf",
            "世".as_bytes(),
        ];
        let any_bytes = prop::collection::vec(any::<u8>(), 0..12);
        let part = prop_oneof![6 => prop::sample::select(parts).prop_map(<[u8]>::to_vec), 1 => any_bytes];
        prop::collection::vec(part, 0..24).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn any_bytes_come_to_one_end_whatever_the_pieces(
            bytes in body(),
            sse in any::<bool>(),
            size in 1..20_usize,
        ) {
            let content_type = if sse { "text/event-stream" } else { "application/json" };
            let whole = read(content_type, [bytes.as_slice()]);
            prop_assert_eq!(&whole, &read(content_type, bytes.chunks(size)));
            if let Ok(completion) = &whole.1 {
                prop_assert!(!completion.text.trim().is_empty(), "no silent empty");
                prop_assert!(completion.text.chars().all(|c| !c.is_control() || c == '\n' || c == '\t'));
            }
        }
    }
}
