//! A comparison: the same inputs sent to several models or chains, one run for each. Knows the transcripts; must not know
//! how runs are started.

mod marks;
pub(in crate::tui) mod words;

use crate::report::{Observation, Report, ReportKind};
use crate::transcript::{Attempt, Transcript, model_name};
use crate::tui::effect::ChainEntry;
use crate::tui::layout::Layout;
use crate::tui::markdown::TextStyle;
use crate::tui::state::page::{Agreement, AnswerPage};
use crate::tui::theme::{StyleRole, Theme};
pub use marks::NewSpan;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

/// Most models or chains in a comparison.
pub const MAX_COLUMNS: usize = 4;
/// Least width of a column in cells. If the screen is too narrow for all columns, some are not shown.
const MIN_COLUMN_WIDTH: u16 = 26;
/// Rows of a column's head: the name, two rows of numbers, and an empty row.
pub const HEAD: u16 = 4;

/// A comparison and its runs.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// Number of the comparison in this session. Late reports of an earlier comparison have another number.
    pub number: u64,
    /// One column for each model or chain.
    pub columns: Vec<Column>,
    /// Index of the first column that is shown.
    pub first: usize,
    /// For each field how its values compare among the answers so far.
    pub(in crate::tui) agreements: BTreeMap<String, Agreement>,
    /// What the marks were computed for: the width of the columns and the rows of each complete answer.
    marked: (u16, Vec<Option<usize>>),
}

/// One model or chain with its run.
#[derive(Clone, Debug)]
pub struct Column {
    /// The models that it asks, with their faults.
    pub chain: Vec<ChainEntry>,
    /// When its run began, on the screen's clock; `None` before.
    pub began: Option<Duration>,
    /// The transcript of its run.
    pub transcript: Transcript,
    /// The rows of its answer and the scroll position.
    pub page: AnswerPage,
    /// The words that the first answer does not have, in the order of the rows.
    pub(in crate::tui) marks: Vec<NewSpan>,
}

/// A model, or the models of a chain, in one line.
pub fn name(chain: &[ChainEntry]) -> String {
    chain.iter().map(|entry| model_name(&entry.model)).collect::<Vec<_>>().join(" › ")
}

impl Comparison {
    /// A comparison of these models and chains, without reports yet.
    pub fn new(number: u64, candidates: Vec<Vec<ChainEntry>>) -> Self {
        let column = |chain| {
            // Columns show the start of the answers; the End key follows their ends.
            let mut page = AnswerPage::default();
            page.scroll.to_top();
            Column { chain, began: None, transcript: Transcript::default(), page, marks: Vec::new() }
        };
        let columns = candidates.into_iter().map(column).collect();
        Self { number, columns, first: 0, agreements: BTreeMap::new(), marked: (0, Vec::new()) }
    }

    /// Applies a report of one column's run.
    pub fn apply(&mut self, now: Duration, column: usize, report: &Report) {
        let Some(column) = self.columns.get_mut(column) else { return };
        column.began.get_or_insert(now.saturating_sub(report.at));
        column.transcript.apply(report);
        // Values are compared only when a report may bring a new one.
        if matches!(report.what, ReportKind::Engine(_) | ReportKind::Observation(Observation::Parsed { .. })) {
            let predictions = || self.columns.iter().filter_map(|column| column.answer()?.prediction.as_ref());
            let names = predictions().flat_map(|prediction| prediction.fields.keys());
            let agreements = names.map(|name| {
                let mut values = predictions().map(|prediction| prediction.fields.get(name).map(trimmed));
                (name.clone(), agreement_of(&mut values))
            });
            self.agreements = agreements.collect();
        }
    }

    /// Whether any of its runs is in progress.
    pub fn running(&self) -> bool {
        self.columns.iter().any(|column| column.transcript.finished.is_none())
    }

    /// How the values of a field compare among the answers so far.
    pub fn agreement(&self, field: &str) -> Agreement {
        self.agreements.get(field).copied().unwrap_or(Agreement::Alone)
    }

