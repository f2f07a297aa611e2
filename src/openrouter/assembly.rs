//! The chunks of a stream put together to the response that the same server gives without streaming. Knows the shape of
//! chunks as JSON; must not know what a field means, so that fields of tomorrow pass through.
//!
//! Rules, as in the SDKs of `OpenAI` that do the same: texts are joined; objects are put together field by field; list
//! items with an `index` are put together with the item of the same index, others are appended; names, ids and numbers
//! are replaced.

use serde_json::{Map, Value, json};

/// The items of one list, and the choices of one response, at most. A stream cannot make more of them.
const MAX_ITEMS: usize = 4096;
/// Deeper values are replaced and not put together.
const MAX_DEPTH: usize = 32;

/// Texts that are sent whole, and perhaps again with each chunk.
const WHOLE: [&str; 6] = ["id", "type", "role", "format", "object", "signature"];

/// The response so far.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    response: Map<String, Value>,
    choices: Vec<Value>,
}

impl Assembly {
    /// Applies one chunk, or a whole response.
    pub(super) fn apply(&mut self, chunk: Value) {
        let Value::Object(chunk) = chunk else { return };
        for (name, value) in chunk {
            match (name.as_str(), value) {
                ("choices", Value::Array(choices)) => choices.into_iter().for_each(|choice| self.choice(choice)),
                ("object", _) => _ = self.response.insert(name, "chat.completion".into()),
                (_, Value::Null) => _ = self.response.entry(name).or_insert(Value::Null),
                // The service names the last state of each, such as usage.
                (_, value) => _ = self.response.insert(name, value),
            }
        }
    }

    fn choice(&mut self, choice: Value) {
        let Value::Object(mut choice) = choice else { return };
        let index = choice.get("index").and_then(Value::as_u64).and_then(|index| usize::try_from(index).ok());
        let at = index.unwrap_or(0);
        if at >= MAX_ITEMS {
            return;
        }
        while self.choices.len() <= at {
            let message = json!({"role": "assistant", "content": null});
            self.choices.push(json!({"index": self.choices.len(), "message": message}));
        }
        if let Some(whole) = choice.remove("message").filter(Value::is_object) {
            choice.remove("delta");
            self.choices[at]["message"] = whole;
        }
        if let Some(delta) = choice.remove("delta").filter(Value::is_object) {
            put_together(&mut self.choices[at]["message"], delta, "", 0);
        }
        put_together(&mut self.choices[at], Value::Object(choice), "", 0);
    }

    /// The whole response.
    pub(super) fn into_response(self) -> Value {
        let mut response = self.response;
        let mut choices = self.choices;
        for choice in &mut choices {
            // Only a stream numbers the calls, to tell their pieces apart.
            let calls = choice.pointer_mut("/message/tool_calls").and_then(Value::as_array_mut);
            for call in calls.into_iter().flatten().filter_map(Value::as_object_mut) {
                call.shift_remove("index");
            }
        }
        response.insert("choices".to_owned(), Value::Array(choices));
        Value::Object(response)
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

/// Puts a later piece of a value to what came before. `name` is the field's, or empty.
fn put_together(before: &mut Value, piece: Value, name: &str, depth: usize) {
    match (before, piece) {
        (_, Value::Null) => {}
        (Value::Object(before), Value::Object(piece)) if depth < MAX_DEPTH => {
            for (name, piece) in piece {
                match before.get_mut(&name) {
                    Some(before) => put_together(before, piece, &name, depth + 1),
                    None => _ = before.insert(name, piece),
                }
            }
        }
        (Value::Array(before), Value::Array(pieces)) if depth < MAX_DEPTH => {
            for piece in pieces {
                match before.iter().position(|item| is_same_item(item, &piece)) {
                    Some(same) => put_together(&mut before[same], piece, "", depth + 1),
                    None if before.len() < MAX_ITEMS => before.push(piece),
                    None => {}
                }
            }
        }
        (Value::String(before), Value::String(piece)) => {
            // Some servers repeat a function's whole name with each piece of its arguments.
            if WHOLE.contains(&name) || (name == "name" && *before == piece) {
                if !piece.is_empty() {
                    *before = piece;
                }
            } else {
                before.push_str(&piece);
            }
        }
        (before, piece) => *before = piece,
    }
}

/// Whether two items of a list are pieces of one: they have the same index, and the same type if both have one.
fn is_same_item(item: &Value, piece: &Value) -> bool {
    let index = |value: &Value| value.get("index").and_then(Value::as_u64);
    let kind = |value: &Value| value.get("type").and_then(Value::as_str).map(str::to_owned);
    index(piece).is_some()
        && index(item) == index(piece)
        && (kind(item) == kind(piece) || kind(item).is_none() || kind(piece).is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assemble(chunks: &[Value]) -> Value {
        let mut assembly = Assembly::default();
        for chunk in chunks {
            assembly.apply(chunk.clone());
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
                put_together(&mut value, nested("b"), "", 0);
                // The text's own object is a level as well.
                let expected = if depth * levels < MAX_DEPTH { nested("ab") } else { nested("b") };
                assert_eq!(value, expected, "{depth}");
            }
        }
    }

    #[test]
    fn a_list_has_at_most_4096_items() {
        let mut list = json!([]);
        put_together(&mut list, json!(vec![1; MAX_ITEMS + 2]), "", 0);
        put_together(&mut list, json!([2]), "", 0);
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
    fn a_stream_cannot_make_many_choices_or_items() {
        let whole = assemble(&[json!({"choices": [{"index": 4_000_000_000_u64, "delta": {"content": "x"}}]})]);
        assert_eq!(whole["choices"], json!([]));
    }
}
