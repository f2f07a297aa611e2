//! The attempts for one request and their results: a fold of the run's reports, for response headers and the log.

use crate::failover::{AttemptId, Cost, Event, Failure, FailureKind, Finished, Skip, Skipped};
use crate::report::{Observation, Report, ReportKind};
use crate::text::clean_line;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};
use std::borrow::Cow;
use std::time::Duration;

/// The longest value of a header, in bytes.
const MAX_HEADER: usize = 1000;

/// The attempts of a run so far.
#[derive(Clone, Debug, Default)]
pub struct Trail {
    run: u64,
    attempts: Vec<TrailAttempt>,
    /// The models that were skipped, each with the reason and the number of attempts before it.
    skipped: Vec<(usize, String, Skip)>,
    /// From the request to the first token of the latest attempt that had one.
    first_token: Option<Duration>,
    mended: bool,
    /// The costs that are known, in USD.
    known_cost: f64,
    finished: Option<Finished>,
}

#[derive(Clone, Debug)]
struct TrailAttempt {
    id: AttemptId,
    model: String,
    injected: bool,
    end: TrailEnd,
}

#[derive(Clone, Debug)]
enum TrailEnd {
    Open,
    Answered,
    Failed(Box<Failure>),
}

impl TrailAttempt {
    /// The model and what came of it.
    fn text(&self) -> String {
        match &self.end {
            TrailEnd::Failed(failure) => {
                let injected = if self.injected { " (injected)" } else { "" };
                let advice = failure.advice.as_ref().map(|advice| format!(" ({advice})")).unwrap_or_default();
                format!("{} {}{injected}{advice}", self.model, clean_line(&failure.summary(), 80))
            }
            TrailEnd::Answered => format!("{} answered", self.model),
            TrailEnd::Open => format!("{} answers", self.model),
        }
    }
}

impl Trail {
    /// Applies a report of the run.
    pub(super) fn apply(&mut self, report: &Report) {
        self.run = report.run;
        match &report.what {
            ReportKind::Engine(Event::Started(started)) => self.attempts.push(TrailAttempt {
                id: started.attempt,
                model: started.model.clone(),
                injected: false,
                end: TrailEnd::Open,
            }),
            ReportKind::Engine(Event::Skipped(skipped)) => self.skip(skipped),
            ReportKind::Engine(Event::FirstToken(_)) => self.first_token = Some(report.at),
            ReportKind::Engine(Event::Failed(failed)) => {
                self.count(failed.cost);
                if let Some(attempt) = self.attempt(failed.attempt) {
                    attempt.end = TrailEnd::Failed(Box::new(failed.failure.clone()));
                }
            }
            ReportKind::Engine(Event::Answered(answered)) => {
                self.count(answered.cost);
                if let Some(attempt) = self.attempt(answered.attempt) {
                    attempt.end = TrailEnd::Answered;
                }
            }
            ReportKind::Engine(Event::Finished(finished)) => self.finished = Some(finished.clone()),
            ReportKind::Observation(Observation::Sent(sent)) => {
                if let Some(attempt) = self.attempt(sent.attempt) {
                    attempt.injected = sent.injected.is_some();
                }
            }
            ReportKind::Observation(Observation::Parsed { prediction, .. }) => {
                self.mended = !prediction.repairs.is_empty();
            }
            _ => {}
        }
    }

    /// Notes a model that is not asked. One that was asked before has its own place.
    fn skip(&mut self, Skipped { model, why, .. }: &Skipped) {
        let mut known = self.attempts.iter().map(|attempt| &attempt.model);
        if !known.any(|known| known == model) && !self.skipped.iter().any(|(_, known, _)| known == model) {
            self.skipped.push((self.attempts.len(), model.clone(), *why));
        }
    }

    fn count(&mut self, cost: Cost) {
        if let Cost::Known(usd) = cost {
            self.known_cost += usd;
        }
    }

    fn attempt(&mut self, id: AttemptId) -> Option<&mut TrailAttempt> {
        self.attempts.iter_mut().rfind(|attempt| attempt.id == id)
    }

