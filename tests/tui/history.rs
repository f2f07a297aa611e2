//! The list of earlier runs: pages of the history, searches, and runs that are read when they are used.

use super::stage::{Stage, recorded};
use switchover::transcript::{RunRow, Transcript};
use switchover::tui::state::overlay::Overlay;
use switchover::tui::state::overlay::history::{PAGE, RunUse};
use switchover::tui::theme::Theme;
use switchover::tui::{Effect, Msg};

/// Rows of runs with these ids, asked for `run ID`.
fn rows(ids: impl Iterator<Item = u64>) -> Vec<RunRow> {
    let row = RunRow::of(&Transcript::of(&recorded("takeover"))).expect("a run");
    ids.map(|run| RunRow { run, asked: format!("run {run}"), ..row.clone() }).collect()
}

fn list(words: &str, before: Option<u64>) -> Effect {
    Effect::ListRuns { words: words.to_owned(), before }
}

fn deliver(stage: &mut Stage, words: &str, before: Option<u64>, rows: Vec<RunRow>) {
    stage.app.update(stage.now, Msg::Rows { words: words.to_owned(), before, rows });
}

#[test]
fn the_history_comes_in_pages_as_the_list_is_scrolled() {
    let mut stage = Stage::new(120, 36, Theme::Dark, &["takeover", "typed"]);
    assert_eq!(stage.press("Ctrl+S"), Some(list("", None)));
    assert_eq!(stage.app.runs.list.rows.len(), 2, "those of this session are there at once");
    stage.press("Down");
    let page = PAGE as u64;
    deliver(&mut stage, "", None, rows((1001..=1000 + page).rev()));
    assert_eq!(stage.app.runs.list.rows.len(), 2 + PAGE);
    assert!(matches!(stage.app.overlay, Some(Overlay::History(1))), "the selection stays on its run");
    // A page that was not asked for is not added.
    deliver(&mut stage, "", Some(7), rows(1..3));
    assert_eq!(stage.app.runs.list.rows.len(), 2 + PAGE);
    assert_eq!(stage.press("Up"), None, "there are enough rows below");
    assert_eq!(stage.press("End"), Some(list("", Some(1001))));
    assert_eq!(stage.press("End"), None, "it is asked for once");
    deliver(&mut stage, "", Some(1001), rows((1..=5).rev()));
    assert_eq!(stage.press("End"), None, "that was all");
    assert!(stage.screen().contains("run 1 "), "{}", stage.screen());
}

#[test]
fn a_run_of_another_session_is_read_when_it_is_used() {
    let reports = recorded("typed");
    let run = reports[0].run;
    for (key, purpose) in
        [("Enter", RunUse::Show), ("r", RunUse::RunAgain), ("t", RunUse::TakeUp), ("d", RunUse::PreviewDemo)]
    {
        let mut stage = Stage::new(120, 36, Theme::Dark, &[]);
        stage.press("Ctrl+S");
        deliver(&mut stage, "", None, rows([run].into_iter()));
        assert_eq!(stage.press(key), Some(Effect::OpenRun(run, purpose)));
        let read = Box::new(Ok(Transcript::of(&reports)));
        let effect = stage.app.update(stage.now, Msg::Opened(purpose, read));
        stage.app.refresh();
        match purpose {
            RunUse::Show => assert!(stage.app.runs.shown.is_some() && stage.app.overlay.is_none()),
            RunUse::TakeUp => {
                assert!(stage.app.runs.shown.is_some() && stage.app.overlay.is_none());
                let chain: Vec<_> = stage.app.next.chain.iter().map(|entry| entry.model.as_str()).collect();
                let asked = Transcript::of(&reports);
                let spec = asked.spec.as_ref().expect("a spec");
                assert_eq!(chain, spec.chain.iter().map(|route| route.model.as_str()).collect::<Vec<_>>());
                assert_eq!(stage.app.prompt.values(), spec.task.asked());
            }
            RunUse::RunAgain => assert!(matches!(effect, Some(Effect::Send(_)))),
            // A cell of the grid uses it.
            RunUse::Pin => assert_eq!(stage.app.next.demos.len(), 1),
            RunUse::PreviewDemo => {
                stage.press("Enter");
                assert_eq!(stage.app.next.demos.len(), 1);
            }
        }
    }
    let mut stage = Stage::new(120, 36, Theme::Dark, &[]);
    stage.press("Ctrl+S");
    deliver(&mut stage, "", None, rows([run].into_iter()));
    stage.press("Enter");
    stage.app.update(stage.now, Msg::Opened(RunUse::Show, Box::new(Err("it is damaged".into()))));
    assert_eq!(stage.app.notice.as_deref(), Some("it is damaged"));
    stage.press("Esc");
    stage.app.update(stage.now, Msg::Opened(RunUse::Show, Box::new(Ok(Transcript::of(&reports)))));
    assert!(stage.app.runs.shown.is_none(), "the user has left the list");
}

#[test]
fn a_search_lists_what_the_history_finds_before_what_is_similar() {
    let mut stage = Stage::new(120, 36, Theme::Dark, &["takeover", "typed", "exhausted"]);
    let typed = recorded("typed")[0].run;
    stage.script("Ctrl+S / 'last'");
    assert_eq!(stage.press("s"), Some(list("lasts", None)));
    deliver(&mut stage, "last", None, rows([1].into_iter()));
    assert!(!stage.screen().contains("run 1 "), "an answer to an earlier query is ignored");
    deliver(&mut stage, "lasts", None, rows([9, 8].into_iter()));
    stage.press("Down");
    stage.press("Enter");
    let found: Vec<u64> = stage.app.runs.list.rows.iter().map(|row| row.run).collect();
    assert!(found.contains(&typed) && found.ends_with(&[9, 8]), "what was found, the latest first: {found:?}");
    let last = found.len() - 1;
    assert!(matches!(stage.app.overlay, Some(Overlay::History(line)) if line == last), "{:?}", stage.app.overlay);
    assert_eq!(stage.script("/ Esc"), [list("", None)], "leaving the search shows all again");
}
