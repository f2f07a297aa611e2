//! Pieces of signatures that another reader needs: literals, the fields of a side, and the names in a type.

use super::token::{self, Spanned, Token};
use serde_json::Value;

/// The maximum nesting of quoted types.
const MAX_DEPTH: usize = 20;

/// The text of a Python string literal; nothing if it is another literal.
pub(in crate::dspy) fn string_value(literal: &str) -> Option<String> {
    match token::tokens(literal, 0..literal.len()).ok()?.as_slice() {
        [(Token::Text(text), _)] => Some(text.clone()),
        _ => None,
    }
}

/// The value of an unsigned number, if JSON can hold it.
pub(in crate::dspy) fn number_value(word: &str) -> Option<Value> {
    token::value(word)
}

/// A field as it is written: its name, and its type if it has one.
pub(in crate::dspy) type WrittenField = (String, Option<String>);

/// The inputs and outputs of an inline signature in which every field is `name` or `name: type`; types are not checked.
pub(in crate::dspy) fn written_fields(source: &str) -> Option<[Vec<WrittenField>; 2]> {
    let arrow = source.find("->")?;
    let side = |from: usize, to: usize| {
        let tokens = token::tokens(source, from..to).ok()?;
        let mut fields = Vec::new();
        for field in split(&tokens) {
            match field {
                [(Token::Name(name), _)] => fields.push((name.clone(), None)),
                [(Token::Name(name), _), (Token::Sign(":"), _), (_, first), ..] => {
                    let end = field.last().map_or(first.end, |(_, span)| span.end);
                    fields.push((name.clone(), Some(source[first.start..end].to_owned())));
                }
                _ => return None,
            }
        }
        Some(fields)
    };
    Some([side(0, arrow)?, side(arrow + 2, source.len())?])
}

/// The tokens between commas that stand outside of brackets. A last part without tokens is left out.
fn split(tokens: &[Spanned]) -> Vec<&[Spanned]> {
    let (mut parts, mut from, mut open) = (Vec::new(), 0, 0_usize);
    for (at, (token, _)) in tokens.iter().enumerate() {
        match token {
            Token::Sign("[" | "(" | "{") => open += 1,
            Token::Sign("]" | ")" | "}") => open = open.saturating_sub(1),
            Token::Sign(",") if open == 0 => {
                parts.push(&tokens[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.extend((from < tokens.len()).then_some(&tokens[from..]));
    parts
}

/// A type with every dotted name replaced by what `rename` makes of it; the flag says whether brackets follow. Quoted
/// types are opened. Choices of a `Literal` and the notes of an `Annotated` stay.
///
/// # Errors
/// That of `rename`, or why the text is not a type.
pub(in crate::dspy) fn rename_types(
    source: &str,
    rename: &mut dyn FnMut(&str, bool) -> Result<String, String>,
) -> Result<String, String> {
    renamed(source, rename, 0)
}

fn renamed(
    source: &str,
    rename: &mut dyn FnMut(&str, bool) -> Result<String, String>,
    depth: usize,
) -> Result<String, String> {
    if depth > MAX_DEPTH {
        return Err("its quoted types are nested too deep".to_owned());
    }
    let tokens = token::tokens(source, 0..source.len()).map_err(|error| error.message)?;
    let mut out = String::new();
    // For each open bracket, whether it belongs to an `Annotated`.
    let mut open: Vec<bool> = Vec::new();
    let mut at = 0;
    while let Some((token, span)) = tokens.get(at) {
        out.push(' ');
        at += 1;
        match token {
            Token::Name(name) => {
                let mut name = name.clone();
                while let [(Token::Sign("."), _), (Token::Name(part), _), ..] = tokens.get(at..).unwrap_or_default() {
                    name = format!("{name}.{part}");
                    at += 2;
                }
                let opens = matches!(tokens.get(at), Some((Token::Sign("["), _)));
                let new = rename(&name, opens)?;
                out.push_str(&new);
                let last = new.rsplit('.').next().unwrap_or_default();
                if opens && last == "Literal" {
                    let end = closing(&tokens, at);
                    out.push_str(&source[tokens[at].1.start..tokens[end - 1].1.end]);
                    at = end;
                } else if opens {
                    open.push(last == "Annotated");
                    out.push('[');
                    at += 1;
                }
            }
            Token::Text(text) => {
                out.push('(');
                out.push_str(&renamed(text, rename, depth + 1)?);
                out.push(')');
            }
            Token::Sign(",") if open.last() == Some(&true) => {
                out.push_str(", 0");
                while at < tokens.len() && !matches!(tokens[at].0, Token::Sign("]")) {
                    at = if matches!(tokens[at].0, Token::Sign("(" | "[" | "{")) {
                        closing(&tokens, at)
                    } else {
                        at + 1
                    };
                }
            }
            Token::Sign(sign) => {
                match *sign {
                    "(" | "[" | "{" => open.push(false),
                    ")" | "]" | "}" => _ = open.pop(),
                    _ => {}
                }
                out.push_str(sign);
            }
            _ => out.push_str(&source[span.clone()]),
        }
    }
    Ok(out)
}

/// The index behind the bracket that closes the one at `at`, or the number of tokens.
fn closing(tokens: &[Spanned], at: usize) -> usize {
    let mut open = 0;
    for (index, (token, _)) in tokens.iter().enumerate().skip(at) {
        match token {
            Token::Sign("(" | "[" | "{") => open += 1,
            Token::Sign(")" | "]" | "}") => open -= 1,
            _ => {}
        }
        if open == 0 {
            return index + 1;
        }
    }
    tokens.len()
}
