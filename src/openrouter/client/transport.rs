//! Failures below HTTP: names, connections, TLS. The HTTP library's own flags are too coarse (it calls a connection
//! that closes in mid-stream a "decode" error), so the chain of causes is read.

use crate::failover::{Failure, FailureKind};
use crate::openrouter::reason::safe_line;
use crate::secret::Secrets;
use std::error::Error;
use std::io::{self, ErrorKind};
use tracing::debug;

/// Resolves names with the system's resolver, and marks its errors so that [`kind`] finds them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Resolver;

/// The error of a name that does not resolve.
#[derive(Debug, thiserror::Error)]
#[error("the name {name} does not resolve: {why}")]
struct Unresolved {
    name: String,
    why: io::Error,
}

impl reqwest::dns::Resolve for Resolver {
    fn resolve(&self, name: reqwest::dns::Name) -> reqwest::dns::Resolving {
        Box::pin(async move {
            let name = name.as_str().to_owned();
            let found = tokio::net::lookup_host((name.as_str(), 0)).await.map(Iterator::collect::<Vec<_>>);
            match found {
                Ok(found) => Ok(Box::new(found.into_iter()) as reqwest::dns::Addrs),
                Err(why) => Err(Unresolved { name, why }.into()),
            }
        })
    }
}

/// The failure behind an error of the HTTP library, in words that say what the user can check.
pub(super) fn failure(error: &reqwest::Error, secrets: &Secrets) -> Failure {
    let kind = kind(error);
    let failure = Failure::new(kind, safe_line(&reason(kind, error), secrets));
    debug!(target: "http", ?kind, reason = failure.reason, "connection failed");
    failure
}

fn reason(kind: FailureKind, error: &reqwest::Error) -> String {
    // The HTTP library does not export the type of these errors, so their name is read.
    let by_socks = causes(error).iter().any(|cause| format!("{cause:?}").starts_with("Socks"));
    match kind {
        FailureKind::Dns if by_socks => {
            format!("{}; with a socks5h:// proxy the proxy resolves names", innermost(error))
        }
        _ if by_socks => format!("SOCKS proxy of the environment: {}", plain_reason(kind, error)),
        _ => plain_reason(kind, error),
    }
}

fn plain_reason(kind: FailureKind, error: &reqwest::Error) -> String {
    let is_eof = |cause: &&(dyn Error + 'static)| {
        cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == ErrorKind::UnexpectedEof)
    };
    let before_headers = |cause: &&(dyn Error + 'static)| {
        cause.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_incomplete_message)
    };
    let prefix = match kind {
        FailureKind::Reset if causes(error).iter().any(before_headers) => {
            return "connection closed before the response".to_owned();
        }
        FailureKind::Reset if causes(error).iter().any(is_eof) => {
            return "connection closed during the answer".to_owned();
        }
        FailureKind::Dns => return innermost(error),
        FailureKind::NotAnAnswer if causes(error).iter().any(has_too_many_headers) => {
            return "the response has over 100 headers, or headers that are too long".to_owned();
        }
        FailureKind::Local if causes(error).iter().any(is_out_of_files) => {
            return "this machine allows no more open files; `ulimit -n` raises the limit".to_owned();
        }
        FailureKind::Refused => "cannot connect: ",
        FailureKind::ConnectTimeout => "connecting timed out: ",
        FailureKind::Tls => "the server's certificate or TLS version is not accepted: ",
        FailureKind::TlsEof => "the TLS handshake ended early: ",
        FailureKind::Reset => "connection lost: ",
        FailureKind::NotAnAnswer => "the server does not speak HTTP: ",
        _ => "the request cannot be sent: ",
    };
    format!("{prefix}{}", innermost(error))
}

/// Which failure an error of the HTTP library is.
pub(super) fn kind(error: &reqwest::Error) -> FailureKind {
    if error.is_builder() {
        return FailureKind::Local;
    }
    let connecting = error.is_connect();
    let causes = causes(error);
    if causes.iter().any(is_out_of_files) {
        return FailureKind::Local;
    }
    for cause in &causes {
        if cause.is::<Unresolved>() {
            return FailureKind::Dns;
        }
        if let Some(error) = cause.downcast_ref::<hyper::Error>() {
            if error.is_incomplete_message() {
                return FailureKind::Reset;
            }
            if error.is_parse() {
                return FailureKind::NotAnAnswer;
            }
        }
    }
    let io = causes.iter().filter_map(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind);
    for kind in io {
        return match kind {
            ErrorKind::ConnectionRefused
            | ErrorKind::HostUnreachable
            | ErrorKind::NetworkUnreachable
            | ErrorKind::NetworkDown
            | ErrorKind::AddrNotAvailable => FailureKind::Refused,
            ErrorKind::TimedOut if connecting => FailureKind::ConnectTimeout,
            ErrorKind::InvalidData if connecting => FailureKind::Tls,
            ErrorKind::UnexpectedEof if connecting => FailureKind::TlsEof,
            ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe
            | ErrorKind::NotConnected
            | ErrorKind::UnexpectedEof
            | ErrorKind::TimedOut => FailureKind::Reset,
            ErrorKind::PermissionDenied => FailureKind::Local,
            _ => continue,
        };
    }
    match (error.is_timeout(), connecting) {
        (true, _) => FailureKind::ConnectTimeout,
        (false, true) => FailureKind::Refused,
        (false, false) => FailureKind::Reset,
    }
}

/// Whether this process, or the system, has no file descriptor left for a socket: no model is to blame for that. The
/// numbers are those of Linux, macOS and Windows, for which the standard library has no name.
fn is_out_of_files(cause: &&(dyn Error + 'static)) -> bool {
    let code = |error: &io::Error| error.raw_os_error();
    let own = cause.downcast_ref::<Unresolved>().map(|unresolved| &unresolved.why);
    let error = own.or_else(|| cause.downcast_ref::<io::Error>());
    matches!(error.and_then(code), Some(23 | 24 | 10_024))
}

/// Whether a response has more headers than the HTTP library reads. The library has no test for this error but its text.
fn has_too_many_headers(cause: &&(dyn Error + 'static)) -> bool {
    let text = cause.downcast_ref::<hyper::Error>().filter(|error| error.is_parse()).map(ToString::to_string);
    text.is_some_and(|text| text == "message head is too large")
}

/// The text of the deepest cause.
pub(super) fn innermost(error: &(dyn Error + 'static)) -> String {
    causes(error).last().map_or_else(|| error.to_string(), ToString::to_string)
}

/// An error and all its causes; an `io::Error` hides the one that it wraps from `source()`.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> Vec<&'a (dyn Error + 'static)> {
    let mut causes: Vec<&'a (dyn Error + 'static)> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        causes.push(error);
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = wrapped.map(|inner| inner as &(dyn Error + 'static)).or_else(|| error.source());
    }
    causes
}
