//! The failover log's pane: the entries of the run's log as rows, and the selected entry.

mod detail;

pub use detail::LogDetail;

use crate::failover::{AttemptId, InnerAttempt};
use crate::transcript::{Attempt, LogEntry, LogEvent, Tone, Transcript};
use crate::tui::theme::{StyleRole, Theme};
use crate::tui::wrap::{RowPrefix, TextRow, wrap};
use detail::DetailForm;
use ratatui::layout::Size;
use ratatui::text::Span;

/// The log's rows and the selected entry.
#[derive(Clone, Debug, Default)]
pub struct LogView {
    /// Rows, each with the index of its entry.
    rows: Vec<(usize, TextRow)>,
    /// How many entries the log has.
    entries: usize,
    /// Index of the selected entry. `None` selects the last entry, also when new ones arrive.
    pub selected: Option<usize>,
    /// Whether the pane shows all attempts on one time axis instead of the log.
    pub timeline: bool,
    /// What is shown under each attempt.
    pub detail: LogDetail,
    /// The sent headers of the attempt on the screen, where the log has no room for them under the attempt. This row
    /// stays at the end of the pane while the log scrolls.
    pub pinned: Option<TextRow>,
}

impl LogView {
    /// Removes all entries and the selection.
    pub fn clear(&mut self) {
        self.rows.clear();
        self.entries = 0;
        self.selected = None;
        self.pinned = None;
    }

    /// Index of the selected entry; 0 if the log is empty.
    pub fn selected_index(&self) -> usize {
        self.selected.unwrap_or(usize::MAX).min(self.entries.saturating_sub(1))
    }

    /// Moves the selection by entries. Moving to the last entry follows the end again.
    pub fn move_by(&mut self, entries: isize) {
        let to = self.selected_index().saturating_add_signed(entries);
        self.selected = (to + 1 < self.entries).then_some(to);
    }

    /// Rebuilds all rows for a pane of this size, with as much detail as fits. This is cheap, because a run has few
    /// entries. In presenter mode an empty row follows each entry, and the names of failed models are struck out.
    pub fn refresh(&mut self, run: &Transcript, room: Size, theme: Theme, presenter: bool) {
        let cells = usize::from(room.width.max(1));
        // The entries are the same in every form of the details.
        let entries: Vec<EntryRows<'_>> =
            run.log.iter().map(|entry| entry_rows(run, entry, cells, theme, presenter)).collect();
        let fixed: usize = entries.iter().map(|entry| entry.head.len() + entry.tail.len()).sum();
        let mut details: Vec<Vec<TextRow>> = Vec::new();
        let fits = self.detail.forms().iter().any(|form| {
            let rows = |attempt| detail::rows(run, attempt, *form, cells, theme);
            details = entries.iter().map(|entry| entry.attempt.map_or_else(Vec::new, rows)).collect();
            let all = fixed + details.iter().map(Vec::len).sum::<usize>();
            *form != DetailForm::Nothing && all <= usize::from(room.height)
        });
        self.entries = entries.len();
        let rows = entries.into_iter().zip(details).enumerate().flat_map(|(index, (entry, details))| {
            entry.head.into_iter().chain(details).chain(entry.tail).map(move |row| (index, row))
        });
        self.rows = rows.collect();
        // Not even one row for each attempt fits.
        let pins = !fits && self.detail == LogDetail::Headers && room.height > 2;
        let shown = run.shown().filter(|_| pins);
        // They are mostly the same in every attempt.
        let same = run.attempts.len() > 1
            && run.attempts.windows(2).all(|two| two[0].chosen_headers() == two[1].chosen_headers());
        let lead = if same { "↑ all attempts · " } else { "↑ " };
        self.pinned = shown.and_then(|attempt| detail::one_row(attempt, lead, cells, theme));
    }

