//! What an evaluation found: one row for each variant and fault plan, and which differences are certain.

use super::evaluation::{CellId, Evaluation, Variant};
use super::interval::{Estimate, quantile};
use super::scored::Scored;
use crate::failover::Cost;
use crate::transcript::Spend;
use serde::Serialize;
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Duration;

/// What is kept of a finished cell: all that a table needs.
#[derive(Clone, Debug, PartialEq)]
pub struct CellResult {
    /// Mean of the outputs' scores.
    pub score: f64,
    /// Whether there is a valid answer.
    pub valid: bool,
    /// Who answered.
    pub model: Option<String>,
    /// Attempts of all models.
    pub attempts: u32,
    /// From the beginning of the run to its end.
    pub took: Duration,
    /// From the beginning of the run to the answer's first token.
    pub first_token: Option<Duration>,
    /// The cost of all attempts.
    pub cost: Spend,
    /// What judges cost.
    pub judge_cost: Cost,
    /// Prompt and completion tokens.
    pub tokens: [u64; 2],
    /// The run's number in the history.
    pub run: u64,
    /// Without a valid answer: why, in one line.
    pub failure: Option<Arc<str>>,
}

impl CellResult {
    /// What it cost, judges included.
    pub fn spend(&self) -> Spend {
        self.cost.plus(self.judge_cost.into())
    }

    /// Whether it has an answer that did not come from the first model of its variant's chain.
    pub fn is_of_fallback(&self, variant: &Variant) -> bool {
        let first = variant.spec.chain.first().map(|route| route.model.as_str());
        self.model.is_some() && self.model.as_deref() != first
    }
}

impl From<&Scored> for CellResult {
    fn from(scored: &Scored) -> Self {
        Self {
            score: scored.score,
            valid: scored.valid,
            model: scored.model.clone(),
            attempts: scored.attempts,
            took: scored.took,
            first_token: scored.first_token,
            cost: scored.spend(),
            judge_cost: scored.judge_cost,
            tokens: scored.tokens,
            run: scored.run,
            failure: (!scored.valid).then(|| scored.failures.last().map(|why| why.as_str().into())).flatten(),
        }
    }
}

/// The cells of an evaluation, each empty until it is finished.
#[derive(Clone, Debug, Default)]
pub struct Results(Vec<Option<CellResult>>);

/// One variant under one fault plan.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evaluated {
    /// The variant's name.
    pub variant: String,
    /// The fault plan's name.
    pub faults: String,
    /// Finished cells.
    pub n: usize,
    /// Those with a valid answer.
    pub valid: usize,
    /// The mean score. A run without a valid answer counts as 0.
    pub score: Option<f64>,
    /// The lower bound of the 95 % interval.
    pub low: Option<f64>,
    /// The upper bound.
    pub high: Option<f64>,
    /// Median of the time to a valid answer, in ms.
    pub p50_ms: Option<f64>,
    /// The time in which 95 % of the valid answers came, in ms.
    pub p95_ms: Option<f64>,
    /// Median of the time to the first token of a valid answer, in ms.
    pub first_token_p50_ms: Option<f64>,
    /// The time in which 95 % of these first tokens came, in ms.
    pub first_token_p95_ms: Option<f64>,
    /// Attempts of all models.
    pub attempts: u64,
    /// Valid answers that did not come from the chain's first model.
    pub failovers: usize,
    /// Prompt tokens.
    pub prompt_tokens: u64,
    /// Completion tokens.
    pub completion_tokens: u64,
    /// USD, or `"unknown"` if one run's cost is.
    pub cost: Cost,
    /// If it is unknown: USD, the sum of its known parts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub known_cost: Option<f64>,
    /// USD that judges cost.
    pub judge_cost: Cost,
    /// USD for each right answer: the cost by the sum of the scores. None without a right answer.
    pub cost_per_right: Option<Cost>,
    /// How often each model answered.
    pub answered_by: Map<String, Value>,
}

/// The difference of two rows' scores over the same cases.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// What is compared: a variant, or a fault plan.
    pub of: String,
    /// The base that it is compared with.
    pub base: String,
    /// The variant or the fault plan that both have in common.
    pub within: String,
    /// Score of the first minus score of the base.
    pub difference: f64,
    /// The lower bound of the paired 95 % interval.
    pub low: f64,
    /// The upper bound.
    pub high: f64,
    /// Whether the interval leaves out zero.
    pub certain: bool,
}

