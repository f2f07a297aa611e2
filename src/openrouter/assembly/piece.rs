//! A value that is read into the one that came before it: no value of its own is made of what is the same in every chunk.

use crate::openrouter::finish::FinishClass;
use crate::openrouter::lenient::LenientText;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserialize as _, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value, json};
use std::fmt;

/// The items of one list, and the choices of one response, at most. A stream cannot make more of them.
pub(super) const MAX_ITEMS: usize = 4096;
/// Deeper values are replaced and not put together.
pub(super) const MAX_DEPTH: usize = 32;
/// Texts that are sent whole, and perhaps again with each chunk.
const WHOLE: [&str; 6] = ["id", "type", "role", "format", "object", "signature"];

/// What comes next in a chunk, put to what came before it.
pub(super) struct Piece<'a> {
    pub(super) before: &'a mut Value,
    pub(super) rule: Rule,
}

/// What becomes of a piece.
#[derive(Clone, Copy)]
pub(super) enum Rule {
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
pub(super) enum Text {
    /// It is joined to what came before.
    Joined,
    /// It takes the place of what came before, unless it is empty.
    Whole,
    /// It is joined, unless it is the same again: some servers repeat a function's whole name with each piece of its
    /// arguments.
    Name,
    /// It is a finish reason: the first that is known counts, and before that the last. Some servers repeat it, and some
    /// write `null` as a word into each chunk before.
    Finish,
}

impl Rule {
    /// The last state counts, but for an empty text.
    const LATEST: Self = Self::Join { depth: MAX_DEPTH, text: Text::Whole };
}

impl Text {
    fn of(name: &str) -> Self {
        match name {
            "name" => Self::Name,
            "finish_reason" | "native_finish_reason" => Self::Finish,
            name if WHOLE.contains(&name) => Self::Whole,
            _ => Self::Joined,
        }
    }
}

impl Piece<'_> {
    fn replace(self, piece: impl Into<Value>) {
        if let Rule::Join { .. } = self.rule {
            *self.before = piece.into();
        }
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
        self.replace(piece);
        Ok(())
    }

    fn visit_i64<E>(self, piece: i64) -> Result<(), E> {
        self.replace(piece);
        Ok(())
    }

    fn visit_u64<E>(self, piece: u64) -> Result<(), E> {
        self.replace(piece);
        Ok(())
    }

    fn visit_f64<E>(self, piece: f64) -> Result<(), E> {
        self.replace(piece);
        Ok(())
    }

    fn visit_str<E>(self, piece: &str) -> Result<(), E> {
        match (self.rule, self.before) {
            (Rule::Join { text: Text::Whole, .. }, Value::String(before)) if piece.is_empty() || before == piece => {}
            (Rule::Join { text: Text::Name, .. }, Value::String(before)) if before == piece => {}
            (Rule::Join { text: Text::Finish, .. }, Value::String(before))
                if piece.is_empty() || FinishClass::of(before) != FinishClass::Unknown => {}
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
pub(super) fn put_together<E: Error>(before: &mut Value, piece: Value, depth: usize) -> Result<(), E> {
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
    if let Some(before) = before.get_mut(name) {
        let rule = Rule::Join { depth: depth + 1, text: Text::of(name) };
        return piece.next_value_seed(Piece { before, rule });
    }
    before.insert(name.to_owned(), piece.next_value()?);
    Ok(())
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
    let mut whole = Map::new();
    if let Some(LenientText(first)) = choice.next_key()? {
        let first = first.unwrap_or_default();
        if first == "index" {
            let index = choice.next_value()?;
            return match choice_at(choices, &index) {
                Some(before) => put_choice_fields(before, choice),
                None => skip(choice),
            };
        }
        whole.insert(first.into_owned(), choice.next_value()?);
    }
    // Where the index does not come first, the choice is read to its end to find it.
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
