//! The headers that a user can choose: attribution and extra headers. Knows `OpenRouter`'s
//! ranking rules; must not know the API key, which only the client adds.
//!
//! A value is public or secret by its type ([`HeaderValue`]). Attribution is public. An extra header is
//! secret unless the user lists its name in `public_headers`.

mod check;
mod lint;
mod value;

pub use check::{ATTRIBUTION, BadHeader, CLIENT, is_header_name};
pub use lint::{CATEGORIES, ClientStack, DSPY_VERSION, HeaderLint, LITELLM_VERSION, contrast, lint};
pub use value::{ChosenValue, ExtraHeader, HeaderLine, HeaderValue, ValueOrigin, Visibility, visibility};

use super::base::{BaseUrl, Dialect};
use crate::secret::Secret;

/// The title that is sent when the user has set none.
pub const DEFAULT_TITLE: &str = "Switchover";
/// The referer that is sent when the user has set none. `OpenRouter` counts requests with a title and a localhost
/// referer, and never lists the app in public: an app is ranked only after its user sets a URL for it.
pub const DEFAULT_REFERER: &str = "http://localhost/switchover";

/// The headers beside those that the protocol needs. `None` means that the header is not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Headers {
    /// `HTTP-Referer`: the app's identity.
    pub referer: Option<ChosenValue>,
    /// The app's name, sent as `X-OpenRouter-Title` and, for older servers, as `X-Title`.
    pub title: Option<ChosenValue>,
    /// `X-OpenRouter-Categories`: at most two, separated by commas.
    pub categories: Option<ChosenValue>,
    /// The user's own headers, sent as they are.
    pub extras: Vec<ExtraHeader>,
}

impl Default for Headers {
    fn default() -> Self {
        let chosen = |value: &str| Some(ChosenValue { value: value.into(), from: ValueOrigin::Default });
        Self { referer: chosen(DEFAULT_REFERER), title: chosen(DEFAULT_TITLE), categories: None, extras: Vec::new() }
    }
}

impl Headers {
    /// The headers that this server gets, in order.
    ///
    /// # Errors
    /// The first header that cannot be sent; [`check`](Self::check) returns all of them.
    pub fn lines(&self, to: &BaseUrl) -> Result<Vec<HeaderLine>, BadHeader> {
        match self.check().into_iter().next() {
            Some(bad) => Err(bad),
            None => Ok(self.unchecked(to)),
        }
    }

    /// The extra values that are credentials by the name of their header, long enough to be looked for in what a
    /// server sends back. Other secret values may be common words: to mask those would damage answers.
    pub fn credentials(&self) -> impl Iterator<Item = Secret> {
        self.extras.iter().filter_map(|extra| match &extra.value {
            HeaderValue::Secret(secret) if is_credential(&extra.name) && secret.expose().len() >= 8 => {
                Some(secret.clone())
            }
            _ => None,
        })
    }

    fn unchecked(&self, to: &BaseUrl) -> Vec<HeaderLine> {
        let mut lines = Vec::new();
        let mut add = |name: &str, chosen: &Option<ChosenValue>| {
            lines.extend(chosen.iter().map(|chosen| HeaderLine {
                name: name.into(),
                value: HeaderValue::Public(chosen.value.trim().into()),
                from: chosen.from.clone(),
            }));
        };
        // Attribution is for OpenRouter; a server on this machine may stand in for it.
        if to.dialect() == Dialect::OpenRouter || to.is_loopback() {
            add("HTTP-Referer", &self.referer);
            add("X-OpenRouter-Title", &self.title);
            add("X-Title", &self.title);
            add("X-OpenRouter-Categories", &self.categories);
        }
        if to.dialect() == Dialect::OpenRouter {
            add("X-OpenRouter-Metadata", &Some(ChosenValue { value: "enabled".into(), from: ValueOrigin::Default }));
        }
        lines.extend(self.extras.iter().map(|extra| HeaderLine {
            name: extra.name.trim().into(),
            value: extra.value.clone(),
            from: extra.from.clone(),
        }));
        lines
    }
}

/// Whether a header of this name holds credentials.
fn is_credential(name: &str) -> bool {
    let holds = |part: &str| name.as_bytes().windows(part.len()).any(|at| at.eq_ignore_ascii_case(part.as_bytes()));
    ["auth", "key", "token", "secret", "password", "cookie", "credential"].into_iter().any(holds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::unnecessary_wraps, reason = "the fields are optional")]
    fn chosen(value: &str) -> Option<ChosenValue> {
        Some(ChosenValue { value: value.into(), from: ValueOrigin::Flag })
    }

    fn extra(name: &str, value: &str) -> Headers {
        let value = HeaderValue::new(value, Visibility::Secret);
        let from = ValueOrigin::File("config.toml".into());
        Headers { extras: vec![ExtraHeader { name: name.into(), value, from }], ..Headers::default() }
    }

    fn base(url: &str) -> BaseUrl {
        url.parse().unwrap()
    }

    #[test]
    fn each_server_gets_the_headers_that_it_understands() {
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
    fn a_header_that_cannot_be_sent_is_found_before_sending() {
        let fine = Headers::default();
        assert_eq!(fine.check(), []);
        for (headers, part) in [
            (
                Headers { title: chosen("Zürich"), ..fine.clone() },
                "\u{201c}ü\u{201d}; header values must be visible ASCII",
            ),
            (Headers { title: chosen("a\r\nX-Evil: 1"), ..fine.clone() }, "control character '\\r'"),
            (Headers { title: chosen(" "), ..fine.clone() }, "blank"),
            (Headers { referer: chosen("my.app"), ..fine.clone() }, "not a web address"),
            (Headers { referer: chosen("https://u:p@my.app"), ..fine.clone() }, "password"),
            (Headers { categories: chosen("a,b,c"), ..fine.clone() }, "3 categories"),
            (Headers { categories: chosen("CLI Agent"), ..fine.clone() }, "lower-case"),
            (Headers { categories: chosen("a,"), ..fine.clone() }, "lower-case"),
            (extra("Authorization", "Bearer x"), "credentials"),
            (extra("Transfer-Encoding", "chunked"), "belongs to the connection"),
            (extra("Content-Length", "1"), "set by the client"),
            (extra("X-Title", "x"), "its own setting"),
            (extra("X Y", "x"), "not allowed in HTTP"),
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
