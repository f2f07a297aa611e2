//! Who may use the gateway: it spends somebody's money. A web page in a browser on this machine must not reach it, nor
//! must a name that was rebound to this machine's address.

use super::options::{GatewayOptions, KeySource};
use super::refusal::Refusal;
use hyper::StatusCode;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN};
use std::net::{IpAddr, SocketAddr};

/// The longest head of a request: 64 KiB.
pub(super) const MAX_HEAD: usize = 64 << 10;
/// Where browsers say whether a request comes from another site.
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// The token's own header, for clients whose bearer token is a key.
const TOKEN: HeaderName = HeaderName::from_static("x-switchover-token");

/// Refuses a request that may not be served. `listening` is the gateway's address.
pub(super) fn check(headers: &HeaderMap, options: &GatewayOptions, listening: SocketAddr) -> Result<(), Refusal> {
    let size = |(name, value): (&HeaderName, &HeaderValue)| name.as_str().len() + value.len() + ": \r\n".len();
    // The server stops reading longer heads; one that was read at once may be longer.
    if headers.iter().map(size).sum::<usize>() > MAX_HEAD {
        return Err(Refusal::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "the headers are over 64 KiB"));
    }
    let forbid = |why: &str| Err(Refusal::new(StatusCode::FORBIDDEN, why));
    let host = text(headers, &HOST).map(host_name);
    if !host.is_some_and(|host| is_own(host, options, listening)) {
        return forbid("the Host header names another machine; `gateway.hosts` in the configuration adds names");
    }
    let foreign = |origin: &str| {
        let name = origin.split_once("://").map(|(_, rest)| host_name(rest));
        !name.is_some_and(|name| is_own(name, options, listening))
    };
    if text(headers, &ORIGIN).is_some_and(foreign) || text(headers, &FETCH_SITE) == Some("cross-site") {
        return forbid("requests of web pages from other sites are refused");
    }
    let Some(token) = &options.token else { return Ok(()) };
    let shown = text(headers, &TOKEN).or_else(|| bearer(headers).filter(|_| options.key == KeySource::Configured));
    if shown.is_some_and(|shown| is_equal(shown, token.expose())) {
        return Ok(());
    }
    let how = match options.key {
        KeySource::Configured => "send it as the API key",
        KeySource::Client => "send it as `x-switchover-token`",
    };
    Err(Refusal::new(StatusCode::UNAUTHORIZED, format!("this gateway wants its token: {how}")))
}

/// Refuses a body that is not declared as JSON.
pub(super) fn check_json(headers: &HeaderMap) -> Result<(), Refusal> {
    let media = text(headers, &CONTENT_TYPE).unwrap_or_default();
    let media = media.split(';').next().unwrap_or_default().trim();
    if media.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "send the body with `Content-Type: application/json`"))
}

/// The client's bearer token.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = text(headers, &AUTHORIZATION)?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()).filter(|token| !token.is_empty())
}

/// The value of a header, if it is visible ASCII.
pub(super) fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// The name in `name:port`, or the address in `[address]:port`.
fn host_name(authority: &str) -> &str {
    let authority = authority.split('/').next().unwrap_or_default();
    match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.rsplit_once(':').map_or(authority, |(name, _)| name),
    }
}

/// Whether a name means this gateway: an address that it listens on, `localhost`, or a configured name.
fn is_own(name: &str, options: &GatewayOptions, listening: SocketAddr) -> bool {
    let own_address = name.parse::<IpAddr>().is_ok_and(|ip| {
        // A gateway that listens on all addresses can be meant by any of them. The name of another site that resolves to
        // this machine (DNS rebinding) is not an address, and is refused.
        ip == listening.ip() || (ip.is_loopback() && listening.ip().is_loopback()) || listening.ip().is_unspecified()
    });
    own_address
        || name.eq_ignore_ascii_case("localhost")
        || options.hosts.iter().any(|host| host_name(host).eq_ignore_ascii_case(name))
}

/// Compares without stopping at the first difference, which would tell how much of a guess is right.
fn is_equal(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}
