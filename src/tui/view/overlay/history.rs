//! The list of earlier runs, the latest first.

use crate::failover::Outcome;
use crate::transcript::{counted, model_name, seconds};
use crate::tui::state::app::App;
use crate::tui::state::overlay::history::{inputs, run_at};
use crate::tui::theme::StyleRole;
use crate::tui::view::chrome::{list, open};
use crate::tui::wrap::clip;
use ratatui::Frame;
use ratatui::text::{Line, Span};

pub(super) fn draw(app: &App, selected: usize, f: &mut Frame<'_>) {
    let theme = app.theme();
    let height = (app.runs.past.len() as u16).saturating_add(2).min(app.screen.layout.body.height);
    let room = open(app, f, "earlier runs", &format!("{}", app.runs.past.len()), 100, height.max(3));
    if app.runs.past.is_empty() {
        let line = Line::styled("No earlier runs.", theme.style(StyleRole::Dim));
        f.buffer_mut().set_line(room.x, room.y, &line, room.width);
    }
    list(app, f, room, selected, app.runs.past.len(), |i| {
        let Some(run) = run_at(&app.runs.past, i) else { return Line::default() };
        let (glyph, role) = match run.outcome() {
            Some(Outcome::Succeeded) if run.switch().is_some() => ("⇄", StyleRole::Accent),
            Some(Outcome::Succeeded) => ("✓", StyleRole::Good),
            Some(Outcome::Cancelled) | None => ("–", StyleRole::Dim),
            Some(_) => ("✗", StyleRole::Bad),
        };
        let model =
            run.winner().map_or_else(|| "no answer".to_owned(), |attempt| model_name(attempt.answering()).to_owned());
        let took = run.finished.as_ref().map_or(run.latest, |finished| finished.took);
        let attempts = counted(run.attempts.len(), "attempt");
        let tail = format!("  {model} · {} · {attempts}", seconds(took));
        let room_left = usize::from(room.width).saturating_sub(crate::tui::wrap::width(&tail) + 3);
        Line::from(vec![
            Span::styled(format!("{glyph} "), theme.style(role)),
            Span::styled(clip(&inputs(run), room_left), theme.style(StyleRole::Text)),
            Span::styled(tail, theme.style(StyleRole::Dim)),
        ])
    });
}
