//! The same inputs put to several models side by side, a run each. Knows their folds;
//! must not know how runs are started.

use super::open;
use crate::report::Report;
use crate::transcript::{Attempt, Transcript, model_name, seconds, usd};
use crate::tui::app::App;
use crate::tui::command::Link;
use crate::tui::markdown::{Look, render};
use crate::tui::pane::value;
use crate::tui::theme::Role;
use crate::tui::wrap::{Row, clip, plain};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use serde_json::Value;
use std::time::Duration;

/// So many stand side by side.
pub const MOST: usize = 4;
/// Cells that a column needs; with less the columns stand below each other.
const NARROWEST: u16 = 24;

/// A comparison.
#[derive(Clone, Debug)]
pub struct Compare {
    /// Tells its reports from those of an earlier one that was cancelled.
    pub number: u64,
    /// A model each, in the order of the chain.
    pub columns: Vec<Column>,
    /// The first row shown.
    pub top: usize,
}

/// One model with its run.
#[derive(Clone, Debug)]
pub struct Column {
    /// Its slug, with the fault set on it.
    pub link: Link,
    /// When its run began, on the screen's clock, once it has.
    pub began: Option<Duration>,
    /// Its run's fold.
    pub transcript: Transcript,
}

/// How a field stands among the answers that are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Fewer than two answers have it.
    Alone,
    /// All answers have the same value.
    Same,
    /// They do not.
    Differs,
}

impl Compare {
    /// The first models of a chain, each to be asked alone.
    pub fn new(number: u64, chain: &[Link]) -> Self {
        let column = |link: &Link| Column { link: link.clone(), began: None, transcript: Transcript::default() };
        Self { number, columns: chain.iter().take(MOST).map(column).collect(), top: 0 }
    }

    /// Takes a report of one column's run in.
    pub fn hear(&mut self, now: Duration, column: usize, report: &Report) {
        if let Some(column) = self.columns.get_mut(column) {
            column.began.get_or_insert(now.saturating_sub(report.at));
            column.transcript.apply(report);
        }
    }

    /// Whether a run of it is on.
    pub fn live(&self) -> bool {
        self.columns.iter().any(|column| column.transcript.finished.is_none())
    }

    /// How a field stands among the answers that have come so far.
    pub fn verdict(&self, field: &str) -> Verdict {
        let values = || self.columns.iter().filter_map(|column| column.answer()?.prediction.as_ref());
        let mut values = values().map(|prediction| prediction.fields.get(field).map(trimmed));
        let Some(first) = values.next() else { return Verdict::Alone };
        let mut verdict = Verdict::Alone;
        for value in values {
            if value != first {
                return Verdict::Differs;
            }
            verdict = Verdict::Same;
        }
        verdict
    }
}

/// Spaces around a text make no difference.
fn trimmed(value: &Value) -> Value {
    value.as_str().map_or_else(|| value.clone(), |text| Value::from(text.trim()))
}

impl Column {
    fn answer(&self) -> Option<&Attempt> {
        self.transcript.winner()
    }

    fn clock(&self, now: Duration) -> Duration {
        match (&self.transcript.finished, self.began) {
            (Some(finished), _) => finished.took,
            (None, Some(began)) => now.saturating_sub(began),
            (None, None) => Duration::ZERO,
        }
    }

    /// Its rows: who, how it stands, the fields.
    fn rows(&self, compare: &Compare, now: Duration, look: Look) -> Vec<Row> {
        let cells = usize::from(look.width.max(1));
        let style = |role| look.theme.style(role);
        let run = &self.transcript;
        let shown = run.shown();
        let (glyph, role) = match &run.finished {
            None => ("●", Role::Live),
            Some(_) if self.answer().is_some() => ("✓", Role::Good),
            Some(_) => ("✗", Role::Bad),
        };
        let mut rows = vec![Line::from(vec![
            Span::styled(format!("{glyph} "), style(role)),
            Span::styled(clip(model_name(&self.link.model), cells.saturating_sub(2)), style(Role::Title)),
        ])];
        if let Some(fault) = &self.link.fault {
            rows.extend(plain(&format!("✗ {fault}"), style(Role::Bad), cells));
        }
        rows.extend(plain(&self.numbers(now), style(Role::Dim), cells));
        if let Some(finished) = run.finished.as_ref().filter(|_| self.answer().is_none()) {
            rows.push(Row::default());
            let told = shown.map(Attempt::happened);
            let told = finished.headline.clone().or(told).unwrap_or_else(|| "no answer".to_owned());
            rows.extend(plain(&told, style(Role::Bad), cells));
            return rows;
        }
        let Some(attempt) = shown else { return rows };
        let settled = attempt.prediction.as_ref();
        for section in attempt.sections().iter().filter(|_| settled.is_none()) {
            rows.push(Row::default());
            rows.extend(plain(&section.name, style(Role::Heading), cells));
            let role = if run.is_thought(&section.name) { Role::Reasoning } else { Role::Text };
            rows.extend(render(&section.text, Look { role, ..look }));
        }
        for (name, value) in settled.iter().flat_map(|prediction| prediction.fields.iter()) {
            rows.push(Row::default());
            if run.is_thought(name) {
                // Thoughts always differ and are not what was asked for.
                let text = value.as_str().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
                rows.push(Line::styled(clip(&format!("▸ {name}: {text}"), cells), style(Role::Dim)));
                continue;
            }
            let (mark, heading, text) = match compare.verdict(name) {
                Verdict::Alone => ("  ", Role::Heading, Role::Text),
                Verdict::Same => ("= ", Role::Dim, Role::Dim),
                Verdict::Differs => ("≠ ", Role::Warn, Role::Text),
            };
            rows.push(Line::styled(clip(&format!("{mark}{name}"), cells), style(heading)));
            rows.extend(value::rows(value, Look { role: text, ..look }));
        }
        rows
    }

