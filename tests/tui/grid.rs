//! The grid of a file of cases.

use crate::stage::{Stage, recorded, task};
use serde_json::{Map, json};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;
use switchover::dspy::Values;
use switchover::eval::{Case, CellResult, Evaluation, Variant};
use switchover::failover::Cost;
use switchover::transcript::Transcript;
use switchover::tui::state::grid::{Asking, Grid, OpenedCases};
use switchover::tui::state::overlay::Overlay;
use switchover::tui::state::overlay::history::RunUse;
use switchover::tui::theme::Theme;
use switchover::tui::{Effect, Msg};

const GPT: &str = "openai/gpt-4o-mini";
const CLAUDE: &str = "anthropic/claude-3-haiku";

fn case(number: usize) -> Case {
    Case {
        id: number.to_string(),
        inputs: Values::from_iter([("question".to_owned(), json!(format!("What is {number} + 1?\nA \u{4e16}界.")))]),
        expected: Values::from_iter([("answer".to_owned(), json!((number + 1).to_string()))]),
        notes: Map::new(),
        split: None,
        tags: Vec::new(),
    }
}

pub(crate) fn cell(score: f64, model: Option<&str>) -> CellResult {
    CellResult {
        score,
        valid: model.is_some(),
        model: model.map(str::to_owned),
        attempts: if model == Some(GPT) { 1 } else { 2 },
        took: Duration::from_millis(820),
        first_token: None,
        cost: if model.is_some() { Cost::Known(0.0001) } else { Cost::NOTHING }.into(),
        judge_cost: Cost::NOTHING,
        tokens: [10, 5],
        run: 77,
        failure: None,
    }
}

pub(crate) fn opened(cases: usize, variants: Vec<Variant>) -> OpenedCases {
    OpenedCases {
        path: "data/sums.jsonl".into(),
        cases: (1..=cases).map(case).collect(),
        metrics: vec![("answer".to_owned(), "exact".parse().expect("a metric"))],
        variants,
        worst: Some(0.25),
        seed: 0,
        repeat: 1,
    }
}

/// A stage with this many cases, asked by the chain and by its second model.
fn stage(width: u16, height: u16, cases: usize) -> Stage {
    let mut stage = Stage::new(width, height, Theme::Dark, &[]);
    stage.script("Ctrl+P 'models and chains to compare' Enter Space Esc");
    let effects = stage.script("Alt+E 'data/sums.jsonl' Enter");
    let [Effect::OpenCases { path: Some(path), variants }] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!(path.to_str(), Some("data/sums.jsonl"));
    let names: Vec<&str> = variants.iter().map(|variant| variant.name.as_str()).collect();
    assert_eq!(names, ["gpt-4o-mini › claude-3-haiku", "claude-3-haiku"]);
    stage.app.update(stage.now, Msg::Cases(Box::new(Ok(opened(cases, variants.clone())))));
    stage.app.refresh();
    stage
}

fn asks(stage: &mut Stage, key: &str) -> (Arc<Evaluation>, Vec<bool>) {
    match stage.press(key) {
        Some(Effect::Evaluate { evaluation, finished, .. }) => (evaluation, finished),
        other => panic!("{other:?}"),
    }
}

fn scored(stage: &mut Stage, cells: Vec<(usize, CellResult)>) {
    stage.app.update(stage.now, Msg::Scored(cells));
    stage.app.refresh();
}

fn ends(stage: &mut Stage, why: Option<&str>) {
    stage.app.update(stage.now, Msg::Evaluated(why.map(str::to_owned)));
    stage.app.refresh();
}

fn grid(stage: &Stage) -> &Grid {
    stage.app.grid.as_ref().expect("a grid")
}

#[test]
fn the_grid_at_three_sizes() {
    let mut snapshot = String::new();
    for (width, height) in [(120, 36), (80, 24), (60, 16)] {
        let mut stage = stage(width, height, 40);
        let _ = writeln!(snapshot, "── {width}×{height}, before anything is asked\n{}", stage.screen());
        asks(&mut stage, "Enter");
        let cells = [(1.0, Some(GPT)), (0.0, Some(CLAUDE)), (1.0, Some(CLAUDE)), (0.5, Some(CLAUDE)), (0.0, None)];
        scored(&mut stage, cells.into_iter().enumerate().map(|(at, (score, who))| (at, cell(score, who))).collect());
        let _ = writeln!(snapshot, "── {width}×{height}, while it fills\n{}", stage.screen());
        ends(&mut stage, Some("Cancelled"));
        stage.script("s Down Right");
        ends(&mut stage, Some("Cancelled"));
        let _ = writeln!(snapshot, "── {width}×{height}, the lowest score first\n{}", stage.screen());
    }
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/screens"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!("grid", snapshot));
}

