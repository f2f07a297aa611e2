//! The list of models, as a client's `/models` shows it: the chains first.

use super::body::{Body, json_response};
use super::refusal::Refusal;
use super::server::Gateway;
use crate::openrouter::model::ModelInfo;
use crate::spec::CONFIGURED_CHAIN;
use hyper::{Response, StatusCode};
use serde_json::{Value, json};

/// All models: the chains first.
pub(super) fn list(gateway: &Gateway) -> Response<Body> {
    let catalogue = gateway.services.catalogue();
    let names = std::iter::once(CONFIGURED_CHAIN).chain(gateway.options.chains.keys().map(String::as_str));
    let chains = names.filter_map(|name| chain(gateway, name));
    let models: Vec<Value> = chains.chain(catalogue.models.iter().map(entry)).collect();
    json_response(StatusCode::OK, &json!({"object": "list", "data": models}))
}

/// One model or chain.
pub(super) fn find(gateway: &Gateway, id: &str) -> Result<Response<Body>, Refusal> {
    let found = chain(gateway, id).or_else(|| gateway.services.catalogue().find(id).map(entry));
    let none = || Refusal::new(StatusCode::NOT_FOUND, "no such model; `/v1/models` lists them");
    found.map(|model| json_response(StatusCode::OK, &model)).ok_or_else(none)
}

fn chain(gateway: &Gateway, name: &str) -> Option<Value> {
    let defaults = gateway.defaults();
    let models = gateway.options.chains(&defaults).get(name)?;
    let title = if name == CONFIGURED_CHAIN { "The configured fallback chain" } else { "A fallback chain" };
    Some(json!({
        "id": name, "object": "model", "created": 0, "owned_by": "switchover",
        "name": title, "description": models.join(", "),
    }))
}

fn entry(model: &ModelInfo) -> Value {
    let owner = model.id.split_once('/').map_or("", |(owner, _)| owner);
    json!({
        "id": model.id, "object": "model", "created": 0, "owned_by": owner, "name": model.name,
        "context_length": model.context, "supported_parameters": model.parameters,
    })
}
