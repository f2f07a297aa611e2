//! One JSON chunk, and the fold of all of them. Knows the shapes of streamed chunks and of
//! whole answers; must not know about bytes on the wire or how a stream ends.

use super::classify::{ErrorContext, inner_attempts, inside};
use super::lenient::{LenientList, LenientObject, LenientText, TextParts, count, number, text};
use super::reason::{error_of, safe_line};
use super::{Delta, Metadata, Usage};
use crate::failover::{Failure, FailureKind};
use crate::secret::{Scrubber, Secrets};
use crate::text::Cleaner;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// A chunk of a stream, or a whole answer: `choices[].delta` or `choices[].message`. Read in
/// one pass, strings borrowed; what is rare (errors, usage, metadata) stays as it was written.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Chunk<'a> {
    #[serde(borrow)]
    id: LenientText<'a>,
    #[serde(borrow)]
    object: LenientText<'a>,
    #[serde(borrow)]
    model: LenientText<'a>,
    #[serde(borrow)]
    provider: LenientText<'a>,
    #[serde(borrow)]
    pub(super) choices: Option<LenientList<ChunkChoice<'a>>>,
    #[serde(borrow)]
    usage: RawField<'a>,
    #[serde(borrow)]
    error: RawField<'a>,
    #[serde(borrow)]
    openrouter_metadata: RawField<'a>,
}

/// JSON that is looked into only where there is any; `null` is none.
type RawField<'a> = Option<&'a RawValue>;

/// What is written there; nothing of it, if it is nested too deeply.
fn value(written: &RawValue) -> Option<Value> {
    serde_json::from_str(written.get()).ok()
}

/// One of `choices`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ChunkChoice<'a> {
    #[serde(borrow)]
    index: RawField<'a>,
    #[serde(borrow)]
    delta: LenientObject<MessagePart<'a>>,
    #[serde(borrow)]
    message: LenientObject<MessagePart<'a>>,
    #[serde(borrow)]
    finish_reason: LenientText<'a>,
    #[serde(borrow)]
    native_finish_reason: LenientText<'a>,
    #[serde(borrow)]
    error: RawField<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct MessagePart<'a> {
    #[serde(borrow)]
    content: TextParts<'a>,
    #[serde(borrow)]
    reasoning: LenientText<'a>,
    /// What `DeepSeek` and servers after its manner call it.
    #[serde(borrow)]
    reasoning_content: LenientText<'a>,
    #[serde(borrow)]
    reasoning_details: LenientList<ReasoningDetail<'a>>,
    #[serde(borrow)]
    refusal: LenientText<'a>,
}

/// Of `reasoning.text`, `reasoning.summary`, `reasoning.encrypted` and types to come, what can be read.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ReasoningDetail<'a> {
    #[serde(borrow)]
    text: LenientText<'a>,
    #[serde(borrow)]
    summary: LenientText<'a>,
}

/// A JSON object as a chunk.
pub(super) fn parse(json: &str) -> Result<Chunk<'_>, serde_json::Error> {
    use serde::de::Error;
    serde_json::from_str::<LenientObject<Chunk<'_>>>(json)?.0.ok_or_else(|| serde_json::Error::custom("no object"))
}

/// Text on its way out: cleaned and scrubbed, whatever the pieces.
pub(super) struct TextSink {
    cleaner: Cleaner,
    scrubber: Scrubber,
    whole: String,
}

impl TextSink {
    fn new(secrets: &Secrets) -> Self {
        Self { cleaner: Cleaner::new(), scrubber: Scrubber::new(secrets), whole: String::new() }
    }

    fn push(&mut self, piece: &str) -> Option<String> {
        let mut out = String::with_capacity(piece.len());
        self.cleaner.push(piece, &mut out);
        if !self.scrubber.is_idle() {
            let clean = std::mem::take(&mut out);
            self.scrubber.push(&clean, &mut out);
        }
        self.whole.push_str(&out);
        (!out.is_empty()).then_some(out)
    }

