//! How text is set: its width and its colours.

use crate::tui::theme::{StyleRole, Theme};
use ratatui::style::Style;

/// How text is set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TextStyle {
    /// Cells of a row.
    pub width: u16,
    /// Colours.
    pub theme: Theme,
    /// What ordinary text means here.
    pub role: StyleRole,
}

impl TextStyle {
    pub(super) fn style(self, role: StyleRole) -> Style {
        self.theme.style(self.role).patch(self.theme.style(role))
    }

    pub(super) fn text(self) -> Style {
        self.theme.style(self.role)
    }

    pub(super) fn cells(self) -> usize {
        usize::from(self.width.max(1))
    }
}
