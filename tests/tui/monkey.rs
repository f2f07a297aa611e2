//! Random keys, pastes, sizes and reports in any order, with a simulated worker. Nothing panics, no control character is
//! drawn, and the user can always quit.

use crate::grid::{cell, opened};
use crate::stage::{Stage, recorded, task};
use proptest::prelude::*;
use std::sync::Arc;
use std::time::Duration;
use switchover::config::edit::edited;
use switchover::dspy::library;
use switchover::failover::Event;
use switchover::report::{Report, ReportKind};
use switchover::transcript::{RunRow, Transcript};
use switchover::tui::keymap::TABLE;
use switchover::tui::layout::Pane;
use switchover::tui::state::overlay::save_settings::SavePlan;
use switchover::tui::theme::Theme;
use switchover::tui::{Effect, Msg};

const RUNS: [&str; 4] = ["takeover", "overloaded", "exhausted", "typed"];

#[derive(Clone, Debug)]
enum Act {
    Key(String),
    Paste(String),
    Resize(u16, u16),
    Wheel(i16),
    /// Deliver this many of the pending messages.
    Deliver(usize),
    /// Let this many milliseconds pass.
    Wait(u64),
}

fn act() -> impl Strategy<Value = Act> {
    let keys: Vec<String> = TABLE.iter().flat_map(|row| row.keys).map(|key| (*key).to_owned()).collect();
    let letters: Vec<char> = "abcdefghijklmnopqrstuvwxyzGIVY0123456789/?:-> ,[].é世".chars().collect();
    let letter = |c: char| if c == ' ' { "Space".to_owned() } else { c.to_string() };
    prop_oneof![
        12 => prop::sample::select(keys).prop_map(Act::Key),
        8 => prop::sample::select(letters).prop_map(move |c| Act::Key(letter(c))),
        1 => "(question|a|items: list\\[str\\]|\u{1b}\\[2J|[\u{202e}世é]| ->|\n){0,6}".prop_map(Act::Paste),
        1 => (1_u16..200, 1_u16..60).prop_map(|(width, height)| Act::Resize(width, height)),
        1 => (-40_i16..40).prop_map(Act::Wheel),
        4 => (1_usize..40).prop_map(Act::Deliver),
        1 => (0_u64..20_000).prop_map(Act::Wait),
    ]
}

/// The playground, and the messages that its worker has not delivered yet.
struct Monkey {
    stage: Stage,
    pending: Vec<Msg>,
    quit: bool,
}

impl Monkey {
    fn new() -> Self {
        let stage = Stage::with(library::built_in(), 120, 36, Theme::Dark, &RUNS);
        Self { stage, pending: Vec::new(), quit: false }
    }

    fn deliver(&mut self, msg: Msg) {
        let effect = self.stage.app.update(self.stage.now, msg);
        self.stage.app.refresh();
        self.perform(effect);
    }

    /// Carries out an effect as the worker would.
    fn perform(&mut self, effect: Option<Effect>) {
        let report = |report: Report| Msg::Report(Arc::new(report));
        match effect {
            Some(Effect::Quit) => self.quit = true,
            Some(Effect::Cancel) => {
                self.pending.retain(ends);
                while let Some(msg) = self.pending.pop() {
                    self.deliver(msg);
                }
            }
            Some(Effect::Send(ask)) => {
                let run = RUNS[task(&ask).inputs.len() % RUNS.len()];
                self.pending.extend(recorded(run).into_iter().rev().map(report));
            }
            Some(Effect::Compare { number, specs }) => {
                for column in 0..specs.len() {
                    let reports = recorded(RUNS[column % RUNS.len()]).into_iter().rev();
                    let message = |report| Msg::Compared { number, column, report: Arc::new(report) };
                    self.pending.extend(reports.map(message));
                }
            }
            Some(Effect::Replay(_)) => {
                self.pending.push(Msg::Replayed(None));
                let reports = recorded("takeover").into_iter().rev();
                self.pending.extend(reports.map(|report| Msg::Replayed(Some(Arc::new(report)))));
            }
            Some(Effect::OpenCases { variants, .. }) => {
                self.deliver(Msg::Cases(Box::new(Ok(opened(30, variants)))));
            }
            Some(Effect::Evaluate { evaluation, .. }) => {
                self.pending.push(Msg::Evaluated(None));
                let model = [None, Some("anthropic/claude-3-haiku"), Some("openai/gpt-4o-mini")];
                let scored = |at| Msg::Scored(vec![(at, cell(at as f64 / 30.0, model[at % 3]))]);
                self.pending.extend((0..evaluation.len()).rev().map(scored));
            }
            Some(Effect::StopEvaluation) => {
                self.pending.retain(|msg| !matches!(msg, Msg::Evaluated(_)));
                self.deliver(Msg::Evaluated(Some("Cancelled".to_owned())));
            }
            Some(Effect::OpenRun(_, purpose)) => {
                let run = Transcript::of(&recorded("takeover"));
                self.deliver(Msg::Opened(purpose, Box::new(Ok(run))));
            }
            Some(Effect::Edit(text)) => self.deliver(Msg::Edited(Ok(text + "\n# edited \u{1b}[2J"))),
            Some(Effect::Compose(_)) => self.deliver(Msg::Composed(Box::new(Err("not here".to_owned())))),
            Some(Effect::PlanSave(changes)) => {
                let plan = SavePlan {
                    path: "config.toml".into(),
                    owner: "your configuration",
                    before: None,
                    after: edited("", &changes),
                    warnings: Vec::new(),
                };
                self.deliver(Msg::SavePlanned(changes, vec![plan]));
            }
            Some(Effect::SaveSettings(request)) => self.deliver(Msg::Saved(request.changes, Ok(request.path))),
            Some(Effect::AskServer { generation }) => {
                self.deliver(Msg::KeyInfo(Box::new(Err("not here".to_owned()))));
                if let Some(id) = generation {
                    self.deliver(Msg::Received(id, Box::new(Err("not here".to_owned()))));
                }
            }
            _ => {}
        }
    }

