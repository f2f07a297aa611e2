//! Errors in an inline signature: where, what was expected, and a suggestion.

use std::fmt::Write;
use std::ops::Range;
use unicode_width::UnicodeWidthStr;

/// An inline signature that cannot be parsed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}{}", suggestion.as_ref().map(|s| format!(" (did you mean `{s}`?)")).unwrap_or_default())]
pub struct SyntaxError {
    /// The bytes of the source that are wrong; an empty range where something is missing.
    pub span: Range<usize>,
    /// What is wrong, one line without a full stop.
    pub message: String,
    /// What would be right at this place; may be empty.
    pub expected: String,
    /// The text to put in place of `span`, if there is a good guess.
    pub suggestion: Option<String>,
}

impl SyntaxError {
    pub(super) fn new(span: Range<usize>, message: impl Into<String>, expected: impl Into<String>) -> Self {
        Self { span, message: message.into(), expected: expected.into(), suggestion: None }
    }

    pub(super) fn suggest(mut self, suggestion: Option<impl Into<String>>) -> Self {
        self.suggestion = suggestion.map(Into::into);
        self
    }

    /// Three lines: the line of `source` that is wrong, a caret with the wrong bytes underlined, and the message.
    /// `source` is the text that was parsed. Control characters become spaces.
    ///
    /// ```
    /// let source = "question -> answer: strng";
    /// let error = source.parse::<switchover::dspy::Signature>().unwrap_err();
    /// assert_eq!(
    ///     error.annotate(source),
    ///     "question -> answer: strng\n                    ^~~~~\nunknown type `strng`; expected a type (did you mean `str`?)"
    /// );
    /// ```
    pub fn annotate(&self, source: &str) -> String {
        let start = floor(source, self.span.start);
        let end = floor(source, self.span.end).max(start);
        let line_start = source[..start].rfind('\n').map_or(0, |i| i + 1);
        let line_end = source[start..].find('\n').map_or(source.len(), |i| start + i);
        let printable = |text: &str| text.replace(|c: char| c.is_control(), " ");
        let width = printable(&source[start..end.min(line_end)]).width().max(1);
        let mut out = printable(&source[line_start..line_end]);
        let _ =
            write!(out, "\n{}^{}\n", " ".repeat(printable(&source[line_start..start]).width()), "~".repeat(width - 1));
        out += &self.message;
        if !self.expected.is_empty() {
            let _ = write!(out, "; expected {}", self.expected);
        }
        if let Some(suggestion) = &self.suggestion {
            let _ = write!(out, " (did you mean `{suggestion}`?)");
        }
        out
    }
}

/// The last character boundary at or before `at`, in bytes.
fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|&i| text.is_char_boundary(i)).unwrap_or(0)
}