    /// All that has come.
    pub(super) fn take(&mut self) -> String {
        std::mem::take(&mut self.whole)
    }
}

/// All chunks so far.
pub(super) struct ChunkFold {
    pub(super) text: TextSink,
    pub(super) reasoning: TextSink,
    pub(super) refusal: String,
    pub(super) finish: Option<String>,
    pub(super) native_finish: Option<String>,
    pub(super) model: Option<String>,
    pub(super) provider: Option<String>,
    pub(super) id: Option<String>,
    pub(super) usage: Option<Usage>,
}

impl ChunkFold {
    pub(super) fn new(secrets: &Secrets) -> Self {
        Self {
            text: TextSink::new(secrets),
            reasoning: TextSink::new(secrets),
            refusal: String::new(),
            finish: None,
            native_finish: None,
            model: None,
            provider: None,
            id: None,
            usage: None,
        }
    }

    pub(super) fn text(&self) -> &str {
        &self.text.whole
    }

    pub(super) fn reasoning(&self) -> &str {
        &self.reasoning.whole
    }

    /// Whether any content has come: an error from now on is one in mid-stream.
    fn begun(&self) -> bool {
        !self.text().is_empty() || !self.reasoning().is_empty()
    }

    /// Takes a chunk in; `json` is what it was read from.
    pub(super) fn apply(
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
        self.served(&chunk.model, &chunk.provider, context, out);
        if let Some(usage) = chunk.usage.and_then(value).as_ref().and_then(usage) {
            let merged = merge(self.usage.unwrap_or_default(), usage);
            if self.usage.replace(merged) != Some(merged) {
                out.push(Delta::Usage(merged));
            }
        }
        let metadata = chunk.openrouter_metadata.and_then(value).and_then(|told| metadata(&told, context.secrets));
        out.extend(metadata.map(Delta::Metadata));
        if chunk.error.and_then(value).is_some_and(|error| is_error(&error)) || chunk.object.some() == Some("error") {
            return Err(self.error(None, json, context));
        }
        // Only one choice is ever asked for; a stranger's others are not mixed into it.
        let mut choices = chunk.choices.iter().flat_map(|list| &list.0);
        let Some(choice) =
            choices.find(|choice| choice.index.and_then(value).as_ref().and_then(count).unwrap_or(0) == 0)
        else {
            return Ok(());
        };
        let part = choice.delta.0.as_ref().or(choice.message.0.as_ref().filter(|_| self.text().is_empty()));
        if let Some(part) = part {
            self.part(part, context, out);
        }
        if self.native_finish.is_none() {
            self.native_finish = line(&choice.native_finish_reason);
        }
        if let Some(error) = choice.error.and_then(value).filter(is_error) {
            return Err(self.error(Some(&error), json, context));
        }
        if let Some(finish) = line(&choice.finish_reason) {
            if finish == "error" {
                return Err(self.unexplained("the model stopped with an error that the server does not explain"));
            }
            // A repeated or later reason never overwrites the first.
            self.finish.get_or_insert(finish);
        }
        Ok(())
    }

    fn served(
        &mut self,
        model: &LenientText<'_>,
        provider: &LenientText<'_>,
        context: ErrorContext<'_>,
        out: &mut Vec<Delta>,
    ) {
        let differs =
            |new: &LenientText<'_>, old: &Option<String>| new.some().is_some_and(|new| old.as_deref() != Some(new));
        if !differs(model, &self.model) && !differs(provider, &self.provider) {
            return;
        }
        let line = |word: &LenientText<'_>| word.some().map(|word| safe_line(word, context.secrets));
        let (model, provider) = (line(model).or(self.model.take()), line(provider).or(self.provider.take()));
        (self.model, self.provider) = (model.clone(), provider.clone());
        if let Some(model) = model {
            out.push(Delta::Served { model, provider });
        }
    }

