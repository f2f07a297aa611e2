//! Secrets: the API key and the values of secret headers. Knows how to mask a secret and how to remove it
//! from text; must not know where it is sent.
//!
//! [`Secret`] has no `Debug` and no `Display`, so it cannot be printed by accident:
//!
//! ```compile_fail
//! println!("{:?}", switchover::secret::Secret::new("sk-or-v1-0123456789"));
//! ```

mod encode;
mod pattern;
mod stream;

pub use encode::ESCAPED_IN_URLS;
pub use stream::Scrubber;

use pattern::Pattern;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::sync::Arc;
use zeroize::Zeroizing;

/// The text that replaces a piece of a secret.
pub const MASK: &str = "***";

/// A secret text. It is wiped from memory when its last clone is dropped.
#[derive(Clone)]
pub struct Secret(Arc<SecretBytes>);

struct SecretBytes {
    text: Zeroizing<String>,
    pattern: Pattern,
}

impl Secret {
    /// A secret as it was typed or read. White space at its ends is removed.
    pub fn new(text: impl Into<String>) -> Self {
        let raw = Zeroizing::new(text.into());
        let text = Zeroizing::new(raw.trim().to_owned());
        let pattern = Pattern::new(&text);
        Self(Arc::new(SecretBytes { text, pattern }))
    }

    /// The secret itself, for the header that carries it and nothing else.
    pub fn expose(&self) -> &str {
        &self.0.text
    }

    /// True when the secret has no characters.
    pub fn is_empty(&self) -> bool {
        self.0.text.is_empty()
    }

    /// The mask to show: the last four characters of a long secret, [`MASK`] for one of up to 15 characters.
    pub fn masked(&self) -> String {
        masked(&self.0.text)
    }

    /// The text without the secret and without any 8 or more of its characters in a row,
    /// plain, in base64, percent-encoded or escaped for JSON.
    pub fn scrub<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.0.pattern.scrub(text)
    }

    fn pattern(&self) -> &Pattern {
        &self.0.pattern
    }
}

/// The mask of a text: the last four characters of a long one, [`MASK`] for a short one. A mask stays as it is.
pub fn masked(secret: &str) -> String {
    let secret = secret.trim();
    let chars = secret.chars();
    match chars.clone().count() {
        5 if secret.starts_with('…') => secret.to_owned(),
        0..16 => MASK.to_owned(),
        count => format!("…{}", chars.skip(count - 4).collect::<String>()),
    }
}

/// The secrets that one request carries. They are removed from every text that comes back.
#[derive(Clone, Default)]
pub struct Secrets(Arc<[Secret]>);

impl Secrets {
    /// The secrets to look for. Those of up to three characters are never found.
    pub fn new(secrets: impl IntoIterator<Item = Secret>) -> Self {
        Self(secrets.into_iter().filter(|secret| !secret.pattern().is_empty()).collect())
    }

    /// The text without any of the secrets, as [`Secret::scrub`] removes one.
    pub fn scrub<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut clean = Cow::Borrowed(text);
        for secret in self.0.iter() {
            if let Cow::Owned(scrubbed) = secret.scrub(&clean) {
                clean = Cow::Owned(scrubbed);
            }
        }
        clean
    }

    /// Scrubs every string in a JSON value, the names of fields included.
    pub fn scrub_value(&self, value: &mut Value) {
        if self.0.is_empty() {
            return;
        }
        match value {
            Value::String(text) => {
                if let Cow::Owned(clean) = self.scrub(text) {
                    *text = clean;
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.scrub_value(item)),
            Value::Object(map) => {
                map.values_mut().for_each(|item| self.scrub_value(item));
                if map.keys().any(|name| matches!(self.scrub(name), Cow::Owned(_))) {
                    let fields = std::mem::take(map).into_iter();
                    *map = fields.map(|(name, item)| (self.scrub(&name).into_owned(), item)).collect();
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Whether a JSON value holds any of the secrets, in a string or in the name of a field.
    pub fn are_in(&self, value: &Value) -> bool {
        match value {
            Value::String(text) => self.are_in_text(text),
            Value::Array(items) => items.iter().any(|item| self.are_in(item)),
            Value::Object(map) => self.are_in_fields(map),
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
        }
    }

    /// Whether the fields of a JSON object hold any of them.
    pub fn are_in_fields(&self, fields: &Map<String, Value>) -> bool {
        fields.iter().any(|(name, value)| self.are_in_text(name) || self.are_in(value))
    }

    fn are_in_text(&self, text: &str) -> bool {
        matches!(self.scrub(text), Cow::Owned(_))
    }

    /// The secrets, one by one.
    pub fn iter(&self) -> impl Iterator<Item = &Secret> {
        self.0.iter()
    }
}

impl From<Secret> for Secrets {
    fn from(secret: Secret) -> Self {
        Self::new([secret])
    }
}

#[cfg(test)]
mod tests;
