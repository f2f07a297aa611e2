//! The face without a screen: a run as text (the answer on one stream, the failover log
//! on another) or as JSON lines. Knows the same fold that the screen reads; must not know
//! where reports come from.

mod sentence;

pub use sentence::sentence;

use crate::failover::Outcome;
use crate::report::Report;
use crate::transcript::{LogEvent, Transcript};
use serde_json::Value;
use std::io::{self, Write};

/// How a run is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutputStyle {
    /// The answer for people and pipes.
    Text {
        /// Only this output field, raw.
        field: Option<String>,
        /// Show the request of each attempt in the log.
        requests: bool,
    },
    /// The answer, and the log as sentences while it happens.
    Sentences,
    /// Every report as a line of JSON.
    Json,
}

/// Writes one run: `out` gets the answer or the JSON lines, `log` the failover log.
#[derive(Debug)]
pub struct Headless<O, L> {
    out: O,
    log: L,
    style: OutputStyle,
    run: Transcript,
    told: usize,
}

impl<O: Write, L: Write> Headless<O, L> {
    /// A run that has not begun.
    pub fn new(out: O, log: L, style: OutputStyle) -> Self {
        Self { out, log, style, run: Transcript::default(), told: 0 }
    }

    /// Takes one report in and writes what it settles.
    ///
    /// # Errors
    /// A stream that cannot be written to, such as a closed pipe.
    pub fn hear(&mut self, report: &Report) -> io::Result<()> {
        self.run.apply(report);
        match self.style {
            OutputStyle::Json => {
                self.out.write_all(report.line().as_bytes())?;
                self.out.flush()
            }
            OutputStyle::Text { .. } | OutputStyle::Sentences => {
                match self.style {
                    OutputStyle::Text { requests, .. } => self.tell_settled(requests)?,
                    _ => sentence(report).map_or(Ok(()), |line| writeln!(self.log, "{line}"))?,
                }
                if self.run.finished.is_some() && self.run.outcome() == Some(Outcome::Succeeded) {
                    self.answer()?;
                }
                Ok(())
            }
        }
    }

    /// How the run ended, if it has.
    pub fn outcome(&self) -> Option<Outcome> {
        self.run.outcome()
    }

    /// A line of the log is written once it will not change any more: an attempt's when it has ended.
    fn tell_settled(&mut self, requests: bool) -> io::Result<()> {
        let finished = self.run.finished.is_some();
        while let Some(line) = self.run.story.get(self.told) {
            if let LogEvent::Attempt(id) = line.step {
                let attempt = self.run.attempt(id).filter(|attempt| finished || attempt.ended.is_some());
                let Some(attempt) = attempt else { return Ok(()) };
                writeln!(self.log, "{}", line.plain(&self.run))?;
                if let Some(request) = attempt.request.as_ref().filter(|_| requests) {
                    writeln!(self.log, "    POST {}", request.url)?;
                    for header in &request.headers {
                        writeln!(self.log, "    {}: {}", header.name(), header.value())?;
                    }
                }
            } else {
                writeln!(self.log, "{}", line.plain(&self.run))?;
            }
            self.told += 1;
        }
        Ok(())
    }

    /// The run so far.
    pub fn transcript(&self) -> &Transcript {
        &self.run
    }

    /// The signature's own outputs; what a module added, such as `reasoning`, only when it is asked for by name.
    fn answer(&mut self) -> io::Result<()> {
        let (Some(task), Some(finished)) = (self.run.task(), &self.run.finished) else { return Ok(()) };
        if let OutputStyle::Text { field: Some(name), .. } = &self.style {
            return writeln!(self.out, "{}", finished.fields.get(name).map(plain).unwrap_or_default());
        }
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

/// A value as text: strings as they are, the rest as JSON.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
