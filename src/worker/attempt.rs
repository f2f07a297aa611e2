//! One HTTP exchange as a stream of what is heard of it.

use super::run::Ask;
use super::world::{Address, World};
use crate::dspy::{Adapter, Message, Signature};
use crate::failover::{Changes, Failure, Kind, Started};
use crate::openrouter::{
    Completion, Delta,
    client::{Call, Endpoint, Exchange},
    compose as body,
};
use crate::report::{Job, Sent};
use futures_util::stream::{self, BoxStream, StreamExt as _};
use std::collections::VecDeque;

/// What is heard of an attempt.
pub(super) enum Heard {
    /// A piece of the response.
    Delta(Delta),
    /// Its end.
    Ended(Box<Result<Completion, Failure>>),
}

/// Composes the request and opens it: what is sent, and the exchange that sends it when it is first listened to.
pub(super) fn open(ask: &Ask<'_>, started: &Started, messages: &[Message]) -> Result<(Sent, Exchange), Failure> {
    let Address { endpoint, injected, simulated } = ask.world.address(&started.model);
    let asked = Asked { job: ask.job, signature: ask.signature, route: started.route, messages };
    let exchange = compose(ask.world, &asked, &started.changes, &endpoint)?;
    let request = exchange.request().clone();
    Ok((Sent { attempt: started.attempt, model: started.model.clone(), request, injected, simulated }, exchange))
}

/// What an attempt asks, and whom.
pub(super) struct Asked<'a> {
    pub(super) job: &'a Job,
    /// As the module expanded it.
    pub(super) signature: &'a Signature,
    /// The place in the chain.
    pub(super) route: usize,
    pub(super) messages: &'a [Message],
}

/// The request as it leaves; nothing does until the exchange is listened to.
pub(super) fn compose(
    world: &World,
    asked: &Asked<'_>,
    changes: &Changes,
    endpoint: &Endpoint,
) -> Result<Exchange, Failure> {
    let &Asked { job, signature, route, messages } = asked;
    let Some(model) = job.chain.get(route).map(|route| &route.model) else {
        return Err(Failure::new(Kind::Local, "the chain is empty"));
    };
    let mut settings = job.settings.clone();
    if job.policy.server_side {
        let others = job.chain.iter().skip(route + 1).map(|route| route.model.clone());
        settings.models = others.take(crate::openrouter::settings::MAX_MODELS).collect();
    }
    // Where nothing is known of a model, or it did not like the format, the prompt alone has to do.
    let supports = |parameter| !changes.plain_format && world.supports(model, parameter);
    let format = match job.adapter {
        Adapter::Json if supports("structured_outputs") => job.adapter.response_format(signature),
        Adapter::Json if supports("response_format") => Some(serde_json::json!({"type": "json_object"})),
        _ => None,
    };
    let body = body::body(body::Ask {
        model,
        messages,
        settings: &settings,
        response_format: format.as_ref(),
        max_tokens: changes.max_tokens,
        dialect: endpoint.base.dialect(),
    })
    .map_err(|bad| Failure::new(Kind::Local, bad.to_string()))?;
    let headers = world.headers();
    world.client.open(&Call { endpoint, headers: &headers, body: &body, fresh: changes.fresh_connection })
}

/// Everything that the exchange says, and its end last. Dropping the stream closes the socket.
pub(super) fn listen(exchange: Exchange) -> BoxStream<'static, Heard> {
    struct Listening {
        exchange: Exchange,
        heard: VecDeque<Delta>,
        end: Option<Box<Result<Completion, Failure>>>,
        over: bool,
    }
    let listening = Listening { exchange, heard: VecDeque::new(), end: None, over: false };
    stream::unfold(listening, |mut l| async move {
        loop {
            if let Some(delta) = l.heard.pop_front() {
                return Some((Heard::Delta(delta), l));
            }
            if let Some(end) = l.end.take() {
                return Some((Heard::Ended(end), l));
            }
            if l.over {
                return None;
            }
            let mut out = Vec::new();
            let end = l.exchange.advance(&mut out).await;
            l.heard = out.into();
            l.over = end.is_some();
            l.end = end.map(Box::new);
        }
    })
    .boxed()
}

/// An attempt that could not even be sent.
pub(super) fn unsent(failure: Failure) -> BoxStream<'static, Heard> {
    stream::iter([Heard::Ended(Box::new(Err(failure)))]).boxed()
}
