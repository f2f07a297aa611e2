//! `reliability`: runs every fault of the table over real sockets and prints the outcomes.

use super::exit;
use super::print::{note, out};
use super::runtime::runtime;
use crate::failover::{Outcome, Policy};
use crate::fault::{Fault, FaultRow, TABLE};
use crate::text::counted;
use crate::worker::reliability::{FaultTrial, TrialConditions, try_fault};
use anyhow::{Context as _, Result, ensure};
use clap::Args;
use futures_util::stream::{self, StreamExt as _};
use std::time::Duration;

/// Number of faults that run at the same time.
const CONCURRENT: usize = 32;

/// Run every fault over real sockets against the built-in simulator and show the outcomes.
///
/// The chain is openai/gpt-4o-mini (broken) and anthropic/claude-3-haiku (working). It takes about 90
/// seconds, because timeouts have their default lengths.
#[derive(Args, Debug)]
pub(super) struct ReliabilityArgs {
    /// Print as a Markdown table
    #[arg(long)]
    markdown: bool,
    /// Request whole answers instead of streams
    #[arg(long)]
    no_stream: bool,
    /// Run only these faults, for example 503; `switchover faults` lists them
    #[arg(value_name = "FAULT")]
    only: Vec<String>,
}

impl ReliabilityArgs {
    pub(super) fn run(&self) -> Result<u8> {
        let rows = self.rows()?;
        let runtime = runtime(Some(2))?;
        let proofs: Vec<(&str, FaultTrial)> = runtime
            .block_on(async {
                let play = |(word, fault): (&'static str, Fault)| async move {
                    // A fixed seed gives the same jitter on every machine.
                    let terms = TrialConditions {
                        stream: !self.no_stream,
                        pace: 1.0,
                        policy: Policy { seed: 1, ..Policy::default() },
                    };
                    Ok::<_, std::io::Error>((word, try_fault(&fault, terms).await?))
                };
                stream::iter(rows)
                    .map(play)
                    .buffered(CONCURRENT)
                    .collect::<Vec<_>>()
                    .await
                    .into_iter()
                    .collect::<Result<_, _>>()
            })
            .context("the simulator cannot listen on 127.0.0.1")?;
        if self.markdown {
            out!("| fault | outcome | answered by | attempts | first valid token |\n|---|---|---|---:|---:|");
        } else {
            out!("{:<28} {:<18} {:<26} {:>8} {:>12}", "fault", "outcome", "answered by", "attempts", "first token");
        }
        for (word, proof) in &proofs {
            let outcome = proof.outcome().map_or_else(|| "no outcome".to_owned(), words);
            let by = proof.answered_by().unwrap_or("–");
            let first = proof.first_valid_token().map_or_else(|| "–".to_owned(), seconds);
            let attempts = proof.attempts();
            if self.markdown {
                out!("| `{word}` | {outcome} | {by} | {attempts} | {first} |");
            } else {
                out!("{word:<28} {outcome:<18} {by:<26} {attempts:>8} {first:>12}");
            }
        }
        let violations: Vec<_> =
            proofs.iter().filter_map(|(word, proof)| Some((word, proof.broken_invariant()?))).collect();
        for (word, what) in &violations {
            note!("switchover: {word}: {what}");
        }
        let answered = proofs.iter().filter(|(_, proof)| proof.outcome() == Some(Outcome::Succeeded)).count();
        out!(
            "\n{}: {answered} answered, {} stopped with a reason, {} wrong.",
            counted(proofs.len(), "fault"),
            proofs.len() - answered,
            violations.len()
        );
        Ok(if violations.is_empty() { exit::OK } else { exit::EXHAUSTED })
    }

    fn rows(&self) -> Result<Vec<(&'static str, Fault)>> {
        let selected = |row: &&FaultRow| {
            self.only.is_empty() || self.only.iter().any(|word| word == row.example || word == row.name)
        };
        let rows: Vec<&FaultRow> = TABLE.iter().filter(selected).collect();
        ensure!(!rows.is_empty(), "unknown fault; `switchover faults` lists all");
        rows.into_iter().map(|row| Ok((row.example, row.example.parse()?))).collect()
    }
}

fn words(outcome: Outcome) -> String {
    serde_json::json!(outcome).as_str().unwrap_or_default().replace('_', " ")
}

fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}
