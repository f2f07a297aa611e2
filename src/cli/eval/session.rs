//! What all evaluations of one command share, and how one of them is carried out.

use super::kept::KeptCells;
use super::output::Progress;
use super::program::run_metric;
use crate::cli::ask;
use crate::config::{Config, Environment};
use crate::eval::{Evaluation, Judge, Results, Scored};
use crate::failover::Cost;
use crate::worker::{EvaluateEnd, EvaluateOptions, Services, evaluate, worst_case_of_cell};
use anyhow::Result;
use std::collections::BTreeMap;
use std::process::Stdio;
use std::sync::Arc;

/// Whether the finished cells stay in memory with their answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answers {
    Kept,
    Dropped,
}

pub(super) struct Session<'a> {
    pub(super) config: &'a Config,
    pub(super) env: &'a Environment,
    pub(super) services: Arc<Services>,
    pub(super) judges: BTreeMap<String, Judge>,
    pub(super) concurrency: usize,
    pub(super) max_cost: Option<f64>,
    /// Whether finished cells of an earlier time count.
    pub(super) resume: bool,
}

/// An evaluation that was carried out.
pub(super) struct Asked {
    pub(super) results: Results,
    /// The finished cells, in order; none if answers are dropped.
    pub(super) cells: Vec<(usize, Scored)>,
    pub(super) end: EvaluateEnd,
    /// What it cost, an unknown cost as the most that it can be.
    pub(super) spent: f64,
    pub(super) can_resume: bool,
}

impl Session<'_> {
    /// Asks all cells. `spent` is what the command has spent before. Each finished cell is shown to
    /// `listener`, and is returned at the end if `answers` are kept.
    pub(super) async fn ask(
        &self,
        evaluation: &Evaluation,
        spent: f64,
        answers: Answers,
        mut listener: impl FnMut(usize, &Scored),
    ) -> Result<Asked> {
        let mut kept = KeptCells::open(self.config, self.env, evaluation, self.resume)?;
        let mut results = Results::new(evaluation);
        let mut cells = Vec::new();
        let mut spent = spent;
        let mut count = |index: usize, scored: Scored, spent: &mut f64| {
            *spent += self.cost(evaluation, index, &scored);
            results.set(index, (&scored).into());
            listener(index, &scored);
            if answers == Answers::Kept {
                cells.push((index, scored));
            }
            results.finished()
        };
        let mut finished = vec![false; evaluation.len()];
        for (index, scored) in kept.take() {
            finished[index] = true;
            count(index, scored, &mut spent);
        }
        let before = finished.iter().filter(|it| **it).count();
        let options = EvaluateOptions {
            concurrency: self.concurrency,
            max_cost: self.max_cost,
            spent,
            finished,
            judges: self.judges.clone(),
            command: Arc::new(|program, question| run_metric(program, question, Stdio::inherit())),
        };
        let mut progress = Progress::new(evaluation.len(), before, self.services.now());
        let end = evaluate(evaluation, &options, &self.services, ask::interrupted(), |index, scored| {
            kept.keep(&scored);
            let done = count(index, scored, &mut spent);
            progress.show(done, spent, self.services.now());
        })
        .await;
        progress.clear();
        cells.sort_by_key(|(index, _)| *index);
        Ok(Asked { results, cells, end, spent, can_resume: kept.is_on() })
    }

    /// What a cell cost with its judges. An unknown cost counts as the most that it can be, so that a ceiling holds.
    fn cost(&self, evaluation: &Evaluation, index: usize, scored: &Scored) -> f64 {
        match scored.cost.plus(scored.judge_cost) {
            Cost::Known(usd) => usd,
            Cost::Unknown => self.most(evaluation, index).unwrap_or_default(),
        }
    }

    /// The most that a cell can cost with its judges, in USD; none if a price is unknown.
    fn most(&self, evaluation: &Evaluation, index: usize) -> Option<f64> {
        let cell = evaluation.cell(index);
        worst_case_of_cell(evaluation, cell, self.judges.values(), &self.services.catalogue())
    }

    /// The most that an evaluation can cost, in USD; none if a price is unknown.
    pub(super) fn worst(&self, evaluation: &Evaluation) -> Option<f64> {
        (0..evaluation.len()).map(|index| self.most(evaluation, index)).sum()
    }
}
