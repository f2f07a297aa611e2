//! The gateway's requests on the screen: the list, what follows the newest, what is chosen, and what is broken.

use crate::stage::{Stage, recorded};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;
use switchover::failover::{Event, Finished, Outcome};
use switchover::openrouter::Delta;
use switchover::report::{Observation, Report, ReportKind};
use switchover::spec::{ChatTask, RunSpec};
use switchover::transcript::{Traffic, TrafficWatch, Transcript};
use switchover::tui::layout::Pane;
use switchover::tui::state::app::App;
use switchover::tui::theme::Theme;
use switchover::tui::{ChainEntry, Effect, Msg, Receipt};

/// 2026-11-28 12:00:00 UTC, in ms.
const NOON: u64 = 1_795_867_200_000;
const ADDRESS: &str = "127.0.0.1:4141";

/// A stage whose gateway has this traffic, with the screen's wishes carried out.
struct Gateway {
    stage: Stage,
    traffic: Traffic,
    now: Duration,
}

impl Gateway {
    fn new(width: u16, height: u16) -> Self {
        let mut stage = Stage::new(width, height, Theme::Dark, &[]);
        assert_eq!(stage.press("Alt+G"), Some(Effect::StartGateway));
        stage.app.update(stage.now, Msg::Gateway(Ok(ADDRESS.to_owned())));
        stage.app.refresh();
        let mut this = Self { stage, traffic: Traffic::default(), now: Duration::from_secs(100) };
        this.serve_watch();
        this
    }

    /// Does what the event loop does with the screen's wish.
    fn serve_watch(&mut self) -> bool {
        self.traffic.watch(self.now, self.stage.app.traffic.watch)
    }

    fn press(&mut self, key: &str) -> Option<Effect> {
        let before = self.stage.app.traffic.watch;
        let effect = self.stage.press(key);
        if self.stage.app.traffic.watch != before {
            self.serve_watch();
            self.publish();
        }
        effect
    }

    /// Sends what has changed to the screen.
    fn publish(&mut self) {
        if let Some(update) = self.traffic.update(self.now) {
            self.stage.app.update(self.stage.now, Msg::Traffic(Box::new(update), Receipt::new().0));
            self.stage.app.refresh();
        }
    }

    fn later(&mut self, time: Duration) {
        self.now += time;
        self.stage.now += time;
    }

    /// A request begins and goes as the recorded run does, up to a time.
    fn asks(&mut self, run: u64, client: &str, message: &str, model: &str, until: Duration) {
        let began = self.now;
        self.traffic.begin(began, run, client, model, model);
        for mut report in recorded("takeover").into_iter().filter(|report| report.at <= until) {
            report.run = run;
            if let ReportKind::Observation(Observation::Begun(spec)) = &mut report.what {
                let chain: Vec<String> = spec.chain.iter().map(|route| route.model.clone()).collect();
                *spec = Arc::new(RunSpec::new(ChatTask::of(message), chain));
            }
            self.traffic.apply(began + report.at, &Arc::new(report));
        }
        if until == ALL {
            self.traffic.end(run);
        }
    }

    /// A request that the first model does not answer, and nobody waits for any more.
    fn fails(&mut self, run: u64, client: &str, outcome: Outcome) {
        self.traffic.begin(self.now, run, client, "openai/gpt-4o-mini", "openai/gpt-4o-mini");
        let mut end = recorded("exhausted").pop().expect("its end");
        if let ReportKind::Engine(Event::Finished(finished)) = &mut end.what {
            *finished = Finished { outcome, ..finished.clone() };
        }
        self.traffic.apply(self.now, &Arc::new(Report { run, ..end }));
        self.traffic.end(run);
    }

    /// A request that is refused before any model is asked.
    fn refuses(&mut self, run: u64, client: &str, asked: &str, why: &str) {
        self.traffic.begin(self.now, run, client, asked, "");
        self.traffic.apply(self.now, &Arc::new(Report::refused(run, why.to_owned())));
        self.traffic.end(run);
    }

    fn shown(&self) -> Option<u64> {
        self.stage.app.transcript().and_then(|run| run.run)
    }

    fn app(&self) -> &App {
        &self.stage.app
    }
}

const ALL: Duration = Duration::from_secs(3600);
/// While the first model answers in the recorded run.
const EARLY: Duration = Duration::from_millis(400);

