//! Moves in the lists and texts of overlays.

use crate::tui::keymap::Action;
use crate::tui::state::overlay::text_popup::TextPopup;

/// Lines of a page in a list.
const PAGE: usize = 10;

/// The chosen one of `lines` after an action.
pub(in crate::tui::update) fn moved(selected: usize, lines: usize, action: Option<Action>) -> usize {
    let rows = if let Some(Action::Move(to)) = action { to.rows(PAGE) } else { 0 };
    selected.saturating_add_signed(rows).min(lines.saturating_sub(1))
}

/// Moves in a text of which so many rows are shown.
pub(in crate::tui::update) fn scroll_popup(popup: &mut TextPopup, action: Option<Action>, shown: usize) {
    let rows = if let Some(Action::Move(to)) = action { to.rows(shown) } else { 0 };
    popup.move_by(rows, shown);
}
