//! The cost of reading answers, in MB/s against the floor of reading each byte once, and of one call's messages and
//! parse together. `cargo bench --bench dspy`.

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use serde_json::json;
use switchover::dspy::{Adapter, AnswerReader, Demo, Module, Signature, Values};

fn main() {
    divan::main();
}

const SIZES: [usize; 2] = [2 << 10, 1 << 20];
/// Bytes in one chunk: a few tokens.
const CHUNK: usize = 16;

fn signature() -> Signature {
    "question -> reasoning, answer, tags: list[str]".parse().expect("a signature")
}

/// An answer of about `size` bytes.
fn answer(adapter: Adapter, size: usize) -> String {
    let line = "It rises in the Alps, passes \"Basel\" and Cologne, and reaches the North Sea [1].\n";
    let values =
        json!({"reasoning": line.repeat(size / line.len() + 1), "answer": "The Rhine", "tags": ["river", "Europe"]});
    let demo: Demo = serde_json::from_value(values.clone()).expect("an object");
    let mut given = demo.clone();
    given.insert("question".to_owned(), json!("Which river?"));
    adapter.messages(&signature(), &Values::new(), &[given], &[])[2].content.clone()
}

fn chunks(text: &str) -> Vec<&str> {
    let (mut pieces, mut from) = (Vec::new(), 0);
    while from < text.len() {
        let to = (from + CHUNK..=text.len()).find(|&i| text.is_char_boundary(i)).unwrap_or(text.len());
        pieces.push(&text[from..to]);
        from = to;
    }
    pieces
}

/// The floor: every byte is read once.
#[divan::bench(args = SIZES)]
fn floor_memchr(bencher: Bencher, size: usize) {
    let text = answer(Adapter::Chat, size);
    bencher.counter(BytesCount::of_str(&text)).bench(|| memchr::memchr_iter(b'[', black_box(text.as_bytes())).count());
}

#[divan::bench(args = SIZES)]
fn floor_serde_json(bencher: Bencher, size: usize) {
    let text = answer(Adapter::Json, size);
    bencher.counter(BytesCount::of_str(&text)).bench(|| serde_json::from_str::<serde_json::Value>(black_box(&text)));
}

#[divan::bench(args = SIZES)]
fn parse_chat(bencher: Bencher, size: usize) {
    parse(bencher, Adapter::Chat, size);
}

#[divan::bench(args = SIZES)]
fn parse_json(bencher: Bencher, size: usize) {
    parse(bencher, Adapter::Json, size);
}

#[divan::bench(args = SIZES)]
fn parse_xml(bencher: Bencher, size: usize) {
    parse(bencher, Adapter::Xml, size);
}

fn parse(bencher: Bencher, adapter: Adapter, size: usize) {
    let (signature, text) = (signature(), answer(adapter, size));
    bencher
        .counter(BytesCount::of_str(&text))
        .bench(|| adapter.parse(&signature, black_box(&text)).expect("an answer that fits"));
}

#[divan::bench(args = SIZES)]
fn sections_chat(bencher: Bencher, size: usize) {
    sections(bencher, Adapter::Chat, size);
}

#[divan::bench(args = SIZES)]
fn sections_json(bencher: Bencher, size: usize) {
    sections(bencher, Adapter::Json, size);
}

#[divan::bench(args = SIZES)]
fn sections_xml(bencher: Bencher, size: usize) {
    sections(bencher, Adapter::Xml, size);
}

/// A stream in small chunks, with its sections read after each.
fn sections(bencher: Bencher, adapter: Adapter, size: usize) {
    let (signature, text) = (signature(), answer(adapter, size));
    let pieces = chunks(&text);
    bencher.counter(BytesCount::of_str(&text)).bench(|| {
        let mut reader = AnswerReader::new(adapter, &signature);
        for piece in &pieces {
            reader.push(black_box(piece));
            black_box(reader.sections());
        }
        reader.finish();
        sections
    });
}

/// The cost of one call without the network: expand the signature, write the messages, parse the answer.
#[divan::bench]
fn one_call(bencher: Bencher) {
    let signature: Signature = "question -> answer".parse().expect("a signature");
    let inputs: Values = [("question".to_owned(), json!("Which river?"))].into_iter().collect();
    let text = "[[ ## reasoning ## ]]\nIt is long.\n\n[[ ## answer ## ]]\nThe Rhine\n\n[[ ## completed ## ]]";
    bencher.bench(|| {
        let expanded = Module::ChainOfThought.expand(black_box(&signature));
        let messages = Adapter::Chat.messages(&expanded, &inputs, &[], &[]);
        (messages, Adapter::Chat.parse(&expanded, black_box(text)).expect("an answer that fits"))
    });
}

#[divan::bench]
fn read_a_signature() -> Signature {
    black_box("context: list[str], question -> reasoning, answer: Literal['yes', 'no'], score: float | None")
        .parse()
        .expect("a signature")
}
