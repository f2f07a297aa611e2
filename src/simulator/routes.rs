//! Which path is answered by what.

use super::catalogue::{self, SimulatedModel};
use super::envelope::ErrorEnvelope;
use super::http::ReceivedRequest;
use super::script::ResponseScript;
use super::segment::FaultSegment;
use super::{ScriptedResponse, SimulatorState, chat, lock};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

const JSON: (&str, &str) = ("Content-Type", "application/json");

/// Answers a request to any path.
pub(super) fn answer(world: &SimulatorState, request: &ReceivedRequest) -> ScriptedResponse {
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
        ("POST", "/chat/completions") => chat::answer(world, request, segment.as_ref()),
        ("GET", "") => hello(world),
        ("GET", "/models" | "/models/user") => {
            ok(&json!({ "data": catalogue::all().iter().map(SimulatedModel::listing).collect::<Vec<_>>() }))
        }
        ("GET", "/key" | "/auth/key") => ok(&key(world, request)),
        ("GET", "/credits") => ok(&json!({ "data": { "total_credits": 10, "total_usage": spent(world) } })),
        ("GET", "/generation") => generation(world, query),
        ("GET", "/providers") => ok(&json!({ "data": catalogue::providers() })),
        ("GET", path) if path.starts_with("/models/") && path.ends_with("/endpoints") => {
            let id = &path["/models/".len()..path.len() - "/endpoints".len()];
            match catalogue::find(id) {
                Some(model) => ok(&json!({ "data": model.endpoints() })),
                None => ErrorEnvelope::new(404, "Model not found").script(&[]).into(),
            }
        }
        (_, "/chat/completions" | "/models" | "/key" | "/credits" | "/generation" | "/providers") => {
            ErrorEnvelope::new(405, "Method not allowed").script(&[]).into()
        }
        _ => ErrorEnvelope::new(
            404,
            "Not found: the simulator serves /api/v1/chat/completions, /models, /key, /credits and /generation",
        )
        .script(&[])
        .into(),
    }
}

/// The fault before `/api/v1`, and the path after it. The root is served as well.
fn split(path: &str) -> Result<(Option<FaultSegment>, &str), ErrorEnvelope> {
    if path == "/" {
        return Ok((None, ""));
    }
    let Some(at) = path.find("/api/v1") else {
        return Ok((None, path));
    };
    let rest = &path[at + "/api/v1".len()..];
    let word = path[..at].trim_matches('/');
    if word.is_empty() {
        return Ok((None, rest));
    }
    // Clients may escape `=`, `@`, `~` and the like.
    let word = percent_decode_str(word).decode_utf8_lossy();
    match FaultSegment::read(&word) {
        Ok(segment) => Ok((Some(segment), rest)),
        Err(error) => Err(ErrorEnvelope::new(404, format!("no such fault in the path: {error}"))),
    }
}

fn authorized(request: &ReceivedRequest) -> bool {
    let key = request.header("authorization").and_then(|value| value.split_once(' '));
    key.is_some_and(|(scheme, key)| scheme.eq_ignore_ascii_case("bearer") && !key.trim().is_empty())
}

fn ok(value: &Value) -> ScriptedResponse {
    ResponseScript::whole(200, &[JSON], value.to_string().as_bytes()).into()
}

fn hello(world: &SimulatorState) -> ScriptedResponse {
    let models: Vec<&str> = catalogue::all().iter().map(|model| model.id.as_str()).collect();
    let text = format!(
        "Switchover's simulator: OpenRouter's API on loopback, with no model behind it.\n\n\
         POST /api/v1/chat/completions          healthy\n\
         POST /503/api/v1/chat/completions      with a fault; `switchover faults` lists them\n\
         GET  /api/v1/models, /key, /credits, /generation?id=…\n\n\
         seed {}, pace {}\n\nmodels:\n  {}\n",
        world.options.seed,
        world.options.pace,
        models.join("\n  ")
    );
    ResponseScript::whole(200, &[("Content-Type", "text/plain; charset=utf-8")], text.as_bytes()).into()
}

fn spent(world: &SimulatorState) -> f64 {
    lock(&world.ledger).spent()
}

fn key(world: &SimulatorState, request: &ReceivedRequest) -> Value {
    let key = request.header("authorization").unwrap_or_default();
    let tail: String = key.chars().rev().take(3).collect::<Vec<_>>().into_iter().rev().collect();
    let usage = spent(world);
    json!({ "data": {
        "label": format!("simulated...{tail}"),
        "limit": 10, "limit_remaining": 10.0 - usage, "limit_reset": null,
        "usage": usage, "usage_daily": usage, "usage_weekly": usage, "usage_monthly": usage,
        "is_free_tier": false, "is_management_key": false, "expires_at": null,
        "free_model_daily_requests": { "used": 0, "limit": 1000, "remaining": 1000 },
        "rate_limit": { "requests": -1, "interval": "10s", "note": "deprecated" },
    } })
}

fn generation(world: &SimulatorState, query: &str) -> ScriptedResponse {
    let id = query.split('&').find_map(|pair| pair.strip_prefix("id=")).unwrap_or_default();
    match lock(&world.ledger).find(id, world.options.generation_lag) {
        Some(data) => ok(&data),
        None => ErrorEnvelope::new(404, format!("Generation {id} not found")).script(&[]).into(),
    }
}
