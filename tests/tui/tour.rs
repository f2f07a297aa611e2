//! The guided tour: every step works, fits the smallest screen, and the user's state is restored.

use crate::stage::{Stage, recorded};
use std::sync::Arc;
use switchover::report::{Observation, Report, ReportKind};
use switchover::tui::keymap::Keymap;
use switchover::tui::state::overlay::Overlay;
use switchover::tui::state::tour::{built_in, parse_keys};
use switchover::tui::theme::Theme;
use switchover::tui::{Effect, Msg};

/// Lets the tour press its keys. The recorded run answers each request at once.
fn play(stage: &mut Stage) -> Vec<Effect> {
    let mut effects = Vec::new();
    for _ in 0..200 {
        let Some(effect) = stage.app.update(stage.now, Msg::Tick) else { continue };
        let messages: Vec<Msg> = match &effect {
            Effect::Send(_) => recorded("takeover").into_iter().map(|r| Msg::Report(Arc::new(r))).collect(),
            Effect::Compare { number, specs } => {
                let column_reports = |column: usize| recorded("takeover").into_iter().map(move |r| (column, r));
                let msg = |(column, r)| Msg::Compared { number: *number, column, report: Arc::new(r) };
                (0..specs.len()).flat_map(column_reports).map(msg).collect()
            }
            _ => Vec::new(),
        };
        for msg in messages {
            stage.app.update(stage.now, msg);
        }
        effects.push(effect);
    }
    stage.app.refresh();
    effects
}

fn sends(effects: &[Effect]) -> usize {
    effects.iter().filter(|effect| matches!(effect, Effect::Send(_))).count()
}

#[test]
fn every_step_has_the_effect_that_its_text_describes() {
    for (width, height) in [(120, 36), (80, 24), (60, 16)] {
        check_steps(Stage::new(width, height, Theme::Dark, &[]));
    }
    // The tour uses the default keys, whatever keys the user chose.
    let mut stage = Stage::new(80, 24, Theme::Dark, &[]);
    let choices = [("send-anywhere", "F4"), ("faults", "F2"), ("compare", "Alt+X")];
    let choices = choices.map(|(name, key)| (name.to_owned(), vec![key.to_owned()]));
    stage.app.keymap = Keymap::with(&choices.into_iter().collect()).expect("a keymap");
    check_steps(stage);
}

fn check_steps(mut stage: Stage) {
    let signature = stage.app.next.signature.clone();
    stage.press("Alt+T");
    let mut seen = Vec::new();
    while let Some(step) = stage.app.tour.as_ref().and_then(|tour| tour.step().cloned()) {
        let effects = play(&mut stage);
        seen.push((sends(&effects), effects.iter().any(|c| matches!(c, Effect::SetFault { .. }))));
        let screen = stage.screen();
        assert!(screen.contains(&step.title), "{screen}");
        for word in step.text.split_whitespace() {
            assert!(screen.contains(word), "{word:?} is cut off: {screen}");
        }
        match step.title.as_str() {
            "Headers" => assert!(matches!(stage.app.overlay, Some(Overlay::Headers(_)))),
            "The attempts on a time axis" => assert!(screen.contains("█ answer"), "{screen}"),
            "Break the first model" => assert!(screen.contains("took over"), "{screen}"),
            "Without a chain: one model alone" => assert!(matches!(stage.app.overlay, Some(Overlay::Compare(_)))),
            "Modules" => assert_ne!(stage.app.next.module, built_in().module),
            _ => assert!(stage.app.overlay.is_none(), "{}", step.title),
        }
        stage.press("Enter");
    }
    // For each step: how many requests it sends, and whether it sets a fault.
    let expected = [(1, false), (0, false), (1, true), (1, true), (0, false), (0, false), (1, false), (1, false)];
    assert_eq!(seen, expected);
    assert_eq!(stage.app.next.signature, signature, "the user's signature is restored");
    assert!(stage.app.next.chain.iter().all(|entry| entry.fault.is_none()));
}

#[test]
fn escape_ends_the_tour_at_any_time_and_clears_its_faults() {
    let mut stage = Stage::new(120, 36, Theme::Dark, &[]);
    let chain = stage.app.next.chain.clone();
    stage.press("Alt+T");
    stage.app.update(stage.now, Msg::Tick);
    assert_eq!(stage.press("Esc"), Some(Effect::ClearAllFaults));
    assert!(stage.app.tour.is_none() && stage.app.next.chain == chain);
    assert_eq!(stage.app.update(stage.now, Msg::Tick), None, "no more keys are pressed");
}