    /// Renders what is new in all columns.
    pub fn refresh(&mut self, layout: &Layout, theme: Theme) {
        let text_style = TextStyle { width: self.visible_columns(layout).1, theme, role: StyleRole::Text };
        let agreements = &self.agreements;
        for column in &mut self.columns {
            let run = &column.transcript;
            let agreement = |field: &str| match agreements.get(field) {
                // Reasoning is not compared: it always differs.
                Some(agreement) if !run.is_thought(field) => *agreement,
                _ => Agreement::Alone,
            };
            let begun = run.shown().is_some_and(|attempt| run.answer_begun(attempt) || attempt.ended.is_some());
            column.page.pinned = Some(begun);
            column.page.refresh(run, text_style, body_height(layout), &agreement);
        }
        self.update_marks(text_style.width);
    }

    /// Marks the words that the first answer does not have, when an answer has become complete or the width has changed.
    fn update_marks(&mut self, width: u16) {
        let is_complete = |column: &Column| column.answer().is_some() && column.transcript.finished.is_some();
        let marked =
            (width, self.columns.iter().map(|column| is_complete(column).then(|| column.page.len())).collect());
        if marked == self.marked {
            return;
        }
        self.marked = marked;
        let mut answers = self.columns.iter_mut().filter(|column| is_complete(column));
        let Some(base) = answers.next() else { return };
        base.marks.clear();
        let base: Vec<_> = base.page.fields(&base.transcript).collect();
        for column in answers {
            column.marks = marks::marks(&base, &column.transcript, &column.page);
        }
    }

    /// Whether any column has marks.
    pub fn has_marks(&self) -> bool {
        self.columns.iter().any(|column| !column.marks.is_empty())
    }

    /// Scrolls all columns by rows.
    pub fn scroll_by(&mut self, rows: isize, layout: &Layout) {
        let height = body_height(layout);
        for page in self.columns.iter_mut().map(|column| &mut column.page) {
            let heights = page.heights().to_vec();
            page.scroll.move_by(rows, &heights, height);
        }
    }

    /// Scrolls sideways by columns, if not all fit.
    pub fn scroll_columns(&mut self, by: isize, layout: &Layout) {
        let last = self.columns.len().saturating_sub(self.visible_columns(layout).0);
        self.first = self.first.saturating_add_signed(by).min(last);
    }

    /// How many columns fit side by side, and the width of each in cells.
    pub fn visible_columns(&self, layout: &Layout) -> (usize, u16) {
        let width = layout.body.width.saturating_sub(4);
        let count = (self.columns.len() as u16).clamp(1, ((width + 2) / (MIN_COLUMN_WIDTH + 2)).max(1));
        (usize::from(count), (width + 2) / count - 2)
    }
}

/// Rows of a column below its head.
pub fn body_height(layout: &Layout) -> usize {
    usize::from(layout.body.height.saturating_sub(2 + HEAD)).max(1)
}

fn agreement_of(values: &mut dyn Iterator<Item = Option<Value>>) -> Agreement {
    let Some(first) = values.next() else { return Agreement::Alone };
    values.fold(Agreement::Alone, |agreement, value| match agreement {
        Agreement::Differs => Agreement::Differs,
        _ if value != first => Agreement::Differs,
        _ => Agreement::Same,
    })
}

/// The value without spaces around a text: they make no difference.
fn trimmed(value: &Value) -> Value {
    value.as_str().map_or_else(|| value.clone(), |text| Value::from(text.trim()))
}

impl Column {
    /// The attempt that answered, if there is one.
    pub fn answer(&self) -> Option<&Attempt> {
        self.transcript.winner()
    }

    /// How long its run took, or has taken so far.
    pub fn clock(&self, now: Duration) -> Duration {
        match (&self.transcript.finished, self.began) {
            (Some(finished), _) => finished.took,
            (None, Some(began)) => now.saturating_sub(began),
            (None, None) => Duration::ZERO,
        }
    }
}
