//! Comparisons and replays.

use crate::stage::{Stage, recorded, task};
use std::sync::Arc;
use std::time::Duration;
use switchover::report::{Observation, Report, ReportKind};
use switchover::tui::state::overlay::Overlay;
use switchover::tui::state::overlay::compare::{Comparison, name};
use switchover::tui::state::page::Agreement;
use switchover::tui::theme::Theme;
use switchover::tui::{Effect, Msg};

/// A stage with a comparison of the two models of the chain, without reports yet.
fn comparing() -> Stage {
    let mut stage = Stage::new(120, 36, Theme::Dark, &[]);
    stage.type_text("why?");
    let Some(Effect::Compare { number: 1, specs }) = stage.press("Alt+C") else { panic!("compares") };
    let chains: Vec<Vec<_>> =
        specs.iter().map(|spec| spec.chain.iter().map(|route| route.model.as_str()).collect()).collect();
    assert_eq!(chains, [["openai/gpt-4o-mini"], ["anthropic/claude-3-haiku"]]);
    assert!(specs.iter().all(|spec| task(spec).inputs["question"] == "why?"));
    stage
}

fn report(stage: &mut Stage, number: u64, column: usize, reports: Vec<Report>) {
    for report in reports {
        let msg = Msg::Compared { number, column, report: Arc::new(report) };
        stage.app.update(stage.now, msg);
    }
    stage.app.refresh();
}

fn compare(stage: &Stage) -> &Comparison {
    match &stage.app.overlay {
        Some(Overlay::Compare(compare)) => compare,
        other => panic!("{other:?}"),
    }
}

/// The reports of the recorded run as another run with this answer.
fn run_with_answer(answer: &str) -> Vec<Report> {
    let mut reports = recorded("takeover");
    for report in &mut reports {
        report.run += 1;
        if let ReportKind::Observation(Observation::Parsed { prediction, .. }) = &mut report.what {
            Arc::make_mut(&mut prediction.fields).insert("answer".into(), answer.into());
        }
    }
    reports
}

fn answer_of(reports: &[Report]) -> String {
    let parsed = reports.iter().find_map(|report| match &report.what {
        ReportKind::Observation(Observation::Parsed { prediction, .. }) => {
            prediction.fields.get("answer")?.as_str().map(str::to_owned)
        }
        _ => None,
    });
    parsed.expect("an answer")
}

#[test]
fn equal_and_different_fields_are_marked() {
    let mut stage = comparing();
    let first = recorded("takeover");
    let same = format!(" {}\n", answer_of(&first));
    report(&mut stage, 1, 0, first);
    assert_eq!(compare(&stage).agreement("answer"), Agreement::Alone);
    assert!(compare(&stage).running() && stage.app.shows_time(stage.now), "the other run is still in progress");
    report(&mut stage, 1, 1, run_with_answer(&same));
    assert_eq!(compare(&stage).agreement("answer"), Agreement::Same, "spaces around a text are ignored");
    assert!(stage.screen().contains("all answers are equal") && stage.screen().contains("= answer"));
    assert!(!compare(&stage).running() && !stage.app.shows_time(stage.now));

    let mut stage = comparing();
    report(&mut stage, 1, 0, recorded("takeover"));
    report(&mut stage, 1, 1, run_with_answer("Something else."));
    assert_eq!(compare(&stage).agreement("answer"), Agreement::Differs);
    assert!(stage.screen().contains("the answers differ") && stage.screen().contains("≠ answer"));
}

#[test]
fn words_that_the_first_answer_does_not_have_are_marked_when_both_are_complete() {
    let new = |stage: &Stage| {
        let screen = stage.screen();
        let marks = screen.lines().filter(|line| line.starts_with("new in line"));
        marks.filter_map(|line| Some(line.split_once(": ")?.1.to_owned())).collect::<Vec<_>>()
    };
    let mut stage = comparing();
    let second = run_with_answer("One **small** step for a man, one leap.");
    let (before, last) = second.split_at(second.len() - 1);
    report(&mut stage, 1, 0, run_with_answer("One step for man, one giant leap."));
    report(&mut stage, 1, 1, before.to_vec());
    assert_eq!(new(&stage), Vec::<String>::new(), "not while the answer streams");
    report(&mut stage, 1, 1, last.to_vec());
    assert_eq!(new(&stage), ["smalla"]);
    assert!(stage.screen().contains("underlined: not in the first"));
    stage.app.resize(60, 16);
    stage.app.refresh();
    stage.script("End");
    assert_eq!(new(&stage).concat(), "smalla", "also at another width");
}