/// The mean of scores in groups of one case, with its interval. Scores that say only yes or no are counted; repeats of
/// a case are not independent, so they are drawn together, and where all of them agree, a case counts once.
fn estimate(scores: &[Vec<f64>], seed: u64) -> Option<Estimate> {
    let all = || scores.iter().flatten().copied();
    let is_yes_or_no = all().all(|score| score <= 0.0 || score >= 1.0);
    let asked = scores.iter().filter(|group| !group.is_empty());
    let agree = asked.clone().all(|group| group.iter().all(|score| (score - group[0]).abs() < f64::EPSILON));
    if is_yes_or_no && agree {
        return Estimate::wilson(asked.clone().map(|group| group[0]).sum(), asked.count());
    }
    Estimate::bootstrap(scores, seed)
}

impl Evaluated {
    /// What it cost, as far as it is known.
    pub(super) fn spend(&self) -> Spend {
        Spend { known: self.known_cost.unwrap_or_default(), unknown: 0 }.plus(self.cost.into())
    }

    /// What a right answer cost, as far as it is known.
    pub(super) fn spend_per_right(&self) -> Option<Spend> {
        let Spend { known, unknown } = self.spend();
        let right = self.score.unwrap_or_default() * self.n as f64;
        (right > 0.0).then(|| Spend { known: known / right, unknown })
    }
}

impl Results {
    /// No cell is finished.
    pub fn new(evaluation: &Evaluation) -> Self {
        Self(vec![None; evaluation.len()])
    }

    /// Sets a finished cell.
    pub fn set(&mut self, index: usize, result: CellResult) {
        self.0[index] = Some(result);
    }

    /// A cell, if it is finished.
    pub fn get(&self, index: usize) -> Option<&CellResult> {
        self.0.get(index)?.as_ref()
    }

    /// The number of finished cells.
    pub fn finished(&self) -> usize {
        self.0.iter().flatten().count()
    }

    /// What is spent so far, judges included, as far as it is known.
    pub fn spent(&self) -> f64 {
        self.0.iter().flatten().map(|cell| cell.spend().known).sum()
    }

    /// The finished cells of a variant under a plan, in groups of one case.
    fn groups(&self, evaluation: &Evaluation, variant: usize, plan: usize) -> Vec<Vec<&CellResult>> {
        let of_case = |case| {
            let cell = |repeat| self.get(evaluation.index(CellId { case, repeat, variant, plan }));
            (0..evaluation.repeat).filter_map(cell).collect()
        };
        (0..evaluation.cases.len()).map(of_case).collect()
    }

    /// Why the first run of a row without a valid answer has none.
    pub(super) fn first_failure(&self, evaluation: &Evaluation, variant: usize, plan: usize) -> Option<Arc<str>> {
        let groups = self.groups(evaluation, variant, plan);
        groups.iter().flatten().find_map(|cell| cell.failure.clone())
    }

    /// The times of a row's valid answers in ms, sorted.
    pub(super) fn times(&self, evaluation: &Evaluation, variant: usize, plan: usize) -> Vec<f64> {
        let groups = self.groups(evaluation, variant, plan);
        let valid = groups.iter().flatten().filter(|cell| cell.valid);
        let mut times: Vec<f64> = valid.map(|cell| cell.took.as_secs_f64() * 1000.0).collect();
        times.sort_by(f64::total_cmp);
        times
    }

