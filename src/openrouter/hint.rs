//! The time at which a server may be asked again, from all places where servers put it. Wall time is an argument.

use super::Header;
use super::lenient::number;
use crate::failover::{Hint, HintSource};
use serde_json::Value;
use std::time::{Duration, UNIX_EPOCH};

/// The longest hint: a longer one counts as a day.
pub const MAX_HINT: Duration = Duration::from_secs(24 * 60 * 60);

/// The most precise hint of an error response. A date in a hint is compared with the response's own `Date`, because
/// the server's clock may be wrong; without one, with `now`, the wall time since 1970.
///
/// Sources: `Retry-After` (RFC 9110 §10.2.3), `retry-after-ms` (official SDKs),
/// `X-RateLimit-Reset` in epoch milliseconds, also inside `error.metadata.headers`,
/// `error.metadata.retry_after_seconds`, `error.availability.retry_after`; and `words`, the error's texts in lower
/// case: "please try again in 7.66s" (`OpenAI`, Groq), "please retry in 1.2s" and `retryDelay` (Google).
pub fn read(headers: &[Header], error: &Value, words: &str, now: Duration) -> Option<Hint> {
    let meta = &error["metadata"];
    let find = |name: &str| {
        let own = headers.iter().find(|h| h.name.eq_ignore_ascii_case(name)).map(|h| h.value.trim().to_owned());
        own.or_else(|| {
            let inner = meta["headers"].as_object()?.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?.1;
            inner.as_str().map(|text| text.trim().to_owned()).or_else(|| number(inner).map(|n| n.to_string()))
        })
    };
    let now = find("date").and_then(|date| http_date(&date)).unwrap_or(now);
    let hint = |after, source| Some(Hint { after, source });

    if let Some(ms) = find("retry-after-ms").and_then(|text| text.parse::<f64>().ok()) {
        return hint(seconds(ms / 1000.0), HintSource::RetryAfterMs);
    }
    if let Some(text) = find("retry-after") {
        if let Ok(n) = text.parse::<f64>() {
            return hint(seconds(n), HintSource::RetryAfterSeconds);
        }
        if let Some(date) = http_date(&text) {
            return hint(date.saturating_sub(now).min(MAX_HINT), HintSource::RetryAfterDate);
        }
    }
    let body = [&meta["retry_after_seconds"], &meta["retry_after_seconds_raw"]].into_iter().find_map(number);
    if let Some(n) = body {
        return hint(seconds(n), HintSource::Metadata);
    }
    if let Some(n) = number(&error["availability"]["retry_after"]) {
        return hint(seconds(n), HintSource::Availability);
    }
    let Some(reset) = find("x-ratelimit-reset").and_then(|text| text.parse::<f64>().ok()) else {
        return hint(in_words(words)?, HintSource::Message);
    };
    let now = now.as_secs_f64();
    let after = match reset {
        ms if ms > 1e11 => ms / 1000.0 - now,
        epoch if epoch > 1e9 => epoch - now,
        relative => relative,
    };
    hint(seconds(after), HintSource::RateLimitReset)
}

/// The wait that a sentence asks for: `try again in 1m30.5s`, `retry in 20 seconds`, `"retrydelay": "1s"`.
fn in_words(words: &str) -> Option<Duration> {
    let begins = ["try again in ", "retry in ", "retry after ", "retrydelay"];
    let after = begins.iter().find_map(|begin| Some(&words[words.find(begin)? + begin.len()..]))?;
    let mut rest = after.trim_start_matches(['"', '\\', ':', ' ']);
    let mut sum = None;
    loop {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let Ok(number) = rest[..digits].parse::<f64>() else { break };
        let unit = rest[digits..].trim_start();
        let letters = unit.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(unit.len());
        let factor = match &unit[..letters] {
            "ms" | "milliseconds" => 0.001,
            "s" | "second" | "seconds" => 1.0,
            "m" | "minute" | "minutes" => 60.0,
            "h" | "hour" | "hours" => 3600.0,
            _ => break,
        };
        sum = Some(sum.unwrap_or(0.0) + number * factor);
        rest = &unit[letters..];
    }
    sum.map(seconds)
}

/// A number of seconds as a duration: negative numbers and NaN count as 0, huge ones as [`MAX_HINT`].
fn seconds(n: f64) -> Duration {
    // JSON lines are written in microseconds.
    let us = (n.clamp(0.0, MAX_HINT.as_secs_f64()) * 1e6).round();
    Duration::from_micros(us as u64)
}

