//! `history`: the runs that were kept.

use super::export::{self, To};
use super::{GlobalOptions, exit};
use crate::config::Environment;
use crate::failover::Outcome;
use crate::headless::{Headless, OutputStyle};
use crate::history::{self, History};
use crate::report::Report;
use crate::text::clean_line;
use crate::transcript::{Transcript, counted, model_name, seconds, usd};
use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::path::Path;

/// Look at earlier runs.
#[derive(Args, Debug)]
pub(super) struct HistoryArgs {
    #[command(subcommand)]
    what: Option<HistoryCommand>,
    /// Print as JSON
    #[arg(long, global = true)]
    json: bool,
    /// List so many runs at most
    #[arg(long, short = 'n', global = true, default_value_t = 20)]
    most: usize,
}

#[derive(Debug, Subcommand)]
enum HistoryCommand {
    /// List the latest runs, newest first (what `history` alone does)
    List,
    /// Show a run: its log and its answer; --json prints its lines as they were kept
    Show {
        /// The run's number, the end of it, or `last`
        run: String,
    },
    /// List the runs whose inputs, answer, signature or models hold all these words
    Search {
        /// In any case and order
        #[arg(required = true)]
        words: Vec<String>,
    },
    /// Write a run as a program or command of somebody else's
    Export {
        /// The run's number, the end of it, or `last`
        run: String,
        /// What to write
        #[arg(long)]
        to: To,
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
                tell(&history.find(&run)?, style)
            }
            Some(HistoryCommand::Export { run, to }) => export::run_as(&history.find(&run)?, to, settings, env),
        }
    }
}

/// A run by its number in the history, or out of a file.
pub(super) fn reports(word: &str, env: &Environment) -> Result<Vec<Report>> {
    let path = Path::new(word);
    if path.is_file() {
        let mut kept = history::read(path).with_context(|| word.to_owned())?;
        return kept.runs.pop().with_context(|| format!("{word} holds no run: JSON lines of `ask --json` are wanted"));
    }
    Ok(History::of(&env.data_dir).find(word)?)
}

/// Prints a whole run at once.
pub(super) fn tell(run: &[Report], style: OutputStyle) -> Result<u8> {
    let mut face = Headless::new(std::io::stdout(), std::io::stderr(), style);
    run.iter().try_for_each(|report| face.hear(report))?;
    Ok(exit::OK)
}

fn list(history: &History, words: &[String], most: usize, json: bool) -> Result<u8> {
    let place = || history.directory().display().to_string();
    // A search looks at all of them.
    let kept = history.latest(if words.is_empty() { most } else { usize::MAX }).with_context(place)?;
    let mut runs: Vec<Transcript> = kept.runs.iter().map(Transcript::of).collect();
    runs.retain(|run| history::matches(run, words));
    runs.truncate(most);
    if json {
        println!("{}", serde_json::to_string_pretty(&runs.iter().map(summary).collect::<Vec<_>>())?);
        return Ok(exit::OK);
    }
    if runs.is_empty() {
        let what = if words.is_empty() { "no runs yet" } else { "no such run" };
        println!("{what} in {}", place());
    }
    for run in &runs {
        println!("{}", line(run));
    }
    if kept.unread > 0 {
        eprintln!("{} lines in {} could not be read and were passed over", kept.unread, place());
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
    let who = run.winner().map_or("no answer", |attempt| model_name(&attempt.model));
    let took = run.finished.as_ref().map_or(run.latest, |finished| finished.took);
    let asked = run.task().map(|task| {
        let inputs: Vec<String> = task.inputs.values().map(|value| clean_line(&plain(value), 60)).collect();
        inputs.join(" · ")
    });
    format!(
        "{} {glyph} {}  {who} · {} · {} · {}",
        run.run.unwrap_or_default(),
        asked.unwrap_or_else(|| "its beginning is lost".to_owned()),
        seconds(took),
        counted(run.attempts.len(), "attempt"),
        usd(run.cost()),
    )
}

fn summary(run: &Transcript) -> Value {
    let task = run.task();
    json!({
        "run": run.run,
        "outcome": run.outcome(),
        "signature": task.map(|task| task.signature.inline()),
        "module": task.map(|task| task.module),
        "inputs": task.map(|task| &task.inputs),
        "fields": run.finished.as_ref().map(|finished| &finished.fields),
        "model": run.finished.as_ref().and_then(|finished| finished.model.as_ref()),
        "attempts": run.attempts.len(),
        "took_ms": run.finished.as_ref().map_or(run.latest, |finished| finished.took).as_secs_f64() * 1000.0,
        "cost": run.cost(),
        "simulated": run.spec.as_ref().map(|spec| spec.simulated),
    })
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
