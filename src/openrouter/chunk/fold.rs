//! The fold of all chunks of one answer.

use super::part::{MessagePart, TextField};
use super::text_sink::TextSink;
use super::tool_calls::ToolCalls;
use super::{Chunk, is_error, merge, metadata, usage, value};
use crate::failover::{Failure, FailureKind};
use crate::openrouter::classify::{ErrorContext, error_object};
use crate::openrouter::finish::FinishClass;
use crate::openrouter::lenient::LenientText;
use crate::openrouter::reason::{error_of, safe_line};
use crate::openrouter::{Delta, Usage};
use crate::secret::Secrets;
use serde_json::{Value, json};

/// The number of models and providers that one answer may name, and of the router's own records. Later ones are ignored.
const MAX_CHANGES: u32 = 64;
/// Of the usages behind the first 64 that differ, every 64th is reported, and the last.
const USAGE_STRIDE: u32 = 64;

/// What the chunks so far have said.
pub(in crate::openrouter) struct ChunkFold {
    pub(in crate::openrouter) text: TextSink,
    pub(in crate::openrouter) reasoning: TextSink,
    pub(in crate::openrouter) tool_calls: ToolCalls,
    pub(in crate::openrouter) refusal: String,
    pub(in crate::openrouter) finish: Option<String>,
    pub(in crate::openrouter) native_finish: Option<String>,
    pub(in crate::openrouter) model: Option<String>,
    pub(in crate::openrouter) provider: Option<String>,
    pub(in crate::openrouter) id: Option<String>,
    pub(in crate::openrouter) usage: Option<Usage>,
    /// The number of pieces of text and reasoning.
    pub(in crate::openrouter) pieces: usize,
    /// How often a chunk named another model or provider.
    changes: u32,
    /// How often a chunk held a record of the router.
    records: u32,
    /// How often the usage changed.
    usages: u32,
    /// The latest usage is not reported yet.
    owes_usage: bool,
}

impl ChunkFold {
    pub(in crate::openrouter) fn new(secrets: &Secrets) -> Self {
        Self {
            text: TextSink::new(secrets),
            reasoning: TextSink::new(secrets),
            tool_calls: ToolCalls::default(),
            refusal: String::new(),
            finish: None,
            native_finish: None,
            model: None,
            provider: None,
            id: None,
            usage: None,
            pieces: 0,
            changes: 0,
            records: 0,
            usages: 0,
            owes_usage: false,
        }
    }

    pub(in crate::openrouter) fn text(&self) -> &str {
        self.text.text()
    }

    pub(in crate::openrouter) fn reasoning(&self) -> &str {
        self.reasoning.text()
    }

    /// Whether the server has said why the model stopped, in a word that is known.
    pub(in crate::openrouter) fn has_finish(&self) -> bool {
        self.finish.as_deref().is_some_and(|finish| FinishClass::of(finish) != FinishClass::Unknown)
    }

    /// Whether any content has come: an error after that is a failure in mid-stream.
    fn has_content(&self) -> bool {
        !self.text().is_empty() || !self.reasoning().is_empty() || !self.tool_calls.is_empty()
    }

    /// Applies a chunk that was read from `json`, and appends its deltas to `out`. An error in the chunk is the
    /// failure of the answer.
    pub(in crate::openrouter) fn apply(
        &mut self,
        chunk: &Chunk<'_>,
        json: &str,
        context: ErrorContext<'_>,
        out: &mut Vec<Delta>,
    ) -> Result<(), Failure> {
        let line = |word: &LenientText<'_>| word.some().map(|word| safe_line(word, context.secrets));
        if self.id.is_none() {
            self.id = line(&chunk.id);
        }
        self.apply_model(&chunk.model, &chunk.provider, context, out);
        if let Some(usage) = chunk.usage.and_then(value).as_ref().and_then(usage) {
            self.apply_usage(usage, out);
        }
        if self.records < MAX_CHANGES
            && let Some(record) = chunk.openrouter_metadata.and_then(value)
            && let Some(record) = metadata(&record, context.secrets)
        {
            self.records += 1;
            out.push(Delta::Metadata(record));
        }
        if chunk.is_error() {
            return Err(self.error(chunk, None, json, context));
        }
        // A request asks for one choice; further choices of a server that sends more are ignored.
        let mut choices = chunk.choices.iter().flat_map(|list| &list.0);
        let Some(choice) = choices.find(|choice| choice.is_first()) else {
            return Ok(());
        };
        let part = choice.delta.as_ref().or(choice.message.as_deref().filter(|_| self.text().is_empty()));
        if let Some(part) = part {
            self.apply_part(part, chunk.halves, context, out);
        }
        if self.native_finish.is_none() {
            self.native_finish = line(&choice.native_finish_reason);
        }
        if let Some(error) = choice.error.and_then(value).filter(is_error) {
            return Err(self.error(chunk, Some(&error), json, context));
        }
        if let Some(finish) = line(&choice.finish_reason) {
            if FinishClass::of(&finish) == FinishClass::Failed {
                return Err(self.unexplained("the model stopped with an error that the server does not explain"));
            }
            // The first reason that is known counts; later ones are repetitions or mistakes. Some servers write `null` as
            // a word into each chunk before.
            if !self.has_finish() {
                self.finish = Some(finish);
            }
        }
        Ok(())
    }

