//! The server that requests go to, and what it understands. Must not know how requests are written.

use crate::text::unwrapped;
use std::str::FromStr;

/// `OpenRouter`'s own base URL.
pub const OPENROUTER: &str = "https://openrouter.ai/api/v1";

/// The paths below a base URL that people copy along with it.
const ENDPOINTS: [&str; 6] = ["/chat/completions", "/completions", "/responses", "/embeddings", "/messages", "/models"];

/// A base URL such as `https://openrouter.ai/api/v1`: absolute, http or https, without credentials, query or
/// fragment, without an endpoint such as `/chat/completions`, and without a slash at its end. `OpenRouter`'s own hosts
/// have one path: `/api/v1`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BaseUrl {
    text: String,
    host: std::ops::Range<usize>,
    path: usize,
}

/// A base URL that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the base URL {url:?} {problem}; write it like {OPENROUTER} or http://127.0.0.1:11434/v1")]
pub struct BadBaseUrl {
    /// The URL as the user wrote it, without what may be a password.
    pub url: String,
    /// What is wrong.
    pub problem: &'static str,
}

/// The request fields and headers that a server understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// All that `OpenRouter` documents. The simulator understands it too.
    OpenRouter,
    /// What all compatible servers share. Nothing of `OpenRouter`'s own is sent.
    Plain,
}

impl Default for BaseUrl {
    fn default() -> Self {
        OPENROUTER.parse().unwrap_or_else(|e| unreachable!("the built-in URL is valid: {e}"))
    }
}

impl FromStr for BaseUrl {
    type Err = BadBaseUrl;

    fn from_str(url: &str) -> Result<Self, BadBaseUrl> {
        let url = unwrapped(url);
        let text = url.trim_end_matches('/');
        // The text before an @ or after a ? may be a password and is not repeated.
        let shown = text.rsplit_once('@').map_or(text, |(_, after)| after);
        let shown = shown.split(['?', '#']).next().unwrap_or(shown);
        let bad = |problem| Err(BadBaseUrl { url: crate::text::clean_line(shown, 120), problem });
        let Some((scheme, rest)) = text.split_once("://") else {
            return bad("does not begin with http:// or https://");
        };
        if !matches!(scheme.to_ascii_lowercase().as_str(), "http" | "https") {
            return bad("is neither http nor https");
        }
        let start = scheme.len() + 3;
        let path = start + rest.find('/').unwrap_or(rest.len());
        let authority = &text[start..path];
        if authority.contains('@') {
            return bad("holds a user name or password; the key has its own setting");
        }
        if text.contains(['?', '#']) {
            return bad("has a query or a fragment");
        }
        if !text.bytes().all(|b| b.is_ascii_graphic()) || text.contains(['\\', '"', '<', '>']) {
            return bad("holds a character that a URL cannot hold");
        }
        let port = match authority.rfind(':').filter(|at| !authority[*at..].contains(']')) {
            Some(at) if authority[at + 1..].parse::<u16>().is_ok() => at,
            Some(_) => return bad("has a port that is not a number up to 65535"),
            None => authority.len(),
        };
        if port == 0 {
            return bad("has no host");
        }
        let parts = text[path..].split('/').filter(|part| !part.is_empty());
        let whole: String = parts.flat_map(|part| ["/", part]).collect();
        let mut below = whole.as_str();
        while let Some(shorter) = ENDPOINTS.iter().find_map(|endpoint| below.strip_suffix(endpoint)) {
            below = shorter;
        }
        let mut base = Self { text: text[..path].to_ascii_lowercase(), host: start..start + port, path };
        base.text.push_str(if base.is_openrouter() && ["", "/api", "/v1"].contains(&below) {
            "/api/v1"
        } else {
            below
        });
        Ok(base)
    }
}

impl std::fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl BaseUrl {
    /// The whole URL, without a slash at its end.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The host in lower case, without the port.
    pub fn host(&self) -> &str {
        &self.text[self.host.clone()]
    }

    /// Scheme, host and port. The key goes to this origin only, and network failures count for it as a whole.
    pub fn origin(&self) -> &str {
        &self.text[..self.path]
    }

    /// Whether the server runs on this machine.
    pub fn is_loopback(&self) -> bool {
        is_loopback(self.host())
    }

    /// Whether the connection is encrypted.
    pub fn is_tls(&self) -> bool {
        self.text.starts_with("https:")
    }

    /// Whether the server is one of `OpenRouter`'s own hosts.
    pub fn is_openrouter(&self) -> bool {
        let host = self.host();
        host == "openrouter.ai" || host.ends_with(".openrouter.ai")
    }

    /// The base URL to try where this one has no version in its path, as every compatible server's has.
    pub fn with_version(&self) -> Option<String> {
        let is_version =
            |part: &str| part.strip_prefix('v').is_some_and(|n| n.starts_with(|c: char| c.is_ascii_digit()));
        let versioned = self.text[self.path..].split('/').any(is_version);
        (!versioned).then(|| format!("{}/v1", self.origin()))
    }

