//! To which app a request is credited: the client's own, or the configured one.

use super::guard::text;
use crate::openrouter::headers::{ChosenValue, Headers, ValueOrigin};
use hyper::header::{HeaderMap, HeaderName};
use std::sync::Arc;

/// What `LiteLLM` sends if the user of it says nothing: it credits `LiteLLM`. Source: observed, `litellm` 1.106.2.
const LITELLM: [&str; 2] = ["https://litellm.ai", "liteLLM"];

/// The headers of a request: those that the client chose, or the configured ones if it chose none. The identity that
/// `LiteLLM` sends by itself counts as none.
pub(super) fn choose(client: &HeaderMap, configured: Arc<Headers>) -> Arc<Headers> {
    let chosen = |names: &[&'static str]| {
        let value = names.iter().find_map(|name| text(client, &HeaderName::from_static(name)))?.trim();
        let own = !value.is_empty() && !LITELLM.iter().any(|default| value.eq_ignore_ascii_case(default));
        own.then(|| ChosenValue { value: value.to_owned(), from: ValueOrigin::Client })
    };
    let referer = chosen(&["http-referer"]);
    let title = chosen(&["x-openrouter-title", "x-title"]);
    if referer.is_none() && title.is_none() {
        return configured;
    }
    let litellm = |name| text(client, &HeaderName::from_static(name)).is_some_and(|value| LITELLM.contains(&value));
    // Half an identity is completed only where LiteLLM's default took the place of the other half.
    let referer = referer.or_else(|| configured.referer.clone().filter(|_| litellm("http-referer")));
    let title = title.or_else(|| configured.title.clone().filter(|_| litellm("x-title")));
    let categories = chosen(&["x-openrouter-categories"]);
    let headers = Headers { referer, title, categories, extras: configured.extras.clone() };
    // A value that cannot be sent on is left out, and the request is sent without it.
    let can_be_sent = headers.check().is_empty();
    Arc::new(if can_be_sent { headers } else { Headers { referer: None, title: None, categories: None, ..headers } })
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;

    fn credited(client: &[(&'static str, &'static str)]) -> (Option<String>, Option<String>) {
        let mut headers = HeaderMap::new();
        for (name, value) in client {
            headers.insert(*name, HeaderValue::from_static(value));
        }
        let chosen = choose(&headers, Arc::default());
        let value = |chosen: &Option<ChosenValue>| chosen.as_ref().map(|it| it.value.clone());
        (value(&chosen.referer), value(&chosen.title))
    }

    #[test]
    fn a_clients_own_identity_wins_and_litellms_default_does_not() {
        let own = Headers::default();
        let own = (own.referer.unwrap().value, own.title.unwrap().value);
        let both = |referer: &str, title: &str| (Some(referer.to_owned()), Some(title.to_owned()));
        for (client, credit) in [
            (&[][..], both(&own.0, &own.1)),
            (&[("http-referer", "https://litellm.ai"), ("x-title", "liteLLM")], both(&own.0, &own.1)),
            (&[("http-referer", "https://my.app"), ("x-title", "Mine")], both("https://my.app", "Mine")),
            (
                &[("http-referer", "https://my.app"), ("x-openrouter-title", "New"), ("x-title", "Old")],
                both("https://my.app", "New"),
            ),
            (&[("http-referer", "https://litellm.ai"), ("x-title", "Mine")], both(&own.0, "Mine")),
            (&[("x-title", "Mine")], (None, Some("Mine".to_owned()))),
            (&[("http-referer", "no address")], (None, None)),
        ] {
            assert_eq!(credited(client), credit, "{client:?}");
        }
    }
}
