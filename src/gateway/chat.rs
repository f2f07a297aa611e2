//! A request that a model answers: from its body to a run, from the run to a response.

use super::body::{self, Body};
use super::options::{Hold, KeySource};
use super::refusal::Refusal;
use super::served::{ClientRequest, ClientRun, observe};
use super::server::Gateway;
use super::stream::ChunkStream;
use super::{attribution, chain, guard, whole};
use crate::contract::ContractMode;
use crate::failover::Policy;
use crate::openrouter::Api;
use crate::secret::Secret;
use crate::spec::{ChatTask, RunSpec};
use crate::worker::{Driver, Relay, RunFaults, RunOptions, run_with};
use hyper::body::Incoming;
use hyper::header::{HeaderMap, HeaderName, USER_AGENT};
use hyper::{Request, Response, StatusCode};
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Duration;

/// The bytes that may wait for a client that reads slowly; with more, its model waits. 1 MiB.
const BACKLOG: usize = 1 << 20;
/// A client that takes nothing for this time, although so much waits for it, counts as one that has left.
const PATIENCE: Duration = Duration::from_secs(60);
/// The header that says what a stream waits for.
const HOLD: HeaderName = HeaderName::from_static("x-switchover-hold");
/// The header that turns the check of the answer off.
const CONTRACT: HeaderName = HeaderName::from_static("x-switchover-contract");

/// Serves a request to one part of the API. `fault` breaks the first model of the chain.
pub(super) async fn serve(
    gateway: &Arc<Gateway>,
    request: Request<Incoming>,
    api: Api,
    fault: Option<Arc<RunFaults>>,
) -> Result<Response<Body>, Refusal> {
    guard::check_json(request.headers())?;
    gateway.check_budget()?;
    let slot = gateway.slot().await?;
    // Others may have used up the budget while this one waited.
    gateway.check_budget()?;
    let (head, incoming) = request.into_parts();
    let bytes = body::read(incoming).await?;
    let contract = contract(&head.headers, gateway.options.contract)?;
    let hold = hold(&head.headers, gateway.options.hold)?;
    let task = ChatTask { body: parse(&bytes, api)?, contract, api };
    let header = guard::text(&head.headers, &HeaderName::from_static(chain::CHAIN));
    let defaults = gateway.defaults();
    let asked = chain::asked(&task, header).map(str::to_owned);
    let mut chain = chain::choose(&task, header, gateway.options.chains(&defaults), &gateway.services.catalogue())
        .map_err(|refusal| refusal.of_model(asked.as_deref().unwrap_or_default()))?;
    if api == Api::Embeddings {
        // Vectors of different models cannot be compared, so no other model answers.
        chain.truncate(1);
    }
    let streams = api != Api::Embeddings && task.body.get("stream") == Some(&Value::Bool(true));
    let key = match gateway.options.key {
        KeySource::Configured => None,
        KeySource::Client => Some(Secret::new(guard::bearer(&head.headers).ok_or_else(|| {
            Refusal::new(StatusCode::UNAUTHORIZED, "this gateway uses the client's own key, and the request has none")
        })?)),
    };
    let first = chain.first().map_or("", String::as_str);
    let request = ClientRequest::new(head.headers.get(USER_AGENT), asked.as_deref().unwrap_or(first), first);
    let options = RunOptions {
        headers: Some(attribution::choose(&head.headers, gateway.services.headers())),
        key,
        faults: fault,
        relay: if streams { Relay::Chunks } else { Relay::Response },
        backlog: BACKLOG,
        patience: Some(PATIENCE),
        // A stream continues while its client reads slowly; a whole answer has nobody to wait for.
        driver: if streams { Driver::OwnTask } else { Driver::Reader },
        tap: Some(observe(request, Arc::clone(gateway), slot)),
        // What is written at the same time is one transaction: a client would wait for that of others.
        ends_at_once: true,
    };
    let policy = Policy {
        seed: fastrand::u64(..),
        final_after_first_token: streams && hold == Hold::FirstToken,
        ..defaults.policy.clone()
    };
    let in_one_piece = if api.is_chat() { cannot_be_put_together(&task.body) } else { !streams };
    let mut spec = RunSpec { policy, ..RunSpec::new(task, chain) };
    if api == Api::Embeddings {
        spec.policy.limits.per_run = 1;
    }
    spec.settings.stream = in_one_piece.then_some(false);
    let run = ClientRun::new(run_with(spec, options, &gateway.services), gateway);
    Ok(if streams { ChunkStream::new(run, api, hold).response().await } else { whole::answer(run).await })
}

fn parse(bytes: &[u8], api: Api) -> Result<Map<String, Value>, Refusal> {
    let bad = |why: String| Refusal::new(StatusCode::BAD_REQUEST, why);
    let body: Map<String, Value> =
        serde_json::from_slice(bytes).map_err(|error| bad(format!("the body is not a JSON object: {error}")))?;
    match api {
        Api::ChatCompletions if body.get("messages").and_then(Value::as_array).is_none_or(Vec::is_empty) => {
            Err(bad("the request has no `messages`".to_owned()))
        }
        Api::Embeddings if !body.contains_key("input") => Err(bad("the request has no `input`".to_owned())),
        // A stored prompt or an earlier response may stand in for the input.
        _ => Ok(body),
    }
}

fn contract(headers: &HeaderMap, default: ContractMode) -> Result<ContractMode, Refusal> {
    match guard::text(headers, &CONTRACT).map(str::trim) {
        None => Ok(default),
        Some("none") => Ok(ContractMode::None),
        Some(_) => {
            Err(Refusal::new(StatusCode::BAD_REQUEST, "x-switchover-contract: expected `none`, or no such header"))
        }
    }
}

fn hold(headers: &HeaderMap, default: Hold) -> Result<Hold, Refusal> {
    let word = guard::text(headers, &HOLD);
    word.map_or(Ok(default), |word| {
        word.parse().map_err(|error: super::UnknownHold| Refusal::new(StatusCode::BAD_REQUEST, error.to_string()))
    })
}

/// Whether the chunks of a stream do not hold all that a whole response does: several choices, and audio.
fn cannot_be_put_together(body: &Map<String, Value>) -> bool {
    let several = body.get("n").and_then(Value::as_u64).is_some_and(|n| n > 1);
    let modalities = body.get("modalities").and_then(Value::as_array);
    several || modalities.is_some_and(|list| list.iter().any(|it| it == "audio"))
}
