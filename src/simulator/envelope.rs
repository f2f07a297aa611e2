//! Error responses with OpenRouter's wording, `{error: {code, message, metadata?, availability?}}`, and the HTML
//! pages of the servers before it.

use super::catalogue::SimulatedModel;
use super::date::{http_date, wall_seconds};
use super::script::ResponseScript;
use crate::fault::{FaultHint, HintPlace, Status, StatusReason};
use serde_json::{Map, Value, json};

/// An error response.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ErrorEnvelope {
    pub status: u16,
    pub error: Map<String, Value>,
    headers: Vec<(&'static str, String)>,
    html: bool,
}

impl ErrorEnvelope {
    /// An error with a message and nothing else.
    pub(super) fn new(status: u16, message: impl Into<String>) -> Self {
        let mut error = Map::new();
        error.insert("message".into(), Value::String(message.into()));
        error.insert("code".into(), status.into());
        Self { status, error, headers: Vec::new(), html: false }
    }

    /// An error with one of OpenRouter's documented `error_type`s.
    pub(super) fn typed(status: u16, error_type: &str, message: impl Into<String>) -> Self {
        let mut envelope = Self::new(status, message);
        envelope.metadata("error_type", error_type);
        envelope
    }

    fn metadata(&mut self, key: &str, value: impl Into<Value>) {
        self.object("metadata", key, value);
    }

    fn availability(&mut self, key: &str, value: impl Into<Value>) {
        self.object("availability", key, value);
    }

    fn object(&mut self, object: &str, key: &str, value: impl Into<Value>) {
        let entry = self.error.entry(object).or_insert_with(|| json!({}));
        entry[key] = value.into();
    }

    /// There is no such model. The error names others that exist.
    pub(super) fn unknown_model(requested: &str) -> Self {
        if !requested.contains('/') {
            let mut envelope = Self::typed(400, "invalid_request", format!("{requested} is not a valid model ID"));
            envelope.unavailable("model_not_found", requested);
            return envelope;
        }
        let mut envelope = Self::typed(404, "not_found", format!("No endpoints found for {requested}."));
        envelope.unavailable("model_not_found", requested);
        envelope
    }

    /// Says why a model cannot be used, and names up to three others.
    fn unavailable(&mut self, code: &str, requested: &str) {
        let author = requested.split('/').next().unwrap_or_default();
        let mut others: Vec<&str> =
            super::catalogue::all().iter().map(|m| m.id.as_str()).filter(|id| *id != requested).collect();
        // Models of the same author come first; the sort keeps the order of the others.
        others.sort_by_key(|id| id.split('/').next() != Some(author));
        others.truncate(3);
        self.availability("code", code);
        self.availability("retryable", false);
        self.availability("requested_models", json!([requested]));
        self.availability("fallback_models", json!(others));
    }

    /// The error of an injected status, with its hint.
    pub(super) fn injected(status: &Status, model: &SimulatedModel, requested: &str) -> Self {
        let mut envelope = Self::of_status(status, model, requested);
        if let Some(hint) = status.hint {
            envelope.hint(hint);
        }
        envelope.html = status.html;
        envelope
    }

