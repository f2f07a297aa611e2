//! How text is set: its width and its colours.

use crate::tui::theme::{Role, Theme};
use ratatui::style::Style;

/// How text is set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Look {
    /// Cells of a row.
    pub width: u16,
    /// Colours.
    pub theme: Theme,
    /// What ordinary text means here.
    pub role: Role,
}

impl Look {
    pub(super) fn style(self, role: Role) -> Style {
        self.theme.style(self.role).patch(self.theme.style(role))
    }

    pub(super) fn text(self) -> Style {
        self.theme.style(self.role)
    }

    pub(super) fn cells(self) -> usize {
        usize::from(self.width.max(1))
    }
}
