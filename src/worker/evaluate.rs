//! Carries out an evaluation: its cells as runs, several at a time, in order.

use super::injected::RunFaults;
use super::options::RunOptions;
use super::run_with;
use super::services::Services;
use super::worst::worst_case_of_cell;
use crate::eval::{Budget, CellFold, CellId, Evaluation, Judge, Metric, Reservation, Scored};
use crate::failover::{Cost, Finished, Outcome};
use crate::spec::RunSpec;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;

/// A program as a metric: gets the program's words and `{"case", "prediction"}`, and gives a score from 0 to 1.
pub type CommandMetric = dyn Fn(&str, &Value) -> Result<f64, String> + Send + Sync;

/// How an evaluation is carried out.
pub struct EvaluateOptions {
    /// The most runs at a time.
    pub concurrency: usize,
    /// The most that all runs may cost, in USD.
    pub max_cost: Option<f64>,
    /// What was spent before, in an evaluation that is resumed, in USD.
    pub spent: f64,
    /// Whether a cell is finished already, by its index.
    pub finished: Vec<bool>,
    /// The judges, by the output that they score.
    pub judges: BTreeMap<String, Judge>,
    /// Runs the programs of `cmd:` metrics.
    pub command: Arc<CommandMetric>,
}

/// How an evaluation ended.
#[derive(Clone, Debug, PartialEq)]
pub enum EvaluateEnd {
    /// All cells are finished.
    Complete,
    /// The next run could pass the ceiling: the most that it can cost, in USD.
    TooExpensive(f64),
    /// A model's price is not known, so that a ceiling cannot be kept.
    UnknownPrice,
    /// It was cancelled.
    Cancelled,
    /// A metric gave no score: the case, and why.
    Unscored(String),
}

/// Asks all cells that are not finished; `listener` gets each finished cell with its index. `stop` ends it; runs in
/// flight are then cancelled and not scored.
pub async fn evaluate(
    evaluation: &Evaluation,
    options: &EvaluateOptions,
    services: &Arc<Services>,
    stop: impl Future<Output = ()>,
    mut listener: impl FnMut(usize, Scored),
) -> EvaluateEnd {
    let mut budget = Budget::new(options.max_cost);
    budget.add(options.spent);
    let open = |index: &usize| !options.finished.get(*index).copied().unwrap_or_default();
    let mut open = (0..evaluation.len()).filter(open).peekable();
    let mut running = FuturesUnordered::new();
    let mut stop = std::pin::pin!(stop);
    let mut next_worst = 0.0;
    let catalogue = services.catalogue();
    loop {
        while running.len() < options.concurrency.max(1) {
            let Some(&index) = open.peek() else { break };
            let cell = evaluation.cell(index);
            if options.max_cost.is_some() {
                let worst = worst_case_of_cell(evaluation, cell, options.judges.values(), &catalogue);
                let Some(worst) = worst else { return EvaluateEnd::UnknownPrice };
                next_worst = worst;
            }
            // What is in flight may cost less than was set aside for it.
            let Some(reservation) = budget.reserve(next_worst) else { break };
            open.next();
            running.push(run_cell(evaluation, (index, cell), options, services, reservation));
        }
        if running.is_empty() {
            return if open.peek().is_none() { EvaluateEnd::Complete } else { EvaluateEnd::TooExpensive(next_worst) };
        }
        tokio::select! {
            biased;
            () = &mut stop => return EvaluateEnd::Cancelled,
            Some((index, reservation, scored)) = running.next() => match scored {
                Ok(scored) => {
                    budget.settle(reservation, scored.cost.plus(scored.judge_cost));
                    listener(index, scored);
                }
                Err(why) => return EvaluateEnd::Unscored(why),
            },
        }
    }
}

/// One cell: its run, and its scores.
async fn run_cell(
    evaluation: &Evaluation,
    (index, cell): (usize, CellId),
    options: &EvaluateOptions,
    services: &Arc<Services>,
    reservation: Reservation,
) -> (usize, Reservation, Result<Scored, String>) {
    let faults = evaluation.faults(cell);
    // With faults or simulated models a run must not depend on the runs before it: the same seed gives the same table.
    // Real models are remembered from run to run.
    let own = services.simulated() || !faults.is_empty();
    let faults = own.then(|| Arc::new(RunFaults::of_models(faults, services.now())));
    let mut run = run_with(evaluation.spec(cell), RunOptions { faults, ..RunOptions::default() }, services);
    let mut fold = CellFold::default();
    while let Some(report) = run.next().await {
        fold.apply(&report);
    }
    let finished = fold.finished().filter(|end| end.outcome == Outcome::Succeeded).cloned();
    let (mut scores, mut judge_cost) = (Vec::new(), Cost::NOTHING);
    if let Some(finished) = finished {
        match scores_of(evaluation, cell.case, &finished, options, services).await {
            Ok((all, cost)) => (scores, judge_cost) = (all, cost),
            Err(why) => {
                let why = format!("case {}: {why}", evaluation.cases[cell.case].id);
                return (index, reservation, Err(why));
            }
        }
    }
    let end = fold.scored(evaluation, cell, &scores, judge_cost);
    (index, reservation, end.ok_or_else(|| "the run did not end".to_owned()))
}

/// The scores of a valid answer, and what its judges cost.
async fn scores_of(
    evaluation: &Evaluation,
    case: usize,
    finished: &Finished,
    options: &EvaluateOptions,
    services: &Arc<Services>,
) -> Result<(Vec<(String, f64)>, Cost), String> {
    let fields = &finished.fields;
    let mut scores = evaluation.scores(case, fields);
    let mut cost = Cost::NOTHING;
    for (output, metric) in &evaluation.metrics {
        match metric {
            Metric::Judge(name) => {
                let judge = options.judges.get(output).ok_or_else(|| format!("there is no judge {name}"))?;
                let (score, of_judge) = judged(judge, evaluation, case, fields, services).await?;
                cost = cost.plus(of_judge);
                scores.push((output.clone(), score));
            }
            Metric::Command(program) => {
                let case = &evaluation.cases[case];
                let question = json!({
                    "case": {
                        "id": case.id, "inputs": case.inputs, "expected": case.expected, "notes": case.notes,
                        "tags": case.tags, "split": case.split,
                    },
                    "prediction": fields.as_ref(),
                });
                let (command, program) = (Arc::clone(&options.command), program.clone());
                let answer = tokio::task::spawn_blocking(move || command(&program, &question)).await;
                scores.push((output.clone(), answer.map_err(|error| error.to_string())??));
            }
            _ => {}
        }
    }
    Ok((scores, cost))
}

/// A judge's score of an answer, and what it cost.
async fn judged(
    judge: &Judge,
    evaluation: &Evaluation,
    case: usize,
    fields: &Map<String, Value>,
    services: &Arc<Services>,
) -> Result<(f64, Cost), String> {
    let spec: RunSpec = judge.ask(&evaluation.cases[case], fields)?;
    let mut run = run_with(spec, RunOptions::default(), services);
    let mut fold = CellFold::default();
    while let Some(report) = run.next().await {
        fold.apply(&report);
    }
    let finished = fold.finished().ok_or("the judge's run did not end")?;
    if finished.outcome != Outcome::Succeeded {
        return Err(format!("the judge did not answer: {}", finished.headline.clone().unwrap_or_default()));
    }
    Ok((judge.score(&finished.fields)?, finished.cost))
}
