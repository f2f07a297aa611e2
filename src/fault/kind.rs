//! What can go wrong, and the word for it.

use super::Status;
use super::schedule::{read_time, time_word};
use std::fmt;
use std::time::Duration;

/// What goes wrong. Counts of tokens are deltas that arrive before it happens, reasoning
/// included; an answer that is shorter has it happen at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FaultKind {
    /// Nothing listens.
    Refused,
    /// The connection is accepted, and nothing ever comes back.
    BlackHole,
    /// Reset before the response headers.
    Reset,
    /// Reset (RST) in the body, after so many tokens.
    ResetAfter(u32),
    /// A status line, and never the end of the headers.
    HeadersNever,
    /// The first token comes this much later; keep-alive comments meanwhile.
    Slow(Duration),
    /// Silence after so many tokens; the connection stays open.
    Stall(u32),
    /// Keep-alive comments for ever, and no content.
    Comments,
    /// This long between one token and the next.
    Drip(Duration),
    /// An error status.
    Status(Status),
    /// Status 200 with an error of this code for a body.
    ErrorBody(u16),
    /// A stream whose first event is an error of this code.
    ErrorFirst(u16),
    /// Status 200 with a page of HTML.
    Html,
    /// Status 200 and `choices: []`.
    NoChoices,
    /// Status 200, `content: null`, finish `stop`, no usage.
    NullContent,
    /// Status 200, plain text with its own content type.
    ContentType,
    /// Status 200 and nothing but white space.
    Blank,
    /// An error event in mid-stream, after so many tokens.
    ErrorEvent(u32),
    /// Finish reason `error` and no word of why, after so many tokens.
    FinishError(u32),
    /// The connection is closed (FIN) in mid-body, after so many tokens.
    Cut(u32),
    /// The body ends properly after so many tokens, without a finish reason.
    NoFinish(u32),
    /// So many events in a row that are not JSON, after the third token; the answer goes on.
    BadJson(u32),
    /// Bytes that are not UTF-8 inside a token.
    BadUtf8,
    /// An event of 2 MiB; 17 MiB of blanks where there is no stream.
    HugeEvent,
    /// A good answer without `[DONE]`.
    NoDone,
    /// A good answer whose finish reason comes twice, the second time as `null`.
    DoubleFinish,
    /// Finish `stop` and no text.
    Empty,
    /// Finish `stop` and only white space.
    Whitespace,
    /// Reasoning, and no answer.
    ReasoningOnly,
    /// Finish `content_filter` at half of the answer.
    ContentFilter,
    /// The model declines, in `refusal`.
    Refusal,
    /// Finish `length` at a third of the answer.
    Length,
    /// Text in which no field can be found.
    Garbled,
    /// The last output field is left out.
    MissingField,
    /// Values that are not of their types.
    WrongType,
    /// A value that is none of a Literal's.
    NotInEnum,
    /// A good JSON object in a code fence.
    FencedJson,
    /// The whole answer in `reasoning`, content empty.
    JsonInReasoning,
    /// A good answer with chatter before and after it.
    ProseAround,
    /// Field markers, or keys, with a letter wrong.
    MisspeltMarker,
    /// A good answer with a marker quoted inside a value.
    MarkerInside,
}

/// How many tokens arrive before a fault in mid-stream, unless the word says otherwise.
const TOKENS: u32 = 8;

impl FaultKind {
    /// The word without details.
    pub fn name(&self) -> String {
        let word = self.to_string();
        word.split(':').next().unwrap_or_default().to_owned()
    }

    pub(super) fn read(word: &str) -> Result<Self, String> {
        let (name, details) = word.split_once(':').map_or((word, None), |(name, details)| (name, Some(details)));
        let name = name.trim().to_ascii_lowercase().replace('_', "-");
        if let Some(code) = status_code(&name)? {
            return Status::read(code, details).map(Self::Status);
        }
        let tokens = || match details {
            None => Ok(TOKENS),
            Some(n) => n.parse().map_err(|_| format!("`{}` is no number of tokens", n.escape_debug())),
        };
        let time = |usual: u64| details.map_or(Ok(Duration::from_secs(usual)), read_time);
        let code = || match details {
            None => Ok(502),
            Some(n) => status_code(n)?.ok_or_else(|| format!("`{}` is no status", n.escape_debug())),
        };
        let counted = match name.as_str() {
            "reset" if details.is_some() => Self::ResetAfter(tokens()?),
            "reset-after" | "rst" => Self::ResetAfter(tokens()?),
            "slow" | "ttft" | "delay" => Self::Slow(time(15)?),
            "stall" => Self::Stall(tokens()?),
            "drip" => Self::Drip(time(2)?),
            "error-body" => Self::ErrorBody(code()?),
            "error-first" => Self::ErrorFirst(code()?),
            "error-event" | "error" => Self::ErrorEvent(tokens()?),
            "finish-error" => Self::FinishError(tokens()?),
            "cut" | "fin" => Self::Cut(tokens()?),
            "no-finish" => Self::NoFinish(tokens()?),
            "bad-json" => Self::BadJson(if details.is_none() { 1 } else { tokens()? }),
            _ => {
                let plain = plain(&name).ok_or_else(|| "no such fault".to_owned())?;
                return match details {
                    None => Ok(plain),
                    Some(_) => Err(format!("`{name}` takes no details")),
                };
            }
        };
        Ok(counted)
    }
}

