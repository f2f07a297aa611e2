//! Splits an inline signature into Python tokens.

use super::super::syntax::SyntaxError;
use std::ops::Range;
use unicode_width::UnicodeWidthChar;

/// A Python token, as far as a signature can contain it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// An identifier or a keyword.
    Name(String),
    /// An unsigned number, as written in the source.
    Number(String),
    /// The value of a string literal, without quotes and with escapes resolved.
    Text(String),
    /// A string literal with the prefix `b` or `f`, which no type can use.
    PrefixedText(char),
    /// An operator or a bracket.
    Sign(&'static str),
    /// A character that is not part of any Python token.
    Unknown(char),
}

/// A token and its bytes in the source.
pub(super) type Spanned = (Token, Range<usize>);

/// Operators and brackets. Longer ones stand before their prefixes.
const SIGNS: [&str; 37] = [
    "...", "**", "//", "<<", ">>", "==", "!=", "<=", ">=", ":=", "->", ",", ":", "=", "*", "/", "|", "[", "]", "(",
    ")", "{", "}", ".", "+", "-", "%", "@", "&", "^", "~", "<", ">", ";", "!", "?", "$",
];

/// Splits `source[range]` into tokens, without white space and comments. Spans are positions in `source`.
///
/// # Errors
/// A string without its closing quote, a comment without a line end, a number followed by letters.
pub(super) fn tokens(source: &str, range: Range<usize>) -> Result<Vec<Spanned>, SyntaxError> {
    let mut out = Vec::new();
    let mut at = range.start;
    while let Some(c) = source[at..range.end].chars().next() {
        let rest = &source[at..range.end];
        let (token, length) = if matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0c') {
            at += 1;
            continue;
        } else if rest.starts_with("\\\n") || rest.starts_with("\\\r\n") {
            at += rest.find('\n').map_or(1, |i| i + 1);
            continue;
        } else if c == '#' {
            // A comment ends with its line. Without a line end it would hide the rest of the signature.
            let Some(end) = rest.find('\n') else {
                return Err(SyntaxError::new(
                    at..range.end,
                    "this comment hides the rest of the signature",
                    "no `#`: descriptions of fields belong in the library",
                ));
            };
            at += end + 1;
            continue;
        } else if starts_name(c) {
            let end = rest.find(|c| !continues_name(c)).unwrap_or(rest.len());
            match rest[end..].chars().next() {
                Some('"' | '\'') if is_prefix(&rest[..end]) => text(rest, end, at)?,
                _ => (Token::Name(rest[..end].to_owned()), end),
            }
        } else if c == '"' || c == '\'' {
            text(rest, 0, at)?
        } else if c.is_ascii_digit() || (c == '.' && rest[1..].starts_with(|c: char| c.is_ascii_digit())) {
            number(rest, at)?
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            (Token::Sign(sign), sign.len())
        } else {
            (Token::Unknown(c), c.len_utf8())
        };
        out.push((token, at..at + length));
        at += length;
    }
    Ok(out)
}

/// Whether an identifier may start with this character.
pub(super) fn starts_name(c: char) -> bool {
    c == '_' || c.is_alphabetic()
}

/// Whether an identifier may contain this character after the first: letters, digits of any script, combining marks;
/// not superscripts, subscripts, fractions, circled numbers or invisible characters.
pub(super) fn continues_name(c: char) -> bool {
    let other_number = matches!(c, '²' | '³' | '¹' | '¼'..='¾' | '\u{2070}'..='\u{209c}' | '\u{2150}'..='\u{215f}' | '\u{2460}'..='\u{249b}' | '\u{24ea}'..='\u{24ff}' | '\u{2776}'..='\u{2793}');
    let invisible = matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202f}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    starts_name(c)
        || c == '·'
        || (c.is_numeric() && !other_number)
        || (!c.is_ascii() && !c.is_control() && !invisible && c.width() == Some(0))
}

fn is_prefix(word: &str) -> bool {
    matches!(word.to_ascii_lowercase().as_str(), "r" | "u" | "b" | "f" | "rb" | "br" | "rf" | "fr")
}

