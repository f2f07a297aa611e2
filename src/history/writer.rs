//! The history writer: one thread appends reports to the day's file in the order of their arrival, so that neither a
//! slow disk nor another program's lock delays a run.

use super::files::{day_file, private};
use super::ids::RunIds;
use crate::failover::Event;
use crate::report::{Observation, Report, ReportKind};
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

/// A handle to the thread that writes the history. Clones share the thread; it ends when the last one is dropped.
#[derive(Clone, Debug, Default)]
pub struct HistoryWriter {
    requests: Option<Sender<WriterRequest>>,
}

/// What the thread is asked to do.
enum WriterRequest {
    /// Append a report.
    Keep(Arc<Report>),
    /// Call this when everything before it is written.
    Written(Box<dyn FnOnce() + Send>),
    /// Call this with the id of a new run. The number is the wall time in ms since 1970.
    NewId(u64, Box<dyn FnOnce(u64) + Send>),
}

impl HistoryWriter {
    /// Starts the thread for the history of this data directory. The thread calls `on_error` once, with the text of the
    /// first error.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub fn start(data: &Path, on_error: impl Fn(String) + Send + 'static) -> io::Result<Self> {
        let (requests, received) = channel();
        let file = DayFile { directory: data.join("history"), open: None, line: Vec::new() };
        let ids = RunIds::shared(data);
        thread::Builder::new().name("history".into()).spawn(move || run(&received, file, ids, &on_error))?;
        Ok(Self { requests: Some(requests) })
    }

    /// A writer that stores nothing.
    pub fn none() -> Self {
        Self::default()
    }

    /// Whether runs are stored.
    pub fn is_on(&self) -> bool {
        self.requests.is_some()
    }

    /// Stores one report. Returns at once; see [`when_written`](Self::when_written).
    pub fn keep(&self, report: &Arc<Report>) {
        if let Some(requests) = &self.requests {
            // The thread runs as long as a handle exists, so sending does not fail.
            _ = requests.send(WriterRequest::Keep(Arc::clone(report)));
        }
    }

    /// Calls `then` on the thread when all reports so far are written, and final events are synced to disk; also after
    /// an error. Calls it at once if nothing is stored.
    pub fn when_written(&self, then: impl FnOnce() + Send + 'static) {
        match &self.requests {
            Some(requests) => _ = requests.send(WriterRequest::Written(Box::new(then))),
            None => then(),
        }
    }

    /// Calls `then` with a new run id that is unique among all programs with the same history. `wall` is the wall time
    /// in ms since 1970. Does not call it if nothing is stored.
    pub fn number_run(&self, wall: u64, then: impl FnOnce(u64) + Send + 'static) {
        if let Some(requests) = &self.requests {
            _ = requests.send(WriterRequest::NewId(wall, Box::new(then)));
        }
    }
}

/// The thread's loop: handles requests until the last handle is dropped.
fn run(received: &Receiver<WriterRequest>, mut file: DayFile, mut ids: RunIds, on_error: &dyn Fn(String)) {
    let mut reported = false;
    for request in received {
        match request {
            WriterRequest::Keep(report) => {
                let Err(error) = file.append(&report) else { continue };
                tracing::warn!(target: "history", run = report.run, %error, "report not stored");
                // Stop storing this run; the next one opens the file again.
                file.open = None;
                if !std::mem::replace(&mut reported, true) {
                    let directory = file.directory.display();
                    on_error(format!(
                        "runs are not stored: {directory}: {error}; `--set history.keep=false` turns the history off"
                    ));
                }
            }
            WriterRequest::Written(then) => then(),
            WriterRequest::NewId(wall, then) => then(ids.next(wall)),
        }
    }
}

/// The file of the day on which the latest run started.
struct DayFile {
    directory: PathBuf,
    open: Option<(String, File)>,
    /// The buffer for a line. Freed after each run, because the last lines contain the whole answer.
    line: Vec<u8>,
}

impl DayFile {
    fn append(&mut self, report: &Report) -> io::Result<()> {
        if matches!(report.what, ReportKind::Observation(Observation::Begun(_))) {
            let day = day_file(report.run);
            if self.open.as_ref().is_none_or(|(name, _)| *name != day) {
                let file = open(&self.directory, &day)?;
                self.open = Some((day, file));
            }
        }
        let Some((_, file)) = &mut self.open else { return Ok(()) };
        // One write per line, so that lines of several programs do not mix.
        self.line.clear();
        report.write(&mut self.line);
        file.write_all(&self.line)?;
        if matches!(report.what, ReportKind::Engine(Event::Finished(_))) {
            self.line = Vec::new();
            file.sync_data()?;
        }
        Ok(())
    }
}

/// Opens a day's file. If its last line is incomplete after a crash, appends a line end.
fn open(directory: &Path, name: &str) -> io::Result<File> {
    let mut file = private(directory, name, OpenOptions::new().append(true))?;
    if file.metadata()?.len() > 0 {
        let mut last = [0];
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
        if last != *b"\n" {
            file.write_all(b"\n")?;
        }
    }
    Ok(file)
}
