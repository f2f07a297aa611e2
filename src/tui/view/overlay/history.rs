//! The list of earlier runs, the latest first: what was asked, the signature, who answered, the cost, and how long ago.

use crate::failover::Outcome;
use crate::transcript::RunRow;
use crate::tui::state::app::App;
use crate::tui::theme::StyleRole;
use crate::tui::view::chrome::{list, open};
use crate::tui::wrap::{clip, width};
use ratatui::Frame;
use ratatui::text::{Line, Span};
use std::time::Duration;

/// The columns after the question: signature, model, cost, age; their cells by the width of the list.
fn columns(cells: usize) -> [usize; 4] {
    match cells {
        96.. => [18, 22, 13, 8],
        68.. => [12, 17, 11, 8],
        _ => [0, 17, 0, 8],
    }
}

pub(super) fn draw(app: &App, selected: usize, now: Duration, f: &mut Frame<'_>) {
    let theme = app.theme();
    let rows = &app.runs.list.rows;
    let height = u16::try_from(rows.len()).unwrap_or(u16::MAX).saturating_add(2).min(app.screen.layout.body.height);
    let more = if app.runs.list.has_more() { "+" } else { "" };
    let room = open(app, f, "earlier runs", &format!("{}{more}", rows.len()), 116, height.max(3));
    if rows.is_empty() {
        let line = Line::styled("No earlier runs.", theme.style(StyleRole::Dim));
        f.buffer_mut().set_line(room.x, room.y, &line, room.width);
    }
    let cells = usize::from(room.width);
    let wall_time = app.wall_time + u64::try_from(now.as_millis()).unwrap_or(u64::MAX / 2);
    list(app, f, room, selected, rows.len(), |i| {
        let Some(row) = rows.get(i) else { return Line::default() };
        let role = match row.outcome {
            Some(Outcome::Succeeded) if row.switched => StyleRole::Accent,
            Some(Outcome::Succeeded) => StyleRole::Good,
            Some(Outcome::Cancelled) | None => StyleRole::Dim,
            Some(_) => StyleRole::Bad,
        };
        let widths = columns(cells);
        let texts = [signature(app, row), row.who().to_owned(), format!("{:#}", row.spend), row.age(wall_time)];
        let tail: String = texts.iter().zip(widths).map(|(text, cells)| column(text, cells)).collect();
        let room_left = cells.saturating_sub(width(&tail) + 2);
        let asked = clip(&row.asked, room_left);
        let gap = " ".repeat(room_left.saturating_sub(width(&asked)));
        Line::from(vec![
            Span::styled(format!("{} ", row.glyph()), theme.style(role)),
            Span::styled(asked, theme.style(StyleRole::Text)),
            Span::raw(gap),
            Span::styled(tail, theme.style(StyleRole::Dim)),
        ])
    });
}

/// A text at the right of a column of this many cells, after a gap; nothing where the column has none.
fn column(text: &str, cells: usize) -> String {
    if cells == 0 {
        return String::new();
    }
    let text = clip(text, cells.saturating_sub(2));
    format!("{}{text}", " ".repeat(cells.saturating_sub(width(&text))))
}

fn signature(app: &App, row: &RunRow) -> String {
    if row.signature.is_empty() { "(chat)".to_owned() } else { app.signature_name(&row.signature).to_owned() }
}
