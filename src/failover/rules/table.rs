//! The outcome table: one row for each kind of failure.

use crate::failover::{FailureKind, FaultDomain};
use std::fmt::Write as _;
use std::time::Duration;

/// One row of the outcome table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rule {
    /// Its name in logs and JSON lines.
    pub id: &'static str,
    /// The cause in a few words, as in `circuit open for 4 s (repeated 5xx)`.
    pub cause: &'static str,
    /// What the server or the network did, for the printed table.
    pub condition: &'static str,
    /// The smallest thing that the failure is about.
    pub domain: FaultDomain,
    /// Whether the same route is asked again.
    pub on_retry: OnRetry,
    /// What is done otherwise.
    pub on_give_up: OnGiveUp,
    /// What it adds to the breaker of its domain.
    pub weight: Weight,
    /// Whether the server's own fallback sees this failure, and has tried its other models before it reports it.
    pub server_sees: bool,
}

/// Another attempt on the same route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnRetry {
    /// None.
    Never,
    /// This many retries, with backoff.
    Times(u32),
    /// This many retries; the first one at once, on a new connection.
    AtOnceThen(u32),
    /// After the hint, if the patience allows it. Not without a hint.
    Hint,
    /// After the hint, if the patience allows it. Without a hint, this many retries with backoff.
    HintOrTimes(u32),
    /// After the hint, if the deadline allows it. Without a hint, with backoff.
    Wait,
    /// Once, at once, with a changed request.
    Amend(RequestChange),
}

/// How a request is changed for the same route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestChange {
    /// Without `response_format`.
    Plain,
    /// Without the parameter that the model does not take.
    Without,
    /// With the `max_tokens` that the credit pays for.
    FewerTokens,
    /// With a higher `max_tokens`.
    MoreTokens,
    /// With the invalid answer and its error in the prompt.
    Repair,
}

/// What is done when the same route is not asked again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnGiveUp {
    /// The run ends.
    Stop,
    /// The next route.
    Next,
    /// The next route, if `next_on_policy` is set.
    NextIfPolicyAllows,
    /// The next route at another origin.
    OtherOrigin,
    /// The next route outside this class.
    OtherClass,
    /// The next route with a larger context.
    LargerContext,
    /// The next route with a larger output limit.
    LargerOutput,
    /// The next route that is known to be cheaper.
    Cheaper,
    /// The next route that needs no credit; if there is none, the run ends.
    Free,
    /// Nothing: another attempt of the run continues, or the run has ended.
    Continue,
}

/// What a failure adds to a breaker, which opens at 3. If the run gives a route up because of a hint, the breaker
/// opens until the hint passes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Weight {
    /// Nothing.
    Zero,
    /// Adds this weight; the breaker opens at 3.
    Of(f32),
    /// Nothing if the run waits for the hint; otherwise 1.
    Hint,
    /// 1 for the origin. Once another model answers at the same origin, 1 for the model instead.
    Differential,
    /// Opens the breaker for this time.
    Opens(Duration),
    /// Opens the breaker for this session.
    Session,
}