    /// The rows for a view of this height, and how many are hidden above and below. The selected entry is among them.
    pub(in crate::tui) fn visible(&self, height: usize) -> (&[(usize, TextRow)], usize, usize) {
        let selected = self.selected_index();
        let last = self.rows.iter().rposition(|(entry, _)| *entry == selected).map_or(0, |row| row + 1);
        let first = self.rows.iter().position(|(entry, _)| *entry == selected).unwrap_or(0);
        let top =
            if self.selected.is_none() { self.rows.len().saturating_sub(height) } else { last.saturating_sub(height) };
        let top = top.min(first);
        let end = (top + height).min(self.rows.len());
        (&self.rows[top..end], top, self.rows.len() - end)
    }
}

/// The rows of an entry, without the details of its attempt, which stand between head and tail.
struct EntryRows<'a> {
    head: Vec<TextRow>,
    attempt: Option<&'a Attempt>,
    tail: Vec<TextRow>,
}

fn entry_rows<'a>(run: &'a Transcript, entry: &LogEntry, cells: usize, theme: Theme, presenter: bool) -> EntryRows<'a> {
    let tone = theme.style(entry.tone(run).into());
    let text = keep_units(&run.short_names(entry.text(run)));
    let mut parts = text.split(" · ");
    let mut pieces = Vec::new();
    let head = parts.next().unwrap_or_default();
    let struck = presenter && matches!(entry.tone(run), Tone::Bad) && matches!(entry.event, LogEvent::Attempt(_));
    pieces.push((head, theme.style(if struck { StyleRole::Struck } else { StyleRole::Heading })));
    for (i, part) in parts.enumerate() {
        pieces.push((" · ", theme.style(StyleRole::Dim)));
        pieces.push((part, if i == 0 { tone } else { theme.style(StyleRole::Text) }));
    }
    let prefix =
        RowPrefix { first: vec![Span::styled(format!("{} ", entry.glyph(run)), tone)], rest: vec![Span::raw("  ")] };
    let attempt = match entry.event {
        LogEvent::Attempt(id) => run.attempt(id),
        _ => None,
    };
    let dim = theme.style(StyleRole::Dim);
    let inner = |text: String| wrap(&[(&text, dim)], cells, &RowPrefix::all("    ", dim));
    let mut tail: Vec<TextRow> = attempt.and_then(providers).into_iter().flat_map(inner).collect();
    tail.extend(presenter.then(TextRow::default));
    EntryRows { head: wrap(&pieces, cells, &prefix), attempt, tail }
}

/// The attempt that the log entry with this index is about. For an entry between attempts, the attempt before it.
pub fn attempt_of(run: &Transcript, index: usize) -> Option<AttemptId> {
    match &run.log.get(index)?.event {
        LogEvent::Attempt(id) => Some(*id),
        LogEvent::Finished(finished) => finished.attempt.or_else(|| run.attempts.last().map(|a| a.id)),
        _ => run.log[..index].iter().rev().find_map(|entry| match entry.event {
            LogEvent::Attempt(id) => Some(id),
            _ => None,
        }),
    }
}

/// Index of the entry of the attempt that is shown.
pub fn entry_of_shown(run: &Transcript) -> Option<usize> {
    let shown = run.shown()?.id;
    run.log.iter().position(|entry| matches!(entry.event, LogEvent::Attempt(id) if id == shown))
}

/// The text with a no-break space between a number and its unit `s`.
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

/// The providers that OpenRouter tried inside an attempt, if there are several: what came back names a single one.
fn providers(attempt: &Attempt) -> Option<String> {
    let failed = attempt.failed.iter().flat_map(|failed| &failed.failure.inner);
    let metadata = attempt.metadata.iter().flat_map(|metadata| &metadata.attempts);
    let mut tried: Vec<_> = metadata.collect();
    if tried.is_empty() {
        tried = failed.collect();
    }
    let word = |tried: &InnerAttempt| match tried.status {
        Some(status) => format!("{} {status}", tried.provider),
        None => tried.provider.clone(),
    };
    (tried.len() > 1)
        .then(|| format!("↳ providers tried: {}", tried.into_iter().map(word).collect::<Vec<_>>().join(", ")))
}
