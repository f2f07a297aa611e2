//! The kind of a failure. These decide, in this order: `limit_source`, `availability`, the error's code or type, the
//! HTTP status, and the wording where a status such as 400 leaves several kinds open.

use super::phrases::{AFFORDABLE, PHRASES, Phrase, PhraseMatch, parameter_in};
use crate::failover::FailureKind;
use crate::openrouter::lenient::text;
use serde_json::Value;

/// What decides the kind of an error.
pub(super) struct ErrorView<'a> {
    pub(super) status: Option<u16>,
    pub(super) error: &'a Value,
    /// All texts of the error in lower case.
    pub(super) words: &'a str,
    /// The error's type words, the most specific first.
    pub(super) types: [Option<&'a str>; 4],
    /// The response has `X-RateLimit-*` headers, which only `OpenRouter`'s own limit of an account has.
    pub(super) account_limit: bool,
}

/// The kinds that the wording of a response may mean, by its status.
mod open {
    use crate::failover::FailureKind::{
        self, AccountBudget, ClassLimited, ContextLength, Forbidden, FormatUnsupported, Length, ModelGone, NoCredit,
        Policy, Unaffordable, Unauthorized, Unsupported,
    };
    pub(super) const BAD_REQUEST: &[FailureKind] =
        &[ContextLength, Length, NoCredit, FormatUnsupported, ModelGone, Policy, Forbidden, Unauthorized, Unsupported];
    pub(super) const PAYMENT: &[FailureKind] = &[Unaffordable, ContextLength];
    pub(super) const FORBIDDEN: &[FailureKind] = &[Policy, AccountBudget];
    pub(super) const NOT_FOUND: &[FailureKind] = &[Unsupported];
    pub(super) const LIMITED: &[FailureKind] = &[ClassLimited];
    /// A server that fails because of the request says so in its words, if at all.
    pub(super) const SERVER: &[FailureKind] = &[ContextLength, Length, FormatUnsupported, Unsupported];
}