#[test]
fn words_far_below_the_screen_are_marked_too() {
    let mut stage = comparing();
    let long = "The same words in the same order.\n\n".repeat(1000);
    report(&mut stage, 1, 0, run_with_answer(&format!("{long}The end.")));
    report(&mut stage, 1, 1, run_with_answer(&format!("{long}The other end.")));
    stage.script("End");
    let screen = stage.screen();
    let marks: Vec<&str> = screen.lines().filter(|line| line.starts_with("new in line")).collect();
    assert!(marks.len() == 1 && marks[0].ends_with(": other"), "{screen}");
}

#[test]
fn lists_numbers_and_labels_are_marked_as_whole_values() {
    let mut stage = comparing();
    report(&mut stage, 1, 0, recorded("typed"));
    let mut reports = recorded("typed");
    for report in &mut reports {
        report.run += 1;
        if let ReportKind::Observation(Observation::Parsed { prediction, .. }) = &mut report.what {
            let fields = Arc::make_mut(&mut prediction.fields);
            fields.insert("topics".into(), serde_json::json!(["battery", "a new one", "price"]));
            fields.insert("score".into(), serde_json::json!(0.5));
        }
    }
    report(&mut stage, 1, 1, reports);
    let screen = stage.screen();
    let new: Vec<&str> = screen.lines().filter(|line| line.starts_with("new in line")).collect();
    let said: Vec<&str> = new.iter().filter_map(|line| line.split_once(": ")).map(|(_, text)| text).collect();
    assert_eq!(said, ["0.5", "• a new one"], "{screen}");
}

#[test]
fn escape_cancels_a_comparison_and_late_reports_are_ignored() {
    let mut stage = comparing();
    report(&mut stage, 1, 0, recorded("takeover").into_iter().take(5).collect());
    assert_eq!(stage.press("Esc"), Some(Effect::Cancel));
    assert!(stage.app.overlay.is_none());
    report(&mut stage, 1, 0, recorded("takeover"));
    assert!(
        stage.app.runs.shown.is_none() && stage.app.runs.past.is_empty(),
        "a compared run does not replace the run on the screen"
    );
    let again = stage.press("Alt+C");
    assert!(matches!(again, Some(Effect::Compare { number: 2, .. })));
    report(&mut stage, 1, 0, recorded("takeover"));
    assert!(compare(&stage).columns[0].transcript.run.is_none(), "the first comparison's reports are not the second's");
}

#[test]
fn a_finished_comparison_is_in_the_history_and_can_run_again() {
    let mut stage = comparing();
    report(&mut stage, 1, 0, recorded("takeover"));
    assert_eq!(stage.press("r"), None, "not while a run is in progress");
    report(&mut stage, 1, 1, run_with_answer("Something else."));
    assert!(matches!(stage.press("r"), Some(Effect::Compare { number: 2, .. })));
    assert_eq!(stage.app.runs.past.len(), 2);
}

#[test]
fn a_comparison_with_one_model_opens_the_list_of_models() {
    let mut stage = Stage::new(120, 36, Theme::Dark, &[]);
    stage.app.next.chain.truncate(1);
    stage.type_text("why?");
    assert_eq!(stage.press("Alt+C"), None);
    assert!(matches!(stage.app.overlay, Some(Overlay::CompareSet(0))), "the user can add a model there");
    let effects = stage.script("a 'llama' Enter Enter");
    assert!(matches!(effects.as_slice(), [Effect::Compare { specs, .. }] if specs.len() == 2), "{effects:?}");
}

#[test]
fn up_to_four_models_and_chains_can_be_selected() {
    let mut stage = Stage::new(120, 36, Theme::Dark, &[]);
    stage.type_text("why?");
    stage.script("Ctrl+P 'models and chains to compare' Enter");
    // The whole chain, a model that is not in the catalogue, and a typed chain.
    stage.script("Down Down Space a 'zz/one' Enter a 'zz/two,zz/three' Enter");
    let names = |stage: &Stage| -> Vec<String> {
        stage.app.compare_set.selected(&stage.app.next.chain).iter().map(|candidate| name(candidate)).collect()
    };
    assert_eq!(names(&stage), ["gpt-4o-mini", "claude-3-haiku", "gpt-4o-mini › claude-3-haiku", "one"]);
    stage.press("Space");
    assert!(stage.app.notice.as_ref().is_some_and(|notice| notice.contains("At most 4")));
    stage.script("Home Space End Space");
    assert_eq!(names(&stage), ["claude-3-haiku", "gpt-4o-mini › claude-3-haiku", "one", "two › three"]);
    let Some(Effect::Compare { specs, .. }) = stage.press("Enter") else { panic!("compares") };
    assert_eq!(specs.iter().map(|spec| spec.chain.len()).collect::<Vec<_>>(), [1, 2, 1, 2]);
    stage.app.resize(60, 16);
    stage.app.refresh();
    assert!(stage.screen().contains("compare 1–2 of 4"), "{}", stage.screen());
    stage.script("Right Right Right Left");
    assert!(stage.screen().contains("compare 2–3 of 4"), "{}", stage.screen());
    assert_eq!(stage.press("e"), Some(Effect::Cancel));
    stage.script("End x");
    assert_eq!(names(&stage), ["claude-3-haiku", "gpt-4o-mini › claude-3-haiku", "one"]);
    stage.script("F4");
    stage.script("Esc F4 5");
    assert!(
        stage.app.compare_set.all(&stage.app.next.chain)[2][0].fault.is_some(),
        "a fault applies to the model in every candidate"
    );
}

