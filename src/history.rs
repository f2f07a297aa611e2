//! The history: every run is stored while it happens, as the JSON lines of its reports, in one file per day. Knows
//! files and reports; must not know who started a run or how it is shown.
//!
//! Each line is written in one piece, so several programs can append to the same file. After a crash or with a full
//! disk, a line may be incomplete; the next writer ends it with a line end, so only that line is lost. A lock file
//! makes the ids of runs unique. Reports arrive here with secrets already masked.

mod files;
mod ids;
mod redecide;
mod writer;

pub use writer::HistoryWriter;

pub use redecide::{Difference, Redecided, redecide};

use crate::report::{Observation, Report, ReportKind};
use crate::text::{clean, clean_value};
use crate::transcript::Transcript;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

/// The stored runs of a data directory.
#[derive(Clone, Debug)]
pub struct History {
    directory: PathBuf,
}

/// The runs of a file, and the number of its unreadable lines.
#[derive(Clone, Debug, Default)]
pub struct ParsedRuns {
    /// The reports of each run; the runs in order of their first lines.
    pub runs: Vec<Vec<Report>>,
    /// Lines that are not reports: cut off by a crash, or written by a later version.
    pub unread: usize,
}

/// Why a run was not found.
#[derive(Debug, thiserror::Error)]
pub enum RunNotFound {
    /// No run has this id.
    #[error("there is no run {0}; `switchover history` lists them")]
    None(String),
    /// Several runs have an id with this end; up to five of the ids.
    #[error("several runs have an id that ends in {0}: {1}")]
    Several(String, String),
    /// A file of the history cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl History {
    /// The history of a data directory. Reads nothing yet.
    pub fn of(data: &Path) -> Self {
        Self { directory: data.join("history") }
    }

    /// The directory of the history files.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The files, one per day, oldest first. Empty if the directory does not exist.
    ///
    /// # Errors
    /// The directory exists but cannot be read.
    pub fn files(&self) -> io::Result<Vec<PathBuf>> {
        let entries = match fs::read_dir(&self.directory) {
            Ok(entries) => entries,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(e),
        };
        let mut files: Vec<PathBuf> = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
        // A named pipe would keep its reader waiting.
        files.retain(|path| path.extension().is_some_and(|ext| ext == "jsonl") && path.is_file());
        files.sort();
        Ok(files)
    }

    /// The latest runs, newest first, at most `most`.
    ///
    /// # Errors
    /// The directory exists but cannot be read.
    pub fn latest(&self, most: usize) -> io::Result<ParsedRuns> {
        let mut latest = ParsedRuns::default();
        for path in self.files()?.iter().rev() {
            if latest.runs.len() >= most {
                break;
            }
            // A file that cannot be read costs only its own runs.
            let Ok(day) = read(path) else {
                latest.unread += 1;
                continue;
            };
            latest.unread += day.unread;
            latest.runs.extend(day.runs.into_iter().rev());
        }
        latest.runs.truncate(most);
        Ok(latest)
    }

    /// The complete runs in the last `bytes` of the latest file, oldest first. Fast for files of any length.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn recent(&self, bytes: u64) -> io::Result<ParsedRuns> {
        let Some(path) = self.files()?.pop() else { return Ok(ParsedRuns::default()) };
        let mut file = fs::File::open(path)?;
        let from = file.metadata()?.len().saturating_sub(bytes);
        file.seek(SeekFrom::Start(from))?;
        let mut text = Vec::new();
        file.read_to_end(&mut text)?;
        let mut recent = parse(&text);
        // Runs that start before the window lack their first lines.
        recent.runs.retain(|run| {
            matches!(run.first().map(|report| &report.what), Some(ReportKind::Observation(Observation::Begun(_))))
        });
        Ok(recent)
    }

    /// The run with this id, or with an id that ends in these digits; `last` is the latest run.
    ///
    /// # Errors
    /// No run or several runs match, or a file cannot be read.
    pub fn find(&self, word: &str) -> Result<Vec<Report>, RunNotFound> {
        let none = || RunNotFound::None(word.to_owned());
        if word == "last" {
            return self.latest(1)?.runs.pop().ok_or_else(none);
        }
        if word.is_empty() || !word.bytes().all(|b| b.is_ascii_digit()) {
            return Err(none());
        }
        // A complete id contains the day, so only one file is read.
        let day = word.parse().ok().map(|run| self.directory.join(files::day_file(run))).filter(|path| path.exists());
        let has_id = |run: &Vec<Report>| id(run).to_string() == word;
        if let Some(run) = day.map(|path| read(&path)).transpose()?.and_then(|day| day.runs.into_iter().find(has_id)) {
            return Ok(run);
        }
        let mut found = self.latest(usize::MAX)?.runs;
        found.retain(|run| id(run).to_string().ends_with(word));
        if found.len() > 1 {
            let ids: Vec<String> = found.iter().take(5).map(|run| id(run).to_string()).collect();
            return Err(RunNotFound::Several(word.to_owned(), ids.join(", ")));
        }
        found.pop().ok_or_else(none)
    }
}

/// The id of a run.
fn id(run: &[Report]) -> u64 {
    run.first().map_or(0, |report| report.run)
}

/// Reads a file of JSON lines: a file of the history, or the output of `--json`.
///
/// # Errors
/// The file cannot be read. Unreadable lines are not an error.
pub fn read(path: &Path) -> io::Result<ParsedRuns> {
    Ok(parse(&fs::read(path)?))
}

/// Parses JSON lines. Lines of several runs may be mixed.
pub fn parse(bytes: &[u8]) -> ParsedRuns {
    let mut parsed = ParsedRuns::default();
    let mut indexes: BTreeMap<u64, usize> = BTreeMap::new();
    for line in bytes.split(|&byte| byte == b'\n').filter(|line| !line.trim_ascii().is_empty()) {
        let Some(report) = report(line) else {
            parsed.unread += 1;
            continue;
        };
        let index = *indexes.entry(report.run).or_insert_with(|| {
            parsed.runs.push(Vec::new());
            parsed.runs.len() - 1
        });
        parsed.runs[index].push(report);
    }
    parsed
}

/// A line as a report, without control and invisible characters: the file may be somebody else's.
fn report(line: &[u8]) -> Option<Report> {
    let text = std::str::from_utf8(line).ok()?;
    // What JSON escapes as `\u` is rare, so nearly every line is read directly.
    if !text.contains("\\u") && matches!(clean(text), Cow::Borrowed(_)) {
        return serde_json::from_str(text).ok();
    }
    serde_json::from_value(clean_value(serde_json::from_str(text).ok()?)).ok()
}

/// Whether the run's inputs, answer, signature or models contain every word; case is ignored.
pub fn matches(run: &Transcript, words: &[String]) -> bool {
    let mut text = String::new();
    let mut add = |part: &str| {
        text.push_str(&part.to_lowercase());
        text.push('\n');
    };
    if let Some(task) = run.task() {
        add(&task.signature.name);
        add(&task.signature.inline());
    }
    run.asked().iter().flat_map(|asked| asked.values()).for_each(|value| add(&plain(value)));
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
