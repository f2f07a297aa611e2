//! The rows.

use crate::failover::{FailureKind, FaultDomain};
use std::fmt::Write as _;
use std::time::Duration;

/// One row of the outcome table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rule {
    /// Its name in the log.
    pub id: &'static str,
    /// How the outcome is seen.
    pub seen: &'static str,
    /// The smallest thing that it is about.
    pub domain: FaultDomain,
    /// Whether the same route is asked again.
    pub same: OnRetry,
    /// What is done otherwise.
    pub then: OnGiveUp,
    /// What it weighs against the breaker of what is to blame.
    pub weight: Weight,
    /// Whether `OpenRouter`'s own fallback has dealt with it before we hear of it.
    pub server_sees: bool,
}

/// Another attempt on the same route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnRetry {
    /// None.
    Never,
    /// So many retries, with backoff.
    Times(u32),
    /// So many retries, the first at once on a fresh connection.
    AtOnceThen(u32),
    /// After the hint, if it is within the patience.
    Hint,
    /// The same; without a hint so many retries, with backoff.
    HintOrTimes(u32),
    /// After the hint, if it is within the deadline; without a hint, with backoff.
    Wait,
    /// Once, at once, with a request that is changed so that it may pass.
    Amend(RequestChange),
}

/// How a request is changed for the same route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestChange {
    /// Without `response_format`.
    Plain,
    /// With the `max_tokens` that can be afforded.
    FewerTokens,
    /// With a higher `max_tokens`.
    MoreTokens,
    /// With the invalid answer, and what is wrong with it.
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
    /// The next route with another origin.
    OtherOrigin,
    /// The next route outside this class.
    OtherClass,
    /// The next route with a larger context.
    LargerContext,
    /// The next route with a larger cap on output.
    LargerOutput,
    /// The next route that is known to be cheaper.
    Cheaper,
    /// Nothing: the run goes on, or has ended, without this attempt.
    Continue,
}

/// Weight against a breaker. Whenever a route is left because of a hint, the breaker stays open until the hint.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Weight {
    /// None.
    Zero,
    /// So much of the three that open it.
    Of(f32),
    /// None while a hint is waited for; 1 without a hint.
    Hint,
    /// 1 against the origin; against the model instead, once another model answers over the same origin.
    Differential,
    /// Opens it for so long.
    Opens(Duration),
    /// Opens it for this session.
    Session,
}

