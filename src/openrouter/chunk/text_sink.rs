//! Text on its way to the user: cleaned of control characters and scrubbed of secrets, however it is cut.

use crate::openrouter::surrogates;
use crate::secret::{Scrubber, Secrets};
use crate::text::Cleaner;

/// Cleans a text that comes in pieces, and keeps all of it.
pub(in crate::openrouter) struct TextSink {
    cleaner: Cleaner,
    scrubber: Scrubber,
    text: String,
    /// The first half of a surrogate pair at the end of the last piece.
    high: Option<char>,
}

impl TextSink {
    pub(super) fn new(secrets: &Secrets) -> Self {
        Self { cleaner: Cleaner::new(), scrubber: Scrubber::new(secrets), text: String::new(), high: None }
    }

    /// Adds a piece and returns its clean form; none if nothing of it is left. `halves`: it may hold marked halves of
    /// surrogate pairs.
    pub(super) fn push(&mut self, piece: &str, halves: bool) -> Option<String> {
        let mut out = String::with_capacity(piece.len());
        if self.high.is_some() || halves {
            self.cleaner.push(&surrogates::join(&mut self.high, piece, halves), &mut out);
        } else {
            self.cleaner.push(piece, &mut out);
        }
        if !self.scrubber.is_idle() {
            let clean = std::mem::take(&mut out);
            self.scrubber.push(&clean, &mut out);
        }
        self.text.push_str(&out);
        (!out.is_empty()).then_some(out)
    }

    /// Ends the text: half a character at its end has lost its other half, and what may have become a secret has not.
    pub(in crate::openrouter) fn end(&mut self) -> Option<String> {
        let mut last = self.high.take().and_then(|_| self.push("\u{fffd}", false)).unwrap_or_default();
        let before = last.len();
        self.scrubber.finish(&mut last);
        self.text.push_str(&last[before..]);
        (!last.is_empty()).then_some(last)
    }

    /// The clean text so far.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Moves the clean text out.
    pub(in crate::openrouter) fn take(&mut self) -> String {
        std::mem::take(&mut self.text)
    }
}
