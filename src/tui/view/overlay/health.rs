//! The health board: the results and the circuit breaker of each model in this session.

use crate::transcript::seconds;
use crate::tui::state::app::App;
use crate::tui::theme::StyleRole;
use crate::tui::view::chrome::{list, open};
use crate::tui::wrap::{clip, width};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use std::time::Duration;

pub(super) fn draw(app: &App, selected: usize, now: Duration, f: &mut Frame<'_>) {
    let theme = app.theme();
    let rows = &app.health.rows;
    let height = (rows.len() as u16).saturating_add(4).min(app.screen.layout.body.height);
    let room = open(app, f, "health", "this session", 96, height.max(5));
    if rows.is_empty() {
        let line = Line::styled("Nothing has been asked yet.", theme.style(StyleRole::Dim));
        f.buffer_mut().set_line(room.x, room.y, &line, room.width);
        return;
    }
    // A narrow screen shows the breakers but not the times.
    let times = |text: &str| if room.width < 72 { String::new() } else { format!(" {text:>15}") };
    let (model, first) = (pad("model", 24), times("first P50 / P95"));
    let head = format!("{model} {:>9}{first}  {:<20} last failure", "answered", "breaker");
    f.buffer_mut().set_line(room.x, room.y, &Line::styled(head, theme.style(StyleRole::Heading)), room.width);
    let below = Rect { y: room.y + 1, height: room.height.saturating_sub(1), ..room };
    list(app, f, below, selected, rows.len(), |i| {
        let row = &rows[i];
        let (breaker, tone) = row.breaker_text(now);
        let first = row.first_tokens.percentile(50).zip(row.first_tokens.percentile(95));
        let first = first.map_or_else(|| "–".to_owned(), |(p50, p95)| format!("{} / {}", seconds(p50), seconds(p95)));
        let rate = format!("{} of {}", row.answered, row.asked);
        Line::from(vec![
            Span::raw(format!("{} {rate:>9}{}  ", pad(&row.label(), 24), times(&first))),
            Span::styled(format!("{breaker:<20} "), theme.style(tone.into())),
            Span::styled(clip(row.last_failure.as_deref().unwrap_or_default(), 40), theme.style(StyleRole::Dim)),
        ])
    });
}

fn pad(text: &str, cells: usize) -> String {
    let text = clip(text, cells);
    let spaces = " ".repeat(cells - width(&text));
    text + &spaces
}
