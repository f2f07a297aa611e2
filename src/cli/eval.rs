//! `eval`: asks a file of cases by several variants, under several fault plans, and shows the scores side by side.

mod bootstrap;
mod cases;
mod kept;
mod output;
mod program;
mod session;
mod setting;

use super::print::note;
use super::runtime::{finish, runtime};
use super::{GlobalOptions, exit, setup};
use crate::config::{Config, Environment};
use crate::eval::{Evaluation, Results, Scored, report};
use crate::failover::Cost;
use crate::private;
use crate::text::counted;
use crate::transcript::usd;
use crate::worker::{EvaluateEnd, ServiceOptions, Services};
use anyhow::{Context as _, Result, bail};
use cases::cases;
pub(super) use cases::{cases_and_metrics, cases_file};
use clap::Args;
pub(super) use kept::forget;
use output::{Output, Style};
pub(super) use program::run_metric;
use session::{Answers, Asked, Session};
pub(super) use setting::{check_settings, judges};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How often each case can be asked: enough for a narrow interval, and no product of counts overflows.
const MOST_REPEATS: usize = 1000;

/// Ask a file of cases by several variants, under faults, and compare scores, cost and latency.
///
/// Each line of CASES is a JSON object with values of the signature's inputs and, to be scored, of its outputs. CSV
/// with a header and tables named case in TOML work too. Without expected outputs, use judge: or cmd: metrics.
#[derive(Args, Debug)]
#[command(after_help = super::examples::EVAL)]
pub(super) struct EvalArgs {
    /// File of cases: .jsonl, .csv, .tsv or .toml; `-` reads JSON lines from standard input [default: eval.cases]
    cases: Option<PathBuf>,
    /// A further variant with this chain: models or a named chain, separated by commas; repeat for more
    #[arg(long, value_name = "CHAIN")]
    against: Vec<String>,
    /// Ask with each of these values of a setting: module=predict,chain_of_thought or adapter=chat,json or demos=on,off
    #[arg(long, value_name = "KEY=VALUES")]
    vary: Vec<String>,
    /// A fault plan: `none`, a named plan, or "MODEL=FAULT; MODEL=FAULT"; repeat for more. Faults start again with each run
    #[arg(long = "faults", value_name = "PLAN")]
    plans: Vec<String>,
    /// How an output is scored: answer=exact, normalized, contains, f1, number:0.01, set, json, judge:NAME, cmd:PROGRAM
    #[arg(long = "metric", value_name = "OUTPUT=METRIC")]
    metrics: Vec<String>,
    /// Ask each case this many times [default: 1]
    #[arg(long, value_name = "N")]
    repeat: Option<usize>,
    /// Runs at the same time [default: 8]
    #[arg(long, value_name = "N")]
    concurrency: Option<usize>,
    /// Stop before the cost passes this many USD; models of unknown price are refused
    #[arg(long, value_name = "USD")]
    max_cost: Option<f64>,
    /// Use only the first N cases
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Use only cases of this split, for example dev
    #[arg(long, value_name = "SPLIT")]
    split: Option<String>,
    /// Use only cases with this tag
    #[arg(long, value_name = "TAG")]
    tag: Option<String>,
    /// Seed of chance faults, jitter and intervals [default: 0]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Continue the same evaluation where it was stopped
    #[arg(long)]
    resume: bool,
    /// Print each finished run as a JSON line, and at the end one line per variant and fault plan
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Print the finished runs as CSV
    #[arg(long)]
    csv: bool,
    /// Write a report as one HTML file: table, plots, and the cases with different scores first
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Fail with exit code 4 if a variant's score is below this, under any of the fault plans
    #[arg(long, value_name = "SCORE")]
    min_score: Option<f64>,
    /// Try up to K accepted answers of the cases of split train as demos, on those of split dev; keep them if they help
    #[arg(long, value_name = "K", conflicts_with = "html")]
    bootstrap: Option<usize>,
    /// Print what would be asked and how much it can cost at most; send nothing
    #[arg(long)]
    dry_run: bool,
}

/// The number of runs at the same time, unless it is set.
pub(super) const CONCURRENCY: usize = 8;

