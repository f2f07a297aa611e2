//! Evaluations for the screen: reads files of cases, asks their cells, and sends finished ones in batches.

use crate::cli::eval::{CONCURRENCY, cases_and_metrics, cases_file, judges, run_metric};
use crate::config::{Config, Environment};
use crate::eval::{CellResult, Evaluation, FaultPlan, Variant};
use crate::tui::Msg;
use crate::tui::state::grid::OpenedCases;
use crate::worker::{EvaluateEnd, EvaluateOptions, Services, evaluate, worst_case_of_cell};
use anyhow::{Context as _, Result};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

/// Time between two batches of finished cells.
const BATCH: Duration = Duration::from_millis(33);

/// Carries out the effects of the grid.
pub(super) struct Evaluator {
    config: Config,
    env: Environment,
    services: Arc<Services>,
    inbox: UnboundedSender<Msg>,
    /// Ends the evaluation in progress; dropping it does too.
    stop: Option<oneshot::Sender<()>>,
}

impl Evaluator {
    pub(super) fn new(
        config: &Config,
        env: &Environment,
        services: &Arc<Services>,
        inbox: &UnboundedSender<Msg>,
    ) -> Self {
        let (config, env) = (config.clone(), env.clone());
        Self { config, env, services: Arc::clone(services), inbox: inbox.clone(), stop: None }
    }

    /// Reads a file of cases; without a path, that of the configuration.
    pub(super) fn open(&self, path: Option<PathBuf>, variants: Vec<Variant>) {
        let (config, env, services) = (self.config.clone(), self.env.clone(), Arc::clone(&self.services));
        let inbox = self.inbox.clone();
        // Not a blocking task of the runtime: its thread would stay idle and wake up once more to end.
        std::thread::spawn(move || {
            let path = path.map(|path| in_home(path, &env));
            let opened = opened(path.as_deref(), variants, &config, &services).map_err(|error| {
                let name = path.as_deref().and_then(|path| Some((path.to_str()?, path.file_name()?.to_str()?)));
                let text = first_line(&format!("{error:#}"));
                // The line and the column matter more than the folders before them.
                name.map_or(text.clone(), |(path, name)| text.replace(path, name))
            });
            inbox.send(Msg::Cases(Box::new(opened)))
        });
    }

    /// Asks the cells that are not finished.
    pub(super) fn ask(&mut self, evaluation: Arc<Evaluation>, finished: Vec<bool>, spent: f64) {
        let options = match self.options(&evaluation, finished, spent) {
            Ok(options) => options,
            Err(error) => {
                _ = self.inbox.send(Msg::Evaluated(Some(first_line(&format!("{error:#}")))));
                return;
            }
        };
        let (stop, stopped) = oneshot::channel();
        self.stop = Some(stop);
        let (cells, finished) = unbounded_channel();
        let batches = tokio::spawn(send_in_batches(finished, self.inbox.clone()));
        let (services, inbox) = (Arc::clone(&self.services), self.inbox.clone());
        tokio::spawn(async move {
            let stop = async { _ = stopped.await };
            let end = evaluate(&evaluation, &options, &services, stop, move |index, scored| {
                _ = cells.send((index, CellResult::from(&scored)));
            })
            .await;
            // The last cells come before the end.
            _ = batches.await;
            _ = inbox.send(Msg::Evaluated(reason(end)));
        });
    }

    /// Asks no further cells.
    pub(super) fn stop(&mut self) {
        self.stop = None;
    }

    fn options(&self, evaluation: &Evaluation, finished: Vec<bool>, spent: f64) -> Result<EvaluateOptions> {
        let evaluated = evaluation.variants[0].spec.task.signature().context("cases are asked with a signature")?;
        Ok(EvaluateOptions {
            concurrency: self.config.read("eval.concurrency")?.unwrap_or(CONCURRENCY),
            max_cost: self.config.read("eval.max_cost")?,
            spent,
            finished,
            judges: judges(evaluated, &evaluation.metrics, &self.config, &self.env)?,
            // What a program writes to standard error would be written over the screen.
            command: Arc::new(|program, question| run_metric(program, question, Stdio::null())),
        })
    }
}

fn opened(path: Option<&Path>, variants: Vec<Variant>, config: &Config, services: &Services) -> Result<OpenedCases> {
    let path = cases_file(path, config)?;
    let task = variants.first().and_then(|variant| variant.spec.task.signature());
    let signature = task.map(|task| task.signature.clone()).context("a file of cases asks a signature")?;
    let (cases, metrics) = cases_and_metrics(&path, &[], config, &signature)?;
    let plans = vec![FaultPlan::none()];
    let seed = config.read("eval.seed")?.unwrap_or_default();
    let repeat = config.read("eval.repeat")?.unwrap_or(1);
    let evaluation = Evaluation { cases, variants, plans, metrics, repeat: 1, seed };
    let catalogue = services.catalogue();
    // Judges are read when the cells are asked; they have prices of their own.
    let most = |index| worst_case_of_cell(&evaluation, evaluation.cell(index), [], &catalogue);
    let is_known = !services.simulated() && evaluation.metrics.iter().all(|(_, metric)| !metric.is_judge());
    let worst = if is_known { (0..evaluation.len()).map(most).sum() } else { None };
    let Evaluation { cases, variants, metrics, .. } = evaluation;
    Ok(OpenedCases { path, cases, metrics, variants, worst, seed, repeat })
}

/// The path, with `~/` as the home folder.
fn in_home(path: PathBuf, env: &Environment) -> PathBuf {
    match (path.strip_prefix("~"), env.vars.get("HOME")) {
        (Ok(rest), Some(home)) => Path::new(home).join(rest),
        _ => path,
    }
}

/// The first problem, and how many others there are.
fn first_line(text: &str) -> String {
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default().to_owned();
    match lines.count() {
        0 => first,
        others => format!("{first} (and {others} more)"),
    }
}

/// Why not all cells were asked, in words.
fn reason(end: EvaluateEnd) -> Option<String> {
    match end {
        EvaluateEnd::Complete => None,
        EvaluateEnd::TooExpensive(_) => Some("The next run could pass eval.max_cost".to_owned()),
        EvaluateEnd::UnknownPrice => Some("A model's price is not known, so eval.max_cost cannot be kept".to_owned()),
        EvaluateEnd::Cancelled => Some("Cancelled".to_owned()),
        EvaluateEnd::Unscored(why) => Some(format!("No score: {why}")),
    }
}

/// Sends finished cells to the screen, at most 30 times a second. Without cells it does nothing.
async fn send_in_batches(mut finished: UnboundedReceiver<(usize, CellResult)>, inbox: UnboundedSender<Msg>) {
    while let Some(first) = finished.recv().await {
        let mut batch = vec![first];
        while let Ok(next) = finished.try_recv() {
            batch.push(next);
        }
        _ = inbox.send(Msg::Scored(batch));
        tokio::time::sleep(BATCH).await;
    }
}