#[test]
fn enter_asks_escape_cancels_and_asking_again_asks_the_rest() {
    let mut stage = stage(120, 36, 3);
    stage.type_text("s");
    let (evaluation, finished) = asks(&mut stage, "Enter");
    assert_eq!((evaluation.len(), finished), (6, vec![false; 6]));
    assert!(evaluation.variants.iter().all(|variant| task(&variant.spec).inputs.is_empty()));
    assert_eq!(stage.press("r"), None, "not while cells are asked");
    scored(&mut stage, vec![(0, cell(1.0, Some(GPT))), (3, cell(0.0, None))]);
    assert_eq!(stage.press("Esc"), Some(Effect::StopEvaluation));
    assert_eq!((stage.press("Esc"), grid(&stage).asking), (None, Asking::Cancelled));
    // What ended before the cancellation arrived counts.
    scored(&mut stage, vec![(1, cell(1.0, Some(CLAUDE)))]);
    ends(&mut stage, Some("Cancelled"));
    assert!(stage.screen().contains("Cancelled: 3 of 6 are finished; r asks the rest."), "{}", stage.screen());
    let (_, finished) = asks(&mut stage, "r");
    assert_eq!(finished, [true, true, false, true, false, false]);
    scored(&mut stage, [2, 4, 5].map(|at| (at, cell(1.0, Some(GPT)))).to_vec());
    ends(&mut stage, None);
    assert!(stage.screen().contains("All 6 are finished; r asks them again."));
    assert!((stage.app.runs.session().known - 0.0005).abs() < 1e-9, "the session has their cost");
    let (_, finished) = asks(&mut stage, "F2");
    assert_eq!(finished, [false; 6]);
    assert_eq!(stage.press("Ctrl+C"), Some(Effect::StopEvaluation));
    ends(&mut stage, Some("Cancelled"));
    stage.press("Esc");
    assert!(stage.app.overlay.is_none() && stage.app.grid.is_some());
}

#[test]
fn enter_shows_the_run_of_a_finished_cell_and_the_grid_comes_back() {
    let mut stage = stage(60, 16, 3);
    asks(&mut stage, "Enter");
    scored(&mut stage, vec![(0, cell(1.0, Some(GPT)))]);
    assert_eq!(stage.press("Enter"), Some(Effect::OpenRun(77, RunUse::Show)), "also while others are asked");
    let run = Transcript::of(&recorded("takeover"));
    stage.app.update(stage.now, Msg::Opened(RunUse::Show, Box::new(Ok(run))));
    stage.app.refresh();
    assert!(stage.app.overlay.is_none() && stage.app.transcript().is_some());
    assert!(stage.screen().contains("signatures say what goes in"), "its answer has the screen\n{}", stage.screen());
    let msg = Msg::Scored(vec![(1, cell(1.0, Some(CLAUDE)))]);
    assert!(!stage.app.may_change_screen(&msg), "cells that nobody sees draw no frame");
    stage.app.update(stage.now, msg);
    stage.press("Alt+E");
    assert_eq!(grid(&stage).finished(), 2);
    // A run that the history does not have.
    stage.press("Enter");
    stage.app.update(stage.now, Msg::Opened(RunUse::Show, Box::new(Err("this run was not kept".to_owned()))));
    assert!(matches!(stage.app.overlay, Some(Overlay::Grid)));
    assert_eq!(stage.app.notice.as_deref(), Some("this run was not kept"));
}

#[test]
fn a_good_answer_becomes_a_demo_and_the_variants_are_asked_with_it() {
    let mut stage = stage(120, 36, 1);
    stage.app.next.signature =
        task(Transcript::of(&recorded("takeover")).spec.as_ref().expect("a spec")).signature.clone();
    asks(&mut stage, "Enter");
    scored(&mut stage, vec![(0, cell(1.0, Some(GPT))), (1, cell(0.0, Some(CLAUDE)))]);
    ends(&mut stage, None);
    assert_eq!(stage.press("p"), Some(Effect::OpenRun(77, RunUse::Pin)));
    let run = Transcript::of(&recorded("takeover"));
    stage.app.update(stage.now, Msg::Opened(RunUse::Pin, Box::new(Ok(run))));
    assert_eq!(stage.app.next.demos.len(), 1);
    assert!(matches!(stage.app.overlay, Some(Overlay::Grid)));
    assert_eq!(stage.script("Right p"), [], "a wrong answer is no example");
    let (evaluation, finished) = asks(&mut stage, "r");
    assert_eq!(finished, [false, false], "other demos are another variant");
    assert!(evaluation.variants.iter().all(|variant| task(&variant.spec).demos.len() == 1));
}

