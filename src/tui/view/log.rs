//! The pane of the failover log.

use super::chrome::{draw_rows, frame, hidden};
use super::timeline;
use crate::text::counted;
use crate::transcript::seconds;
use crate::tui::layout::Pane;
use crate::tui::state::app::App;
use crate::tui::theme::StyleRole;
use crate::tui::wrap::{RowPrefix, clip, wrap};
use ratatui::Frame;
use ratatui::text::Line;

pub(super) fn draw(app: &App, now: std::time::Duration, f: &mut Frame<'_>) {
    if app.screen.layout.log.is_empty() {
        return;
    }
    let theme = app.theme();
    let room = app.text_area(Pane::Log);
    let Some(run) = &app.runs.shown else {
        frame(app, f, Pane::Log, "failover log", "");
        let hint = "Each attempt: model, headers sent, result, and why the next one was tried. F4 breaks a model.";
        let rows = wrap(&[(hint, theme.style(StyleRole::Dim))], usize::from(room.width), &RowPrefix::default());
        draw_rows(f, room, &rows);
        return;
    };
    let attempts = counted(run.transcript.attempts.len(), "attempt");
    let note = format!("{attempts} · {}", seconds(run.clock(now)));
    if app.log.timeline {
        frame(app, f, Pane::Log, "timeline", &note);
        timeline::draw(app, run, now, f);
        return;
    }
    let pinned = app.log.pinned.as_ref();
    let awaited = run.transcript.awaited(run.clock(now));
    let (rows, above, below) = app.log.visible(usize::from(room.height).saturating_sub(usize::from(pinned.is_some())));
    let note = [hidden(above, below), note].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("  ");
    frame(app, f, Pane::Log, "failover log", &note);
    let selected = (app.screen.focus == Pane::Log && app.overlay.is_none()).then(|| app.log.selected_index());
    for ((entry, row), y) in rows.iter().zip(room.y..room.bottom()) {
        f.buffer_mut().set_line(room.x, y, row, room.width);
        if selected == Some(*entry) {
            let line = ratatui::layout::Rect { y, height: 1, ..room };
            f.buffer_mut().set_style(line, theme.style(StyleRole::Selected));
        }
    }
    let last = room.bottom().saturating_sub(1);
    if let Some(row) = pinned {
        f.buffer_mut().set_line(room.x, last, row, room.width);
    }
    if let Some(awaited) = awaited {
        // Below the entries if there is room, or else over the last row.
        let y = (room.y + rows.len() as u16).min(last);
        let cells = usize::from(room.width);
        let text = format!("{:cells$}", clip(&format!("◷ {awaited}"), cells));
        f.buffer_mut().set_line(room.x, y, &Line::styled(text, theme.style(StyleRole::Warn)), room.width);
    }
}
