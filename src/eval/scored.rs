//! A finished cell: the line of `--json`, of the kept file, and of the tables.

use super::evaluation::{CellId, Evaluation};
use crate::failover::{AttemptId, Cost, Event, Finished, Outcome};
use crate::openrouter::{Delta, Usage};
use crate::report::{Observation, Report, ReportKind};
use crate::transcript::Spend;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// A finished cell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scored {
    /// The case's id.
    pub case: String,
    /// The variant's name.
    pub variant: String,
    /// The fault plan's name.
    pub faults: String,
    /// The repeat, from 1.
    pub repeat: usize,
    /// The run's number in the history.
    pub run: u64,
    /// The model that answered; none without a valid answer.
    pub model: Option<String>,
    /// The mean of the outputs' scores; 0 without a valid answer.
    pub score: f64,
    /// The scored outputs.
    pub scores: Map<String, Value>,
    /// Whether there is an answer with a value of its type in each output.
    pub valid: bool,
    /// Attempts of all models.
    pub attempts: u32,
    /// From the beginning of the run to its end, in ms.
    #[serde(rename = "took_ms", with = "crate::failover::as_ms")]
    pub took: Duration,
    /// From the beginning of the run to the first token of the model that answered, in ms; none without an answer.
    #[serde(rename = "first_token_ms", with = "crate::failover::as_ms::option")]
    pub first_token: Option<Duration>,
    /// The cost of all attempts in USD.
    pub cost: Cost,
    /// If it is unknown: the sum of its known parts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_cost: Option<f64>,
    /// Prompt and completion tokens of the attempts that reported them.
    #[serde(default)]
    pub tokens: [u64; 2],
    /// What judges cost, which is not part of `cost`.
    #[serde(default = "nothing", skip_serializing_if = "is_nothing")]
    pub judge_cost: Cost,
    /// The answer's fields.
    #[serde(default)]
    pub answer: Arc<Map<String, Value>>,
    /// Why there is no answer; a line for each failed attempt.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<String>,
}

fn nothing() -> Cost {
    Cost::NOTHING
}

fn is_nothing(cost: &Cost) -> bool {
    *cost == Cost::NOTHING
}

impl Scored {
    /// The cost of all attempts, as far as it is known.
    pub fn spend(&self) -> Spend {
        Spend { known: self.known_cost.unwrap_or_default(), unknown: 0 }.plus(self.cost.into())
    }
}

/// The fold of a run's reports that a cell needs.
#[derive(Clone, Debug, Default)]
pub struct CellFold {
    run: u64,
    first_token: Option<Duration>,
    usage: BTreeMap<AttemptId, Usage>,
    /// What the attempts that have ended cost.
    spend: Spend,
    finished: Option<Finished>,
}

impl CellFold {
    /// Applies a report of the run.
    pub fn apply(&mut self, report: &Report) {
        self.run = report.run;
        match &report.what {
            ReportKind::Engine(Event::FirstToken(_)) => self.first_token = Some(report.at),
            ReportKind::Engine(Event::Finished(finished)) => self.finished = Some(finished.clone()),
            ReportKind::Engine(Event::Failed(failed)) => self.spend = self.spend.plus(failed.cost.into()),
            ReportKind::Engine(Event::Answered(answered)) => self.spend = self.spend.plus(answered.cost.into()),
            // A later one of the same attempt counts for all before it.
            ReportKind::Observation(Observation::Stream { attempt, delta: Delta::Usage(usage) }) => {
                self.usage.insert(*attempt, *usage);
            }
            _ => {}
        }
    }

    /// The run's final event, once it has come.
    pub fn finished(&self) -> Option<&Finished> {
        self.finished.as_ref()
    }

    /// The finished cell with these scores of its outputs; none before the run's end.
    pub fn scored(
        self,
        evaluation: &Evaluation,
        cell: CellId,
        scores: &[(String, f64)],
        judge_cost: Cost,
    ) -> Option<Scored> {
        let finished = self.finished?;
        let valid = finished.outcome == Outcome::Succeeded;
        let tokens = |of: fn(&Usage) -> Option<u64>| {
            self.usage.values().fold(0, |sum: u64, usage| sum.saturating_add(of(usage).unwrap_or_default()))
        };
        let mean = scores.iter().map(|(_, score)| score).sum::<f64>() / scores.len().max(1) as f64;
        Some(Scored {
            case: evaluation.cases[cell.case].id.clone(),
            variant: evaluation.variants[cell.variant].name.clone(),
            faults: evaluation.plans[cell.plan].name.clone(),
            repeat: cell.repeat + 1,
            run: self.run,
            model: finished.model.filter(|_| valid),
            score: if valid { mean } else { 0.0 },
            scores: if valid {
                scores.iter().map(|(name, score)| (name.clone(), (*score).into())).collect()
            } else {
                Map::new()
            },
            valid,
            attempts: finished.attempts,
            took: finished.took,
            first_token: self.first_token.filter(|_| valid),
            cost: finished.cost,
            known_cost: Some(self.spend.known).filter(|known| finished.cost == Cost::Unknown && *known > 0.0),
            tokens: [tokens(|usage| usage.prompt_tokens), tokens(|usage| usage.completion_tokens)],
            judge_cost,
            answer: finished.fields,
            failures: finished.failures,
        })
    }
}
