//! The paths of the API and what answers each.

use super::catalogue::{self, SimulatedModel};
use super::envelope::ErrorEnvelope;
use super::http::ReceivedRequest;
use super::script::ResponseScript;
use super::segment::FaultSegment;
use super::shape::Shape;
use super::{ScriptedResponse, SimulatorState, chat};
use crate::lock::locked;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use std::fmt;

const JSON: (&str, &str) = ("Content-Type", "application/json");

/// A request and how it was answered. Its `Display` is one line for a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServedRequest {
    /// The method, for example `POST`.
    pub method: String,
    /// The path as the client wrote it, with the segment of a fault.
    pub path: String,
    /// The model that answered, or the first one that was asked for.
    pub model: Option<String>,
    /// The status of the response; `None` if the connection ended without one.
    pub status: Option<u16>,
    /// The injected fault.
    pub fault: Option<String>,
    /// Whether the client closed the connection before the response was complete.
    pub client_left: bool,
}

impl fmt::Display for ServedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)?;
        if let Some(model) = &self.model {
            write!(f, " {model}")?;
        }
        match self.status {
            Some(status) => write!(f, ": {status}")?,
            None => f.write_str(": no response")?,
        }
        if let Some(fault) = &self.fault {
            write!(f, ", injected {fault}")?;
        }
        f.write_str(if self.client_left { ", the client left" } else { "" })
    }
}

/// Answers a request to any path.
pub(super) fn answer(state: &SimulatorState, request: &ReceivedRequest) -> ScriptedResponse {
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let (segment, path) = match split(path) {
        Ok(found) => found,
        Err(envelope) => return envelope.script(&[]).into(),
    };
    let path = path.trim_end_matches('/');
    let method = if request.method == "HEAD" { "GET" } else { request.method.as_str() };
    if !matches!(path, "" | "/models" | "/providers") && !authorized(request) {
        return ErrorEnvelope::new(401, "No auth credentials found").script(&[]).into();
    }
    match (method, path) {
        ("POST", path) if shape(path).is_some() => {
            let faults = segment.as_ref().or(state.faults.as_ref());
            chat::answer(state, request, shape(path).unwrap_or_default(), faults)
        }
        ("GET", "") => index(state),
        ("GET", "/models" | "/models/user") => {
            let data: Vec<Value> = catalogue::all().iter().map(SimulatedModel::listing).collect();
            ok(&json!({ "total_count": data.len(), "data": data, "links": { "next": null } }))
        }
        ("GET", "/models/count") => ok(&json!({ "data": { "count": catalogue::all().len() } })),
        ("GET", "/embeddings/models") => {
            let data: Vec<Value> = catalogue::embedding_models().iter().map(SimulatedModel::listing).collect();
            ok(&json!({ "total_count": data.len(), "data": data, "links": { "next": null } }))
        }
        ("GET", "/key" | "/auth/key") => ok(&key(state, request)),
        ("GET", "/credits") => ok(&json!({ "data": { "total_credits": 10, "total_usage": spent(state) } })),
        ("GET", "/generation") => generation(state, query),
        ("GET", "/providers") => ok(&json!({ "data": catalogue::providers() })),
        ("GET", path) if path.starts_with("/models/") && path.ends_with("/endpoints") => {
            let id = &path["/models/".len()..path.len() - "/endpoints".len()];
            found(catalogue::find(id).map(SimulatedModel::endpoints))
        }
        ("GET", path) if path.starts_with("/model/") => {
            found(catalogue::find(&path["/model/".len()..]).map(SimulatedModel::listing))
        }
        (_, path) if shape(path).is_some() => ErrorEnvelope::new(405, "Method not allowed").script(&[]).into(),
        (_, "/models" | "/key" | "/credits" | "/generation" | "/providers") => {
            ErrorEnvelope::new(405, "Method not allowed").script(&[]).into()
        }
        _ => ErrorEnvelope::new(
            404,
            "Not found: the simulator serves /api/v1/chat/completions, /responses, /completions, /embeddings, /models, \
             /key, /credits, /generation and /providers",
        )
        .script(&[])
        .into(),
    }
}

