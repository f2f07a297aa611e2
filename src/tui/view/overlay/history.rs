//! The list of earlier runs, the latest first.

use crate::failover::Outcome;
use crate::transcript::{counted, model_name, seconds};
use crate::tui::state::app::App;
use crate::tui::theme::StyleRole;
use crate::tui::view::chrome::{list, open};
use crate::tui::wrap::clip;
use ratatui::Frame;
use ratatui::text::{Line, Span};

pub(super) fn draw(app: &App, selected: usize, f: &mut Frame<'_>) {
    let theme = app.theme();
    let rows = &app.runs.list.rows;
    let height = u16::try_from(rows.len()).unwrap_or(u16::MAX).saturating_add(2).min(app.screen.layout.body.height);
    let room = open(app, f, "earlier runs", &format!("{}", rows.len()), 100, height.max(3));
    if rows.is_empty() {
        let line = Line::styled("No earlier runs.", theme.style(StyleRole::Dim));
        f.buffer_mut().set_line(room.x, room.y, &line, room.width);
    }
    list(app, f, room, selected, rows.len(), |i| {
        let Some(row) = rows.get(i) else { return Line::default() };
        let role = match row.outcome {
            Some(Outcome::Succeeded) if row.switched => StyleRole::Accent,
            Some(Outcome::Succeeded) => StyleRole::Good,
            Some(Outcome::Cancelled) | None => StyleRole::Dim,
            Some(_) => StyleRole::Bad,
        };
        let model = row.model.as_deref().map_or("no answer", model_name);
        let attempts = counted(row.attempts, "attempt");
        let tail = format!("  {model} · {} · {attempts}", seconds(row.took));
        let room_left = usize::from(room.width).saturating_sub(crate::tui::wrap::width(&tail) + 3);
        Line::from(vec![
            Span::styled(format!("{} ", row.glyph()), theme.style(role)),
            Span::styled(clip(&row.asked, room_left), theme.style(StyleRole::Text)),
            Span::styled(tail, theme.style(StyleRole::Dim)),
        ])
    });
}
