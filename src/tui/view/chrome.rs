//! Borders, lists and footers that several panes and overlays share.

use crate::tui::layout::{Pane, inner};
use crate::tui::state::app::App;
use crate::tui::theme::StyleRole;
use crate::tui::wrap::{TextRow, clip, clip_line, width};
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::Line;
use ratatui::widgets::{Block, BorderType, Clear, Widget};
use std::ops::Range;
use tui_textarea::TextArea;

/// Draws a pane's border with its title at the left and a note at the right. The border of the focused pane is thick.
pub(in crate::tui::view) fn frame(app: &App, f: &mut Frame<'_>, pane: Pane, title: &str, note: &str) {
    let area = app.screen.layout.pane(pane);
    let theme = app.theme();
    let focused = app.screen.focus == pane && app.overlay.is_none();
    let (border, role) =
        if focused { (BorderType::Thick, StyleRole::Focus) } else { (BorderType::Plain, StyleRole::Border) };
    bordered(
        f,
        area,
        (border, theme.style(role)),
        (title, theme.style(StyleRole::Title)),
        (note, theme.style(StyleRole::Dim)),
    );
}

/// How many rows of a text are hidden above and below its pane, for the pane's note.
pub(in crate::tui::view) fn hidden(above: usize, below: usize) -> String {
    match (above, below) {
        (0, 0) => String::new(),
        (above, 0) => format!("▲ {above}"),
        (0, below) => format!("▼ {below}"),
        (above, below) => format!("▲ {above}  ▼ {below}"),
    }
}

/// The part of an area from this row of the screen on.
pub(in crate::tui::view) fn from_row(area: Rect, y: u16) -> Rect {
    Rect { y, height: area.bottom().saturating_sub(y), ..area }
}

/// Draws rows of text from the top of an area on, as many as fit.
pub(in crate::tui::view) fn draw_rows<'a>(f: &mut Frame<'_>, room: Rect, rows: impl IntoIterator<Item = &'a TextRow>) {
    for (row, y) in rows.into_iter().zip(room.y..room.bottom()) {
        f.buffer_mut().set_line(room.x, y, row, room.width);
    }
}

/// Draws a border with a title at the left and a note at the right. The title is shortened to fit; the note loses its
/// last parts.
pub(in crate::tui::view) fn bordered(
    f: &mut Frame<'_>,
    area: Rect,
    (border, border_style): (BorderType, ratatui::style::Style),
    (title, title_style): (&str, ratatui::style::Style),
    (note, note_style): (&str, ratatui::style::Style),
) {
    Block::bordered().border_type(border).border_style(border_style).render(area, f.buffer_mut());
    let room = usize::from(area.width.saturating_sub(4));
    let title = clip(title, room);
    let line = Line::styled(format!(" {title} "), title_style);
    f.buffer_mut().set_line(area.x + 1, area.y, &line, area.width.saturating_sub(2));
    let left = room.saturating_sub(width(&title) + 3);
    let note = fitting(note, left);
    if !note.is_empty() {
        let x = area.right().saturating_sub(width(note) as u16 + 3);
        let line = Line::styled(format!(" {note} "), note_style);
        f.buffer_mut().set_line(x, area.y, &line, area.right().saturating_sub(x + 1));
    }
}

/// The first parts of a note that fit into `cells` cells. Parts are separated by ` · ` or two spaces.
fn fitting(note: &str, cells: usize) -> &str {
    let mut note = note;
    while width(note) > cells {
        let end = [note.rfind(" · "), note.rfind("  ")].into_iter().flatten().max();
        note = end.map_or("", |end| &note[..end]);
    }
    note
}

/// Clears an area in the middle of the screen of at most this size and draws its border. Returns the area inside.
pub(in crate::tui::view) fn open(
    app: &App,
    f: &mut Frame<'_>,
    title: &str,
    note: &str,
    width: u16,
    height: u16,
) -> Rect {
    let area = app.screen.layout.overlay(width, height);
    Clear.render(area, f.buffer_mut());
    let theme = app.theme();
    bordered(
        f,
        area,
        (BorderType::Thick, theme.style(StyleRole::Focus)),
        (title, theme.style(StyleRole::Title)),
        (note, theme.style(StyleRole::Dim)),
    );
    let inside = inner(area);
    Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside }
}

