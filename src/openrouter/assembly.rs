//! The chunks of a stream put together to the response that the same server gives without streaming. Knows the shape of
//! chunks as JSON; must not know what a field means, so that fields of tomorrow pass through.
//!
//! Rules, as in the SDKs of `OpenAI` that do the same: texts are joined; objects are put together field by field; list
//! items with an `index` are put together with the item of the same index, others are appended; names, ids and numbers
//! are replaced. A chunk is put to the response while it is read: most of it is the same in every chunk.

use super::lenient::LenientText;
use super::surrogates;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserialize as _, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value, json};
use std::fmt;

/// The items of one list, and the choices of one response, at most. A stream cannot make more of them.
const MAX_ITEMS: usize = 4096;
/// Deeper values are replaced and not put together.
const MAX_DEPTH: usize = 32;

/// Texts that are sent whole, and perhaps again with each chunk.
const WHOLE: [&str; 6] = ["id", "type", "role", "format", "object", "signature"];

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

/// What comes next in a chunk, put to what came before it.
struct Piece<'a> {
    before: &'a mut Value,
    rule: Rule,
}

/// What becomes of a piece.
#[derive(Clone, Copy)]
enum Rule {
    /// It is a chunk, and what came before is the response.
    Chunk,
    /// It is a chunk's list of choices.
    Choices,
    /// It is a choice, and what came before is the list of the response.
    Choice,
    /// It is the next part of a message. Anything but an object is ignored.
    Delta,
    /// It is put together with what came before, to [`MAX_DEPTH`].
    Join { depth: usize, text: Text },
}

/// What becomes of a text.
#[derive(Clone, Copy)]
enum Text {
    /// It is joined to what came before.
    Joined,
    /// It takes the place of what came before, unless it is empty.
    Whole,
    /// It is joined, unless it is the same again: some servers repeat a function's whole name with each piece of its
    /// arguments.
    Name,
}

impl Rule {
    /// The last state counts.
    const LATEST: Self = Self::Join { depth: MAX_DEPTH, text: Text::Whole };

    fn is_leaf(self) -> bool {
        matches!(self, Self::Join { .. })
    }
}

impl Text {
    fn of(name: &str) -> Self {
        match name {
            "name" => Self::Name,
            name if WHOLE.contains(&name) => Self::Whole,
            _ => Self::Joined,
        }
    }
}

