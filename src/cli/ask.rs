//! `ask`, and the program without a command: from settings to a run, from reports to an exit code.

use super::input::text_of;
use super::print::{self, Stream, note, out};
use super::runtime::{finish, runtime};
use super::{GlobalOptions, exit, setup};
use crate::config::{Config, Environment};
use crate::failover::{Failover, Outcome, Route};
use crate::headless::{Headless, OutputStyle};
use crate::openrouter::Chains;
use crate::report::Report;
use crate::spec::{ChatTask, RunSpec};
use crate::text::clean_line;
use crate::worker::{self, CostLookup, Preview, Run, ServiceOptions, Services};
use anyhow::{Context as _, Result, anyhow, bail};
use clap::Args;
use serde_json::{Map, Value, json};
use std::io::{IsTerminal as _, Read as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Send inputs once and print the answer.
#[derive(Args, Debug)]
#[command(after_help = super::examples::ASK)]
pub(super) struct AskArgs {
    /// Inputs: a plain text is the next input, name=value sets one by name; `-` reads standard input
    #[arg(value_name = "INPUT")]
    inputs: Vec<String>,
    /// All inputs as one JSON object
    #[arg(long, value_name = "JSON", conflicts_with = "inputs")]
    inputs_json: Option<String>,
    /// Send the input as a chat message, without a signature, and print the answer's text
    #[arg(long, conflicts_with_all = ["inputs_json", "field"])]
    raw: bool,
    /// Send the body of a chat request as it is (JSON; `-` reads standard input); the chain replaces its model
    #[arg(long, value_name = "FILE", conflicts_with_all = ["raw", "inputs", "inputs_json", "field"])]
    body: Option<PathBuf>,
    /// Print every event as a JSON line (docs/json.md describes them)
    #[arg(long)]
    json: bool,
    /// Print only this output field, without its name
    #[arg(long, value_name = "FIELD", conflicts_with = "json")]
    field: Option<String>,
    /// Show each attempt's URL and headers in the log
    #[arg(long, short)]
    verbose: bool,
    /// Print each model's request and its maximum cost; send nothing
    #[arg(long)]
    dry_run: bool,
    /// No failover: the first model answers or the run fails
    #[arg(long)]
    strict: bool,
    /// Let OpenRouter try the next model, with its `models` list
    #[arg(long, conflicts_with = "strict")]
    server_side: bool,
    /// Wait up to two minutes for the cost of attempts that were cut off
    #[arg(long)]
    wait_cost: bool,
}

/// Said before a question is sent that holds a secret.
pub(super) const REVEALS: &str =
    "the question contains your API key or a secret header; the model gets it, and the history keeps only a mask";

impl AskArgs {
    pub(super) fn run(self, settings: &GlobalOptions, env: &Environment) -> Result<u8> {
        let config = settings.config(env)?;
        let mut spec = self.spec(&config, settings, env)?;
        setup::check_faults(settings, &spec)?;
        if self.strict {
            spec.policy.failover = Failover::Strict;
        } else if self.server_side {
            spec.policy.failover = Failover::Server;
        }
        if self.dry_run {
            return dry_run(&config, settings, env, spec, self.json);
        }
        let costs = if self.wait_cost { CostLookup::BeforeTheEnd } else { CostLookup::Never };
        let style =
            if self.json { OutputStyle::Json } else { OutputStyle::Text { field: self.field, requests: self.verbose } };
        drive(&config, settings, env, (spec, costs), Headless::new(Stream::Out, Stream::Err, style))
    }

    /// What is asked, with the chain, the policy and the request fields of the settings.
    fn spec(&self, config: &Config, settings: &GlobalOptions, env: &Environment) -> Result<RunSpec> {
        if let Some(file) = &self.body {
            let text =
                text_of(file).with_context(|| format!("--body {}", clean_line(&file.display().to_string(), 200)))?;
            let task = chat_body(&text)?;
            let mut spec = setup::spec(config, task.clone())?;
            // Models of the command line win over those of the body, and the body's over the configuration.
            if settings.models.is_empty() {
                let configured: Vec<String> = spec.chain.iter().map(|route| route.model.clone()).collect();
                let chains = Chains { configured: &configured, named: &config.chains()? };
                let chain = task.chain(chains, |model| Ok::<_, anyhow::Error>(model.to_owned()))?;
                spec.chain = chain.into_iter().map(|model| Route::new(model, "")).collect();
            }
            return Ok(spec);
        }
        if self.raw {
            let words = self.input_words()?;
            if words.iter().all(|word| word.trim().is_empty()) {
                bail!("--raw: no message; type it, or send it to standard input");
            }
            return setup::spec(config, ChatTask::of(&words.join("\n")));
        }
        let mut task = setup::task(config, env)?;
        task.inputs = match &self.inputs_json {
            Some(json) => setup::inputs_from_json(&task.signature, json)?,
            None => setup::inputs_from_words(&task.signature, &self.input_words()?)?,
        };
        if let Some(field) = &self.field {
            setup::require_output(&task, field)?;
        }
        setup::spec(config, task)
    }

    /// The inputs as typed. Standard input replaces `-`, and is the only input if none is typed.
    fn input_words(&self) -> Result<Vec<String>> {
        let read_stdin = || -> Result<String> {
            let mut text = String::new();
            std::io::stdin().lock().read_to_string(&mut text).context("standard input")?;
            Ok(text.trim_end_matches('\n').to_owned())
        };
        if self.inputs.is_empty() && !std::io::stdin().is_terminal() {
            // From an empty standard input, an input is missing; it is not empty text.
            return Ok(vec![read_stdin()?].into_iter().filter(|text| !text.trim().is_empty()).collect());
        }
        self.inputs.iter().map(|word| if word == "-" { read_stdin() } else { Ok(word.clone()) }).collect()
    }
}

/// The chat request of a JSON body.
fn chat_body(text: &str) -> Result<ChatTask> {
    let body: Map<String, Value> = serde_json::from_str(text).context("--body: expected a JSON object")?;
    if body.get("messages").and_then(Value::as_array).is_none_or(Vec::is_empty) {
        bail!("--body: the request has no `messages`");
    }
    Ok(ChatTask::new(body))
}

/// Opens the playground; on a terminal that cannot move its cursor, line by line; without a terminal, prints the
/// demonstration as text.
pub(super) fn playground(settings: &GlobalOptions, env: &Environment) -> Result<u8> {
    if std::io::stdin().is_terminal() && std::io::stdout().is_terminal() {
        if env.vars.get("TERM").is_some_and(|term| term == "dumb") {
            return super::plain::PlainArgs::run(settings, env);
        }
        return super::play::run(settings, env, super::play::Opening::Prompt);
    }
    out!("No terminal here, so this is the failover demonstration as text (see `switchover ask --help`):");
    out!("");
    demonstration(settings, env)
}

/// Breaks the first model of the chain, so that the next one answers. Always uses the simulator.
fn demonstration(settings: &GlobalOptions, env: &Environment) -> Result<u8> {
    let settings = GlobalOptions { simulate: true, ..settings.clone() };
    let config = settings.config(env)?;
    let mut task = setup::task(&config, env)?;
    task.inputs = setup::example_inputs(&task.signature)?;
    for (name, value) in &task.inputs {
        out!("{name}: {}", value.as_str().unwrap_or_default());
    }
    let spec = setup::spec(&config, task)?;
    let first = spec.chain[0].model.clone();
    let settings = if settings.faults.is_empty() { settings.with_fault(&first, "503") } else { settings };
    // The demonstration is one text, so log and answer both go to standard output.
    let writer = Headless::new(Stream::Out, Stream::Out, OutputStyle::Text { field: None, requests: true });
    drive(&config, &settings, env, (spec, CostLookup::Never), writer)
}

/// Prints the requests as they would be sent, each with its maximum cost.
fn dry_run(config: &Config, settings: &GlobalOptions, env: &Environment, mut spec: RunSpec, json: bool) -> Result<u8> {
    let runtime = runtime(None)?;
    let previews = runtime.block_on(async {
        let services = Services::new(setup::service_options(config, settings, env).await?);
        worker::preview(&mut spec, &services).map_err(|failure| anyhow!("{}", failure.reason))
    })?;
    for Preview { model, request, injected, worst_case } in previews {
        if json {
            out!("{}", json!({"model": model, "request": request, "injected": injected, "worst_case_usd": worst_case}));
            continue;
        }
        let cost = worst_case.map_or_else(|| "unknown".to_owned(), |usd| format!("${usd:.6}"));
        out!(
            "# {model}: maximum cost {cost}{}",
            injected.map(|f| format!("; injected fault: {f}")).unwrap_or_default()
        );
        out!("POST {}", request.url);
        for header in &request.headers {
            out!("{}: {}", header.name(), header.value());
        }
        out!("\n{}\n", serde_json::to_string_pretty(&request.body)?);
    }
    Ok(exit::OK)
}

/// Runs a spec to its end, stores it in the history, and writes its reports.
fn drive(
    config: &Config,
    settings: &GlobalOptions,
    env: &Environment,
    (spec, cost_lookup): (RunSpec, CostLookup),
    mut writer: Headless<Stream, Stream>,
) -> Result<u8> {
    let runtime = runtime(None)?;
    runtime.block_on(async {
        let options = setup::storing_service_options(config, settings, env, |error| note!("switchover: {error}"));
        let services = Arc::new(Services::new(ServiceOptions { cost_lookup, ..options.await? }));
        let (deadline, began) = (spec.policy.limits.deadline, services.now());
        if services.reveals(&spec) {
            note!("switchover: {REVEALS}");
        }
        let mut run = worker::run(spec, &services);
        let cancel = run.canceller();
        let mut stop = std::pin::pin!(interrupted());
        let left = |cancelled| {
            if cancelled { Duration::ZERO } else { deadline.saturating_sub(services.now().saturating_sub(began)) }
        };
        loop {
            tokio::select! {
                biased;
                () = &mut stop, if !cancel.is_cancelled() => cancel.cancel(),
                report = next_report(&mut run, left(cancel.is_cancelled())) => match report {
                    // A closed pipe cancels the run.
                    Some(report) => if writer.apply(&report).is_err() { cancel.cancel() },
                    None => break,
                },
            }
        }
        let code = writer.outcome().map_or(exit::FATAL, exit_code);
        Ok(finish(&services, code, left(cancel.is_cancelled())).await)
    })
}

/// The run's next report, as soon as there is room to print it, or after `patience`.
pub(super) async fn next_report(run: &mut Run, patience: Duration) -> Option<Arc<Report>> {
    _ = tokio::time::timeout(patience, print::has_room()).await;
    run.next().await
}

/// Returns at Ctrl+C or SIGTERM.
pub(super) async fn interrupted() {
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

pub(super) fn exit_code(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Succeeded => exit::OK,
        Outcome::Exhausted | Outcome::DeadlineExceeded | Outcome::BudgetExceeded => exit::EXHAUSTED,
        Outcome::Rejected | Outcome::LocalError => exit::FATAL,
        Outcome::Cancelled => exit::CANCELLED,
    }
}
