//! The tour: every step can be played, fits the smallest screen, and gives everything back.

use crate::stage::{Stage, recorded};
use std::sync::Arc;
use switchover::report::{Observation, Report, ReportKind};
use switchover::tui::keymap::Keymap;
use switchover::tui::state::overlay::Overlay;
use switchover::tui::state::tour::{built_in, parse_keys};
use switchover::tui::theme::Theme;
use switchover::tui::{Effect, Msg};

/// Lets the tour press its keys; what is sent is answered at once by the recorded run.
fn play(stage: &mut Stage) -> Vec<Effect> {
    let mut effects = Vec::new();
    for _ in 0..200 {
        let Some(effect) = stage.app.update(stage.now, Msg::Tick) else { continue };
        let told: Vec<Msg> = match &effect {
            Effect::Send(_) => recorded("takeover").into_iter().map(|r| Msg::Report(Arc::new(r))).collect(),
            Effect::Compare { number, specs } => {
                let told = |column: usize| recorded("takeover").into_iter().map(move |r| (column, r));
                let msg = |(column, r)| Msg::Compared { number: *number, column, report: Arc::new(r) };
                (0..specs.len()).flat_map(told).map(msg).collect()
            }
            _ => Vec::new(),
        };
        for msg in told {
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
fn every_step_does_what_it_says() {
    for (width, height) in [(120, 36), (80, 24), (60, 16)] {
        steps_do_what_they_say(Stage::new(width, height, Theme::Dark, &[]));
    }
    // Keys of one's own change nothing in it.
    let mut stage = Stage::new(80, 24, Theme::Dark, &[]);
    let choices = [("send-anywhere", "F4"), ("faults", "F2"), ("compare", "Alt+X")];
    let choices = choices.map(|(name, key)| (name.to_owned(), vec![key.to_owned()]));
    stage.app.keymap = Keymap::with(&choices.into_iter().collect()).expect("a keymap");
    steps_do_what_they_say(stage);
}

fn steps_do_what_they_say(mut stage: Stage) {
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
            "The same on a time axis" => assert!(screen.contains("█ answer"), "{screen}"),
            "Break the first model" => assert!(screen.contains("took over"), "{screen}"),
            "Standard: one model alone" => assert!(matches!(stage.app.overlay, Some(Overlay::Compare(_)))),
            "Modules" => assert_ne!(stage.app.next.module, built_in().module),
            _ => assert!(stage.app.overlay.is_none(), "{}", step.title),
        }
        stage.press("Enter");
    }
    let (asked, broke) = (true, true);
    let expected = [(1, false), (0, false), (1, broke), (1, broke), (0, false), (0, false), (1, false), (1, false)];
    assert!(asked && seen == expected, "{seen:?}");
    assert_eq!(stage.app.next.signature, signature, "the user's own is back");
    assert!(stage.app.next.chain.iter().all(|entry| entry.fault.is_none()));
}

#[test]
fn escape_leaves_at_any_moment_and_heals() {
    let mut stage = Stage::new(120, 36, Theme::Dark, &[]);
    let chain = stage.app.next.chain.clone();
    stage.press("Alt+T");
    stage.app.update(stage.now, Msg::Tick);
    assert_eq!(stage.press("Esc"), Some(Effect::HealAll));
    assert!(stage.app.tour.is_none() && stage.app.next.chain == chain);
    assert_eq!(stage.app.update(stage.now, Msg::Tick), None, "no key is pressed any more");
}

#[test]
fn the_faults_of_the_user_and_of_the_tour_are_healed_and_no_longer_shown() {
    let chain_line = |stage: &Stage| stage.screen().lines().nth(34).expect("a line").to_owned();
    let mut stage = Stage::new(120, 36, Theme::Dark, &[]);
    stage.script("F4 5 Esc");
    assert!(chain_line(&stage).contains("gpt-4o-mini ✗503"), "{}", stage.screen());

    assert_eq!(stage.press("Alt+T"), Some(Effect::HealAll));
    assert!(stage.app.next.chain.iter().all(|entry| entry.fault.is_none()), "the tour begins with healthy models");
    while !stage.app.next.chain.iter().any(|entry| entry.fault.is_some()) {
        play(&mut stage);
        stage.press("Enter");
    }

    assert_eq!(stage.press("Esc"), Some(Effect::HealAll));
    // The next key clears what the tour says at its end, and the chain is shown again.
    stage.press("Tab");
    let line = chain_line(&stage);
    assert!(line.contains("gpt-4o-mini") && !line.contains('✗'), "{}", stage.screen());
    assert!(stage.app.next.chain.iter().all(|entry| entry.fault.is_none()), "{:?}", stage.app.next.chain);
}

#[test]
fn the_tour_never_uses_the_key() {
    let mut stage = Stage::new(120, 36, Theme::Dark, &[]);
    stage.app.server.simulated = false;
    assert_eq!(stage.press("Alt+T"), None);
    assert!(stage.app.tour.is_none() && stage.screen().contains("switchover tour"));
}

#[test]
fn keys_wait_for_the_run_and_letters_of_the_user_do_nothing() {
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
    assert!(stage.app.overlay.is_none(), "the next step's keys wait");
}

#[test]
fn every_text_fits_the_smallest_screen_and_every_key_is_one() {
    let mut stage = Stage::new(60, 16, Theme::Dark, &[]);
    assert!(built_in().signature.parse::<switchover::dspy::Signature>().is_ok());
    stage.press("Alt+T");
    for step in built_in().steps {
        parse_keys(&step.keys).unwrap_or_else(|word| panic!("{}: {word:?} is no key", step.title));
        let rows = switchover::tui::wrap::plain(&step.text, ratatui::style::Style::default(), 58);
        assert!(rows.len() <= 3, "{}: {} rows", step.title, rows.len());
    }
    assert!(stage.screen().contains("tour 1 of"), "{}", stage.screen());
    assert!(!stage.screen().contains("needs"), "{}", stage.screen());
}

#[test]
fn a_run_of_the_tour_is_a_run_like_any_other() {
    let mut stage = Stage::new(80, 24, Theme::Dark, &[]);
    stage.press("Alt+T");
    play(&mut stage);
    let begun = |report: &Report| matches!(report.what, ReportKind::Observation(Observation::Begun(_)));
    assert!(recorded("takeover").iter().any(begun) && stage.app.runs.shown.is_some());
}
