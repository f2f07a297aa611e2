//! A test stage: the state of the screen with a manual clock. Tests press keys on it and read the screen.

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::{Buffer, CellWidth};
use ratatui::style::Modifier;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use switchover::dspy::{LibraryEntry, Module, Signature};
use switchover::report::Report;
use switchover::spec::{RunSpec, SignatureTask};
use switchover::transcript::Transcript;
use switchover::tui::keymap::Chord;
use switchover::tui::state::app::App;
use switchover::tui::state::app::start::InitialState;
use switchover::tui::state::model::ModelOption;
use switchover::tui::theme::Theme;
use switchover::tui::view::draw;
use switchover::tui::{ChainEntry, Effect, Msg};

pub(crate) struct Stage {
    pub(crate) app: App,
    pub(crate) now: Duration,
}

/// The reports of a recorded run.
pub(crate) fn recorded(name: &str) -> Vec<Report> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/runs").join(format!("{name}.jsonl"));
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{name}: {e}: {line}"))).collect()
}

fn entry(name: &str, about: &str, inline: &str, module: Module) -> LibraryEntry {
    let mut signature: Signature = inline.parse().expect("a signature");
    signature.name = name.into();
    LibraryEntry { signature, description: about.into(), module, demos: Vec::new() }
}

impl Stage {
    pub(crate) fn new(width: u16, height: u16, theme: Theme, past: &[&str]) -> Self {
        let library = vec![
            entry("Question", "a question and its answer", "question -> answer", Module::ChainOfThought),
            entry(
                "Grounded",
                "an answer out of a context",
                "context: list[str], question -> answer, score: float",
                Module::Predict,
            ),
            entry(
                "Review",
                "a review judged",
                "review -> sentiment: Literal['positive', 'negative'], topics: list[str]",
                Module::Predict,
            ),
        ];
        Self::with(library, width, height, theme, past)
    }

    pub(crate) fn with(library: Vec<LibraryEntry>, width: u16, height: u16, theme: Theme, past: &[&str]) -> Self {
        let models = [
            "openai/gpt-4o-mini",
            "anthropic/claude-3-haiku",
            "meta-llama/llama-3.1-8b-instruct",
            "qwen/qwen-2.5-7b-instruct",
        ];
        let start = InitialState {
            library,
            chain: models[..2].iter().map(|model| ChainEntry::new(*model)).collect(),
            models: models
                .iter()
                .map(|slug| ModelOption {
                    slug: (*slug).into(),
                    about: "$0.15 in, $0.60 out a million · 128k".into(),
                    ..ModelOption::default()
                })
                .collect(),
            models_source: "as listed 3 hours ago".to_owned(),
            simulated: true,
            wall_time: 1_763_000_400_000,
            theme,
            ..InitialState::default()
        };
        let mut stage = Self { app: App::new(start), now: Duration::from_secs(5) };
        stage.app.runs.keep_past(past.iter().map(|name| Transcript::of(&recorded(name))));
        stage.app.resize(width, height);
        stage.app.refresh();
        stage
    }

    /// Applies the reports of a recorded run up to a time.
    pub(crate) fn play(&mut self, name: &str, until: Duration) {
        let began = self.now;
        for report in recorded(name).into_iter().filter(|report| report.at <= until) {
            self.now = began + report.at;
            self.app.update(self.now, Msg::Report(Arc::new(report)));
            self.app.refresh();
        }
    }

    /// Presses one key, written as in the table of keys.
    pub(crate) fn press(&mut self, key: &str) -> Option<Effect> {
        let chord: Chord = key.parse().unwrap_or_else(|()| panic!("{key:?} is a key"));
        let effect = self.app.update(self.now, Msg::Key(chord.event()));
        self.app.refresh();
        effect
    }

    /// Types a text.
    pub(crate) fn type_text(&mut self, text: &str) {
        for c in text.chars() {
            if c == ' ' {
                self.press("Space")
            } else {
                self.press(c.encode_utf8(&mut [0; 4]))
            };
        }
    }

    /// Presses the keys of a script and types the text in single quotes. Returns the effects.
    pub(crate) fn script(&mut self, script: &str) -> Vec<Effect> {
        let mut effects = Vec::new();
        for (i, part) in script.split('\'').enumerate() {
            if i % 2 == 1 {
                self.type_text(part);
            } else {
                effects.extend(part.split_whitespace().filter_map(|key| self.press(key)));
            }
        }
        effects
    }

    pub(crate) fn frame(&self) -> Buffer {
        let (width, height) = self.app.screen.size;
        let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a terminal");
        terminal.draw(|frame| draw(&self.app, self.now, frame)).expect("a frame");
        terminal.backend().buffer().clone()
    }

    /// The screen as text. Below it: the text that is struck out, selected or marked as new, by line.
    pub(crate) fn screen(&self) -> String {
        let buffer = self.frame();
        let mut out = String::new();
        let mut marks = String::new();
        for y in 0..buffer.area.height {
            let mut line = String::new();
            let (mut struck, mut chosen, mut new) = (String::new(), String::new(), String::new());
            let mut x = 0;
            while x < buffer.area.width {
                let cell = &buffer[(x, y)];
                line.push_str(cell.symbol());
                if cell.modifier.contains(Modifier::CROSSED_OUT) {
                    struck.push_str(cell.symbol());
                }
                if cell.modifier.contains(Modifier::REVERSED) {
                    chosen.push_str(cell.symbol());
                }
                if cell.modifier.contains(Modifier::BOLD | Modifier::UNDERLINED) {
                    new.push_str(cell.symbol());
                }
                x += cell.symbol().cell_width().max(1);
            }
            out.push_str(line.trim_end());
            out.push('\n');
            for (what, text) in [("struck", struck), ("chosen", chosen), ("new", new)] {
                if !text.trim().is_empty() {
                    let _ = writeln!(marks, "{what} in line {}: {}", y + 1, text.trim());
                }
            }
        }
        out + &marks
    }
}

/// The task of a run spec.
pub(crate) fn task(spec: &RunSpec) -> &SignatureTask {
    spec.task.signature().expect("a signature")
}
