//! The reason of an error in its server's own words: taken out of its wrappers, cleaned and scrubbed of secrets.

use super::lenient::text;
use crate::secret::Secrets;
use crate::text::{clean, clean_line, clean_value};
use serde_json::{Value, json};

/// The longest reason, in characters.
const REASON_CAP: usize = 300;
/// The deepest nesting that is searched.
const MAX_DEPTH: u8 = 12;
/// The number of braces in a text that are tried as the beginning of an error's JSON.
const MAX_TRIES: usize = 8;
/// The fields that hold an error's message, the best first.
const MESSAGE_FIELDS: [&str; 9] =
    ["message", "error", "detail", "msg", "error_description", "description", "errors", "title", "reason"];
/// The part of a body that is kept, in bytes.
const BODY_CAP: usize = 4096;

/// The error object of a body, whatever it is wrapped in: `{error: {…}}`, `{error: "…"}`, `[{error}]`,
/// `{message}`, `{detail}`, `{errors: […]}`. `Null` where there is none.
pub(super) fn error_of(body: &Value) -> Value {
    match body {
        Value::String(text) if !text.trim().is_empty() => json!({ "message": text }),
        Value::Array(items) => items.first().map_or(Value::Null, error_of),
        Value::Object(map) => match map.get("error") {
            Some(Value::String(message)) if !message.trim().is_empty() => {
                let mut error = map.clone();
                error.remove("error");
                error.insert("message".into(), message.clone().into());
                Value::Object(error)
            }
            Some(error @ Value::Object(inner)) if !inner.is_empty() => error.clone(),
            Some(error @ Value::Array(_)) => error_of(error),
            // OpenAI's `response.failed`.
            _ if body["response"]["error"].is_object() => body["response"]["error"].clone(),
            _ if ["message", "msg", "detail", "errors", "title"].iter().any(|key| map.contains_key(*key)) => {
                body.clone()
            }
            _ => Value::Null,
        },
        _ => Value::Null,
    }
}

/// The upstream's own words. Where the message only says "Provider returned error", the reason is in
/// `metadata.raw`, which may be JSON text itself.
pub(super) fn reason(error: &Value) -> Option<String> {
    let mut reason = find_message(error, 0)?;
    let reasons: Vec<&str> = error["metadata"]["reasons"].as_array().into_iter().flatten().filter_map(text).collect();
    if !reasons.is_empty() {
        reason = format!("{reason} ({})", reasons.join(", "));
    }
    Some(reason)
}

/// All texts of an error in lower case, to search for phrases.
pub(super) fn all_words(error: &Value) -> String {
    let raw = &error["metadata"]["raw"];
    let message = error["message"].as_str().unwrap_or_default();
    let raw = raw.as_str().map_or_else(|| raw.to_string(), Into::into);
    // FastAPI names the field beside the message.
    let field = ["/detail/0/loc", "/message/detail/0/loc"].iter().find_map(|at| error.pointer(at));
    let field = field.map(Value::to_string).unwrap_or_default();
    format!("{message} {} {raw} {field}", find_message(error, 0).unwrap_or_default()).to_lowercase()
}

fn is_generic(message: &str) -> bool {
    let message = message.trim_end_matches(['.', '!']).to_lowercase();
    let message = message.trim_end_matches(|c: char| c.is_ascii_digit() || c == ' ');
    [
        "provider returned error",
        "provider returned",
        "error",
        "upstream error",
        "bad request",
        "unknown error",
        "error from provider",
    ]
    .contains(&message)
}

/// The first message in a value that says something, in this field order, through wrappers.
fn find_message(value: &Value, depth: u8) -> Option<String> {
    if depth > MAX_DEPTH {
        return None;
    }
    match value {
        Value::String(text) => {
            let text = text.trim();
            if text.starts_with('<') {
                return Some(html_title(text));
            }
            let inner = error_within(text).and_then(|error| find_message(&error, depth + 1));
            inner.or_else(|| Some(unwrapped(text).to_owned()).filter(|text| !text.is_empty()))
        }
        Value::Array(items) => items.iter().find_map(|item| find_message(item, depth + 1)),
        Value::Object(map) => {
            let found =
                MESSAGE_FIELDS.iter().find_map(|key| map.get(*key).and_then(|inner| find_message(inner, depth + 1)));
            // OpenRouter keeps a provider's body in the metadata; some gateways beside its status.
            let inner = [("metadata", "raw"), ("provider", "body")].into_iter();
            let raw = || inner.clone().find_map(|(key, of)| find_message(map.get(key)?.get(of)?, depth + 1));
            match found {
                Some(found) if !is_generic(&found) => Some(found),
                generic => raw().or(generic),
            }
        }
        _ => None,
    }
}

