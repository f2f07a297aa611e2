//! `history`: lists, shows, searches and exports stored runs.

use super::export::{self, ExportTarget};
use super::print::{Stream, note, out};
use super::{GlobalOptions, exit};
use crate::config::Environment;
use crate::failover::Outcome;
use crate::headless::{Headless, OutputStyle};
use crate::history::{self, History};
use crate::report::Report;
use crate::text::clean_line;
use crate::transcript::{Transcript, counted, model_name, seconds};
use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::path::Path;

/// List, show, search or export earlier runs.
#[derive(Args, Debug)]
pub(super) struct HistoryArgs {
    #[command(subcommand)]
    what: Option<HistoryCommand>,
    /// Print as JSON
    #[arg(long, global = true)]
    json: bool,
    /// List at most this many runs
    #[arg(long, short = 'n', global = true, default_value_t = 20)]
    most: usize,
}

#[derive(Debug, Subcommand)]
enum HistoryCommand {
    /// List the latest runs, newest first; the default
    List,
    /// Show a run's log and answer; --json prints its stored lines
    Show {
        /// The run's id, its last digits, or `last`
        run: String,
    },
    /// List the runs that contain all these words in inputs, answer, signature or models
    Search {
        /// Words, in any order; upper and lower case are equal
        #[arg(required = true)]
        words: Vec<String>,
    },
    /// Print a run as a DSPy, LiteLLM, OpenAI or curl program
    Export {
        /// The run's id, its last digits, or `last`
        run: String,
        /// The kind of program
        #[arg(long)]
        to: ExportTarget,
    },
}

impl HistoryArgs {
    pub(super) fn run(self, settings: &GlobalOptions, env: &Environment) -> Result<u8> {
        let history = History::of(&env.data_dir);
        match self.what {
            None | Some(HistoryCommand::List) => list(&history, &[], self.most, self.json),
            Some(HistoryCommand::Search { words }) => list(&history, &words, self.most, self.json),
            Some(HistoryCommand::Show { run }) => {
                let style =
                    if self.json { OutputStyle::Json } else { OutputStyle::Text { field: None, requests: true } };
                print(&history.find(&run)?, style)
            }
            Some(HistoryCommand::Export { run, to }) => export::run_as(&history.find(&run)?, to, settings, env),
        }
    }
}

/// The reports of a run: of the history by its id, or of a file of JSON lines.
pub(super) fn reports(word: &str, env: &Environment) -> Result<Vec<Report>> {
    let path = Path::new(word);
    if path.is_file() {
        let mut file = history::read(path).with_context(|| word.to_owned())?;
        return file
            .runs
            .pop()
            .with_context(|| format!("{word} contains no run; expected JSON lines as `ask --json` prints them"));
    }
    Ok(History::of(&env.data_dir).find(word)?)
}

/// Prints a run without its pauses.
fn print(run: &[Report], style: OutputStyle) -> Result<u8> {
    let mut writer = Headless::new(Stream::Out, Stream::Err, style);
    run.iter().try_for_each(|report| writer.apply(report))?;
    Ok(exit::OK)
}

fn list(history: &History, words: &[String], most: usize, json: bool) -> Result<u8> {
    let directory = || history.directory().display().to_string();
    // A search reads all runs.
    let latest = history.latest(if words.is_empty() { most } else { usize::MAX }).with_context(directory)?;
    let mut runs: Vec<Transcript> = latest.runs.iter().map(Transcript::of).collect();
    runs.retain(|run| history::matches(run, words));
    runs.truncate(most);
    if json {
        out!("{}", serde_json::to_string_pretty(&runs.iter().map(summary).collect::<Vec<_>>())?);
        return Ok(exit::OK);
    }
    if runs.is_empty() {
        let what = if words.is_empty() { "no runs yet" } else { "no matching run" };
        out!("{what} in {}", directory());
    }
    for run in &runs {
        out!("{}", line(run));
    }
    if latest.unread > 0 {
        note!("skipped {} unreadable lines in {}", latest.unread, directory());
    }
    Ok(exit::OK)
}

fn line(run: &Transcript) -> String {
    let glyph = match run.outcome() {
        Some(Outcome::Succeeded) if run.switch().is_some() => '⇄',
        Some(Outcome::Succeeded) => '✓',
        Some(Outcome::Cancelled) => '–',
        None => '…',
        Some(_) => '✗',
    };
    let model = run.winner().map_or("no answer", |attempt| model_name(attempt.answering()));
    let took = run.finished.as_ref().map_or(run.latest, |finished| finished.took);
    let inputs = run.asked().map(|asked| {
        let inputs: Vec<String> = asked.values().map(|value| clean_line(&plain(value), 60)).collect();
        inputs.join(" · ")
    });
    format!(
        "{} {glyph} {}  {model} · {} · {} · {}",
        run.run.unwrap_or_default(),
        inputs.unwrap_or_else(|| "(first line missing)".to_owned()),
        seconds(took),
        counted(run.attempts.len(), "attempt"),
        run.spend(),
    )
}

fn summary(run: &Transcript) -> Value {
    let task = run.task();
    json!({
        "run": run.run,
        "outcome": run.outcome(),
        "signature": task.map(|task| task.signature.inline()),
        "module": task.map(|task| task.module),
        "inputs": run.asked(),
        "fields": run.finished.as_ref().map(|finished| &finished.fields),
        "model": run.finished.as_ref().and_then(|finished| finished.model.as_ref()),
        "attempts": run.attempts.len(),
        "took_ms": run.finished.as_ref().map_or(run.latest, |finished| finished.took).as_secs_f64() * 1000.0,
        "cost": run.spend().total(),
        "simulated": run.spec.as_ref().map(|spec| spec.simulated),
    })
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
