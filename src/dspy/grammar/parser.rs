//! Reads the tokens of a field: its name, its annotation, its default. What an error says is decided here too.

use super::names;
use super::token::{Spanned, Token};
use crate::dspy::syntax::SyntaxError;
use crate::dspy::types::{FieldType, TypeScope};
use std::ops::Range;

/// Names that `dspy.Signature` uses for its own attributes.
const RESERVED: [&str; 11] = [
    "fields",
    "instructions",
    "signature",
    "input_fields",
    "output_fields",
    "model_config",
    "model_dump",
    "model_dump_json",
    "model_validate",
    "model_validate_json",
    "model_validate_strings",
];

/// Words that are never names in Python.
pub(super) const KEYWORDS: [&str; 35] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del",
    "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal",
    "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
];

/// A parser over the tokens of one side, or of one type.
pub(super) struct FieldParser<'a> {
    pub(super) source: &'a str,
    /// The byte position at which the side ends.
    pub(super) end: usize,
    pub(super) tokens: &'a [Spanned],
    /// The index of the next token.
    pub(super) next: usize,
    /// Whether names as DSPy prints them are accepted too (`datetime`, `Ellipsis`).
    pub(super) printed: bool,
    /// The types that are known by name besides Python's and DSPy's. They come first.
    pub(super) scope: &'a TypeScope,
}

