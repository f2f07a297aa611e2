//! Python's tokens, as far as a signature can hold them.

use super::super::syntax::SyntaxError;
use std::ops::Range;
use unicode_width::UnicodeWidthChar;

/// One token.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// An identifier or a keyword.
    Name(String),
    /// An unsigned number as it is written.
    Number(String),
    /// A string's value.
    Text(String),
    /// `b'…'` or `f'…'`: a string that no type can use.
    OddText(char),
    /// Everything else, one operator each.
    Sign(&'static str),
    /// A character that Python has no use for.
    Stray(char),
}

/// A token and the bytes it was read from.
pub(super) type Spanned = (Token, Range<usize>);

/// Longest first.
const SIGNS: [&str; 37] = [
    "...", "**", "//", "<<", ">>", "==", "!=", "<=", ">=", ":=", "->", ",", ":", "=", "*", "/", "|", "[", "]", "(",
    ")", "{", "}", ".", "+", "-", "%", "@", "&", "^", "~", "<", ">", ";", "!", "?", "$",
];

/// The tokens of `source[range]`, white space and comments dropped.
///
/// # Errors
/// A string without an end, a comment that swallows the rest, a number that runs into letters.
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
            // Python reads a comment to the line's end; without one it would swallow the rest of the signature.
            let Some(end) = rest.find('\n') else {
                return Err(SyntaxError::new(
                    at..range.end,
                    "a comment hides the rest of the line",
                    "no `#` here: descriptions belong to the library, not to the inline signature",
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
            (Token::Stray(c), c.len_utf8())
        };
        out.push((token, at..at + length));
        at += length;
    }
    Ok(out)
}

/// Whether an identifier may begin with it.
pub(super) fn starts_name(c: char) -> bool {
    c == '_' || c.is_alphabetic()
}

/// Whether an identifier may go on with it: letters, digits of any script, combining marks; no super- or
/// subscripts, fractions, circled numbers or invisible characters.
fn continues_name(c: char) -> bool {
    let odd_number = matches!(c, '²' | '³' | '¹' | '¼'..='¾' | '\u{2070}'..='\u{209c}' | '\u{2150}'..='\u{215f}' | '\u{2460}'..='\u{249b}' | '\u{24ea}'..='\u{24ff}' | '\u{2776}'..='\u{2793}');
    let invisible = matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202f}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    starts_name(c)
        || c == '·'
        || (c.is_numeric() && !odd_number)
        || (!c.is_ascii() && !c.is_control() && !invisible && c.width() == Some(0))
}

fn is_prefix(word: &str) -> bool {
    matches!(word.to_ascii_lowercase().as_str(), "r" | "u" | "b" | "f" | "rb" | "br" | "rf" | "fr")
}

/// A string literal whose quote is at `rest[prefix]`.
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
                "a string without its closing quote",
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
    let odd = marks.chars().find(|c| matches!(c, 'b' | 'f'));
    Ok((odd.map_or(Token::Text(value), Token::OddText), prefix + i))
}

/// Reads what follows a backslash and returns its length in bytes. An unknown escape stays as it is, as in Python.
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

/// A number: decimal, hexadecimal, octal, binary, with underscores, fraction and exponent.
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
    let error = SyntaxError::new(at..at + end, format!("`{word}` is neither a name nor a number"), "a name");
    let name = word[digits..].trim_start_matches(['.', '_']);
    Err(error.suggest((!name.is_empty()).then(|| format!("{name}{}", &word[..digits]))))
}

/// A number's value, if it is one that JSON can hold.
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
            // Python bars leading zeros, but for zero itself.
            let padded = plain.len() > 1 && plain.starts_with('0') && plain.bytes().any(|b| b != b'0');
            if padded { None } else { plain.parse::<u64>().ok().map(Into::into) }
        }
        _ if plain.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'+' | b'-')) => {
            plain.parse::<f64>().ok().and_then(serde_json::Number::from_f64).map(Into::into)
        }
        _ => None,
    }
}