/// The lines of a list that a view of `rows` rows shows. The selected line is among them.
pub(in crate::tui::view) fn window(selected: usize, lines: usize, rows: u16) -> Range<usize> {
    let rows = usize::from(rows);
    let top = (selected + 1 + rows / 3).saturating_sub(rows).min(lines.saturating_sub(rows));
    top..(top + rows).min(lines)
}

/// Draws the lines of a list that fit, among them the selected one. `line` makes the line with the given index.
pub(in crate::tui::view) fn list<'a>(
    app: &App,
    f: &mut Frame<'_>,
    room: Rect,
    selected: usize,
    lines: usize,
    line: impl Fn(usize) -> Line<'a>,
) {
    let window = window(selected, lines, room.height);
    for (i, y) in window.clone().zip(room.y..room.bottom()) {
        let row = Rect { y, height: 1, ..room };
        let left = mark(app, f, row, i, &window, lines);
        f.buffer_mut().set_line(left.x, y, &clip_line(line(i), usize::from(left.width)), left.width);
        if i == selected {
            f.buffer_mut().set_style(row, app.theme().style(StyleRole::Selected));
        }
    }
}

/// Draws at the end of a list's first and last row how many lines are hidden above and below. Returns the rest of the row.
pub(in crate::tui::view) fn mark(
    app: &App,
    f: &mut Frame<'_>,
    row: Rect,
    line: usize,
    window: &Range<usize>,
    lines: usize,
) -> Rect {
    let above = if line == window.start { window.start } else { 0 };
    let below = if line + 1 == window.end { lines.saturating_sub(window.end) } else { 0 };
    let text = hidden(above, below);
    if text.is_empty() {
        return row;
    }
    let cells = (width(&text) as u16 + 1).min(row.width);
    let mark = Line::styled(text, app.theme().style(StyleRole::Dim));
    f.buffer_mut().set_line(row.right() - cells + 1, row.y, &mark, cells - 1);
    Rect { width: row.width - cells, ..row }
}

/// Draws a line of text near the bottom of an area: `up` is 1 for the last row, 2 for the row above it.
pub(in crate::tui::view) fn footer(app: &App, f: &mut Frame<'_>, room: Rect, up: u16, text: &str) {
    let line = Line::styled(clip(text, room.width.into()), app.theme().style(StyleRole::Dim));
    f.buffer_mut().set_line(room.x, room.bottom().saturating_sub(up), &line, room.width);
}

/// The screen position of the cursor of an editor that was drawn in `place`.
pub(in crate::tui::view) fn cursor(area: &TextArea<'_>, place: Rect) -> Position {
    let cursor = area.screen_cursor();
    let (top, left) = area.scroll_offset();
    let x = (cursor.col as u16).saturating_sub(left).min(place.width.saturating_sub(1));
    let y = (cursor.row as u16).saturating_sub(top).min(place.height.saturating_sub(1));
    Position { x: place.x + x, y: place.y + y }
}

#[cfg(test)]
mod tests {
    use super::{fitting, window};

    #[test]
    fn a_note_loses_its_last_parts() {
        let note = "▲ 12  ▼ 3  2 attempts · 2.61 s";
        let parts = [31, 29, 20, 8, 4].map(|cells| fitting(note, cells));
        assert_eq!(parts, [note, "▲ 12  ▼ 3  2 attempts", "▲ 12  ▼ 3", "▲ 12", "▲ 12"]);
        assert_eq!(fitting(note, 3), "");
    }

    #[test]
    fn the_selected_line_is_always_in_the_window() {
        for lines in 0..30 {
            for selected in 0..lines {
                for rows in 1..12 {
                    let window = window(selected, lines, rows);
                    assert!(
                        window.contains(&selected) && window.len() <= usize::from(rows),
                        "{selected} of {lines} in {rows}"
                    );
                }
            }
        }
    }
}