    /// One variant under one plan.
    pub fn evaluated(&self, evaluation: &Evaluation, variant: usize, plan: usize) -> Evaluated {
        let groups = self.groups(evaluation, variant, plan);
        let cells: Vec<&CellResult> = groups.iter().flatten().copied().collect();
        let scores: Vec<Vec<f64>> = groups.iter().map(|group| group.iter().map(|cell| cell.score).collect()).collect();
        let right: f64 = cells.iter().map(|cell| cell.score).sum();
        let estimate = estimate(&scores, evaluation.seed);
        let times = |of: fn(&CellResult) -> Option<Duration>| {
            let valid = cells.iter().filter(|cell| cell.valid);
            let mut times: Vec<f64> =
                valid.filter_map(|cell| of(cell)).map(|time| time.as_secs_f64() * 1000.0).collect();
            times.sort_by(f64::total_cmp);
            move |share| (!times.is_empty()).then(|| (quantile(&times, share) * 10.0).round() / 10.0)
        };
        let (took, first_token) = (times(|cell| Some(cell.took)), times(|cell| cell.first_token));
        let variant = &evaluation.variants[variant];
        let mut answered_by = Map::new();
        for model in cells.iter().filter_map(|cell| cell.model.as_deref()) {
            let count = answered_by.get(model).and_then(Value::as_u64).unwrap_or_default();
            answered_by.insert(model.to_owned(), (count + 1).into());
        }
        let spend = cells.iter().fold(Spend::default(), |sum, cell| sum.plus(cell.cost));
        let cost = spend.total();
        Evaluated {
            variant: variant.name.clone(),
            faults: evaluation.plans[plan].name.clone(),
            n: cells.len(),
            valid: cells.iter().filter(|cell| cell.valid).count(),
            score: estimate.map(|it| it.mean),
            low: estimate.map(|it| it.low),
            high: estimate.map(|it| it.high),
            p50_ms: took(0.5),
            p95_ms: took(0.95),
            first_token_p50_ms: first_token(0.5),
            first_token_p95_ms: first_token(0.95),
            attempts: cells.iter().map(|cell| u64::from(cell.attempts)).sum(),
            failovers: cells.iter().filter(|cell| cell.is_of_fallback(variant)).count(),
            prompt_tokens: cells.iter().map(|cell| cell.tokens[0]).sum(),
            completion_tokens: cells.iter().map(|cell| cell.tokens[1]).sum(),
            cost,
            known_cost: Some(spend.known).filter(|known| cost == Cost::Unknown && *known > 0.0),
            judge_cost: cells.iter().fold(Cost::NOTHING, |sum, cell| sum.plus(cell.judge_cost)),
            cost_per_right: (right > 0.0).then(|| match cost {
                Cost::Known(usd) => Cost::Known(usd / right),
                Cost::Unknown => Cost::Unknown,
            }),
            answered_by,
        }
    }

    /// All rows: the variants under the first plan, then under the next one, and so on.
    pub fn rows(&self, evaluation: &Evaluation) -> Vec<Evaluated> {
        let plans = 0..evaluation.plans.len();
        plans
            .flat_map(|plan| (0..evaluation.variants.len()).map(move |variant| (variant, plan)))
            .map(|(variant, plan)| self.evaluated(evaluation, variant, plan))
            .collect()
    }

    /// Each variant beside the first one under the same plan, and each plan beside the first one for the same variant.
    /// A case counts where both have finished it.
    pub fn differences(&self, evaluation: &Evaluation) -> Vec<Difference> {
        let (variants, plans) = (&evaluation.variants, &evaluation.plans);
        let mut all = Vec::new();
        for (plan, of_plan) in plans.iter().enumerate() {
            for (variant, of_variant) in variants.iter().enumerate().skip(1) {
                let names = (of_variant.name.clone(), variants[0].name.clone(), of_plan.name.clone());
                all.extend(self.difference(evaluation, (variant, plan), (0, plan), names));
            }
        }
        for (variant, of_variant) in variants.iter().enumerate() {
            for (plan, of_plan) in plans.iter().enumerate().skip(1) {
                let names = (of_plan.name.clone(), plans[0].name.clone(), of_variant.name.clone());
                all.extend(self.difference(evaluation, (variant, plan), (variant, 0), names));
            }
        }
        all
    }

    fn difference(
        &self,
        evaluation: &Evaluation,
        of: (usize, usize),
        base: (usize, usize),
        (name, base_name, within): (String, String, String),
    ) -> Option<Difference> {
        let mean = |group: &[&CellResult]| {
            (!group.is_empty()).then(|| group.iter().map(|cell| cell.score).sum::<f64>() / group.len() as f64)
        };
        let (ours, theirs) = (self.groups(evaluation, of.0, of.1), self.groups(evaluation, base.0, base.1));
        let pairs: Vec<Vec<f64>> =
            ours.iter().zip(&theirs).filter_map(|(a, b)| Some(vec![mean(a)? - mean(b)?])).collect();
        let estimate = Estimate::bootstrap(&pairs, evaluation.seed)?;
        Some(Difference {
            of: name,
            base: base_name,
            within,
            difference: estimate.mean,
            low: estimate.low,
            high: estimate.high,
            certain: estimate.excludes_zero(),
        })
    }
}
