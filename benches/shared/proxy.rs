//! The least that a proxy does with the same libraries: hyper's server takes a request, reqwest's client sends it on, and
//! the response goes back as it comes. Nothing is read, checked, logged or kept.

use bytes::Bytes;
use futures_util::StreamExt as _;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use tokio::net::TcpListener;

type Body = UnsyncBoxBody<Bytes, Infallible>;

/// Serves at an address until the process ends, on this number of threads. `upstream` is a base URL.
pub(crate) fn serve(upstream: &str, address: &str, threads: usize) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let url = format!("{upstream}/chat/completions");
        _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().http1_only().no_proxy().tls_certs_only([]).build().expect("a client");
        let listener = TcpListener::bind(address).await.expect("an address");
        while let Ok((stream, _)) = listener.accept().await {
            _ = stream.set_nodelay(true);
            let (client, url) = (client.clone(), url.clone());
            let service = service_fn(move |request| pass_on(client.clone(), url.clone(), request));
            tokio::spawn(
                async move { _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await },
            );
        }
    });
}

async fn pass_on(
    client: reqwest::Client,
    url: String,
    request: Request<Incoming>,
) -> Result<Response<Body>, hyper::Error> {
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let mut onward = client.post(url).body(body);
    for name in [CONTENT_TYPE, AUTHORIZATION] {
        if let Some(value) = head.headers.get(&name) {
            onward = onward.header(name, value);
        }
    }
    let answer = onward.send().await.expect("an answer");
    let (status, headers) = (answer.status(), answer.headers().clone());
    let body = if headers.contains_key(CONTENT_LENGTH) {
        Full::new(answer.bytes().await.expect("a whole answer")).boxed_unsync()
    } else {
        let pieces = answer.bytes_stream().filter_map(async |piece| piece.ok());
        StreamBody::new(pieces.map(|piece| Ok::<_, Infallible>(Frame::data(piece)))).boxed_unsync()
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    if let Some(kind) = headers.get(CONTENT_TYPE) {
        response.headers_mut().insert(CONTENT_TYPE, kind.clone());
    }
    Ok(response)
}
