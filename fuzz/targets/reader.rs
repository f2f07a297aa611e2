//! Reads the body of a response: no input may panic, cuts must not change the deltas or the end, the key must not appear
//! in them, and nothing in them may harm a terminal.

#![no_main]

use libfuzzer_sys::fuzz_target;
use std::time::Duration;
use switchover::failover::Failure;
use switchover::openrouter::{BodyReader, Completion, Delta, Head, Header};
use switchover::secret::Secret;

const KEY: &str = "sk-or-v1-0123456789abcdef";

fn read<'a>(content_type: &str, pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<Delta>, Result<Completion, Failure>) {
    let header = Header { name: "content-type".into(), value: content_type.into() };
    let head = Head { status: 200, generation: None, headers: vec![header] };
    let mut reader = BodyReader::new(head, Secret::new(KEY).into(), Duration::ZERO);
    let mut deltas = Vec::new();
    for piece in pieces {
        reader.push(piece, &mut deltas);
    }
    let end = reader.finish(None, &mut deltas);
    // White space before a body is a keep-alive for each piece, so their number depends on the cuts.
    deltas.retain(|delta| *delta != Delta::Comment);
    (deltas, end)
}

fn is_harmless(text: &str) -> bool {
    text.chars().all(|c| !matches!(c, '\u{202a}'..='\u{202e}' | '\u{200b}') && (!c.is_control() || "\n\t".contains(c)))
}

fuzz_target!(|input: &[u8]| {
    let Some((how, bytes)) = input.split_first() else { return };
    let content_type = if how & 1 == 0 { "text/event-stream" } else { "application/json" };
    let whole = read(content_type, [bytes].into_iter());
    assert_eq!(whole, read(content_type, bytes.chunks(usize::from(how >> 1).max(1))));
    let mut text = String::new();
    for delta in &whole.0 {
        if let Delta::Text(piece) | Delta::Reasoning(piece) = delta {
            assert!(is_harmless(piece), "{piece:?}");
            text.push_str(piece);
        }
    }
    if let Ok(end) = &whole.1 {
        assert!(is_harmless(&end.text) && is_harmless(&end.reasoning));
        text.push_str(&end.text);
    }
    if let Err(failure) = &whole.1 {
        assert!(is_harmless(&failure.reason), "{failure:?}");
        text.push_str(&failure.reason);
    }
    assert!(!text.contains(KEY), "{text}");
});
