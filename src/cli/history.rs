//! `history`: lists, shows, searches, exports and deletes stored runs.

use super::eval;
use super::export::{self, ExportTarget};
use super::print::{self, Stream, note, out};
use super::{GlobalOptions, exit};
use crate::config::Environment;
use crate::headless::{Headless, OutputStyle};
use crate::history::{self, History, Imported, Query, RunNotFound};
use crate::report::Report;
use crate::text::{clean_line, counted};
use crate::transcript::{RunRow, Transcript, seconds};
use anyhow::{Context as _, Result, anyhow, bail};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::path::Path;
use std::str::FromStr;
use time::{Date, Month};

/// List, show, search, export or delete earlier runs.
#[derive(Args, Debug)]
#[command(after_help = super::examples::HISTORY)]
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
    /// Print a run as JSON lines, or as a DSPy, LiteLLM, OpenAI or curl program; without a run, the lines of all runs
    Export {
        /// The run's id, its last digits, or `last`
        run: Option<String>,
        /// The kind of program; without it, JSON lines
        #[arg(long, requires = "run")]
        to: Option<ExportTarget>,
    },
    /// Delete a run, or all runs before a day
    Forget {
        /// The run's id, its last digits, or `last`
        #[arg(conflicts_with = "before")]
        run: Option<String>,
        /// Delete every run that started before this day (UTC), such as 2026-11-30
        #[arg(long, value_name = "DATE")]
        before: Option<Day>,
    },
    /// Print the path of the database
    Path,
}

impl HistoryArgs {
    pub(super) fn run(self, settings: &GlobalOptions, env: &Environment) -> Result<u8> {
        let history = stored(env);
        match self.what {
            None | Some(HistoryCommand::List) => list(&history, Vec::new(), self.most, self.json),
            Some(HistoryCommand::Search { words }) => list(&history, words, self.most, self.json),
            Some(HistoryCommand::Show { run }) => {
                let style =
                    if self.json { OutputStyle::Json } else { OutputStyle::Text { field: None, requests: true } };
                print(&find(&history, &run)?, style)
            }
            Some(HistoryCommand::Export { run: Some(run), to: Some(to) }) => {
                export::run_as(&find(&history, &run)?, to, settings, env)
            }
            Some(HistoryCommand::Export { run: Some(run), to: None }) => {
                print(&find(&history, &run)?, OutputStyle::Json)
            }
            Some(HistoryCommand::Export { run: None, .. }) => export_all(&history),
            Some(HistoryCommand::Forget { run, before }) => forget(&history, run.as_deref(), before, env),
            Some(HistoryCommand::Path) => {
                out!("{}", history.path().display());
                Ok(exit::OK)
            }
        }
    }
}

/// The history, after the files of an earlier version were read into it.
fn stored(env: &Environment) -> History {
    let history = History::of(&env.data_dir);
    match history.import_older() {
        Ok(Imported { runs: 0, unread: 0 }) => {}
        Ok(Imported { runs, unread }) => {
            let skipped = if unread == 0 { String::new() } else { format!("; {unread} unreadable lines were skipped") };
            note!("{} of an earlier version are in the history now; its files stay{skipped}", counted(runs, "run"));
        }
        Err(error) => note!("switchover: older history files are not read: {error}"),
    }
    history
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
    find(&stored(env), word)
}

fn find(history: &History, word: &str) -> Result<Vec<Report>> {
    history.find(word).map_err(|error| match error {
        RunNotFound::History(error) => anyhow!("{}: {error}", history.path().display()),
        other => other.into(),
    })
}

/// Prints a run without its pauses.
fn print(run: &[Report], style: OutputStyle) -> Result<u8> {
    let mut writer = Headless::new(Stream::Out, Stream::Err, style);
    run.iter().try_for_each(|report| writer.apply(report))?;
    Ok(exit::OK)
}

/// Prints the lines of every run, oldest first.
fn export_all(history: &History) -> Result<u8> {
    history
        .each_run(|run| {
            print::text(&run.iter().map(Report::line).collect::<String>());
            // Only one run at a time is in memory.
            print::written();
            !Stream::Out.has_failed()
        })
        .with_context(|| history.path().display().to_string())?;
    Ok(exit::OK)
}

fn list(history: &History, words: Vec<String>, most: usize, json: bool) -> Result<u8> {
    let place = || history.path().display().to_string();
    let empty = if words.is_empty() { "no runs yet" } else { "no matching run" };
    let rows = history.rows(&Query { words, most, ..Query::default() }).with_context(place)?;
    if json {
        let runs = rows.iter().map(|row| Ok(summary(&Transcript::of(&history.run(row.run)?))));
        out!("{}", serde_json::to_string_pretty(&runs.collect::<Result<Vec<_>>>().with_context(place)?)?);
        return Ok(exit::OK);
    }
    if rows.is_empty() {
        out!("{empty} in {}", place());
    }
    for row in &rows {
        out!("{}", line(row));
    }
    Ok(exit::OK)
}

/// Deletes a run, or all runs before a day, also from what evaluations keep.
fn forget(history: &History, run: Option<&str>, before: Option<Day>, env: &Environment) -> Result<u8> {
    let place = || history.path().display().to_string();
    if let Some(Day(wall)) = before {
        let number = history.forget_before(wall).with_context(place)?;
        eval::forget(env, |run| run < wall).context("the kept answers of evaluations")?;
        out!("{} deleted", counted(number, "run"));
    } else if let Some(run) = run {
        let run = history.forget(run).map_err(|error| anyhow!("{}: {error}", place()))?;
        eval::forget(env, |kept| kept == run).context("the kept answers of evaluations")?;
        out!("run {run} deleted");
    } else {
        bail!(
            "which runs? `history forget RUN` deletes one (`last`, or its id in `switchover history`), \
             `history forget --before 2026-11-30` all before a day"
        );
    }
    let older = history.older_files().unwrap_or_default();
    if let Some(file) = older.first() {
        let number = counted(older.len(), "file");
        note!("{number} of an earlier version may still contain it: {} and later", file.display());
    }
    Ok(exit::OK)
}

/// A day as its first moment (UTC), in ms since 1970.
#[derive(Clone, Copy, Debug)]
struct Day(u64);

impl FromStr for Day {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "expected a day such as 2026-11-30".to_owned();
        let parts: Vec<&str> = text.split('-').collect();
        let [year, month, day] = parts.as_slice() else { return Err(wrong()) };
        let month = month.parse::<u8>().ok().and_then(|month| Month::try_from(month).ok()).ok_or_else(wrong)?;
        let (year, day) = (year.parse().map_err(|_| wrong())?, day.parse().map_err(|_| wrong())?);
        let date = Date::from_calendar_date(year, month, day).map_err(|_| wrong())?;
        let seconds = u64::try_from(date.midnight().assume_utc().unix_timestamp()).map_err(|_| wrong())?;
        Ok(Self(seconds * 1000))
    }
}

fn line(row: &RunRow) -> String {
    let asked = match (row.asked.as_str(), row.models.as_str()) {
        ("", "") => "(first line missing)",
        ("", _) => "(empty)",
        (asked, _) => asked,
    };
    format!(
        "{} {} {}  {} · {} · {} · {}",
        row.run,
        row.glyph(),
        clean_line(asked, 80),
        row.who(),
        seconds(row.took),
        counted(row.attempts, "attempt"),
        row.spend,
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