#[test]
fn refreshing_a_comparison_without_new_reports_renders_nothing() {
    let mut stage = comparing();
    report(&mut stage, 1, 0, recorded("takeover"));
    report(&mut stage, 1, 1, run_with_answer("Something else."));
    let work = |stage: &Stage| compare(stage).columns.iter().map(|column| column.page.work()).sum::<u64>();
    let before = work(&stage);
    assert!(before > 0);
    stage.app.refresh();
    stage.frame();
    assert_eq!(work(&stage), before);
}

fn replaying() -> (Stage, Vec<Report>) {
    let mut stage = Stage::new(120, 36, Theme::Dark, &["takeover"]);
    let reports = recorded("takeover");
    assert_eq!(stage.script("Ctrl+S p").last(), Some(&Effect::Replay(reports[0].run)));
    assert!(stage.app.busy());
    (stage, reports)
}

#[test]
fn a_replay_shows_the_recorded_run_and_a_badge() {
    let (mut stage, reports) = replaying();
    let last = reports.last().expect("reports").at;
    for report in reports {
        stage.app.update(stage.now, Msg::Replayed(Some(Arc::new(report))));
    }
    stage.app.refresh();
    let run = stage.app.runs.shown.as_ref().expect("a run");
    assert_eq!(run.transcript.latest, last);
    assert!(stage.screen().lines().next().is_some_and(|line| line.ends_with("REPLAY")), "{}", stage.screen());
    stage.app.update(stage.now, Msg::Replayed(None));
    assert!(!stage.app.busy() && stage.app.health.rows.is_empty(), "a replay does not change the health board");
    stage.press("Ctrl+N");
    assert_eq!(stage.app.runs.past.len(), 1, "a replay is not added to the history");
}

#[test]
fn a_replay_can_be_cancelled_and_an_incomplete_one_ends() {
    let (mut stage, reports) = replaying();
    for report in reports.iter().take(6) {
        stage.app.update(stage.now, Msg::Replayed(Some(Arc::new(report.clone()))));
    }
    assert!(stage.app.busy());
    assert_eq!(stage.press("Esc"), Some(Effect::Cancel));
    assert!(!stage.app.busy());
    stage.app.update(stage.now, Msg::Replayed(Some(Arc::new(reports[6].clone()))));
    assert!(!stage.app.busy(), "late reports are ignored");

    let (mut stage, reports) = replaying();
    stage.app.update(stage.now, Msg::Replayed(Some(Arc::new(reports[1].clone()))));
    stage.app.update(stage.now, Msg::Replayed(None));
    assert!(!stage.app.busy());
}

#[test]
fn reports_of_a_live_run_do_not_change_a_replay() {
    let (mut stage, reports) = replaying();
    stage.app.update(stage.now, Msg::Replayed(Some(Arc::new(reports[0].clone()))));
    let mut live = reports[3].clone();
    live.at = Duration::from_secs(99);
    stage.app.update(stage.now, Msg::Report(Arc::new(live)));
    assert!(stage.app.runs.shown.as_ref().is_some_and(|run| run.transcript.latest < Duration::from_secs(99)));
}

#[test]
fn an_earlier_answer_is_previewed_and_pinned_with_its_signature() {
    let mut stage = Stage::new(120, 36, Theme::Dark, &["takeover", "typed", "exhausted"]);
    stage.script("Ctrl+S d");
    assert!(
        stage.app.notice.as_ref().is_some_and(|notice| notice.contains("complete, valid answer")),
        "this run had no answer"
    );
    stage.script("Down d");
    assert!(
        stage.screen().contains("use this answer as a demo?") && stage.app.next.demos.is_empty(),
        "{}",
        stage.screen()
    );
    stage.press("Enter");
    let task = stage.app.runs.past[1].task().cloned().expect("begun");
    assert_eq!((stage.app.next.signature.inline(), stage.app.next.demos.len()), (task.signature.inline(), 1));
    assert!(matches!(stage.app.overlay, Some(Overlay::Demos(0))));
    stage.script("Esc Ctrl+S Down Alt+P Alt+P");
    assert_eq!(stage.app.next.demos.len(), 1, "not twice");
}
