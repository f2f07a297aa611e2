//! Moves in the lists and popups of overlays.

use crate::tui::keymap::Action;
use crate::tui::state::overlay::text_popup::TextPopup;

/// Lines by which a page key moves in a list.
const PAGE: usize = 10;

/// The index of the selected line after an action, in a list of `lines` lines.
pub(in crate::tui::update) fn moved(selected: usize, lines: usize, action: Option<Action>) -> usize {
    let rows = if let Some(Action::Move(to)) = action { to.rows(PAGE) } else { 0 };
    selected.saturating_add_signed(rows).min(lines.saturating_sub(1))
}

/// Scrolls a popup that shows `shown` rows.
pub(in crate::tui::update) fn scroll_popup(popup: &mut TextPopup, action: Option<Action>, shown: usize) {
    let rows = if let Some(Action::Move(to)) = action { to.rows(shown) } else { 0 };
    popup.move_by(rows, shown);
}
