//! `ask`, and what happens without a command: from settings to a run, from reports to an exit code.

use super::{GlobalOptions, exit, setup};
use crate::config::{Config, Environment};
use crate::failover::{Failover, Outcome};
use crate::headless::{Headless, OutputStyle};
use crate::spec::RunSpec;
use crate::worker::{self, CostLookup, Preview, ServiceOptions, Services};
use anyhow::{Context as _, Result, anyhow};
use clap::Args;
use serde_json::json;
use std::io::{IsTerminal as _, Read as _};
use std::sync::Arc;

/// Ask once and print the answer.
#[derive(Args, Debug)]
pub(super) struct AskArgs {
    /// The inputs: a bare text for the first input, or name=value for each; `-` reads standard input
    #[arg(value_name = "INPUT")]
    inputs: Vec<String>,
    /// All inputs as one JSON object
    #[arg(long, value_name = "JSON", conflicts_with = "inputs")]
    inputs_json: Option<String>,
    /// Print every event as a line of JSON
    #[arg(long)]
    json: bool,
    /// Print only this output field, raw
    #[arg(long, value_name = "FIELD", conflicts_with = "json")]
    field: Option<String>,
    /// Show each attempt's request and headers in the log
    #[arg(long, short)]
    verbose: bool,
    /// Show what would be sent to each model, and the most that it can cost; send nothing
    #[arg(long)]
    dry_run: bool,
    /// No failover: the first model answers or the run fails
    #[arg(long)]
    strict: bool,
    /// Leave the falling back to OpenRouter's own `models` list
    #[arg(long, conflicts_with = "strict")]
    server_side: bool,
    /// Wait up to two minutes for the cost of attempts that broke off
    #[arg(long)]
    wait_cost: bool,
}

impl AskArgs {
    pub(super) fn run(self, settings: &GlobalOptions, env: &Environment) -> Result<u8> {
        let config = settings.config(env)?;
        let mut task = setup::task(&config, env)?;
        task.inputs = match &self.inputs_json {
            Some(json) => setup::inputs_from_json(&task.signature, json)?,
            None => setup::inputs_from_words(&task.signature, &self.words()?)?,
        };
        if let Some(field) = &self.field {
            setup::require_output(&task, field)?;
        }
        let mut spec = setup::spec(&config, task)?;
        match (self.strict, self.server_side) {
            (true, _) => spec.policy.failover = Failover::Strict,
            (false, true) => spec.policy.failover = Failover::Server,
            (false, false) => {}
        }
        if self.dry_run {
            return dry_run(&config, settings, env, spec, self.json);
        }
        let costs = if self.wait_cost { CostLookup::BeforeTheEnd } else { CostLookup::Never };
        let style =
            if self.json { OutputStyle::Json } else { OutputStyle::Text { field: self.field, requests: self.verbose } };
        drive(&config, settings, env, (spec, costs), Headless::new(std::io::stdout(), std::io::stderr(), style))
    }

    /// The inputs as typed; standard input stands for `-`, or for all of them where none was typed.
    fn words(&self) -> Result<Vec<String>> {
        let piped = || -> Result<String> {
            let mut text = String::new();
            std::io::stdin().lock().read_to_string(&mut text).context("standard input")?;
            Ok(text.trim_end_matches('\n').to_owned())
        };
        if self.inputs.is_empty() && !std::io::stdin().is_terminal() {
            return Ok(vec![piped()?]);
        }
        self.inputs.iter().map(|word| if word == "-" { piped() } else { Ok(word.clone()) }).collect()
    }
}

/// Without a command: the playground; or, where there is no terminal, the demonstration as text.
pub(super) fn playground(settings: &GlobalOptions, env: &Environment) -> Result<u8> {
    if std::io::stdin().is_terminal() && std::io::stdout().is_terminal() {
        return super::play::run(settings, env, false);
    }
    println!("No terminal here, so the failover demonstration runs as text (`switchover ask --help` for more):");
    println!();
    demonstration(settings, env)
}

/// The first model of the chain is broken on purpose, and the next one answers. Always on the simulator.
fn demonstration(settings: &GlobalOptions, env: &Environment) -> Result<u8> {
    let settings = GlobalOptions { simulate: true, ..settings.clone() };
    let config = settings.config(env)?;
    let mut task = setup::task(&config, env)?;
    task.inputs = setup::example_inputs(&task.signature)?;
    for (name, value) in &task.inputs {
        println!("{name}: {}", value.as_str().unwrap_or_default());
    }
    let spec = setup::spec(&config, task)?;
    let first = spec.chain[0].model.clone();
    let settings = if settings.faults.is_empty() { settings.broken(&first, "503") } else { settings };
    // Log and answer belong together here, so both go to standard output.
    let face = Headless::new(std::io::stdout(), std::io::stdout(), OutputStyle::Text { field: None, requests: true });
    drive(&config, &settings, env, (spec, CostLookup::Never), face)
}

/// The requests as they would be sent, each with its worst case.
fn dry_run(config: &Config, settings: &GlobalOptions, env: &Environment, mut spec: RunSpec, json: bool) -> Result<u8> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let previews = runtime.block_on(async {
        let services = Services::new(setup::service_options(config, settings, env).await?);
        worker::preview(&mut spec, &services).map_err(|failure| anyhow!("{}", failure.reason))
    })?;
    for Preview { model, request, injected, worst_case } in previews {
        if json {
            println!(
                "{}",
                json!({"model": model, "request": request, "injected": injected, "worst_case_usd": worst_case})
            );
            continue;
        }
        let cost = worst_case.map_or_else(|| "unknown".to_owned(), |usd| format!("${usd:.6}"));
        println!("# {model}: costs at most {cost}{}", injected.map(|f| format!("; injected: {f}")).unwrap_or_default());
        println!("POST {}", request.url);
        for header in &request.headers {
            println!("{}: {}", header.name(), header.value());
        }
        println!("\n{}\n", serde_json::to_string_pretty(&request.body)?);
    }
    Ok(exit::OK)
}

/// One run to its end: kept in the history, then told to the face.
fn drive<O, L>(
    config: &Config,
    settings: &GlobalOptions,
    env: &Environment,
    (spec, cost_lookup): (RunSpec, CostLookup),
    mut face: Headless<O, L>,
) -> Result<u8>
where
    O: std::io::Write,
    L: std::io::Write,
{
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let services = Arc::new(Services::new(ServiceOptions {
            history: setup::history(config, env, |trouble| eprintln!("switchover: {trouble}"))?,
            cost_lookup,
            ..setup::service_options(config, settings, env).await?
        }));
        let mut run = worker::run(spec, &services);
        let cancel = run.canceller();
        let mut stopping = std::pin::pin!(stop_asked());
        loop {
            tokio::select! {
                biased;
                () = &mut stopping, if !cancel.is_cancelled() => cancel.cancel(),
                report = run.next() => match report {
                    // A reader that has gone away ends the run, but not with a panic.
                    Some(report) => if face.hear(&report).is_err() { cancel.cancel() },
                    None => break,
                },
            }
        }
        Ok(face.outcome().map_or(exit::FATAL, code))
    })
}

/// Ctrl+C, or the system asking politely.
pub(super) async fn stop_asked() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut term) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = term.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

pub(super) fn code(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Succeeded => exit::OK,
        Outcome::Exhausted | Outcome::DeadlineExceeded | Outcome::BudgetExceeded => exit::EXHAUSTED,
        Outcome::Rejected | Outcome::LocalError => exit::FATAL,
        Outcome::Cancelled => exit::CANCELLED,
    }
}
