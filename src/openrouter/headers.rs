//! The headers that a person can set: who we say we are, and extras. Knows `OpenRouter`'s
//! ranking rules; must not know the key, which is added by the client alone.

mod lint;

pub use lint::{CATEGORIES, ClientStack, HeaderLint, contrast, lint};

use super::base::{BaseUrl, Dialect};
use std::fmt;
use std::path::PathBuf;

/// The title that is sent if nobody chose another.
pub const DEFAULT_TITLE: &str = "Switchover";
/// The referer that is sent if nobody chose another. With a title, requests from a localhost
/// app are counted but never listed in public: nobody is ranked without having asked for it.
pub const DEFAULT_REFERER: &str = "http://localhost/switchover";
/// Longest header value.
const VALUE_CAP: usize = 1024;

/// Where a value came from. Later ones win.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ValueOrigin {
    /// Built in.
    Default,
    /// The configuration file.
    File(PathBuf),
    /// A `.env` or `.env.local` file.
    EnvFile(PathBuf),
    /// This environment variable.
    Env(String),
    /// The command line.
    Flag,
    /// Typed since the program began.
    Session,
}

impl fmt::Display for ValueOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) | Self::EnvFile(path) => write!(f, "{}", path.display()),
            Self::Env(name) => write!(f, "${name}"),
            Self::Flag => f.write_str("flag"),
            Self::Session => f.write_str("session"),
        }
    }
}

/// A value and where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChosenValue {
    /// The value.
    pub value: String,
    /// Where from.
    pub from: ValueOrigin,
}

/// A header of the user's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtraHeader {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: ChosenValue,
}

/// What is sent besides what the protocol needs. `None` is: not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Headers {
    /// `HTTP-Referer`: the app's identity.
    pub referer: Option<ChosenValue>,
    /// `X-OpenRouter-Title`, and `X-Title` for older readers: the app's name.
    pub title: Option<ChosenValue>,
    /// `X-OpenRouter-Categories`: at most two, separated by commas.
    pub categories: Option<ChosenValue>,
    /// Sent as they are.
    pub extras: Vec<ExtraHeader>,
}

impl Default for Headers {
    fn default() -> Self {
        let chosen = |value: &str| Some(ChosenValue { value: value.into(), from: ValueOrigin::Default });
        Self { referer: chosen(DEFAULT_REFERER), title: chosen(DEFAULT_TITLE), categories: None, extras: Vec::new() }
    }
}

/// One header as it will be sent, and who chose it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderLine {
    /// As it is documented.
    pub name: String,
    /// As it goes over the wire.
    pub value: String,
    /// Where the value came from.
    pub from: ValueOrigin,
    /// Whether it is masked wherever it is shown.
    pub secret: bool,
}

/// A header that cannot be sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the header {name} {problem}")]
pub struct BadHeader {
    /// Which.
    pub name: String,
    /// What is wrong, and what to do.
    pub problem: String,
    /// Where its value came from.
    pub from: ValueOrigin,
}

impl Headers {
    /// What goes to this server, in order.
    ///
    /// # Errors
    /// The first header that cannot be sent; [`check`](Self::check) has all of them.
    pub fn lines(&self, to: &BaseUrl) -> Result<Vec<HeaderLine>, BadHeader> {
        match self.check().into_iter().next() {
            Some(bad) => Err(bad),
            None => Ok(self.unchecked(to)),
        }
    }

    fn unchecked(&self, to: &BaseUrl) -> Vec<HeaderLine> {
        let mut lines = Vec::new();
        let line = |name: &str, chosen: &ChosenValue, secret| {
            let value = chosen.value.trim().into();
            HeaderLine { name: name.into(), value, from: chosen.from.clone(), secret }
        };
        let mut add = |name, chosen: &Option<ChosenValue>| lines.extend(chosen.iter().map(|c| line(name, c, false)));
        // Attribution says who we are to OpenRouter; a server on this machine may stand in for it.
        if to.dialect() == Dialect::OpenRouter || to.is_loopback() {
            add("HTTP-Referer", &self.referer);
            add("X-OpenRouter-Title", &self.title);
            add("X-Title", &self.title);
            add("X-OpenRouter-Categories", &self.categories);
        }
        if to.dialect() == Dialect::OpenRouter {
            add("X-OpenRouter-Metadata", &Some(ChosenValue { value: "enabled".into(), from: ValueOrigin::Default }));
        }
        for ExtraHeader { name, value } in &self.extras {
            lines.push(line(name.trim(), value, is_secret(name)));
        }
        lines
    }