impl Piece<'_> {
    fn replace<E>(self, piece: impl Into<Value>) -> Result<(), E> {
        if self.rule.is_leaf() {
            *self.before = piece.into();
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Piece<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Piece<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, piece: bool) -> Result<(), E> {
        self.replace(piece)
    }

    fn visit_i64<E>(self, piece: i64) -> Result<(), E> {
        self.replace(piece)
    }

    fn visit_u64<E>(self, piece: u64) -> Result<(), E> {
        self.replace(piece)
    }

    fn visit_f64<E>(self, piece: f64) -> Result<(), E> {
        self.replace(piece)
    }

    fn visit_str<E>(self, piece: &str) -> Result<(), E> {
        match (self.rule, self.before) {
            (Rule::Join { text: Text::Whole, .. }, Value::String(before)) if piece.is_empty() || before == piece => {}
            (Rule::Join { text: Text::Name, .. }, Value::String(before)) if before == piece => {}
            (Rule::Join { text: Text::Joined | Text::Name, .. }, Value::String(before)) => before.push_str(piece),
            (Rule::Join { .. }, before) => *before = piece.into(),
            _ => {}
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut pieces: A) -> Result<(), A::Error> {
        match (self.rule, self.before) {
            (Rule::Choices, before) => {
                while pieces.next_element_seed(Piece { before, rule: Rule::Choice })?.is_some() {}
            }
            (Rule::Join { depth, .. }, Value::Array(before)) if depth < MAX_DEPTH => {
                while let Some(piece) = pieces.next_element::<Value>()? {
                    match before.iter().position(|item| is_same_item(item, &piece)) {
                        Some(same) => put_together(&mut before[same], piece, depth + 1)?,
                        None if before.len() < MAX_ITEMS => before.push(piece),
                        None => {}
                    }
                }
            }
            (Rule::Join { .. }, before) => *before = Value::deserialize(SeqAccessDeserializer::new(pieces))?,
            _ => while pieces.next_element::<IgnoredAny>()?.is_some() {},
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, piece: A) -> Result<(), A::Error> {
        match (self.rule, self.before) {
            (Rule::Chunk, before) => put_chunk(before, piece),
            (Rule::Choice, before) => put_choice(before, piece),
            (Rule::Delta, Value::Object(before)) => put_fields(before, piece, 0),
            (Rule::Join { depth, .. }, Value::Object(before)) if depth < MAX_DEPTH => put_fields(before, piece, depth),
            (Rule::Join { .. }, before) => {
                *before = Value::deserialize(MapAccessDeserializer::new(piece))?;
                Ok(())
            }
            (Rule::Choices | Rule::Delta, _) => skip(piece),
        }
    }
}

/// Puts a value to what came before.
fn put_together<E: Error>(before: &mut Value, piece: Value, depth: usize) -> Result<(), E> {
    let rule = Rule::Join { depth, text: Text::Joined };
    piece.deserialize_any(Piece { before, rule }).map_err(E::custom)
}

/// Puts the fields of an object to those that came before.
fn put_fields<'de, A: MapAccess<'de>>(
    before: &mut Map<String, Value>,
    mut piece: A,
    depth: usize,
) -> Result<(), A::Error> {
    while let Some(LenientText(name)) = piece.next_key()? {
        put_field(before, &name.unwrap_or_default(), &mut piece, depth)?;
    }
    Ok(())
}

fn put_field<'de, A: MapAccess<'de>>(
    before: &mut Map<String, Value>,
    name: &str,
    piece: &mut A,
    depth: usize,
) -> Result<(), A::Error> {
    match before.get_mut(name) {
        Some(before) => {
            let rule = Rule::Join { depth: depth + 1, text: Text::of(name) };
            piece.next_value_seed(Piece { before, rule })
        }
        None => {
            before.insert(name.to_owned(), piece.next_value()?);
            Ok(())
        }
    }
}

fn skip<'de, A: MapAccess<'de>>(mut object: A) -> Result<(), A::Error> {
    while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
    Ok(())
}

/// Puts a chunk to the response.
fn put_chunk<'de, A: MapAccess<'de>>(response: &mut Value, mut chunk: A) -> Result<(), A::Error> {
    while let Some(LenientText(name)) = chunk.next_key()? {
        match name.as_deref().unwrap_or_default() {
            "choices" => chunk.next_value_seed(Piece { before: &mut response["choices"], rule: Rule::Choices })?,
            "object" => {
                chunk.next_value::<IgnoredAny>()?;
                let object = &mut response["object"];
                if object.is_null() {
                    *object = "chat.completion".into();
                }
            }
            // The service names the last state of each, such as usage.
            name => match response.get_mut(name) {
                Some(before) => chunk.next_value_seed(Piece { before, rule: Rule::LATEST })?,
                None => response[name] = chunk.next_value()?,
            },
        }
    }
    Ok(())
}

/// Puts a choice to the one with the same index.
fn put_choice<'de, A: MapAccess<'de>>(choices: &mut Value, mut choice: A) -> Result<(), A::Error> {
    let first = choice.next_key()?.and_then(|LenientText(name)| name).unwrap_or_default();
    if first == "index" {
        let index = choice.next_value()?;
        return match choice_at(choices, &index) {
            Some(before) => put_choice_fields(before, choice),
            None => skip(choice),
        };
    }
    // Where the index does not come first, the choice is read to its end to find it.
    let mut whole = Map::new();
    if !first.is_empty() {
        whole.insert(first.into_owned(), choice.next_value()?);
    }
    while let Some((name, value)) = choice.next_entry()? {
        whole.insert(name, value);
    }
    let index = whole.shift_remove("index").unwrap_or_default();
    whole.shift_insert(0, "index".to_owned(), index);
    Value::Object(whole).deserialize_any(Piece { before: choices, rule: Rule::Choice }).map_err(Error::custom)
}

/// The choice with this index, which is 0 if it is not a number. `None` if there would be too many.
fn choice_at<'a>(choices: &'a mut Value, index: &Value) -> Option<&'a mut Map<String, Value>> {
    let at = index.as_u64().map_or(Some(0), |index| usize::try_from(index).ok()).filter(|at| *at < MAX_ITEMS)?;
    if !choices.is_array() {
        *choices = Value::Array(Vec::new());
    }
    let choices = choices.as_array_mut()?;
    while choices.len() <= at {
        let message = json!({"role": "assistant", "content": null});
        choices.push(json!({"index": choices.len(), "message": message}));
    }
    choices[at].as_object_mut()
}

/// Puts the fields of a choice, without its index, to those that came before.
fn put_choice_fields<'de, A: MapAccess<'de>>(before: &mut Map<String, Value>, mut choice: A) -> Result<(), A::Error> {
    let mut has_message = false;
    while let Some(LenientText(name)) = choice.next_key()? {
        match name.as_deref().unwrap_or_default() {
            "message" => {
                let message: Value = choice.next_value()?;
                if message.is_object() {
                    before.insert("message".to_owned(), message);
                    has_message = true;
                }
            }
            "delta" if !has_message => {
                let before = before.entry("message").or_insert(Value::Null);
                choice.next_value_seed(Piece { before, rule: Rule::Delta })?;
            }
            "delta" => _ = choice.next_value::<IgnoredAny>()?,
            name => put_field(before, name, &mut choice, 0)?,
        }
    }
    Ok(())
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
    fn a_stream_cannot_make_many_choices_or_items() {
        let whole = assemble(&[json!({"choices": [{"index": 4_000_000_000_u64, "delta": {"content": "x"}}]})]);
        assert_eq!(whole["choices"], json!([]));
    }
}