    fn press(&mut self, key: &str) {
        let effect = self.stage.press(key);
        self.perform(effect);
    }

    fn act(&mut self, act: &Act) {
        match act {
            Act::Key(key) => self.press(key),
            Act::Paste(text) => self.deliver(Msg::Paste(text.clone())),
            Act::Resize(width, height) => {
                self.stage.app.resize(*width, *height);
                self.stage.app.refresh();
            }
            Act::Wheel(rows) => self.deliver(Msg::Wheel(*rows)),
            Act::Deliver(count) => {
                for _ in 0..*count {
                    let Some(msg) = self.pending.pop() else { break };
                    self.deliver(msg);
                }
            }
            Act::Wait(ms) => {
                self.stage.now += Duration::from_millis(*ms);
                self.deliver(Msg::Tick);
            }
        }
    }
}

/// Whether this message ends a run.
fn ends(msg: &Msg) -> bool {
    let (Msg::Report(report) | Msg::Compared { report, .. } | Msg::Replayed(Some(report))) = msg else { return true };
    matches!(report.what, ReportKind::Engine(Event::Finished(_)))
}

/// 16 cases, and a sixteenth of `PROPTEST_CASES` if that is more.
fn config() -> ProptestConfig {
    let plain = ProptestConfig::default();
    ProptestConfig { cases: plain.cases.max(16) / 16, failure_persistence: None, ..plain }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_sequence_of_input_is_safe_and_the_user_can_quit(
        acts in prop::collection::vec(act(), 1..120),
    ) {
        let mut monkey = Monkey::new();
        for act in &acts {
            monkey.act(act);
            let frame = monkey.stage.frame();
            let hostile = |symbol: &str| symbol.chars().any(|c| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c));
            prop_assert!(frame.content.iter().all(|cell| !hostile(cell.symbol())), "{act:?}");
            if monkey.quit {
                return Ok(());
            }
            let rows = RunRow::of(&Transcript::of(&recorded("takeover"))).into_iter().collect();
            let earlier = Msg::Rows { words: String::new(), before: None, rows };
            if !monkey.stage.app.may_change_screen(&earlier) {
                monkey.deliver(earlier);
                prop_assert!(monkey.stage.frame() == frame, "a message that may not change the screen changed it after {act:?}");
            }
        }
        for _ in 0..12 {
            monkey.press("Esc");
        }
        prop_assert!(monkey.stage.app.overlay.is_none(), "Esc does not close {:?}", monkey.stage.app.overlay);
        prop_assert!(!monkey.stage.app.busy(), "Esc does not cancel");
        monkey.stage.app.focus(Pane::Prompt);
        monkey.press("Ctrl+Q");
        if !monkey.quit {
            // Typed text that was not sent is asked about.
            monkey.press("Enter");
        }
        prop_assert!(monkey.quit, "Ctrl+Q does not quit");
    }
}
