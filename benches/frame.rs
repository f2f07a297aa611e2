//! A frame at 120×36 as the transcript grows from 1 KB to 10 MB: one more token arrives and the screen is drawn.
//! The floor is the frame of an empty playground. Then the gateway's traffic grows from 10 to 10,000 requests: one more
//! begins, and the screen is drawn. Then the grid of a file of cases grows from 10 to 10,000 cases: a cell ends, the selection
//! moves, and the screen is drawn. `cargo bench --bench frame`.

#[path = "shared/measure.rs"]
mod measure;

use measure::{Samples, now, print_result};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use std::sync::Arc;
use std::time::Duration;
use switchover::dspy::{Values, library};
use switchover::eval::{Case, CellResult, Variant};
use switchover::failover::{AttemptId, Cost};
use switchover::openrouter::Delta;
use switchover::report::{Observation, Report, ReportKind};
use switchover::spec::{ChatTask, RunSpec, SignatureTask};
use switchover::transcript::{Traffic, TrafficWatch};
use switchover::tui::keymap::Chord;
use switchover::tui::state::app::App;
use switchover::tui::state::app::start::InitialState;
use switchover::tui::state::grid::OpenedCases;
use switchover::tui::view::draw;
use switchover::tui::{ChainEntry, Msg, Receipt};

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
    for requests in [10, 1_000, 10_000] {
        let (mut full, mut ours, mut floor) = (Listed::grown(requests), Samples::default(), Samples::default());
        for frame in 0..400 {
            let began = now();
            empty.frame(frame);
            floor.add(began.elapsed());
            let began = now();
            full.ask();
            full.screen.frame(frame);
            ours.add(began.elapsed());
        }
        print_result(&format!("a frame with {requests} requests"), &ours, &floor, "flat, ≤ 1 ms");
    }
    for cases in [10, 1_000, 10_000] {
        let (mut full, mut ours, mut floor) = (Gridded::of(cases), Samples::default(), Samples::default());
        for frame in 0..400 {
            let began = now();
            empty.frame(frame);
            floor.add(began.elapsed());
            let began = now();
            full.step();
            full.screen.frame(frame);
            ours.add(began.elapsed());
        }
        print_result(&format!("a frame with {cases} cases"), &ours, &floor, "flat, ≤ 1 ms");
    }
}

/// A screen with the grid of a file of cases.
struct Gridded {
    screen: Screen,
    cells: usize,
    next: usize,
}

impl Gridded {
    fn of(cases: usize) -> Self {
        let mut screen = Screen::new();
        let case = |number: usize| Case {
            id: number.to_string(),
            inputs: Values::from_iter([(
                "question".to_owned(),
                "What goes in, and what comes out? ".repeat(20).into(),
            )]),
            expected: Values::from_iter([("answer".to_owned(), number.into())]),
            notes: serde_json::Map::new(),
            split: None,
            tags: Vec::new(),
        };
        let variants = [spec(), spec()].map(|spec| Variant { name: "gpt-4o-mini".to_owned(), spec }).to_vec();
        let metrics = vec![("answer".to_owned(), "exact".parse().expect("a metric"))];
        let cells = cases * variants.len();
        let cases = (0..cases).map(case).collect();
        let path = "cases.jsonl".into();
        let opened = OpenedCases { path, cases, metrics, variants, worst: None, seed: 0, repeat: 1 };
        screen.app.update(Duration::ZERO, Msg::Cases(Box::new(Ok(opened))));
        Self { screen, cells, next: 0 }
    }

    /// One more cell ends, and the selection moves.
    fn step(&mut self) {
        let cell = CellResult {
            score: 1.0,
            valid: true,
            model: Some("openai/gpt-4o-mini".to_owned()),
            attempts: 1,
            took: Duration::from_secs(1),
            first_token: None,
            cost: Cost::NOTHING.into(),
            judge_cost: Cost::NOTHING,
            tokens: [10, 10],
            run: 1,
            failure: None,
        };
        self.screen.app.update(Duration::ZERO, Msg::Scored(vec![(self.next % self.cells, cell)]));
        self.next += 1;
        let down = "Down".parse::<Chord>().expect("a key").event();
        self.screen.app.update(Duration::ZERO, Msg::Key(down));
    }
}

/// A screen that lists the gateway's requests and follows the newest.
struct Listed {
    screen: Screen,
    traffic: Traffic,
    run: u64,
}

impl Listed {
    fn grown(requests: u64) -> Self {
        let mut screen = Screen::new();
        screen.app.update(Duration::ZERO, Msg::Gateway(Ok("127.0.0.1:4141".to_owned())));
        let mut this = Self { screen, traffic: Traffic::default(), run: 0 };
        this.traffic.watch(Duration::ZERO, TrafficWatch::Newest);
        (0..requests).for_each(|_| this.ask());
        this
    }

    /// One more request begins, and the one before ends.
    fn ask(&mut self) {
        let now = Duration::from_secs(self.run);
        self.traffic.end(self.run);
        self.run += 1;
        self.traffic.begin(now, self.run, "OpenAI/Python", "openai/gpt-4o-mini", "openai/gpt-4o-mini");
        let spec = RunSpec::new(ChatTask::of("What is DSPy?"), ["openai/gpt-4o-mini"]);
        let what = ReportKind::Observation(Observation::Begun(Arc::new(spec)));
        self.traffic.apply(now, &Arc::new(Report { run: self.run, at: Duration::ZERO, what }));
        if let Some(update) = self.traffic.update(now) {
            self.screen.app.update(now, Msg::Traffic(Box::new(update), Receipt::new().0));
        }
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
