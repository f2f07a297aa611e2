//! The kind of a failure. These decide, in this order: `limit_source`, `availability`, the error's type word,
//! the HTTP status, and the wording only where a status such as 400 leaves several kinds open.

use super::phrases::{
    AFFORDABLE, BUDGET, CONTEXT_LENGTH, FORMAT_UNSUPPORTED, FREE_TIER, MISSING, POLICY, UNKNOWN_MODEL,
};
use crate::failover::FailureKind;
use crate::openrouter::lenient::text;
use serde_json::Value;

/// What decides the kind of an error.
pub(super) struct ErrorView<'a> {
    pub(super) status: Option<u16>,
    pub(super) error: &'a Value,
    /// All texts of the error in lower case.
    pub(super) words: &'a str,
    /// The response has `X-RateLimit-*` headers, which only `OpenRouter`'s own limit of an account has.
    pub(super) account_limit: bool,
}

impl ErrorView<'_> {
    /// The kind. `types` are the error's type words, the most specific first.
    pub(super) fn kind(&self, types: &[Option<&str>]) -> FailureKind {
        self.by_limit_source()
            .or_else(|| self.by_availability())
            .or_else(|| types.iter().flatten().find_map(|word| self.by_type(word)))
            .unwrap_or_else(|| self.by_status())
    }

    fn says(&self, phrases: &[&str]) -> bool {
        phrases.iter().any(|phrase| self.words.contains(phrase))
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

    /// By `OpenRouter`'s `error_type` words, and the codes and types of `OpenAI` that compatible servers use.
    fn by_type(&self, word: &str) -> Option<FailureKind> {
        Some(match word {
            "context_length_exceeded"
            | "max_tokens_exceeded"
            | "token_limit_exceeded"
            | "string_too_long"
            | "payload_too_large"
            | "string_above_max_length" => FailureKind::ContextLength,
            "authentication" | "authentication_error" | "invalid_api_key" => FailureKind::Unauthorized,
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
                if matches!(self.status, Some(504 | 524)) {
                    FailureKind::GatewayTimeout
                } else {
                    FailureKind::ServerError
                }
            }
            "not_found" | "model_not_found" | "not_found_error" => FailureKind::ModelGone,
            "content_policy_violation" | "refusal" | "content_filter" | "moderation" => FailureKind::Policy,
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
            word if word.contains("image") && matches!(self.status, None | Some(400..500)) => FailureKind::Malformed,
            _ => return None,
        })
    }

    fn by_status(&self) -> FailureKind {
        match self.status {
            Some(300..400) => FailureKind::NotAnAnswer,
            Some(401) => FailureKind::Unauthorized,
            Some(402) => self.payment(),
            Some(403) => self.forbidden(),
            Some(404 | 410) => FailureKind::ModelGone,
            Some(408) => FailureKind::RequestTimeout,
            Some(409 | 425) => FailureKind::Conflict,
            Some(413) => FailureKind::ContextLength,
            Some(429) => self.limited(),
            Some(400..500) => self.bad_request(),
            Some(504 | 524) => FailureKind::GatewayTimeout,
            // An error event without a status is the server's fault.
            _ => FailureKind::ServerError,
        }
    }

    /// The number of output tokens that the account can pay for, from the message of a 402.
    pub(super) fn affordable(&self) -> Option<u32> {
        let at = self.words.find(AFFORDABLE)? + AFFORDABLE.len();
        let number: String = self.words[at..].trim_start().chars().take_while(char::is_ascii_digit).collect();
        number.parse().ok().filter(|n| *n > 0)
    }

    fn payment(&self) -> FailureKind {
        if self.affordable().is_some() { FailureKind::Unaffordable } else { FailureKind::NoCredit }
    }

    fn limited(&self) -> FailureKind {
        if self.says(&FREE_TIER) {
            FailureKind::ClassLimited
        } else if self.account_limit && self.error["metadata"]["provider_name"].is_null() {
            FailureKind::AccountLimited
        } else {
            FailureKind::RateLimited
        }
    }

    fn forbidden(&self) -> FailureKind {
        let meta = &self.error["metadata"];
        if !meta["reasons"].is_null() || !meta["flagged_input"].is_null() || self.says(&POLICY) {
            FailureKind::Policy
        } else if !meta["limit_usd"].is_null() || self.says(&BUDGET) {
            FailureKind::AccountBudget
        } else {
            FailureKind::Forbidden
        }
    }

    /// A 400 means one of five things. Only its wording tells which.
    fn bad_request(&self) -> FailureKind {
        if self.says(&CONTEXT_LENGTH) {
            FailureKind::ContextLength
        } else if self.says(&FORMAT_UNSUPPORTED) {
            FailureKind::FormatUnsupported
        } else if self.says(&UNKNOWN_MODEL) || (self.says(&["model"]) && self.says(&MISSING)) {
            FailureKind::ModelGone
        } else if self.says(&POLICY) {
            FailureKind::Policy
        } else {
            FailureKind::Malformed
        }
    }
}
