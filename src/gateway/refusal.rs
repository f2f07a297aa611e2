//! Answers without an answer, in the shape of `OpenAI`'s errors: `{"error": {"message", "type", "code", "metadata"}}`.

use super::body::{Body, json_response};
use super::server::STOPS;
use super::trail::Trail;
use crate::failover::{FailureKind, Finished, Outcome};
use crate::openrouter::client::NO_SUCH_API;
use hyper::header::{HeaderName, HeaderValue, RETRY_AFTER};
use hyper::{Response, StatusCode};
use serde_json::{Value, json};

/// Why a request has no answer.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    message: String,
    metadata: Value,
    retry_after: Option<u64>,
    /// The model that the client asked for, as far as that is known.
    asked: Option<String>,
}

/// Tells `OpenAI`'s libraries not to repeat a request: what can be repeated was.
const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");

impl Refusal {
    /// A refusal before any model was asked.
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), metadata: Value::Null, retry_after: None, asked: None }
    }

    /// The client may try again after this number of seconds.
    #[must_use]
    pub(super) fn retry_after(self, seconds: u64) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    /// The client asked for this model.
    #[must_use]
    pub(super) fn of_model(self, asked: &str) -> Self {
        Self { asked: Some(asked.to_owned()), ..self }
    }

    /// The model that the client asked for; empty if that is not known.
    pub(super) fn asked(&self) -> &str {
        self.asked.as_deref().unwrap_or_default()
    }

    /// The status and the reason in one line. `request` is its method and path.
    pub(super) fn line(&self, request: &str) -> String {
        format!("HTTP {} to {request}: {}", self.status.as_u16(), self.message)
    }

    /// A run that ended without an answer: the status and the reason of the first failure that is a cause.
    pub(super) fn of_run(finished: &Finished, trail: &Trail) -> Self {
        let cause = trail.first_cause();
        let status = match (finished.outcome, cause) {
            // By the gateway's end: a client that has left hears nothing.
            (Outcome::Cancelled, _) => 503,
            (Outcome::LocalError, _) => 500,
            (Outcome::DeadlineExceeded, _) => 504,
            (_, Some(failure)) if failure.code.as_deref() == Some(NO_SUCH_API) => 501,
            (_, Some(failure)) => match failure.status.filter(|status| (400..600).contains(status)) {
                Some(status) => status,
                None => status_of(failure.kind),
            },
            (_, None) => 503,
        };
        let attempts: Vec<Value> = trail.attempts_as_json();
        let after = cause.filter(|_| status == 429).and_then(|failure| failure.hint);
        Self {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY),
            message: match finished.outcome {
                Outcome::Cancelled => STOPS.to_owned(),
                _ => finished.headline.clone().unwrap_or_else(|| "no model answered".to_owned()),
            },
            metadata: json!({"run": trail.run(), "attempts": attempts}),
            retry_after: after.map(|hint| hint.after.as_secs_f64().ceil() as u64),
            asked: None,
        }
    }

    /// The error as a JSON object.
    pub(super) fn error(&self) -> Value {
        let mut error = json!({
            "message": self.message,
            "type": kind(self.status),
            "code": self.status.as_u16(),
            "param": null,
        });
        if !self.metadata.is_null() {
            error["metadata"] = self.metadata.clone();
        }
        json!({"error": error})
    }

    /// The error as a response.
    pub(super) fn response(&self, trail: Option<&Trail>) -> Response<Body> {
        let mut response = json_response(self.status, &self.error());
        let headers = response.headers_mut();
        // What can be repeated was repeated by the run. A gateway that had no time for the request asked no model.
        let may_repeat = trail.is_none() && self.status == StatusCode::SERVICE_UNAVAILABLE;
        headers.insert(SHOULD_RETRY, HeaderValue::from_static(if may_repeat { "true" } else { "false" }));
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(trail) = trail {
            trail.add_headers(headers);
        }
        response
    }
}

/// The status for a failure whose server sent none.
fn status_of(kind: FailureKind) -> u16 {
    match kind {
        FailureKind::ConnectTimeout
        | FailureKind::FirstTokenTimeout
        | FailureKind::Idle
        | FailureKind::TimeShare
        | FailureKind::Deadline => 504,
        FailureKind::Policy | FailureKind::ContextLength => 400,
        FailureKind::Local => 500,
        _ => 502,
    }
}

/// `OpenAI`'s name for the kind of an error.
fn kind(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 => "authentication_error",
        402 => "insufficient_quota",
        403 => "permission_error",
        404 => "not_found_error",
        429 => "rate_limit_error",
        400..500 => "invalid_request_error",
        _ => "api_error",
    }
}
