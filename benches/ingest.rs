//! The speed of turning bytes into deltas, against the floor of cutting them into lines: 8 MiB of chunks as
//! OpenRouter sends them, in pieces of several sizes.

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use memchr::memchr_iter;
use std::time::Duration;
use switchover::openrouter::sse::Decoder;
use switchover::openrouter::{BodyReader, Head, Header};
use switchover::secret::Secrets;

fn main() {
    divan::main();
}

/// Sizes of pieces: a full read buffer, a packet, a slow stream.
const PIECES: [usize; 3] = [16_384, 512, 32];

fn stream() -> Vec<u8> {
    let words = ["Hello", " wörld", ", this", " is", " \\\"quoted\\\"", " 世界", "\\n", " 42"];
    let mut events = String::new();
    for (i, word) in words.iter().cycle().enumerate() {
        if events.len() > 8 << 20 {
            break;
        }
        if i % 64 == 0 {
            events.push_str(": OPENROUTER PROCESSING\n\n");
        }
        events.push_str("data: {\"id\":\"gen-1763800000-AbCdEfGhIjKlMnOpQrSt\",\"provider\":\"OpenAI\",\"model\":\"openai/gpt-4o-mini\",\"object\":\"chat.completion.chunk\",\"created\":1763800000,\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"");
        events.push_str(word);
        events.push_str("\"},\"finish_reason\":null,\"native_finish_reason\":null,\"logprobs\":null}],\"system_fingerprint\":\"fp_0123456789\"}\n\n");
    }
    events.into_bytes()
}

/// The floor: lines, as far as they are in a piece.
#[divan::bench(args = PIECES)]
fn lines_only(bencher: Bencher<'_, '_>, piece: usize) {
    let bytes = stream();
    bencher.counter(BytesCount::new(bytes.len())).bench(|| {
        for piece in bytes.chunks(piece) {
            let mut from = 0;
            for end in memchr_iter(b'\n', black_box(piece)) {
                black_box(&piece[from..end]);
                from = end + 1;
            }
        }
    });
}

/// From bytes to events.
#[divan::bench(args = PIECES)]
fn events(bencher: Bencher<'_, '_>, piece: usize) {
    let bytes = stream();
    bencher.counter(BytesCount::new(bytes.len())).bench(|| {
        let (mut decoder, mut count) = (Decoder::new(), 0);
        for piece in bytes.chunks(piece) {
            decoder
                .push(black_box(piece), |event| {
                    black_box(event);
                    count += 1;
                })
                .expect("small events");
        }
        count
    });
}

/// From bytes to deltas: events, JSON and cleaning.
#[divan::bench(args = PIECES)]
fn deltas(bencher: Bencher<'_, '_>, piece: usize) {
    let bytes = stream();
    bencher.counter(BytesCount::new(bytes.len())).bench(|| {
        let head = Head {
            status: 200,
            generation: None,
            headers: vec![Header { name: "content-type".into(), value: "text/event-stream".into() }],
        };
        let (mut reader, mut out, mut count) =
            (BodyReader::new(head, Secrets::default(), Duration::ZERO), Vec::new(), 0);
        for piece in bytes.chunks(piece) {
            reader.push(black_box(piece), &mut out);
            count += out.len();
            out.clear();
        }
        count
    });
}
