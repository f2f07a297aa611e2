//! How an attempt can fail. Each failure is classified once, where it arrives.

use super::rules::rule;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Why an attempt failed. Whoever creates it removes terminal escapes and the key from all its texts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// Its row of the outcome table.
    pub kind: FailureKind,
    /// The reason as the server gave it, or ours if it gave none. One line; may be empty.
    pub reason: String,
    /// HTTP status, or the code of an error inside a 200.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// `error.code` if it is a word, or `error.metadata.error_type`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The provider behind the router.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The wait that the server asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<Hint>,
    /// The part of the request that this model does not take, if it may answer without it: a field of the body,
    /// or a word of [`Changes::without`](super::Changes::without).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameter: Option<String>,
    /// For an unaffordable request: the highest `max_tokens` that the credit pays for, as the server says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub affordable_tokens: Option<u32>,
    /// Models that the server suggests instead.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fallback_models: Vec<String>,
    /// What the user can do about it, where this program knows more than the server says. One line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
    /// The router's own attempts at other providers, before it gave up.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inner: Vec<InnerAttempt>,
    /// The response body, cut to 4 KiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

impl Failure {
    /// A failure of which only kind and reason are known.
    pub fn new(kind: FailureKind, reason: impl Into<String>) -> Self {
        Self {
            kind,
            reason: reason.into(),
            status: None,
            code: None,
            provider: None,
            hint: None,
            parameter: None,
            affordable_tokens: None,
            fallback_models: Vec::new(),
            advice: None,
            inner: Vec::new(),
            body: None,
        }
    }

    /// The failure in one line: `HTTP 503: overloaded`, `connection refused`. Where the network's own reason is long
    /// and technical, the rule's cause stands instead.
    pub fn summary(&self) -> String {
        use FailureKind::{ConnectTimeout, Dns, Empty, Invalid, Length, Refused, Reset, Truncated};
        let cause = rule(self.kind).cause;
        let text = match self.kind {
            // The server's own words say which limit a request has passed.
            Length if self.parameter.is_some() => self.reason.clone(),
            Dns | Refused | ConnectTimeout | Reset | Truncated | Empty | Length => cause.to_owned(),
            Invalid => format!("{cause}: {}", self.reason),
            _ => self.reason.clone(),
        };
        match self.status.filter(|status| *status >= 400) {
            Some(status) if text.is_empty() => format!("HTTP {status}"),
            Some(status) if !text.contains(&status.to_string()) => format!("HTTP {status}: {text}"),
            None if text.is_empty() => cause.to_owned(),
            _ => text,
        }
    }
}

/// A wait that the server asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hint {
    /// How long to wait, counted from its arrival, in ms. A time in the past is 0.
    #[serde(rename = "after_ms", with = "super::as_ms")]
    pub after: Duration,
    /// Where the server wrote it.
    pub source: HintSource,
}

/// Where in a response a hint stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HintSource {
    /// `Retry-After` in seconds.
    RetryAfterSeconds,
    /// `Retry-After` as an HTTP date.
    RetryAfterDate,
    /// `retry-after-ms`.
    RetryAfterMs,
    /// `X-RateLimit-Reset`, in ms since 1970.
    RateLimitReset,
    /// `error.metadata.retry_after_seconds`.
    Metadata,
    /// `error.availability.retry_after`.
    Availability,
    /// The sentence of the error's message.
    Message,
}

/// What a rate limit applies to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitScope {
    /// This model, or the provider's shared pool for it.
    Model,
    /// All `:free` models.
    Class,
    /// The account as a whole.
    Account,
}

/// One attempt of the router at a provider, from `openrouter_metadata.attempts` or `previous_errors`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InnerAttempt {
    /// The provider's name.
    pub provider: String,
    /// The model's slug, if given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The provider's HTTP status, if given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
}

