//! What an attempt sent and received, as short lines for the log: the headers that left this machine, and what the
//! server said about its answer.

use super::{Attempt, model_name, seconds};
use crate::openrouter::headers::{ATTRIBUTION, CLIENT};
use crate::openrouter::{Header, RequestHeader};

/// Response headers that explain a failure or find a request again at the service. A name that ends in `-` stands for
/// all names that begin with it.
const TELLING: [&str; 9] = [
    "retry-after",
    "x-generation-id",
    "x-ratelimit-",
    "x-request-id",
    "cf-ray",
    "server",
    "content-type",
    "x-should-retry",
    "anthropic-ratelimit-",
];

impl Attempt {
    /// The sent headers that somebody chose: attribution, then the key, then the user's own. Secret values are
    /// masked. Empty until the request is sent.
    pub fn chosen_headers(&self) -> Vec<&RequestHeader> {
        let mut chosen: Vec<(usize, &RequestHeader)> =
            self.sent_headers().filter_map(|header| Some((rank(header.name())?, header))).collect();
        chosen.sort_by_key(|(rank, _)| *rank);
        chosen.into_iter().map(|(_, header)| header).collect()
    }

    /// The other sent headers, which every HTTP client sends.
    pub fn transport_headers(&self) -> Vec<&RequestHeader> {
        self.sent_headers().filter(|header| rank(header.name()).is_none()).collect()
    }

    fn sent_headers(&self) -> impl Iterator<Item = &RequestHeader> {
        self.request.iter().flat_map(|request| &request.headers)
    }

    /// What came back, without the headers: status, time to the first token, served model, provider. `None` if nothing
    /// came back yet.
    pub fn received(&self) -> Option<String> {
        let failure = self.failed.as_ref().map(|failed| &failed.failure);
        let status = self.head.as_ref().map(|head| head.status).or_else(|| failure?.status);
        let mut parts: Vec<String> = status.map(|status| format!("HTTP {status}")).into_iter().collect();
        parts.extend(self.first_token_after().map(|first| format!("first token {}", seconds(first))));
        parts.extend(self.served.as_ref().map(|served| format!("served {}", model_name(served))));
        let provider = self.provider.as_ref().or_else(|| failure?.provider.as_ref());
        parts.extend(provider.map(|provider| format!("provider {provider}")));
        (!parts.is_empty()).then(|| parts.join(" · "))
    }

    /// The response headers that matter, in the order in which they arrived.
    pub fn telling_headers(&self) -> Vec<&Header> {
        let matters = |name: &str| {
            let name = name.to_ascii_lowercase();
            TELLING.iter().any(|known| if known.ends_with('-') { name.starts_with(known) } else { name == *known })
        };
        self.head.iter().flat_map(|head| &head.headers).filter(|header| matters(&header.name)).collect()
    }
}

/// The place of a chosen header: attribution in its documented order, then the key, then all others. `None` for a header
/// of the HTTP client.
fn rank(name: &str) -> Option<usize> {
    let known = |names: &[&str]| names.iter().position(|known| known.eq_ignore_ascii_case(name));
    match (known(&ATTRIBUTION), known(&CLIENT)) {
        (Some(place), _) => Some(place),
        (None, Some(_)) => None,
        (None, None) if name.eq_ignore_ascii_case("authorization") => Some(ATTRIBUTION.len()),
        (None, None) => Some(ATTRIBUTION.len() + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attribution_comes_first_and_what_every_client_sends_is_left_out() {
        let names = ["accept", "x-title", "X-Mine", "Authorization", "HTTP-Referer", "user-agent"];
        let mut chosen: Vec<&str> = names.into_iter().filter(|name| rank(name).is_some()).collect();
        chosen.sort_by_key(|name| rank(name));
        assert_eq!(chosen, ["HTTP-Referer", "x-title", "Authorization", "X-Mine"]);
    }
}
