//! The kinds of faults and their words.

use super::Status;
use super::StreamPoint;
use super::schedule::{read_time, time_word};
use std::fmt;
use std::time::Duration;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FaultKind {
    /// The connection is refused.
    Refused,
    /// The connection is accepted and never answered.
    BlackHole,
    /// The connection is reset (RST) before the response headers.
    Reset,
    /// The connection is reset (RST) in the body, at this point.
    ResetAfter(StreamPoint),
    /// The status line comes, and the headers never end.
    HeadersNever,
    /// The first token is late by this time; keep-alive comments come meanwhile.
    Slow(Duration),
    /// Silence from this point on, with the connection open.
    Stall(StreamPoint),
    /// Keep-alive comments without end and no content.
    Comments,
    /// Each token comes this long after the one before.
    Drip(Duration),
    /// A response with an error status.
    Status(Status),
    /// Status 200 with an error of this code as its body.
    ErrorBody(u16),
    /// A stream whose first event is an error of this code.
    ErrorFirst(u16),
    /// Status 200 with an HTML page.
    Html,
    /// Status 200 and `choices: []`.
    NoChoices,
    /// Status 200, `content: null`, finish `stop`, no usage.
    NullContent,
    /// Status 200 with plain text, and with its content type.
    ContentType,
    /// Status 200 and a body of white space.
    Blank,
    /// An error event at this point.
    ErrorEvent(StreamPoint),
    /// Finish reason `error` without an explanation, at this point.
    FinishError(StreamPoint),
    /// The connection is closed (FIN) in the body, at this point.
    Cut(StreamPoint),
    /// The body ends properly at this point, without a finish reason.
    NoFinish(StreamPoint),
    /// This number of events that are not JSON, after the third token; the answer continues after them.
    BadJson(u32),
    /// Bytes within a token that are not UTF-8.
    BadUtf8,
    /// An event of 2 MiB, or 17 MiB of white space where the answer is not a stream.
    HugeEvent,
    /// A good answer without `[DONE]`.
    NoDone,
    /// A good answer with its finish reason twice, the second time as `null`.
    DoubleFinish,
    /// Finish `stop` and no text.
    Empty,
    /// Finish `stop` and only white space.
    Whitespace,
    /// Reasoning without an answer.
    ReasoningOnly,
    /// Finish `content_filter` after half of the answer.
    ContentFilter,
    /// A refusal in the field `refusal`.
    Refusal,
    /// Finish `length` after a third of the answer.
    Length,
    /// Text without any field.
    Garbled,
    /// An answer without its last output field.
    MissingField,
    /// Values of other types than the fields have.
    WrongType,
    /// A value that is not in its Literal.
    NotInEnum,
    /// A good JSON object in a code fence.
    FencedJson,
    /// The whole answer in `reasoning`, with empty content.
    JsonInReasoning,
    /// A good answer with other text before and after it.
    ProseAround,
    /// Field markers or keys with one wrong letter.
    MisspeltMarker,
    /// A good answer with a marker quoted in a value.
    MarkerInside,
}

/// Where a fault in mid-stream happens if the word does not say it.
const POINT: StreamPoint = StreamPoint::Tokens(8);

impl FaultKind {
    /// The word without details.
    pub fn name(&self) -> String {
        let word = self.to_string();
        word.split(':').next().unwrap_or_default().to_owned()
    }

    /// Reads a word without its schedule.
    pub(super) fn read(word: &str) -> Result<Self, String> {
        let (name, details) = word.split_once(':').map_or((word, None), |(name, details)| (name, Some(details)));
        let name = name.trim().to_ascii_lowercase().replace('_', "-");
        if let Some(code) = status_code(&name)? {
            return Status::read(code, details).map(Self::Status);
        }
        let point = || details.map_or(Ok(POINT), StreamPoint::read);
        let time = |usual: u64| details.map_or(Ok(Duration::from_secs(usual)), read_time);
        let code = || match details {
            None => Ok(502),
            Some(n) => status_code(n)?.ok_or_else(|| format!("`{}` is not a status", n.escape_debug())),
        };
        let counted = match name.as_str() {
            "reset" if details.is_some() => Self::ResetAfter(point()?),
            "reset-after" | "rst" => Self::ResetAfter(point()?),
            "slow" | "ttft" | "delay" => Self::Slow(time(15)?),
            "stall" => Self::Stall(point()?),
            "drip" => Self::Drip(time(2)?),
            "error-body" => Self::ErrorBody(code()?),
            "error-first" => Self::ErrorFirst(code()?),
            "error-event" | "error" => Self::ErrorEvent(point()?),
            "finish-error" => Self::FinishError(point()?),
            "cut" | "fin" => Self::Cut(point()?),
            "no-finish" => Self::NoFinish(point()?),
            "bad-json" => Self::BadJson(match details {
                None => 1,
                Some(n) => n.parse().map_err(|_| format!("`{}` is not a number of events", n.escape_debug()))?,
            }),
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
