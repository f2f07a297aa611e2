//! The providers of a model and how they do (`GET /models/{author}/{slug}/endpoints`), to know before asking. What the
//! service does not say stays unknown.

use super::lenient::{number, text};
use crate::secret::ESCAPED_IN_URLS;
use crate::text::clean_line;
use percent_encoding::utf8_percent_encode;
use serde_json::Value;
use std::time::Duration;

/// A provider of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct ProviderStatus {
    /// Its name, such as `Azure`.
    pub name: String,
    /// The share of requests that it answered, in percent, in the last 30 minutes; if that is not said, in the last day.
    pub uptime: Option<f64>,
    /// The median time to the first token in the last 30 minutes.
    pub latency: Option<Duration>,
    /// The median throughput in the last 30 minutes, in tokens per second.
    pub throughput: Option<f64>,
    /// Whether the service calls it degraded or down: its `status` is below 0.
    pub is_degraded: bool,
}

/// The path of a model's providers below the base URL.
pub fn providers_path(model: &str) -> String {
    let parts: Vec<String> =
        model.split('/').map(|part| utf8_percent_encode(part, ESCAPED_IN_URLS).to_string()).collect();
    format!("/models/{}/endpoints", parts.join("/"))
}

/// The providers in an answer, the ones with the best uptime first; `None` if it has no list of them.
pub fn providers(answer: &Value) -> Option<Vec<ProviderStatus>> {
    let list = answer["data"]["endpoints"].as_array()?;
    let mut providers: Vec<ProviderStatus> = list.iter().filter_map(provider).collect();
    providers.sort_by(|a, b| b.uptime.unwrap_or(-1.0).total_cmp(&a.uptime.unwrap_or(-1.0)));
    Some(providers)
}

fn provider(endpoint: &Value) -> Option<ProviderStatus> {
    let name = text(&endpoint["provider_name"]).or_else(|| text(&endpoint["name"]))?;
    let median = |value: &Value| number(&value["p50"]).or_else(|| number(value)).filter(|number| *number >= 0.0);
    let uptimes = ["uptime_last_30m", "uptime_last_1d", "uptime_last_5m"];
    Some(ProviderStatus {
        name: clean_line(name, 40),
        uptime: uptimes
            .iter()
            .find_map(|key| number(&endpoint[*key]))
            .filter(|percent| (0.0..=100.0).contains(percent)),
        latency: median(&endpoint["latency_last_30m"]).and_then(seconds),
        throughput: median(&endpoint["throughput_last_30m"]),
        is_degraded: number(&endpoint["status"]).is_some_and(|status| status < 0.0),
    })
}

/// The documentation calls the latency milliseconds and shows seconds. No median is a minute long, and none is below 60 ms.
fn seconds(latency: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(if latency >= 60.0 { latency / 1e3 } else { latency }).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_said_is_read_and_what_is_not_stays_unknown() {
        let answer = json!({"data": {"endpoints": [
            {"provider_name": "Odd", "status": -2, "uptime_last_30m": null, "latency_last_30m": null},
            {"provider_name": "Seconds", "status": 0, "uptime_last_30m": 99.5, "latency_last_30m": {"p50": 0.42, "p99": 3},
             "throughput_last_30m": {"p50": 61.0}},
            {"provider_name": "Millis\u{1b}[2J", "uptime_last_1d": 100, "latency_last_30m": {"p50": 420}},
            {"status": 0},
        ]}});
        let all = providers(&answer).expect("a list");
        let names: Vec<&str> = all.iter().map(|provider| provider.name.as_str()).collect();
        assert_eq!(names, ["Millis", "Seconds", "Odd"], "the best first, without control characters");
        let latencies: Vec<_> =
            all.iter().map(|provider| provider.latency.map(|latency| latency.as_millis())).collect();
        assert_eq!(latencies, [Some(420), Some(420), None]);
        assert_eq!((all[1].throughput, all[2].uptime, all[2].is_degraded), (Some(61.0), None, true));
        assert_eq!(providers(&json!({"data": {}})), None);
        assert_eq!(providers_path("a/b:free c"), "/models/a/b%3Afree%20c/endpoints");
    }
}
