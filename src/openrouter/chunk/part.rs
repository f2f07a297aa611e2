//! One choice of a chunk, and the message, or the part of one, that is in it.

use super::{RawField, value};
use crate::openrouter::lenient::{Content, LenientObject, LenientText, Thoughts, count};
use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use std::fmt;

/// The names of the field with the model's thoughts. Servers repeat the same thoughts under several names, so the first of
/// these counts: `OpenRouter`; `DeepSeek` and servers like it; GitHub Copilot; Ollama; Anthropic's blocks in a `LiteLLM`
/// proxy; `OpenRouter`'s list, of which `reasoning.encrypted` has no readable part.
const THOUGHTS: [&str; 6] =
    ["reasoning", "reasoning_content", "reasoning_text", "thinking", "thinking_blocks", "reasoning_details"];

/// The field that holds a piece of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::openrouter) enum TextField {
    /// The answer's.
    Content,
    /// A field with thoughts.
    Thoughts(&'static str),
}

impl TextField {
    /// Its name.
    pub(in crate::openrouter) fn name(self) -> &'static str {
        match self {
            Self::Content => "content",
            Self::Thoughts(name) => name,
        }
    }
}

/// One of `choices`.
#[derive(Debug, Default)]
pub(super) struct ChunkChoice<'a> {
    index: RawField<'a>,
    pub(super) delta: Option<MessagePart<'a>>,
    pub(super) message: Option<Box<MessagePart<'a>>>,
    pub(super) finish_reason: LenientText<'a>,
    pub(super) native_finish_reason: LenientText<'a>,
    pub(super) error: RawField<'a>,
    /// It has other fields, which are not `null`.
    has_others: bool,
}

impl ChunkChoice<'_> {
    /// Whether it is the first choice, also if it does not say so.
    pub(super) fn is_first(&self) -> bool {
        let Some(index) = self.index else { return true };
        index.get() == "0"
            || match value(index) {
                Some(Value::Number(index)) => index.as_f64() == Some(0.0),
                index => index.as_ref().and_then(count).unwrap_or(0) == 0,
            }
    }

    /// See [`Chunk::only_text`](super::Chunk::only_text).
    pub(super) fn only_text(&self) -> Option<(TextField, &str)> {
        let ends = self.finish_reason.0.is_some() || self.native_finish_reason.0.is_some() || self.error.is_some();
        let is_plain = self.is_first() && !ends && !self.has_others && self.message.is_none();
        self.delta.as_ref().filter(|_| is_plain)?.only_text()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for ChunkChoice<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(Reader(Self::default()))
    }
}

/// A message, or a part of one.
#[derive(Debug, Default)]
pub(super) struct MessagePart<'a> {
    pub(super) content: Content<'a>,
    /// The thoughts, and the place of their name in [`THOUGHTS`].
    thoughts: Option<(usize, Thoughts<'a>)>,
    /// There are encrypted thoughts, which show that the model is at work.
    has_encrypted: bool,
    pub(super) refusal: LenientText<'a>,
    pub(super) tool_calls: RawField<'a>,
    /// `OpenAI`'s older field for one call.
    pub(super) function_call: RawField<'a>,
    /// It has other fields that are not `null`, or thoughts that are no plain text.
    has_others: bool,
}

impl<'a> MessagePart<'a> {
    /// The thoughts of this piece; empty if they are encrypted.
    pub(super) fn thoughts(&self) -> Option<&str> {
        let named = self.thoughts.as_ref().and_then(|(_, thoughts)| thoughts.some());
        let encrypted = self.has_encrypted || self.content.thoughts.encrypted;
        named.or_else(|| self.content.thoughts.some()).or(encrypted.then_some(""))
    }

    fn think(&mut self, place: usize, thoughts: Thoughts<'a>) {
        self.has_encrypted |= thoughts.encrypted;
        self.has_others |= thoughts.is_composed();
        if thoughts.some().is_none() {
            return;
        }
        // The same thoughts again would change with the next piece, too.
        self.has_others |= self.thoughts.is_some();
        if self.thoughts.as_ref().is_none_or(|(best, _)| place < *best) {
            self.thoughts = Some((place, thoughts));
        }
    }

    fn only_text(&self) -> Option<(TextField, &str)> {
        let says_more = self.refusal.0.is_some() || self.tool_calls.or(self.function_call).is_some();
        if self.has_others || says_more || self.content.is_composed() {
            return None;
        }
        let content = self.content.text.as_deref().filter(|text| !text.is_empty());
        match (&self.thoughts, content) {
            (None, Some(text)) => Some((TextField::Content, text)),
            (Some((place, thoughts)), None) => Some((TextField::Thoughts(THOUGHTS[*place]), thoughts.some()?)),
            _ => None,
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for MessagePart<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(Reader(Self::default()))
    }
}

/// Reads the fields of an object into what it holds.
struct Reader<T>(T);

/// An error if a name was seen before: nobody knows which of the values counts. `seen` has a bit for each of `names`.
fn only_once<'n, E: Error>(seen: &mut u32, mut names: impl Iterator<Item = &'n &'n str>, name: &str) -> Result<(), E> {
    let Some(place) = names.position(|known| *known == name) else { return Ok(()) };
    let before = std::mem::replace(seen, *seen | 1 << place);
    if before == *seen { Err(E::custom(format_args!("duplicate field `{name}`"))) } else { Ok(()) }
}

impl<'de: 'a, 'a> Visitor<'de> for Reader<ChunkChoice<'a>> {
    type Value = ChunkChoice<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a choice")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<ChunkChoice<'a>, A::Error> {
        const NAMES: [&str; 6] = ["index", "delta", "message", "finish_reason", "native_finish_reason", "error"];
        let (mut choice, mut seen) = (self.0, 0);
        while let Some(LenientText(name)) = fields.next_key()? {
            let name = name.as_deref().unwrap_or_default();
            only_once(&mut seen, NAMES.iter(), name)?;
            match name {
                "index" => choice.index = fields.next_value()?,
                "delta" => choice.delta = fields.next_value::<LenientObject<_>>()?.0,
                "message" => choice.message = fields.next_value::<LenientObject<_>>()?.0,
                "finish_reason" => choice.finish_reason = fields.next_value()?,
                "native_finish_reason" => choice.native_finish_reason = fields.next_value()?,
                "error" => choice.error = fields.next_value()?,
                _ => choice.has_others |= fields.next_value::<Option<IgnoredAny>>()?.is_some(),
            }
        }
        Ok(choice)
    }
}

impl<'de: 'a, 'a> Visitor<'de> for Reader<MessagePart<'a>> {
    type Value = MessagePart<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a message")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<MessagePart<'a>, A::Error> {
        const NAMES: [&str; 5] = ["content", "role", "refusal", "tool_calls", "function_call"];
        let (mut part, mut seen) = (self.0, 0);
        while let Some(LenientText(name)) = fields.next_key()? {
            let name = name.as_deref().unwrap_or_default();
            only_once(&mut seen, NAMES.iter().chain(&THOUGHTS), name)?;
            match name {
                "content" => part.content = fields.next_value()?,
                "role" => _ = fields.next_value::<IgnoredAny>()?,
                "refusal" => part.refusal = fields.next_value()?,
                "tool_calls" => part.tool_calls = fields.next_value()?,
                "function_call" => part.function_call = fields.next_value()?,
                name => match THOUGHTS.iter().position(|known| *known == name) {
                    Some(place) => part.think(place, fields.next_value()?),
                    None => part.has_others |= fields.next_value::<Option<IgnoredAny>>()?.is_some(),
                },
            }
        }
        Ok(part)
    }
}