    /// The run's number.
    pub fn run(&self) -> u64 {
        self.run
    }

    /// The number of attempts so far.
    pub fn attempts(&self) -> usize {
        self.attempts.len()
    }

    /// From the request to the first token that came.
    pub fn first_token(&self) -> Option<Duration> {
        self.first_token
    }

    /// The run's final event, once it has come.
    pub fn finished(&self) -> Option<&Finished> {
        self.finished.as_ref()
    }

    /// Whether the answer was accepted only after mending.
    pub(super) fn is_mended(&self) -> bool {
        self.mended
    }

    /// The known costs of the attempts so far, in USD. It may be less than the run has cost.
    pub(super) fn known_cost(&self) -> f64 {
        self.known_cost
    }

    /// What the run has cost.
    pub fn cost(&self) -> Cost {
        self.finished.as_ref().map_or(Cost::NOTHING, |finished| finished.cost)
    }

    /// The model that answered, or that is answering.
    pub fn model(&self) -> Option<&str> {
        let answers = |attempt: &&TrailAttempt| !matches!(attempt.end, TrailEnd::Failed(_));
        self.attempts.iter().rfind(answers).map(|attempt| attempt.model.as_str())
    }

    /// The first failure that is a cause, and not a consequence of another attempt's end.
    pub(super) fn first_cause(&self) -> Option<&Failure> {
        self.attempts.iter().find_map(|attempt| match &attempt.end {
            TrailEnd::Failed(failure) => {
                let kind = failure.kind;
                let aborted = [FailureKind::HedgeLost, FailureKind::Cancelled, FailureKind::Deadline].contains(&kind);
                (!aborted).then_some(failure.as_ref())
            }
            _ => None,
        })
    }

    /// The attempts for an error's `metadata`.
    pub(super) fn attempts_as_json(&self) -> Vec<Value> {
        let row = |attempt: &TrailAttempt| match &attempt.end {
            TrailEnd::Failed(failure) => {
                json!({"model": attempt.model, "status": failure.status, "reason": failure.summary()})
            }
            TrailEnd::Answered => json!({"model": attempt.model, "status": 200, "reason": "answered"}),
            TrailEnd::Open => json!({"model": attempt.model, "status": null, "reason": "did not end"}),
        };
        self.attempts.iter().map(row).collect()
    }

    /// The attempts and the skipped models in one line: `openai/gpt-4o-mini HTTP 503, anthropic/claude-3-haiku answered`.
    pub fn line(&self) -> String {
        let skips = |at: usize| {
            let here = self.skipped.iter().filter(move |(before, ..)| *before == at);
            here.map(|(_, model, why)| format!("{model} skipped ({why})"))
        };
        let steps = self.attempts.iter().enumerate().flat_map(|(at, attempt)| skips(at).chain([attempt.text()]));
        steps.chain(skips(self.attempts.len())).collect::<Vec<_>>().join(", ")
    }

    /// Adds the response headers about the run: its number, the model that answers, the number of attempts, all attempts
    /// in one line, and whether the answer was mended.
    pub(super) fn add_headers(&self, headers: &mut HeaderMap) {
        let mut add = |name: &'static str, value: &str| {
            let is_visible = |c: char| (' '..='~').contains(&c);
            let value = if value.chars().all(is_visible) {
                Cow::Borrowed(value)
            } else {
                value.chars().map(|c| if is_visible(c) { c } else { '?' }).collect()
            };
            if let Ok(value) = HeaderValue::from_str(value.get(..MAX_HEADER).unwrap_or(&value)) {
                headers.insert(HeaderName::from_static(name), value);
            }
        };
        if self.run > 0 {
            add("x-switchover-run", &self.run.to_string());
        }
        if let Some(model) = self.model() {
            add("x-switchover-model", model);
        }
        add("x-switchover-attempts", &self.attempts.len().to_string());
        add("x-switchover-trail", &self.line());
        if self.mended {
            add("x-switchover-mended", "true");
        }
    }
}
