//! Splits bytes into events: no input may panic, and cuts must not change the events.

#![no_main]

use libfuzzer_sys::fuzz_target;
use switchover::openrouter::sse::{Decoder, SseEvent, TooLarge};

fn decode<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Result<Vec<(bool, Vec<u8>)>, TooLarge> {
    let (mut decoder, mut seen) = (Decoder::new(), Vec::new());
    let mut note = |event: SseEvent<'_>| {
        seen.push(match event {
            SseEvent::Data(data) | SseEvent::Error(data) => (true, data.to_vec()),
            SseEvent::Comment(text) => (false, text.to_vec()),
        });
    };
    for piece in pieces {
        decoder.push(piece, &mut note)?;
    }
    decoder.finish(note)?;
    Ok(seen)
}

fuzz_target!(|input: &[u8]| {
    let Some((size, bytes)) = input.split_first() else { return };
    let whole = decode([bytes].into_iter());
    assert_eq!(whole, decode(bytes.chunks(usize::from(*size).max(1))));
    assert_eq!(whole, decode(bytes.chunks(1)));
});
