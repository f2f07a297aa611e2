//! Writing: each report as it comes, and to the platter at the end of a run.

use crate::failover::Event;
use crate::report::{Observation, Report, ReportKind};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

/// Keeps reports. When that fails it says so once, and goes on trying with the next run.
#[derive(Debug)]
pub struct HistoryWriter {
    directory: Option<PathBuf>,
    open: Option<(String, File)>,
    /// Where lines are written before they leave: one room for all of a run, for the last ones hold its whole answer.
    line: Vec<u8>,
    told: bool,
}

impl HistoryWriter {
    /// Keeps runs in the history of this data directory.
    pub fn at(data: &Path) -> Self {
        Self { directory: Some(data.join("history")), open: None, line: Vec::new(), told: false }
    }

    /// Keeps nothing.
    pub fn none() -> Self {
        Self { directory: None, open: None, line: Vec::new(), told: false }
    }

    /// Keeps one report. It has left the program when this returns, so that it survives the program's
    /// death; the run's last one has reached the disk.
    ///
    /// # Errors
    /// One line for people, the first time that something cannot be kept; after that nothing.
    pub fn keep(&mut self, report: &Report) -> Result<(), String> {
        let Err(error) = self.write(report) else { return Ok(()) };
        tracing::warn!(target: "history", run = report.run, %error, "report not kept");
        // The rest of this run would be a torso; the next run may find room again.
        self.open = None;
        if std::mem::replace(&mut self.told, true) {
            return Ok(());
        }
        let place = self.directory.as_deref().unwrap_or(Path::new("")).display();
        Err(format!("runs are not kept: {place}: {error}; `--set history.keep=false` turns the history off"))
    }

    fn write(&mut self, report: &Report) -> io::Result<()> {
        let Some(directory) = &self.directory else { return Ok(()) };
        if matches!(report.what, ReportKind::Observation(Observation::Begun(_))) {
            let day = day_file(report.run);
            if self.open.as_ref().is_none_or(|(name, _)| *name != day) {
                let file = open(directory, &day)?;
                self.open = Some((day, file));
            }
        }
        let Some((_, file)) = &mut self.open else { return Ok(()) };
        // One write: lines of two programs do not mix.
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

/// Opens a day's file, and fences off what a crash left at its end.
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

/// Opens a file of the history for its owner only.
pub(super) fn private(directory: &Path, name: &str, options: &mut OpenOptions) -> io::Result<File> {
    let mut folder = DirBuilder::new();
    options.read(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
        folder.mode(0o700);
        options.mode(0o600);
    }
    folder.recursive(true).create(directory)?;
    options.open(directory.join(name))
}

/// The file of the day (UTC) on which a run began: `2026-11-22.jsonl`. A run stays in one file.
pub(super) fn day_file(run: u64) -> String {
    let seconds = (run / 1000).cast_signed();
    let date = time::OffsetDateTime::from_unix_timestamp(seconds).map_or(time::Date::MAX, |moment| moment.date());
    format!("{:04}-{:02}-{:02}.jsonl", date.year(), u8::from(date.month()), date.day())
}
