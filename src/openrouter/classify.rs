//! The failure behind an error: its row in the outcome table. Knows `OpenRouter`'s error envelope and what
//! compatible servers send instead; must not know what is done about a failure.

mod kind;
mod phrases;

use super::Header;
use super::encoding::compression;
use super::lenient::{count, text};
use super::reason::{all_words, error_of, html_title, is_html, reason, safe_body, safe_line};
use crate::failover::{Failure, InnerAttempt};
use crate::secret::Secrets;
use kind::ErrorView;
use serde_json::Value;
use std::time::Duration;

/// What is known about a response besides its error.
#[derive(Clone, Copy)]
pub struct ErrorContext<'a> {
    /// The response headers.
    pub headers: &'a [Header],
    /// The secrets to keep out of every text.
    pub secrets: &'a Secrets,
    /// Wall time since 1970, for hints that are dates.
    pub now: Duration,
}

/// The failure behind an HTTP status other than success. `body` is the part of the body that was read.
pub fn response(status: u16, body: &[u8], context: ErrorContext<'_>) -> Failure {
    let compression = compression(context.headers, body);
    let body = if compression.is_some() { b"" } else { body };
    let body_text = String::from_utf8_lossy(body);
    let json = serde_json::from_str(body_text.trim_start_matches('\u{feff}'));
    // Plain text is a message like any other.
    let value: Value = json.unwrap_or_else(|_| if is_html(&body_text) { Value::Null } else { (*body_text).into() });
    let error = error_of(&value);
    let mut failure = failure(Some(status), &error, &value, context);
    if failure.reason.is_empty() {
        failure.reason = match body_text.trim() {
            "" => match compression {
                Some(name) => format!("{}, with a body in {name}, which was not asked for", status_line(status)),
                None => status_line(status),
            },
            page if is_html(page) => {
                format!("{}: {}", status_line(status), safe_line(&html_title(page), context.secrets))
            }
            _ => status_line(status),
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

/// The failure behind an error object in a response with status 200.
pub fn error_object(error: &Value, envelope: &Value, context: ErrorContext<'_>) -> Failure {
    let mut failure = failure(None, error, envelope, context);
    if failure.reason.is_empty() {
        failure.reason =
            failure.status.map_or_else(|| "the server sent an error without a reason".to_owned(), status_line);
    }
    failure.body = safe_body(envelope.to_string().as_bytes(), context.secrets);
    failure
}

fn failure(status: Option<u16>, error: &Value, envelope: &Value, context: ErrorContext<'_>) -> Failure {
    let meta = &error["metadata"];
    let (words, types) = words_and_types(error);
    let code = types[2];
    let status = status.or_else(|| {
        let stated = ["code", "http_status", "status", "status_code"].into_iter().find_map(|name| count(&error[name]));
        stated.and_then(|n| u16::try_from(n).ok()).filter(|n| (100..600).contains(n))
    });
    // Other servers call theirs `x-ratelimit-limit-requests` and the like, and limit each model by itself.
    let account_headers = ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"];
    let account_limit = context.headers.iter().any(|h| account_headers.contains(&h.name.to_ascii_lowercase().as_str()));
    let view = ErrorView { status, error, words: &words, types, account_limit };

    let line = |value: &str| safe_line(value, context.secrets);
    let kind = view.kind();
    let mut failure = Failure::new(kind, reason(error).map(|reason| line(&reason)).unwrap_or_default());
    failure.parameter = view.parameter(kind).map(Into::into);
    failure.status = status;
    failure.code = code.or(types.iter().flatten().next().copied()).map(line);
    failure.provider = text(&meta["provider_name"]).or(text(&error["provider"])).map(line);
    failure.hint = super::hint::read(context.headers, error, &words, context.now);
    failure.affordable_tokens = view.affordable();
    let suggested = error["availability"]["fallback_models"].as_array().into_iter().flatten();
    failure.fallback_models = suggested.filter_map(text).map(line).collect();
    let tried = [&envelope["openrouter_metadata"]["attempts"], &meta["previous_errors"]];
    failure.inner =
        tried.into_iter().map(|list| inner_attempts(list, context.secrets)).find(|l| !l.is_empty()).unwrap_or_default();
    failure
}

/// All texts of an error in lower case, and its type words, the most specific first; a word that is a status is none.
fn words_and_types(error: &Value) -> (String, [Option<&str>; 4]) {
    let code = text(&error["code"]).filter(|code| code.parse::<u16>().is_err());
    let types = [text(&error["metadata"]["error_type"]), text(&error["error_type"]), code, text(&error["type"])];
    (all_words(error), types)
}

/// The router's own attempts, from a list of `{provider, model?, status? | code?}`.
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

/// A status with its reason phrase, such as `HTTP 503 Service Unavailable`.
fn status_line(status: u16) -> String {
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
