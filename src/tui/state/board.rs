//! How the models have fared in this session: a fold of reports over all runs.

use crate::failover::{BreakerState, Event};
use crate::report::{Observation, Report, ReportKind};
use crate::transcript::model_name;
use std::collections::VecDeque;
use std::time::Duration;

/// First-token times that are remembered of a model.
const REMEMBERED: usize = 20;

/// One line a model.
#[derive(Clone, Debug, Default)]
pub struct HealthBoard {
    /// In the order of their first attempt.
    pub gauges: Vec<HealthRow>,
    /// When the run that is heard began, on the screen's clock.
    began: Duration,
}

/// A model's session.
#[derive(Clone, Debug, Default)]
pub struct HealthRow {
    /// Its slug, or what else a breaker guards.
    pub name: String,
    /// Attempts.
    pub asked: u32,
    /// Of these, answered.
    pub answered: u32,
    /// Of these, failed.
    pub failed: u32,
    /// The last failure, one line.
    pub last: Option<String>,
    /// Times to first token, the latest last.
    pub first_tokens: VecDeque<Duration>,
    /// Its breaker, if it ever moved; times count on the screen's clock.
    pub breaker: Option<BreakerState>,
}

impl HealthRow {
    /// The first-token time that so many percent of the remembered attempts were no slower than.
    pub fn percentile(&self, percent: usize) -> Option<Duration> {
        let mut times: Vec<_> = self.first_tokens.iter().copied().collect();
        times.sort_unstable();
        let rank = (times.len() * percent).div_ceil(100);
        times.get(rank.saturating_sub(1)).copied()
    }

    /// Its name as it is shown.
    pub fn short(&self) -> &str {
        model_name(&self.name)
    }
}

impl HealthBoard {
    /// Takes one report in, at a time of the screen's clock.
    pub fn hear(&mut self, now: Duration, report: &Report) {
        match &report.what {
            ReportKind::Observation(Observation::Begun(_)) => self.began = now.saturating_sub(report.at),
            ReportKind::Engine(Event::Started(started)) => self.gauge(&started.model).asked += 1,
            ReportKind::Engine(Event::FirstToken(leading)) => {
                let times = &mut self.gauge(&leading.model).first_tokens;
                times.push_back(leading.first_token);
                if times.len() > REMEMBERED {
                    times.pop_front();
                }
            }
            ReportKind::Engine(Event::Answered(answered)) => self.gauge(&answered.model).answered += 1,
            ReportKind::Engine(Event::Failed(failed)) => {
                let gauge = self.gauge(&failed.model);
                gauge.failed += 1;
                gauge.last = Some(failed.failure.reason.clone());
            }
            ReportKind::Engine(Event::Breaker(change)) => {
                let state = match change.to {
                    BreakerState::Open { until } => BreakerState::Open { until: until.map(|until| self.began + until) },
                    other => other,
                };
                self.gauge(&change.name).breaker = Some(state);
            }
            _ => {}
        }
    }

    /// A breaker was closed by hand.
    pub fn reset(&mut self, name: &str) {
        self.gauge(name).breaker = Some(BreakerState::Closed { weight: 0.0 });
    }

    fn gauge(&mut self, name: &str) -> &mut HealthRow {
        let index = self.gauges.iter().position(|gauge| gauge.name == name).unwrap_or_else(|| {
            self.gauges.push(HealthRow { name: name.to_owned(), ..HealthRow::default() });
            self.gauges.len() - 1
        });
        &mut self.gauges[index]
    }
}
