//! One JSON chunk of a stream, or a whole answer. Knows their shapes; must not know about bytes on the wire or
//! how a stream ends.

mod fold;
mod part;
mod pattern;
mod text_sink;
mod tool_calls;

pub(super) use fold::ChunkFold;
use part::ChunkChoice;
pub(super) use part::TextField;
pub(super) use pattern::ChunkPattern;

use super::classify::inner_attempts;
use super::lenient::{LenientList, LenientObject, LenientText, count, number, text, usd};
use super::reason::safe_line;
use super::{Metadata, Usage};
use crate::secret::Secrets;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// A chunk of a stream (`choices[].delta`) or a whole answer (`choices[].message`). It is read in one pass with
/// borrowed strings; rare fields (errors, usage, metadata) stay as raw JSON.
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
    choices: Option<LenientList<ChunkChoice<'a>>>,
    #[serde(borrow)]
    usage: RawField<'a>,
    #[serde(borrow)]
    error: RawField<'a>,
    #[serde(borrow)]
    openrouter_metadata: RawField<'a>,
    /// This and the fields below belong to errors that are not wrapped in `error`.
    #[serde(borrow, rename = "type")]
    kind: LenientText<'a>,
    #[serde(borrow)]
    message: LenientText<'a>,
    #[serde(borrow)]
    msg: LenientText<'a>,
    #[serde(borrow)]
    detail: LenientText<'a>,
    #[serde(borrow)]
    code: RawField<'a>,
    #[serde(borrow)]
    status: RawField<'a>,
    #[serde(borrow)]
    status_code: RawField<'a>,
    /// Its texts may hold marked halves of surrogate pairs.
    #[serde(skip)]
    halves: bool,
}

/// A field that is parsed only where it is used; `null` is none.
type RawField<'a> = Option<&'a RawValue>;

/// The field's value; none if it is nested too deeply.
fn value(field: &RawValue) -> Option<Value> {
    serde_json::from_str(field.get()).ok()
}

impl Chunk<'_> {
    /// Whether its texts may hold marked halves of surrogate pairs.
    pub(super) fn has_halves(&self) -> bool {
        self.halves
    }

    /// Whether it has `choices`, as an answer does.
    pub(super) fn has_choices(&self) -> bool {
        self.choices.is_some()
    }

    /// The next piece of a text, and its field, if the other fields of the chunk change nothing when they are said again.
    pub(super) fn only_text(&self) -> Option<(TextField, &str)> {
        let others = [self.usage, self.error, self.openrouter_metadata, self.code, self.status, self.status_code];
        let errors = [&self.kind, &self.message, &self.msg, &self.detail];
        if others.iter().any(Option::is_some) || errors.iter().any(|text| text.0.is_some()) {
            return None;
        }
        match self.choices.as_ref()?.0.as_slice() {
            [choice] => choice.only_text(),
            _ => None,
        }
    }
}

/// Reads a JSON object as a chunk.
pub(super) fn parse(json: &str) -> Result<Chunk<'_>, serde_json::Error> {
    use serde::de::Error;
    let object = serde_json::from_str::<LenientObject<Chunk<'_>>>(json)?.0;
    object.ok_or_else(|| serde_json::Error::custom("expected an object"))
}

/// Reads a JSON object as a chunk whose texts may hold marked halves of surrogate pairs.
pub(super) fn parse_marked(json: &str) -> Result<Chunk<'_>, serde_json::Error> {
    Ok(Chunk { halves: true, ..parse(json)? })
}

/// Whether an `error` field reports an error: some servers send `null`, `false`, `""` or `{}` with good chunks.
fn is_error(error: &Value) -> bool {
    match error {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Object(map) => !map.is_empty(),
        _ => true,
    }
}

impl Chunk<'_> {
    /// Whether the chunk is an error: as `error`, or as the whole object.
    fn is_error(&self) -> bool {
        if self.error.and_then(value).is_some_and(|error| is_error(&error)) {
            return true;
        }
        let has_message = [&self.message, &self.msg, &self.detail].iter().any(|text| text.some().is_some());
        let refused = |status: RawField<'_>| {
            status.and_then(value).as_ref().and_then(number).is_some_and(|status| status >= 400.0)
        };
        let coded = || match self.code.and_then(value) {
            Some(Value::String(code)) => !code.is_empty(),
            // Some services send these with good answers.
            Some(code) => count(&code).is_some_and(|code| code != 0 && code != 200),
            None => false,
        };
        self.object.some() == Some("error")
            || self.kind.some().is_some_and(|kind| kind.ends_with("error") || kind.ends_with(".failed"))
            || (self.choices.is_none()
                && has_message
                && (self.detail.some().is_some() || coded() || refused(self.status) || refused(self.status_code)))
    }
}

/// Tokens and cost from a `usage` object, in `OpenAI`'s older or newer field names.
fn usage(value: &Value) -> Option<Usage> {
    let tokens = |a: &str, b: &str| count(&value[a]).or_else(|| count(&value[b]));
    let cost = usd(&value["cost"]);
    // Without an own key, `cost` holds what the provider charged.
    let own_key = value["is_byok"].as_bool().unwrap_or(cost.is_none_or(|cost| cost == 0.0));
    let usage = Usage {
        prompt_tokens: tokens("prompt_tokens", "input_tokens"),
        completion_tokens: tokens("completion_tokens", "output_tokens"),
        reasoning_tokens: count(&value["completion_tokens_details"]["reasoning_tokens"])
            .or_else(|| count(&value["output_tokens_details"]["reasoning_tokens"])),
        cached_tokens: count(&value["prompt_tokens_details"]["cached_tokens"]),
        cost,
        upstream_cost: usd(&value["cost_details"]["upstream_inference_cost"]).filter(|_| own_key),
    };
    (usage != Usage::default()).then_some(usage)
}

/// The new usage, with the old values where a later chunk leaves them out.
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

/// The router's report in `openrouter_metadata`. It comes in the last chunk or beside an error.
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
