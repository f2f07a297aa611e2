//! Writes a run without a screen: as text (the answer to one stream, the failover log to another), as sentences, or as
//! JSON lines. Reads the same transcript as the screen; must not know where reports come from.

mod sentence;

pub use sentence::sentence;

use crate::failover::{Event, Outcome};
use crate::report::{Report, ReportKind};
use crate::transcript::{LogEvent, Transcript};
use serde_json::Value;
use std::io::{self, Write};

/// The format of a run's output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutputStyle {
    /// The answer as plain text, and the failover log with symbols.
    Text {
        /// Print only this output field, without its name.
        field: Option<String>,
        /// Print the URL and the headers of each attempt in the log.
        requests: bool,
    },
    /// The answer, and the log as sentences, each printed as soon as it happens.
    Sentences,
    /// Every report as a JSON line.
    Json,
}

/// Writes one run: the answer or the JSON lines to `out`, the failover log to `log`.
#[derive(Debug)]
pub struct Headless<O, L> {
    out: O,
    log: L,
    style: OutputStyle,
    run: Transcript,
    /// How many lines of the failover log are written.
    written: usize,
}

impl<O: Write, L: Write> Headless<O, L> {
    /// A writer for a run without reports yet.
    pub fn new(out: O, log: L, style: OutputStyle) -> Self {
        Self { out, log, style, run: Transcript::default(), written: 0 }
    }

    /// Applies a report to the transcript and writes the output that is now final.
    ///
    /// # Errors
    /// A stream cannot be written to, for example a closed pipe.
    pub fn apply(&mut self, report: &Report) -> io::Result<()> {
        self.run.apply(report);
        match self.style {
            OutputStyle::Json => {
                self.out.write_all(report.line().as_bytes())?;
                return self.out.flush();
            }
            OutputStyle::Text { requests, .. } => self.write_log(requests)?,
            OutputStyle::Sentences => sentence(report).map_or(Ok(()), |line| writeln!(self.log, "{line}"))?,
        }
        // Costs may follow the final event.
        let ends = matches!(report.what, ReportKind::Engine(Event::Finished(_)));
        if ends && self.run.outcome() == Some(Outcome::Succeeded) {
            self.write_repairs()?;
            self.write_answer()?;
            if self.run.is_simulated_without_text() {
                writeln!(self.log, "The built-in simulator answered: no model was asked.")?;
            }
        }
        Ok(())
    }

    /// How the run ended; `None` before its final event.
    pub fn outcome(&self) -> Option<Outcome> {
        self.run.outcome()
    }

    /// Writes the log lines that will not change any more; the line of an attempt is final when the attempt has ended.
    fn write_log(&mut self, requests: bool) -> io::Result<()> {
        let finished = self.run.finished.is_some();
        while let Some(entry) = self.run.log.get(self.written) {
            if let LogEvent::Attempt(id) = entry.event {
                let attempt = self.run.attempt(id).filter(|attempt| finished || attempt.ended.is_some());
                let Some(attempt) = attempt else { return Ok(()) };
                writeln!(self.log, "{}", entry.plain(&self.run))?;
                if let Some(request) = attempt.request.as_ref().filter(|_| requests) {
                    writeln!(self.log, "    POST {}", request.url)?;
                    for header in &request.headers {
                        writeln!(self.log, "    {}: {}", header.name(), header.value())?;
                    }
                }
            } else {
                writeln!(self.log, "{}", entry.plain(&self.run))?;
            }
            self.written += 1;
        }
        Ok(())
    }

    /// Writes to the log what was accepted in the answer although it was not exactly as asked for.
    fn write_repairs(&mut self) -> io::Result<()> {
        let winner = self.run.finished.as_ref().and_then(|finished| self.run.attempt(finished.attempt?));
        let repairs = winner.and_then(|attempt| attempt.prediction.as_ref()).map(|prediction| &prediction.repairs);
        for repair in repairs.into_iter().flatten() {
            let field = if repair.field.is_empty() { "answer" } else { &repair.field };
            match self.style {
                OutputStyle::Sentences => writeln!(self.log, "Repaired {field}: {}.", repair.what)?,
                _ => writeln!(self.log, "repaired {field}: {}", repair.what)?,
            }
        }
        Ok(())
    }

    /// The transcript of the run so far.
    pub fn transcript(&self) -> &Transcript {
        &self.run
    }

    /// Writes the signature's own outputs, or a chat's text and tool calls. A field that the module adds, such as
    /// `reasoning`, is written only if the style names it.
    fn write_answer(&mut self) -> io::Result<()> {
        let Some(finished) = &self.run.finished else { return Ok(()) };
        if let OutputStyle::Text { field: Some(name), .. } = &self.style {
            return writeln!(self.out, "{}", finished.fields.get(name).map(plain).unwrap_or_default());
        }
        let Some(task) = self.run.task() else {
            return finished.fields.values().try_for_each(|value| writeln!(self.out, "{}", plain(value)));
        };
        match task.signature.outputs.as_slice() {
            [only] if self.style != OutputStyle::Sentences => {
                writeln!(self.out, "{}", finished.fields.get(&only.name).map(plain).unwrap_or_default())
            }
            outputs => outputs.iter().try_for_each(|output| {
                let value = finished.fields.get(&output.name).map(plain).unwrap_or_default();
                writeln!(self.out, "{}: {value}", output.name)
            }),
        }
    }
}

/// A value as text: strings as they are, the rest as JSON, objects on several lines.
fn plain(value: &Value) -> String {
    let has_objects = |items: &[Value]| items.iter().any(Value::is_object);
    match value {
        Value::String(text) => text.clone(),
        Value::Object(_) => format!("{value:#}"),
        Value::Array(items) if has_objects(items) => format!("{value:#}"),
        other => other.to_string(),
    }
}
