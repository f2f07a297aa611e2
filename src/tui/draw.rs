//! A frame out of the state. Takes the state by shared reference: drawing cannot write.

use super::app::App;
use super::layout::{Layout, Pane, SMALLEST, Shape};
use super::pane::{answer, log, prompt, signatures};
use super::theme::Role;
use super::wrap::{clip, width};
use super::{banner, overlay, status, tour};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Widget};
use std::ops::Range;
use std::time::Duration;

/// Draws everything.
pub fn draw(app: &App, now: Duration, f: &mut Frame<'_>) {
    let layout = app.layout;
    if layout.shape == Shape::Tiny || layout.body.intersection(f.area()) != layout.body {
        return too_small(app, f);
    }
    status::top(app, f);
    tabs(app, &layout, f);
    banner::draw(app, f);
    answer::draw(app, f);
    log::draw(app, now, f);
    prompt::draw(app, f);
    signatures::draw(app, f);
    status::line(app, now, f);
    status::hints(app, f);
    overlay::draw(app, now, f);
    tour::draw(app, f);
}

fn too_small(app: &App, f: &mut Frame<'_>) {
    let area = f.area();
    let (w, h) = SMALLEST;
    let text =
        format!("Switchover needs {w}×{h} cells; this is {}×{}. Make the window larger.", area.width, area.height);
    let rows = super::wrap::plain(&text, app.colours().style(Role::Text), usize::from(area.width));
    for (row, y) in rows.iter().zip(area.y..area.bottom()) {
        f.buffer_mut().set_line(area.x, y, row, area.width);
    }
}

/// A pane's border: bright where the keys go, with its title and a note at the right.
pub fn frame(app: &App, f: &mut Frame<'_>, pane: Pane, title: &str, note: &str) {
    let area = app.layout.pane(pane);
    let theme = app.colours();
    let focused = app.focus == pane && app.overlay.is_none();
    let edge = theme.style(if focused { Role::Focus } else { Role::Border });
    boxed(f, area, edge, focused, (title, theme.style(Role::Title)), (note, theme.style(Role::Dim)));
}

/// A border with a title at the left and a note at the right, both cut to fit.
pub fn boxed(
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

/// Lines of a list that stand in a view of `rows`, the chosen one among them.
pub fn window(chosen: usize, lines: usize, rows: u16) -> Range<usize> {
    let rows = usize::from(rows);
    let top = (chosen + 1 + rows / 3).saturating_sub(rows).min(lines.saturating_sub(rows));
    top..(top + rows).min(lines)
}

fn tabs(app: &App, layout: &Layout, f: &mut Frame<'_>) {
    if layout.tabs.is_empty() {
        return;
    }
    let theme = app.colours();
    let mut spans = Vec::new();
    for (i, pane) in Pane::ALL.iter().enumerate() {
        let style = theme.style(if *pane == app.focus { Role::Selected } else { Role::Dim });
        spans.push(Span::styled(format!(" {} {} ", i + 1, pane.title()), style));
    }
    f.buffer_mut().set_line(layout.tabs.x, layout.tabs.y, &Line::from(spans), layout.tabs.width);
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
