//! The same inputs put to several models or chains side by side, a run each. Knows their folds;
//! must not know how runs are started.

mod marks;
mod words;

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

/// So many stand side by side.
pub const MOST: usize = 4;
/// Cells that a column needs: where there are fewer, some columns wait at the side.
const NARROWEST: u16 = 26;
/// Rows of a column's head: who, the numbers in two rows, and an empty one.
pub const HEAD: u16 = 4;

/// A comparison.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// Tells its reports from those of an earlier one that was cancelled.
    pub number: u64,
    /// A model or a chain each.
    pub columns: Vec<Column>,
    /// The first column shown, where not all fit.
    pub first: usize,
    /// How the fields stand among the answers that have come.
    pub(in crate::tui) agreements: BTreeMap<String, Agreement>,
    /// The pages that the marks are for: their width, and the rows of each answer that is whole.
    marked: (u16, Vec<Option<usize>>),
}

/// One model or chain with its run.
#[derive(Clone, Debug)]
pub struct Column {
    /// Whom it asks, with the faults set on them.
    pub chain: Vec<ChainEntry>,
    /// When its run began, on the screen's clock, once it has.
    pub began: Option<Duration>,
    /// Its run's fold.
    pub transcript: Transcript,
    /// Its rows, and where the reader is.
    pub page: AnswerPage,
    /// What it says that the first answer does not, in the order of its rows.
    pub(in crate::tui) marks: Vec<NewSpan>,
}

/// A model or a chain in one line.
pub fn name(chain: &[ChainEntry]) -> String {
    chain.iter().map(|entry| model_name(&entry.model)).collect::<Vec<_>>().join(" › ")
}

impl Comparison {
    /// Each to be asked the same.
    pub fn new(number: u64, candidates: Vec<Vec<ChainEntry>>) -> Self {
        let column = |chain| {
            // Answers are compared from their beginnings; End follows the text.
            let mut page = AnswerPage::default();
            page.scroll.to_top();
            Column { chain, began: None, transcript: Transcript::default(), page, marks: Vec::new() }
        };
        let columns = candidates.into_iter().map(column).collect();
        Self { number, columns, first: 0, agreements: BTreeMap::new(), marked: (0, Vec::new()) }
    }

    /// Takes a report of one column's run in.
    pub fn apply(&mut self, now: Duration, column: usize, report: &Report) {
        let Some(column) = self.columns.get_mut(column) else { return };
        column.began.get_or_insert(now.saturating_sub(report.at));
        column.transcript.apply(report);
        // Values are compared when one is new, not at every look.
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

    /// Whether a run of it is on.
    pub fn running(&self) -> bool {
        self.columns.iter().any(|column| column.transcript.finished.is_none())
    }

    /// How a field stands among the answers that have come so far.
    pub fn agreement(&self, field: &str) -> Agreement {
        self.agreements.get(field).copied().unwrap_or(Agreement::Alone)
    }

    /// Brings the rows of all columns up to date, at the cost of what is new.
    pub fn refresh(&mut self, layout: &Layout, theme: Theme) {
        let text_style = TextStyle { width: self.visible_columns(layout).1, theme, role: StyleRole::Text };
        let agreements = &self.agreements;
        for column in &mut self.columns {
            let run = &column.transcript;
            let beside = |field: &str| match agreements.get(field) {
                // Thoughts always differ and are not what was asked for.
                Some(agreement) if !run.is_thought(field) => *agreement,
                _ => Agreement::Alone,
            };
            let begun = run.shown().is_some_and(|attempt| run.answer_begun(attempt) || attempt.ended.is_some());
            column.page.pinned = Some(begun);
            column.page.refresh(run, text_style, body(layout), &beside);
        }
        self.update_marks(text_style.width);
    }

    /// Marks what each answer says that the first does not, anew when an answer is whole or the width another.
    fn update_marks(&mut self, width: u16) {
        let whole = |column: &Column| column.answer().is_some() && column.transcript.finished.is_some();
        let marked = (width, self.columns.iter().map(|column| whole(column).then(|| column.page.len())).collect());
        if marked == self.marked {
            return;
        }
        self.marked = marked;
        let mut answers = self.columns.iter_mut().filter(|column| whole(column));
        let Some(base) = answers.next() else { return };
        base.marks.clear();
        let base: Vec<_> = base.page.fields(&base.transcript).collect();
        for column in answers {
            column.marks = marks::marks(&base, &column.transcript, &column.page);
        }
    }

    /// Whether something is marked.
    pub fn has_marks(&self) -> bool {
        self.columns.iter().any(|column| !column.marks.is_empty())
    }

    /// Moves the rows of all columns.
    pub fn scroll_by(&mut self, rows: isize, layout: &Layout) {
        let height = body(layout);
        for page in self.columns.iter_mut().map(|column| &mut column.page) {
            let heights = page.heights().to_vec();
            page.scroll.move_by(rows, &heights, height);
        }
    }

    /// Shows columns further to the side, where not all fit.
    pub fn scroll_columns(&mut self, by: isize, layout: &Layout) {
        let last = self.columns.len().saturating_sub(self.visible_columns(layout).0);
        self.first = self.first.saturating_add_signed(by).min(last);
    }

    /// How many columns fit side by side, and the cells of each.
    pub fn visible_columns(&self, layout: &Layout) -> (usize, u16) {
        let width = layout.body.width.saturating_sub(4);
        let count = (self.columns.len() as u16).clamp(1, ((width + 2) / (NARROWEST + 2)).max(1));
        (usize::from(count), (width + 2) / count - 2)
    }
}

/// Rows of a column under its head.
pub fn body(layout: &Layout) -> usize {
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

/// Spaces around a text make no difference.
fn trimmed(value: &Value) -> Value {
    value.as_str().map_or_else(|| value.clone(), |text| Value::from(text.trim()))
}

impl Column {
    /// The attempt that answered, once there is one.
    pub fn answer(&self) -> Option<&Attempt> {
        self.transcript.winner()
    }

    /// How long its run has taken so far, or took.
    pub fn clock(&self, now: Duration) -> Duration {
        match (&self.transcript.finished, self.began) {
            (Some(finished), _) => finished.took,
            (None, Some(began)) => now.saturating_sub(began),
            (None, None) => Duration::ZERO,
        }
    }
}
