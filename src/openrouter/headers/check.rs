//! Which headers cannot be sent, and why. They are found before anything is sent, because one bad character
//! makes the HTTP library refuse every request.

use super::{Headers, ValueOrigin};
use crate::text::clean_line;

/// The longest header value that is accepted, in bytes.
const VALUE_CAP: usize = 1024;
/// The attribution headers, spelt as `OpenRouter` documents them.
pub const ATTRIBUTION: [&str; 4] = ["HTTP-Referer", "X-OpenRouter-Title", "X-Title", "X-OpenRouter-Categories"];
/// The headers that the client sets itself. Their values hold no secret.
pub const CLIENT: [&str; 8] = [
    "host",
    "content-length",
    "content-type",
    "accept",
    "accept-encoding",
    "user-agent",
    "expect",
    "x-openrouter-metadata",
];
/// The headers that belong to one connection.
const CONNECTION: [&str; 8] =
    ["connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "http2-settings"];

/// A header that cannot be sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the header {name} {problem}")]
pub struct BadHeader {
    /// The header's name, cleaned.
    pub name: String,
    /// What is wrong and what to do. Repeats nothing of a secret value but one character.
    pub problem: String,
    /// The place that set its value.
    pub from: ValueOrigin,
}

impl Headers {
    /// All headers that cannot be sent.
    pub fn check(&self) -> Vec<BadHeader> {
        let mut bad = Vec::new();
        let mut check = |name: &str, value: &str, from: &ValueOrigin, problem: Option<String>| {
            bad.extend(problem.or_else(|| value_problem(value)).map(|problem| BadHeader {
                name: clean_line(name, 60),
                problem,
                from: from.clone(),
            }));
        };
        if let Some(referer) = &self.referer {
            check("HTTP-Referer", &referer.value, &referer.from, referer_problem(&referer.value));
        }
        if let Some(title) = &self.title {
            let blank = title.value.trim().is_empty().then(|| "is blank; remove the setting instead".to_owned());
            check("X-OpenRouter-Title", &title.value, &title.from, blank);
        }
        if let Some(categories) = &self.categories {
            let problem = categories_problem(&categories.value);
            check("X-OpenRouter-Categories", &categories.value, &categories.from, problem);
        }
        for (i, extra) in self.extras.iter().enumerate() {
            let twice = self.extras[..i].iter().any(|e| e.name.trim().eq_ignore_ascii_case(extra.name.trim()));
            let problem = name_problem(extra.name.trim()).or_else(|| twice.then(|| "is given twice".to_owned()));
            check(&extra.name, extra.value.expose(), &extra.from, problem);
        }
        bad
    }
}

fn value_problem(value: &str) -> Option<String> {
    let value = value.trim();
    if value.len() > VALUE_CAP {
        return Some(format!("is longer than {VALUE_CAP} bytes"));
    }
    let odd = value.chars().find(|c| !matches!(c, ' '..='~'))?;
    let what =
        if odd.is_control() { format!("the control character {odd:?}") } else { format!("\u{201c}{odd}\u{201d}") };
    Some(format!("holds {what}; header values must be visible ASCII"))
}

fn referer_problem(value: &str) -> Option<String> {
    let value = value.trim();
    let rest = value.strip_prefix("https://").or_else(|| value.strip_prefix("http://"));
    let host = rest.map(|rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
    match host {
        None | Some("") => Some("is not a web address; write it like https://your.app".into()),
        Some(host) if host.contains('@') => Some("carries a user name or password".into()),
        Some(_) => None,
    }
}

fn categories_problem(value: &str) -> Option<String> {
    let list: Vec<&str> = value.split(',').map(str::trim).collect();
    if list.len() > 2 {
        return Some(format!("holds {} categories; a request may name two at most", list.len()));
    }
    let odd = list.iter().find(|name| {
        let shape = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        name.is_empty() || name.len() > 30 || !shape || name.starts_with('-') || name.ends_with('-')
    })?;
    Some(format!("holds {odd:?}; a category is up to 30 lower-case letters, digits and hyphens, like cli-agent"))
}

/// Whether HTTP allows this name (RFC 9110 §5.6.2).
pub fn is_header_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

/// Names that the client sets itself, that belong to one connection, or that have a setting of their own.
fn name_problem(name: &str) -> Option<String> {
    if !is_header_name(name) || name.len() > 100 {
        return Some("has a name that is not allowed in HTTP".into());
    }
    let is_in = |names: &[&str]| names.iter().any(|other| other.eq_ignore_ascii_case(name));
    if is_in(&["authorization", "proxy-authorization", "cookie"]) {
        Some("carries credentials; the key has its own setting".into())
    } else if is_in(&ATTRIBUTION) || is_in(&["referer"]) {
        Some("has its own setting among the attribution headers".into())
    } else if is_in(&CLIENT) {
        Some("is set by the client".into())
    } else if is_in(&CONNECTION) {
        Some("belongs to the connection and cannot be set".into())
    } else {
        None
    }
}