    /// Everything that cannot be sent, found before anything is sent: one bad character makes
    /// an HTTP library refuse every call.
    pub fn check(&self) -> Vec<BadHeader> {
        let mut bad = Vec::new();
        let mut check = |name: &str, chosen: &ChosenValue, problem: Option<String>| {
            bad.extend(problem.or_else(|| value_problem(&chosen.value)).map(|problem| BadHeader {
                name: crate::text::clean_line(name, 60),
                problem,
                from: chosen.from.clone(),
            }));
        };
        if let Some(referer) = &self.referer {
            check("HTTP-Referer", referer, referer_problem(&referer.value));
        }
        if let Some(title) = &self.title {
            let blank = title.value.trim().is_empty().then(|| "is blank; leave the title out instead".to_owned());
            check("X-OpenRouter-Title", title, blank);
        }
        if let Some(categories) = &self.categories {
            check("X-OpenRouter-Categories", categories, categories_problem(&categories.value));
        }
        for (i, extra) in self.extras.iter().enumerate() {
            let twice = self.extras[..i].iter().any(|e| e.name.trim().eq_ignore_ascii_case(extra.name.trim()));
            let problem = name_problem(extra.name.trim()).or_else(|| twice.then(|| "is given twice".to_owned()));
            check(&extra.name, &extra.value, problem);
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
        None | Some("") => Some("is no web address; write it like https://your.app".into()),
        Some(host) if host.contains('@') => Some("carries a user name or password".into()),
        Some(_) => None,
    }
}

fn categories_problem(value: &str) -> Option<String> {
    let list: Vec<&str> = value.split(',').map(str::trim).collect();
    if list.len() > 2 {
        return Some(format!("holds {} categories; two are the most that a request may name", list.len()));
    }
    let odd = list.iter().find(|name| {
        let shape = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        name.is_empty() || name.len() > 30 || !shape || name.starts_with('-') || name.ends_with('-')
    })?;
    Some(format!("holds {odd:?}; a category is up to 30 lower-case letters, digits and hyphens, like cli-agent"))
}

/// Whether a header of this name is likely to hold a secret: it is masked wherever it is shown.
pub fn is_secret(name: &str) -> bool {
    let holds = |part: &str| name.as_bytes().windows(part.len()).any(|at| at.eq_ignore_ascii_case(part.as_bytes()));
    ["auth", "key", "token", "secret", "password", "cookie", "credential"].into_iter().any(holds)
}

/// Names that the client sets itself, that belong to one connection, or that have a setting of their own.
fn name_problem(name: &str) -> Option<String> {
    let lower = name.to_ascii_lowercase();
    if name.is_empty()
        || name.len() > 100
        || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
    {
        return Some("has a name that no header can have".into());
    }
    match lower.as_str() {
        "authorization" | "proxy-authorization" | "cookie" => {
            Some("carries credentials; the key has its own setting".into())
        }
        "http-referer" | "referer" | "x-openrouter-title" | "x-title" | "x-openrouter-categories" => {
            Some("has its own setting among the attribution headers".into())
        }
        "host"
        | "content-length"
        | "content-type"
        | "accept"
        | "accept-encoding"
        | "user-agent"
        | "expect"
        | "x-openrouter-metadata" => Some("is set by the client".into()),
        "connection" | "keep-alive" | "proxy-connection" | "te" | "trailer" | "transfer-encoding" | "upgrade"
        | "http2-settings" => Some("belongs to the connection and cannot be set".into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::unnecessary_wraps, reason = "every field that takes it is optional")]
    fn chosen(value: &str) -> Option<ChosenValue> {
        Some(ChosenValue { value: value.into(), from: ValueOrigin::Flag })
    }

    fn extra(name: &str, value: &str) -> Headers {
        let value = ChosenValue { value: value.into(), from: ValueOrigin::File("config.toml".into()) };
        Headers { extras: vec![ExtraHeader { name: name.into(), value }], ..Headers::default() }
    }

    fn base(url: &str) -> BaseUrl {
        url.parse().unwrap()
    }

    #[test]
    fn each_server_gets_what_it_understands() {
        let headers = Headers { categories: chosen("cli-agent,game"), ..extra("X-Mine", "1") };
        let names = |url: &str| headers.lines(&base(url)).unwrap().into_iter().map(|l| l.name).collect::<Vec<_>>();
        let attribution = ["HTTP-Referer", "X-OpenRouter-Title", "X-Title", "X-OpenRouter-Categories"];
        assert_eq!(
            names("https://openrouter.ai/api/v1"),
            [&attribution[..], &["X-OpenRouter-Metadata", "X-Mine"]].concat()
        );
        assert_eq!(names("http://localhost:11434/v1"), [&attribution[..], &["X-Mine"]].concat());
        assert_eq!(names("https://llm.example.com/v1"), ["X-Mine"]);
    }

    #[test]
    fn what_cannot_be_sent_is_found_before_sending() {
        let fine = Headers::default();
        assert_eq!(fine.check(), []);
        for (headers, part) in [
            (
                Headers { title: chosen("Zürich"), ..fine.clone() },
                "\u{201c}ü\u{201d}; header values must be visible ASCII",
            ),
            (Headers { title: chosen("a\r\nX-Evil: 1"), ..fine.clone() }, "control character '\\r'"),
            (Headers { title: chosen(" "), ..fine.clone() }, "blank"),
            (Headers { referer: chosen("my.app"), ..fine.clone() }, "no web address"),
            (Headers { referer: chosen("https://u:p@my.app"), ..fine.clone() }, "password"),
            (Headers { categories: chosen("a,b,c"), ..fine.clone() }, "3 categories"),
            (Headers { categories: chosen("CLI Agent"), ..fine.clone() }, "lower-case"),
            (Headers { categories: chosen("a,"), ..fine.clone() }, "lower-case"),
            (extra("Authorization", "Bearer x"), "credentials"),
            (extra("Transfer-Encoding", "chunked"), "belongs to the connection"),
            (extra("Content-Length", "1"), "set by the client"),
            (extra("X-Title", "x"), "its own setting"),
            (extra("X Y", "x"), "no header can have"),
            (extra("X-Y\r\n", "é"), "visible ASCII"),
            (extra("X-Y", "1\n2"), "control character"),
            (extra("X-Y", &"x".repeat(2000)), "longer than"),
        ] {
            let bad = headers.check();
            assert!(bad.len() == 1 && bad[0].to_string().contains(part), "{part}: {bad:?}");
            assert_eq!(headers.lines(&base("https://openrouter.ai/api/v1")), Err(bad[0].clone()));
        }
        let mut twice = extra("X-Y", "1");
        twice.extras.push(ExtraHeader { name: "x-y".into(), ..twice.extras[0].clone() });
        assert!(twice.check()[0].problem.contains("twice"));
    }
}
