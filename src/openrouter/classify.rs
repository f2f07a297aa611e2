//! What an error means: its row in the outcome table. Knows `OpenRouter`'s error envelope
//! and what compatible servers answer instead; must not know what is done about it.
//!
//! Switched on, in this order: `limit_source`, `availability`, the error's type word, the
//! HTTP status, and only within 400-like answers the wording.

use super::Header;
use super::lenient::{count, text};
use super::reason::{all_words, error_of, html_title, is_html, reason, safe_body, safe_line};
use crate::failover::{Failure, FailureKind, InnerAttempt};
use crate::secret::Secrets;
use serde_json::Value;
use std::time::Duration;

/// What is known besides the error itself.
#[derive(Clone, Copy)]
pub struct ErrorContext<'a> {
    /// Response headers.
    pub headers: &'a [Header],
    /// The secrets to keep out of every text.
    pub secrets: &'a Secrets,
    /// Wall time since 1970, for hints that are dates.
    pub now: Duration,
}

/// The failure behind an HTTP status that is no success, with the body as far as it was read.
pub fn response(status: u16, body: &[u8], context: ErrorContext<'_>) -> Failure {
    let trimmed = String::from_utf8_lossy(body);
    let value: Value = serde_json::from_str(trimmed.trim_start_matches('\u{feff}')).unwrap_or_default();
    let error = error_of(&value);
    let mut failure = failure(Some(status), &error, &value, context);
    if failure.reason.is_empty() {
        failure.reason = match trimmed.trim() {
            "" => status_line(status),
            page if is_html(page) => {
                format!("{}: {}", status_line(status), safe_line(&html_title(page), context.secrets))
            }
            _ if !value.is_null() => status_line(status),
            plain => safe_line(plain, context.secrets),
        };
    }
    if matches!(status, 300..400) {
        let location = context.headers.iter().find(|h| h.name.eq_ignore_ascii_case("location"));
        let to = location.map_or_else(|| "elsewhere".to_owned(), |h| safe_line(&h.value, context.secrets));
        failure.reason = format!("{} to {to}: redirects are not followed; is the base URL right?", status_line(status));
    }
    failure.body = safe_body(body, context.secrets);
    failure
}

/// The failure behind an error object that came inside of a 200.
pub fn inside(error: &Value, envelope: &Value, context: ErrorContext<'_>) -> Failure {
    let mut failure = failure(None, error, envelope, context);
    if failure.reason.is_empty() {
        failure.reason = failure.status.map_or_else(|| "an error without a reason".to_owned(), status_line);
    }
    failure.body = safe_body(envelope.to_string().as_bytes(), context.secrets);
    failure
}

fn failure(status: Option<u16>, error: &Value, envelope: &Value, context: ErrorContext<'_>) -> Failure {
    let meta = &error["metadata"];
    let code = text(&error["code"]).filter(|code| code.parse::<u16>().is_err());
    let types = [text(&meta["error_type"]), text(&error["error_type"]), code, text(&error["type"])];
    let status = status.or_else(|| {
        let stated = [&error["code"], &error["http_status"], &error["status"]].into_iter().find_map(count);
        stated.and_then(|n| u16::try_from(n).ok()).filter(|n| (100..600).contains(n))
    });
    let words = all_words(error);
    // Others name theirs `x-ratelimit-limit-requests` and the like, and send them per model.
    let own = ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"];
    let own_limit = context.headers.iter().any(|h| own.contains(&h.name.to_ascii_lowercase().as_str()));
    let case = ErrorView { status, error, words: &words, own_limit };
    let affordable = case.affordable();

    let line = |value: &str| safe_line(value, context.secrets);
    let mut failure = Failure::new(case.kind(&types), reason(error).map(|reason| line(&reason)).unwrap_or_default());
    failure.status = status;
    failure.code = code.or(types.iter().flatten().next().copied()).map(line);
    failure.provider = text(&meta["provider_name"]).or(text(&error["provider"])).map(line);
    failure.hint = super::hint::read(context.headers, error, context.now);
    failure.affordable_tokens = affordable;
    let suggested = error["availability"]["fallback_models"].as_array().into_iter().flatten();
    failure.fallback_models = suggested.filter_map(text).map(line).collect();
    let tried = [&envelope["openrouter_metadata"]["attempts"], &meta["previous_errors"]];
    failure.inner =
        tried.into_iter().map(|list| inner_attempts(list, context.secrets)).find(|l| !l.is_empty()).unwrap_or_default();
    failure
}

