//! Builds a request with all its headers, and the record of it that is shown and kept.

use super::Endpoint;
use crate::failover::{Failure, FailureKind};
use crate::openrouter::headers::{Headers, Visibility};
use crate::openrouter::{Head, Header, Request, RequestHeader};
use crate::secret::Secrets;
use crate::text::clean_line;
use reqwest::header;
use reqwest::{Method, Response, Url};
use serde_json::Value;

/// What the program calls itself.
const AGENT: &str = concat!("switchover/", env!("CARGO_PKG_VERSION"));

/// The request as it will be sent. Every header is set here, so that the record shows all of them.
pub(super) fn build(
    method: Method,
    url: Url,
    endpoint: &Endpoint,
    headers: &Headers,
    body: Option<Vec<u8>>,
) -> Result<reqwest::Request, Failure> {
    let local = |why: String| Failure::new(FailureKind::Local, why);
    let lines = headers.lines(&endpoint.base).map_err(|bad| local(bad.to_string()))?;
    let host = match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (host, _) => host.unwrap_or_default().to_owned(),
    };
    let mut request = reqwest::Request::new(method, url);
    let map = request.headers_mut();
    map.reserve(10 + lines.len());
    let refused = |name: &str| local(format!("the header {name} holds a character that no header can hold"));
    let value = |name: &str, text: &str, visibility: Visibility| {
        let mut value = header::HeaderValue::try_from(text).map_err(|_| refused(name))?;
        value.set_sensitive(visibility == Visibility::Secret);
        Ok::<_, Failure>(value)
    };
    map.append(header::HOST, value("host", &host, Visibility::Public)?);
    if let Some(key) = endpoint.key.as_ref().filter(|key| !key.is_empty()) {
        if !key.expose().bytes().all(|b| b.is_ascii_graphic()) {
            return Err(local("the API key holds spaces or characters that no key has; was it copied whole?".into()));
        }
        let bearer = value("authorization", &format!("Bearer {}", key.expose()), Visibility::Secret)?;
        map.append(header::AUTHORIZATION, bearer);
    }
    if body.is_some() {
        map.append(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
        map.append(header::ACCEPT, header::HeaderValue::from_static("text/event-stream, application/json"));
    } else {
        map.append(header::ACCEPT, header::HeaderValue::from_static("application/json"));
    }
    // Text is read while it arrives; a compressed body would arrive in blocks.
    map.append(header::ACCEPT_ENCODING, header::HeaderValue::from_static("identity"));
    map.append(header::USER_AGENT, header::HeaderValue::from_static(AGENT));
    if let Some(body) = &body {
        map.append(header::CONTENT_LENGTH, body.len().into());
    }
    for line in lines {
        let name = header::HeaderName::try_from(&line.name).map_err(|_| refused(&line.name))?;
        map.append(name, value(&line.name, line.value.expose(), line.value.visibility())?);
    }
    *request.body_mut() = body.map(Into::into);
    Ok(request)
}

/// The record of a request that was built. `body` is the value that its bytes were written from.
pub(super) fn record(request: &reqwest::Request, mut body: Value, secrets: &Secrets) -> Request {
    let show = |(name, value): (&header::HeaderName, &header::HeaderValue)| {
        let text = String::from_utf8_lossy(value.as_bytes());
        if value.is_sensitive() {
            RequestHeader::secret(name.as_str(), &text)
        } else {
            RequestHeader::public(name.as_str(), secrets.scrub(&text))
        }
    };
    let headers = request.headers().iter().map(show).collect();
    secrets.scrub_value(&mut body);
    Request { url: secrets.scrub(request.url().as_str()).into_owned(), headers, body }
}

/// A response's status and headers, cleaned and scrubbed.
pub(super) fn head(response: &Response, secrets: &Secrets) -> Head {
    let clean = |value: &header::HeaderValue| {
        secrets.scrub(&clean_line(&String::from_utf8_lossy(value.as_bytes()), 1000)).into_owned()
    };
    let headers = response.headers().iter();
    Head {
        status: response.status().as_u16(),
        generation: response.headers().get("x-generation-id").map(clean),
        headers: headers
            // Cookies are credentials, and nothing here sends them back.
            .filter(|(name, _)| !matches!(name.as_str(), "set-cookie" | "set-cookie2"))
            .map(|(name, value)| Header { name: secrets.scrub(name.as_str()).into_owned(), value: clean(value) })
            .collect(),
    }
}
