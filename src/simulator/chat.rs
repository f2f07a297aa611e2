//! `POST /chat/completions`: reads the request, walks its models as the router does, and
//! hands the one that answers to [`reply`] and [`misbehave`].

mod request;

pub(super) use request::{CompletionRequest, PromptMessage, ResponseFormat};

use super::catalogue::{self, SimulatedModel};
use super::completion::SimulatedCompletion;
use super::envelope::ErrorEnvelope;
use super::http::ReceivedRequest;
use super::segment::FaultSegment;
use super::{ScriptedResponse, SimulatorState, lock, misbehave, reply};
use crate::fault::{Fault, FaultKind};
use serde_json::{Value, json};

/// The header that says which fault was injected.
pub(super) const FAULT_HEADER: &str = "X-Switchover-Fault";

/// Answers a completion request.
pub(super) fn answer(
    world: &SimulatorState,
    request: &ReceivedRequest,
    segment: Option<&FaultSegment>,
) -> ScriptedResponse {
    let ask = match CompletionRequest::read(request) {
        Ok(ask) => ask,
        Err(envelope) => return envelope.script(&[]).into(),
    };
    let mut router = ModelRouter { world, ask: &ask, segment, attempts: Vec::new() };
    match router.choose() {
        Ok((asked, model, fault)) => {
            let metadata = ask.metadata.then(|| router.metadata(asked, Some(model)));
            generate(world, request, &ask, model, fault.as_ref(), metadata)
        }
        Err(refused) => {
            let (envelope, fault) = *refused;
            // A masked 500 and a failed key tell nothing of the router.
            let told = ask.metadata && !matches!(envelope.status, 401 | 500);
            let metadata = told.then(|| router.metadata(&ask.models[0], None));
            let injected = fault.map(|fault| fault.to_string());
            let headers: Vec<_> = injected.iter().map(|word| (FAULT_HEADER, word.as_str())).collect();
            envelope.script_with(&headers, metadata).into()
        }
    }
}

/// One walk through the request's models.
struct ModelRouter<'a> {
    world: &'a SimulatorState,
    ask: &'a CompletionRequest,
    segment: Option<&'a FaultSegment>,
    /// Provider, model and status of everyone who was asked.
    attempts: Vec<Value>,
}

type RoutedModel<'a> = (&'a str, &'static SimulatedModel, Option<Fault>);
type RoutingError = Box<(ErrorEnvelope, Option<Fault>)>;

impl<'a> ModelRouter<'a> {
    /// The first model that answers, or the last error.
    fn choose(&mut self) -> Result<RoutedModel<'a>, RoutingError> {
        let last = self.ask.models.len() - 1;
        for (i, asked) in self.ask.models.iter().enumerate() {
            match self.try_model(asked, i == last) {
                Err(refused) if i < last && refused.0.status != 401 => {}
                decided => return decided,
            }
        }
        unreachable!("the last model decides")
    }

    fn try_model(&mut self, asked: &'a str, last: bool) -> Result<RoutedModel<'a>, RoutingError> {
        let model = resolve(asked).ok_or_else(|| Box::new((ErrorEnvelope::unknown_model(asked), None)))?;
        let fault = self.segment.and_then(|segment| {
            let now = self.world.started.elapsed();
            segment.fault(asked, &mut lock(&self.world.counters), now)
        });
        match fault.as_ref().map(|fault| fault.kind) {
            Some(FaultKind::Status(status)) => {
                self.attempted(model, status.code);
                Err(Box::new((ErrorEnvelope::injected(&status, model, asked), fault)))
            }
            // A router sees that a provider cannot be reached, and asks the next model.
            Some(FaultKind::Refused | FaultKind::Reset) if !last => {
                self.attempted(model, 502);
                Err(Box::new((ErrorEnvelope::new(502, "Provider unreachable"), fault)))
            }
            _ => {
                self.ask.fits(model).map_err(|envelope| Box::new((envelope, None)))?;
                self.attempted(model, 200);
                Ok((asked, model, fault))
            }
        }
    }

    fn attempted(&mut self, model: &SimulatedModel, status: u16) {
        self.attempts.push(json!({ "provider": model.providers[0], "model": model.served(), "status": status }));
    }

    fn metadata(&self, asked: &str, selected: Option<&SimulatedModel>) -> Value {
        let strategy = match asked {
            "openrouter/auto" => "auto",
            "openrouter/free" => "free",
            _ if self.ask.models.len() > 1 => "fallback",
            _ => "direct",
        };
        let available: Vec<Value> = self
            .ask
            .models
            .iter()
            .filter_map(|id| resolve(id))
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
            "requested": self.ask.models[0], "strategy": strategy, "region": null, "summary": summary,
            "attempt": self.attempts.len(), "is_byok": false,
            "endpoints": { "total": available.len(), "available": available },
            "attempts": self.attempts,
        })
    }
}

/// A model by id; the two routers stand for a paid and a free one.
fn resolve(id: &str) -> Option<&'static SimulatedModel> {
    match id {
        "openrouter/auto" => catalogue::all().first(),
        "openrouter/free" => catalogue::all().iter().find(|model| model.id.ends_with(":free")),
        _ => catalogue::find(id),
    }
}

fn generate(
    world: &SimulatorState,
    request: &ReceivedRequest,
    ask: &CompletionRequest,
    model: &'static SimulatedModel,
    fault: Option<&Fault>,
    metadata: Option<Value>,
) -> ScriptedResponse {
    let kind = fault.map(|fault| fault.kind);
    let mut completion =
        SimulatedCompletion::new(model, ask, &reply::compose(ask, model, kind), world.options.seed, metadata);
    misbehave::content(&mut completion, kind);
    let injected = fault.map(ToString::to_string);
    let script = misbehave::script(world, &completion, ask.stream, kind, injected.as_deref());
    let data = completion.ledger_entry(request, ask.stream);
    lock(&world.ledger).enter(completion.id.clone(), data, completion.cost());
    ScriptedResponse { script, generation: Some(completion.id) }
}
