//! The grid of a file of cases: cases down, variants across, each cell a score and who answered. It keeps sums of its
//! columns, so that no frame has to visit all cells.

use crate::eval::{Case, CellResult, Evaluation, FaultPlan, Metric, Results, Variant};
use crate::failover::Cost;
use crate::transcript::Spend;
use crate::tui::wrap::width;
use serde_json::Value;
use std::path::PathBuf;
use std::sync::Arc;

/// A file of cases that was read for the screen.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenedCases {
    /// The file.
    pub path: PathBuf,
    /// Its cases.
    pub cases: Vec<Case>,
    /// The scored outputs, each with its metric.
    pub metrics: Vec<(String, Metric)>,
    /// The variants that it was read for. All have the signature of the cases.
    pub variants: Vec<Variant>,
    /// The most that all cells can cost, in USD; none if a price is not known.
    pub worst: Option<f64>,
    /// The seed of the jitter.
    pub seed: u64,
    /// How often the configuration asks each case. The grid asks it once.
    pub repeat: usize,
}

/// In which order the cases stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CaseOrder {
    /// As in the file.
    #[default]
    File,
    /// The lowest score first.
    Score,
    /// The largest difference between two variants first.
    Disagreement,
    /// The most expensive first.
    Cost,
}

impl CaseOrder {
    /// All, in the order of the key.
    const ALL: [Self; 4] = [Self::File, Self::Score, Self::Disagreement, Self::Cost];

    /// Its name on the screen.
    pub fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Score => "lowest score",
            Self::Disagreement => "disagreement",
            Self::Cost => "highest cost",
        }
    }
}

/// Whether cells are being asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Asking {
    /// No.
    #[default]
    No,
    /// Yes.
    Yes,
    /// It was cancelled, and its end has not come.
    Cancelled,
}

/// The finished cells of a column together.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ColumnSum {
    /// Finished cells.
    pub finished: usize,
    /// The sum of their scores.
    pub score: f64,
    /// Cells with a valid answer.
    pub valid: usize,
    /// Valid answers that did not come from the chain's first model.
    pub failovers: usize,
    /// What they cost, judges included.
    pub spend: Spend,
}

impl ColumnSum {
    /// The mean score; none without a finished cell.
    pub fn mean(&self) -> Option<f64> {
        (self.finished > 0).then(|| self.score / self.finished as f64)
    }

    fn add(&mut self, cell: &CellResult, variant: &Variant) {
        self.finished += 1;
        self.score += cell.score;
        self.valid += usize::from(cell.valid);
        self.failovers += usize::from(cell.is_of_fallback(variant));
        self.spend = self.spend.plus(cell.spend());
    }
}

/// The grid.
#[derive(Clone, Debug)]
pub struct Grid {
    /// The file of cases.
    pub path: PathBuf,
    /// Whether cells are being asked.
    pub asking: Asking,
    /// The order of the cases.
    pub order: CaseOrder,
    /// Row and column of the selected cell.
    pub selected: (usize, usize),
    /// The most that all cells can cost, in USD; none if that is not known.
    pub worst: Option<f64>,
    /// How often the configuration asks each case, which the grid asks once.
    pub repeat: usize,
    evaluation: Arc<Evaluation>,
    results: Results,
    sums: Vec<ColumnSum>,
    /// The index of each row's case.
    rows: Vec<usize>,
    /// Cells of the longest id, if it is short enough to stand in a column.
    ids: usize,
}

/// Longer ids than this, in cells, do not set the others apart from their inputs.
const LONGEST_ID: usize = 12;

impl Grid {
    /// A grid without results.
    pub fn new(opened: OpenedCases) -> Self {
        let OpenedCases { path, cases, metrics, variants, worst, seed, repeat } = opened;
        let rows = (0..cases.len()).collect();
        let ids = cases.iter().map(|case| width(&case.id)).filter(|id| *id <= LONGEST_ID).max().unwrap_or(0);
        let sums = vec![ColumnSum::default(); variants.len()];
        let evaluation = Evaluation { cases, variants, plans: vec![FaultPlan::none()], metrics, repeat: 1, seed };
        let results = Results::new(&evaluation);
        let evaluation = Arc::new(evaluation);
        let (asking, order) = (Asking::No, CaseOrder::File);
        Self { path, asking, order, selected: (0, 0), worst, repeat, evaluation, results, sums, rows, ids }
    }

    /// What is asked.
    pub fn evaluation(&self) -> &Arc<Evaluation> {
        &self.evaluation
    }