    fn of_status(status: &Status, model: &SimulatedModel, requested: &str) -> Self {
        let provider = model.providers[0].as_str();
        let code = status.code;
        if let Some(reason) = status.reason {
            return Self::of_reason(code, reason, model, requested);
        }
        let (error_type, message) = match code {
            400 => ("invalid_request", "simulated: the request is malformed"),
            401 => return Self::new(401, "User not found."),
            402 => return Self::of_reason(402, StatusReason::Credits, model, requested),
            403 => return Self::of_reason(403, StatusReason::Region, model, requested),
            404 => return Self::of_reason(404, StatusReason::Model, model, requested),
            408 => ("timeout", "Request timed out"),
            410 => return Self::of_reason(410, StatusReason::Deprecated, model, requested),
            413 => ("payload_too_large", "Request entity too large"),
            422 => ("unprocessable", "The request is well-formed but cannot be processed"),
            429 => return Self::of_reason(429, StatusReason::Upstream, model, requested),
            // OpenRouter masks it, so it has no metadata.
            500 => return Self::new(500, "Internal Server Error"),
            503 | 529 => ("provider_overloaded", "Provider returned error"),
            504 | 524 => ("timeout", "The operation was aborted due to timeout"),
            _ => ("provider_unavailable", "Provider returned error"),
        };
        let mut envelope = Self::typed(code, error_type, message);
        if code >= 500 {
            envelope.name_provider(provider);
        }
        if matches!(code, 502 | 503 | 529) {
            envelope.metadata("previous_errors", json!([{ "provider": provider, "code": error_type, "status": code }]));
        }
        envelope
    }

    /// Names the provider that gave the error, and its own words.
    fn name_provider(&mut self, provider: &str) {
        self.metadata("provider_name", provider);
        self.metadata("raw", format!("simulated: {provider} answered {}", self.status));
    }

    fn of_reason(code: u16, reason: StatusReason, model: &SimulatedModel, requested: &str) -> Self {
        let provider = model.providers[0].as_str();
        let limited = |error_type: &str, source: &str, message: &str| {
            let mut envelope = Self::typed(code, error_type, message);
            envelope.metadata("limit_source", source);
            envelope
        };
        match reason {
            StatusReason::Context => Self::typed(
                code,
                "context_length_exceeded",
                format!(
                    "This endpoint's maximum context length is {} tokens. However, you requested more. Please reduce the length.",
                    model.context
                ),
            ),
            StatusReason::Policy => Self::typed(
                code,
                "content_policy_violation",
                "The request was refused by the provider's content policy",
            ),
            StatusReason::Provider => {
                let mut envelope = Self::typed(code, "invalid_request", "Provider returned error");
                envelope.name_provider(provider);
                envelope
            }
            StatusReason::Format => {
                Self::typed(code, "invalid_request", "response_format is not supported by this endpoint")
            }
            StatusReason::Model => Self::unknown_model(requested).with_status(code),
            StatusReason::Credits => {
                limited("payment_required", "openrouter_credits", "Insufficient credits. Add more to continue.")
            }
            StatusReason::Unaffordable => {
                let mut envelope = limited(
                    "payment_required",
                    "openrouter_credits",
                    "This request requires more credits, or fewer max_tokens. You requested up to 65536 tokens, but can only afford 512.",
                );
                envelope.metadata("reason", "weight_exceeds_budget");
                envelope
            }
            StatusReason::InFlight => {
                limited("payment_required", "openrouter_in_flight_budget", "Other requests in flight hold your budget")
            }
            StatusReason::KeyLimit => limited("payment_required", "openrouter_key_limit", "Key limit exceeded"),
            StatusReason::Budget => {
                let mut envelope =
                    limited("permission_denied", "openrouter_workspace_budget", "The workspace's budget is spent");
                envelope.metadata("limit_usd", 10);
                envelope.metadata("spend_usd", 10.01);
                envelope
            }
            StatusReason::Moderation => {
                let mut envelope =
                    Self::typed(code, "content_policy_violation", "Your input was flagged by moderation");
                envelope.metadata("reasons", json!(["simulated"]));
                envelope.metadata("flagged_input", "…");
                envelope.metadata("provider_name", provider);
                envelope.metadata("model_slug", model.id.as_str());
                envelope
            }
            StatusReason::Guardrail => {
                let mut envelope = Self::typed(code, "permission_denied", "A guardrail blocked this request");
                envelope.metadata("patterns", json!(["simulated"]));
                envelope
            }
            StatusReason::Region => {
                let mut envelope = Self::typed(code, "permission_denied", "This model is not available in your region");
                envelope.unavailable("region_restricted", requested);
                envelope
            }
            StatusReason::Deprecated => {
                let mut envelope = Self::typed(code, "not_found", format!("{requested} has been deprecated"));
                envelope.unavailable("model_deprecated", requested);
                envelope
            }
            StatusReason::Privacy => {
                let mut envelope = Self::typed(code, "not_found", "No endpoints found matching your data policy");
                envelope.unavailable("privacy_restricted", requested);
                envelope
            }
            StatusReason::Daily => {
                limited("rate_limit_exceeded", "openrouter_free_tier_daily", "Rate limit exceeded: free-models-per-day")
            }
            StatusReason::Minute => limited(
                "rate_limit_exceeded",
                "openrouter_free_tier_per_minute",
                "Rate limit exceeded: free-models-per-min",
            ),
            StatusReason::Account => limited("rate_limit_exceeded", "openrouter_account", "Rate limit exceeded"),
            StatusReason::Upstream => {
                let mut envelope =
                    limited("rate_limit_exceeded", "upstream_provider_shared_pool", "Provider returned error");
                envelope.metadata("provider_name", provider);
                envelope.metadata("is_byok", false);
                envelope.metadata("raw", format!("simulated: {requested} is temporarily rate-limited upstream"));
                envelope
            }
        }
    }

    fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self.error.insert("code".into(), status.into());
        self
    }

    fn hint(&mut self, hint: FaultHint) {
        let amount = hint.amount;
        match hint.place {
            HintPlace::RetryAfter => self.headers.push(("Retry-After", amount.to_string())),
            HintPlace::Ms => self.headers.push(("retry-after-ms", amount.to_string())),
            HintPlace::Date => {
                let now = wall_seconds();
                self.headers.push(("Date", http_date(now)));
                self.headers.push(("Retry-After", http_date(now.saturating_add(amount))));
            }
            HintPlace::Reset => {
                let at = wall_seconds().saturating_add(amount).saturating_mul(1000).to_string();
                self.metadata(
                    "headers",
                    json!({ "X-RateLimit-Limit": "20", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": &at }),
                );
                self.headers.push(("X-RateLimit-Limit", "20".into()));
                self.headers.push(("X-RateLimit-Remaining", "0".into()));
                self.headers.push(("X-RateLimit-Reset", at));
            }
            HintPlace::Metadata => self.metadata("retry_after_seconds", amount),
            HintPlace::Availability => {
                self.availability("code", "temporarily_unavailable");
                self.availability("retryable", true);
                self.availability("retry_after", amount);
            }
        }
    }

    /// The body, with the router's metadata if there is any.
    pub(super) fn body(&self, metadata: Option<Value>) -> Value {
        let mut body = json!({ "error": self.error });
        if let Some(metadata) = metadata {
            body["openrouter_metadata"] = metadata;
        }
        body
    }

    /// The response, with additional headers.
    pub(super) fn script(&self, more: &[(&str, &str)]) -> ResponseScript {
        self.script_with(more, None)
    }

    /// The response, with additional headers and the router's metadata.
    pub(super) fn script_with(&self, more: &[(&str, &str)], metadata: Option<Value>) -> ResponseScript {
        let (kind, body) = if self.html {
            ("text/html; charset=utf-8", html(self.status))
        } else {
            ("application/json", self.body(metadata).to_string())
        };
        let mut headers = vec![("Content-Type", kind)];
        headers.extend(self.headers.iter().map(|(name, value)| (*name, value.as_str())));
        headers.extend(more);
        ResponseScript::whole(self.status, &headers, body.as_bytes())
    }
}

/// The error page of a server in front of OpenRouter.
pub(super) fn html(status: u16) -> String {
    format!(
        "<!DOCTYPE html>\n<html><head><title>{status}</title></head>\n\
         <body><center><h1>{status}</h1></center><hr><center>simulated edge</center></body></html>\n"
    )
}