fn some_traffic(width: u16, height: u16) -> Gateway {
    let mut gateway = Gateway::new(width, height);
    gateway.asks(NOON, "OpenAI/Python", "What is DSPy?", "openai/gpt-4o-mini", ALL);
    gateway.fails(NOON + 1000, "curl/8.5.0", Outcome::Exhausted);
    gateway.fails(NOON + 2000, "", Outcome::Cancelled);
    gateway.asks(NOON + 3000, "ai-sdk/openai", "Name three rivers.", "anthropic/claude-3-haiku", ALL);
    gateway.later(Duration::from_secs(3));
    gateway.asks(NOON + 6000, "OpenAI/Python", "What is the capital\nof France?", "openai/gpt-4o-mini", EARLY);
    gateway.publish();
    gateway.later(Duration::from_millis(700));
    gateway
}

#[test]
fn the_list_at_three_sizes() {
    let mut snapshot = String::new();
    for (width, height) in [(120, 36), (80, 24), (60, 16)] {
        let mut gateway = Gateway::new(width, height);
        let _ = writeln!(snapshot, "── {width}×{height}, before the first request\n{}", gateway.stage.screen());
        gateway = some_traffic(width, height);
        let _ = writeln!(snapshot, "── {width}×{height}, the newest is followed\n{}", gateway.stage.screen());
        gateway.press("Down");
        gateway.press("Down");
        gateway.stage.press("F4");
        let _ = writeln!(snapshot, "── {width}×{height}, an earlier one is chosen, F4\n{}", gateway.stage.screen());
    }
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/screens"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!("traffic", snapshot));
}

#[test]
fn the_newest_is_followed_until_a_row_is_chosen_and_again_on_demand() {
    let mut gateway = Gateway::new(120, 36);
    gateway.asks(1, "one", "first", "openai/gpt-4o-mini", ALL);
    gateway.publish();
    assert_eq!((gateway.shown(), gateway.app().traffic.follows()), (Some(1), true));
    gateway.later(Duration::from_secs(2));
    gateway.asks(2, "two", "second", "openai/gpt-4o-mini", EARLY);
    gateway.publish();
    assert_eq!((gateway.shown(), gateway.app().traffic.in_progress), (Some(2), 1));
    assert_eq!(gateway.app().traffic.message.as_deref(), Some("second"));
    assert!(!gateway.app().busy(), "the person can still send");
    // A row is chosen, and stays on the screen.
    gateway.press("Down");
    assert_eq!((gateway.shown(), gateway.app().traffic.watch), (Some(1), TrafficWatch::Run(1)));
    gateway.later(Duration::from_secs(2));
    gateway.asks(3, "three", "third", "openai/gpt-4o-mini", ALL);
    gateway.publish();
    assert_eq!((gateway.shown(), gateway.app().traffic.selected_line()), (Some(1), 2));
    gateway.press("F");
    assert_eq!((gateway.shown(), gateway.app().traffic.selected_line()), (Some(3), 0));
    // The same key stays with what is shown.
    gateway.press("F");
    assert_eq!(gateway.app().traffic.watch, TrafficWatch::Run(3));
    gateway.press("Home");
    assert!(gateway.app().traffic.follows());
}

#[test]
fn a_run_of_the_person_comes_before_the_requests() {
    let mut gateway = some_traffic(120, 36);
    gateway.press("Alt+G");
    assert_eq!(gateway.app().screen.focus, Pane::Prompt);
    gateway.stage.type_text("mine");
    let sent = gateway.press("Enter");
    assert!(matches!(sent, Some(Effect::Send(_))));
    assert_eq!(gateway.app().traffic.watch, TrafficWatch::Nothing);
    gateway.stage.play("takeover", EARLY);
    let own = gateway.shown();
    gateway.asks(NOON + 9000, "x", "other", "openai/gpt-4o-mini", ALL);
    gateway.publish();
    assert_eq!(gateway.shown(), own);
    assert_eq!(gateway.app().traffic.len(), 6, "the list goes on");
    gateway.press("Alt+G");
    gateway.press("Down");
    assert_eq!((gateway.shown(), gateway.app().traffic.watch), (own, TrafficWatch::Nothing));
    assert!(gateway.app().notice.as_deref().is_some_and(|notice| notice.contains("Esc")));
}

