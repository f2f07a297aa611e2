//! The network side: sends one request as it was shown, and reads what comes back. Knows
//! sockets and TLS; must not know about chains, or about the engine's retries and timeouts.
//!
//! ```text
//!  OutgoingRequest ─open─▶ Exchange{request} ─advance─▶ Delta::Opened ─▶ Delta… ─▶ Completion | Failure
//! ```
//!
//! HTTP/1.1 only: with HTTP/2 one frozen connection freezes every attempt on it, the fallback
//! included. Dropping an [`Exchange`] closes its socket, unless its response was read to the end.

mod build;
mod exchange;
mod reuse;
mod transport;

pub use exchange::{Exchange, NO_SUCH_API};

use super::Api;
use super::MAX_BODY;
use super::base::BaseUrl;
use super::classify::{self, ErrorContext};
use super::headers::Headers;
use crate::failover::{Failure, FailureKind};
use crate::lock::locked;
use crate::secret::{Secret, Secrets};
use build::{build, head, record};
use exchange::{read, suggest};
use reqwest::{Method, Url};
use serde_json::Value;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;
use tracing::debug;
use transport::Resolver;

/// The part of an error's body that is read: 64 KiB.
const MAX_ERROR_BODY: usize = 64 << 10;
/// The number of idle connections that are kept for each server.
const MAX_IDLE: usize = 32;

/// A server and the key for it. The key goes to this origin and nowhere else.
#[derive(Clone)]
pub struct Endpoint {
    /// The server's base URL.
    pub base: BaseUrl,
    /// The key for `Authorization`; none for servers that need none.
    pub key: Option<Secret>,
}

impl Endpoint {
    /// The secrets of a request with these headers, to be removed from what the server sends back.
    pub fn secrets(&self, headers: &Headers) -> Secrets {
        Secrets::new(self.key.iter().cloned().chain(headers.credentials()))
    }
}

/// One request to make.
#[derive(Clone)]
pub struct OutgoingRequest<'a> {
    /// The part of the API that it is for.
    pub api: Api,
    /// The server and its key.
    pub endpoint: &'a Endpoint,
    /// Attribution and extra headers.
    pub headers: &'a Headers,
    /// The JSON body, as [`compose::body`](super::compose::body) made it.
    pub body: Value,
    /// True opens a new connection for this request alone.
    pub fresh: bool,
}

/// HTTP connections, pooled. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    /// One pool for each kind of connection; see [`Client::pool`].
    pools: Arc<[OnceLock<Result<reqwest::Client, String>>; 8]>,
    connect: Duration,
    /// The latest URL, as text and parsed.
    latest: Arc<Mutex<Option<(String, Url)>>>,
}

impl Client {
    /// A client that gives up connecting after `connect`.
    pub fn new(connect: Duration) -> Self {
        // Refused where a provider is installed already, which serves as well.
        _ = rustls::crypto::ring::default_provider().install_default();
        Self { pools: Arc::default(), connect, latest: Arc::default() }
    }

    /// Builds the request; nothing is sent before [`Exchange::advance`] is first awaited.
    ///
    /// # Errors
    /// A request that cannot be sent: [`FailureKind::Local`], or [`FailureKind::Tls`] on a machine without certificates.
    pub fn open(&self, call: OutgoingRequest<'_>) -> Result<Exchange, Failure> {
        let url = format!("{}{}", call.endpoint.base, call.api.path());
        let body =
            serde_json::to_vec(&call.body).map_err(|error| Failure::new(FailureKind::Local, error.to_string()))?;
        let request = build(Method::POST, self.url(&url)?, call.endpoint, call.headers, Some(body))?;
        let (kept, fresh) = self.pools(&call.endpoint.base, call.fresh)?;
        let secrets = call.endpoint.secrets(call.headers);
        let shown = Arc::new(record(&request, call.body, &secrets));
        debug!(target: "http", method = "POST", url = shown.url, fresh = call.fresh, "request built");
        let sending = Box::pin(reuse::send(kept, fresh, request));
        Ok(Exchange::new(shown, secrets, call.api, call.endpoint.base.with_version(), sending))
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
        let url = self.url(&format!("{}{path}", endpoint.base))?;
        let request = build(Method::GET, url, endpoint, headers, None)?;
        let (kept, fresh) = self.pools(&endpoint.base, false)?;
        let response = reuse::send(kept, fresh, request).await;
        let secrets = endpoint.secrets(headers);
        let mut response = response.map_err(|error| transport::failure(&error, &secrets))?;
        let head = head(&response, &secrets);
        debug!(target: "http", method = "GET", base = endpoint.base.as_str(), path, status = head.status, "response");
        let success = response.status().is_success();
        let mut body = Vec::new();
        let end = read(&mut response, &mut body, if success { MAX_BODY } else { MAX_ERROR_BODY }).await;
        if !success {
            let context = ErrorContext { headers: &head.headers, secrets: &secrets, now: wall() };
            let failure = classify::response(head.status, &body, context);
            return Err(suggest(failure, Api::default(), endpoint.base.with_version().as_deref()));
        }
        end.map_err(|error| transport::failure(&error, &secrets))?;
        serde_json::from_slice(&body).map_err(|error| {
            let mut failure =
                Failure::new(FailureKind::NotAnAnswer, format!("{path} did not answer with JSON: {error}"));
            failure.status = Some(head.status);
            failure
        })
    }

    /// The URL of a request. Most requests go where one before them went.
    fn url(&self, text: &str) -> Result<Url, Failure> {
        let mut latest = locked(&self.latest);
        if let Some((_, url)) = latest.as_ref().filter(|(known, _)| known == text) {
            return Ok(url.clone());
        }
        let why = |error| Failure::new(FailureKind::Local, format!("the address is not a URL: {error}"));
        let url: Url = text.parse().map_err(why)?;
        *latest = Some((text.to_owned(), url.clone()));
        Ok(url)
    }

    /// The pool for a request, and the one for its repetition if it took a kept connection that was closed.
    fn pools(&self, base: &BaseUrl, fresh: bool) -> Result<(reqwest::Client, Option<reqwest::Client>), Failure> {
        let other = if fresh { None } else { Some(self.pool(base, true)?) };
        Ok((self.pool(base, fresh)?, other))
    }

    /// The pool for a server. A fresh pool keeps no connection; one for this machine uses no proxy, so that
    /// a proxy in the environment cannot take the request; only one for TLS needs the machine's certificates.
    fn pool(&self, base: &BaseUrl, fresh: bool) -> Result<reqwest::Client, Failure> {
        let (tls, local) = (base.is_tls(), base.is_loopback());
        let pool = &self.pools[usize::from(tls) | usize::from(local) << 1 | usize::from(fresh) << 2];
        let built = pool.get_or_init(|| {
            let mut builder = reqwest::Client::builder()
                .http1_only()
                .redirect(reqwest::redirect::Policy::none())
                .retry(reqwest::retry::never())
                .connect_timeout(self.connect)
                .dns_resolver(Resolver)
                .connector_layer(reuse::NoteConnects)
                .pool_max_idle_per_host(if fresh { 0 } else { MAX_IDLE });
            if !tls {
                builder = builder.tls_certs_only([]);
            }
            if local {
                builder = builder.no_proxy();
            }
            builder.build().map_err(|error| transport::innermost(&error))
        });
        built.clone().map_err(|why| Failure::new(FailureKind::Tls, format!("this machine cannot use TLS: {why}")))
    }
}

/// Wall time since 1970.
#[expect(clippy::disallowed_methods, reason = "a hint that is a date means nothing without wall time")]
fn wall() -> Duration {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default()
}
