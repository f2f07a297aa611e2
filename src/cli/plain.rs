//! `plain`: the playground's job, line by line, for screen readers and dumb terminals. Nothing
//! is drawn and nothing written over; the same worker, the same reports, the same fold.

mod orders;

use super::{GlobalOptions, ask, exit, setup};
use crate::config::Environment;
use crate::dspy::{Field, Values};
use crate::headless::{Headless, OutputStyle};
use crate::report::Report;
use crate::spec::{RunSpec, SignatureTask, Task};
use crate::transcript::{HealthBoard, Transcript};
use crate::worker::{self, Run, ServiceOptions, Services};
use anyhow::Result;
use clap::Args;
use std::io::{BufRead as _, IsTerminal as _, Stdout, Write as _};
use std::sync::Arc;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// The playground line by line, for screen readers and dumb terminals.
#[derive(Args, Debug)]
pub(super) struct PlainArgs {}

impl PlainArgs {
    pub(super) fn run(settings: &GlobalOptions, env: &Environment) -> Result<u8> {
        let config = settings.config(env)?;
        let spec = setup::spec(&config, setup::task(&config, env)?)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let services = Arc::new(Services::new(ServiceOptions {
                history: setup::history(&config, env, |trouble| println!("{trouble}"))?,
                ..setup::service_options(&config, settings, env).await?
            }));
            let env = env.clone();
            let given = Values::new();
            let health = HealthBoard::default();
            let mut repl = Repl { services, spec, env, health, given, joined: String::new(), run: None, last: None };
            println!("Switchover, line by line. /help lists the commands, /quit leaves.");
            println!("{}", repl.introduction());
            repl.serve(lines()).await;
            Ok(exit::OK)
        })
    }
}

/// Lines as they are typed. The thread that waits for them ends with the process.
fn lines() -> UnboundedReceiver<String> {
    let (tell, lines) = unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            let Ok(line) = line else { break };
            if tell.send(line).is_err() {
                break;
            }
        }
    });
    lines
}

/// What stands between two lines.
struct Repl {
    services: Arc<Services>,
    spec: RunSpec,
    env: Environment,
    /// How the models fare in this session.
    health: HealthBoard,
    /// The inputs that have been given so far.
    given: Values,
    /// Lines that ended in a backslash.
    joined: String,
    run: Option<LiveRun>,
    last: Option<Transcript>,
}

/// A run that is on.
struct LiveRun {
    run: Run,
    face: Headless<Stdout, Stdout>,
}

impl Repl {
    async fn serve(&mut self, mut lines: UnboundedReceiver<String>) {
        let typed = std::io::stdin().is_terminal();
        self.prompt();
        loop {
            // From a pipe the next line waits for the end of the run; a person may give orders meanwhile.
            let listens = typed || self.run.is_none();
            tokio::select! {
                biased;
                () = ask::stop_asked() => match &self.run {
                    Some(live) => live.run.canceller().cancel(),
                    None => return,
                },
                report = next(&mut self.run) => self.on_report(report),
                line = lines.recv(), if listens => match line {
                    Some(line) => if !self.take(&line) { return },
                    None if self.run.is_none() => return,
                    None => self.finish().await,
                },
            }
        }
    }

    /// The input was closed: the run that is on may still end.
    async fn finish(&mut self) {
        while self.run.is_some() {
            let report = next(&mut self.run).await;
            self.on_report(report);
        }
    }

    fn on_report(&mut self, report: Option<Arc<Report>>) {
        let Some(report) = report else {
            self.last = self.run.take().map(|live| live.face.transcript().clone());
            return self.prompt();
        };
        self.health.apply(self.services.now(), &report);
        if let Some(live) = &mut self.run
            && live.face.hear(&report).is_err()
        {
            live.run.canceller().cancel();
        }
    }

    /// A line was typed. False when it was the last.
    fn take(&mut self, line: &str) -> bool {
        if let Some(order) = line.strip_prefix('/').filter(|_| self.joined.is_empty()) {
            let go_on = self.order(order);
            if go_on && self.run.is_none() {
                self.prompt();
            }
            return go_on;
        }
        if self.run.is_some() {
            println!("A run is on. /stop ends it.");
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

    /// The next input's value; with the last one the run begins.
    fn input(&mut self, text: &str) {
        if let Some(field) = self.next_field() {
            if text.trim().is_empty() {
                return;
            }
            match field.parse(text) {
                Ok(value) => _ = self.given.insert(field.name.clone(), value),
                Err(problem) => return println!("{problem}"),
            }
        }
        if self.next_field().is_none() {
            let inputs = std::mem::take(&mut self.given);
            self.send(inputs);
        }
    }

    fn send(&mut self, inputs: Values) {
        self.task_mut().inputs = inputs;
        self.spec.policy.seed = fastrand::u64(..);
        let run = worker::run(self.spec.clone(), &self.services);
        let face = Headless::new(std::io::stdout(), std::io::stdout(), OutputStyle::Sentences);
        self.run = Some(LiveRun { run, face });
    }

    fn task(&self) -> &SignatureTask {
        let Task::Signature(task) = &self.spec.task;
        task
    }

    fn task_mut(&mut self) -> &mut SignatureTask {
        let Task::Signature(task) = &mut self.spec.task;
        task
    }

    /// The input whose value is typed next.
    fn next_field(&self) -> Option<&Field> {
        self.task().signature.inputs.iter().find(|field| !self.given.contains_key(&field.name))
    }

    /// Asks for the next input.
    fn prompt(&self) {
        let open = self.next_field();
        let asks = open.map_or_else(|| "Enter sends: ".to_owned(), |f| format!("{} ({}): ", f.name, f.field_type));
        // The line end that a person types does not come out of a pipe.
        if std::io::stdin().is_terminal() {
            print!("{asks}");
            _ = std::io::stdout().flush();
        } else {
            println!("{asks}");
        }
    }

    fn introduction(&self) -> String {
        let models: Vec<&str> = self.spec.chain.iter().map(|route| route.model.as_str()).collect();
        format!(
            "Signature {}, asked with {}.\nModels, first choice first: {}.\n{}",
            self.task().signature.inline(),
            self.task().module,
            models.join(", "),
            if self.services.simulated() { "The simulator answers." } else { "Real models answer." },
        )
    }
}

/// The next report of the run that is on; waits for ever where there is none.
async fn next(run: &mut Option<LiveRun>) -> Option<Arc<Report>> {
    match run {
        Some(live) => live.run.next().await,
        None => std::future::pending().await,
    }
}