/// The JSON of an error within other text, such as a proxy's
/// `…Exception - {"error": …}. Received Model Group=…`. JSON that is not an error belongs to the text around it.
fn error_within(text: &str) -> Option<Value> {
    let whole = || serde_json::from_str(text).ok().filter(|value: &Value| value.is_object() || value.is_array());
    let begins = |(at, _)| serde_json::Deserializer::from_str(&text[at..]).into_iter().next()?.ok();
    let is_error = |value: &Value| ["error", "message", "detail", "errors"].iter().any(|key| value.get(key).is_some());
    whole().or_else(|| text.match_indices('{').take(MAX_TRIES).filter_map(begins).find(is_error))
}

/// The text without the words that `LiteLLM` puts before and after a provider's message.
fn unwrapped(text: &str) -> &str {
    let Some(mut text) = text.strip_prefix("litellm.") else { return text };
    for notes in ["Received Model Group=", "Available Model Group Fallbacks=", "LiteLLM Retried:"] {
        text = text.split(notes).next().unwrap_or_default().trim_end();
    }
    let is_class = |word: &str| word.bytes().all(|b| b.is_ascii_alphanumeric());
    while let Some(end) = text.find([':', ' ']).filter(|end| is_class(&text[..*end])) {
        let (class, rest) = text.split_at(end);
        let rest = match class {
            _ if class.ends_with("Error") => rest.strip_prefix(": "),
            _ if class.ends_with("Exception") => rest.strip_prefix(" - ").or_else(|| rest.strip_prefix(": ")),
            _ => None,
        };
        let Some(rest) = rest else { break };
        text = rest;
    }
    text.trim()
}

/// An HTML page in one line, by its title.
pub(super) fn html_title(page: &str) -> String {
    let lower = page.to_ascii_lowercase();
    let title = lower.find("<title").and_then(|at| {
        let from = at + lower[at..].find('>')? + 1;
        let to = from + lower[from..].find("</title")?;
        Some(page[from..to].trim())
    });
    match title.filter(|title| !title.is_empty()) {
        Some(title) => format!("an HTML page titled \u{201c}{}\u{201d}", clean_line(title, 80)),
        None => "an HTML page".to_owned(),
    }
}

/// Whether a body looks like HTML.
pub(super) fn is_html(body: &str) -> bool {
    let start = body.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    start.starts_with('<')
}

/// A text from upstream as one line, without control characters, account id or secrets.
pub(super) fn safe_line(line: &str, secrets: &Secrets) -> String {
    clean_line(&safe(&clean(line), secrets), REASON_CAP)
}

/// The beginning of a body from upstream, without control characters, account id or secrets.
pub(super) fn safe_body(body: &[u8], secrets: &Secrets) -> Option<String> {
    // JSON is cleaned as values: within its text an escape character is written as `\u001b`.
    let text = match serde_json::from_slice::<Value>(body) {
        Ok(value) => safe(&clean_value(value).to_string(), secrets),
        Err(_) => safe(&clean(&String::from_utf8_lossy(&body[..body.len().min(4 * BODY_CAP)])), secrets),
    };
    let mut end = text.len().min(BODY_CAP);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    (!text.trim().is_empty()).then(|| text[..end].to_owned())
}

fn safe(text: &str, secrets: &Secrets) -> String {
    let text = hide_user_id(text);
    secrets.scrub(&text).into_owned()
}

/// Masks the account's id, which error bodies hold as `user_id`, also within quoted JSON.
fn hide_user_id(text: &str) -> String {
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find("user_id") {
        let after = &rest[at + 7..];
        let value = after.trim_start_matches(['"', '\\', ':', '=', ' ', '\'']);
        let end = value.find(|c: char| !c.is_alphanumeric() && !"_-.@+|".contains(c)).unwrap_or(value.len());
        out.push_str(&rest[..rest.len() - value.len()]);
        // In a sentence, `user_id` is a word without a value after it.
        if end > 0 && after.len() - value.len() > 1 && !value.starts_with("null") {
            out.push_str("***");
            rest = &value[end..];
        } else {
            rest = value;
        }
    }
    out.push_str(rest);
    out
}
