//! What an attempt can die of, classified once, where it arrived.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A failed attempt: its kind, and all that a person or the engine needs to know of it.
/// Every text in it is cleaned of terminal escapes and scrubbed of the key by whoever makes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// The row of the outcome table.
    pub kind: FailureKind,
    /// The reason in the upstream's own words, or ours where it gave none. One line.
    pub reason: String,
    /// HTTP status, or the code of an error inside a 200.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// `error.code`, where it is not a number, or `error.metadata.error_type`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Who was behind the router.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// When the upstream says to come back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<Hint>,
    /// For an unaffordable request: the highest `max_tokens` that the upstream says it can afford.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub affordable_tokens: Option<u32>,
    /// Models that the upstream suggests instead.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fallback_models: Vec<String>,
    /// What the router tried inside before it gave up.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inner: Vec<InnerAttempt>,
    /// The body that was read, cut to 4 KiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

impl Failure {
    /// A failure of `kind` with a one-line `reason`, and nothing else known.
    pub fn new(kind: FailureKind, reason: impl Into<String>) -> Self {
        Self {
            kind,
            reason: reason.into(),
            status: None,
            code: None,
            provider: None,
            hint: None,
            affordable_tokens: None,
            fallback_models: Vec::new(),
            inner: Vec::new(),
            body: None,
        }
    }
}

/// A request to wait, as the upstream gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hint {
    /// How long to wait from the moment it arrived, in ms; negative or past counts as 0.
    #[serde(rename = "after_ms", with = "super::as_ms")]
    pub after: Duration,
    /// Where it was written.
    pub source: HintSource,
}

/// Where a wait came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HintSource {
    /// `Retry-After` in seconds.
    RetryAfterSeconds,
    /// `Retry-After` as an HTTP date.
    RetryAfterDate,
    /// `retry-after-ms`.
    RetryAfterMs,
    /// `X-RateLimit-Reset`, epoch milliseconds.
    RateLimitReset,
    /// `error.metadata.retry_after_seconds`.
    Metadata,
    /// `error.availability.retry_after`.
    Availability,
}

/// Whom a rate limit is about.
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

/// One try of the router behind us, from `openrouter_metadata.attempts` or `previous_errors`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InnerAttempt {
    /// Provider's name.
    pub provider: String,
    /// Model's slug, where it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// HTTP status that the provider answered, where it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
}

/// The rows of the outcome table: exactly one an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The name did not resolve.
    Dns,
    /// Connection refused, or unreachable.
    Refused,
    /// No connection within the connect timeout.
    ConnectTimeout,
    /// Certificate, name or protocol: never downgraded.
    Tls,
    /// The handshake ended early: worth one more try.
    TlsEof,
    /// Reset or closed before the response headers.
    Reset,
    /// No content in time, whether or not headers came; comments do not count.
    FirstTokenTimeout,
    /// Content stopped coming.
    Idle,
    /// 400 or 422: the request is wrong.
    Malformed,
    /// 400: this route does not know `response_format`.
    FormatUnsupported,
    /// Longer than the model's context, or 413.
    ContextLength,
    /// Moderation, policy, refusal, `content_filter`.
    Policy,
    /// 401.
    Unauthorized,
    /// 402 that passes by waiting.
    InFlightBudget,
    /// 402 that a smaller `max_tokens` or a cheaper route may pass.
    Unaffordable,
    /// 402: no credit, or the key's limit is spent.
    NoCredit,
    /// 403 for this model or region.
    Forbidden,
    /// 403 for a spent budget of the account.
    AccountBudget,
    /// 404, 410, unknown model, any `availability` error that is not retryable.
    ModelGone,
    /// 408.
    RequestTimeout,
    /// 409 or 425.
    Conflict,
    /// 429 about one model.
    RateLimited,
    /// 429 about all `:free` models.
    ClassLimited,
    /// 429 about the account.
    AccountLimited,
    /// 500, 502, 503, 520–523, 529 and other 5xx.
    ServerError,
    /// 504, 524.
    GatewayTimeout,
    /// HTML, another content type, or a blank padded body where an answer was promised.
    NotAnAnswer,
    /// An error event, or finish `error`, after the stream had begun.
    MidStream,
    /// The stream ended without a finish reason.
    Truncated,
    /// Three events in a row that are not JSON.
    BadEvents,
    /// An event over 1 MiB or a body over 16 MiB.
    TooLarge,
    /// Finished, but with nothing in it.
    Empty,
    /// Finish `length` with fields missing.
    Length,
    /// The answer does not validate against the signature.
    Invalid,
    /// Another model answered, and `strict_model` forbids that.
    WrongModel,
    /// Its share of the run's time is over: the routes still to come need the rest.
    TimeShare,
    /// The run's deadline passed.
    Deadline,
    /// The user cancelled.
    Cancelled,
    /// Another lane was first.
    HedgeLost,
    /// Something on this machine.
    Local,
}

impl FailureKind {
    /// Every kind, in the order of the outcome table.
    pub const ALL: [Self; 40] = [
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
        Self::Invalid,
        Self::WrongModel,
        Self::TimeShare,
        Self::Deadline,
        Self::Cancelled,
        Self::HedgeLost,
        Self::Local,
    ];
}
