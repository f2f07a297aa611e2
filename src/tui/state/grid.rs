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
mod tests {
    use super::*;
    use crate::dspy::Values;
    use crate::spec::{RunSpec, SignatureTask};
    use std::time::Duration;

    fn variant(models: &[&str]) -> Variant {
        let task = SignatureTask::new("question -> answer".parse().expect("a signature"), Values::new());
        Variant { name: models.join(" › "), spec: RunSpec::new(task, models.iter().copied()) }
    }

    fn grid(cases: usize, variants: Vec<Variant>) -> Grid {
        let case = |number: usize| Case {
            id: number.to_string(),
            inputs: Values::from_iter([("question".to_owned(), format!("What is {number}?").into())]),
            expected: Values::from_iter([("answer".to_owned(), number.into())]),
            notes: serde_json::Map::new(),
            split: None,
            tags: Vec::new(),
        };
        let metrics = vec![("answer".to_owned(), "exact".parse().expect("a metric"))];
        let cases = (1..=cases).map(case).collect();
        let path = "cases.jsonl".into();
        Grid::new(OpenedCases { path, cases, metrics, variants, worst: None, seed: 0, repeat: 1 })
    }

    fn cell(score: f64, model: &str, usd: f64) -> CellResult {
        CellResult {
            score,
            valid: !model.is_empty(),
            model: (!model.is_empty()).then(|| model.to_owned()),
            attempts: 1,
            took: Duration::from_secs(1),
            first_token: None,
            cost: Cost::Known(usd).into(),
            judge_cost: Cost::NOTHING,
            tokens: [0, 0],
            run: 1,
            failure: None,
        }
    }

    fn ids(grid: &Grid) -> Vec<&str> {
        (0..grid.rows()).filter_map(|row| grid.case(row)).map(|case| case.id.as_str()).collect()
    }

    #[test]
    fn sums_of_columns_count_scores_failovers_and_costs() {
        let mut grid = grid(3, vec![variant(&["a/one", "b/two"]), variant(&["c/three"])]);
        assert_eq!(grid.begin(), [false; 6]);
        grid.set(0, cell(1.0, "a/one", 0.1));
        grid.set(2, cell(0.5, "b/two", 0.2));
        grid.set(4, cell(0.0, "", 0.0));
        grid.set(1, cell(1.0, "c/three", 0.4));
        // A cell counts once.
        grid.set(1, cell(0.0, "", 9.0));
        let [first, second] = grid.sums() else { panic!("two columns") };
        assert_eq!((first.finished, first.valid, first.failovers, first.mean()), (3, 2, 1, Some(0.5)));
        assert_eq!((second.finished, second.valid, second.failovers, second.mean()), (1, 1, 0, Some(1.0)));
        assert!((grid.spend().known - 0.7).abs() < 1e-9);
        assert_eq!(grid.finished(), 4);
    }

    #[test]
    fn what_is_missing_is_asked_and_then_all_again() {
        let mut grid = grid(2, vec![variant(&["a/one"])]);
        grid.begin();
        grid.set(1, cell(1.0, "a/one", 0.1));
        grid.end();
        assert_eq!(grid.begin(), [false, true]);
        grid.set(0, cell(1.0, "a/one", 0.1));
        grid.end();
        assert_eq!(grid.begin(), [false, false]);
        assert_eq!((grid.finished(), grid.spend().known), (0, 0.0));
    }

    #[test]
    fn orders_put_the_interesting_cases_first_and_keep_the_selection() {
        let mut grid = grid(4, vec![variant(&["a/one"]), variant(&["c/three"])]);
        let scores = [(1.0, 1.0, 0.1), (0.0, 1.0, 0.3), (0.0, 0.0, 0.2)];
        for (case, (first, second, usd)) in scores.into_iter().enumerate() {
            grid.set(case * 2, cell(first, "a/one", usd));
            grid.set(case * 2 + 1, cell(second, "c/three", 0.0));
        }
        grid.move_by(1, 5);
        assert_eq!(grid.selected, (1, 1));
        let orders: Vec<(&str, String, String)> = (0..4)
            .map(|_| {
                grid.next_order();
                let selected = grid.case(grid.selected.0).map(|case| case.id.clone()).unwrap_or_default();
                (grid.order.name(), ids(&grid).concat(), selected)
            })
            .collect();
        let wanted = [("lowest score", "3214"), ("disagreement", "2134"), ("highest cost", "2314"), ("file", "1234")];
        let wanted = wanted.map(|(name, order)| (name, order.to_owned(), "2".to_owned()));
        assert_eq!(orders, wanted);
    }

    #[test]
    fn a_variant_that_was_asked_keeps_its_results_beside_a_new_one() {
        let mut grid = grid(2, vec![variant(&["a/one"])]);
        grid.set(0, cell(1.0, "a/one", 0.1));
        grid.use_variants(vec![variant(&["b/two"]), variant(&["a/one"])]);
        assert_eq!(grid.cell(0, 0), None);
        assert_eq!(grid.cell(0, 1).map(|cell| cell.score), Some(1.0));
        assert_eq!((grid.finished(), grid.cells()), (1, 4));
        grid.use_variants(vec![variant(&["b/two"])]);
        assert_eq!((grid.finished(), grid.cells()), (0, 2));
    }

    #[test]
    fn only_the_beginning_of_long_inputs_is_read() {
        let mut case = grid(1, vec![variant(&["a/one"])]).case(0).expect("a case").clone();
        case.inputs.insert("question".to_owned(), "long words \n".repeat(100_000).into());
        assert!(case_line(&case, 1, 200).len() < 240);
        assert_eq!(expected_line(&case, 200), "1");
    }
}