#[test]
fn a_refused_request_is_listed_with_its_reason_and_shown_also_when_it_is_old() {
    let why = "HTTP 415 to POST /v1/chat/completions: send the body with `Content-Type: application/json`";
    for (width, height) in [(120, 36), (80, 24), (60, 16)] {
        let mut gateway = Gateway::new(width, height);
        gateway.refuses(NOON, "curl/8.5.0", "", why);
        gateway.publish();
        let screen = gateway.stage.screen();
        assert!(screen.contains("HTTP 415 to"), "{screen}");
        assert!(width < 120 || screen.contains("✗ refused      12:00:00  curl/8.5.0"), "{screen}");
        assert_eq!(gateway.shown(), Some(NOON), "the panes show it, too");
        assert!(height < 24 || screen.contains("rejected: HTTP 415 to POST"), "{screen}");
        gateway.asks(NOON + 1, "x", "first", "openai/gpt-4o-mini", ALL);
        gateway.later(Duration::from_secs(2));
        gateway.publish();
        // The fold knows it no more, and no history has it.
        gateway.stage.press("Down");
        let unknown = Msg::Watched(Box::new(Err("this run is no longer in the history".to_owned())));
        gateway.stage.app.update(gateway.stage.now, unknown);
        assert_eq!((gateway.shown(), gateway.app().notice.as_deref()), (Some(NOON), None));
        assert_eq!(gateway.press("p"), None);
        assert!(gateway.app().notice.as_deref().is_some_and(|notice| notice.contains("no model was asked")));
        gateway.press("F4");
        assert!(gateway.stage.screen().contains("break gpt-4o-mini"), "it has no model of its own to break");
    }
}

#[test]
fn a_request_for_a_named_chain_is_listed_by_that_name() {
    let mut gateway = Gateway::new(120, 36);
    gateway.traffic.begin(gateway.now, NOON, "x", "switchover", "openai/gpt-4o-mini");
    gateway.publish();
    let row = gateway.app().traffic.row(0).expect("a row");
    assert_eq!((&*row.asked, row.switched()), ("switchover", false));
    assert!(gateway.stage.screen().contains("switchover"));
    gateway.press("F4");
    assert!(gateway.stage.screen().contains("break gpt-4o-mini"), "a model is broken, not a chain");
}

#[test]
fn the_model_of_a_request_is_broken_even_if_the_chain_has_it_not() {
    let mut gateway = Gateway::new(120, 36);
    gateway.asks(1, "", "", "mistralai/mistral-nemo", ALL);
    gateway.publish();
    gateway.press("F4");
    let broken = gateway.press("5");
    let fault = "503".parse().ok();
    assert_eq!(broken, Some(Effect::SetFault { model: "mistralai/mistral-nemo".to_owned(), fault }));
    assert_eq!(gateway.app().screen.focus, Pane::Traffic, "the person goes on watching");
    gateway.stage.app.notice = None;
    assert!(gateway.stage.screen().contains("mistral-nemo ✗503"), "{}", gateway.stage.screen());
    // The picker also has the models of the chain, and comes back to it.
    gateway.press("F4");
    gateway.press("Right");
    assert!(gateway.stage.screen().contains("break gpt-4o-mini (1 of 3)"), "{}", gateway.stage.screen());
    gateway.press("Left");
    assert!(gateway.stage.screen().contains("now: 503"), "{}", gateway.stage.screen());
    let healed = gateway.press("Backspace");
    assert_eq!(healed, Some(Effect::SetFault { model: "mistralai/mistral-nemo".to_owned(), fault: None }));
    assert!(gateway.app().next.elsewhere.is_empty());
    // A broken model that comes into the chain brings its fault with it.
    gateway.press("F4");
    gateway.press("5");
    let entry = gateway.stage.app.next.entry("mistralai/mistral-nemo".to_owned());
    assert_eq!(entry.fault.map(|fault| fault.to_string()).as_deref(), Some("503"));
    assert_eq!(gateway.stage.app.next.entry("a/b".to_owned()), ChainEntry::new("a/b"));
}

