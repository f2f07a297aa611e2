//! A run's reports as they are stored: JSON lines, compressed, and without what the same run says elsewhere.
//!
//! Pieces of text that follow each other are joined to one line. The messages of a request that are those of the run's
//! first request, or of the chat that it was asked with, are written as `null`, and the fields of a final event that are
//! those of its answer as `{}`. Reading fills both in again.

use super::schema::HistoryError;
use crate::failover::{AttemptId, Event, Finished};
use crate::openrouter::{Delta, Request};
use crate::report::{Observation, Report, ReportKind, Sent};
use crate::spec::{RunSpec, Task};
use miniz_oxide::deflate::compress_to_vec_zlib;
use miniz_oxide::deflate::core::{CompressorOxide, TDEFLFlush, compress_to_output, create_comp_flags_from_zip_params};
use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The longest text of one part when it is unpacked: 1 GiB.
const MAX_UNPACKED: usize = 1 << 30;
/// Text over this length, 1 MiB, is compressed fast rather than well.
const LONG: usize = 1 << 20;
/// The member of a request's body that is written once.
const MESSAGES: &str = "messages";

/// Compresses lines to the zlib format. It keeps its tables from one run to the next: they are 60 times as large as an
/// ordinary run, and to allocate them anew takes longer than to compress it.
#[derive(Default)]
pub(super) struct Compressor(Option<Box<CompressorOxide>>);

impl Compressor {
    pub(super) fn compress(&mut self, lines: &[u8]) -> Vec<u8> {
        if lines.len() > LONG {
            return compress_to_vec_zlib(lines, 1);
        }
        // A window means the zlib format; 0 is the default strategy.
        let new = || Box::new(CompressorOxide::new(create_comp_flags_from_zip_params(6, 1, 0)));
        let state = self.0.get_or_insert_with(new);
        state.reset();
        let mut out = Vec::with_capacity(lines.len() / 2);
        compress_to_output(state, lines, TDEFLFlush::Finish, |piece| {
            out.extend_from_slice(piece);
            true
        });
        out
    }
}

/// The lines of a stored part of a run.
pub(super) fn decompress(run: u64, part: &[u8]) -> Result<Vec<u8>, HistoryError> {
    decompress_to_vec_zlib_with_limit(part, MAX_UNPACKED).map_err(|_| HistoryError::Damaged(run))
}

/// What earlier lines of a run contain, so that later ones need not repeat it.
#[derive(Debug, Default)]
struct EarlierLines {
    /// What was asked.
    spec: Option<Arc<RunSpec>>,
    /// The first request.
    request: Option<Arc<Request>>,
    /// The fields of each answer.
    fields: BTreeMap<AttemptId, Arc<Map<String, Value>>>,
}

impl EarlierLines {
    fn apply(&mut self, report: &Report) {
        match &report.what {
            ReportKind::Observation(Observation::Begun(spec)) => self.spec = Some(Arc::clone(spec)),
            ReportKind::Observation(Observation::Sent(sent)) if self.request.is_none() => {
                self.request = Some(Arc::clone(&sent.request));
            }
            ReportKind::Observation(Observation::Parsed { attempt, prediction }) => {
                self.fields.insert(*attempt, Arc::clone(&prediction.fields));
            }
            _ => {}
        }
    }

    /// The messages of the first request; before that, those of a chat.
    fn messages(&self) -> Option<&Value> {
        if let Some(request) = &self.request {
            return request.body.get(MESSAGES);
        }
        match &self.spec.as_ref()?.task {
            Task::Chat(chat) => chat.body.get(MESSAGES),
            Task::Signature(_) => None,
        }
    }

    fn fields_of(&self, end: &Finished) -> Option<&Arc<Map<String, Value>>> {
        self.fields.get(&end.attempt?)
    }
}

/// The final event in a report: of the run, or of one of its calls.
fn end_mut(what: &mut ReportKind) -> Option<&mut Finished> {
    match what {
        ReportKind::Engine(Event::Finished(end)) | ReportKind::Observation(Observation::Chain { end, .. }) => Some(end),
        _ => None,
    }
}

