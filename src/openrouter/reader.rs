//! A response's body, from bytes to deltas and one result. Knows both framings, a stream of events and a
//! whole JSON body, and every way in which they end badly; must not know about sockets.

mod events;

use super::classify::ErrorContext;
use super::encoding::compression;
use super::sse::Decoder;
use super::{Api, Completion, Delta, Head};
use crate::failover::{Failure, FailureKind};
use crate::secret::Secrets;
use crate::text::clean_line;
use events::EventFold;
use std::time::Duration;

/// The longest answer, reasoning included, and the longest body without one: 16 MiB.
pub const MAX_BODY: usize = 16 << 20;
/// What the framing of one piece of an answer may take besides: 4 KiB.
const MAX_FRAMING: usize = 4 << 10;
/// The longest body of an answer whose chunks are passed on as they are, framing included: 64 MiB.
const MAX_RELAYED: usize = 64 << 20;
/// The number of pieces that one answer may have; the longest answers of today's models have a fifth of it.
const MAX_PIECES: usize = 1 << 20;
/// The first bytes of a body that are kept to tell what it is.
const START: usize = 64;

/// Reads the body of a successful response.
pub struct BodyReader {
    head: Head,
    secrets: Secrets,
    /// Wall time since 1970.
    now: Duration,
    framing: Framing,
    /// The bytes so far.
    total: usize,
    /// The most bytes, framing included.
    most: usize,
    /// The first bytes that are not blank.
    start: Vec<u8>,
    events: EventFold,
}

/// What a response must have to be an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Expects {
    /// Text, from which an adapter reads fields.
    #[default]
    Text,
    /// A message as a chat program wants it: text, reasoning, tool calls, images or audio.
    Message,
    /// The same, and each chunk is passed on as [`Delta::Chunk`].
    Relay,
}

/// How the body is read. Its first byte that is not blank decides, whatever the content type says.
enum Framing {
    /// Nothing but white space so far. Slow answers are padded with it.
    Undecided,
    /// A stream of events.
    Stream(Decoder),
    /// One JSON document, or a page of HTML.
    Whole(Vec<u8>),
}

impl BodyReader {
    /// A reader for the body that follows `head`. `now` is the wall time since 1970, which hints with dates need.
    pub fn new(head: Head, secrets: Secrets, now: Duration) -> Self {
        let events = EventFold::new(&secrets, Expects::Text, Api::default());
        Self { events, head, secrets, now, framing: Framing::Undecided, total: 0, most: usize::MAX, start: Vec::new() }
    }

    /// What counts as an answer, and of which part of the API; the text of a chat completion, unless this is called.
    #[must_use]
    pub fn expecting(mut self, expects: Expects, api: Api) -> Self {
        self.events = EventFold::new(&self.secrets, expects, api);
        self.most = if expects == Expects::Relay { MAX_RELAYED } else { usize::MAX };
        self
    }