impl EvalArgs {
    pub(super) fn run(self, settings: &GlobalOptions, env: &Environment) -> Result<u8> {
        let config = settings.config(env)?;
        let evaluation = self.evaluation(&config, settings, env)?;
        if self.bootstrap.is_some() {
            bootstrap::check(&evaluation)?;
        }
        self.check()?;
        let evaluated = evaluation.variants[0].spec.task.signature().context("eval asks a signature")?;
        let judges = setting::judges(evaluated, &evaluation.metrics, &config, env)?;
        let max_cost = self.max_cost.or(config.read("eval.max_cost")?);
        let concurrency = self.concurrency.or(config.read("eval.concurrency")?).unwrap_or(CONCURRENCY);
        let style = match (self.json, self.csv) {
            (true, _) => Style::Json,
            (_, true) => Style::Csv,
            _ => Style::Table,
        };
        runtime(Some(2))?.block_on(async {
            let options = setup::storing_service_options(&config, settings, env, |error| note!("switchover: {error}"));
            // The faults are those of the plans.
            let services = Arc::new(Services::new(ServiceOptions { faults: Vec::new(), ..options.await? }));
            let session =
                Session { config: &config, env, services, judges, concurrency, max_cost, resume: self.resume };
            let parts = match self.bootstrap {
                Some(_) => bootstrap::parts(&evaluation).to_vec(),
                None => vec![evaluation.clone()],
            };
            let worst: Option<f64> = parts.iter().map(|part| session.worst(part)).sum();
            announce(&parts, worst, max_cost, session.services.simulated());
            if max_cost.is_some() && worst.is_none() {
                bail!(
                    "--max-cost: the price or the longest answer of a model is not known, so its cost has no limit; \
                     set request.max_tokens, or leave the model out"
                );
            }
            if self.dry_run {
                return Ok(exit::OK);
            }
            let (evaluation, asked) = if let Some(most) = self.bootstrap {
                bootstrap::run(&session, &evaluation, most, style).await?
            } else {
                let mut output = Output::new(style, &evaluation);
                let listener = |index, scored: &Scored| output.scored(index, scored);
                let answers = if self.html.is_some() { Answers::Kept } else { Answers::Dropped };
                let asked = session.ask(&evaluation, 0.0, answers, listener).await?;
                output.finish(&asked.results);
                (evaluation, asked)
            };
            let Asked { results, cells, end, can_resume, .. } = asked;
            if let Some(path) = &self.html {
                let title = cases_file(self.cases.as_deref(), &config)?.display().to_string();
                let page = report(&evaluation, &results, &cells, &format!("Evaluation of {title}"));
                private::replace(path, &page).with_context(|| path.display().to_string())?;
                note!("report: {}", path.display());
            }
            let code = self.code(&end, &evaluation, &results);
            explain(&end, can_resume);
            Ok(finish(&session.services, code, Duration::ZERO).await)
        })
    }

    /// What is asked. Everything is read and checked before anything is sent.
    fn evaluation(&self, config: &Config, settings: &GlobalOptions, env: &Environment) -> Result<Evaluation> {
        let variants = setting::variants(&self.against, &self.vary, settings, env)?;
        let Some(task) = variants[0].spec.task.signature() else { bail!("eval asks a signature") };
        let signature = task.signature.clone();
        let path = cases_file(self.cases.as_deref(), config)?;
        let mut cases = cases(&path, &signature)?;
        let listed = |known: BTreeSet<String>| match known.len() {
            0 => "no case has one".to_owned(),
            _ => format!("there are {}", known.into_iter().collect::<Vec<_>>().join(", ")),
        };
        if let Some(split) = &self.split {
            let known: BTreeSet<String> = cases.iter().filter_map(|case| case.split.clone()).collect();
            cases.retain(|case| case.split.as_ref() == Some(split));
            if cases.is_empty() {
                bail!("{}: no case is left with --split {split}; {}", path.display(), listed(known));
            }
        }
        if let Some(tag) = &self.tag {
            let known: BTreeSet<String> = cases.iter().flat_map(|case| case.tags.clone()).collect();
            cases.retain(|case| case.tags.contains(tag));
            if cases.is_empty() {
                bail!("{}: no case is left with --tag {tag}; {}", path.display(), listed(known));
            }
        }
        cases.truncate(self.limit.unwrap_or(usize::MAX));
        if cases.is_empty() {
            bail!("--limit 0: no case is left");
        }
        let metrics = setting::metrics(&self.metrics, config, &signature, &cases)?;
        let plans = setting::plans(&self.plans, config, settings)?;
        setting::check_plans(&plans, &variants)?;
        Ok(Evaluation {
            cases,
            variants,
            plans,
            metrics,
            repeat: self.repeat.or(config.read("eval.repeat")?).unwrap_or(1).clamp(1, MOST_REPEATS),
            seed: self.seed.or(config.read("eval.seed")?).unwrap_or_default(),
        })
    }