    fn part(&mut self, part: &MessagePart<'_>, context: ErrorContext<'_>, out: &mut Vec<Delta>) {
        let reasoning = part.reasoning.some().or(part.reasoning_content.some()).map_or_else(
            || {
                let details = part.reasoning_details.0.iter();
                Cow::Owned(details.filter_map(|d| d.text.some().or(d.summary.some())).collect::<String>())
            },
            Cow::Borrowed,
        );
        out.extend(self.reasoning.push(&reasoning).map(Delta::Reasoning));
        out.extend(part.content.0.as_deref().and_then(|content| self.text.push(content)).map(Delta::Text));
        if let Some(refusal) = part.refusal.some() {
            self.refusal.push_str(refusal);
            self.refusal = safe_line(&self.refusal, context.secrets);
        }
    }

    /// An error object in a chunk: by its code before any content, in mid-stream after it.
    /// A policy's refusal is the request's own fault at any time.
    fn error(&self, choice: Option<&Value>, json: &str, context: ErrorContext<'_>) -> Failure {
        let envelope: Value = serde_json::from_str(json).unwrap_or_default();
        let error = choice.cloned().unwrap_or_else(|| error_of(&envelope));
        let mut failure = inside(&error, &envelope, context);
        if self.begun() && failure.kind != FailureKind::Policy {
            failure.kind = FailureKind::MidStream;
        }
        failure.provider = failure.provider.or_else(|| self.provider.clone());
        failure
    }

    /// A failure of which the server says no more than its native word.
    pub(super) fn unexplained(&self, reason: &str) -> Failure {
        let native = self.native_finish.as_ref().map(|word| format!(" ({word})")).unwrap_or_default();
        let mut failure = Failure::new(FailureKind::MidStream, format!("{reason}{native}"));
        failure.provider.clone_from(&self.provider);
        failure
    }
}

fn is_error(error: &Value) -> bool {
    match error {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Object(map) => !map.is_empty(),
        _ => true,
    }
}

/// Tokens and cost, from a `usage` object of any generation of servers.
pub(super) fn usage(value: &Value) -> Option<Usage> {
    let tokens = |a: &str, b: &str| count(&value[a]).or_else(|| count(&value[b]));
    let money = |value: &Value| number(value).filter(|usd| *usd >= 0.0);
    let usage = Usage {
        prompt_tokens: tokens("prompt_tokens", "input_tokens"),
        completion_tokens: tokens("completion_tokens", "output_tokens"),
        reasoning_tokens: count(&value["completion_tokens_details"]["reasoning_tokens"])
            .or_else(|| count(&value["output_tokens_details"]["reasoning_tokens"])),
        cached_tokens: count(&value["prompt_tokens_details"]["cached_tokens"]),
        cost: money(&value["cost"]),
        upstream_cost: money(&value["cost_details"]["upstream_inference_cost"]),
    };
    (usage != Usage::default()).then_some(usage)
}

/// What a later chunk leaves out stays known.
fn merge(old: Usage, new: Usage) -> Usage {
    Usage {
        prompt_tokens: new.prompt_tokens.or(old.prompt_tokens),
        completion_tokens: new.completion_tokens.or(old.completion_tokens),
        reasoning_tokens: new.reasoning_tokens.or(old.reasoning_tokens),
        cached_tokens: new.cached_tokens.or(old.cached_tokens),
        cost: new.cost.or(old.cost),
        upstream_cost: new.upstream_cost.or(old.upstream_cost),
    }
}

/// The router's own story, in the last chunk or beside an error.
fn metadata(value: &Value, secrets: &Secrets) -> Option<Metadata> {
    value.as_object()?;
    let line = |name: &str| text(&value[name]).map(|word| safe_line(word, secrets));
    Some(Metadata {
        strategy: line("strategy"),
        summary: line("summary"),
        attempt: count(&value["attempt"]).and_then(|n| u32::try_from(n).ok()),
        attempts: inner_attempts(&value["attempts"], secrets),
    })
}