    /// Time, first token, tokens, cost; unknown is told as unknown.
    fn numbers(&self, now: Duration) -> String {
        let run = &self.transcript;
        let mut parts = vec![seconds(self.clock(now))];
        if let Some(first) = run.shown().and_then(Attempt::first_token_after) {
            parts.push(format!("first {}", seconds(first)));
        }
        let (into, out) = run.tokens();
        if into.or(out).is_some() {
            let count = |n: Option<u64>| n.map_or_else(|| "?".to_owned(), |n| n.to_string());
            parts.push(format!("{}→{} tokens", count(into), count(out)));
        }
        if run.finished.is_some() {
            parts.push(match run.cost() {
                crate::failover::Spent::Unknown => "cost unknown".to_owned(),
                spent @ crate::failover::Spent::Known(_) => usd(spent),
            });
        }
        parts.join(" · ")
    }
}

/// What the answers that are there say together.
fn summary(compare: &Compare) -> String {
    let answered: Vec<_> = compare.columns.iter().filter(|column| column.answer().is_some()).collect();
    if compare.live() || answered.len() < 2 {
        return format!("{} of {} answered", answered.len(), compare.columns.len());
    }
    let run = &answered[0].transcript;
    let prediction = answered[0].answer().and_then(|attempt| attempt.prediction.as_ref());
    let names: Vec<&String> =
        prediction.iter().flat_map(|p| p.fields.keys()).filter(|name| !run.is_thought(name)).collect();
    let differing = names.iter().filter(|name| compare.verdict(name) == Verdict::Differs).count();
    match (names.len(), differing) {
        (_, 0) => "all answers are equal".to_owned(),
        (1, _) => "the answers differ".to_owned(),
        (all, differing) => format!("{differing} of {all} fields differ"),
    }
}

/// Draws the columns: side by side where they fit, else below each other.
pub fn draw(app: &App, compare: &Compare, now: Duration, f: &mut Frame<'_>) {
    let title = format!("compare {} models, each alone", compare.columns.len());
    let room = open(app, f, &title, &summary(compare), u16::MAX, u16::MAX);
    let theme = app.colours();
    let count = compare.columns.len().max(1) as u16;
    let beside = (room.width + 1) / count > NARROWEST;
    let width = if beside { (room.width + 1 - 2 * (count - 1)) / count } else { room.width };
    let look = Look { width, theme, role: Role::Text };
    let columns: Vec<Vec<Row>> = compare.columns.iter().map(|column| column.rows(compare, now, look)).collect();
    if !beside {
        let rule = || vec![Line::styled("─".repeat(usize::from(width)), theme.style(Role::Border))];
        let stacked: Vec<Row> = columns
            .into_iter()
            .enumerate()
            .flat_map(|(i, rows)| if i == 0 { rows } else { rule().into_iter().chain(rows).collect() })
            .collect();
        return paint(&stacked, compare.top, room, f);
    }
    for (i, rows) in (0..).zip(&columns) {
        let x = room.x + i * (width + 2);
        paint(rows, compare.top, Rect { x, width, ..room }, f);
        for y in (room.y..room.bottom()).filter(|_| i + 1 < count) {
            let line = Line::styled("│", theme.style(Role::Border));
            f.buffer_mut().set_line(x + width, y, &line, 1);
        }
    }
}

/// Rows from `top` on, the last ones at the latest.
fn paint(rows: &[Row], top: usize, room: Rect, f: &mut Frame<'_>) {
    let top = top.min(rows.len().saturating_sub(usize::from(room.height)));
    for (row, y) in rows[top..].iter().zip(room.y..room.bottom()) {
        f.buffer_mut().set_line(room.x, y, row, room.width);
    }
}