#[test]
fn what_was_typed_and_sent_before_the_tour_comes_back() {
    let mut stage = Stage::new(120, 36, Theme::Dark, &[]);
    stage.script("'sent before' Enter");
    stage.play("takeover", std::time::Duration::MAX);
    stage.script("Alt+U Ctrl+U 'half a question' Alt+T");
    play(&mut stage);
    assert_eq!(stage.app.prompt.input().text(), "What is DSPy?");
    stage.press("Esc");
    assert_eq!(stage.app.prompt.input().text(), "half a question");
    let sent = |stage: &Stage| stage.app.sent.all.iter().map(|values| values["question"].clone()).collect::<Vec<_>>();
    assert_eq!(sent(&stage), ["sent before"]);
}

#[test]
fn faults_of_the_user_and_of_the_tour_are_cleared() {
    let chain_line = |stage: &Stage| stage.screen().lines().nth(34).expect("a line").to_owned();
    let mut stage = Stage::new(120, 36, Theme::Dark, &[]);
    stage.script("F4 5 Esc");
    assert!(chain_line(&stage).contains("gpt-4o-mini ✗503"), "{}", stage.screen());

    assert_eq!(stage.press("Alt+T"), Some(Effect::ClearAllFaults));
    assert!(stage.app.next.chain.iter().all(|entry| entry.fault.is_none()), "the tour starts without faults");
    while !stage.app.next.chain.iter().any(|entry| entry.fault.is_some()) {
        play(&mut stage);
        stage.press("Enter");
    }

    assert_eq!(stage.press("Esc"), Some(Effect::ClearAllFaults));
    // The next key clears the final notice of the tour, and the chain is shown again.
    stage.press("Tab");
    let line = chain_line(&stage);
    assert!(line.contains("gpt-4o-mini") && !line.contains('✗'), "{}", stage.screen());
    assert!(stage.app.next.chain.iter().all(|entry| entry.fault.is_none()), "{:?}", stage.app.next.chain);
}

#[test]
fn the_tour_runs_only_on_the_simulator() {
    let mut stage = Stage::new(120, 36, Theme::Dark, &[]);
    stage.app.server.simulated = false;
    assert_eq!(stage.press("Alt+T"), None);
    assert!(stage.app.tour.is_none() && stage.screen().contains("switchover tour"));
}

#[test]
fn the_tours_keys_wait_for_the_run_and_the_users_letters_have_no_effect() {
    let mut stage = Stage::new(120, 36, Theme::Dark, &[]);
    stage.press("Alt+T");
    stage.press("z");
    while !stage.app.busy() {
        stage.app.update(stage.now, Msg::Tick);
    }
    assert_eq!(stage.app.sent.all.last().expect("sent")["question"], "What is DSPy?");
    stage.press("Enter");
    assert!(stage.app.tour.as_ref().is_some_and(|tour| tour.current == 1 && tour.has_keys()));
    assert_eq!(stage.app.update(stage.now, Msg::Tick), None);
    assert!(stage.app.overlay.is_none(), "the keys of the next step wait");
}

#[test]
fn every_text_fits_the_smallest_screen_and_every_key_is_valid() {
    let mut stage = Stage::new(60, 16, Theme::Dark, &[]);
    assert!(built_in().signature.parse::<switchover::dspy::Signature>().is_ok());
    stage.press("Alt+T");
    for step in built_in().steps {
        parse_keys(&step.keys).unwrap_or_else(|word| panic!("{}: {word:?} is not a key", step.title));
        let rows = switchover::tui::wrap::plain(&step.text, ratatui::style::Style::default(), 58);
        assert!(rows.len() <= 3, "{}: {} rows", step.title, rows.len());
    }
    assert!(stage.screen().contains("tour 1 of"), "{}", stage.screen());
    assert!(!stage.screen().contains("needs"), "{}", stage.screen());
}

#[test]
fn a_run_of_the_tour_is_shown_like_any_other() {
    let mut stage = Stage::new(80, 24, Theme::Dark, &[]);
    stage.press("Alt+T");
    play(&mut stage);
    let begun = |report: &Report| matches!(report.what, ReportKind::Observation(Observation::Begun(_)));
    assert!(recorded("takeover").iter().any(begun) && stage.app.runs.shown.is_some());
}
