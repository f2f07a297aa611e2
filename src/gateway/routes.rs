//! The routes. A path may begin with a fault, which breaks the first model of the request's chain:
//! `/503@once/v1/chat/completions`.

use super::body::{Body, json_response};
use super::refusal::Refusal;
use super::server::Gateway;
use super::{chat, guard, models};
use crate::openrouter::Api;
use hyper::body::Incoming;
use hyper::{Method, Request, Response, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::json;
use std::sync::Arc;

/// Named where a path is unknown.
pub(super) const LIST: &str = "the routes are POST /v1/chat/completions, POST /v1/responses, POST /v1/embeddings, GET /v1/models, GET /v1/models/{id}, GET /health";

/// Serves one request.
pub(super) async fn serve(gateway: &Arc<Gateway>, request: Request<Incoming>) -> Result<Response<Body>, Refusal> {
    guard::check(request.headers(), &gateway.options, gateway.address)?;
    let path = percent_decode_str(request.uri().path()).decode_utf8_lossy().into_owned();
    let (fault, path) = split(&path);
    let fault = fault.map(|word| gateway.fault(word)).transpose()?;
    let route = path.strip_prefix("/api").unwrap_or(path);
    let route = route.strip_prefix("/v1").unwrap_or(route);
    match (request.method(), route) {
        (&Method::POST, "/chat/completions") => chat::serve(gateway, request, Api::ChatCompletions, fault).await,
        (&Method::POST, "/responses") => chat::serve(gateway, request, Api::Responses, fault).await,
        (&Method::POST, "/embeddings") => chat::serve(gateway, request, Api::Embeddings, fault).await,
        (&Method::GET, "/models" | "/models/") => Ok(models::list(gateway)),
        (&Method::GET, "/health") => Ok(health(gateway)),
        (&Method::GET, route) if route.starts_with("/models/") => {
            models::find(gateway, route.trim_start_matches("/models/"))
        }
        (&Method::POST, "/completions") => {
            let why = format!("the gateway does not serve {route}: send the prompt as a message; {LIST}");
            Err(Refusal::new(StatusCode::NOT_IMPLEMENTED, why))
        }
        (_, "/chat/completions" | "/responses" | "/embeddings" | "/models" | "/health") => {
            Err(Refusal::new(StatusCode::METHOD_NOT_ALLOWED, LIST))
        }
        _ => Err(Refusal::new(StatusCode::NOT_FOUND, format!("no such path; {LIST}"))),
    }
}

/// The fault at the beginning of a path, and the rest. A path that begins with one of the API's own words has none.
fn split(path: &str) -> (Option<&str>, &str) {
    let inner = path.strip_prefix('/').unwrap_or(path);
    let Some((first, _)) = inner.split_once('/') else { return (None, path) };
    if ["v1", "api", "models", "chat", "responses"].contains(&first) {
        return (None, path);
    }
    (Some(first), &path[1 + first.len()..])
}

fn health(gateway: &Gateway) -> Response<Body> {
    let circuits: Vec<_> =
        gateway.services.circuits().into_iter().map(|(name, state)| json!({"name": name, "state": state})).collect();
    let body = json!({
        "status": "ok",
        "chain": gateway.defaults().chain,
        "simulated": gateway.services.simulated(),
        "circuits": circuits,
        "cost": gateway.spent(),
    });
    json_response(StatusCode::OK, &body)
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn a_path_may_begin_with_a_fault() {
        for (path, fault, rest) in [
            ("/v1/chat/completions", None, "/v1/chat/completions"),
            ("/api/v1/models", None, "/api/v1/models"),
            ("/503@once/v1/models", Some("503@once"), "/v1/models"),
            ("/cut:50%/api/v1/models", Some("cut:50%"), "/api/v1/models"),
            ("/health", None, "/health"),
            ("", None, ""),
        ] {
            assert_eq!(split(path), (fault, rest), "{path}");
        }
    }
}
