//! The list of earlier runs, the latest first. The runs of this session are listed at once; those of the history come in
//! pages, as the list is scrolled.

use crate::transcript::{RunRow, Transcript};
use serde_json::Value;

/// The number of rows in a page.
pub const PAGE: usize = 100;
/// The next page is asked for when fewer rows than this are left below the selected one.
const AHEAD: usize = 40;

/// Rows of earlier runs.
#[derive(Clone, Debug, Default)]
pub struct RunList {
    /// The rows, the latest run first.
    pub rows: Vec<RunRow>,
    further: FurtherRows,
}

/// The rows of the history that are not listed yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum FurtherRows {
    /// There are none.
    #[default]
    None,
    /// There may be some.
    Unread,
    /// The page behind this run was asked for and has not come; without a run, the first page.
    Awaited(Option<u64>),
}

impl RunList {
    /// The runs of this session, as a list to which the history is still to be added.
    pub fn of_session(past: &[Transcript]) -> Self {
        Self { rows: past.iter().rev().filter_map(RunRow::of).collect(), further: FurtherRows::Awaited(None) }
    }

    /// A list that has all its rows.
    pub fn of_rows(rows: Vec<RunRow>) -> Self {
        Self { rows, further: FurtherRows::None }
    }

    /// Adds a page of the history that begins behind the run `before`.
    pub fn add(&mut self, before: Option<u64>, page: Vec<RunRow>) {
        if self.further != FurtherRows::Awaited(before) {
            return;
        }
        self.further = if page.len() < PAGE { FurtherRows::None } else { FurtherRows::Unread };
        let own = std::mem::take(&mut self.rows);
        let is_new = |row: &RunRow| !own.iter().any(|known| known.run == row.run);
        self.rows = page.into_iter().filter(is_new).collect();
        if self.rows.is_empty() {
            self.rows = own;
            return;
        }
        self.rows.extend(own);
        self.rows.sort_by_key(|row| std::cmp::Reverse(row.run));
    }

    /// The run behind which the next page begins, if it is to be asked for now.
    pub fn wants(&mut self, selected: usize) -> Option<u64> {
        if self.further != FurtherRows::Unread || selected + AHEAD < self.rows.len() {
            return None;
        }
        let last = self.rows.last()?.run;
        self.further = FurtherRows::Awaited(Some(last));
        Some(last)
    }

    /// Whether the history may have more rows than are listed.
    pub fn has_more(&self) -> bool {
        self.further != FurtherRows::None
    }

    /// The line of a run.
    pub fn line_of(&self, run: u64) -> Option<usize> {
        self.rows.iter().position(|row| row.run == run)
    }
}

/// What an earlier run is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunUse {
    /// To be shown.
    Show,
    /// To come back into the prompt with all that it was asked with, its chain and settings too.
    TakeUp,
    /// To be sent again.
    RunAgain,
    /// To be shown as the demo that it would be.
    PreviewDemo,
    /// To become a demo of the signature in use.
    Pin,
}

/// Values in one line.
pub fn one_line(values: &crate::dspy::Values) -> String {
    let text = |value: &Value| match value {
        Value::String(text) => text.split_whitespace().collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    };
    values.values().map(text).collect::<Vec<_>>().join(" · ")
}
