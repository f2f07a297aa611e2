//! `plain`: the playground line by line, for screen readers and simple terminals. It only prints lines, and uses the
//! same worker, reports and transcript as the screen.

mod commands;

use super::print::{self, Stream, out};
use super::runtime::{finish, runtime};
use super::{GlobalOptions, ask, exit, setup};
use crate::config::{Config, Environment};
use crate::dspy::{Field, Values};
use crate::headless::{Headless, OutputStyle};
use crate::report::Report;
use crate::spec::{RunSpec, SignatureTask};
use crate::transcript::{HealthBoard, Transcript};
use crate::worker::{self, Run, Services};
use anyhow::Result;
use clap::Args;
use std::io::{BufRead as _, IsTerminal as _};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::{Receiver, channel};

/// Open the playground line by line, for screen readers and simple terminals.
#[derive(Args, Debug)]
pub(super) struct PlainArgs {}

impl PlainArgs {
    pub(super) fn run(settings: &GlobalOptions, env: &Environment) -> Result<u8> {
        let config = settings.config(env)?;
        let task = setup::task(&config, env)?;
        let spec = setup::spec(&config, task.clone())?;
        let runtime = runtime(None)?;
        runtime.block_on(async {
            let options = setup::storing_service_options(&config, settings, env, |error| out!("{error}")).await?;
            let services = Arc::new(Services::new(options));
            let env = env.clone();
            let inputs = Values::new();
            let health = HealthBoard::default();
            let mut repl = Repl {
                services,
                task,
                spec,
                config,
                env,
                health,
                inputs,
                joined: String::new(),
                run: None,
                last: None,
            };
            out!("Switchover, line by line. /help lists the commands, /quit ends the program.");
            out!("{}", repl.introduction());
            repl.run_loop(lines()).await;
            Ok(finish(&repl.services, exit::OK, Duration::ZERO).await)
        })
    }
}

/// The lines that are read ahead.
const LINES: usize = 64;

/// Lines of standard input. The thread that reads them ends with the process.
fn lines() -> Receiver<String> {
    let (sender, lines) = channel(LINES);
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            let Ok(line) = line else { break };
            if sender.blocking_send(line).is_err() {
                break;
            }
        }
    });
    lines
}

/// The state of the session.
struct Repl {
    services: Arc<Services>,
    /// What is asked next; its inputs are entered one by one.
    task: SignatureTask,
    /// The chain, policy and settings of the next run.
    spec: RunSpec,
    config: Config,
    env: Environment,
    /// The health of the models in this session.
    health: HealthBoard,
    /// The inputs entered so far for the next run.
    inputs: Values,
    /// The text so far of an input that continues after a backslash.
    joined: String,
    /// The run in progress.
    run: Option<LiveRun>,
    /// The last run that ended.
    last: Option<Transcript>,
}

/// A run in progress.
struct LiveRun {
    run: Run,
    /// The end of its time, on the services' clock.
    ends: Duration,
    writer: Headless<Stream, Stream>,
}

impl Repl {
    async fn run_loop(&mut self, mut lines: Receiver<String>) {
        let interactive = std::io::stdin().is_terminal();
        self.prompt();
        while !Stream::Out.has_failed() {
            // A person may enter commands during a run; lines from a pipe wait for its end.
            let reads = interactive || self.run.is_none();
            tokio::select! {
                biased;
                () = ask::interrupted() => match &self.run {
                    Some(live) => live.run.canceller().cancel(),
                    None => return,
                },
                report = next(&mut self.run, self.services.now()) => self.on_report(report),
                line = lines.recv(), if reads => match line {
                    Some(line) => if !self.on_line(&line) { return },
                    None if self.run.is_none() => return,
                    None => self.finish().await,
                },
            }
        }
    }

    /// Standard input was closed: waits for the end of the run.
    async fn finish(&mut self) {
        while self.run.is_some() {
            let report = next(&mut self.run, self.services.now()).await;
            self.on_report(report);
        }
    }

    fn on_report(&mut self, report: Option<Arc<Report>>) {
        let Some(report) = report else {
            self.last = self.run.take().map(|live| live.writer.transcript().clone());
            return self.prompt();
        };
        self.health.apply(self.services.now(), &report);
        if let Some(live) = &mut self.run
            && live.writer.apply(&report).is_err()
        {
            live.run.canceller().cancel();
        }
    }

    /// Handles a line of input. Returns false if the program should end.
    fn on_line(&mut self, line: &str) -> bool {
        if let Some(command) = line.strip_prefix('/').filter(|_| self.joined.is_empty()) {
            let proceed = self.command(command);
            if proceed && self.run.is_none() {
                self.prompt();
            }
            return proceed;
        }
        if self.run.is_some() {
            out!("A run is in progress. /stop ends it.");
            return true;
        }
        self.joined.push_str(line.strip_suffix('\\').unwrap_or(line));
        if line.ends_with('\\') {
            self.joined.push('\n');
            return true;
        }
        let text = std::mem::take(&mut self.joined);
        self.input(&text);
        if self.run.is_none() {
            self.prompt();
        }
        true
    }

    /// Sets the next input; starts the run after the last one.
    fn input(&mut self, text: &str) {
        if let Some(field) = self.next_field() {
            if text.trim().is_empty() {
                return;
            }
            match field.parse(text) {
                Ok(value) => _ = self.inputs.insert(field.name.clone(), value),
                Err(problem) => return out!("{problem}"),
            }
        }
        if self.next_field().is_none() {
            let inputs = std::mem::take(&mut self.inputs);
            self.send(inputs);
        }
    }

    fn send(&mut self, inputs: Values) {
        self.task.inputs = inputs;
        self.spec.task = self.task.clone().into();
        self.spec.policy.seed = fastrand::u64(..);
        if self.services.reveals(&self.spec) {
            out!("{}", ask::REVEALS);
        }
        let run = worker::run(self.spec.clone(), &self.services);
        let writer = Headless::new(Stream::Out, Stream::Out, OutputStyle::Sentences);
        let ends = self.services.now().saturating_add(self.spec.policy.limits.deadline);
        self.run = Some(LiveRun { run, ends, writer });
    }

    /// The input to enter next; `None` if all are set.
    fn next_field(&self) -> Option<&Field> {
        self.task.signature.inputs.iter().find(|field| !self.inputs.contains_key(&field.name))
    }

    /// Prints the prompt for the next input.
    fn prompt(&self) {
        let next = self.next_field();
        let prompt = next.map_or_else(|| "Enter sends: ".to_owned(), |f| format!("{} ({}): ", f.name, f.field_type));
        // A person ends the line by pressing Enter; with a pipe nothing would end it.
        if std::io::stdin().is_terminal() {
            print::text(&prompt);
        } else {
            out!("{prompt}");
        }
    }

    fn introduction(&self) -> String {
        let models: Vec<&str> = self.spec.chain.iter().map(|route| route.model.as_str()).collect();
        format!(
            "Signature {}, module {}.\nModels, first choice first: {}.\n{}",
            self.task.signature.inline(),
            self.task.module,
            models.join(", "),
            if self.services.simulated() { "The built-in simulator answers." } else { "Real models answer." },
        )
    }
}

/// The next report of the run in progress; never returns if there is none.
async fn next(run: &mut Option<LiveRun>, now: Duration) -> Option<Arc<Report>> {
    match run {
        Some(live) => ask::next_report(&mut live.run, live.ends.saturating_sub(now)).await,
        None => std::future::pending().await,
    }
}
