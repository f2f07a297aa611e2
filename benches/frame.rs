//! A frame at 120×36 as the transcript grows from 1 KB to 10 MB: one more token arrives and the screen is drawn.
//! The floor is the frame of an empty playground. `cargo bench --bench frame`.

#[path = "shared/measure.rs"]
mod measure;

use measure::{Samples, now, print_result};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use std::sync::Arc;
use std::time::Duration;
use switchover::dspy::{Values, library};
use switchover::failover::AttemptId;
use switchover::openrouter::Delta;
use switchover::report::{Observation, Report, ReportKind};
use switchover::spec::{RunSpec, SignatureTask};
use switchover::tui::state::app::{App, InitialState};
use switchover::tui::view::draw;
use switchover::tui::{ChainEntry, Msg};

const RUN: u64 = 1;

fn main() {
    let mut empty = Screen::new();
    for size in [1 << 10, 100 << 10, 1 << 20, 10 << 20] {
        let (mut full, mut ours, mut floor) = (Screen::grown(size), Samples::default(), Samples::default());
        for frame in 0..400 {
            let began = now();
            empty.frame(frame);
            floor.add(began.elapsed());
            let began = now();
            full.apply(Observation::Stream { attempt: AttemptId::new(1), delta: Delta::Text(" token".to_owned()) });
            full.frame(frame);
            ours.add(began.elapsed());
        }
        print_result(&format!("a frame with {} KB of transcript", size >> 10), &ours, &floor, "flat, ≤ 1 ms");
    }
}

struct Screen {
    app: App,
    terminal: Terminal<TestBackend>,
}

impl Screen {
    fn new() -> Self {
        let library = library::built_in();
        let chain = vec![ChainEntry::new("openai/gpt-4o-mini"), ChainEntry::new("anthropic/claude-3-haiku")];
        let mut app = App::new(InitialState { library, chain, simulated: true, ..InitialState::default() });
        app.resize(120, 36);
        Self { app, terminal: Terminal::new(TestBackend::new(120, 36)).expect("a terminal") }
    }

    /// A screen with an answer of about `size` bytes, in paragraphs as models write them.
    fn grown(size: usize) -> Self {
        let mut screen = Self::new();
        screen.apply(Observation::Begun(std::sync::Arc::new(spec())));
        let paragraph = "The Rhine *rises* in the Alps, passes **Basel** and `Cologne`, and reaches the North Sea. "
            .repeat(4)
            + "\n\n";
        let marker = Delta::Text("[[ ## answer ## ]]\n".to_owned());
        screen.apply(Observation::Stream { attempt: AttemptId::new(1), delta: marker });
        for _ in 0..size.div_ceil(paragraph.len()) {
            let delta = Delta::Text(paragraph.clone());
            screen.apply(Observation::Stream { attempt: AttemptId::new(1), delta });
        }
        screen.frame(0);
        screen
    }

    fn apply(&mut self, observation: Observation) {
        let report = Report { run: RUN, at: Duration::from_millis(1), what: ReportKind::Observation(observation) };
        self.app.update(Duration::ZERO, Msg::Report(Arc::new(report)));
    }

    /// Draws a frame as the event loop does.
    fn frame(&mut self, ms: u64) {
        self.app.refresh();
        self.terminal.draw(|frame| draw(&self.app, Duration::from_millis(ms), frame)).expect("a frame");
    }
}

fn spec() -> RunSpec {
    let task = SignatureTask::new("question -> answer".parse().expect("a signature"), Values::new());
    RunSpec { simulated: true, ..RunSpec::new(task, ["openai/gpt-4o-mini"]) }
}
