//! The network side: sends one request as it was shown, and reads what comes back. Knows
//! sockets and TLS; must not know about chains, retries or timers (those are the engine's).
//!
//! ```text
//!  Call ─open─▶ Exchange{request} ─advance─▶ Delta::Opened ─▶ Delta… ─▶ Completion | Failure
//! ```
//!
//! HTTP/1.1 only: with HTTP/2 one frozen connection freezes every attempt on it, the fallback
//! included. Dropping an [`Exchange`] closes its socket, unless its response was read to the end.

mod transport;

use super::base::BaseUrl;
use super::classify::{self, ErrorContext};
use super::headers::Headers;
use super::request::{Header, Request};
use super::{BodyReader, Completion, Delta, Head, MAX_BODY};
use crate::failover::{Failure, FailureKind};
use crate::secret::{Secret, masked};
use crate::text::clean_line;
use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Method, Response, Url};
use serde_json::Value;
use std::borrow::Cow;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use transport::Resolver;

/// An error's body is read up to this: 64 KiB.
const MAX_ERROR_BODY: usize = 64 << 10;
/// So many connections to a server are kept for their next users.
const IDLE: usize = 32;
/// After its last event a response is given so long to end, for the sake of its connection's next user.
const GRACE: Duration = Duration::from_millis(20);

/// A server and the key for it. The key goes to this origin and nowhere else.
#[derive(Clone)]
pub struct Endpoint {
    /// Where.
    pub base: BaseUrl,
    /// For `Authorization`; none for servers that want none.
    pub key: Option<Secret>,
}

/// One request to make.
#[derive(Clone)]
pub struct Call<'a> {
    /// To whom.
    pub endpoint: &'a Endpoint,
    /// Attribution and extras.
    pub headers: &'a Headers,
    /// The JSON body, as [`compose::body`](super::compose::body) made it.
    pub body: Value,
    /// Use a connection that nothing else has used.
    pub fresh: bool,
}

/// HTTP connections, pooled. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    lanes: Arc<[OnceLock<Result<reqwest::Client, String>>; 8]>,
    connect: Duration,
}

impl Client {
    /// With a limit on how long connecting may take.
    pub fn new(connect: Duration) -> Self {
        // Refused where one is installed already, which serves as well.
        _ = rustls::crypto::ring::default_provider().install_default();
        Self { lanes: Arc::default(), connect }
    }

    /// Builds the request; nothing is sent before [`Exchange::advance`] is first awaited.
    ///
    /// # Errors
    /// A request that cannot be sent: [`FailureKind::Local`], or [`FailureKind::Tls`] on a machine without certificates.
    pub fn open(&self, call: Call<'_>) -> Result<Exchange, Failure> {
        let url = format!("{}/chat/completions", call.endpoint.base);
        let body =
            serde_json::to_vec(&call.body).map_err(|error| Failure::new(FailureKind::Local, error.to_string()))?;
        let request = build(Method::POST, &url, call.endpoint, call.headers, Some(body))?;
        let client = self.lane(&call.endpoint.base, call.fresh)?;
        let key = call.endpoint.key.clone();
        let shown = Arc::new(record(&request, call.body, key.as_ref()));
        let sending = Box::pin(async move { client.execute(request).await });
        Ok(Exchange { request: shown, key, state: ExchangeState::Sending(sending) })
    }

    /// Opens a connection that the next request will find ready.
    ///
    /// # Errors
    /// As for [`get`](Self::get).
    pub async fn warm(&self, endpoint: &Endpoint, headers: &Headers) -> Result<(), Failure> {
        self.get(endpoint, headers, "/models?limit=1").await.map(drop)
    }