impl FieldParser<'_> {
    pub(super) fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next).map(|(token, _)| token)
    }

    /// The bytes of the next token, or an empty range after the last one.
    pub(super) fn span(&self) -> Range<usize> {
        self.tokens.get(self.next).map_or_else(
            || {
                let end = self.tokens.last().map_or(self.end, |(_, span)| span.end);
                end..end
            },
            |(_, span)| span.clone(),
        )
    }

    pub(super) fn next_is(&self, sign: &str) -> bool {
        matches!(self.peek(), Some(Token::Sign(s)) if *s == sign)
    }

    pub(super) fn accept(&mut self, sign: &str) -> bool {
        let found = self.next_is(sign);
        self.next += usize::from(found);
        found
    }

    pub(super) fn error(&self, message: &str, expected: &str) -> SyntaxError {
        SyntaxError::new(self.span(), message, expected)
    }

    /// The next token in backticks, or `nothing`, for an error message.
    pub(super) fn describe_next(&self) -> String {
        match self.peek() {
            None => "nothing".to_owned(),
            Some(Token::Unknown(c)) if c.is_control() || c.is_whitespace() => format!("U+{:04X}", u32::from(*c)),
            Some(_) => format!("`{}`", &self.source[self.span()]),
        }
    }

    pub(super) fn field_name(&mut self) -> Result<(String, Range<usize>), SyntaxError> {
        let span = self.span();
        let Some(Token::Name(name)) = self.peek() else {
            let mut error = self.error(&format!("{} where a field name should be", self.describe_next()), "a name");
            if let Some(Token::Text(text)) = self.peek() {
                error = error.suggest(is_plain_name(text).then_some(text));
            } else if self.next_is("(") || self.next_is("[") || self.next_is("{") {
                error.expected.push_str(" without brackets");
            }
            return Err(error);
        };
        let name = name.clone();
        self.next += 1;
        if KEYWORDS.contains(&name.as_str()) {
            return Err(SyntaxError::new(span, format!("`{name}` is a Python keyword"), "another name")
                .suggest(Some(format!("{name}_"))));
        }
        if name.starts_with('_') {
            let bare = name.trim_matches('_');
            return Err(SyntaxError::new(
                span,
                format!("`{name}` starts with an underscore"),
                "a name that starts with a letter",
            )
            .suggest(is_plain_name(bare).then_some(bare)));
        }
        if RESERVED.contains(&name.as_str()) {
            return Err(SyntaxError::new(span, format!("`{name}` is reserved by DSPy"), "another name")
                .suggest(Some(format!("{name}_text"))));
        }
        Ok((name, span))
    }

    pub(super) fn annotation(&mut self) -> Result<Option<FieldType>, SyntaxError> {
        if self.accept(":") { self.field_type(0).map(Some) } else { Ok(None) }
    }

    /// Skips `= …` and returns its bytes. The value is not used, so the only check is that operands and operators
    /// alternate and that brackets are balanced.
    pub(super) fn default_value(&mut self) -> Result<Option<Range<usize>>, SyntaxError> {
        let start = self.span().start;
        if !self.accept("=") {
            return Ok(None);
        }
        let first = self.next;
        let (mut closers, mut lambda) = (Vec::new(), false);
        let mut after_operand = false;
        while let Some(token) = self.peek() {
            match token {
                Token::Sign("," | "=") if closers.is_empty() && !lambda => break,
                Token::Sign("(") => closers.push(")"),
                Token::Sign("[") => closers.push("]"),
                Token::Sign("{") => closers.push("}"),
                Token::Sign(close @ (")" | "]" | "}")) if closers.pop() != Some(*close) => {
                    return Err(self.error(&format!("unmatched {}", self.describe_next()), "a field or the end"));
                }
                Token::Sign(":") if closers.is_empty() && !lambda => return Err(self.separator_error()),
                Token::Sign(":") => lambda = false,
                Token::Name(word) if word == "lambda" => lambda = true,
                Token::Sign(";" | "!" | "?" | "$") | Token::Unknown(_) => return Err(self.separator_error()),
                _ => {}
            }
            let is_operand = match token {
                Token::Name(word) => {
                    !KEYWORDS.contains(&word.as_str()) || matches!(word.as_str(), "None" | "True" | "False")
                }
                Token::Number(_) | Token::Text(_) | Token::PrefixedText(_) | Token::Sign(")" | "]" | "}" | "...") => {
                    true
                }
                _ => false,
            };
            let begins_operand = is_operand && !matches!(token, Token::Sign(_));
            let adjacent_strings =
                matches!(token, Token::Text(_)) && matches!(self.tokens[self.next - 1].0, Token::Text(_));
            if after_operand && begins_operand && !adjacent_strings {
                return Err(self.separator_error());
            }
            after_operand = is_operand;
            self.next += 1;
        }
        if self.next == first || !closers.is_empty() || !after_operand {
            return Err(self.error("there is no value after `=`", "a value, or no `=`"));
        }
        Ok(Some(start..self.tokens[self.next - 1].1.end))
    }

    /// The error for a token that stands where a comma or the end should be.
    pub(super) fn separator_error(&self) -> SyntaxError {
        let found = self.describe_next();
        let after = "`,`, `:` and a type, or the end";
        match self.peek() {
            Some(Token::Sign(")")) => self.error("unmatched `)`", after),
            Some(Token::Name(_)) if matches!(self.tokens.get(self.next.wrapping_sub(1)), Some((Token::Name(_), _))) => {
                let error = self.error(&format!("there is no comma before {found}"), after);
                let word = &self.source[self.span()];
                let is_type = names::SUGGESTED.contains(&word);
                error.suggest(Some(if is_type { format!(": {word}") } else { format!(", {word}") }))
            }
            Some(Token::Sign("-")) => {
                self.error("a name cannot contain `-`", "letters, digits and `_`").suggest(Some("_"))
            }
            Some(Token::Sign(".")) => {
                self.error("a name cannot contain `.`", "letters, digits and `_`").suggest(Some("_"))
            }
            Some(Token::Sign(";")) => self.error("unexpected `;`", after).suggest(Some(",")),
            _ => self.error(&format!("unexpected {found}"), after),
        }
    }
}

fn is_plain_name(text: &str) -> bool {
    text.starts_with(char::is_alphabetic)
        && text.chars().all(|c| c == '_' || c.is_alphanumeric())
        && !KEYWORDS.contains(&text)
}
