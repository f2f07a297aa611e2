//! Advice on the attribution headers by `OpenRouter`'s ranking rules, and what other libraries send.

use super::Headers;
use crate::openrouter::base::{BaseUrl, Dialect, is_loopback};
use crate::openrouter::request::Header;

/// One piece of advice: the headers are valid, but may not have the effect that the user expects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderLint {
    /// A short name that never changes, such as `localhost`.
    pub rule: &'static str,
    /// The advice in one line.
    pub line: String,
}

/// The app categories that `OpenRouter` documents. It ignores unknown ones silently.
pub const CATEGORIES: [&str; 15] = [
    "cli-agent",
    "ide-extension",
    "cloud-agent",
    "programming-app",
    "native-app-builder",
    "creative-writing",
    "video-gen",
    "image-gen",
    "audio-gen",
    "writing-assistant",
    "general-chat",
    "personal-agent",
    "legal",
    "roleplay",
    "game",
];

/// The advice for these headers on this server, from `OpenRouter`'s app-attribution guide and from observation.
pub fn lint(headers: &Headers, to: &BaseUrl) -> Vec<HeaderLint> {
    let mut lints = Vec::new();
    let mut say = |rule, line: String| lints.push(HeaderLint { rule, line });
    if to.dialect() == Dialect::Plain {
        say("not-openrouter", format!("{} is not OpenRouter: it ignores attribution", to.host()));
    }
    if !to.is_tls() && !to.is_loopback() {
        say("unencrypted", format!("the key and every prompt go to {} unencrypted", to.host()));
    }
    let referer = headers.referer.as_ref().map(|chosen| chosen.value.trim());
    match (referer, &headers.title) {
        (None, Some(_)) => {
            say("title-without-referer", "a title without a referer has no effect: the URL identifies the app".into());
        }
        (Some(_), None) => say("no-title", "without a title the app is listed by its address".into()),
        (None, None) => say("anonymous", "without a referer the app has no page and no rank".into()),
        (Some(_), Some(_)) => {}
    }
    if let Some(referer) = referer {
        let authority = referer.split("://").nth(1).unwrap_or(referer).split('/').next().unwrap_or_default();
        let host = authority
            .rsplit_once(':')
            .filter(|(_, port)| port.parse::<u16>().is_ok())
            .map_or(authority, |(host, _)| host);
        if is_loopback(host) {
            let line = if headers.title.is_some() {
                "a localhost app is counted but never listed; set your app's own URL to be ranked"
            } else {
                "a localhost referer is only counted when a title is sent too"
            };
            say("localhost", line.into());
        } else if let Some(bare) = host.strip_prefix("www.") {
            say("www", format!("{host} and {bare} are two different apps: use one of them everywhere"));
        } else if host.split('.').count() > 2 {
            say("sub-domain", format!("each sub-domain is its own app: {host} does not count for its parent"));
        }
        if host == "litellm.ai" {
            say("borrowed", "this is LiteLLM's default: your requests count for LiteLLM".into());
        }
    }
    for name in headers.categories.iter().flat_map(|chosen| chosen.value.split(',')).map(str::trim) {
        if !CATEGORIES.contains(&name) {
            say("unknown-category", format!("{name:?} is not a documented category; OpenRouter would ignore it"));
        }
    }
    lints
}

/// The `LiteLLM` version of the exports, of the measurements and of [`contrast`].
pub const LITELLM_VERSION: &str = "1.106.2";
/// The DSPy version of the exports, of the measurements and of [`contrast`].
pub const DSPY_VERSION: &str = "3.4.1";

/// What another library sends for attribution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientStack {
    /// The library's name and version.
    pub name: String,
    /// The attribution headers that it sends.
    pub headers: Vec<Header>,
    /// The consequence, in one line.
    pub note: &'static str,
}

/// What the usual libraries send, to compare with this program. Read from their published packages.
pub fn contrast() -> [ClientStack; 2] {
    let header = |name: &str, value: &str| Header { name: name.into(), value: value.into() };
    [
        ClientStack {
            name: format!("LiteLLM {LITELLM_VERSION}, defaults"),
            headers: vec![header("HTTP-Referer", "https://litellm.ai"), header("X-Title", "liteLLM")],
            note: "your traffic is ranked as LiteLLM unless OR_SITE_URL and OR_APP_NAME are set",
        },
        ClientStack {
            name: format!("DSPy {DSPY_VERSION}, its own engine"),
            headers: Vec::new(),
            note: "no attribution; with headers set, it calls LiteLLM instead",
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openrouter::headers::{ChosenValue, ValueOrigin};

    #[expect(clippy::unnecessary_wraps, reason = "the fields are optional")]
    fn chosen(value: &str) -> Option<ChosenValue> {
        Some(ChosenValue { value: value.into(), from: ValueOrigin::Flag })
    }

    fn base(url: &str) -> BaseUrl {
        url.parse().unwrap()
    }

    #[test]
    fn each_ranking_rule_gives_its_advice() {
        let rules = |referer: Option<ChosenValue>, title: Option<ChosenValue>, url: &str| {
            let headers = Headers { referer, title, ..Headers::default() };
            lint(&headers, &base(url)).into_iter().map(|l| l.rule).collect::<Vec<_>>()
        };
        let openrouter = "https://openrouter.ai/api/v1";
        assert_eq!(rules(chosen("https://my.app"), chosen("T"), openrouter), [""; 0]);
        assert_eq!(rules(None, chosen("T"), openrouter), ["title-without-referer"]);
        assert_eq!(rules(None, None, openrouter), ["anonymous"]);
        assert_eq!(rules(chosen("https://my.app"), None, openrouter), ["no-title"]);
        assert_eq!(rules(chosen("https://www.my.app/x"), chosen("T"), openrouter), ["www"]);
        assert_eq!(rules(chosen("https://play.my.app:8443"), chosen("T"), openrouter), ["sub-domain"]);
        assert_eq!(rules(chosen("http://localhost:3000"), chosen("T"), openrouter), ["localhost"]);
        assert_eq!(rules(chosen("http://[::1]:3000"), None, openrouter), ["no-title", "localhost"]);
        assert_eq!(rules(chosen("https://litellm.ai"), chosen("T"), openrouter), ["borrowed"]);
        assert_eq!(rules(chosen("https://my.app"), chosen("T"), "https://api.example.com/v1"), ["not-openrouter"]);
        assert_eq!(
            rules(chosen("https://my.app"), chosen("T"), "http://10.0.0.7/v1"),
            ["not-openrouter", "unencrypted"]
        );
        let headers = Headers {
            referer: chosen("https://my.app"),
            categories: chosen("cli-agent,nonsense"),
            ..Headers::default()
        };
        assert_eq!(lint(&headers, &base(openrouter))[0].rule, "unknown-category");
    }
}