impl ErrorView<'_> {
    /// The kind.
    pub(super) fn kind(&self) -> FailureKind {
        self.by_limit_source()
            .or_else(|| self.by_availability())
            .or_else(|| self.types.iter().flatten().find_map(|word| self.by_type(word)))
            .unwrap_or_else(|| self.by_status())
    }

    /// The part of the request that a failure of this kind is about, if the request may do without it.
    pub(super) fn parameter(&self, kind: FailureKind) -> Option<&'static str> {
        match kind {
            FailureKind::Unsupported => self.named_parameter(),
            FailureKind::Length => Some("max_tokens"),
            _ => None,
        }
    }

    /// What the texts say, among these kinds.
    fn said(&self, among: &[FailureKind]) -> Option<FailureKind> {
        let all = |phrases: &[&str]| phrases.iter().all(|phrase| self.words.contains(phrase));
        let fits = |row: &&Phrase| match row.says {
            PhraseMatch::Code(_) => false,
            PhraseMatch::Words(phrases) => all(phrases),
            PhraseMatch::AboutParameter(phrases) => all(phrases) && self.named_parameter().is_some(),
        };
        PHRASES.iter().filter(|row| among.contains(&row.kind)).find(fits).map(|row| row.kind)
    }

    fn named_parameter(&self) -> Option<&'static str> {
        let stated = text(&self.error["param"]).map(str::to_lowercase);
        parameter_in(self.words).or_else(|| parameter_in(&stated?))
    }

    /// Whether a provider behind the server refused the request, not the server itself.
    fn by_provider(&self) -> bool {
        let named = [&self.error["metadata"]["provider_name"], &self.error["provider"]];
        named.into_iter().any(|name| text(name).is_some() || name.is_object())
            || self.words.contains("provider returned")
            || self.words.starts_with("litellm.") && self.words.contains("exception - ")
    }

    fn by_limit_source(&self) -> Option<FailureKind> {
        let meta = &self.error["metadata"];
        Some(match text(&meta["limit_source"])? {
            "openrouter_in_flight_budget" => FailureKind::InFlightBudget,
            "openrouter_credits" if meta["reason"] == "weight_exceeds_budget" => FailureKind::Unaffordable,
            "openrouter_key_limit" if self.status == Some(403) => FailureKind::AccountBudget,
            "openrouter_credits" | "openrouter_key_limit" => self.payment(),
            "openrouter_guardrail_budget" | "openrouter_workspace_budget" => FailureKind::AccountBudget,
            "openrouter_free_tier_per_minute" | "openrouter_free_tier_daily" => FailureKind::ClassLimited,
            "upstream_provider_shared_pool" => FailureKind::RateLimited,
            _ => return None,
        })
    }

    fn by_availability(&self) -> Option<FailureKind> {
        let availability = &self.error["availability"];
        let code = text(&availability["code"]);
        let retryable = availability["retryable"]
            .as_bool()
            .or_else(|| Some(matches!(code?, "capacity_exhausted" | "temporarily_unavailable")))?;
        Some(match (retryable, self.status) {
            (false, _) if code == Some("region_restricted") => FailureKind::Forbidden,
            (false, _) => FailureKind::ModelGone,
            (true, Some(429)) => self.limited(),
            (true, Some(408 | 504 | 524)) => self.by_status(),
            (true, _) => FailureKind::ServerError,
        })
    }

    /// By the table's codes, then by the words of `OpenRouter` and `OpenAI` that need a look at the rest.
    fn by_type(&self, word: &str) -> Option<FailureKind> {
        let lower = word.to_lowercase();
        let row = PHRASES.iter().find(|row| matches!(row.says, PhraseMatch::Code(code) if code == lower));
        if let Some(row) = row {
            return Some(row.kind);
        }
        Some(match word {
            "authentication" | "authentication_error" | "invalid_api_key" => self.unauthorized(),
            "permission_denied" | "permission_error" => self.forbidden(),
            "payment_required" | "insufficient_quota" | "billing_hard_limit_reached" => self.payment(),
            "rate_limit_exceeded" | "rate_limit_error" | "too_many_requests" => self.limited(),
            "provider_overloaded"
            | "provider_unavailable"
            | "overloaded_error"
            | "server"
            | "server_error"
            | "api_error"
            | "internal_error"
            | "internal_server_error"
                if matches!(self.status, None | Some(500..)) =>
            {
                self.server()
            }
            "timeout" | "timeout_error" if self.status == Some(408) => FailureKind::RequestTimeout,
            "timeout" | "timeout_error" => FailureKind::GatewayTimeout,
            // These are too general to overrule a status that says more.
            "invalid_request"
            | "invalid_prompt"
            | "invalid_request_error"
            | "unprocessable"
            | "precondition_failed"
            | "bad_request"
            | "bad_request_error"
                if matches!(self.status, None | Some(400 | 412 | 422)) =>
            {
                self.bad_request()
            }
            word if word.contains("image") && matches!(self.status, None | Some(400..500)) => self.bad_request(),
            _ => return None,
        })
    }

    fn by_status(&self) -> FailureKind {
        match self.status {
            Some(300..400) => FailureKind::NotAnAnswer,
            Some(401) => self.unauthorized(),
            Some(402) => self.payment(),
            Some(403) => self.forbidden(),
            Some(404 | 410) => self.said(open::NOT_FOUND).unwrap_or(FailureKind::ModelGone),
            Some(408) => FailureKind::RequestTimeout,
            Some(409 | 425) => FailureKind::Conflict,
            Some(413) => FailureKind::ContextLength,
            Some(429) => self.limited(),
            Some(400..500) => self.bad_request(),
            // An error event without a status is the server's fault, unless it says more.
            _ => self.server(),
        }
    }

    /// The number of output tokens that the account can pay for, from the message of a 402: `4096` or `30,104`.
    pub(super) fn affordable(&self) -> Option<u32> {
        let at = self.words.find(AFFORDABLE)? + AFFORDABLE.len();
        let number = self.words[at..].trim_start().chars().take_while(|c| c.is_ascii_digit() || *c == ',');
        number.filter(char::is_ascii_digit).collect::<String>().parse().ok().filter(|n| *n > 0)
    }

    /// A key that a provider rejects is not the one that was sent.
    fn unauthorized(&self) -> FailureKind {
        if self.by_provider() { FailureKind::Forbidden } else { FailureKind::Unauthorized }
    }

    fn payment(&self) -> FailureKind {
        match self.said(open::PAYMENT) {
            Some(kind) => kind,
            // The account of a provider, not of this key.
            None if self.by_provider() => FailureKind::Forbidden,
            None => FailureKind::NoCredit,
        }
    }

    fn limited(&self) -> FailureKind {
        if let Some(kind) = self.said(open::LIMITED) {
            kind
        } else if self.account_limit && self.error["metadata"]["provider_name"].is_null() {
            FailureKind::AccountLimited
        } else {
            FailureKind::RateLimited
        }
    }

    fn forbidden(&self) -> FailureKind {
        let meta = &self.error["metadata"];
        if ["reasons", "flagged_input", "patterns"].iter().any(|key| !meta[key].is_null()) {
            FailureKind::Policy
        } else if let Some(kind) = self.said(open::FORBIDDEN) {
            kind
        } else if !meta["limit_usd"].is_null() {
            FailureKind::AccountBudget
        } else {
            FailureKind::Forbidden
        }
    }

    fn server(&self) -> FailureKind {
        match (self.said(open::SERVER), self.status) {
            (Some(kind), _) => kind,
            (None, Some(504 | 524)) => FailureKind::GatewayTimeout,
            (None, _) => FailureKind::ServerError,
        }
    }

    /// A 400 says what it is about in its words. One that says nothing is the request's fault, unless it comes from one
    /// of several providers, which may be stricter than the others.
    fn bad_request(&self) -> FailureKind {
        match self.said(open::BAD_REQUEST) {
            Some(kind) => kind,
            None if self.by_provider() => FailureKind::Unsupported,
            None => FailureKind::Malformed,
        }
    }
}