/// Reads an HTTP date in any of its three forms (RFC 9110 §5.6.7) as the time since 1970.
fn http_date(text: &str) -> Option<Duration> {
    httpdate::parse_http_date(text).ok()?.duration_since(UNIX_EPOCH).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NOW: Duration = Duration::from_secs(784_111_777);
    const DATE_2032: (&str, &str) = ("date", "Sun, 29 Feb 2032 12:00:00 GMT");

    fn after(headers: &[(&str, &str)], error: &Value) -> Option<(u64, HintSource)> {
        let headers: Vec<Header> =
            headers.iter().map(|(name, value)| Header { name: (*name).into(), value: (*value).into() }).collect();
        read(&headers, error, "", NOW).map(|hint| (hint.after.as_millis() as u64, hint.source))
    }

    #[test]
    fn dates_in_three_forms() {
        for text in ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"] {
            assert_eq!(http_date(text), Some(NOW), "{text}");
        }
        assert_eq!(http_date("Thu, 01 Jan 1970 00:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(http_date("Sun, 29 Feb 2032 12:00:00 GMT"), Some(Duration::from_secs(1_961_668_800)));
        assert_eq!(http_date("Sun, 22 Nov 2026 00:00:00 GMT"), Some(Duration::from_secs(1_795_305_600)));
        for text in ["", "soon", "Sun, 06 Nov 1994", "Sun, 06 Now 1994 08:49:37 GMT", "Sun, 06 Nov 1994 25:49:37 GMT"] {
            assert_eq!(http_date(text), None, "{text}");
        }
    }

    #[test]
    fn hints_in_sentences() {
        for (words, ms) in [
            ("rate limit reached. please try again in 7.66s. visit", Some(7660)),
            ("please try again in 1m30.5s.", Some(90_500)),
            ("please try again in 20ms.", Some(20)),
            ("please retry in 1.2s.", Some(1200)),
            (r#""details":[{"@type":"…retryinfo","retrydelay":"1s"}]"#, Some(1000)),
            (r#"\"retrydelay\": \"36s\""#, Some(36_000)),
            ("retry after 2 seconds", Some(2000)),
            ("try again in 1h2m3s", Some(3_723_000)),
            ("try again in a moment", None),
            ("try again in 5 parsecs", None),
            ("try again in 5", None),
            ("retry in ...s", None),
            ("", None),
        ] {
            assert_eq!(in_words(words).map(|after| after.as_millis() as u64), ms, "{words}");
        }
        let words = "try again in 9s";
        let header = Header { name: "retry-after".into(), value: "2".into() };
        let hint = read(&[header], &json!({}), words, NOW).expect("a hint");
        assert_eq!(hint.source, HintSource::RetryAfterSeconds, "a header is more precise than a sentence");
    }

    #[test]
    fn hints_in_every_format() {
        use HintSource::*;
        let none = json!(null);
        for (headers, error, expected) in [
            (&[("Retry-After", "2")][..], &none, Some((2000, RetryAfterSeconds))),
            (&[("retry-after", " 0.25 ")], &none, Some((250, RetryAfterSeconds))),
            (&[("retry-after", "-3")], &none, Some((0, RetryAfterSeconds))),
            (&[("retry-after", "99999999999999999999")], &none, Some((86_400_000, RetryAfterSeconds))),
            (&[("retry-after", "NaN")], &none, Some((0, RetryAfterSeconds))),
            (&[("retry-after", "later")], &none, None),
            (&[("retry-after", "7"), ("retry-after-ms", "1500")], &none, Some((1500, RetryAfterMs))),
            (&[("retry-after", "Sun, 06 Nov 1994 08:49:40 GMT")], &none, Some((3000, RetryAfterDate))),
            (&[("retry-after", "Sat, 06 Nov 1993 08:49:40 GMT")], &none, Some((0, RetryAfterDate))),
            (&[("retry-after", "Sat, 06 Nov 2094 08:49:40 GMT")], &none, Some((86_400_000, RetryAfterDate))),
            (
                &[("date", "Sun, 06 Nov 1994 08:49:30 GMT"), ("retry-after", "Sun, 06 Nov 1994 08:49:40 GMT")],
                &none,
                Some((10_000, RetryAfterDate)),
            ),
            (&[("X-RateLimit-Reset", "784111780000")], &none, Some((3000, RateLimitReset))),
            // Seconds since 1970, and seconds from now.
            (&[("x-ratelimit-reset", "1961668805"), DATE_2032], &none, Some((5000, RateLimitReset))),
            (&[("x-ratelimit-reset", "30"), DATE_2032], &none, Some((30_000, RateLimitReset))),
            (&[("x-ratelimit-reset", "1000000000"), DATE_2032], &none, Some((86_400_000, RateLimitReset))),
            (&[("x-ratelimit-reset", "100000000000"), DATE_2032], &none, Some((86_400_000, RateLimitReset))),
            (
                &[("x-ratelimit-reset", "784111780000")],
                &json!({"metadata": {"retry_after_seconds": 4}}),
                Some((4000, Metadata)),
            ),
            (&[], &json!({"metadata": {"retry_after_seconds": "1.5"}}), Some((1500, Metadata))),
            (
                &[],
                &json!({"metadata": {"headers": {"X-RateLimit-Reset": 784_111_780_500_u64}}}),
                Some((3500, RateLimitReset)),
            ),
            (&[], &json!({"metadata": {"headers": {"Retry-After": "6"}}}), Some((6000, RetryAfterSeconds))),
            (&[], &json!({"availability": {"retry_after": 30}}), Some((30_000, Availability))),
            (&[], &json!({"metadata": "text", "availability": []}), None),
        ] {
            assert_eq!(after(headers, error), expected, "{headers:?} {error}");
        }
    }
}
