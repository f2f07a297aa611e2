//! How the models fare in this session: a fold of the reports of all runs. Knows reports; must not know who shows it.

use super::{Tone, model_name, seconds};
use crate::failover::breaker::TRIPS_AT;
use crate::failover::{BreakerState, Event, FaultDomain, FirstTokenTimes, Route, Scope};
use crate::report::{Report, ReportKind};
use std::sync::Arc;
use std::time::Duration;

/// The most rows. Programs at the gateway may ask for any number of models.
const MAX_ROWS: usize = 200;

/// The health board: a row for each model that was asked, and for whatever else has a breaker that changed.
#[derive(Clone, Debug, Default)]
pub struct HealthBoard {
    /// In the order in which they were first reported.
    pub rows: Vec<HealthRow>,
}

/// One model's calls in this session; or the breaker of a class, an account or an origin.
#[derive(Clone, Debug)]
pub struct HealthRow {
    /// What it is about. The origin is empty.
    pub scope: Scope,
    /// Attempts that were started.
    pub asked: u32,
    /// Attempts that ended with a valid answer.
    pub answered: u32,
    /// Attempts that ended without one.
    pub failed: u32,
    /// The reason of the last failure, one line.
    pub last_failure: Option<String>,
    /// Recent times to first token.
    pub first_tokens: FirstTokenTimes,
    /// The breaker's last reported state, on the clock that [`HealthBoard::apply`] was given. `None`: it never changed.
    pub breaker: Option<BreakerState>,
}

impl HealthBoard {
    /// Applies a report that arrives at `now`, on any clock that does not run backwards.
    pub fn apply(&mut self, now: Duration, report: &Report) {
        let ReportKind::Engine(event) = &report.what else { return };
        match event {
            Event::Started(started) => self.model(&started.model).asked += 1,
            Event::FirstToken(first) => self.model(&first.model).first_tokens.record(first.first_token),
            Event::Answered(answered) => self.model(&answered.model).answered += 1,
            Event::Failed(failed) => {
                let row = self.model(&failed.model);
                row.failed += 1;
                row.last_failure = Some(failed.failure.reason.clone());
            }
            Event::Breaker(change) => {
                let began = now.saturating_sub(report.at);
                let state = match change.to {
                    BreakerState::Open { until } => BreakerState::Open { until: until.map(|until| began + until) },
                    other => other,
                };
                self.row(change.scope.domain, &change.scope.name).breaker = Some(state);
            }
            Event::Health(_) | Event::Skipped(_) | Event::Waiting(_) | Event::Discarded(_) | Event::Finished(_) => {}
        }
    }

    /// Adds what another board has seen since this one. `own` translates a time on its clock to this one's.
    pub fn absorb(&mut self, later: &Self, own: impl Fn(Duration) -> Duration) {
        for news in &later.rows {
            let row = self.row(news.scope.domain, &news.scope.name);
            row.asked += news.asked;
            row.answered += news.answered;
            row.failed += news.failed;
            row.first_tokens.extend(&news.first_tokens);
            if news.last_failure.is_some() {
                row.last_failure.clone_from(&news.last_failure);
            }
            row.breaker = match news.breaker {
                Some(BreakerState::Open { until }) => Some(BreakerState::Open { until: until.map(&own) }),
                Some(other) => Some(other),
                None => row.breaker,
            };
        }
    }

    /// The user closed all breakers of this name.
    pub fn reset(&mut self, name: &str) {
        for row in self.rows.iter_mut().filter(|row| *row.scope.name == *name && row.breaker.is_some()) {
            row.breaker = Some(BreakerState::Closed { weight: 0.0 });
        }
    }

    /// A fault of this model was set or cleared, which closes all breakers of its route.
    pub fn reset_route(&mut self, model: &str) {
        let route = Route::new(model, "");
        let covers = |scope: &Scope| match scope.domain {
            FaultDomain::Model => *scope.name == *model,
            FaultDomain::Class => route.class() == Some(&*scope.name),
            // A session has one server.
            _ => true,
        };
        for row in self.rows.iter_mut().filter(|row| row.breaker.is_some() && covers(&row.scope)) {
            row.breaker = Some(BreakerState::Closed { weight: 0.0 });
        }
    }

    /// The last reported state of a model's breaker.
    pub fn breaker(&self, model: &str) -> Option<BreakerState> {
        self.rows.iter().find(|row| row.is(FaultDomain::Model, model)).and_then(|row| row.breaker)
    }

    /// Whether a breaker is open whose cooldown ends after `now`, so that the board counts down.
    pub fn counts_down(&self, now: Duration) -> bool {
        let open = |row: &HealthRow| matches!(row.breaker, Some(BreakerState::Open { until: Some(end) }) if end > now);
        self.rows.iter().any(open)
    }

    fn model(&mut self, name: &str) -> &mut HealthRow {
        self.row(FaultDomain::Model, name)
    }

    fn row(&mut self, domain: FaultDomain, name: &str) -> &mut HealthRow {
        let index = self.rows.iter().position(|row| row.is(domain, name)).unwrap_or_else(|| {
            if self.rows.len() >= MAX_ROWS {
                self.rows.remove(0);
            }
            self.rows.push(HealthRow {
                scope: Scope { domain, name: Arc::from(name), origin: Arc::default() },
                asked: 0,
                answered: 0,
                failed: 0,
                last_failure: None,
                first_tokens: FirstTokenTimes::default(),
                breaker: None,
            });
            self.rows.len() - 1
        });
        &mut self.rows[index]
    }
}

impl HealthRow {
    fn is(&self, domain: FaultDomain, name: &str) -> bool {
        self.scope.domain == domain && *self.scope.name == *name
    }

    /// Its name for people: a model's without its maker.
    pub fn label(&self) -> String {
        match self.scope.domain {
            FaultDomain::Model => model_name(&self.scope.name).to_owned(),
            _ => self.scope.to_string(),
        }
    }

    /// Its breaker's state at `now` for people, and its tone.
    pub fn breaker_text(&self, now: Duration) -> (String, Tone) {
        match self.breaker {
            None => ("closed".to_owned(), Tone::Quiet),
            Some(BreakerState::Closed { weight }) if weight > 0.0 => {
                (format!("closed, {weight}/{TRIPS_AT}"), Tone::Warn)
            }
            Some(BreakerState::Closed { .. }) => ("closed".to_owned(), Tone::Good),
            Some(BreakerState::Open { until: Some(until) }) if until > now => {
                (format!("open, {} left", seconds(until.saturating_sub(now))), Tone::Bad)
            }
            Some(BreakerState::Open { until: None }) => ("open until reset".to_owned(), Tone::Bad),
            Some(BreakerState::Open { .. } | BreakerState::HalfOpen) => ("half-open: one probe".to_owned(), Tone::Warn),
            Some(BreakerState::Probing) => ("probing".to_owned(), Tone::Live),
        }
    }
}