    /// Reads the next bytes and appends their deltas to `out`. Returns true when the result is known, so that
    /// further bytes do not matter: the stream said that it is done, or failed.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<Delta>) -> bool {
        if self.events.is_over() || bytes.is_empty() {
            return self.events.is_over();
        }
        self.total += bytes.len();
        let mut bytes = bytes;
        if let Framing::Undecided = self.framing {
            // White space, and the bytes of a byte order mark.
            let blank = |b: &u8| b.is_ascii_whitespace() || [0xef, 0xbb, 0xbf].contains(b);
            let Some(start) = bytes.iter().position(|b| !blank(b)) else {
                out.push(Delta::Comment);
                let reason = excess(self.total, 0, 0);
                return reason.is_some_and(|reason| self.events.fail(Failure::new(FailureKind::TooLarge, reason)));
            };
            bytes = &bytes[start..];
            self.framing = match bytes[0] {
                b'{' | b'[' | b'<' => Framing::Whole(Vec::new()),
                _ => Framing::Stream(Decoder::new()),
            };
        }
        if self.start.len() < START {
            self.start.extend_from_slice(&bytes[..bytes.len().min(START - self.start.len())]);
            if let Some(failure) = self.compressed() {
                return self.events.fail(failure);
            }
        }
        match &mut self.framing {
            Framing::Whole(body) => body.extend_from_slice(bytes),
            Framing::Stream(decoder) => {
                let context = ErrorContext { headers: &self.head.headers, secrets: &self.secrets, now: self.now };
                if let Err(too_large) = decoder.push(bytes, |event| self.events.apply(event, context, out)) {
                    return self.events.fail(Failure::new(FailureKind::TooLarge, too_large.to_string()));
                }
            }
            Framing::Undecided => {}
        }
        let (pieces, length) = self.events.content();
        let too_long = (self.total > self.most).then(|| "the stream is over 64 MiB".to_owned());
        if let Some(reason) = excess(self.total, pieces, length).or(too_long) {
            return self.events.fail(Failure::new(FailureKind::TooLarge, reason));
        }
        self.events.is_over()
    }

    /// Whether the bytes so far may hold the whole answer, although the server has not ended the body: a stream with a
    /// finish reason, or text that ends like JSON. Cheap; [`has_answer`](Self::has_answer) is certain.
    pub fn may_have_answer(&self) -> bool {
        match &self.framing {
            Framing::Undecided => false,
            Framing::Stream(_) => self.events.has_finish(),
            Framing::Whole(body) => matches!(body.trim_ascii_end().last(), Some(b'}' | b']')),
        }
    }

    /// The number of pieces of text and reasoning so far.
    pub fn pieces(&self) -> usize {
        self.events.content().0
    }

    /// Whether the bytes so far hold the whole answer.
    pub fn has_answer(&self) -> bool {
        match &self.framing {
            Framing::Whole(body) => serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok(),
            _ => self.may_have_answer(),
        }
    }

    /// Returns the result at the body's end. `cut` is the failure that ended it early, if one did.
    ///
    /// # Errors
    /// The one failure of this response.
    pub fn finish(mut self, cut: Option<Failure>, out: &mut Vec<Delta>) -> Result<Completion, Failure> {
        let context = ErrorContext { headers: &self.head.headers, secrets: &self.secrets, now: self.now };
        let content_type = content_type(&self.head);
        let stream = content_type == "text/event-stream";
        match self.framing {
            _ if self.events.has_failed() => {}
            Framing::Stream(decoder) => {
                self.events.at_end();
                if let Err(too_large) = decoder.finish(|event| self.events.apply(event, context, out)) {
                    self.events.fail(Failure::new(FailureKind::TooLarge, too_large.to_string()));
                }
                if !stream && cut.is_none() && self.events.is_empty() {
                    let what = if content_type.is_empty() { "text" } else { &content_type };
                    let reason = format!("the server sent {what} instead of an event stream or JSON");
                    self.events.fail(Failure::new(FailureKind::NotAnAnswer, reason));
                }
            }
            Framing::Whole(body) => self.events.apply_whole(&body, cut.as_ref(), context, out),
            Framing::Undecided => {
                let what = if self.total > 0 { "only white space" } else { "nothing" };
                // An event stream without events was cut off. A body without a stream is not an answer at all.
                let kind = if cut.is_some() || stream { FailureKind::Truncated } else { FailureKind::NotAnAnswer };
                self.events.fail(Failure::new(kind, format!("the server sent {what} instead of an answer")));
            }
        }
        self.events.complete(cut, self.head.generation, out).map_err(|mut failure| {
            failure.status = failure.status.or(Some(self.head.status));
            failure
        })
    }

    /// The failure of a compressed body.
    fn compressed(&self) -> Option<Failure> {
        let name = compression(&self.head.headers, &self.start)?;
        let reason = format!("the server sent a body in {name}, which was not asked for");
        Some(Failure::new(FailureKind::NotAnAnswer, clean_line(&reason, 120)))
    }
}

/// Why a response is too large, if it is: `total` bytes so far, with an answer of `length` bytes in this many pieces.
fn excess(total: usize, pieces: usize, length: usize) -> Option<String> {
    if length > MAX_BODY || total > MAX_BODY.saturating_add(pieces.saturating_mul(MAX_FRAMING)) {
        return Some("the response is over 16 MiB".to_owned());
    }
    (pieces > MAX_PIECES).then(|| format!("the answer comes in over {MAX_PIECES} pieces"))
}

/// The media type in lower case, without its parameters.
fn content_type(head: &Head) -> String {
    let header = head.headers.iter().find(|h| h.name.eq_ignore_ascii_case("content-type"));
    let value = header.map(|h| h.value.split(';').next().unwrap_or_default().trim()).unwrap_or_default();
    clean_line(value, 80).to_lowercase()
}

#[cfg(test)]
mod tests;
