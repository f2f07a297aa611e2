//! The timeline: all attempts of a run on one time axis.
//!
//! ```text
//! #1 ✗ gpt-4o-mini    ┄┄┄╌╌░░░✗
//! #2 ✓ claude-3-haiku         ┄╌░░▒▒▒███✓
//!                     0 s         2.4 s
//!                     · wait ┄ sent ╌ open ▒ think █ answer
//! ```

use crate::transcript::{Attempt, AttemptPhase, LogEvent, Transcript, model_name, seconds};
use crate::tui::layout::Pane;
use crate::tui::state::app::App;
use crate::tui::state::runs::ShownRun;
use crate::tui::theme::StyleRole;
use crate::tui::wrap::{clip, width};
use ratatui::Frame;
use ratatui::text::{Line, Span};
use std::time::Duration;

/// Draws the timeline in the pane of the log.
pub(super) fn draw(app: &App, run: &ShownRun, now: Duration, f: &mut Frame<'_>) {
    let room = app.text_area(Pane::Log);
    let theme = app.theme();
    let clock = run.clock(now);
    let label_cells = usize::from(room.width / 3).clamp(8, 26);
    let axis = usize::from(room.width).saturating_sub(label_cells + 2).max(4);
    let attempts = &run.transcript.attempts;
    let shown = usize::from(room.height).saturating_sub(2).max(1);
    let first = attempts.len().saturating_sub(shown);
    let mut y = room.y;
    for attempt in &attempts[first..] {
        if y >= room.bottom() {
            return;
        }
        let (glyph, role) = match attempt.phase() {
            AttemptPhase::Answered => ("✓", StyleRole::Good),
            AttemptPhase::Failed => ("✗", StyleRole::Bad),
            _ => ("●", StyleRole::Live),
        };
        let label = clip(&format!("{} {glyph} {}", attempt.id, model_name(&attempt.model)), label_cells);
        let pad = " ".repeat(label_cells - width(&label) + 1);
        let mut spans = vec![Span::styled(label + &pad, theme.style(role))];
        spans.extend(
            bar(attempt, wait_before(&run.transcript, attempt), clock, axis)
                .into_iter()
                .map(|(text, role)| Span::styled(text, theme.style(role))),
        );
        spans.push(Span::styled(if attempt.ended.is_some() { glyph } else { "" }, theme.style(role)));
        f.buffer_mut().set_line(room.x, y, &Line::from(spans), room.width);
        y += 1;
    }
    let end = seconds(clock);
    let scale = format!("0{}{end}", " ".repeat(axis.saturating_sub(width(&end) + 1)));
    let pad = " ".repeat(label_cells + 1);
    for text in [format!("{pad}{scale}"), "· wait ┄ sent ╌ open ▒ think █ answer".to_owned()] {
        if y < room.bottom() {
            f.buffer_mut().set_line(
                room.x,
                y,
                &Line::styled(clip(&text, usize::from(room.width)), theme.style(StyleRole::Dim)),
                room.width,
            );
            y += 1;
        }
    }
}

/// When the wait for this attempt began, if there was one.
fn wait_before(run: &Transcript, attempt: &Attempt) -> Option<Duration> {
    let waits = run.log.iter().filter(|entry| matches!(entry.event, LogEvent::Waiting(_)));
    let began = attempt.began()?;
    let earlier = run.attempts.iter().filter(|other| other.id < attempt.id).filter_map(|other| other.ended).max()?;
    waits.map(|entry| entry.at).find(|at| (earlier..=began).contains(at))
}

/// The bar of an attempt: blank before it began, then its phases.
fn bar(attempt: &Attempt, wait: Option<Duration>, clock: Duration, cells: usize) -> Vec<(String, StyleRole)> {
    let began = attempt.began().unwrap_or(clock);
    let end = attempt.ended.unwrap_or(clock);
    let cell_of = |time: Duration| {
        let share = time.as_secs_f64() / clock.as_secs_f64().max(f64::EPSILON);
        ((share * cells as f64).round() as usize).min(cells)
    };
    let opened = attempt.opened.unwrap_or(end).min(end);
    let first = attempt.first_token.unwrap_or(end).min(end);
    let text = attempt.first_text.unwrap_or(end).min(end);
    let marks = [
        (" ", StyleRole::Text, Duration::ZERO, wait.unwrap_or(began)),
        ("·", StyleRole::Warn, wait.unwrap_or(began), began),
        ("┄", StyleRole::Dim, began, opened),
        ("╌", StyleRole::Dim, opened, first),
        ("▒", StyleRole::Warn, first, text),
        ("█", if attempt.discarded { StyleRole::Bad } else { StyleRole::Good }, text, end),
    ];
    marks
        .iter()
        .map(|(glyph, role, from, to)| (glyph.repeat(cell_of(*to).saturating_sub(cell_of(*from))), *role))
        .collect()
}
