//! The health board: how every model has fared in this session.

use crate::failover::BreakerState;
use crate::transcript::seconds;
use crate::tui::state::app::App;
use crate::tui::state::board::HealthRow;
use crate::tui::theme::StyleRole;
use crate::tui::view::chrome::{list, open};
use crate::tui::wrap::{clip, width};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use std::time::Duration;

/// Draws the board.
pub(super) fn draw(app: &App, at: usize, now: Duration, f: &mut Frame<'_>) {
    let theme = app.colours();
    let gauges = &app.board.gauges;
    let height = (gauges.len() as u16).saturating_add(4).min(app.layout.body.height);
    let room = open(app, f, "health", "this session", 96, height.max(5));
    if gauges.is_empty() {
        let line = Line::styled("Nothing has been asked yet.", theme.style(StyleRole::Dim));
        f.buffer_mut().set_line(room.x, room.y, &line, room.width);
        return;
    }
    // The state of the breaker is worth more than the times, where not both fit.
    let times = |text: &str| if room.width < 72 { String::new() } else { format!(" {text:>15}") };
    let (model, first) = (pad("model", 24), times("first P50 / P95"));
    let head = format!("{model} {:>9}{first}  {:<20} last failure", "answered", "breaker");
    f.buffer_mut().set_line(room.x, room.y, &Line::styled(head, theme.style(StyleRole::Heading)), room.width);
    let below = Rect { y: room.y + 1, height: room.height.saturating_sub(1), ..room };
    list(app, f, below, at, gauges.len(), |i| {
        let gauge = &gauges[i];
        let (breaker, role) = breaker(gauge, now);
        let first = gauge.percentile(50).zip(gauge.percentile(95));
        let first = first.map_or_else(|| "–".to_owned(), |(p50, p95)| format!("{} / {}", seconds(p50), seconds(p95)));
        let rate = format!("{} of {}", gauge.answered, gauge.asked);
        Line::from(vec![
            Span::raw(format!("{} {rate:>9}{}  ", pad(gauge.short(), 24), times(&first))),
            Span::styled(format!("{breaker:<20} "), theme.style(role)),
            Span::styled(clip(gauge.last.as_deref().unwrap_or_default(), 40), theme.style(StyleRole::Dim)),
        ])
    });
}

fn pad(text: &str, cells: usize) -> String {
    let text = clip(text, cells);
    let spaces = " ".repeat(cells - width(&text));
    text + &spaces
}

/// The breaker in words, with what is left of its pause.
fn breaker(gauge: &HealthRow, now: Duration) -> (String, StyleRole) {
    match gauge.breaker {
        None => ("closed".to_owned(), StyleRole::Dim),
        Some(BreakerState::Closed { weight }) if weight > 0.0 => (format!("closed, {weight}/3"), StyleRole::Warn),
        Some(BreakerState::Closed { .. }) => ("closed".to_owned(), StyleRole::Good),
        Some(BreakerState::Open { until: Some(until) }) if until > now => {
            (format!("open, {} left", seconds(until.saturating_sub(now))), StyleRole::Bad)
        }
        Some(BreakerState::Open { until: None }) => ("open until reset".to_owned(), StyleRole::Bad),
        Some(BreakerState::Open { .. } | BreakerState::HalfOpen) => {
            ("half-open: one probe".to_owned(), StyleRole::Warn)
        }
        Some(BreakerState::Probing) => ("probing".to_owned(), StyleRole::Live),
    }
}
