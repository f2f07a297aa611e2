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
        // White space before a body is a keep-alive for each piece.
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
            b"event: error\n",
            b"error: ",
            b"\x1f\x8b",
            b"{\"choices\":[{\"delta\":{\"content\":\"\\ud83d\"}}]}",
            b"{\"choices\":[{\"delta\":{\"content\":[{\"thinking\":\"\\ude00\"},\"\\ude00\"]}}]}",
            b"{\"choices\":[{\"finish_reason\":\"paused\"}],\"usage\":{\"cost\":NaN}}",
            b"{\"message\":\"m\",\"code\":500}",
        ];
        let any_bytes = prop::collection::vec(any::<u8>(), 0..12);
        let part = prop_oneof![6 => prop::sample::select(parts).prop_map(<[u8]>::to_vec), 1 => any_bytes];
        prop::collection::vec(part, 0..24).prop_map(|parts| parts.concat())
    }

    #[test]
    fn the_cap_counts_the_answer_and_not_its_framing() {
        let event = |text: &str| {
            format!(
                "data: {{\"id\":\"{}\",\"choices\":[{{\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n",
                "x".repeat(300)
            )
        };
        let end = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
        let short = [event("word").repeat(64 << 10), end.to_owned()].concat();
        assert!(short.len() > MAX_BODY);
        assert_eq!(read("text/event-stream", short.as_bytes().chunks(4096)).1.map(|end| end.text.len()), Ok(256 << 10));
        let long = [event(&"w".repeat(1 << 19)).repeat(33), end.to_owned()].concat();
        let comments = ": OPENROUTER PROCESSING\n\n".repeat(MAX_BODY / 20);
        for body in [long, comments, format!("{{\"x\":\"{}\"}}", "x".repeat(MAX_BODY))] {
            let failure = read("text/event-stream", body.as_bytes().chunks(4096)).1.unwrap_err();
            assert_eq!(failure.kind, FailureKind::TooLarge);
        }
    }

    #[test]
    fn a_flood_of_small_facts_is_bounded_and_the_last_usage_is_reported() {
        let end = "data: {\"choices\":[{\"delta\":{\"content\":\"hi\"},\"finish_reason\":\"stop\"}]}\n\n";
        let flood = |event: fn(usize) -> String| {
            let events = (1..=10_000).map(|i| format!("data: {}\n\n", event(i)));
            let body = events.chain([end.to_owned()]).collect::<Vec<_>>().concat();
            let (deltas, completion) = read("text/event-stream", body.as_bytes().chunks(4096));
            assert!(deltas.len() < 260, "{}", deltas.len());
            (deltas, completion.unwrap())
        };
        let (deltas, completion) = flood(|i| format!("{{\"usage\":{{\"completion_tokens\":{i}}}}}"));
        assert_eq!(completion.usage.and_then(|usage| usage.completion_tokens), Some(10_000));
        let last = deltas.iter().rev().find(|delta| matches!(delta, Delta::Usage(_)));
        assert_eq!(last, completion.usage.map(Delta::Usage).as_ref());
        flood(|i| format!("{{\"openrouter_metadata\":{{\"strategy\":\"s{i}\"}}}}"));
        flood(|i| format!("{{\"model\":\"m{i}\"}}"));
        flood(|_| "{}".to_owned());
    }

    #[test]
    fn an_answer_has_a_most_of_bytes_and_of_pieces() {
        assert_eq!(excess(MAX_BODY + 4 * MAX_FRAMING, 4, MAX_BODY), None);
        assert!(excess(MAX_BODY + 4 * MAX_FRAMING + 1, 4, 0).is_some());
        assert!(excess(2 * MAX_BODY, MAX_PIECES, MAX_BODY + 1).is_some());
        // Pieces without text, such as encrypted thoughts, count too.
        assert!(excess(MAX_PIECES, MAX_PIECES + 1, 0).is_some_and(|reason| reason.contains("pieces")));
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

    /// The message of a whole response that is put together from the chunks of a stream, each with this in its choice.
    fn whole(choices: &[&str]) -> Result<serde_json::Value, Failure> {
        let head = Head { status: 200, generation: None, headers: Vec::new() };
        let reader = BodyReader::new(head, Secrets::default(), Duration::ZERO);
        let (mut reader, mut deltas) = (reader.expecting(Expects::Message, Api::default()), Vec::new());
        for choice in choices {
            reader.push(format!("data: {{\"choices\":[{{\"index\":0,{choice}}}]}}\n\n").as_bytes(), &mut deltas);
        }
        let response = reader.finish(None, &mut deltas)?.response.expect("a message is expected");
        Ok(response["choices"][0]["message"].clone())
    }

    #[test]
    fn half_a_character_costs_no_chunk_of_a_whole_response() {
        let end = r#""finish_reason":"stop""#;
        // A pair in two chunks, and a half that never gets its other one.
        let smile = whole(&[r#""delta":{"content":"a\ud83d"}"#, r#""delta":{"content":"\ude00b"}"#, end]);
        assert_eq!(smile.unwrap()["content"], "a\u{1f600}b");
        let lost = whole(&[r#""delta":{"content":"a"}"#, r#""delta":{"content":"b","x_new":"\ud83d"}"#, end]).unwrap();
        assert_eq!((&lost["content"], &lost["x_new"]), (&"ab".into(), &"\u{fffd}".into()));
        let whole_pair = whole(&[r#""delta":{"content":"\ud83d\ude00","x_new":"\u00e9"}"#, end]).unwrap();
        assert_eq!((&whole_pair["content"], &whole_pair["x_new"]), (&"\u{1f600}".into(), &"\u{e9}".into()));
    }

    #[test]
    fn a_chunk_that_a_whole_response_cannot_hold_is_no_success() {
        let deep = format!("\"x_new\":{}1{}", "[".repeat(200), "]".repeat(200));
        for odd in ["\"x_new\":1e999", &deep] {
            let failure = whole(&[&format!("\"delta\":{{\"content\":\"a\"}},{odd}"), r#""finish_reason":"stop""#]);
            assert_eq!(failure.unwrap_err().kind, FailureKind::BadEvents, "{odd}");
        }
    }

    proptest! {
        /// Chunks that differ in their text alone are read in another way than those that differ elsewhere, too.
        #[test]
        fn chunks_of_one_pattern_are_read_like_all_others(
            chunks in prop::collection::vec((0_usize..7, 0_usize..8), 1..30),
            expects in prop::sample::select(vec![Expects::Text, Expects::Message, Expects::Relay]),
        ) {
            const TEXTS: [&str; 8] = ["a", " b", "", r"\n", r#"\""#, "é", r"\ud83d", r"\ude00"];
            let chunk = |(shape, text): (usize, usize)| {
                let text = TEXTS[text];
                match shape {
                    0 | 1 => format!(r#"{{"model":"m","choices":[{{"index":0,"delta":{{"content":"{text}"}}}}]}}"#),
                    2 => format!(r#"{{"choices":[{{"delta":{{"role":"assistant","reasoning":"{text}","content":""}}}}]}}"#),
                    3 => format!(r#"{{"choices":[{{"index":0,"delta":{{"content":"{text}","x_new":"a"}}}}]}}"#),
                    4 => format!(r#"{{"choices":[{{"index":1,"delta":{{"content":"{text}"}}}}]}}"#),
                    5 => format!(r#"{{"model":"{text}","choices":[{{"index":0,"delta":{{"content":"c"}},"logprobs":{{"content":[1]}}}}]}}"#),
                    _ => format!(r#"{{"choices":[{{"index":0,"delta":{{"thinking":"{text}"}}}}],"usage":{{"prompt_tokens":1}}}}"#),
                }
            };
            let read = |space: bool| {
                let head = Head { status: 200, generation: None, headers: Vec::new() };
                let reader = BodyReader::new(head, Secrets::default(), Duration::ZERO);
                let (mut reader, mut deltas) = (reader.expecting(expects, Api::default()), Vec::new());
                for (number, &chosen) in chunks.iter().enumerate() {
                    let mut json = chunk(chosen);
                    json.insert_str(json.len() - 1, &" ".repeat(if space { number } else { 0 }));
                    reader.push(format!("data: {json}\n\n").as_bytes(), &mut deltas);
                }
                reader.push(b"data: {\"choices\":[{\"index\":0,\"finish_reason\":\"stop\"}]}\n\n", &mut deltas);
                let end = reader.finish(None, &mut deltas);
                let chunks = deltas.iter().filter(|delta| matches!(delta, Delta::Chunk(_))).count();
                deltas.retain(|delta| !matches!(delta, Delta::Chunk(_)));
                (chunks, deltas, end)
            };
            prop_assert_eq!(read(false), read(true));
        }
    }
}
