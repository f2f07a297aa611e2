//! What `OpenRouter` reports about a key (`GET /key`) and about a past answer (`GET /generation`). A value that is
//! not reported stays unknown.

use super::lenient::{count, number, text};
use super::reason::safe_line;
use crate::failover::InnerAttempt;
use crate::secret::{ESCAPED_IN_URLS, Secrets};
use percent_encoding::utf8_percent_encode;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The limits and the use of a key, from `GET /key`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct KeyInfo {
    /// The key's label.
    pub label: Option<String>,
    /// USD that the key may spend; `None` means that there is no limit or that it is unknown.
    pub limit: Option<f64>,
    /// USD that are left of the limit.
    pub remaining: Option<f64>,
    /// When the limit is reset, in the server's words.
    pub resets: Option<String>,
    /// USD spent so far.
    pub usage: Option<f64>,
    /// True if the account has never bought credit.
    pub free_tier: Option<bool>,
    /// Requests to `:free` models today: used, allowed.
    pub free_requests: Option<(u64, u64)>,
}

impl KeyInfo {
    /// Names and values to show. A value that was not reported is shown as unknown, never as zero.
    pub fn lines(&self) -> Vec<(&'static str, String)> {
        let usd = |sum: Option<f64>, none: &str| sum.map_or_else(|| none.to_owned(), |usd| format!("${usd:.4}"));
        let mut lines = vec![
            ("key", self.label.clone().unwrap_or_else(|| "unnamed".into())),
            ("spent", usd(self.usage, "unknown")),
            ("limit", usd(self.limit, "none, or unknown")),
            ("left", usd(self.remaining, "unknown")),
            ("resets", self.resets.clone().unwrap_or_else(|| "never, or unknown".into())),
        ];
        if let Some((used, allowed)) = self.free_requests {
            lines.push(("free today", format!("{used} of {allowed} requests")));
        }
        lines
    }

    /// Reads the body of `GET /key`. Fields that are missing or have another type are unknown.
    pub fn parse(answer: &Value, secrets: &Secrets) -> Self {
        let data = &answer["data"];
        let line = |value: &Value| text(value).map(|line| safe_line(line, secrets));
        let free = &data["free_model_daily_requests"];
        let budget = &data["effective_budget"];
        Self {
            label: line(&data["label"]),
            limit: number(&data["limit"]).or_else(|| number(&budget["limit_usd"])),
            remaining: number(&data["limit_remaining"]).or_else(|| number(&budget["remaining_usd"])),
            resets: line(&data["limit_reset"]).or_else(|| line(&budget["resets_at"])),
            usage: number(&data["usage"]),
            free_tier: data["is_free_tier"].as_bool(),
            free_requests: count(&free["used"]).zip(count(&free["limit"])),
        }
    }
}

/// The bill of one answer and the headers that the server received, from `GET /generation?id=…`. The server
/// needs time to write it: 404 right after an answer, for up to minutes after a cancelled request.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Generation {
    /// USD that were charged.
    pub cost: Option<f64>,
    /// The model that answered.
    pub model: Option<String>,
    /// The provider that answered.
    pub provider: Option<String>,
    /// Every provider that the router tried, in order.
    pub tried: Vec<InnerAttempt>,
    /// Whether the request was cancelled.
    pub cancelled: Option<bool>,
    /// Tokens of prompt and answer as the model counts them.
    pub tokens: Option<(u64, u64)>,
    /// `HTTP-Referer` as the server received it.
    pub referer: Option<String>,
    /// `User-Agent` as the server received it.
    pub user_agent: Option<String>,
    /// The id of the app that the request was counted for.
    pub app_id: Option<String>,
}

impl Generation {
    /// Reads the body of `GET /generation`. Fields that are missing or have another type are unknown.
    pub fn parse(answer: &Value, secrets: &Secrets) -> Self {
        let data = &answer["data"];
        let line = |value: &Value| text(value).map(|line| safe_line(line, secrets));
        let tokens = |native: &str, plain: &str| count(&data[native]).or_else(|| count(&data[plain]));
        let tried = data["provider_responses"].as_array().into_iter().flatten().filter_map(|one| {
            Some(InnerAttempt {
                provider: line(&one["provider_name"])?,
                model: line(&one["model_permaslug"]),
                status: count(&one["status"]).and_then(|n| u16::try_from(n).ok()),
            })
        });
        Self {
            cost: number(&data["total_cost"]).filter(|usd| *usd >= 0.0),
            model: line(&data["model"]),
            provider: line(&data["provider_name"]),
            tried: tried.collect(),
            cancelled: data["cancelled"].as_bool(),
            tokens: tokens("native_tokens_prompt", "tokens_prompt")
                .zip(tokens("native_tokens_completion", "tokens_completion")),
            referer: line(&data["http_referer"]),
            user_agent: line(&data["user_agent"]),
            app_id: line(&data["app_id"]).or_else(|| count(&data["app_id"]).map(|id| id.to_string())),
        }
    }
}

/// The path of [`Generation`]'s document below the base URL, the id percent-encoded.
pub fn generation_path(id: &str) -> String {
    format!("/generation?id={}", utf8_percent_encode(id, ESCAPED_IN_URLS))
}