    /// A JSON document at a path below the base URL, for example `/models`, `/key`, `/generation?id=…`.
    ///
    /// # Errors
    /// The same failures as for an answer.
    pub async fn get(&self, endpoint: &Endpoint, headers: &Headers, path: &str) -> Result<Value, Failure> {
        let request = build(Method::GET, &format!("{}{path}", endpoint.base), endpoint, headers, None)?;
        let response = self.lane(&endpoint.base, false)?.execute(request).await;
        let key = endpoint.key.as_ref();
        let mut response = response.map_err(|error| transport::failure(&error, key))?;
        let head = head(&response, key);
        let success = response.status().is_success();
        let mut body = Vec::new();
        let end = read(&mut response, &mut body, if success { MAX_BODY } else { MAX_ERROR_BODY }).await;
        if !success {
            return Err(classify::response(
                head.status,
                &body,
                ErrorContext { headers: &head.headers, key, now: wall() },
            ));
        }
        end.map_err(|error| transport::failure(&error, key))?;
        serde_json::from_slice(&body).map_err(|error| {
            let mut failure =
                Failure::new(FailureKind::NotAnAnswer, format!("{path} did not answer with JSON: {error}"));
            failure.status = Some(head.status);
            failure
        })
    }

    /// The pool for a server. A fresh lane keeps no connection; a loopback lane uses no proxy, so that
    /// one in the environment cannot hijack it; only a TLS lane needs the machine's certificates.
    fn lane(&self, base: &BaseUrl, fresh: bool) -> Result<reqwest::Client, Failure> {
        let (tls, local) = (base.is_tls(), base.is_loopback());
        let lane = &self.lanes[usize::from(tls) | usize::from(local) << 1 | usize::from(fresh) << 2];
        let built = lane.get_or_init(|| {
            let mut builder = reqwest::Client::builder()
                .http1_only()
                .redirect(reqwest::redirect::Policy::none())
                .retry(reqwest::retry::never())
                .connect_timeout(self.connect)
                .dns_resolver(Resolver)
                .pool_max_idle_per_host(if fresh { 0 } else { IDLE });
            if !tls {
                builder = builder.tls_certs_only([]);
            }
            if local {
                builder = builder.no_proxy();
            }
            builder.build().map_err(|error| transport::innermost(&error))
        });
        built
            .clone()
            .map_err(|why| Failure::new(FailureKind::Tls, format!("no secure connection is possible here: {why}")))
    }
}

/// One exchange with a server. Dropping it closes the socket.
pub struct Exchange {
    request: Arc<Request>,
    key: Option<Secret>,
    state: ExchangeState,
}

enum ExchangeState {
    Sending(Pin<Box<dyn Future<Output = reqwest::Result<Response>> + Send>>),
    Refused { response: Response, head: Head, body: Vec<u8> },
    Reading { response: Response, reader: Box<BodyReader>, done: bool },
    Over,
}

impl Exchange {
    /// The request as it leaves the machine: recorded from what was built, the key masked.
    pub fn request(&self) -> &Arc<Request> {
        &self.request
    }

    /// Waits for the next thing to happen and adds what it says to `out`. Once the exchange has
    /// ended it returns how; after that it never returns. May be dropped while waiting and called again.
    pub async fn advance(&mut self, out: &mut Vec<Delta>) -> Option<Result<Completion, Failure>> {
        let key = self.key.as_ref();
        match &mut self.state {
            ExchangeState::Sending(sending) => match sending.await {
                Err(error) => {
                    self.state = ExchangeState::Over;
                    Some(Err(transport::failure(&error, key)))
                }
                Ok(response) => {
                    let head = head(&response, key);
                    out.push(Delta::Opened(head.clone()));
                    self.state = if response.status().is_success() {
                        let reader = Box::new(BodyReader::new(head, self.key.clone(), wall()));
                        ExchangeState::Reading { response, reader, done: false }
                    } else {
                        ExchangeState::Refused { response, head, body: Vec::new() }
                    };
                    None
                }
            },
            ExchangeState::Refused { response, head, body } => {
                // Whatever ends the body early: the status says enough.
                _ = read(response, body, MAX_ERROR_BODY).await;
                let failure =
                    classify::response(head.status, body, ErrorContext { headers: &head.headers, key, now: wall() });
                self.state = ExchangeState::Over;
                Some(Err(failure))
            }
            ExchangeState::Reading { response, reader, done } => {
                let mut cut = None;
                if !*done {
                    match response.chunk().await {
                        Ok(Some(bytes)) => *done = reader.push(&bytes, out),
                        Ok(None) => *done = true,
                        Err(error) => (*done, cut) = (true, Some(transport::failure(&error, key))),
                    }
                    if !*done {
                        return None;
                    }
                }
                if cut.is_none() {
                    // Most servers end the body right behind the last event.
                    _ = tokio::time::timeout(GRACE, response.chunk()).await;
                }
                match std::mem::replace(&mut self.state, ExchangeState::Over) {
                    ExchangeState::Reading { reader, .. } => Some(reader.finish(cut, out)),
                    _ => None,
                }
            }
            ExchangeState::Over => std::future::pending().await,
        }
    }
}

