//! The chunks of a stream put together to the response that the same server gives without streaming. Knows the shape of
//! chunks as JSON; must not know what a field means, so that fields of tomorrow pass through.
//!
//! Rules, as in the SDKs of `OpenAI` that do the same: texts are joined; objects are put together field by field; list
//! items with an `index` are put together with the item of the same index, others are appended; names, ids and numbers
//! are replaced; of finish reasons the first counts.

mod piece;

use super::surrogates;
use piece::{Piece, Rule};
use serde::de::DeserializeSeed as _;
use serde_json::{Map, Value};

/// The response so far.
#[derive(Debug)]
pub(super) struct Assembly {
    response: Value,
    /// Some texts hold marked halves of surrogate pairs.
    halves: bool,
}

impl Assembly {
    pub(super) fn new() -> Self {
        Self { response: Value::Object(Map::new()), halves: false }
    }

    /// Applies one chunk, or a whole response. `halves`: it may hold marked halves of surrogate pairs.
    ///
    /// # Errors
    /// It cannot be read to its end: a number is out of range, or it is nested too deeply. The first part is applied.
    pub(super) fn apply(&mut self, json: &str, halves: bool) -> serde_json::Result<()> {
        self.halves |= halves;
        let chunk = Piece { before: &mut self.response, rule: Rule::Chunk };
        chunk.deserialize(&mut serde_json::Deserializer::from_str(json))
    }

    /// Applies a chunk that differs from the one before only in a text of the first choice's message.
    pub(super) fn apply_text(&mut self, name: &str, piece: &str) {
        let message = self.response.get_mut("choices").and_then(|choices| choices.get_mut(0)?.get_mut("message"));
        if let Some(Value::String(text)) = message.and_then(|message| message.get_mut(name)) {
            text.push_str(piece);
        }
    }

    /// The whole response.
    pub(super) fn into_response(self) -> Value {
        let mut response = self.response;
        let choices = &mut response["choices"];
        if !choices.is_array() {
            *choices = Value::Array(Vec::new());
        }
        // Only a stream numbers the calls, to tell their pieces apart.
        for choice in choices.as_array_mut().into_iter().flatten() {
            let calls = choice.pointer_mut("/message/tool_calls").and_then(Value::as_array_mut);
            for call in calls.into_iter().flatten().filter_map(Value::as_object_mut) {
                call.shift_remove("index");
            }
        }
        if self.halves {
            join_halves(&mut response);
        }
        response
    }
}

