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