/// The router's own tries, from a list of `{provider, model?, status? | code?}`.
pub(super) fn inner_attempts(list: &Value, secrets: &Secrets) -> Vec<InnerAttempt> {
    let one = |item: &Value| {
        Some(InnerAttempt {
            provider: safe_line(text(&item["provider"]).or(text(&item["provider_name"]))?, secrets),
            model: text(&item["model"]).map(|model| safe_line(model, secrets)),
            status: count(&item["status"]).or(count(&item["code"])).and_then(|n| u16::try_from(n).ok()),
        })
    };
    list.as_array().into_iter().flatten().filter_map(one).collect()
}

/// One error, ready to be judged.
struct ErrorView<'a> {
    status: Option<u16>,
    error: &'a Value,
    /// All its wording in lower case.
    words: &'a str,
    /// `X-RateLimit-*` came as response headers, which only `OpenRouter`'s own 429 has.
    own_limit: bool,
}

impl ErrorView<'_> {
    fn kind(&self, types: &[Option<&str>]) -> FailureKind {
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

    /// `OpenRouter`'s `error_type` words, and `OpenAI`'s codes and types that compatible servers use.
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
            // Too broad to overrule a status that says more.
            "invalid_request"
            | "invalid_prompt"
            | "invalid_request_error"
            | "unprocessable"
            | "precondition_failed"
            | "bad_request"
            | "bad_request_error"
                if matches!(self.status, None | Some(400 | 412 | 422)) =>
            {
                self.malformed()
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
            Some(400..500) => self.malformed(),
            Some(504 | 524) => FailureKind::GatewayTimeout,
            // No status at all: an error event of an unknown sort is the server's.
            _ => FailureKind::ServerError,
        }
    }

    fn affordable(&self) -> Option<u32> {
        let at = self.words.find("can only afford")? + "can only afford".len();
        let number: String = self.words[at..].trim_start().chars().take_while(char::is_ascii_digit).collect();
        number.parse().ok().filter(|n| *n > 0)
    }

    fn payment(&self) -> FailureKind {
        if self.affordable().is_some() { FailureKind::Unaffordable } else { FailureKind::NoCredit }
    }

    fn limited(&self) -> FailureKind {
        if self.says(&["free-models-per", "free model requests", "free tier"]) {
            FailureKind::ClassLimited
        } else if self.own_limit && self.error["metadata"]["provider_name"].is_null() {
            FailureKind::AccountLimited
        } else {
            FailureKind::RateLimited
        }
    }

    fn forbidden(&self) -> FailureKind {
        let meta = &self.error["metadata"];
        if !meta["reasons"].is_null() || !meta["flagged_input"].is_null() || self.is_policy() {
            FailureKind::Policy
        } else if !meta["limit_usd"].is_null() || self.says(&["key limit exceeded", "limit exceeded (total", "budget"])
        {
            FailureKind::AccountBudget
        } else {
            FailureKind::Forbidden
        }
    }

    fn is_policy(&self) -> bool {
        self.says(&["moderation", "content policy", "content_policy", "content management policy", "content_filter"])
            || self.says(&["flagged", "safety system", "usage policies", "refused to"])
    }

    /// 400 means four things; only the wording tells.
    fn malformed(&self) -> FailureKind {
        if self.says(&[
            "maximum context length",
            "context length",
            "context_length",
            "context window",
            "prompt is too long",
        ]) || self.says(&[
            "too many tokens",
            "input is too long",
            "exceeds the maximum number of tokens",
            "exceed context",
        ]) {
            FailureKind::ContextLength
        } else if self.says(&["response_format", "json_schema", "structured output", "json mode", "output_format"]) {
            FailureKind::FormatUnsupported
        } else if self.says(&[
            "not a valid model",
            "model not found",
            "no such model",
            "unknown model",
            "invalid model",
        ]) || (self.says(&["model"]) && self.says(&["does not exist", "not exist", "no longer available"]))
        {
            FailureKind::ModelGone
        } else if self.is_policy() {
            FailureKind::Policy
        } else {
            FailureKind::Malformed
        }
    }
}

/// `HTTP 503 Service Unavailable`.
pub(super) fn status_line(status: u16) -> String {
    let phrase = match status {
        301 => " Moved Permanently",
        302 => " Found",
        307 => " Temporary Redirect",
        308 => " Permanent Redirect",
        400 => " Bad Request",
        401 => " Unauthorized",
        402 => " Payment Required",
        403 => " Forbidden",
        404 => " Not Found",
        405 => " Method Not Allowed",
        408 => " Request Timeout",
        409 => " Conflict",
        410 => " Gone",
        413 => " Content Too Large",
        422 => " Unprocessable Content",
        429 => " Too Many Requests",
        500 => " Internal Server Error",
        502 => " Bad Gateway",
        503 => " Service Unavailable",
        504 => " Gateway Timeout",
        529 => " Overloaded",
        _ => "",
    };
    format!("HTTP {status}{phrase}")
}
