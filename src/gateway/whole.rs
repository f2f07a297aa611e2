//! An answer in one piece.

use super::body::{Body, json_response};
use super::refusal::Refusal;
use super::served::ClientRun;
use super::trail::Trail;
use crate::failover::AttemptId;
use crate::worker::RunMessage;
use hyper::{Response, StatusCode};
use serde_json::Value;

/// Waits for the run's end, and answers with the response of the attempt that answered.
pub(super) async fn answer(mut run: ClientRun) -> Response<Body> {
    let mut trail = Trail::default();
    let mut response: Option<(AttemptId, Box<Value>)> = None;
    while trail.finished().is_none() {
        match run.next_message().await {
            Some(RunMessage::Report(report)) => trail.apply(&report),
            Some(RunMessage::Response(attempt, whole)) => response = Some((attempt, whole)),
            Some(RunMessage::Chunk(..)) => {}
            None => break,
        }
    }
    let Some(finished) = trail.finished() else {
        return Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "the run ended without a word").response(None);
    };
    match response.filter(|(attempt, _)| finished.attempt == Some(*attempt)) {
        Some((_, whole)) => {
            let mut response = json_response(StatusCode::OK, &whole);
            trail.add_headers(response.headers_mut());
            response
        }
        None => Refusal::of_run(finished, &trail).response(Some(&trail)),
    }
}
