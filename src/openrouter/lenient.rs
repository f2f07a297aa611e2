//! Leaf types for JSON from other people's servers. A value of the wrong type counts as missing and is never an
//! error: `null`, new fields and new enum members are common here.

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

/// A string, borrowed from the input where it has no escapes.
#[derive(Debug, Default)]
pub(super) struct LenientText<'a>(pub(super) Option<Cow<'a, str>>);

/// An object, or nothing.
#[derive(Debug)]
pub(super) struct LenientObject<T>(pub(super) Option<T>);

/// The objects of an array. Any other value is an empty list.
#[derive(Debug)]
pub(super) struct LenientList<T>(pub(super) Vec<T>);

impl<T> Default for LenientObject<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Default for LenientList<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl LenientText<'_> {
    /// The string, unless it is missing or empty.
    pub(super) fn some(&self) -> Option<&str> {
        self.0.as_deref().filter(|text| !text.is_empty())
    }
}

/// Visits of values that have another type: they give the default.
macro_rules! default_for {
    ($($visit:ident: $type:ty),*) => {
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("any JSON value")
        }
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
        $(fn $visit<E>(self, _: $type) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        })*
    };
}
macro_rules! skip_seq {
    () => {
        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            Ok(Self::Value::default())
        }
    };
}
macro_rules! skip_map {
    () => {
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            Ok(Self::Value::default())
        }
    };
}

mod parts;
pub(super) use parts::{Content, Thoughts};

impl<'de: 'a, 'a> Deserialize<'de> for LenientText<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct V<'a>(PhantomData<&'a ()>);
        impl<'de: 'a, 'a> Visitor<'de> for V<'a> {
            type Value = LenientText<'a>;
            default_for!(visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64);
            skip_seq!();
            skip_map!();
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<LenientText<'a>, E> {
                Ok(LenientText(Some(Cow::Borrowed(text))))
            }
            fn visit_str<E>(self, text: &str) -> Result<LenientText<'a>, E> {
                Ok(LenientText(Some(Cow::Owned(text.to_owned()))))
            }
        }
        from.deserialize_any(V(PhantomData))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for LenientObject<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct V<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for V<T> {
            type Value = LenientObject<T>;
            default_for!(visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64, visit_str: &str);
            skip_seq!();
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<LenientObject<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(|value| LenientObject(Some(value)))
            }
        }
        from.deserialize_any(V(PhantomData))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for LenientList<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct V<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for V<T> {
            type Value = LenientList<T>;
            default_for!(visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64, visit_str: &str);
            skip_map!();
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<LenientList<T>, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element::<LenientObject<T>>()? {
                    items.extend(item.0);
                }
                Ok(LenientList(items))
            }
        }
        from.deserialize_any(V(PhantomData))
    }
}

/// A count, from an integer, a float or a string of either; none if it is negative.
pub(super) fn count(value: &Value) -> Option<u64> {
    number(value).filter(|n| (0.0..1e15).contains(n)).map(|n| n.round() as u64)
}

/// A sum of USD. A negative one, or one of more than a million, is not believed.
pub(super) fn usd(value: &Value) -> Option<f64> {
    number(value).filter(|usd| (0.0..=1e6).contains(usd))
}

/// A number, from a number or a string. One that no count, price or time reaches is not believed.
pub(super) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(n) => n.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
    .filter(|n: &f64| n.abs() < 1e15)
}

/// JSON with `null` for the numbers that Python writes and JSON does not know: `NaN`, `Infinity`, `-Infinity`. `None`
/// if there are none outside of strings.
pub(super) fn without_odd_numbers(json: &str) -> Option<String> {
    const ODD: [&str; 3] = ["-Infinity", "Infinity", "NaN"];
    let (mut out, mut rest) = (String::with_capacity(json.len()), json);
    let mut in_string = false;
    let mut found = false;
    while let Some(at) = rest.find(['"', '\\', 'N', 'I', '-']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let odd = ODD.iter().find(|odd| !in_string && rest.starts_with(**odd));
        let length = match rest.as_bytes()[0] {
            b'\\' => rest.char_indices().nth(2).map_or(rest.len(), |(end, _)| end),
            b'"' => {
                in_string = !in_string;
                1
            }
            _ => odd.map_or(1, |odd| odd.len()),
        };
        out.push_str(if odd.is_some() { "null" } else { &rest[..length] });
        (rest, found) = (&rest[length..], found || odd.is_some());
    }
    out.push_str(rest);
    found.then_some(out)
}

/// A trimmed string, unless it is empty.
pub(super) fn text(value: &Value) -> Option<&str> {
    value.as_str().map(str::trim).filter(|text| !text.is_empty())
}
