//! The failover log: the run's story, one entry a step.

use crate::failover::AttemptId;
use crate::transcript::{LogEvent, Tone, Transcript, model_name};
use crate::tui::theme::{StyleRole, Theme};
use crate::tui::wrap::{RowPrefix, TextRow, wrap};
use ratatui::text::Span;

/// The log's rows, and what is chosen in it.
#[derive(Clone, Debug, Default)]
pub struct LogView {
    /// Rows, each with the number of its step.
    rows: Vec<(usize, TextRow)>,
    /// Steps there are.
    pub steps: usize,
    /// The chosen step; none follows the last one.
    pub at: Option<usize>,
    /// All attempts on one time axis instead.
    pub timeline: bool,
}

impl LogView {
    /// No run.
    pub fn clear(&mut self) {
        self.rows.clear();
        self.steps = 0;
        self.at = None;
    }

    /// The chosen step.
    pub fn chosen(&self) -> usize {
        self.at.unwrap_or(usize::MAX).min(self.steps.saturating_sub(1))
    }

    /// Moves the choice.
    pub fn move_by(&mut self, steps: isize) {
        let to = self.chosen().saturating_add_signed(steps);
        self.at = (to + 1 < self.steps).then_some(to);
    }

    /// Sets the rows anew: a story is short.
    pub fn refresh(&mut self, run: &Transcript, width: u16, theme: Theme, airy: bool) {
        self.rows.clear();
        self.steps = run.story.len();
        let cells = usize::from(width.max(1));
        for (index, line) in run.story.iter().enumerate() {
            let tone = theme.style(line.tone(run).into());
            let text = brief(run, line.text(run));
            let mut parts = text.split(" · ");
            let mut pieces = Vec::new();
            let head = parts.next().unwrap_or_default();
            // On a stage the dead are struck out here too.
            let dead = airy && matches!(line.tone(run), Tone::Bad) && matches!(line.step, LogEvent::Attempt(_));
            pieces.push((head, theme.style(if dead { StyleRole::Struck } else { StyleRole::Heading })));
            for (i, part) in parts.enumerate() {
                pieces.push((" · ", theme.style(StyleRole::Dim)));
                pieces.push((part, if i == 0 { tone } else { theme.style(StyleRole::Text) }));
            }
            let lead = RowPrefix {
                first: vec![Span::styled(format!("{} ", line.glyph(run)), tone)],
                rest: vec![Span::raw("  ")],
            };
            self.rows.extend(wrap(&pieces, cells, &lead).into_iter().map(|row| (index, row)));
            for inner in inner_attempts(run, &line.step) {
                let dim = theme.style(StyleRole::Dim);
                self.rows.extend(
                    wrap(&[(&inner, dim)], cells, &RowPrefix::all("    ", dim)).into_iter().map(|row| (index, row)),
                );
            }
            if airy {
                self.rows.push((index, TextRow::default()));
            }
        }
    }

    /// The rows of a view that high: the chosen step is in it.
    pub(in crate::tui) fn visible(&self, height: usize) -> &[(usize, TextRow)] {
        let chosen = self.chosen();
        let last = self.rows.iter().rposition(|(step, _)| *step == chosen).map_or(0, |row| row + 1);
        let first = self.rows.iter().position(|(step, _)| *step == chosen).unwrap_or(0);
        let top = if self.at.is_none() { self.rows.len().saturating_sub(height) } else { last.saturating_sub(height) };
        let top = top.min(first);
        &self.rows[top..(top + height).min(self.rows.len())]
    }
}

/// The attempt that a step is about.
pub fn attempt_of(run: &Transcript, step: usize) -> Option<AttemptId> {
    match &run.story.get(step)?.step {
        LogEvent::Attempt(id) => Some(*id),
        LogEvent::Finished(finished) => finished.attempt.or_else(|| run.attempts.last().map(|a| a.id)),
        _ => run.story[..step].iter().rev().find_map(|line| match line.step {
            LogEvent::Attempt(id) => Some(id),
            _ => None,
        }),
    }
}

/// A line with the makers' names left out: `openai/gpt-4o-mini` is `gpt-4o-mini` here.
fn brief(run: &Transcript, text: String) -> String {
    let chain = run.spec.iter().flat_map(|spec| spec.chain.iter().map(|route| route.model.as_str()));
    let slugs = chain.chain(run.attempts.iter().map(|attempt| attempt.model.as_str()));
    let brief = slugs.filter(|slug| slug.contains('/')).fold(text, |text, slug| text.replace(slug, model_name(slug)));
    keep_units(&brief)
}

/// The text with no line break between a number and its unit `s`.
fn keep_units(text: &str) -> String {
    let mut parts = text.split(" s");
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let is_unit = kept.ends_with(|c: char| c.is_ascii_digit()) && !part.starts_with(char::is_alphanumeric);
        kept.push(if is_unit { '\u{a0}' } else { ' ' });
        kept.push('s');
        kept.push_str(part);
    }
    kept
}

/// What the router behind us tried inside an attempt.
fn inner_attempts(run: &Transcript, step: &LogEvent) -> Vec<String> {
    let LogEvent::Attempt(id) = step else { return Vec::new() };
    let Some(attempt) = run.attempt(*id) else { return Vec::new() };
    let failed = attempt.failed.iter().flat_map(|failed| &failed.failure.inner);
    let metadata = attempt.metadata.iter().flat_map(|metadata| &metadata.attempts);
    let mut inner: Vec<_> = metadata.collect();
    if inner.is_empty() {
        inner = failed.collect();
    }
    inner
        .iter()
        .map(|i| match i.status {
            Some(status) => format!("↳ inside: {} {status}", i.provider),
            None => format!("↳ inside: {}", i.provider),
        })
        .collect()
}