async fn read(response: &mut Response, body: &mut Vec<u8>, cap: usize) -> reqwest::Result<()> {
    while let Some(bytes) = response.chunk().await? {
        body.extend_from_slice(&bytes);
        if body.len() >= cap {
            body.truncate(cap);
            break;
        }
    }
    Ok(())
}

/// Every header is chosen here, so that what is recorded is what goes over the wire.
fn build(
    method: Method,
    url: &str,
    endpoint: &Endpoint,
    headers: &Headers,
    body: Option<Vec<u8>>,
) -> Result<reqwest::Request, Failure> {
    let local = |why: String| Failure::new(FailureKind::Local, why);
    let url: Url = url.parse().map_err(|error| local(format!("the address is no URL: {error}")))?;
    let lines = headers.lines(&endpoint.base).map_err(|bad| local(bad.to_string()))?;
    let host = match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (host, _) => host.unwrap_or_default().to_owned(),
    };
    let mut request = reqwest::Request::new(method, url);
    let map = request.headers_mut();
    let mut put = |name: &str, value: &str, secret: bool| -> Result<(), Failure> {
        let refused = || local(format!("the header {name} cannot be sent: it holds what no header can hold"));
        let name = HeaderName::try_from(name).map_err(|_| refused())?;
        let mut value = HeaderValue::try_from(value).map_err(|_| refused())?;
        value.set_sensitive(secret);
        map.append(name, value);
        Ok(())
    };
    put("host", &host, false)?;
    if let Some(key) = endpoint.key.as_ref().filter(|key| !key.is_empty()) {
        if !key.expose().bytes().all(|b| b.is_ascii_graphic()) {
            return Err(local("the API key holds blanks or characters that no key has; was it copied whole?".into()));
        }
        put("authorization", &format!("Bearer {}", key.expose()), true)?;
    }
    if body.is_some() {
        put("content-type", "application/json", false)?;
        put("accept", "text/event-stream, application/json", false)?;
    } else {
        put("accept", "application/json", false)?;
    }
    put("user-agent", concat!("switchover/", env!("CARGO_PKG_VERSION")), false)?;
    if let Some(body) = &body {
        put("content-length", &body.len().to_string(), false)?;
    }
    for line in lines {
        put(&line.name, &line.value, line.secret)?;
    }
    *request.body_mut() = body.map(Into::into);
    Ok(request)
}

/// The request as it was built, for the log. `body` is what its bytes were written from.
fn record(request: &reqwest::Request, mut body: Value, key: Option<&Secret>) -> Request {
    let scrub = |text: &str| key.map_or(Cow::Borrowed(text), |key| key.scrub(text)).into_owned();
    let show = |(name, value): (&HeaderName, &HeaderValue)| Header {
        name: name.as_str().to_owned(),
        value: match String::from_utf8_lossy(value.as_bytes()) {
            secret if value.is_sensitive() => match secret.strip_prefix("Bearer ") {
                Some(key) => format!("Bearer {}", masked(key)),
                None => masked(&secret),
            },
            open => scrub(&open),
        },
    };
    if let Some(key) = key {
        key.scrub_value(&mut body);
    }
    Request { url: scrub(request.url().as_str()), headers: request.headers().iter().map(show).collect(), body }
}

fn head(response: &Response, key: Option<&Secret>) -> Head {
    let clean = |value: &HeaderValue| {
        let line = clean_line(&String::from_utf8_lossy(value.as_bytes()), 1000);
        key.map(|key| key.scrub(&line).into_owned()).unwrap_or(line)
    };
    Head {
        status: response.status().as_u16(),
        generation: response.headers().get("x-generation-id").map(clean),
        headers: response
            .headers()
            .iter()
            .map(|(name, value)| Header { name: name.as_str().to_owned(), value: clean(value) })
            .collect(),
    }
}

/// Wall time since 1970.
#[expect(clippy::disallowed_methods, reason = "a hint that is a date means nothing without wall time")]
fn wall() -> Duration {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default()
}