    /// Applies a chunk that says only this piece of a text.
    pub(in crate::openrouter) fn apply_text(&mut self, field: TextField, piece: &str, out: &mut Vec<Delta>) {
        let delta = match field {
            TextField::Content => self.text.push(piece, false).map(Delta::Text),
            TextField::Thoughts(_) => self.reasoning.push(piece, false).map(Delta::Reasoning),
        };
        self.pieces += usize::from(delta.is_some());
        out.extend(delta);
    }

    /// Some servers repeat the usage in every chunk.
    fn apply_usage(&mut self, usage: Usage, out: &mut Vec<Delta>) {
        let merged = merge(self.usage.unwrap_or_default(), usage);
        if self.usage.replace(merged) == Some(merged) {
            return;
        }
        self.usages += 1;
        self.owes_usage = true;
        if self.usages <= USAGE_STRIDE || self.usages.is_multiple_of(USAGE_STRIDE) {
            self.report_usage(out);
        }
    }

    /// Reports the latest usage, unless that was done.
    pub(in crate::openrouter) fn report_usage(&mut self, out: &mut Vec<Delta>) {
        if std::mem::take(&mut self.owes_usage) {
            out.extend(self.usage.map(Delta::Usage));
        }
    }

    fn apply_model(
        &mut self,
        model: &LenientText<'_>,
        provider: &LenientText<'_>,
        context: ErrorContext<'_>,
        out: &mut Vec<Delta>,
    ) {
        let differs =
            |new: &LenientText<'_>, old: &Option<String>| new.some().is_some_and(|new| old.as_deref() != Some(new));
        if self.changes >= MAX_CHANGES || (!differs(model, &self.model) && !differs(provider, &self.provider)) {
            return;
        }
        self.changes += 1;
        let line = |word: &LenientText<'_>| word.some().map(|word| safe_line(word, context.secrets));
        let (model, provider) = (line(model).or(self.model.take()), line(provider).or(self.provider.take()));
        (self.model, self.provider) = (model.clone(), provider.clone());
        if let Some(model) = model {
            out.push(Delta::Served { model, provider });
        }
    }

    fn apply_part(&mut self, part: &MessagePart<'_>, halves: bool, context: ErrorContext<'_>, out: &mut Vec<Delta>) {
        let before = out.len();
        // Encrypted thoughts show that the model is at work, though there is nothing to read.
        let thoughts = part.thoughts().and_then(|thoughts| match thoughts {
            "" => Some(String::new()),
            thoughts => self.reasoning.push(thoughts, halves),
        });
        out.extend(thoughts.map(Delta::Reasoning));
        let text = part.content.text.as_deref().and_then(|text| self.text.push(text, halves));
        out.extend(text.map(Delta::Text));
        if let Some(calls) = part.tool_calls.or(part.function_call).and_then(value) {
            self.tool_calls.apply(&calls, context.secrets, out);
        }
        self.pieces += out.len() - before;
        if let Some(refusal) = part.refusal.some() {
            self.refusal.push_str(refusal);
            self.refusal = safe_line(&self.refusal, context.secrets);
        }
    }

    /// The failure behind an error object in a chunk. Before any content its code decides the kind; after that it
    /// is a failure in mid-stream. A policy refusal keeps its kind: another model would refuse the request too.
    fn error(&self, chunk: &Chunk<'_>, choice: Option<&Value>, json: &str, context: ErrorContext<'_>) -> Failure {
        // What stands beside the error may be unreadable.
        let only = || json!({ "error": chunk.error.and_then(value) });
        let envelope = serde_json::from_str(json).unwrap_or_else(|_| only());
        let error = choice.cloned().unwrap_or_else(|| error_of(&envelope));
        let mut failure = error_object(&error, &envelope, context);
        if self.has_content() && failure.kind != FailureKind::Policy {
            failure.kind = FailureKind::MidStream;
        }
        failure.provider = failure.provider.or_else(|| self.provider.clone());
        failure
    }

    /// A failure that the server explains with its native finish reason at most.
    pub(in crate::openrouter) fn unexplained(&self, reason: &str) -> Failure {
        let native = self.native_finish.as_ref().map(|word| format!(" ({word})")).unwrap_or_default();
        let mut failure = Failure::new(FailureKind::MidStream, format!("{reason}{native}"));
        failure.provider.clone_from(&self.provider);
        failure
    }
}
