//! `serve`: the simulator alone, for other clients, with one line on standard error for each request.

use super::{GlobalOptions, exit};
use crate::config::Environment;
use crate::fault::Fault;
use crate::simulator::{Simulator, SimulatorOptions};
use crate::text::clean_line;
use anyhow::{Context as _, Result};
use clap::Args;
use std::io::Write as _;

/// The longest line of the log, in characters.
const MAX_LOG_LINE: usize = 300;

/// Run the simulator alone, for other clients: any key will do.
///
/// Every request is logged on standard error. A model that `--fault` breaks is broken at the base URL; other faults
/// are a part of the address.
#[derive(Args, Debug)]
pub(super) struct ServeArgs {
    /// The port on 127.0.0.1; 0 takes a free one
    #[arg(long, short, default_value_t = 8383)]
    port: u16,
    /// Speed of the simulated models: 0 answers at once, 2 takes twice as long
    #[arg(long)]
    pace: Option<f64>,
    /// Seed of generation ids and random draws
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

impl ServeArgs {
    pub(super) fn run(&self, settings: &GlobalOptions, env: &Environment) -> Result<u8> {
        let config = settings.config(env)?;
        let faults = settings.faults()?;
        let pace = self.pace.or(config.read("simulator.pace")?).unwrap_or(1.0);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let options = SimulatorOptions {
                port: self.port,
                pace,
                seed: self.seed,
                faults: faults.into_iter().collect(),
                ..SimulatorOptions::default()
            };
            let broken: Vec<_> = options.faults.iter().map(|(model, fault)| format!("{model}={fault}")).collect();
            let simulator =
                Simulator::start(options).await.with_context(|| format!("cannot listen on port {}", self.port))?;
            let mut served = simulator.served();
            let example: Fault = "503".parse()?;
            let mut out = std::io::stdout().lock();
            writeln!(out, "base URL   {}", simulator.base_url())?;
            for fault in &broken {
                writeln!(out, "broken     {fault}")?;
            }
            let example = simulator.base_url_with(&example);
            writeln!(out, "any fault  {example}   (`switchover faults` lists what can stand there)")?;
            writeln!(out, "key        any; Ctrl+C ends it")?;
            drop(out);
            let log = async {
                while let Some(request) = served.recv().await {
                    // Without a reader of the log, the server goes on.
                    _ = writeln!(std::io::stderr(), "{}", clean_line(&request.to_string(), MAX_LOG_LINE));
                }
            };
            tokio::select! {
                () = simulator.serve() => {}
                () = log => {}
                () = super::ask::stop_asked() => {}
            }
            Ok(exit::OK)
        })
    }
}