/// Turns a run's reports into lines to be stored.
#[derive(Debug, Default)]
pub(super) struct Packer {
    said: EarlierLines,
    /// Text that may still be continued, one for each attempt.
    open: Vec<Report>,
}

impl Packer {
    /// Appends the lines that a report completes.
    pub(super) fn push(&mut self, report: &Report, out: &mut Vec<u8>) {
        if let ReportKind::Observation(Observation::Stream { attempt, delta: Delta::Text(_) | Delta::Reasoning(_) }) =
            &report.what
        {
            let open = self.open.iter().position(|open| of_attempt(open, *attempt));
            if !open.is_some_and(|open| join(&mut self.open[open], report)) {
                // The attempt's reasoning ends where its text begins.
                open.map(|open| self.open.remove(open)).inspect(|ended| ended.write(out));
                self.open.push(report.clone());
            }
            return;
        }
        self.flush(out);
        self.without_repetition(report).as_ref().unwrap_or(report).write(out);
        self.said.apply(report);
    }

    /// Appends the text that was not complete.
    pub(super) fn flush(&mut self, out: &mut Vec<u8>) {
        self.open.drain(..).for_each(|report| report.write(out));
    }

    /// The report without what was said before; `None` if nothing of it was.
    fn without_repetition(&self, report: &Report) -> Option<Report> {
        if let ReportKind::Observation(Observation::Sent(sent)) = &report.what {
            let messages = self.said.messages().filter(|messages| !messages.is_null())?;
            let body = sent.request.body.as_object().filter(|body| body.get(MESSAGES) == Some(messages))?;
            let field = |(name, value): (&String, &Value)| {
                (name.clone(), if name == MESSAGES { Value::Null } else { value.clone() })
            };
            let body = Value::Object(body.iter().map(field).collect());
            let request = Request { url: sent.request.url.clone(), headers: sent.request.headers.clone(), body };
            let sent = Sent {
                attempt: sent.attempt,
                model: sent.model.clone(),
                request: Arc::new(request),
                injected: sent.injected.clone(),
                simulated: sent.simulated,
            };
            return Some(Report {
                run: report.run,
                at: report.at,
                what: ReportKind::Observation(Observation::Sent(sent)),
            });
        }
        let mut shorter = match &report.what {
            ReportKind::Engine(Event::Finished(_)) | ReportKind::Observation(Observation::Chain { .. }) => {
                report.clone()
            }
            _ => return None,
        };
        let end = end_mut(&mut shorter.what)?;
        let same = self.said.fields_of(end).is_some_and(|fields| *fields == end.fields);
        end.fields = Arc::default();
        same.then_some(shorter)
    }
}

fn of_attempt(report: &Report, id: AttemptId) -> bool {
    matches!(&report.what, ReportKind::Observation(Observation::Stream { attempt, .. }) if *attempt == id)
}

/// Appends a report's text to an earlier one of the same kind.
fn join(open: &mut Report, next: &Report) -> bool {
    let (
        ReportKind::Observation(Observation::Stream { delta: open, .. }),
        ReportKind::Observation(Observation::Stream { delta: next, .. }),
    ) = (&mut open.what, &next.what)
    else {
        return false;
    };
    match (open, next) {
        (Delta::Text(text), Delta::Text(more)) | (Delta::Reasoning(text), Delta::Reasoning(more)) => {
            text.push_str(more);
            true
        }
        _ => false,
    }
}

/// Fills in what was left out of a run's stored lines.
#[derive(Debug, Default)]
pub(super) struct Unpacker(EarlierLines);

impl Unpacker {
    /// The next report of the run, complete.
    pub(super) fn complete(&mut self, mut report: Report) -> Report {
        if let ReportKind::Observation(Observation::Sent(sent)) = &mut report.what
            && let Some(messages) = self.0.messages()
            && sent.request.body.get(MESSAGES).is_some_and(Value::is_null)
        {
            Arc::make_mut(&mut sent.request).body[MESSAGES] = messages.clone();
        }
        if let Some(end) = end_mut(&mut report.what)
            && end.fields.is_empty()
            && let Some(fields) = self.0.fields_of(end)
        {
            end.fields = Arc::clone(fields);
        }
        self.0.apply(&report);
        report
    }
}
