//! Server-sent events, from bytes. Knows the event-stream format of the WHATWG HTML standard; must not know what
//! the events mean. The result does not depend on how the bytes are cut. No crate is used because the maintained
//! ones drop comments (the router's keep-alives), and several fail on a byte order mark, a bare CR or a huge line.

use memchr::memchr2;

/// The longest event and the longest line: 1 MiB.
pub const MAX_EVENT: usize = 1 << 20;

/// One item of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SseEvent<'a> {
    /// The data lines of one event, joined with LF. UTF-8 is not checked here.
    Data(&'a [u8]),
    /// The data of an event with the name `error`, or the text of a field with that name, which servers wrote that
    /// could not name their events.
    Error(&'a [u8]),
    /// A comment line without its colon. Servers send them as keep-alives.
    Comment(&'a [u8]),
}

/// The error of an event or a line that is longer than [`MAX_EVENT`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event of the stream is over 1 MiB")]
pub struct TooLarge;

/// Decodes bytes into events.
#[derive(Debug, Default)]
pub struct Decoder {
    /// The beginning of a line, from an earlier piece.
    line: Vec<u8>,
    /// The data lines of the event so far, each followed by LF.
    data: Vec<u8>,
    /// The event so far has the name `error`.
    is_error: bool,
    /// True after the first line: only that line can begin with a byte order mark.
    begun: bool,
    /// The last piece ended with CR. A LF at the next piece's start belongs to the same line end.
    after_cr: bool,
}

impl Decoder {
    /// A decoder at the beginning of a stream.
    pub fn new() -> Self {
        Self::default()
    }

    /// Decodes the next piece and calls `each` with every event that it completes.
    ///
    /// # Errors
    /// [`TooLarge`]; the decoder cannot be used after it.
    pub fn push(&mut self, piece: &[u8], mut each: impl FnMut(SseEvent<'_>)) -> Result<(), TooLarge> {
        let mut rest = piece;
        if self.after_cr && !rest.is_empty() {
            self.after_cr = false;
            rest = rest.strip_prefix(b"\n").unwrap_or(rest);
        }
        while let Some(end) = memchr2(b'\n', b'\r', rest) {
            let (line, ending) = (&rest[..end], rest[end]);
            rest = &rest[end + 1..];
            let mut blank_follows = false;
            if ending == b'\n' {
                blank_follows = rest.first() == Some(&b'\n');
            } else if let Some(after) = rest.strip_prefix(b"\n") {
                rest = after;
            } else {
                self.after_cr = rest.is_empty();
            }
            if self.line.is_empty() {
                // Most events are one data line and a blank one: they are not copied.
                if blank_follows
                    && self.data.is_empty()
                    && !self.is_error
                    && self.begun
                    && let Some(value) = line.strip_prefix(b"data:")
                {
                    fits(line.len())?;
                    each(SseEvent::Data(value.strip_prefix(b" ").unwrap_or(value)));
                    rest = &rest[1..];
                } else {
                    self.line(line, &mut each)?;
                }
            } else {
                fits(self.line.len() + line.len())?;
                let mut whole = std::mem::take(&mut self.line);
                whole.extend_from_slice(line);
                self.line(&whole, &mut each)?;
                whole.clear();
                self.line = whole;
            }
        }
        fits(self.line.len() + rest.len() + self.data.len())?;
        self.line.extend_from_slice(rest);
        Ok(())
    }

    /// Ends the stream. A last event without its blank line counts: some servers end that way.
    ///
    /// # Errors
    /// [`TooLarge`], as for [`push`](Self::push).
    pub fn finish(mut self, mut each: impl FnMut(SseEvent<'_>)) -> Result<(), TooLarge> {
        if !self.line.is_empty() {
            let line = std::mem::take(&mut self.line);
            self.line(&line, &mut each)?;
        }
        self.line(b"", &mut each)
    }

    fn line(&mut self, line: &[u8], each: &mut impl FnMut(SseEvent<'_>)) -> Result<(), TooLarge> {
        fits(line.len() + self.data.len())?;
        let first = !std::mem::replace(&mut self.begun, true);
        let line = if first { line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line) } else { line };
        if line.is_empty() {
            let is_error = std::mem::take(&mut self.is_error);
            if let Some(data) = self.data.strip_suffix(b"\n") {
                each(if is_error { SseEvent::Error(data) } else { SseEvent::Data(data) });
            }
            self.data.clear();
        } else if let Some(comment) = line.strip_prefix(b":") {
            each(SseEvent::Comment(comment));
        } else if let Some(value) = line.strip_prefix(b"data:") {
            self.data.extend_from_slice(value.strip_prefix(b" ").unwrap_or(value));
            self.data.push(b'\n');
        } else if line == b"data" {
            self.data.push(b'\n');
        } else if let Some(name) = line.strip_prefix(b"event:") {
            self.is_error = name.trim_ascii().ends_with(b"error");
        } else if let Some(error) = line.strip_prefix(b"error:") {
            self.is_error = true;
            self.data.extend_from_slice(error.strip_prefix(b" ").unwrap_or(error));
            self.data.push(b'\n');
        }
        // `id`, `retry` and unknown fields add nothing to the data.
        Ok(())
    }
}

fn fits(length: usize) -> Result<(), TooLarge> {
    if length > MAX_EVENT { Err(TooLarge) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use sse_parse::SseParser;

    fn decode<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<String>, TooLarge> {
        let (mut decoder, mut seen) = (Decoder::new(), Vec::new());
        let mut note = |event: SseEvent<'_>| {
            seen.push(match event {
                SseEvent::Data(data) => format!("data {}", String::from_utf8_lossy(data)),
                SseEvent::Comment(text) => format!("comment{}", String::from_utf8_lossy(text)),
                SseEvent::Error(data) => format!("error {}", String::from_utf8_lossy(data)),
            });
        };
        for piece in pieces {
            decoder.push(piece, &mut note)?;
        }
        decoder.finish(note)?;
        Ok(seen)
    }

    #[test]
    fn the_format_at_every_split() {
        let cases: &[(&[u8], &[&str])] = &[
            (b"data: a\n\ndata:b\n\n", &["data a", "data b"]),
            (b"data: a\r\n\r\ndata: b\r\rdata: c\n\r\ndata: d\r\n\n", &["data a", "data b", "data c", "data d"]),
            (b"\xef\xbb\xbfdata: a\n\n", &["data a"]),
            (b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\ndata: b\n\n", &["data b"]),
            (
                b": OPENROUTER PROCESSING\n\n:\n: x\ndata: a\n: in\n\n",
                &["comment OPENROUTER PROCESSING", "comment", "comment x", "comment in", "data a"],
            ),
            (b"data: a\ndata:\ndata\ndata:  b\n\n", &["data a\n\n\n b"]),
            (b"event: x\nid: 1\nretry: 5\nother\ndatax: no\ndata: a\n\n\n\n", &["data a"]),
            (b"data\n\ndata:\n\n", &["data ", "data "]),
            (b"event: error\ndata: a\n\ndata: b\n\n", &["error a", "data b"]),
            (b"data: a\nevent:error\n\nevent: errors\ndata: b\n\n", &["error a", "data b"]),
            (b"event: error\n\ndata: a\n\nerror: b\n\nerrors: c\n\n", &["data a", "error b"]),
            (b"data: last", &["data last"]),
            (b"data: last\r", &["data last"]),
            (b"data: \xff\xfe\n\ndata: \xe4\xb8\x96\n\n", &["data \u{fffd}\u{fffd}", "data 世"]),
            (b"", &[]),
        ];
        for (bytes, expected) in cases {
            assert_eq!(decode([*bytes]).unwrap(), *expected, "whole");
            for at in 0..=bytes.len() {
                let (a, b) = bytes.split_at(at);
                assert_eq!(decode([a, b]).unwrap(), *expected, "split at {at}");
                assert_eq!(decode([a, b"", b]).unwrap(), *expected, "an empty piece at {at}");
            }
            assert_eq!(decode(bytes.chunks(1)).unwrap(), *expected, "byte by byte");
        }
    }

    #[test]
    fn the_cap_holds_inside_one_piece_and_across_pieces() {
        let event = |length: usize| [b"data:".as_slice(), &vec![b'x'; length - 5], b"\n\n"].concat();
        let many: Vec<u8> = b"data: 0123456789\n".repeat(MAX_EVENT / 8);
        for first in [b"".as_slice(), b"data: a\n\n"] {
            for (bytes, fine) in [(event(MAX_EVENT), true), (event(MAX_EVENT + 1), false), (many.clone(), false)] {
                let bytes = [first, &bytes].concat();
                assert_eq!(decode([bytes.as_slice()]).is_ok(), fine);
                assert_eq!(decode(bytes.chunks(4096)).is_ok(), fine);
                assert_eq!(decode(bytes.chunks(MAX_EVENT)).is_ok(), fine);
            }
        }
        let long_comment = [b":".as_slice(), &vec![b'x'; MAX_EVENT]].concat();
        assert_eq!(decode(long_comment.chunks(4096)), Err(TooLarge));
    }

    fn stream() -> impl Strategy<Value = Vec<u8>> {
        let parts: Vec<&[u8]> = vec![
            b"data:",
            b"data: ",
            b"data",
            b":",
            b"event: x",
            b"id",
            b"\n",
            b"\n",
            b"\r",
            b"\r\n",
            b"\n\n",
            b" ",
            b"x",
            b"{\"a\":1}",
            b"\xef\xbb\xbf",
            b"\xff",
            "世".as_bytes(),
            b"[DONE]",
        ];
        prop::collection::vec(prop::sample::select(parts), 0..60).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter_and_an_independent_parser_agrees(bytes in stream(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8)) {
            let mut at: Vec<usize> = cuts.iter().map(|i| i.index(bytes.len() + 1)).chain([bytes.len()]).collect();
            at.sort_unstable();
            let mut from = 0;
            let pieces: Vec<&[u8]> = at.iter().map(|&to| &bytes[std::mem::replace(&mut from, to)..to]).collect();
            let ours = decode(pieces.iter().copied()).unwrap();
            prop_assert_eq!(&ours, &decode([bytes.as_slice()]).unwrap());

            // The standard drops a last event without its blank line. This decoder keeps it, so the oracle gets a blank line.
            let mut oracle = SseParser::new();
            oracle.feed(&bytes);
            oracle.feed(b"\n\n");
            let theirs: Vec<String> = std::iter::from_fn(|| oracle.next_event()).map(|e| format!("data {}", e.data)).collect();
            let ours: Vec<String> = ours.into_iter().filter(|line| line.starts_with("data ")).collect();
            prop_assert_eq!(ours, theirs);
        }
    }
}