/// The outcome table.
#[rustfmt::skip]
pub const fn rule(kind: FailureKind) -> Rule {
    use {RequestChange as A, FaultDomain as B, OnRetry as S, OnGiveUp as T, Weight as W};
    match kind {
        // the network: the server knows nothing of it
        FailureKind::Dns               => unseen("dns", "the name does not resolve", B::Origin, S::Times(1), T::OtherOrigin, W::Zero),
        FailureKind::Refused           => unseen("refused", "connection refused or unreachable", B::Origin, S::Times(2), T::Next, W::Differential),
        FailureKind::ConnectTimeout    => unseen("connect-timeout", "no connection in time", B::Origin, S::Times(2), T::Next, W::Differential),
        FailureKind::Tls               => unseen("tls", "certificate, name or protocol of the TLS peer", B::Origin, S::Never, T::Stop, W::Zero),
        FailureKind::TlsEof            => unseen("tls-eof", "the TLS handshake ended early", B::Origin, S::Times(1), T::OtherOrigin, W::Zero),
        FailureKind::Reset             => unseen("reset", "connection reset before the headers", B::Origin, S::AtOnceThen(2), T::Next, W::Differential),
        // slow
        FailureKind::FirstTokenTimeout => unseen("first-token", "no content in time; comments do not count", B::Model, S::Never, T::Next, W::Of(1.0)),
        FailureKind::Idle              => unseen("idle", "content stopped coming", B::Model, S::Never, T::Next, W::Of(1.0)),
        // the request
        FailureKind::Malformed         => seen("malformed", "400 or 422", B::Request, S::Never, T::Stop, W::Zero),
        FailureKind::FormatUnsupported => seen("format", "400: response_format is unknown there", B::Request, S::Amend(A::Plain), T::Next, W::Zero),
        FailureKind::ContextLength     => seen("context", "longer than the context, or 413", B::Request, S::Never, T::LargerContext, W::Zero),
        FailureKind::Policy            => seen("policy", "moderation, policy, refusal, content filter", B::Request, S::Never, T::NextIfPolicyAllows, W::Zero),
        // the account
        FailureKind::Unauthorized      => seen("unauthorized", "401: the key is missing or wrong", B::Account, S::Never, T::Stop, W::Zero),
        FailureKind::InFlightBudget    => seen("in-flight", "402: too much in flight", B::Account, S::Wait, T::Stop, W::Zero),
        FailureKind::Unaffordable      => seen("unaffordable", "402: too dear for the credit left", B::Account, S::Amend(A::FewerTokens), T::Cheaper, W::Zero),
        FailureKind::NoCredit          => seen("no-credit", "402: no credit, or the key's limit is spent", B::Account, S::Never, T::Stop, W::Zero),
        FailureKind::Forbidden         => seen("forbidden", "403 for this model or region", B::Model, S::Never, T::Next, W::Opens(Duration::from_secs(300))),
        FailureKind::AccountBudget     => seen("account-budget", "403: a budget of the account is spent", B::Account, S::Never, T::Stop, W::Zero),
        // the model
        FailureKind::ModelGone         => seen("gone", "404, 410, unknown or unavailable model", B::Model, S::Never, T::Next, W::Session),
        FailureKind::RequestTimeout    => seen("request-timeout", "408", B::Model, S::Never, T::Next, W::Of(0.5)),
        FailureKind::Conflict          => seen("conflict", "409, 425", B::Model, S::Times(1), T::Next, W::Of(0.5)),
        FailureKind::RateLimited       => seen("rate", "429 about one model", B::Model, S::Hint, T::Next, W::Hint),
        FailureKind::ClassLimited      => seen("rate-class", "429 about all :free models", B::Class, S::Hint, T::OtherClass, W::Hint),
        FailureKind::AccountLimited    => seen("rate-account", "429 about the account", B::Account, S::Wait, T::Stop, W::Hint),
        FailureKind::ServerError       => seen("server", "500, 502, 503, 520-523, 529", B::Model, S::HintOrTimes(1), T::Next, W::Of(1.0)),
        FailureKind::GatewayTimeout    => seen("gateway-timeout", "504, 524", B::Model, S::Never, T::Next, W::Of(1.0)),
        // a 200 that is none
        FailureKind::NotAnAnswer       => unseen("not-an-answer", "HTML, another content type, a blank padded body", B::Model, S::Times(1), T::Next, W::Of(1.0)),
        FailureKind::MidStream         => unseen("mid-stream", "an error event or finish `error` after the stream began", B::Model, S::Never, T::Next, W::Of(1.0)),
        FailureKind::Truncated         => unseen("truncated", "the stream ended without a finish reason", B::Model, S::Times(1), T::Next, W::Of(1.0)),
        FailureKind::BadEvents         => unseen("bad-events", "three events in a row that are not JSON", B::Model, S::Never, T::Next, W::Of(0.25)),
        FailureKind::TooLarge          => unseen("too-large", "an event over 1 MiB, a body over 16 MiB", B::Model, S::Never, T::Next, W::Of(1.0)),
        // an answer that is none
        FailureKind::Empty             => unseen("empty", "finished with nothing in it", B::Model, S::Times(1), T::Next, W::Of(0.5)),
        FailureKind::Length            => unseen("length", "finish `length` with fields missing", B::Request, S::Amend(A::MoreTokens), T::LargerOutput, W::Zero),
        FailureKind::Invalid           => unseen("invalid", "the answer does not validate", B::Model, S::Amend(A::Repair), T::Next, W::Of(0.5)),
        FailureKind::WrongModel        => unseen("wrong-model", "another model answered, and strict_model is set", B::None, S::Never, T::Next, W::Zero),
        // ourselves
        FailureKind::TimeShare         => unseen("time-share", "its share of the deadline is over", B::None, S::Never, T::Next, W::Zero),
        FailureKind::Deadline          => unseen("deadline", "the run is out of time", B::Local, S::Never, T::Stop, W::Zero),
        FailureKind::Cancelled         => unseen("cancelled", "the user cancelled", B::Local, S::Never, T::Stop, W::Zero),
        FailureKind::HedgeLost         => unseen("hedge-lost", "another attempt of the run was first", B::None, S::Never, T::Continue, W::Zero),
        FailureKind::Local             => unseen("local", "something on this machine", B::Local, S::Never, T::Stop, W::Zero),
    }
}

