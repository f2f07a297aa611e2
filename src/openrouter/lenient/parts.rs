//! Texts that come as one string, as one part, or as a list of parts, and the thoughts between the parts.

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

/// The deepest nesting of parts that is read.
const MAX_DEPTH: u8 = 8;
/// The fields that hold the text of a thought, the best first: Mistral and Anthropic, `OpenRouter` and `OpenAI`,
/// Bedrock, and servers of their own kind.
const THOUGHT_FIELDS: [&str; 9] = [
    "thinking",
    "text",
    "summary",
    "reasoning",
    "reasoning_content",
    "reasoningText",
    "reasoningContent",
    "content",
    "value",
];

/// The `content` of a message: a string, or parts such as `{"type": "text", "text": "…"}`. Parts that are thoughts, such
/// as `{"type": "thinking", "thinking": …}`, are kept apart.
#[derive(Debug, Default)]
pub(in crate::openrouter) struct Content<'a> {
    pub(in crate::openrouter) text: Option<Cow<'a, str>>,
    pub(in crate::openrouter) thoughts: Thoughts<'a>,
}

/// Reasoning: a string, or parts in any of the shapes that servers use.
#[derive(Debug, Default)]
pub(in crate::openrouter) struct Thoughts<'a> {
    text: Option<Cow<'a, str>>,
    /// Whether there are encrypted thoughts, such as `reasoning.encrypted` and `redacted_thinking`.
    pub(in crate::openrouter) encrypted: bool,
}

impl Content<'_> {
    /// Whether it was composed, of parts or of a text with escapes.
    pub(in crate::openrouter) fn is_composed(&self) -> bool {
        matches!(self.text, Some(Cow::Owned(_)))
    }
}

impl Thoughts<'_> {
    /// The text, unless it is missing or empty.
    pub(in crate::openrouter) fn some(&self) -> Option<&str> {
        self.text.as_deref().filter(|text| !text.is_empty())
    }

    /// Whether they were composed, of parts or of a text with escapes.
    pub(in crate::openrouter) fn is_composed(&self) -> bool {
        matches!(self.text, Some(Cow::Owned(_)))
    }

    fn of<'p>(parts: impl Iterator<Item = &'p Value> + Clone) -> Self {
        let encrypted = parts.clone().any(|part| part["data"].as_str().is_some_and(|data| !data.is_empty()));
        Self { text: Some(parts.map(|part| text_of(part, 0)).collect::<String>().into()), encrypted }
    }
}

/// A string, or parts. A part that is nested too deeply is left out.
#[derive(Default)]
enum Parts<'a> {
    #[default]
    None,
    Text(Cow<'a, str>),
    List(Vec<Value>),
}

impl<'de: 'a, 'a> Deserialize<'de> for Parts<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct V<'a>(PhantomData<&'a ()>);
        impl<'de: 'a, 'a> Visitor<'de> for V<'a> {
            type Value = Parts<'a>;
            default_for!(visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64);
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Parts<'a>, E> {
                Ok(Parts::Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Parts<'a>, E> {
                Ok(Parts::Text(Cow::Owned(text.to_owned())))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Parts<'a>, A::Error> {
                let mut parts = Vec::new();
                while let Some(part) = seq.next_element::<&RawValue>()? {
                    parts.extend(serde_json::from_str(part.get()).ok());
                }
                Ok(Parts::List(parts))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Parts<'a>, A::Error> {
                let mut part = serde_json::Map::new();
                while let Some((name, field)) = map.next_entry::<String, &RawValue>()? {
                    part.extend(serde_json::from_str(field.get()).ok().map(|field| (name, field)));
                }
                Ok(Parts::List(vec![Value::Object(part)]))
            }
        }
        from.deserialize_any(V(PhantomData))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Content<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(match Parts::deserialize(from)? {
            Parts::None => Self::default(),
            Parts::Text(text) => Self { text: Some(text), thoughts: Thoughts::default() },
            Parts::List(parts) => {
                let (thoughts, texts): (Vec<&Value>, Vec<&Value>) = parts.iter().partition(|part| is_thought(part));
                let text = texts.into_iter().map(|part| text_of(part, 0)).collect::<String>();
                Self { text: Some(text.into()), thoughts: Thoughts::of(thoughts.into_iter()) }
            }
        })
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Thoughts<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(match Parts::deserialize(from)? {
            Parts::None => Self::default(),
            Parts::Text(text) => Self { text: Some(text), encrypted: false },
            Parts::List(parts) => Thoughts::of(parts.iter()),
        })
    }
}

/// Whether a part of a content is a thought, by its type or by the field that it has.
fn is_thought(part: &Value) -> bool {
    let kind = part["type"].as_str().unwrap_or_default();
    let has = |name: &str| !part[name].is_null();
    ["think", "thought", "reasoning"].iter().any(|word| kind.contains(word))
        || part["thought"] == true
        || (!has("text") && ["thinking", "reasoning", "reasoning_content", "reasoningContent"].into_iter().any(has))
}

/// The text of a part. Images and other parts without text give none.
fn text_of(part: &Value, depth: u8) -> String {
    match part {
        Value::String(text) => text.clone(),
        Value::Array(parts) if depth < MAX_DEPTH => parts.iter().map(|part| text_of(part, depth + 1)).collect(),
        Value::Object(fields) if depth < MAX_DEPTH => THOUGHT_FIELDS
            .iter()
            .filter_map(|name| fields.get(*name))
            .map(|field| text_of(field, depth + 1))
            .find(|text| !text.is_empty())
            .unwrap_or_default(),
        _ => String::new(),
    }
}