/// Reads a string literal at the start of `rest`, with a prefix of this length. Returns its length in bytes.
fn text(rest: &str, prefix: usize, at: usize) -> Result<(Token, usize), SyntaxError> {
    let marks = rest[..prefix].to_ascii_lowercase();
    let body = &rest[prefix..];
    let one = &body[..1];
    let quote = if body.starts_with(&one.repeat(3)) { one.repeat(3) } else { one.to_owned() };
    let raw = marks.contains('r');
    let mut value = String::new();
    let mut i = quote.len();
    loop {
        let Some(c) = body[i..].chars().next().filter(|&c| c != '\n' || quote.len() == 3) else {
            let end = at + prefix + i;
            return Err(SyntaxError::new(
                at..end.max(at + 1),
                "this string is not closed",
                format!("a closing {quote}"),
            ));
        };
        if body[i..].starts_with(&quote) {
            i += quote.len();
            break;
        }
        i += c.len_utf8();
        if c != '\\' {
            value.push(c);
            continue;
        }
        let Some(next) = body[i..].chars().next() else { continue };
        if raw {
            value.push('\\');
            value.push(next);
            i += next.len_utf8();
        } else {
            i += escape(&body[i..], next, &mut value);
        }
    }
    let prefix_letter = marks.chars().find(|c| matches!(c, 'b' | 'f'));
    Ok((prefix_letter.map_or(Token::Text(value), Token::PrefixedText), prefix + i))
}

/// Appends the character that an escape sequence means and returns its length in bytes. `rest` and `next` begin after
/// the backslash. An unknown escape stays as it is, as in Python.
fn escape(rest: &str, next: char, value: &mut String) -> usize {
    let hex = |digits: usize| {
        let code = rest.get(1..=digits).and_then(|d| u32::from_str_radix(d, 16).ok());
        code.and_then(char::from_u32).map(|c| (c, digits + 1))
    };
    let known = match next {
        '\n' => return 1,
        '\\' | '\'' | '"' => Some((next, 1)),
        'n' => Some(('\n', 1)),
        't' => Some(('\t', 1)),
        'r' => Some(('\r', 1)),
        'a' => Some(('\x07', 1)),
        'b' => Some(('\x08', 1)),
        'f' => Some(('\x0c', 1)),
        'v' => Some(('\x0b', 1)),
        '0'..='7' => {
            let digits = rest.bytes().take(3).take_while(|b| (b'0'..=b'7').contains(b)).count();
            u32::from_str_radix(&rest[..digits], 8).ok().and_then(char::from_u32).map(|c| (c, digits))
        }
        'x' => hex(2),
        'u' => hex(4),
        'U' => hex(8),
        _ => None,
    };
    let (c, length) = known.unwrap_or(('\\', 0));
    value.push(c);
    length
}

/// Reads a number at the start of `rest`: decimal, hexadecimal, octal or binary, with underscores, fraction and
/// exponent. Returns its length in bytes.
fn number(rest: &str, at: usize) -> Result<(Token, usize), SyntaxError> {
    let mut end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.')).unwrap_or(rest.len());
    if rest[..end].ends_with(['e', 'E']) && !rest.starts_with("0x") && rest[end..].starts_with(['+', '-']) {
        end += 1;
        end += rest[end..].find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len() - end);
    }
    let word = &rest[..end];
    if value(word).is_some() {
        return Ok((Token::Number(word.to_owned()), end));
    }
    let digits = word.find(|c: char| !c.is_ascii_digit()).unwrap_or(0);
    let error = SyntaxError::new(at..at + end, format!("`{word}` is not a name and not a number"), "a name");
    let name = word[digits..].trim_start_matches(['.', '_']);
    Err(error.suggest((!name.is_empty()).then(|| format!("{name}{}", &word[..digits]))))
}

/// The value of a number, if JSON can hold it: an integer below 2^64 or a finite float.
pub(super) fn value(word: &str) -> Option<serde_json::Value> {
    if word.starts_with('_') || word.ends_with('_') || word.contains("__") {
        return None;
    }
    let plain = word.replace('_', "").to_ascii_lowercase();
    let radix = |digits: &str, radix| i64::from_str_radix(digits, radix).ok().map(Into::into);
    match plain.get(..2) {
        Some("0x") => radix(&plain[2..], 16),
        Some("0o") => radix(&plain[2..], 8),
        Some("0b") => radix(&plain[2..], 2),
        _ if plain.bytes().all(|b| b.is_ascii_digit()) => {
            // Python rejects leading zeros, except in zero itself.
            let padded = plain.len() > 1 && plain.starts_with('0') && plain.bytes().any(|b| b != b'0');
            if padded { None } else { plain.parse::<u64>().ok().map(Into::into) }
        }
        _ if plain.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'+' | b'-')) => {
            plain.parse::<f64>().ok().and_then(serde_json::Number::from_f64).map(Into::into)
        }
        _ => None,
    }
}
