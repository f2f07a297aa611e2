//! The health board.

use crate::stage::{Stage, recorded};
use std::sync::Arc;
use std::time::Duration;
use switchover::failover::{BreakerChange, BreakerState, Event, Route, Scope};
use switchover::report::{Report, ReportKind};
use switchover::tui::Msg;
use switchover::tui::theme::Theme;

/// The recorded run's report of a first token, with this time in seconds.
fn first_token(seconds: u64) -> Report {
    let is_first_token = |report: &Report| matches!(report.what, ReportKind::Engine(Event::FirstToken(_)));
    let mut report = recorded("takeover").into_iter().find(is_first_token).expect("a first token");
    if let ReportKind::Engine(Event::FirstToken(first)) = &mut report.what {
        first.first_token = Duration::from_secs(seconds);
    }
    report
}

#[test]
fn the_board_shows_p50_and_p95_of_the_last_twenty_times_to_first_token() {
    let mut stage = Stage::new(120, 36, Theme::Dark, &[]);
    stage.press("F6");
    let mut line_after = |seconds: u64| {
        stage.app.update(stage.now, Msg::Report(Arc::new(first_token(seconds))));
        let screen = stage.screen();
        screen.lines().find(|line| line.contains("s / ")).expect("a model's line").to_owned()
    };
    let line = line_after(7);
    assert!(line.contains("gpt-4o-mini") && line.contains(" 7 s / 7 s "), "{line}");
    let line = line_after(5);
    assert!(line.contains(" 5 s / 7 s "), "the nearest rank, not the mean: {line}");
    let line = line_after(500);
    assert!(line.contains(" 7 s / 500 s "), "{line}");
    // 1 to 20 in another order. They replace the three times before them.
    let line = (1..=20).map(|n| line_after(n * 8 % 21)).last().expect("a line");
    assert!(line.contains(" 10 s / 19 s "), "{line}");
}

#[test]
fn a_fault_that_is_set_or_cleared_closes_the_models_breaker_on_the_board() {
    let mut stage = Stage::new(120, 36, Theme::Dark, &[]);
    let models: Vec<String> = stage.app.next.chain.iter().map(|entry| entry.model.clone()).collect();
    let opened = |model: &str| {
        let scope = Scope::model(&Route::new(model, "https://openrouter.ai"));
        let (from, to) = (BreakerState::Closed { weight: 0.0 }, BreakerState::Open { until: None });
        let change = BreakerChange { scope, from, to, why: "as scripted".to_owned() };
        Report { run: 1, at: Duration::ZERO, what: ReportKind::Engine(Event::Breaker(change)) }
    };
    for keys in ["F4 5", "F4 g", "F4 Backspace", "F4 5 Ctrl+P 'all faults' Enter", "F4 5 Alt+T"] {
        for model in &models {
            stage.app.update(stage.now, Msg::Report(Arc::new(opened(model))));
        }
        stage.script(keys);
        let open = |model: &str| matches!(stage.app.health.breaker(model), Some(BreakerState::Open { .. }));
        assert!(!open(&models[0]), "{keys}");
        assert!(open(&models[1]), "{keys}: only the model with the fault");
    }
}