/// The row of a kind of failure.
#[rustfmt::skip]
pub const fn rule(kind: FailureKind) -> Rule {
    use {FaultDomain as Domain, OnGiveUp as Else, OnRetry as Retry, RequestChange as Change};
    match kind {
        // the network
        FailureKind::Dns               => ours("dns", "host name not found", "the host name does not resolve", Domain::Origin, Retry::Times(1), Else::OtherOrigin, Weight::Zero),
        FailureKind::Refused           => ours("refused", "connection refused", "connection refused, or host unreachable", Domain::Origin, Retry::Times(2), Else::Next, Weight::Differential),
        FailureKind::ConnectTimeout    => ours("connect-timeout", "connection timeout", "no connection in time", Domain::Origin, Retry::Times(2), Else::Next, Weight::Differential),
        FailureKind::Tls               => ours("tls", "TLS error", "the server's TLS certificate, host name or protocol is not accepted", Domain::Origin, Retry::Never, Else::Stop, Weight::Zero),
        FailureKind::TlsEof            => ours("tls-eof", "TLS handshake cut off", "the TLS handshake ended early", Domain::Origin, Retry::Times(1), Else::OtherOrigin, Weight::Zero),
        FailureKind::Reset             => ours("reset", "connection reset", "the connection closed before the response headers", Domain::Origin, Retry::AtOnceThen(2), Else::Next, Weight::Differential),
        // time
        FailureKind::FirstTokenTimeout => ours("first-token", "first-token timeout", "no content in time; comments do not count", Domain::Model, Retry::Never, Else::Next, Weight::Of(1.0)),
        FailureKind::Idle              => ours("idle", "idle timeout", "content stopped arriving", Domain::Model, Retry::Never, Else::Next, Weight::Of(1.0)),
        // the request
        FailureKind::Malformed         => shared("malformed", "bad request", "400 or 422, and every model would refuse it", Domain::Request, Retry::Never, Else::Stop, Weight::Zero),
        FailureKind::FormatUnsupported => shared("format", "response_format not supported", "400: response_format is not supported", Domain::Request, Retry::Amend(Change::Plain), Else::Next, Weight::Zero),
        FailureKind::Unsupported       => shared("unsupported", "request not supported", "400: this model or its provider does not take the request", Domain::Request, Retry::Amend(Change::Without), Else::Next, Weight::Zero),
        FailureKind::ContextLength     => shared("context", "context length exceeded", "the prompt exceeds the context length, or 413", Domain::Request, Retry::Never, Else::LargerContext, Weight::Zero),
        FailureKind::Policy            => shared("policy", "refused by policy", "refused by moderation, a policy or a content filter", Domain::Request, Retry::Never, Else::NextIfPolicyAllows, Weight::Zero),
        // the account
        FailureKind::Unauthorized      => shared("unauthorized", "key rejected", "401: the key is missing or wrong", Domain::Account, Retry::Never, Else::Stop, Weight::Zero),
        FailureKind::InFlightBudget    => shared("in-flight", "too many requests in flight", "402: too many requests are in flight", Domain::Account, Retry::Wait, Else::Stop, Weight::Zero),
        FailureKind::Unaffordable      => shared("unaffordable", "not enough credit", "402: the request costs more than the credit left", Domain::Account, Retry::Amend(Change::FewerTokens), Else::Cheaper, Weight::Zero),
        FailureKind::NoCredit          => shared("no-credit", "no credit", "402: no credit is left, or the key's limit is reached", Domain::Account, Retry::Never, Else::Free, Weight::Zero),
        FailureKind::Forbidden         => shared("forbidden", "access denied", "403 for this model or region", Domain::Model, Retry::Never, Else::Next, Weight::Opens(Duration::from_secs(300))),
        FailureKind::AccountBudget     => shared("account-budget", "account budget used up", "403: a budget of the account is used up", Domain::Account, Retry::Never, Else::Stop, Weight::Zero),
        // the model
        FailureKind::ModelGone         => shared("gone", "model not available", "404, 410, unknown or unavailable model", Domain::Model, Retry::Never, Else::Next, Weight::Session),
        FailureKind::RequestTimeout    => shared("request-timeout", "request timeout", "408", Domain::Model, Retry::Never, Else::Next, Weight::Of(0.5)),
        FailureKind::Conflict          => shared("conflict", "conflict", "409, 425", Domain::Model, Retry::Times(1), Else::Next, Weight::Of(0.5)),
        FailureKind::RateLimited       => shared("rate", "rate limit", "429 for one model", Domain::Model, Retry::Hint, Else::Next, Weight::Hint),
        FailureKind::ClassLimited      => shared("rate-class", "rate limit", "429 for all :free models", Domain::Class, Retry::Hint, Else::OtherClass, Weight::Hint),
        FailureKind::AccountLimited    => shared("rate-account", "rate limit", "429 for the whole account", Domain::Account, Retry::Wait, Else::Stop, Weight::Hint),
        FailureKind::ServerError       => shared("server", "5xx", "500, 502, 503, 520-523, 529", Domain::Model, Retry::HintOrTimes(1), Else::Next, Weight::Of(1.0)),
        FailureKind::GatewayTimeout    => shared("gateway-timeout", "gateway timeout", "504, 524", Domain::Model, Retry::Never, Else::Next, Weight::Of(1.0)),
        // a response with status 200 that is not an answer
        FailureKind::NotAnAnswer       => ours("not-an-answer", "not an answer", "HTML, another content type, or a blank body", Domain::Model, Retry::Times(1), Else::Next, Weight::Of(1.0)),
        FailureKind::MidStream         => ours("mid-stream", "error during the answer", "an error event, or finish reason `error`, after the stream began", Domain::Model, Retry::Never, Else::Next, Weight::Of(1.0)),
        FailureKind::Truncated         => ours("truncated", "connection closed during the answer", "the stream ended without a finish reason, and a field is missing or open", Domain::Model, Retry::Times(1), Else::Next, Weight::Of(1.0)),
        FailureKind::BadEvents         => ours("bad-events", "unreadable events", "an event of the stream that cannot be read", Domain::Model, Retry::Never, Else::Next, Weight::Of(0.25)),
        FailureKind::TooLarge          => ours("too-large", "answer too large", "an event over 1 MiB, or an answer over 16 MiB", Domain::Model, Retry::Never, Else::Next, Weight::Of(1.0)),
        // an answer that is not valid
        FailureKind::Empty             => ours("empty", "empty answer", "the answer has no content", Domain::Model, Retry::Times(1), Else::Next, Weight::Of(0.5)),
        FailureKind::Length            => ours("length", "answer cut off at max_tokens", "finish reason `length`, and a field is missing or open; or max_tokens exceeds the output limit", Domain::Request, Retry::Amend(Change::MoreTokens), Else::LargerOutput, Weight::Zero),
        FailureKind::CutOff            => ours("cut-off", "answer cut off", "finish reason `length` in a chat whose program set no cap", Domain::Request, Retry::Never, Else::Next, Weight::Zero),
        FailureKind::Invalid           => ours("invalid", "invalid answer", "the answer does not match the signature", Domain::Model, Retry::Amend(Change::Repair), Else::Next, Weight::Of(0.5)),
        FailureKind::WrongModel        => ours("wrong-model", "wrong model", "another model answered, and strict_model is set", Domain::None, Retry::Never, Else::Next, Weight::Zero),
        // the engine and this machine
        FailureKind::TimeShare         => ours("time-share", "time limit", "the attempt's share of the deadline is used up", Domain::None, Retry::Never, Else::Next, Weight::Zero),
        FailureKind::Deadline          => ours("deadline", "deadline", "the run's deadline passed", Domain::Local, Retry::Never, Else::Stop, Weight::Zero),
        FailureKind::Cancelled         => ours("cancelled", "cancelled", "the user cancelled", Domain::Local, Retry::Never, Else::Stop, Weight::Zero),
        FailureKind::HedgeLost         => ours("hedge-lost", "lost the hedge race", "another attempt of the run was faster", Domain::None, Retry::Never, Else::Continue, Weight::Zero),
        FailureKind::Local             => ours("local", "local error", "the fault is on this machine", Domain::Local, Retry::Never, Else::Stop, Weight::Zero),
    }
}