/// Texts in which halves of surrogate pairs are characters again.
fn join_halves(value: &mut Value) {
    match value {
        Value::String(text) => {
            let mut high = None;
            *text = surrogates::join(&mut high, text, true);
            text.extend(high.map(|_| '\u{fffd}'));
        }
        Value::Array(items) => items.iter_mut().for_each(join_halves),
        Value::Object(fields) => fields.values_mut().for_each(join_halves),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The first choice's message of a whole response.
pub(super) fn message(response: &Value) -> &Value {
    &response["choices"][0]["message"]
}

/// Whether a message has anything to read, to hear or to do.
pub(super) fn has_content(message: &Value) -> bool {
    let Some(message) = message.as_object() else { return false };
    message.iter().any(|(name, value)| match value {
        Value::String(text) => name != "role" && name != "refusal" && !text.trim().is_empty(),
        Value::Array(items) => name != "annotations" && !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    })
}

#[cfg(test)]
mod tests {
    use super::piece::{MAX_DEPTH, MAX_ITEMS, put_together};
    use super::*;
    use serde_json::json;

    fn assemble(chunks: &[Value]) -> Value {
        let mut assembly = Assembly::new();
        for chunk in chunks {
            assembly.apply(&chunk.to_string(), false).unwrap();
        }
        assembly.into_response()
    }

    fn delta(delta: &Value) -> Value {
        json!({"id": "gen-1", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta}]})
    }

    #[test]
    fn text_reasoning_and_tool_calls_are_joined() {
        let call = |piece: Value| delta(&json!({"tool_calls": [piece]}));
        let whole = assemble(&[
            delta(&json!({"role": "assistant", "content": ""})),
            delta(&json!({"reasoning": "Let "})),
            delta(
                &json!({"reasoning": "me.", "reasoning_details": [{"type": "reasoning.text", "index": 0, "text": "Let "}]}),
            ),
            delta(&json!({"reasoning_details": [{"type": "reasoning.text", "index": 0, "text": "me."}]})),
            call(
                json!({"index": 0, "id": "c1", "type": "function", "function": {"name": "look", "arguments": "{\"a\""}}),
            ),
            call(json!({"index": 1, "id": "c2", "type": "function", "function": {"name": "see", "arguments": ""}})),
            call(json!({"index": 0, "id": "c1", "function": {"name": "look", "arguments": ": 1}"}})),
            call(json!({"index": 1, "function": {"arguments": "{}"}})),
            delta(&json!({"content": "Hel"})),
            delta(&json!({"content": "lo"})),
            json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}], "usage": {"total_tokens": 3}}),
        ]);
        let message = &whole["choices"][0]["message"];
        assert_eq!(message["content"], "Hello");
        assert_eq!(message["reasoning"], "Let me.");
        assert_eq!(message["reasoning_details"][0]["text"], "Let me.");
        let calls = json!([
            {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{\"a\": 1}"}},
            {"id": "c2", "type": "function", "function": {"name": "see", "arguments": "{}"}},
        ]);
        assert_eq!(message["tool_calls"], calls);
        assert_eq!(whole["choices"][0]["finish_reason"], "tool_calls");
        assert_eq!((&whole["object"], &whole["usage"]["total_tokens"]), (&json!("chat.completion"), &json!(3)));
    }

    #[test]
    fn fields_that_nobody_knows_and_several_choices_pass_through() {
        let whole = assemble(&[
            json!({"x_trace": "t", "choices": [
                {"index": 1, "delta": {"content": "b", "x_new": {"k": [1]}}, "logprobs": {"content": [{"token": "b"}]}},
                {"index": 0, "delta": {"content": "a"}}]}),
            json!({"x_trace": "u", "choices": [
                {"index": 1, "delta": {"content": "B", "x_new": {"k": [2]}}, "logprobs": {"content": [{"token": "B"}]}}]}),
        ]);
        assert_eq!(whole["x_trace"], "u");
        assert_eq!(whole["choices"][0]["message"]["content"], "a");
        assert_eq!(
            whole["choices"][1]["message"],
            json!({"role": "assistant", "content": "bB", "x_new": {"k": [1, 2]}})
        );
        assert_eq!(whole["choices"][1]["logprobs"], json!({"content": [{"token": "b"}, {"token": "B"}]}));
    }

    #[test]
    fn pieces_that_repeat_are_text_but_for_names_and_marks() {
        let whole = assemble(&[
            delta(&json!({"content": "ha", "tool_calls": [{"index": 0, "id": "c1", "function": {"name": "look"}}]})),
            delta(&json!({"content": "ha", "tool_calls": [{"index": 0, "id": "", "function": {"name": "look"}}]})),
            delta(&json!({"tool_calls": [{"index": 0, "id": null, "function": {"name": "_up"}}]})),
        ]);
        let message = &whole["choices"][0]["message"];
        assert_eq!(message["content"], "haha");
        assert_eq!(message["tool_calls"], json!([{"id": "c1", "function": {"name": "look_up"}}]));
    }

    #[test]
    fn pieces_are_put_together_to_a_depth_of_32_and_replaced_below() {
        type Nest = fn(Value) -> Value;
        let nests: [Nest; 2] = [|value| json!({"x": value}), |value| json!([{"index": 0, "x": value}])];
        for (nest, levels) in nests.into_iter().zip([1, 2]) {
            for depth in [1, MAX_DEPTH / levels - 1, MAX_DEPTH / levels, MAX_DEPTH / levels + 1] {
                let nested = |text: &str| (0..depth).fold(json!({"text": text}), |value, _| nest(value));
                let mut value = nested("a");
                put_together::<serde_json::Error>(&mut value, nested("b"), 0).unwrap();
                // The text's own object is a level as well.
                let expected = if depth * levels < MAX_DEPTH { nested("ab") } else { nested("b") };
                assert_eq!(value, expected, "{depth}");
            }
        }
    }

    #[test]
    fn a_list_has_at_most_4096_items() {
        let mut list = json!([]);
        put_together::<serde_json::Error>(&mut list, json!(vec![1; MAX_ITEMS + 2]), 0).unwrap();
        put_together::<serde_json::Error>(&mut list, json!([2]), 0).unwrap();
        assert_eq!(list, json!(vec![1; MAX_ITEMS]));
    }

    #[test]
    fn a_whole_response_stays_as_it_is() {
        let whole = json!({"id": "x", "object": "chat.completion", "choices": [
            {"index": 0, "message": {"role": "assistant", "content": "hi", "annotations": []}, "finish_reason": "stop"}]});
        assert_eq!(assemble(std::slice::from_ref(&whole)), whole);
    }

    #[test]
    fn an_empty_message_and_one_with_only_a_call() {
        assert!(!has_content(&json!({"role": "assistant", "content": " ", "refusal": "no", "annotations": [1]})));
        for message in [
            json!({"content": "x"}),
            json!({"tool_calls": [{}]}),
            json!({"reasoning": "x"}),
            json!({"audio": {"id": 1}}),
        ] {
            assert!(has_content(&message), "{message}");
        }
    }

    #[test]
    fn a_finish_reason_that_is_repeated_counts_once() {
        let end = |finish: &str, native: Value| json!({"choices": [{"index": 0, "delta": {"content": ""}, "finish_reason": finish, "native_finish_reason": native}]});
        for (ends, finish, native) in [
            ([end("stop", json!("STOP")), end("stop", json!("STOP"))], "stop", json!("STOP")),
            ([end("tool_calls", json!(null)), end("tool_calls", json!(null))], "tool_calls", json!(null)),
            ([end("null", json!(null)), end("length", json!("MAX_TOKENS"))], "length", json!("MAX_TOKENS")),
            ([end("stop", json!("STOP")), end("", json!(""))], "stop", json!("STOP")),
        ] {
            let whole = assemble(&ends);
            let choice = &whole["choices"][0];
            assert_eq!((&choice["finish_reason"], &choice["native_finish_reason"]), (&json!(finish), &native));
        }
    }

    #[test]
    fn a_choice_says_its_index_anywhere() {
        let index = json!({"choices": [{"index": 1, "delta": {"content": "b"}}]});
        let late = r#"{"choices": [{"": 1, "delta": {"content": "B"}, "index": 1}, {}, {"finish_reason": "stop", "index": null}]}"#;
        let whole = assemble(&[index, serde_json::from_str(late).unwrap()]);
        assert_eq!(whole["choices"][1]["message"]["content"], "bB");
        assert_eq!((&whole["choices"][0]["index"], &whole["choices"][0]["finish_reason"]), (&json!(0), &json!("stop")));
    }

    #[test]
    fn a_stream_cannot_make_many_choices_or_items() {
        let whole = assemble(&[json!({"choices": [{"index": 4_000_000_000_u64, "delta": {"content": "x"}}]})]);
        assert_eq!(whole["choices"], json!([]));
    }
}