#[test]
fn a_notice_makes_room_for_requests_that_come() {
    let mut gateway = some_traffic(120, 36);
    gateway.press("F4");
    gateway.press("5");
    assert!(gateway.app().notice.as_deref().is_some_and(|notice| notice.contains("503")));
    for (seconds, shown) in [(1, true), (3, true), (3, false)] {
        gateway.later(Duration::from_secs(seconds));
        gateway.asks(NOON + 10_000 + seconds, "x", "more", "openai/gpt-4o-mini", ALL);
        gateway.publish();
        assert_eq!(gateway.app().notice.is_some(), shown, "after {seconds} s more");
    }
    assert!(gateway.stage.screen().contains("gpt-4o-mini ✗503"));
}

#[test]
fn ten_thousand_requests_are_listed_and_old_ones_come_from_the_history() {
    let mut gateway = Gateway::new(80, 24);
    for run in 1..=12_000 {
        gateway.fails(run, "loop", Outcome::Exhausted);
        if run % 1000 == 0 {
            gateway.publish();
        }
    }
    assert_eq!(gateway.app().traffic.len(), 10_000);
    assert_eq!(gateway.app().traffic.row(0).map(|row| row.run), Some(12_000));
    gateway.press("End");
    assert_eq!(gateway.app().traffic.watch, TrafficWatch::Run(2001));
    assert!(!gateway.serve_watch(), "it is only in the history");
    let old = recorded("takeover").into_iter().map(|report| Report { run: 2001, ..report }).collect::<Vec<_>>();
    gateway.stage.app.update(gateway.stage.now, Msg::Watched(Box::new(Ok(Transcript::of(&old)))));
    gateway.stage.app.refresh();
    assert_eq!(gateway.shown(), Some(2001));
    assert!(gateway.stage.screen().contains("from history"), "{}", gateway.stage.screen());
    // One that comes too late is not shown.
    gateway.press("Up");
    gateway.stage.app.update(gateway.stage.now, Msg::Watched(Box::new(Ok(Transcript::of(&old)))));
    assert_eq!(gateway.app().traffic.selected, Some(2002));
    gateway.stage.app.update(gateway.stage.now, Msg::Watched(Box::new(Err("it is damaged".into()))));
    assert_eq!(gateway.app().notice.as_deref(), Some("it is damaged"));
}

#[test]
fn text_of_the_watched_request_arrives_while_it_streams() {
    let mut gateway = Gateway::new(120, 36);
    gateway.asks(1, "", "hello", "openai/gpt-4o-mini", EARLY);
    gateway.publish();
    let attempt = gateway.app().transcript().and_then(|run| run.attempts.last()).expect("an attempt").id;
    let what = ReportKind::Observation(Observation::Stream { attempt, delta: Delta::Text("a fresh word".to_owned()) });
    gateway.traffic.apply(gateway.now, &Arc::new(Report { run: 1, at: EARLY, what }));
    gateway.publish();
    assert!(gateway.stage.screen().contains("a fresh word"), "{}", gateway.stage.screen());
}

#[test]
fn a_gateway_that_cannot_start_says_so() {
    let mut stage = Stage::new(80, 24, Theme::Dark, &[]);
    assert_eq!(stage.press("Alt+5"), None);
    assert!(stage.app.notice.as_deref().is_some_and(|notice| notice.contains("Alt+G")));
    stage.press("Alt+G");
    assert_eq!(stage.press("Alt+G"), None, "it is being started");
    stage.app.update(stage.now, Msg::Gateway(Err("cannot listen on 127.0.0.1:4141: in use".to_owned())));
    assert_eq!(stage.app.notice.as_deref(), Some("No gateway: cannot listen on 127.0.0.1:4141: in use"));
    assert_eq!(stage.app.screen.focus, Pane::Prompt);
    assert_eq!(stage.press("Alt+G"), Some(Effect::StartGateway), "it can be tried again");
}

#[test]
fn replay_and_rerun_work_on_a_request() {
    let mut gateway = some_traffic(120, 36);
    assert_eq!(gateway.press("p"), Some(Effect::Replay(NOON + 6000)));
    assert_eq!(gateway.app().traffic.watch, TrafficWatch::Nothing);
    let mut gateway = some_traffic(120, 36);
    let Some(Effect::Send(spec)) = gateway.press("r") else { panic!("it is sent again") };
    assert_eq!(spec.task.asked().values().next().and_then(|it| it.as_str()), Some("What is the capital\nof France?"));
    let Some(Effect::Copy { text, .. }) = some_traffic(120, 36).press("c") else { panic!("a curl command") };
    assert!(text.starts_with("curl "), "{text}");
}
