//! Entities and CDATA. DSPy 3.5 takes text literally; 3.4.1 escapes and decodes it. An answer is decoded only if it is
//! escaped as a whole: it has both `&lt;` and `&amp;`, and no `<` or `&` that is not written so.

use super::super::super::types::FieldType;
use super::tag::{Lexeme, lex_any};
use super::value::has_elements;
use crate::text::clean;
use std::borrow::Cow;

/// Whether an answer with these values is escaped as a whole. In values that may have elements, tags do not count.
pub(super) fn is_escaped<'a>(values: impl Iterator<Item = (&'a FieldType, &'a str)>) -> bool {
    let (mut less, mut and) = (false, false);
    for (field_type, text) in values {
        let nested = has_elements(field_type);
        let mut rest = text;
        while let Some(at) = rest.find(['<', '&']) {
            rest = &rest[at..];
            let length = match (entity(rest), lex_any(rest)) {
                (Some((_, length)), _) => length,
                (None, Lexeme::Tag(tag)) if nested => tag.length,
                _ => return false,
            };
            less |= rest.starts_with("&lt;");
            and |= rest.starts_with("&amp;");
            rest = &rest[length..];
        }
    }
    less && and
}

/// The character of the entity at the start of a text, and its length in bytes.
fn entity(text: &str) -> Option<(char, usize)> {
    let end = text.bytes().take(12).position(|b| b == b';')?;
    let c = match text[..end].strip_prefix('&')? {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" => '"',
        "apos" => '\'',
        name => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix('x') {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            code.ok().and_then(char::from_u32)?
        }
    };
    Some((c, end + 1))
}

/// Decodes entities, then removes characters that a terminal must not get.
pub(super) fn decode(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        let (c, length) = entity(&rest[at..]).unwrap_or(('&', 1));
        out.push(c);
        rest = &rest[at + length..];
    }
    out.push_str(rest);
    Cow::Owned(clean(&out).into_owned())
}

/// The text in `<![CDATA[…]]>`, if that is all there is.
pub(super) fn cdata(text: &str) -> Option<&str> {
    text.strip_prefix("<![CDATA[")?.strip_suffix("]]>").filter(|text| !text.contains("]]>"))
}
