//! One request as a row, and the fold that makes it.

use crate::failover::{AttemptId, Cost, Event, Outcome};
use crate::report::{Observation, Report, ReportKind};
use crate::transcript::{Spend, Transcript};
use std::sync::Arc;
use std::time::Duration;

/// What a list says of a request.
#[derive(Clone, Debug, PartialEq)]
pub struct TrafficRow {
    /// Its number in this session, from 1.
    pub number: u64,
    /// The id of its run: its start in ms since 1970.
    pub run: u64,
    /// The program that sent it, by its `User-Agent`; may be empty.
    pub client: Arc<str>,
    /// The model or chain that it asked for, as it wrote it; empty if that is not known.
    pub asked: Arc<str>,
    /// The first model of the chain that this means; empty if the request was refused.
    pub first_choice: Arc<str>,
    /// The model that answers, or was asked last; `None` as long as none was asked, and if none has answered.
    pub model: Option<Arc<str>>,
    /// The number of attempts so far.
    pub attempts: u32,
    /// How far it is.
    pub status: TrafficStatus,
    /// From its beginning to the first token of the latest attempt that had one.
    pub first_token: Option<Duration>,
    /// When it began, on the fold's clock.
    pub began: Duration,
    /// How long it took; zero while it is in progress.
    pub took: Duration,
    /// What it has cost so far.
    pub spend: Spend,
    /// Why the gateway refused it, if it did.
    pub reason: Option<Arc<str>>,
}

/// How far a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrafficStatus {
    /// Its run has not ended.
    InProgress,
    /// A model answered.
    Answered,
    /// No model answered.
    Failed,
    /// The client closed its connection before the answer was complete.
    Left,
}

impl TrafficRow {
    /// Whether another model than the first choice answered.
    pub fn switched(&self) -> bool {
        self.status == TrafficStatus::Answered && self.model.as_ref().is_some_and(|model| *model != self.first_choice)
    }

    /// Whether the gateway refused it before any model was asked.
    pub fn is_refused(&self) -> bool {
        self.reason.is_some()
    }

    /// A refused request as a run, which no history has.
    pub fn refusal(&self) -> Option<Transcript> {
        let reason = self.reason.as_deref()?;
        Some(Transcript::of([&Report::refused(self.run, reason.to_owned())]))
    }

    /// The time of day at which it began: hours, minutes and seconds (UTC).
    pub fn time(&self) -> String {
        let seconds = self.run / 1000;
        format!("{:02}:{:02}:{:02}", seconds / 3600 % 24, seconds / 60 % 60, seconds % 60)
    }
}

/// A row while reports may come.
#[derive(Debug)]
pub(super) struct RowFold {
    pub(super) row: TrafficRow,
    /// The costs of the attempts that have ended.
    costs: Vec<(AttemptId, Cost)>,
    /// The run's own sum, from its final event.
    sum: Option<Cost>,
    changed: bool,
}

impl RowFold {
    pub(super) fn new(row: TrafficRow) -> Self {
        Self { row, costs: Vec::new(), sum: None, changed: false }
    }

    /// Whether the row has changed since the last call.
    pub(super) fn take_change(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// Applies a report. Returns the model that answers from now on, if it is another one.
    pub(super) fn apply<'a>(&mut self, report: &'a Report) -> Option<&'a str> {
        let mut model = None;
        match &report.what {
            ReportKind::Engine(Event::Started(started)) => {
                self.row.attempts = self.row.attempts.saturating_add(1);
                self.changed = true;
                model = Some(started.model.as_str());
            }
            ReportKind::Engine(Event::FirstToken(first)) => {
                self.row.first_token = Some(report.at);
                self.changed = true;
                model = Some(first.model.as_str());
            }
            ReportKind::Engine(Event::Failed(failed)) => self.add_cost(failed.attempt, failed.cost),
            ReportKind::Engine(Event::Answered(answered)) => {
                self.add_cost(answered.attempt, answered.cost);
                model = Some(answered.model.as_str());
            }
            ReportKind::Engine(Event::Finished(finished)) => {
                self.row.status = match finished.outcome {
                    Outcome::Succeeded => TrafficStatus::Answered,
                    Outcome::Cancelled => TrafficStatus::Left,
                    _ => TrafficStatus::Failed,
                };
                if self.row.status != TrafficStatus::Answered {
                    self.row.model = None;
                }
                if self.row.first_choice.is_empty() {
                    self.row.reason = finished.headline.as_deref().map(Arc::from);
                }
                self.row.took = finished.took;
                self.sum = Some(finished.cost);
                self.add_up();
            }
            ReportKind::Observation(Observation::Billed { attempt, generation }) => {
                if let Some(cost) = generation.cost {
                    self.add_cost(*attempt, Cost::Known(cost));
                }
            }
            ReportKind::Observation(_) | ReportKind::Engine(_) => {}
        }
        model.filter(|model| self.row.model.as_deref() != Some(*model)).inspect(|_| self.changed = true)
    }

    /// Adds what an attempt cost. A cost that was known stays.
    fn add_cost(&mut self, attempt: AttemptId, cost: Cost) {
        match self.costs.iter_mut().find(|(known, _)| *known == attempt) {
            Some((_, known)) if *known == Cost::Unknown => *known = cost,
            Some(_) => {}
            None => self.costs.push((attempt, cost)),
        }
        self.add_up();
    }

    fn add_up(&mut self) {
        self.row.spend = match self.sum {
            Some(known @ Cost::Known(_)) => known.into(),
            Some(unknown) if self.costs.is_empty() => unknown.into(),
            _ => self.costs.iter().map(|(_, cost)| *cost).collect(),
        };
        self.changed = true;
    }
}