/// The shape of a path's completions.
fn shape(path: &str) -> Option<Shape> {
    Some(match path {
        "/chat/completions" => Shape::Chat,
        "/completions" => Shape::Text,
        "/responses" => Shape::Responses,
        "/embeddings" => Shape::Embeddings,
        _ => return None,
    })
}

fn found(data: Option<Value>) -> ScriptedResponse {
    match data {
        Some(data) => ok(&json!({ "data": data })),
        None => ErrorEnvelope::new(404, "Model not found").script(&[]).into(),
    }
}

/// Splits a path into the fault before `/api/v1` and what comes after it. The root is a path too.
fn split(path: &str) -> Result<(Option<FaultSegment>, &str), ErrorEnvelope> {
    if path == "/" {
        return Ok((None, ""));
    }
    let Some((segment, rest)) = path.split_once("/api/v1") else {
        return Ok((None, path));
    };
    // Clients may escape `=`, `@`, `~` and the like.
    let segment = percent_decode_str(segment.trim_matches('/')).decode_utf8_lossy();
    if segment.is_empty() {
        return Ok((None, rest));
    }
    match FaultSegment::read(&segment) {
        Ok(segment) => Ok((Some(segment), rest)),
        Err(error) => Err(ErrorEnvelope::new(404, format!("no such fault in the path: {error}"))),
    }
}

/// Whether there is a bearer token; any token will do.
fn authorized(request: &ReceivedRequest) -> bool {
    let authorization = request.header("authorization").and_then(|value| value.split_once(' '));
    authorization.is_some_and(|(scheme, key)| scheme.eq_ignore_ascii_case("bearer") && !key.trim().is_empty())
}

fn ok(value: &Value) -> ScriptedResponse {
    ResponseScript::whole(200, &[JSON], value.to_string().as_bytes()).into()
}

/// The text at the root, for people.
fn index(state: &SimulatorState) -> ScriptedResponse {
    let models: Vec<&str> = catalogue::all().iter().map(|model| model.id.as_str()).collect();
    let text = format!(
        "Switchover's simulator: OpenRouter's API on loopback, with no model behind it.\n\n\
         POST /api/v1/chat/completions\n\
         POST /503/api/v1/chat/completions      with a fault; `switchover faults` lists them\n\
         GET  /api/v1/models, /key, /credits, /generation?id=…\n\n\
         seed {}, pace {}\n\nmodels:\n  {}\n",
        state.options.seed,
        state.options.pace,
        models.join("\n  ")
    );
    ResponseScript::whole(200, &[("Content-Type", "text/plain; charset=utf-8")], text.as_bytes()).into()
}

/// The cost of all completions in USD.
fn spent(state: &SimulatorState) -> f64 {
    locked(&state.ledger).spent()
}

fn key(state: &SimulatorState, request: &ReceivedRequest) -> Value {
    let key = request.header("authorization").unwrap_or_default();
    let tail: String = key.chars().rev().take(3).collect::<Vec<_>>().into_iter().rev().collect();
    let usage = spent(state);
    json!({ "data": {
        "label": format!("simulated...{tail}"),
        "limit": 10, "limit_remaining": 10.0 - usage, "limit_reset": null,
        "usage": usage, "usage_daily": usage, "usage_weekly": usage, "usage_monthly": usage,
        "byok_usage": 0, "byok_usage_daily": 0, "byok_usage_weekly": 0, "byok_usage_monthly": 0,
        "allowed_data_regions": [], "budgets": [], "effective_budget": null, "organization_id": "simulated",
        "workspace_id": "simulated", "include_byok_in_limit": false, "creator_user_id": null, "is_provisioning_key": false,
        "is_free_tier": false, "is_management_key": false, "expires_at": null,
        "free_model_daily_requests": { "used": 0, "limit": 1000, "remaining": 1000 },
        "rate_limit": { "requests": -1, "interval": "10s", "note": "deprecated" },
    } })
}

fn generation(state: &SimulatorState, query: &str) -> ScriptedResponse {
    let id = query.split('&').find_map(|pair| pair.strip_prefix("id=")).unwrap_or_default();
    match locked(&state.ledger).find(id, state.options.generation_lag) {
        Some(data) => ok(&data),
        None => ErrorEnvelope::new(404, format!("Generation {id} not found")).script(&[]).into(),
    }
}