    /// The case of a row in one line of at most about this many characters: its id and its inputs. The inputs of all
    /// rows begin at the same place.
    pub fn case_line(&self, row: usize, most: usize) -> Option<String> {
        self.case(row).map(|case| case_line(case, self.ids, most))
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// The variants, one for each column.
    pub fn variants(&self) -> &[Variant] {
        &self.evaluation.variants
    }

    /// The sums of the columns.
    pub fn sums(&self) -> &[ColumnSum] {
        &self.sums
    }

    /// The case in a row.
    pub fn case(&self, row: usize) -> Option<&Case> {
        self.evaluation.cases.get(*self.rows.get(row)?)
    }

    /// A cell, if it is finished.
    pub fn cell(&self, row: usize, column: usize) -> Option<&CellResult> {
        self.results.get(self.rows.get(row)? * self.variants().len() + column)
    }

    /// The selected cell, if it is finished.
    pub fn selected_cell(&self) -> Option<&CellResult> {
        self.cell(self.selected.0, self.selected.1)
    }

    /// The number of cells.
    pub fn cells(&self) -> usize {
        self.evaluation.len()
    }

    /// The number of finished cells.
    pub fn finished(&self) -> usize {
        self.sums.iter().map(|sum| sum.finished).sum()
    }

    /// What the finished cells cost.
    pub fn spend(&self) -> Spend {
        self.sums.iter().fold(Spend::default(), |all, sum| all.plus(sum.spend))
    }

    /// Begins to ask the cells that are missing, or all again if none is. Returns which cells are finished.
    pub fn begin(&mut self) -> Vec<bool> {
        if self.finished() == self.cells() {
            self.results = Results::new(&self.evaluation);
            self.sums.fill(ColumnSum::default());
        }
        self.asking = Asking::Yes;
        (0..self.cells()).map(|index| self.results.get(index).is_some()).collect()
    }

    /// Sets a finished cell, by its place in the evaluation.
    pub fn set(&mut self, index: usize, cell: CellResult) {
        if index >= self.cells() || self.results.get(index).is_some() {
            return;
        }
        let column = index % self.variants().len();
        self.sums[column].add(&cell, &self.evaluation.variants[column]);
        self.results.set(index, cell);
    }

    /// The cells are asked no more.
    pub fn end(&mut self) {
        self.asking = Asking::No;
        self.sort();
    }

    /// Asks these variants from now on. The results of those that were asked already stay.
    pub fn use_variants(&mut self, variants: Vec<Variant>) {
        if *self.variants() == variants {
            return;
        }
        let before = Arc::clone(&self.evaluation);
        let old = std::mem::take(&mut self.results);
        let same: Vec<Option<usize>> =
            variants.iter().map(|new| before.variants.iter().position(|known| known.spec == new.spec)).collect();
        let columns = variants.len();
        self.evaluation = Arc::new(Evaluation { variants, ..before.as_ref().clone() });
        self.results = Results::new(&self.evaluation);
        self.sums = vec![ColumnSum::default(); columns];
        self.worst = None;
        for case in 0..before.cases.len() {
            for (column, known) in same.iter().enumerate() {
                let cell = known.and_then(|known| old.get(case * before.variants.len() + known));
                if let Some(cell) = cell.cloned() {
                    self.set(case * columns + column, cell);
                }
            }
        }
        self.selected.1 = self.selected.1.min(columns.saturating_sub(1));
    }

    /// Moves the selection by rows and columns.
    pub fn move_by(&mut self, rows: isize, columns: isize) {
        let (row, column) = self.selected;
        self.selected = (
            row.saturating_add_signed(rows).min(self.rows.len().saturating_sub(1)),
            column.saturating_add_signed(columns).min(self.variants().len().saturating_sub(1)),
        );
    }

    /// Takes the next order.
    pub fn next_order(&mut self) {
        let at = CaseOrder::ALL.iter().position(|order| *order == self.order).unwrap_or_default();
        self.order = CaseOrder::ALL[(at + 1) % CaseOrder::ALL.len()];
        self.sort();
    }

    /// Puts the rows in their order. Cases without a result come last; the selection stays on its case.
    fn sort(&mut self) {
        let selected = self.rows.get(self.selected.0).copied();
        self.rows.sort_unstable();
        if self.order != CaseOrder::File {
            let keys: Vec<f64> = (0..self.rows.len()).map(|case| self.sort_key(case)).collect();
            self.rows.sort_by(|a, b| keys[*a].total_cmp(&keys[*b]));
        }
        if let Some(row) = self.rows.iter().position(|case| Some(*case) == selected) {
            self.selected.0 = row;
        }
    }

    /// A number that is low for the cases that come first.
    fn sort_key(&self, case: usize) -> f64 {
        let columns = self.variants().len();
        let cells = || (0..columns).filter_map(|column| self.results.get(case * columns + column));
        let count = cells().count();
        if count == 0 {
            return f64::INFINITY;
        }
        let scores = || cells().map(|cell| cell.score);
        match self.order {
            CaseOrder::File => case as f64,
            CaseOrder::Score => scores().sum::<f64>() / count as f64,
            CaseOrder::Disagreement => scores().fold(f64::INFINITY, f64::min) - scores().fold(0.0, f64::max),
            CaseOrder::Cost => {
                let known = |cell: &CellResult| match cell.spend().total() {
                    Cost::Known(usd) => usd,
                    // It may be any.
                    Cost::Unknown => f64::INFINITY,
                };
                -cells().map(known).sum::<f64>()
            }
        }
    }
}

/// A case in one line of at most about this many characters: its id, in this many cells, and its inputs.
fn case_line(case: &Case, id: usize, most: usize) -> String {
    let mut line = format!("{}{}", case.id, " ".repeat(id.saturating_sub(width(&case.id))));
    for value in case.inputs.values() {
        line.push_str("  ");
        line.push_str(&one_line(value, most));
        if line.len() > most {
            break;
        }
    }
    line
}

/// The expected values of a case in one line of at most about this many characters.
pub fn expected_line(case: &Case, most: usize) -> String {
    case.expected.values().take(8).map(|value| one_line(value, most)).collect::<Vec<_>>().join(" · ")
}

/// The beginning of a value, with single spaces. Only the beginning of a long text is read.
fn one_line(value: &Value, most: usize) -> String {
    let text = match value {
        Value::String(text) => text.chars().take(most).collect(),
        other => other.to_string(),
    };
    crate::text::clean_line(&text, most)
}

#[cfg(test)]
mod tests;
