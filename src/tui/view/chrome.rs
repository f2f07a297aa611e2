//! Frames, lists and other pieces that several panes and overlays are drawn with.

use crate::tui::layout::{Pane, inner};
use crate::tui::state::app::App;
use crate::tui::theme::StyleRole;
use crate::tui::wrap::{clip, width};
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::Line;
use ratatui::widgets::{Block, BorderType, Clear, Widget};
use std::ops::Range;
use tui_textarea::TextArea;

/// A pane's border: bright where the keys go, with its title and a note at the right.
pub(in crate::tui::view) fn frame(app: &App, f: &mut Frame<'_>, pane: Pane, title: &str, note: &str) {
    let area = app.screen.layout.pane(pane);
    let theme = app.theme();
    let focused = app.screen.focus == pane && app.overlay.is_none();
    let edge = theme.style(if focused { StyleRole::Focus } else { StyleRole::Border });
    bordered(f, area, edge, focused, (title, theme.style(StyleRole::Title)), (note, theme.style(StyleRole::Dim)));
}

/// A border with a title at the left and a note at the right, both cut to fit.
pub(in crate::tui::view) fn bordered(
    f: &mut Frame<'_>,
    area: Rect,
    edge: ratatui::style::Style,
    thick: bool,
    (title, title_style): (&str, ratatui::style::Style),
    (note, note_style): (&str, ratatui::style::Style),
) {
    let kind = if thick { BorderType::Thick } else { BorderType::Plain };
    Block::bordered().border_type(kind).border_style(edge).render(area, f.buffer_mut());
    let room = usize::from(area.width.saturating_sub(4));
    let title = clip(title, room);
    let line = Line::styled(format!(" {title} "), title_style);
    f.buffer_mut().set_line(area.x + 1, area.y, &line, area.width.saturating_sub(2));
    let left = room.saturating_sub(width(&title) + 3);
    if !note.is_empty() && width(note) <= left {
        let x = area.right().saturating_sub(width(note) as u16 + 3);
        let line = Line::styled(format!(" {note} "), note_style);
        f.buffer_mut().set_line(x, area.y, &line, area.right().saturating_sub(x + 1));
    }
}

/// Clears a place in the middle, draws its border, and gives the room inside.
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
        theme.style(StyleRole::Focus),
        true,
        (title, theme.style(StyleRole::Title)),
        (note, theme.style(StyleRole::Dim)),
    );
    let inside = inner(area);
    Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside }
}

/// Lines of a list that stand in a view of `rows`, the chosen one among them.
pub(in crate::tui::view) fn window(chosen: usize, lines: usize, rows: u16) -> Range<usize> {
    let rows = usize::from(rows);
    let top = (chosen + 1 + rows / 3).saturating_sub(rows).min(lines.saturating_sub(rows));
    top..(top + rows).min(lines)
}

/// Draws a list as far as it fits, the chosen line among those shown; `line` writes each.
pub(in crate::tui::view) fn list<'a>(
    app: &App,
    f: &mut Frame<'_>,
    room: Rect,
    at: usize,
    lines: usize,
    line: impl Fn(usize) -> Line<'a>,
) {
    for (i, y) in window(at, lines, room.height).zip(room.y..room.bottom()) {
        f.buffer_mut().set_line(room.x, y, &line(i), room.width);
        if i == at {
            f.buffer_mut().set_style(Rect { y, height: 1, ..room }, app.theme().style(StyleRole::Selected));
        }
    }
}

/// Draws what stands at the bottom of a room, so many rows up.
pub(in crate::tui::view) fn footer(app: &App, f: &mut Frame<'_>, room: Rect, up: u16, text: &str) {
    let line = Line::styled(clip(text, room.width.into()), app.theme().style(StyleRole::Dim));
    f.buffer_mut().set_line(room.x, room.bottom().saturating_sub(up), &line, room.width);
}

/// Where the terminal's cursor stands for an editor that was drawn there.
pub(in crate::tui::view) fn cursor(area: &TextArea<'_>, place: Rect) -> Position {
    let at = area.screen_cursor();
    let (top, left) = area.scroll_offset();
    let x = (at.col as u16).saturating_sub(left).min(place.width.saturating_sub(1));
    let y = (at.row as u16).saturating_sub(top).min(place.height.saturating_sub(1));
    Position { x: place.x + x, y: place.y + y }
}

#[cfg(test)]
mod tests {
    use super::window;

    #[test]
    fn the_chosen_line_is_always_in_the_window() {
        for lines in 0..30 {
            for chosen in 0..lines {
                for rows in 1..12 {
                    let window = window(chosen, lines, rows);
                    assert!(
                        window.contains(&chosen) && window.len() <= usize::from(rows),
                        "{chosen} of {lines} in {rows}"
                    );
                }
            }
        }
    }
}
