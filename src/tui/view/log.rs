//! The pane of the failover log.

use super::chrome::frame;
use super::timeline;
use crate::transcript::{counted, seconds};
use crate::tui::layout::Pane;
use crate::tui::state::app::App;
use crate::tui::theme::StyleRole;
use crate::tui::wrap::{RowPrefix, wrap};
use ratatui::Frame;

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
        for (row, y) in rows.iter().zip(room.y..room.bottom()) {
            f.buffer_mut().set_line(room.x, y, row, room.width);
        }
        return;
    };
    let attempts = counted(run.transcript.attempts.len(), "attempt");
    let note = format!("{attempts} · {}", seconds(run.clock(now)));
    if app.log.timeline {
        frame(app, f, Pane::Log, "timeline", &note);
        timeline::draw(app, run, now, f);
        return;
    }
    frame(app, f, Pane::Log, "failover log", &note);
    let selected = (app.screen.focus == Pane::Log && app.overlay.is_none()).then(|| app.log.selected_index());
    for ((entry, row), y) in app.log.visible(usize::from(room.height)).iter().zip(room.y..room.bottom()) {
        f.buffer_mut().set_line(room.x, y, row, room.width);
        if selected == Some(*entry) {
            let line = ratatui::layout::Rect { y, height: 1, ..room };
            f.buffer_mut().set_style(line, theme.style(StyleRole::Selected));
        }
    }
}
