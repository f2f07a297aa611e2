//! The first line is a signature, the rest is an answer to it. A parsed signature must survive its inline form; cuts
//! must not change what an answer is parsed to; no escape in it may decode to a character that harms a terminal.

#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use switchover::dspy::{Adapter, AnswerReader, Signature};
use switchover::text::clean;

fn is_harmless(text: &str) -> bool {
    let hostile = |c| matches!(c, '\u{200b}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    text.chars().all(|c| !hostile(c) && (!c.is_control() || c == '\n' || c == '\t'))
}

fn is_harmless_value(value: &Value) -> bool {
    match value {
        Value::String(text) => is_harmless(text),
        Value::Array(items) => items.iter().all(is_harmless_value),
        Value::Object(map) => map.iter().all(|(key, value)| is_harmless(key) && is_harmless_value(value)),
        _ => true,
    }
}

fuzz_target!(|input: &[u8]| {
    let Some((size, bytes)) = input.split_first() else { return };
    let text = String::from_utf8_lossy(bytes);
    // A received text is clean; characters in escapes are cleaned when they are decoded.
    let text = clean(&text);
    let (source, answer) = text.split_once('\n').unwrap_or(("", &text));
    let signature = match source.parse::<Signature>() {
        Ok(signature) => {
            assert_eq!(signature.inline().parse::<Signature>().as_ref(), Ok(&signature));
            signature
        }
        Err(error) => {
            assert!(source.is_char_boundary(error.span.start) && source.is_char_boundary(error.span.end), "{error:?}");
            "q -> answer, n: int, xs: list[str], d: Any, c: dspy.Code".parse().expect("a signature")
        }
    };
    let chars: Vec<char> = answer.chars().collect();
    for adapter in Adapter::ALL {
        let mut reader = AnswerReader::new(adapter, &signature);
        for piece in chars.chunks(usize::from(*size).max(1)) {
            reader.push(&piece.iter().collect::<String>());
            assert!(reader.sections().iter().all(|section| is_harmless(&section.text)), "{:?}", reader.sections());
        }
        reader.finish();
        assert!(reader.sections().iter().all(|section| is_harmless(&section.text)), "{:?}", reader.sections());
        let prediction = reader.into_prediction(answer);
        assert_eq!(prediction, adapter.parse(&signature, answer));
        if let Ok(prediction) = prediction {
            assert!(prediction.fields.values().all(is_harmless_value), "{:?}", prediction.fields);
        }
    }
});