/// A row that the server's own fallback sees.
const fn seen(
    id: &'static str,
    seen: &'static str,
    domain: FaultDomain,
    same: OnRetry,
    then: OnGiveUp,
    weight: Weight,
) -> Rule {
    Rule { id, seen, domain, same, then, weight, server_sees: true }
}

/// A row that only the client sees.
const fn unseen(
    id: &'static str,
    seen: &'static str,
    domain: FaultDomain,
    same: OnRetry,
    then: OnGiveUp,
    weight: Weight,
) -> Rule {
    Rule { id, seen, domain, same, then, weight, server_sees: false }
}

impl Rule {
    /// What is done, in words.
    pub fn action(&self) -> String {
        let same = match self.same {
            OnRetry::Never => String::new(),
            OnRetry::Times(n) => format!("retry {n}, then "),
            OnRetry::AtOnceThen(n) => format!("retry {n}, the first at once on a fresh connection, then "),
            OnRetry::Hint => "wait for a hint within patience and retry, else ".to_owned(),
            OnRetry::HintOrTimes(n) => format!("wait for a hint within patience, without a hint retry {n}, then "),
            OnRetry::Wait => "wait for the hint within the deadline and retry, else ".to_owned(),
            OnRetry::Amend(change) => format!("{change}, then "),
        };
        let then = match self.then {
            OnGiveUp::Stop => "stop",
            OnGiveUp::Next => "next",
            OnGiveUp::NextIfPolicyAllows => "stop (next, if next_on_policy)",
            OnGiveUp::OtherOrigin => "next at another origin",
            OnGiveUp::OtherClass => "next outside the class",
            OnGiveUp::LargerContext => "next with a larger context",
            OnGiveUp::LargerOutput => "next with a larger output cap",
            OnGiveUp::Cheaper => "next that is cheaper",
            OnGiveUp::Continue => "continue",
        };
        format!("{same}{then}")
    }
}

impl std::fmt::Display for RequestChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Plain => "once more without response_format",
            Self::FewerTokens => "once more with a lower max_tokens",
            Self::MoreTokens => "once more with a higher max_tokens",
            Self::Repair => "the model is shown its mistake once",
        })
    }
}

impl std::fmt::Display for Weight {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Zero => f.write_str("0"),
            Self::Of(weight) => write!(f, "{weight}"),
            Self::Hint => f.write_str("hint, else 1"),
            Self::Differential => f.write_str("differential"),
            Self::Opens(cooldown) => write!(f, "open {} s", cooldown.as_secs()),
            Self::Session => f.write_str("open for this session"),
        }
    }
}

/// The outcome table as a Markdown table.
pub fn table() -> String {
    let mut out = "| rule | how it is seen | domain | action | breaker |\n|---|---|---|---|---|\n".to_owned();
    for rule in FailureKind::ALL.map(rule) {
        let domain = format!("{:?}", rule.domain).to_lowercase();
        let _ = writeln!(out, "| {} | {} | {domain} | {} | {} |", rule.id, rule.seen, rule.action(), rule.weight);
    }
    out
}