#[test]
fn a_model_is_broken_from_the_grid_and_the_results_stay() {
    let mut stage = stage(120, 36, 2);
    asks(&mut stage, "Enter");
    stage.script("F4");
    let screen = stage.screen();
    assert!(screen.contains("2 cases") && screen.contains("A key sets a fault, for the next request."), "{screen}");
    let effects = stage.script("5");
    assert!(matches!(effects.as_slice(), [Effect::SetFault { model, fault: Some(_) }] if model == GPT), "{effects:?}");
    assert!(matches!(stage.app.overlay, Some(Overlay::Grid)) && stage.screen().contains("from the next request on"));
    scored(&mut stage, vec![(0, cell(1.0, Some(CLAUDE)))]);
    ends(&mut stage, Some("Cancelled"));
    let (_, finished) = asks(&mut stage, "r");
    assert_eq!(finished, [true, false, false, false]);
}

#[test]
fn a_bad_file_leaves_what_is_open_and_another_signature_reads_the_file_again() {
    let mut stage = stage(120, 36, 2);
    let effects = stage.script("o 'bad.jsonl' Enter");
    assert!(matches!(effects.as_slice(), [Effect::OpenCases { .. }]));
    let why = "bad.jsonl, line 2, column 26: not a JSON object: expected value";
    stage.app.update(stage.now, Msg::Cases(Box::new(Err(why.to_owned()))));
    assert!(stage.screen().contains(why) && stage.screen().contains("sums.jsonl"), "{}", stage.screen());
    stage.app.next.signature = "question -> answer: int".parse().expect("a signature");
    let effect = stage.press("Enter");
    assert!(matches!(&effect, Some(Effect::OpenCases { path: Some(_), .. })), "{effect:?}");
    // Without a path, that of the configuration.
    let effects = stage.script("o Enter");
    assert!(matches!(effects.as_slice(), [Effect::OpenCases { path: None, .. }]), "{effects:?}");
}

#[test]
fn the_file_is_read_again_for_another_chain_while_nothing_was_asked() {
    let mut stage = stage(120, 36, 2);
    assert_eq!(stage.script("Alt+E Alt+E"), [], "the chain is the same");
    let effects = stage.script("Alt+E Alt+L Alt+E");
    let [Effect::OpenCases { path: Some(_), variants }] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!(variants[0].name, "claude-3-haiku › gpt-4o-mini");
    stage.app.update(stage.now, Msg::Cases(Box::new(Ok(opened(2, variants.clone())))));
    asks(&mut stage, "Enter");
    scored(&mut stage, vec![(0, cell(1.0, Some(CLAUDE)))]);
    ends(&mut stage, Some("Cancelled"));
    assert_eq!(stage.script("Alt+E Alt+L Alt+E"), [], "results stay until something is asked");
}

#[test]
fn quitting_while_cells_are_asked_is_asked_about() {
    let mut stage = stage(120, 36, 2);
    asks(&mut stage, "Enter");
    assert_eq!(stage.press("Ctrl+Q"), None);
    assert!(stage.screen().contains("quitting cancels them"), "{}", stage.screen());
    assert_eq!(stage.press("Enter"), Some(Effect::Quit));
}

#[test]
fn a_grid_says_that_it_asks_each_case_once_and_takes_the_seed() {
    let mut stage = stage(80, 24, 3);
    assert!(!stage.screen().contains("eval.repeat"));
    let variants = grid(&stage).variants().to_vec();
    let cases = OpenedCases { repeat: 3, seed: 7, ..opened(3, variants) };
    stage.app.update(stage.now, Msg::Cases(Box::new(Ok(cases))));
    stage.app.refresh();
    assert!(stage.screen().contains("; each once, whatever eval.repeat says"), "{}", stage.screen());
    assert_eq!((grid(&stage).evaluation().repeat, grid(&stage).evaluation().seed), (1, 7));
}

#[test]
fn ten_thousand_cases_are_moved_through_sorted_and_filled() {
    let mut stage = stage(120, 36, 10_000);
    let (evaluation, _) = asks(&mut stage, "Enter");
    for batch in (0..evaluation.len()).collect::<Vec<_>>().chunks(500) {
        let result = |at: &usize| (*at, cell(if at.is_multiple_of(7) { 0.0 } else { 1.0 }, Some(GPT)));
        scored(&mut stage, batch.iter().map(result).collect());
        stage.press("Down");
        stage.frame();
    }
    ends(&mut stage, None);
    assert_eq!(grid(&stage).finished(), 20_000);
    stage.script("s s s s End PgUp");
    assert!(stage.screen().contains("10000 cases") && stage.screen().contains("▲"), "{}", stage.screen());
    assert!(!stage.app.shows_time(stage.now), "nothing moves by itself");
}