    /// What the server understands: everything for `OpenRouter`'s own hosts and for the simulator's path on this
    /// machine, else what compatible servers share.
    pub fn dialect(&self) -> Dialect {
        if self.is_openrouter() || (self.is_loopback() && self.text[self.path..].ends_with("/api/v1")) {
            Dialect::OpenRouter
        } else {
            Dialect::Plain
        }
    }
}

/// `localhost`, `*.localhost`, 127.0.0.0/8 and `[::1]`.
pub(super) fn is_loopback(host: &str) -> bool {
    let host = host.trim_end_matches('.');
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host == "localhost" || host.ends_with(".localhost") || address.is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_is_parsed_into_its_parts() {
        let url: BaseUrl = " https://OpenRouter.ai/api/v1/ ".parse().unwrap();
        assert_eq!((url.as_str(), url.host(), url.origin()), (OPENROUTER, "openrouter.ai", "https://openrouter.ai"));
        assert_eq!((url.dialect(), url.is_loopback(), url.is_tls()), (Dialect::OpenRouter, false, true));
        for (text, host, dialect, loopback) in [
            ("http://127.0.0.1:8123/api/v1", "127.0.0.1", Dialect::OpenRouter, true),
            ("http://127.0.0.1:8123/503@once/api/v1", "127.0.0.1", Dialect::OpenRouter, true),
            ("http://localhost:11434/v1", "localhost", Dialect::Plain, true),
            ("http://[::1]:8000/v1", "[::1]", Dialect::Plain, true),
            ("https://eu.openrouter.ai/api/v1", "eu.openrouter.ai", Dialect::OpenRouter, false),
            ("https://evil-openrouter.ai/api/v1", "evil-openrouter.ai", Dialect::Plain, false),
            ("http://10.0.0.7:4000", "10.0.0.7", Dialect::Plain, false),
        ] {
            let url: BaseUrl = text.parse().unwrap();
            assert_eq!((url.host(), url.dialect(), url.is_loopback()), (host, dialect, loopback), "{text}");
        }
    }

    #[test]
    fn an_endpoint_is_not_part_of_the_base() {
        for (text, base) in [
            ("http://h:1/v1/chat/completions", "http://h:1/v1"),
            ("http://h:1/v1/chat/completions/", "http://h:1/v1"),
            ("http://h:1/chat/completions", "http://h:1"),
            ("http://h/v1/responses", "http://h/v1"),
            ("http://h/v1/models", "http://h/v1"),
            ("http://h/v1//", "http://h/v1"),
            ("http://h//v1/models", "http://h/v1"),
            ("'http://h/v1' ", "http://h/v1"),
            ("http://h/v1\u{200b}", "http://h/v1"),
            ("https://openrouter.ai", OPENROUTER),
            ("https://openrouter.ai/api", OPENROUTER),
            ("https://openrouter.ai/v1/", OPENROUTER),
            ("https://openrouter.ai/api/v1/chat/completions", OPENROUTER),
            // These stay as they are.
            ("https://openrouter.ai/api/v2", "https://openrouter.ai/api/v2"),
            ("http://h/models/x/v1", "http://h/models/x/v1"),
            ("http://h/mymodels", "http://h/mymodels"),
            ("http://h/openai", "http://h/openai"),
        ] {
            assert_eq!(text.parse::<BaseUrl>().unwrap().as_str(), base, "{text}");
        }
    }

    #[test]
    fn the_host_says_whether_a_server_is_openrouter_and_the_path_whether_a_version_is_missing() {
        for (text, openrouter, better) in [
            ("https://eu.openrouter.ai/api/v1", true, None),
            ("http://127.0.0.1:9/openrouter.ai/v1", false, None),
            ("https://openrouter.ai.example.org/api/v1", false, None),
            ("http://localhost:1234", false, Some("http://localhost:1234/v1")),
            ("http://localhost:11434/api", false, Some("http://localhost:11434/v1")),
            ("https://h/v1beta/openai", false, None),
        ] {
            let url: BaseUrl = text.parse().unwrap();
            assert_eq!((url.is_openrouter(), url.with_version().as_deref()), (openrouter, better), "{text}");
        }
    }

    #[test]
    fn a_bad_base_url_is_explained_without_its_password() {
        for text in [
            "",
            "openrouter.ai",
            "ftp://x/y",
            "http://",
            "http://:80/",
            "http://h:99999",
            "http://h/?k=1",
            "http://h/ö",
        ] {
            assert!(BaseUrl::from_str(text).is_err(), "{text}");
        }
        let error = BaseUrl::from_str("https://me:hunter2@host/v1").unwrap_err().to_string();
        assert!(!error.contains("hunter2") && error.contains("password"), "{error}");
        let error = BaseUrl::from_str("https://host/v1?key=hunter2").unwrap_err().to_string();
        assert!(!error.contains("hunter2") && error.contains("query"), "{error}");
    }
}
