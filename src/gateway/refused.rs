//! Requests that are refused before any model is asked, for those who watch: each is a run that was rejected at once. They
//! are not stored.

use super::options::GatewayEvent;
use super::refusal::Refusal;
use super::served::{ClientRequest, Served};
use super::server::Gateway;
use super::trail::Trail;
use crate::report::Report;
use crate::text::clean_line;
use hyper::header::{HeaderValue, USER_AGENT};
use hyper::{Method, Request, Uri};
use std::sync::Arc;
use std::time::Duration;

/// What a request says of its sender before its body is read.
pub(super) struct Sender {
    agent: Option<HeaderValue>,
    method: Method,
    uri: Uri,
}

impl Sender {
    pub(super) fn of<B>(request: &Request<B>) -> Self {
        let agent = request.headers().get(USER_AGENT).cloned();
        Self { agent, method: request.method().clone(), uri: request.uri().clone() }
    }
}

/// Tells the listener of a request that was refused.
pub(super) async fn announce(gateway: Arc<Gateway>, sender: Sender, refusal: Refusal) {
    let run = gateway.services.new_run().await;
    let request = ClientRequest::new(sender.agent.as_ref(), refusal.asked(), "");
    let line = refusal.line(&format!("{} {}", sender.method, sender.uri.path()));
    let report = Report::refused(run, clean_line(&line, 300));
    let mut trail = Trail::default();
    trail.apply(&report);
    let listener = &gateway.options.listener;
    listener(GatewayEvent::Begun { run, request: request.clone() });
    listener(GatewayEvent::Report(Arc::new(report)));
    listener(GatewayEvent::Served(Box::new(Served { request, trail, took: Duration::ZERO })));
}
