//! Width and colours of rendered text.

use crate::tui::theme::{StyleRole, Theme};
use ratatui::style::Style;

/// Width and colours of rendered text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TextStyle {
    /// Width of a row in cells.
    pub width: u16,
    /// The theme of all colours.
    pub theme: Theme,
    /// The role of text without a role of its own.
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
