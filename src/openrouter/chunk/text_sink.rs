//! Text on its way to the user: cleaned of control characters and scrubbed of secrets, however it is cut.

use crate::secret::{Scrubber, Secrets};
use crate::text::Cleaner;

/// Cleans a text that comes in pieces, and keeps all of it.
pub(in crate::openrouter) struct TextSink {
    cleaner: Cleaner,
    scrubber: Scrubber,
    text: String,
}

impl TextSink {
    pub(super) fn new(secrets: &Secrets) -> Self {
        Self { cleaner: Cleaner::new(), scrubber: Scrubber::new(secrets), text: String::new() }
    }

    /// Adds a piece and returns its clean form; none if nothing of it is left.
    pub(super) fn push(&mut self, piece: &str) -> Option<String> {
        let mut out = String::with_capacity(piece.len());
        self.cleaner.push(piece, &mut out);
        if !self.scrubber.is_idle() {
            let clean = std::mem::take(&mut out);
            self.scrubber.push(&clean, &mut out);
        }
        self.text.push_str(&out);
        (!out.is_empty()).then_some(out)
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
