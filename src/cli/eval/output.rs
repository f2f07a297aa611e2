//! What is printed: a table, JSON lines or CSV on standard output, and a line of progress on a terminal.

use crate::cli::print::{Stream, note, text};
use crate::eval::{Evaluation, Results, Scored, table};
use crate::failover::Cost;
use crate::text::value_text;
use crate::transcript::usd;
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

/// What standard output gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    Table,
    Json,
    Csv,
}

/// Prints finished cells in the order of the evaluation, so that the same seed gives the same lines.
pub(super) struct Output<'a> {
    style: Style,
    evaluation: &'a Evaluation,
    next: usize,
    early: BTreeMap<usize, String>,
}

impl<'a> Output<'a> {
    pub(super) fn new(style: Style, evaluation: &'a Evaluation) -> Self {
        if style == Style::Csv {
            let scores = evaluation.metrics.iter().map(|(name, _)| format!("score_{name}"));
            let outputs = evaluation.signature().map(|signature| signature.outputs.clone()).unwrap_or_default();
            let names = COLUMNS.iter().map(|name| (*name).to_owned()).chain(scores);
            text(&csv_line(names.chain(outputs.iter().map(|field| field.name.clone()))));
        }
        Self { style, evaluation, next: 0, early: BTreeMap::new() }
    }

    /// A cell is finished. It is printed when all cells before it are.
    pub(super) fn scored(&mut self, index: usize, scored: &Scored) {
        let line = match self.style {
            Style::Table => return,
            Style::Json => event("scored", scored),
            Style::Csv => csv_line(self.cells(scored).into_iter()),
        };
        self.early.insert(index, line);
        while let Some(line) = self.early.remove(&self.next) {
            text(&line);
            self.next += 1;
        }
    }

    /// Prints what an evaluation that was stopped left in between, and the summary.
    pub(super) fn finish(&mut self, results: &Results) {
        for line in std::mem::take(&mut self.early).into_values() {
            text(&line);
        }
        match self.style {
            Style::Table => text(&table(self.evaluation, results, width())),
            Style::Csv => {}
            Style::Json => {
                results.rows(self.evaluation).iter().for_each(|row| text(&event("evaluated", row)));
                results.differences(self.evaluation).iter().for_each(|it| text(&event("compared", it)));
            }
        }
    }

    fn cells(&self, scored: &Scored) -> Vec<String> {
        let ms = |time: Duration| (time.as_secs_f64() * 1000.0).round().to_string();
        let mut cells = vec![
            scored.case.clone(),
            scored.variant.clone(),
            scored.faults.clone(),
            scored.repeat.to_string(),
            scored.run.to_string(),
            scored.model.clone().unwrap_or_default(),
            scored.score.to_string(),
            scored.valid.to_string(),
            scored.attempts.to_string(),
            ms(scored.took),
            scored.first_token.map(ms).unwrap_or_default(),
            match scored.cost {
                Cost::Known(usd) => usd.to_string(),
                Cost::Unknown => String::new(),
            },
        ];
        let word = |value: Option<&Value>| value.map(value_text).unwrap_or_default();
        cells.extend(self.evaluation.metrics.iter().map(|(name, _)| word(scored.scores.get(name))));
        let outputs = self.evaluation.signature().map(|signature| signature.outputs.as_slice()).unwrap_or_default();
        cells.extend(outputs.iter().map(|field| word(scored.answer.get(&field.name))));
        cells
    }
}

/// A line of `--json`: the event's name, then its fields.
pub(super) fn event(name: &str, of: &impl Serialize) -> String {
    let mut line = Map::from_iter([("event".to_owned(), Value::from(name))]);
    if let Ok(Value::Object(fields)) = serde_json::to_value(of) {
        line.extend(fields);
    }
    format!("{}\n", Value::Object(line))
}

/// The width of the terminal; none if standard output is none.
fn width() -> Option<usize> {
    let size = std::io::stdout().is_terminal().then(crossterm::terminal::size)?;
    size.ok().map(|(columns, _)| usize::from(columns))
}

/// The columns of CSV before those of the scores and the answers.
const COLUMNS: [&str; 12] = [
    "case",
    "variant",
    "faults",
    "repeat",
    "run",
    "model",
    "score",
    "valid",
    "attempts",
    "took_ms",
    "first_token_ms",
    "cost",
];

fn csv_line(cells: impl Iterator<Item = String>) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    _ = writer.write_record(cells);
    writer.into_inner().ok().and_then(|line| String::from_utf8(line).ok()).unwrap_or_default()
}

/// The most often that progress is shown.
const EVERY: Duration = Duration::from_millis(100);

/// One line on a terminal: runs done, cost, time left. Nothing in a pipe.
pub(super) struct Progress {
    total: usize,
    before: usize,
    began: Duration,
    shown: Option<Duration>,
    on: bool,
}

impl Progress {
    /// `before`: the runs that were finished earlier. Times are those of the services.
    pub(super) fn new(total: usize, before: usize, now: Duration) -> Self {
        if before > 0 {
            note!("{before} of {total} runs are finished already");
        }
        Self { total, before, began: now, shown: None, on: std::io::stderr().is_terminal() }
    }

    pub(super) fn show(&mut self, done: usize, spent: f64, now: Duration) {
        if !self.on || (done < self.total && self.shown.is_some_and(|shown| now.saturating_sub(shown) < EVERY)) {
            return;
        }
        self.shown = Some(now);
        let per_run = now.saturating_sub(self.began).as_secs_f64() / (done - self.before).max(1) as f64;
        let left = per_run * (self.total - done) as f64;
        let filled = 20 * done / self.total.max(1);
        let bar = format!("{}{}", "█".repeat(filled), "░".repeat(20 - filled));
        let line = format!("\r{bar} {done}/{} · {} · {left:.0} s left\x1b[K", self.total, usd(Cost::Known(spent)));
        _ = Stream::Err.write_all(line.as_bytes());
    }

    pub(super) fn clear(&self) {
        if self.shown.is_some() {
            _ = Stream::Err.write_all(b"\r\x1b[K");
        }
    }
}