/// The rows of the outcome table. Each failed attempt has exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The host name does not resolve.
    Dns,
    /// Connection refused, or host unreachable.
    Refused,
    /// No connection within the connect timeout.
    ConnectTimeout,
    /// The server's TLS certificate, host name or protocol is not accepted. There is no fallback to plain HTTP.
    Tls,
    /// The TLS handshake ended early. One more attempt may succeed.
    TlsEof,
    /// The connection closed before the response headers.
    Reset,
    /// No content in time, with or without headers. Comments are not content.
    FirstTokenTimeout,
    /// Content stopped arriving.
    Idle,
    /// 400 or 422: the request is malformed.
    Malformed,
    /// 400: the model does not support `response_format`.
    FormatUnsupported,
    /// 400: this model or its provider does not take the request. Another model may.
    Unsupported,
    /// The prompt exceeds the model's context length, or 413.
    ContextLength,
    /// Refused by moderation, a policy or a content filter.
    Policy,
    /// 401: the key is missing or wrong.
    Unauthorized,
    /// 402: too many requests are in flight. Waiting helps.
    InFlightBudget,
    /// 402: not enough credit. A lower `max_tokens` or a cheaper model may pass.
    Unaffordable,
    /// 402: no credit is left, or the key's limit is reached. A free model needs none.
    NoCredit,
    /// 403 for this model or region.
    Forbidden,
    /// 403: a budget of the account is used up.
    AccountBudget,
    /// 404, 410, an unknown model, or an `availability` error that is not retryable.
    ModelGone,
    /// 408: the server gave up waiting.
    RequestTimeout,
    /// 409 or 425.
    Conflict,
    /// 429 for one model.
    RateLimited,
    /// 429 for all `:free` models.
    ClassLimited,
    /// 429 for the whole account.
    AccountLimited,
    /// 500, 502, 503, 520–523, 529 and other 5xx.
    ServerError,
    /// 504, 524.
    GatewayTimeout,
    /// HTML, another content type or a blank body, where an answer was expected.
    NotAnAnswer,
    /// An error event, or finish reason `error`, after the stream began.
    MidStream,
    /// The stream ended without a known finish reason, and no syntax shows that the answer is whole.
    Truncated,
    /// An event of the stream that cannot be read: a piece of the answer may be lost.
    BadEvents,
    /// An event over 1 MiB, or an answer over 16 MiB.
    TooLarge,
    /// The answer has no content.
    Empty,
    /// Finish reason `length`, and a field is missing or not closed by its own syntax; or `max_tokens` exceeds the model's limit.
    Length,
    /// Finish reason `length` in a chat whose program set no cap.
    CutOff,
    /// The answer does not match the signature.
    Invalid,
    /// Another model answered, and `strict_model` is set.
    WrongModel,
    /// The attempt's share of the deadline is used up. The rest is for the routes after it.
    TimeShare,
    /// The run's deadline passed.
    Deadline,
    /// The user cancelled.
    Cancelled,
    /// Another attempt of the run was faster.
    HedgeLost,
    /// The fault is on this machine.
    Local,
}

impl FailureKind {
    /// Every kind, in the order of the outcome table.
    pub const ALL: [Self; 42] = [
        Self::Dns,
        Self::Refused,
        Self::ConnectTimeout,
        Self::Tls,
        Self::TlsEof,
        Self::Reset,
        Self::FirstTokenTimeout,
        Self::Idle,
        Self::Malformed,
        Self::FormatUnsupported,
        Self::Unsupported,
        Self::ContextLength,
        Self::Policy,
        Self::Unauthorized,
        Self::InFlightBudget,
        Self::Unaffordable,
        Self::NoCredit,
        Self::Forbidden,
        Self::AccountBudget,
        Self::ModelGone,
        Self::RequestTimeout,
        Self::Conflict,
        Self::RateLimited,
        Self::ClassLimited,
        Self::AccountLimited,
        Self::ServerError,
        Self::GatewayTimeout,
        Self::NotAnAnswer,
        Self::MidStream,
        Self::Truncated,
        Self::BadEvents,
        Self::TooLarge,
        Self::Empty,
        Self::Length,
        Self::CutOff,
        Self::Invalid,
        Self::WrongModel,
        Self::TimeShare,
        Self::Deadline,
        Self::Cancelled,
        Self::HedgeLost,
        Self::Local,
    ];
}