/// A failure that the server's own fallback sees, too.
const fn shared(
    id: &'static str,
    cause: &'static str,
    condition: &'static str,
    domain: FaultDomain,
    on_retry: OnRetry,
    on_give_up: OnGiveUp,
    weight: Weight,
) -> Rule {
    Rule { id, cause, condition, domain, on_retry, on_give_up, weight, server_sees: true }
}

/// A failure that only this program sees.
const fn ours(
    id: &'static str,
    cause: &'static str,
    condition: &'static str,
    domain: FaultDomain,
    on_retry: OnRetry,
    on_give_up: OnGiveUp,
    weight: Weight,
) -> Rule {
    Rule { id, cause, condition, domain, on_retry, on_give_up, weight, server_sees: false }
}

impl Rule {
    /// Whether a server with a fallback of its own asks the next model after this failure.
    pub(in crate::failover) fn server_moved_on(&self) -> bool {
        !matches!(self.on_give_up, OnGiveUp::Stop | OnGiveUp::Free)
    }

    /// What is done, for the printed table.
    pub fn action(&self) -> String {
        let retries = |n: u32| format!("{n} {}", if n == 1 { "retry" } else { "retries" });
        let retry = match self.on_retry {
            OnRetry::Never => String::new(),
            OnRetry::Times(n) => format!("{}, then ", retries(n)),
            OnRetry::AtOnceThen(n) => format!("{}, the first at once on a new connection, then ", retries(n)),
            OnRetry::Hint => "retry after the hint if the patience allows it, else ".to_owned(),
            OnRetry::HintOrTimes(n) => {
                format!("retry after the hint if the patience allows it, or {} without a hint, then ", retries(n))
            }
            OnRetry::Wait => "retry after the hint if the deadline allows it, else ".to_owned(),
            OnRetry::Amend(change) => format!("{change}, then "),
        };
        let give_up = match self.on_give_up {
            OnGiveUp::Stop => "stop",
            OnGiveUp::Next => "next model",
            OnGiveUp::NextIfPolicyAllows => "stop (next model, if next_on_policy)",
            OnGiveUp::OtherOrigin => "next model at another origin",
            OnGiveUp::OtherClass => "next model outside the class",
            OnGiveUp::LargerContext => "next model with a larger context",
            OnGiveUp::LargerOutput => "next model with a larger output limit",
            OnGiveUp::Cheaper => "next model that is cheaper",
            OnGiveUp::Free => "next model that is free, or stop",
            OnGiveUp::Continue => "continue",
        };
        format!("{retry}{give_up}")
    }
}

impl std::fmt::Display for RequestChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Plain => "retry without response_format",
            Self::Without => "retry without that parameter",
            Self::FewerTokens => "retry with a lower max_tokens",
            Self::MoreTokens => "retry with a higher max_tokens",
            Self::Repair => "ask the model to correct its answer",
        })
    }
}

impl std::fmt::Display for Weight {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Zero => f.write_str("0"),
            Self::Of(weight) => write!(f, "{weight}"),
            Self::Hint => f.write_str("1, or open until the hint passes"),
            Self::Differential => f.write_str("1 for the origin, or for the model if others answer there"),
            Self::Opens(cooldown) => write!(f, "open for {} s", cooldown.as_secs()),
            Self::Session => f.write_str("open for this session"),
        }
    }
}

/// The outcome table in Markdown.
pub fn table() -> String {
    let mut out = "| rule | condition | domain | action | breaker |\n|---|---|---|---|---|\n".to_owned();
    for rule in FailureKind::ALL.map(rule) {
        let domain = format!("{:?}", rule.domain).to_lowercase();
        let _ = writeln!(out, "| {} | {} | {domain} | {} | {} |", rule.id, rule.condition, rule.action(), rule.weight);
    }
    out
}