fn plain(name: &str) -> Option<FaultKind> {
    Some(match name {
        "refused" => FaultKind::Refused,
        "black-hole" | "blackhole" => FaultKind::BlackHole,
        "reset" => FaultKind::Reset,
        "headers-never" | "no-headers" => FaultKind::HeadersNever,
        "comments" | "comments-only" => FaultKind::Comments,
        "html" => FaultKind::Html,
        "no-choices" => FaultKind::NoChoices,
        "null-content" => FaultKind::NullContent,
        "content-type" => FaultKind::ContentType,
        "blank" => FaultKind::Blank,
        "bad-utf8" => FaultKind::BadUtf8,
        "huge-event" => FaultKind::HugeEvent,
        "no-done" => FaultKind::NoDone,
        "double-finish" => FaultKind::DoubleFinish,
        "empty" => FaultKind::Empty,
        "whitespace" => FaultKind::Whitespace,
        "reasoning-only" => FaultKind::ReasoningOnly,
        "content-filter" => FaultKind::ContentFilter,
        "refusal" => FaultKind::Refusal,
        "length" => FaultKind::Length,
        "garbled" | "garbage" => FaultKind::Garbled,
        "missing-field" => FaultKind::MissingField,
        "wrong-type" => FaultKind::WrongType,
        "not-in-enum" => FaultKind::NotInEnum,
        "fenced-json" => FaultKind::FencedJson,
        "json-in-reasoning" => FaultKind::JsonInReasoning,
        "prose-around" => FaultKind::ProseAround,
        "misspelt-marker" | "misspelled-marker" => FaultKind::MisspeltMarker,
        "marker-inside" => FaultKind::MarkerInside,
        _ => return None,
    })
}

fn status_code(text: &str) -> Result<Option<u16>, String> {
    match text.parse::<u16>() {
        Ok(code @ 400..=599) => Ok(Some(code)),
        Ok(_) => Err("an error status is from 400 to 599".to_owned()),
        Err(_) => Ok(None),
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = match self {
            Self::ResetAfter(n) => return write!(f, "reset-after:{n}"),
            Self::Slow(time) => return write!(f, "slow:{}", time_word(*time)),
            Self::Stall(n) => return write!(f, "stall:{n}"),
            Self::Drip(time) => return write!(f, "drip:{}", time_word(*time)),
            Self::Status(status) => return status.fmt(f),
            Self::ErrorBody(code) => return write!(f, "error-body:{code}"),
            Self::ErrorFirst(code) => return write!(f, "error-first:{code}"),
            Self::ErrorEvent(n) => return write!(f, "error-event:{n}"),
            Self::FinishError(n) => return write!(f, "finish-error:{n}"),
            Self::Cut(n) => return write!(f, "cut:{n}"),
            Self::NoFinish(n) => return write!(f, "no-finish:{n}"),
            Self::BadJson(n) => return write!(f, "bad-json:{n}"),
            Self::Refused => "refused",
            Self::BlackHole => "black-hole",
            Self::Reset => "reset",
            Self::HeadersNever => "headers-never",
            Self::Comments => "comments",
            Self::Html => "html",
            Self::NoChoices => "no-choices",
            Self::NullContent => "null-content",
            Self::ContentType => "content-type",
            Self::Blank => "blank",
            Self::BadUtf8 => "bad-utf8",
            Self::HugeEvent => "huge-event",
            Self::NoDone => "no-done",
            Self::DoubleFinish => "double-finish",
            Self::Empty => "empty",
            Self::Whitespace => "whitespace",
            Self::ReasoningOnly => "reasoning-only",
            Self::ContentFilter => "content-filter",
            Self::Refusal => "refusal",
            Self::Length => "length",
            Self::Garbled => "garbled",
            Self::MissingField => "missing-field",
            Self::WrongType => "wrong-type",
            Self::NotInEnum => "not-in-enum",
            Self::FencedJson => "fenced-json",
            Self::JsonInReasoning => "json-in-reasoning",
            Self::ProseAround => "prose-around",
            Self::MisspeltMarker => "misspelt-marker",
            Self::MarkerInside => "marker-inside",
        };
        f.write_str(plain)
    }
}
