//! `replay`: shows a stored run again without a network, and compares its decisions with today's.

use super::history::reports;
use super::print::{self, Stream, note, out};
use super::{GlobalOptions, exit};
use crate::config::Environment;
use crate::headless::{Headless, OutputStyle};
use crate::history::{Redecided, redecide};
use crate::report::Report;
use anyhow::{Context as _, Result};
use clap::Args;
use serde_json::json;
use std::fmt::Write as _;
use std::time::Duration;

/// Show a stored run again, without a network, and check today's failover decisions against it.
#[derive(Args, Debug)]
pub(super) struct ReplayArgs {
    /// The run's id, its last digits, `last`, or a file of JSON lines
    #[arg(value_name = "RUN|FILE")]
    run: String,
    /// Duration factor: 1 as recorded, 0 without pauses, 2 takes twice as long
    #[arg(long, default_value_t = 1.0)]
    pace: f64,
    /// Print the run's JSON lines
    #[arg(long)]
    json: bool,
    /// Do not show the run; only check whether today's failover engine makes the same decisions
    /// (exit code 2 if not)
    #[arg(long)]
    check: bool,
}

impl ReplayArgs {
    pub(super) fn run(&self, _settings: &GlobalOptions, env: &Environment) -> Result<u8> {
        let run = reports(&self.run, env)?;
        if !self.check {
            play(&run, self.pace, self.json)?;
        }
        let redecided =
            redecide(&run).context("the run's first line (`begun`) is missing, so its decisions cannot be checked")?;
        if self.check && self.json {
            out!("{}", as_json(&redecided));
        } else if self.check {
            print::text(&as_text(&redecided));
        } else {
            note!("{}", as_text(&redecided).trim_end());
        }
        let differs = self.check && !redecided.differences.is_empty();
        Ok(if differs { exit::EXHAUSTED } else { exit::OK })
    }
}

/// Prints the reports at their recorded pace.
fn play(run: &[Report], pace: f64, json: bool) -> Result<()> {
    let style = if json { OutputStyle::Json } else { OutputStyle::Text { field: None, requests: false } };
    let mut writer = Headless::new(Stream::Out, Stream::Err, style);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let mut last = Duration::ZERO;
    for report in run {
        let pause = Duration::try_from_secs_f64(report.at.saturating_sub(last).as_secs_f64() * pace.max(0.0));
        last = last.max(report.at);
        if let Ok(pause) = pause.map(|pause| pause.min(Duration::from_secs(3600))) {
            runtime.block_on(async {
                if !pause.is_zero() {
                    tokio::time::sleep(pause).await;
                }
            });
        }
        if writer.apply(report).is_err() {
            return Ok(()); // closed pipe
        }
    }
    Ok(())
}

fn as_json(redecided: &Redecided) -> serde_json::Value {
    let differences: Vec<_> =
        redecided.differences.iter().map(|d| json!({"recorded": d.recorded, "today": d.today})).collect();
    json!({"same": redecided.same, "differences": differences})
}

fn as_text(redecided: &Redecided) -> String {
    let same = redecided.same;
    if redecided.differences.is_empty() {
        return format!("checked against today's rules: all {same} decisions are the same\n");
    }
    let mut text = format!("checked against today's rules: {same} decisions are the same, then they differ\n");
    for difference in &redecided.differences {
        let text_of = |decision: &Option<String>| decision.clone().unwrap_or_else(|| "no decision".to_owned());
        _ = writeln!(text, "  recorded: {}\n  today:    {}", text_of(&difference.recorded), text_of(&difference.today));
    }
    text
}
