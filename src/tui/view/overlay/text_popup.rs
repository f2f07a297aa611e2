//! A popup with text.

use crate::tui::state::app::App;
use crate::tui::state::overlay::text_popup::{TextPopup, WIDTH};
use crate::tui::view::chrome::{draw_rows, open};
use ratatui::Frame;

/// Draws the popup in the middle of the screen.
pub(super) fn draw(app: &App, popup: &TextPopup, title: &str, f: &mut Frame<'_>) {
    let wanted = u16::try_from(popup.rows.len()).unwrap_or(u16::MAX).saturating_add(2);
    let height = wanted.min(app.screen.layout.body.height);
    let shown = usize::from(height.saturating_sub(2));
    let note = match popup.rows.len().saturating_sub(popup.top + shown) {
        0 => String::new(),
        below => format!("▼ {below} more"),
    };
    let room = open(app, f, title, &note, WIDTH, height);
    let top = popup.top.min(popup.rows.len().saturating_sub(shown));
    draw_rows(f, room, &popup.rows[top..]);
}
