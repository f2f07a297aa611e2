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

/// The name in `known` with the fewest edits from `word`, ignoring case, if at most a third of the letters of `word`
/// (and at least one) have to change.
pub(super) fn closest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let limit = (word.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|name| (distance(&word, &name.to_lowercase()), name))
        .filter(|&(edits, name)| edits <= limit && edits < name.chars().count())
        .min_by_key(|&(edits, _)| edits)
        .map(|(_, name)| name)
}

/// Edits from `a` to `b`: insert, delete, replace, or swap two neighbours (optimal string alignment). Words of more
/// than 40 characters have no near neighbour.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len() > 40 || b.len() > 40 {
        return usize::MAX;
    }
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                let swappable = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
                let swapped = if swappable { rows[i - 2][j - 2] + 1 } else { usize::MAX };
                replaced.min(swapped).min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1)
            };
        }
    }
    rows[a.len()][b.len()]
}
