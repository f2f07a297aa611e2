//! What is wrong with a typed signature: where, why, and what was probably meant.

use std::fmt::Write;
use std::ops::Range;
use unicode_width::UnicodeWidthStr;

/// A signature that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}{}", suggestion.as_ref().map(|s| format!(" (did you mean `{s}`?)")).unwrap_or_default())]
pub struct SyntaxError {
    /// Bytes of the source that it is about; empty at the place where something is missing.
    pub at: Range<usize>,
    /// What is wrong, one line.
    pub message: String,
    /// What would have been right here.
    pub expected: String,
    /// What to write instead of the bytes at `at`, if there is a good guess.
    pub suggestion: Option<String>,
}

impl SyntaxError {
    pub(super) fn new(at: Range<usize>, message: impl Into<String>, expected: impl Into<String>) -> Self {
        Self { at, message: message.into(), expected: expected.into(), suggestion: None }
    }

    pub(super) fn suggest(mut self, suggestion: Option<impl Into<String>>) -> Self {
        self.suggestion = suggestion.map(Into::into);
        self
    }

    /// The line of `source` with the place underlined and the message under it. Three lines,
    /// each shorter than a terminal's row if the source's line is.
    ///
    /// ```
    /// let source = "question -> answer: strng";
    /// let error = source.parse::<switchover::dspy::Signature>().unwrap_err();
    /// assert_eq!(
    ///     error.caret(source),
    ///     "question -> answer: strng\n                    ^~~~~\nunknown type `strng`; expected a type (did you mean `str`?)"
    /// );
    /// ```
    pub fn caret(&self, source: &str) -> String {
        let start = floor(source, self.at.start);
        let end = floor(source, self.at.end).max(start);
        let from = source[..start].rfind('\n').map_or(0, |i| i + 1);
        let to = source[start..].find('\n').map_or(source.len(), |i| start + i);
        let shown = |text: &str| text.replace(|c: char| c.is_control(), " ");
        let width = shown(&source[start..end.min(to)]).width().max(1);
        let mut out = shown(&source[from..to]);
        let _ = write!(out, "\n{}^{}\n", " ".repeat(shown(&source[from..start]).width()), "~".repeat(width - 1));
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

/// The nearest char boundary at or before `at`.
fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|&i| text.is_char_boundary(i)).unwrap_or(0)
}

/// What of `known` is nearest to `word`: the same but for case, or at most a third of its letters wrong.
pub(super) fn closest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let limit = (word.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|name| (distance(&word, &name.to_lowercase()), name))
        .filter(|&(far, name)| far <= limit && far < name.chars().count())
        .min_by_key(|&(far, _)| far)
        .map(|(_, name)| name)
}

/// Letters to add, drop, change or swap with their neighbour to get from `a` to `b`. Long words are far from all.
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
                let changed = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                let crossed = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
                let swapped = if crossed { rows[i - 2][j - 2] + 1 } else { usize::MAX };
                changed.min(swapped).min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1)
            };
        }
    }
    rows[a.len()][b.len()]
}
