//! Every run, kept as it happens: the lines of its reports, appended to one file a day.
//! Knows files and reports; must not know who asked, nor how a run is shown.
//!
//! A line is written in one piece, so that several programs can append side by side, and
//! nothing of them is ever written over. What a crash or a full disk leaves of a line is fenced off
//! with a line end by whoever appends next, and costs that line only. Programs take turns at
//! numbering their runs. The key is masked in reports before they get here.

mod files;
mod ids;
mod redecide;
mod writer;

pub use writer::HistoryWriter;

pub use redecide::{Difference, Redecided, redecide};

use crate::report::{Observation, Report, ReportKind};
use crate::transcript::Transcript;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

/// The kept runs in a directory.
#[derive(Clone, Debug)]
pub struct History {
    directory: PathBuf,
}

/// Runs out of a file, and what of it could not be read.
#[derive(Clone, Debug, Default)]
pub struct ParsedRuns {
    /// Each run's reports, in the order of beginning.
    pub runs: Vec<Vec<Report>>,
    /// Lines that are no report: torn by a crash, or written by a later version.
    pub unread: usize,
}

/// A run that cannot be found or named.
#[derive(Debug, thiserror::Error)]
pub enum RunNotFound {
    /// No run of that number.
    #[error("there is no run {0}; `switchover history` lists them")]
    None(String),
    /// A part of a number that several runs share.
    #[error("{0} is the end of several runs' numbers: {1}")]
    Several(String, String),
    /// A file that cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl History {
    /// The history of a data directory.
    pub fn of(data: &Path) -> Self {
        Self { directory: data.join("history") }
    }

    /// Where its files are.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The days' files, oldest first; none where nothing was kept yet.
    ///
    /// # Errors
    /// A directory that is there but cannot be read.
    pub fn files(&self) -> io::Result<Vec<PathBuf>> {
        let entries = match fs::read_dir(&self.directory) {
            Ok(entries) => entries,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(e),
        };
        let mut files: Vec<PathBuf> = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
        files.retain(|path| path.extension().is_some_and(|ext| ext == "jsonl"));
        files.sort();
        Ok(files)
    }

    /// The latest runs, newest first, as many as are asked for.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn latest(&self, most: usize) -> io::Result<ParsedRuns> {
        let mut latest = ParsedRuns::default();
        for path in self.files()?.iter().rev() {
            if latest.runs.len() >= most {
                break;
            }
            let day = read(path)?;
            latest.unread += day.unread;
            latest.runs.extend(day.runs.into_iter().rev());
        }
        latest.runs.truncate(most);
        Ok(latest)
    }

    /// The runs at the end of the latest file, oldest first: what can be had at once, however long the file is.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn recent(&self, bytes: u64) -> io::Result<ParsedRuns> {
        let Some(path) = self.files()?.pop() else { return Ok(ParsedRuns::default()) };
        let mut file = fs::File::open(path)?;
        let from = file.metadata()?.len().saturating_sub(bytes);
        file.seek(SeekFrom::Start(from))?;
        let mut text = Vec::new();
        file.read_to_end(&mut text)?;
        let mut recent = parse(&text);
        // The first one may have begun before.
        recent.runs.retain(|run| {
            matches!(run.first().map(|report| &report.what), Some(ReportKind::Observation(Observation::Begun(_))))
        });
        Ok(recent)
    }

    /// The run of that number, or the one whose number ends so; `last` is the latest.
    ///
    /// # Errors
    /// None, several, or a file that cannot be read.
    pub fn find(&self, word: &str) -> Result<Vec<Report>, RunNotFound> {
        let none = || RunNotFound::None(word.to_owned());
        if word == "last" {
            return self.latest(1)?.runs.pop().ok_or_else(none);
        }
        if word.is_empty() || !word.bytes().all(|b| b.is_ascii_digit()) {
            return Err(none());
        }
        // A whole number says which day to look at.
        let day = word.parse().ok().map(|run| self.directory.join(files::day_file(run))).filter(|path| path.exists());
        let whole = |run: &Vec<Report>| number(run).to_string() == word;
        if let Some(run) = day.map(|path| read(&path)).transpose()?.and_then(|day| day.runs.into_iter().find(whole)) {
            return Ok(run);
        }
        let mut found = self.latest(usize::MAX)?.runs;
        found.retain(|run| number(run).to_string().ends_with(word));
        if found.len() > 1 {
            let numbers: Vec<String> = found.iter().take(5).map(|run| number(run).to_string()).collect();
            return Err(RunNotFound::Several(word.to_owned(), numbers.join(", ")));
        }
        found.pop().ok_or_else(none)
    }
}

/// A run's number.
fn number(run: &[Report]) -> u64 {
    run.first().map_or(0, |report| report.run)
}

/// Reads a file of JSON lines: a day of the history, or what `--json` printed.
///
/// # Errors
/// A file that cannot be read at all.
pub fn read(path: &Path) -> io::Result<ParsedRuns> {
    Ok(parse(&fs::read(path)?))
}

/// The runs in JSON lines. Lines of several runs may be mixed.
pub fn parse(bytes: &[u8]) -> ParsedRuns {
    let mut kept = ParsedRuns::default();
    let mut places: BTreeMap<u64, usize> = BTreeMap::new();
    for line in bytes.split(|&byte| byte == b'\n').filter(|line| !line.trim_ascii().is_empty()) {
        let Ok(report) = serde_json::from_slice::<Report>(line) else {
            kept.unread += 1;
            continue;
        };
        let place = *places.entry(report.run).or_insert_with(|| {
            kept.runs.push(Vec::new());
            kept.runs.len() - 1
        });
        kept.runs[place].push(report);
    }
    kept
}

/// Whether every word stands in the run's inputs, answer, signature or models, whatever its case.
pub fn matches(run: &Transcript, words: &[String]) -> bool {
    let mut text = String::new();
    let mut add = |part: &str| {
        text.push_str(&part.to_lowercase());
        text.push('\n');
    };
    if let Some(task) = run.task() {
        add(&task.signature.name);
        add(&task.signature.inline());
        task.inputs.values().for_each(|value| add(&plain(value)));
    }
    run.spec.iter().flat_map(|spec| &spec.chain).for_each(|route| add(&route.model));
    if let Some(end) = &run.finished {
        end.fields.values().for_each(|value| add(&plain(value)));
        end.headline.iter().for_each(|headline| add(headline));
    }
    words.iter().all(|word| text.contains(&word.to_lowercase()))
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests;
