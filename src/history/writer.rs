//! Writing: one thread takes reports in the order in which they happen and appends them to the day's file, so that
//! neither a slow disk nor a lock of another process holds a run up.

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

/// Keeps runs. A handle to the thread that writes; clones share it, and it ends with the last of them.
#[derive(Clone, Debug, Default)]
pub struct HistoryWriter {
    requests: Option<Sender<WriterRequest>>,
}

/// What the thread is asked to do.
enum WriterRequest {
    /// Append a report.
    Keep(Arc<Report>),
    /// Call this once everything before it is written.
    Written(Box<dyn FnOnce() + Send>),
    /// Call this with a new run's number; the wall time in ms is given.
    Number(u64, Box<dyn FnOnce(u64) + Send>),
}

impl HistoryWriter {
    /// Keeps runs in the history of this data directory. `on_error` gets one line for people, the first time that
    /// something cannot be kept; it is called on the writing thread.
    ///
    /// # Errors
    /// No thread can be started.
    pub fn start(data: &Path, on_error: impl Fn(String) + Send + 'static) -> io::Result<Self> {
        let (requests, received) = channel();
        let file = DayFile { directory: data.join("history"), open: None, line: Vec::new() };
        let ids = RunIds::shared(data);
        thread::Builder::new().name("history".into()).spawn(move || serve(&received, file, ids, &on_error))?;
        Ok(Self { requests: Some(requests) })
    }

    /// Keeps nothing.
    pub fn none() -> Self {
        Self::default()
    }

    /// Whether runs are kept.
    pub fn is_on(&self) -> bool {
        self.requests.is_some()
    }

    /// Hands one report over. It is written soon after; see [`when_written`](Self::when_written).
    pub fn keep(&self, report: &Arc<Report>) {
        if let Some(requests) = &self.requests {
            // The thread ends only with the last handle.
            _ = requests.send(WriterRequest::Keep(Arc::clone(report)));
        }
    }

    /// Calls `then` once every report that was handed over has left the program, and the final event of a run has
    /// reached the disk. Also called when that failed; at once where nothing is kept.
    pub fn when_written(&self, then: impl FnOnce() + Send + 'static) {
        match &self.requests {
            Some(requests) => _ = requests.send(WriterRequest::Written(Box::new(then))),
            None => then(),
        }
    }

    /// Calls `then` with a number for a new run that no other program with the same history gives out. `wall` is the
    /// time since 1970 in ms. Not called where nothing is kept.
    pub fn number_run(&self, wall: u64, then: impl FnOnce(u64) + Send + 'static) {
        if let Some(requests) = &self.requests {
            _ = requests.send(WriterRequest::Number(wall, Box::new(then)));
        }
    }
}

/// The writing thread: ends when the last handle is dropped, with everything written.
fn serve(received: &Receiver<WriterRequest>, mut file: DayFile, mut ids: RunIds, on_error: &dyn Fn(String)) {
    let mut said = false;
    for request in received {
        match request {
            WriterRequest::Keep(report) => {
                let Err(error) = file.append(&report) else { continue };
                tracing::warn!(target: "history", run = report.run, %error, "report not kept");
                // Half a run is of no use; the next one may find room again.
                file.open = None;
                if !std::mem::replace(&mut said, true) {
                    let place = file.directory.display();
                    on_error(format!(
                        "runs are not kept: {place}: {error}; `--set history.keep=false` turns the history off"
                    ));
                }
            }
            WriterRequest::Written(then) => then(),
            WriterRequest::Number(wall, then) => then(ids.next(wall)),
        }
    }
}

/// The file of the day on which the latest run began.
struct DayFile {
    directory: PathBuf,
    open: Option<(String, File)>,
    /// Where a line is put together; kept for the length of a run, because its last lines hold the whole answer.
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
        // One write a line: lines of two programs do not mix.
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

/// Opens a day's file. A line that a crash cut off at its end is closed with a line end.
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
