//! Completions of every [`Shape`]: reads the request, tries its models in order as OpenRouter's router does, and has the
//! model that answers generate a completion.

mod request;
mod tools;

pub(super) use request::{CompletionRequest, PromptMessage, ResponseFormat, hash};

use super::catalogue::{self, SimulatedModel};
use super::completion::SimulatedCompletion;
use super::envelope::ErrorEnvelope;
use super::http::ReceivedRequest;
use super::segment::FaultSegment;
use super::shape::Shape;
use super::{ScriptedResponse, SimulatorState, misbehave, reply};
use crate::fault::{Fault, FaultKind};
use crate::lock::locked;
use serde_json::{Value, json};
use std::sync::atomic::Ordering;

/// The header that names the injected fault.
pub(super) const FAULT_HEADER: &str = "X-Switchover-Fault";

/// Answers a completion request.
pub(super) fn answer(
    state: &SimulatorState,
    received: &ReceivedRequest,
    shape: Shape,
    faults: Option<&FaultSegment>,
) -> ScriptedResponse {
    let request = match CompletionRequest::read(received, shape) {
        Ok(request) => request,
        Err(envelope) => return envelope.script(&[]).into(),
    };
    let mut router = ModelRouter { state, request: &request, faults, attempts: Vec::new() };
    match router.choose() {
        Ok((requested, model, fault)) => {
            let metadata = request.metadata.then(|| router.metadata(requested, Some(model)));
            generate(state, received, &request, model, fault.as_ref(), metadata)
        }
        Err(refused) => {
            let (envelope, fault) = *refused;
            // OpenRouter masks a 500, and a failed key never reaches the router: both come without metadata.
            let has_metadata = request.metadata && !matches!(envelope.status, 401 | 500);
            let metadata = has_metadata.then(|| router.metadata(&request.models[0], None));
            let fault = fault.map(|fault| fault.to_string());
            let headers: Vec<_> = fault.iter().map(|fault| (FAULT_HEADER, fault.as_str())).collect();
            let script = envelope.script_with(&headers, metadata);
            ScriptedResponse { script, generation: None, model: request.models.into_iter().next(), fault }
        }
    }
}

/// One walk through the models of a request.
struct ModelRouter<'a> {
    state: &'a SimulatorState,
    request: &'a CompletionRequest,
    faults: Option<&'a FaultSegment>,
    /// Provider, model and status of each model that was tried.
    attempts: Vec<Value>,
}

/// The id that the request names, the model that answers, and the fault of its answer.
type RoutedModel<'a> = (&'a str, &'static SimulatedModel, Option<Fault>);
/// The error of a model, and the fault that it comes from.
type RoutingError = Box<(ErrorEnvelope, Option<Fault>)>;

impl<'a> ModelRouter<'a> {
    /// The first model that answers, or the error of the last one.
    fn choose(&mut self) -> Result<RoutedModel<'a>, RoutingError> {
        let last = self.request.models.len() - 1;
        for (i, requested) in self.request.models.iter().enumerate() {
            match self.try_model(requested, i == last) {
                Err(refused) if i < last && refused.0.status != 401 => {}
                decided => return decided,
            }
        }
        unreachable!("the last model decides")
    }

    fn try_model(&mut self, requested: &'a str, last: bool) -> Result<RoutedModel<'a>, RoutingError> {
        let model = resolve(requested, self.request.shape)
            .ok_or_else(|| Box::new((ErrorEnvelope::unknown_model(requested), None)))?;
        let fault = self.faults.and_then(|faults| {
            let now = self.state.started.elapsed();
            faults.fault(requested, &mut locked(&self.state.counters), now)
        });
        match fault.as_ref().map(|fault| fault.kind) {
            Some(FaultKind::Status(status)) => {
                self.attempted(model, status.code);
                Err(Box::new((ErrorEnvelope::injected(&status, model, requested), fault)))
            }
            // OpenRouter sees that a provider cannot be reached, and asks the next model.
            Some(FaultKind::Refused | FaultKind::Reset) if !last => {
                self.attempted(model, 502);
                Err(Box::new((ErrorEnvelope::new(502, "Provider unreachable"), fault)))
            }
            _ => {
                self.request.check(model).map_err(|envelope| Box::new((envelope, None)))?;
                self.attempted(model, 200);
                Ok((requested, model, fault))
            }
        }
    }

    fn attempted(&mut self, model: &SimulatedModel, status: u16) {
        self.attempts.push(json!({ "provider": model.providers[0], "model": model.served(), "status": status }));
    }

    /// The `openrouter_metadata` of this walk.
    fn metadata(&self, requested: &str, selected: Option<&SimulatedModel>) -> Value {
        let strategy = match requested {
            "openrouter/auto" => "auto",
            "openrouter/free" => "free",
            _ if self.request.models.len() > 1 => "fallback",
            _ => "direct",
        };
        let available: Vec<Value> = self
            .request
            .models
            .iter()
            .filter_map(|id| resolve(id, self.request.shape))
            .flat_map(|model| model.providers.iter().enumerate().map(move |(i, provider)| (model, i, provider)))
            .map(|(model, i, provider)| {
                let chosen = i == 0 && selected.is_some_and(|selected| selected.id == model.id);
                json!({ "provider": provider, "model": model.served(), "selected": chosen })
            })
            .collect();
        let summary = match selected {
            Some(model) => format!("available={}, selected={}", available.len(), model.providers[0]),
            None => format!("available={}, selected=none", available.len()),
        };
        json!({
            "requested": self.request.models[0], "strategy": strategy, "region": null, "summary": summary,
            "attempt": self.attempts.len(), "is_byok": false,
            "endpoints": { "total": available.len(), "available": available },
            "attempts": self.attempts,
        })
    }
}

/// The model of an id. `openrouter/auto` is the first model, `openrouter/free` the first free one.
fn resolve(id: &str, shape: Shape) -> Option<&'static SimulatedModel> {
    match id {
        _ if shape == Shape::Embeddings => catalogue::embedding_models().iter().find(|model| model.id == id),
        "openrouter/auto" => catalogue::all().first(),
        "openrouter/free" => catalogue::all().iter().find(|model| model.id.ends_with(":free")),
        _ => catalogue::find(id),
    }
}

fn generate(
    state: &SimulatorState,
    received: &ReceivedRequest,
    request: &CompletionRequest,
    model: &'static SimulatedModel,
    fault: Option<&Fault>,
    metadata: Option<Value>,
) -> ScriptedResponse {
    let kind = fault.map(|fault| fault.kind);
    let reply = reply::compose(request, model, kind);
    let number = state.completions.fetch_add(1, Ordering::Relaxed);
    let mut completion = SimulatedCompletion::new(model, request, reply, (state.options.seed, number), metadata);
    misbehave::spoil_content(&mut completion, kind);
    let fault = fault.map(ToString::to_string);
    let script = misbehave::script(state, &completion, request.stream, kind, fault.as_deref());
    let data = completion.generation(received, request.stream);
    locked(&state.ledger).add(completion.id.clone(), data, completion.cost());
    ScriptedResponse { script, generation: Some(completion.id), model: Some(model.id.clone()), fault }
}
