//! What the service says about a key and about a past generation. Unknown stays unknown.

use super::lenient::{count, number, text};
use super::reason::safe_line;
use crate::failover::InnerAttempt;
use crate::secret::{ESCAPED_IN_URLS, Secrets};
use percent_encoding::utf8_percent_encode;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// `GET /key`: what is left to spend.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct KeyInfo {
    /// The key's name.
    pub label: Option<String>,
    /// USD that it may spend; `None` is no limit, or unknown.
    pub limit: Option<f64>,
    /// USD left of that.
    pub remaining: Option<f64>,
    /// When the limit starts anew, as it was written.
    pub resets: Option<String>,
    /// USD spent so far.
    pub usage: Option<f64>,
    /// Whether no credit was ever bought.
    pub free_tier: Option<bool>,
    /// Requests to `:free` models today: used and allowed.
    pub free_requests: Option<(u64, u64)>,
}

impl KeyInfo {
    /// It in words, a name and what is known of it each. What was not said is unknown, never nothing.
    pub fn lines(&self) -> Vec<(&'static str, String)> {
        let usd = |sum: Option<f64>, none: &str| sum.map_or_else(|| none.to_owned(), |usd| format!("${usd:.4}"));
        let mut lines = vec![
            ("key", self.label.clone().unwrap_or_else(|| "unnamed".into())),
            ("spent", usd(self.usage, "unknown")),
            ("limit", usd(self.limit, "none, or unknown")),
            ("left", usd(self.remaining, "unknown")),
            ("starts anew", self.resets.clone().unwrap_or_else(|| "never, or unknown".into())),
        ];
        if let Some((used, allowed)) = self.free_requests {
            lines.push(("free today", format!("{used} of {allowed} requests")));
        }
        lines
    }

    /// Reads the answer.
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

/// `GET /generation?id=…`: what one answer came to, and what the server saw of our headers.
/// It lags: 404 right after completion, up to minutes after a cancel.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Generation {
    /// USD charged.
    pub cost: Option<f64>,
    /// Who answered.
    pub model: Option<String>,
    /// The provider behind it.
    pub provider: Option<String>,
    /// Every provider that was tried.
    pub tried: Vec<InnerAttempt>,
    /// Whether it was cancelled.
    pub cancelled: Option<bool>,
    /// Tokens in and out as the model counts them.
    pub tokens: Option<(u64, u64)>,
    /// `HTTP-Referer` as the server received it.
    pub referer: Option<String>,
    /// `User-Agent` as the server received it.
    pub user_agent: Option<String>,
    /// The app that it was counted for.
    pub app_id: Option<String>,
}

impl Generation {
    /// Reads the answer.
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
