//! What `OpenRouter` reports about a key (`GET /key`) and about a past answer (`GET /generation`). A value that is
//! not reported stays unknown.

use super::lenient::{count, number, text, usd};
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
    /// The budget that blocks first. It may belong to the key, or to a workspace or an organisation with other keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget: Option<Budget>,
}

/// A limit of spending that applies to a key.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Budget {
    /// What it limits, in the server's word: `key`, `workspace`, …
    pub scope: Option<String>,
    /// USD that may be spent.
    pub limit: Option<f64>,
    /// USD that are left.
    pub remaining: Option<f64>,
    /// When it is reset, in the server's words.
    pub resets: Option<String>,
}

impl Budget {
    fn parse(budget: &Value, secrets: &Secrets) -> Option<Self> {
        let line = |value: &Value| text(value).map(|line| safe_line(line, secrets));
        let (limit, spent) = (number(&budget["limit_usd"]), number(&budget["spend_usd"]));
        let remaining = number(&budget["remaining_usd"]).or_else(|| Some(limit? - spent?));
        let resets = line(&budget["resets_at"]);
        (limit.is_some() || remaining.is_some()).then(|| Self {
            scope: line(&budget["scope"]),
            limit,
            remaining,
            resets,
        })
    }

    /// For example `$1.2500 of $5.0000 left (workspace), resets 2026-12-01T00:00:00Z`.
    fn line(&self) -> String {
        let usd = |sum: Option<f64>| sum.map_or_else(|| "unknown".to_owned(), |usd| format!("${usd:.4}"));
        let scope = self.scope.as_ref().map(|scope| format!(" ({scope})")).unwrap_or_default();
        let resets = self.resets.as_ref().map(|at| format!(", resets {at}")).unwrap_or_default();
        format!("{} of {} left{scope}{resets}", usd(self.remaining), usd(self.limit))
    }
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
        if let Some(budget) = &self.budget {
            lines.push(("blocks first", budget.line()));
        }
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
        // Where the server does not say which one blocks first, it is the one with the least left.
        let least = || {
            let budgets = data["budgets"].as_array().into_iter().flatten();
            let left = |budget: &Budget| budget.remaining.unwrap_or(f64::INFINITY);
            budgets.filter_map(|budget| Budget::parse(budget, secrets)).min_by(|a, b| left(a).total_cmp(&left(b)))
        };
        Self {
            label: line(&data["label"]),
            limit: number(&data["limit"]),
            remaining: number(&data["limit_remaining"]),
            resets: line(&data["limit_reset"]),
            usage: number(&data["usage"]),
            free_tier: data["is_free_tier"].as_bool(),
            free_requests: count(&free["used"]).zip(count(&free["limit"])),
            budget: Budget::parse(&data["effective_budget"], secrets).or_else(least),
        }
    }
}

/// The bill of one answer and the headers that the server received, from `GET /generation?id=…`. The server
/// needs time to write it: 404 right after an answer, for up to minutes after a cancelled request.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Generation {
    /// USD that were charged, by OpenRouter and to an own key at the provider.
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
        // What the provider charges to the user's own key there.
        let upstream = usd(&data["upstream_inference_cost"]).filter(|_| data["is_byok"] == true);
        Self {
            cost: usd(&data["total_cost"]).map(|cost| cost + upstream.unwrap_or_default()),
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn lines(data: &Value) -> String {
        let info = KeyInfo::parse(&json!({ "data": data }), &Secrets::default());
        let lines = info.lines();
        lines.iter().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn the_budget_that_blocks_first_is_named_with_its_scope_and_reset() {
        let budget = |scope: &str, left: f64| json!({"scope": scope, "limit_usd": 5, "spend_usd": 5.0 - left, "remaining_usd": left, "resets_at": "2026-12-01"});
        let key = json!({"limit": 100, "limit_remaining": 80, "usage": 20});
        let with = |name: &str, value: Value| {
            let mut key = key.clone();
            key[name] = value;
            lines(&key)
        };
        let effective = with("effective_budget", budget("workspace", 0.25));
        assert!(effective.contains("left: $80.0000"), "{effective}");
        assert!(
            effective.contains("blocks first: $0.2500 of $5.0000 left (workspace), resets 2026-12-01"),
            "{effective}"
        );
        let several = with("budgets", json!([budget("key", 4.0), budget("guardrail", 1.0), "odd", {"scope": "x"}]));
        assert!(several.contains("blocks first: $1.0000 of $5.0000 left (guardrail)"), "{several}");
        for none in [Value::Null, json!({}), json!([]), json!({"scope": "key", "limit_usd": null})] {
            assert!(!with("effective_budget", none).contains("blocks first"));
        }
        let absurd = lines(&json!({"limit": 1e308, "limit_remaining": "-1e308", "usage": "NaN"}));
        assert!(absurd.contains("limit: none, or unknown\nleft: unknown"), "{absurd}");
    }

    #[test]
    fn an_own_key_at_the_provider_is_a_part_of_the_bill() {
        let cost = |data: Value| Generation::parse(&json!({ "data": data }), &Secrets::default()).cost;
        assert_eq!(cost(json!({"total_cost": 0, "is_byok": true, "upstream_inference_cost": 0.5})), Some(0.5));
        assert_eq!(cost(json!({"total_cost": 0.5, "is_byok": false, "upstream_inference_cost": 0.5})), Some(0.5));
        assert_eq!(cost(json!({"total_cost": 1e308})), None);
    }
}
