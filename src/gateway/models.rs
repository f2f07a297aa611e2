//! The list of models, as a client's `/models` shows it: the configured chain first.

use super::body::{Body, json_response};
use super::refusal::Refusal;
use super::server::Gateway;
use crate::openrouter::model::ModelInfo;
use crate::spec::CONFIGURED_CHAIN;
use hyper::{Response, StatusCode};
use serde_json::{Value, json};

/// All models.
pub(super) fn list(gateway: &Gateway) -> Response<Body> {
    let catalogue = gateway.services.catalogue();
    let models: Vec<Value> = std::iter::once(chain(gateway)).chain(catalogue.models.iter().map(entry)).collect();
    json_response(StatusCode::OK, &json!({"object": "list", "data": models}))
}

/// One model.
pub(super) fn one(gateway: &Gateway, id: &str) -> Result<Response<Body>, Refusal> {
    let found = match id {
        CONFIGURED_CHAIN => Some(chain(gateway)),
        id => gateway.services.catalogue().find(id).map(entry),
    };
    let none = || Refusal::new(StatusCode::NOT_FOUND, "no such model; `/v1/models` lists them");
    found.map(|model| json_response(StatusCode::OK, &model)).ok_or_else(none)
}

fn chain(gateway: &Gateway) -> Value {
    json!({
        "id": CONFIGURED_CHAIN, "object": "model", "created": 0, "owned_by": "switchover",
        "name": "The configured fallback chain", "description": gateway.options.chain.join(", "),
    })
}

fn entry(model: &ModelInfo) -> Value {
    let owner = model.id.split_once('/').map_or("", |(owner, _)| owner);
    json!({
        "id": model.id, "object": "model", "created": 0, "owned_by": owner, "name": model.name,
        "context_length": model.context, "supported_parameters": model.parameters,
    })
}
