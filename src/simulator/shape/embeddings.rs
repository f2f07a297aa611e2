//! `/embeddings`: vectors that say nothing about their texts, but are always the same for the same text, and of length 1.

use super::refuse;
use crate::simulator::chat::hash;
use crate::simulator::completion::{SimulatedCompletion, count_tokens};
use crate::simulator::envelope::ErrorEnvelope;
use serde_json::{Value, json};

/// The numbers of a vector, unless the request says so itself.
const DIMENSIONS: u64 = 1536;

/// The request in the words of chat completions: a message for each text.
pub(super) fn as_chat(mut body: Value) -> Result<Value, ErrorEnvelope> {
    let texts = match body["input"].take() {
        Value::String(text) => vec![Value::String(text)],
        Value::Array(items) if items.first().is_some_and(Value::is_number) => vec![json!(json!(items).to_string())],
        Value::Array(items) if !items.is_empty() => items,
        _ => return Err(refuse("input: expected a text or a list of texts")),
    };
    let dimensions = body["dimensions"].as_u64().unwrap_or(DIMENSIONS);
    if !(1..=4096).contains(&dimensions) {
        return Err(refuse("dimensions: expected a number between 1 and 4096"));
    }
    let text = |item: &Value| item.as_str().map_or_else(|| item.to_string(), str::to_owned);
    let messages: Vec<Value> = texts.iter().map(|item| json!({ "role": "user", "content": text(item) })).collect();
    let base64 = body["encoding_format"] == "base64";
    Ok(json!({
        "model": body["model"], "provider": body["provider"], "messages": messages,
        "embeddings": { "dimensions": dimensions, "base64": base64 },
    }))
}

/// What a request wants to have embedded.
#[derive(Clone, Debug)]
pub(in crate::simulator) struct EmbeddedTexts {
    pub texts: Vec<String>,
    /// The numbers of each vector.
    pub dimensions: usize,
    /// Whether vectors are sent as bytes in base64.
    pub base64: bool,
}

/// The answer. A fault that takes the choices of a chat takes the vectors.
pub(super) fn body(completion: &SimulatedCompletion, chat: &Value) -> Value {
    if chat["choices"].as_array().is_none_or(Vec::is_empty) {
        return json!({ "object": "list", "data": [], "model": completion.model.served() });
    }
    let EmbeddedTexts { texts, dimensions, base64 } = &completion.embeds;
    let vector = |text: &String| {
        let numbers = numbers(text, *dimensions);
        if *base64 {
            let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
            Value::from(encode(&bytes))
        } else {
            json!(numbers)
        }
    };
    let rows = texts.iter().enumerate();
    let data: Vec<Value> =
        rows.map(|(i, text)| json!({ "object": "embedding", "index": i, "embedding": vector(text) })).collect();
    let tokens: usize = texts.iter().map(|text| count_tokens(text)).sum();
    json!({
        "id": completion.id, "object": "list", "data": data, "model": completion.model.served(),
        "provider": completion.provider,
        "usage": { "prompt_tokens": tokens, "total_tokens": tokens, "cost": completion.model.cost(tokens, 0) },
    })
}

fn numbers(text: &str, dimensions: usize) -> Vec<f32> {
    let mut draw = fastrand::Rng::with_seed(hash(text.as_bytes()));
    let numbers: Vec<f32> = (0..dimensions).map(|_| draw.f32() - 0.5).collect();
    let length = numbers.iter().map(|number| number * number).sum::<f32>().sqrt();
    numbers.into_iter().map(|number| number / length).collect()
}

/// Base64 with padding, as RFC 4648 describes it.
fn encode(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits = group.iter().chain(&[0, 0]).take(3).fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte));
        for place in 0..4 {
            let letter = ALPHABET[bits >> (18 - 6 * place) & 63];
            text.push(if place <= group.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_encoded_as_in_the_standard() {
        for (bytes, text) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE=")]
        {
            assert_eq!(encode(bytes.as_bytes()), text);
        }
    }

    #[test]
    fn the_same_text_has_the_same_vector_of_length_one() {
        let vector = numbers("a", 8);
        assert_eq!(vector, numbers("a", 8));
        assert_ne!(vector, numbers("b", 8));
        assert!((vector.iter().map(|number| number * number).sum::<f32>() - 1.0).abs() < 1e-5);
    }
}
