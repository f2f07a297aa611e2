//! Text from outside, made safe to show, store and copy. Knows terminals' escape sequences and Unicode's
//! invisible characters; must not know where the text goes.
//!
//! Kept: letters, digits, symbols, spaces, `\n`, `\t`, combining marks (up to twelve in a row), and joiners where
//! scripts and emoji need them. Removed: whole escape sequences with their payload, all other control characters,
//! bidirectional controls, invisible characters and tags. CR and CRLF become `\n`.

mod characters;
mod cleaner;

pub use cleaner::Cleaner;

use serde_json::Value;
use std::borrow::Cow;

/// The clean form of a whole text. A text that is clean is not copied.
pub fn clean(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|b| (0x20..0x7f).contains(&b) || b == b'\n' || b == b'\t') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    Cleaner::new().push(text, &mut out);
    Cow::Owned(out)
}

/// A text as one clean line: white space becomes single spaces, and a text over `cap` characters is cut with an
/// ellipsis.
pub fn clean_line(text: &str, cap: usize) -> String {
    let clean = clean(text);
    let mut line = String::with_capacity(clean.len().min(cap));
    let mut left = cap;
    for (i, word) in clean.split_whitespace().enumerate() {
        if word.len() < left {
            line.push_str(if i > 0 { " " } else { "" });
            line.push_str(word);
            left -= word.chars().count() + usize::from(i > 0);
            continue;
        }
        for c in (i > 0).then_some(' ').into_iter().chain(word.chars()) {
            if left == 0 {
                line.pop();
                line.push('…');
                return line;
            }
            line.push(c);
            left -= 1;
        }
    }
    line
}

/// A value as it was meant: without invisible characters, and without the white space and quotes around it that a file
/// or a tool has left there.
pub fn unwrapped(text: &str) -> Cow<'_, str> {
    const QUOTES: [(char, char); 5] =
        [('"', '"'), ('\'', '\''), ('`', '`'), ('\u{201c}', '\u{201d}'), ('\u{2018}', '\u{2019}')];
    fn inner(text: &str) -> &str {
        let text = text.trim();
        let unquoted = QUOTES.iter().find_map(|(open, close)| text.strip_prefix(*open)?.strip_suffix(*close));
        unquoted.map_or(text, inner)
    }
    match clean(text) {
        Cow::Borrowed(text) => Cow::Borrowed(inner(text)),
        Cow::Owned(text) => Cow::Owned(inner(&text).to_owned()),
    }
}

/// A number with its noun, in the plural unless it is 1: `1 attempt`, `3 attempts`.
pub fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// A JSON value as text: a string without quotes, anything else as JSON.
pub fn value_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Cleans every string in a JSON value, the names of fields included. JSON may hold an escape character as `\u001b`.
pub fn clean_value(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(clean(&text).into_owned()),
        Value::Array(items) => items.into_iter().map(clean_value).collect(),
        Value::Object(map) => map.into_iter().map(|(k, v)| (clean(&k).into_owned(), clean_value(v))).collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests;