    /// Checks what would only fail after everything is paid for.
    fn check(&self) -> Result<()> {
        if self.min_score.is_some_and(|least| !(0.0..=1.0).contains(&least)) {
            bail!("--min-score: expected a score from 0 to 1");
        }
        if [self.repeat, self.concurrency, self.bootstrap].contains(&Some(0)) {
            bail!("--repeat, --concurrency and --bootstrap: expected a number over 0");
        }
        if self.repeat.is_some_and(|repeat| repeat > MOST_REPEATS) {
            bail!("--repeat: expected at most {MOST_REPEATS}");
        }
        if let Some(path) = &self.html {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            if path.is_dir() || !folder.is_dir() {
                bail!("--html {}: expected a file in a folder that exists", path.display());
            }
        }
        Ok(())
    }

    fn code(&self, end: &EvaluateEnd, evaluation: &Evaluation, results: &Results) -> u8 {
        let rows = results.rows(evaluation);
        let below = |least: f64| {
            let mut low = rows.iter().filter(|row| row.score.unwrap_or_default() < least);
            let found = low.next();
            if let Some(row) = found {
                let score = row.score.unwrap_or_default();
                note!(
                    "switchover: {} ({}): the score {score:.3} is below --min-score {least}",
                    row.variant,
                    row.faults
                );
            }
            found.is_some()
        };
        match end {
            EvaluateEnd::Cancelled => exit::CANCELLED,
            EvaluateEnd::Unscored(_) | EvaluateEnd::UnknownPrice => exit::USAGE,
            _ if self.min_score.is_some_and(below) => exit::BELOW,
            EvaluateEnd::TooExpensive(_) => exit::FATAL,
            EvaluateEnd::Complete if rows.iter().all(|row| row.valid == 0) => exit::EXHAUSTED,
            EvaluateEnd::Complete => exit::OK,
        }
    }
}

/// Says how much will be asked, and the most that it can cost.
fn announce(parts: &[Evaluation], worst: Option<f64>, max_cost: Option<f64>, simulated: bool) {
    let product = |part: &Evaluation| {
        let counts = [
            (part.cases.len(), "case"),
            (part.repeat, "repeat"),
            (part.variants.len(), "variant"),
            (part.plans.len(), "fault plan"),
        ];
        let counts = counts.into_iter().enumerate().filter(|(at, (count, _))| *at == 0 || *count > 1);
        let factors = counts.map(|(_, (count, what))| counted(count, what));
        factors.collect::<Vec<_>>().join(" × ")
    };
    let runs: usize = parts.iter().map(Evaluation::len).sum();
    let products: Vec<String> = parts.iter().map(product).collect();
    let cost = match (worst, max_cost) {
        (None, _) => "a model's price is not known".to_owned(),
        (Some(worst), Some(most)) if worst > most => {
            format!("at most {}, stopped before {} is passed", usd(Cost::Known(worst)), usd(Cost::Known(most)))
        }
        (Some(worst), _) => format!("at most {}", usd(Cost::Known(worst))),
    };
    let simulated = if simulated { "simulated models, " } else { "" };
    note!("{} = {}; {simulated}{cost}", products.join(" + "), counted(runs, "run"));
    if let Some(signature) = parts.first().and_then(Evaluation::signature) {
        note!("signature: {}", signature.inline());
    }
    for (output, metric) in parts.iter().take(1).flat_map(|part| &part.metrics) {
        note!("score: {output} by {metric}");
    }
}

/// Says why an evaluation ended early.
fn explain(end: &EvaluateEnd, can_resume: bool) {
    let resume = if can_resume { "; the same command with --resume continues" } else { "" };
    match end {
        EvaluateEnd::Complete => {}
        EvaluateEnd::TooExpensive(next) => note!(
            "switchover: stopped before --max-cost is passed: the next run can cost up to {}; request.max_tokens and \
             failover.attempts_per_run lower that, and --resume continues with a higher --max-cost",
            usd(Cost::Known(*next))
        ),
        EvaluateEnd::UnknownPrice => note!("switchover: a model's price is not known, so --max-cost cannot be kept"),
        EvaluateEnd::Cancelled => note!("switchover: cancelled{resume}"),
        EvaluateEnd::Unscored(why) => note!("switchover: no score: {why}{resume}"),
    }
}
