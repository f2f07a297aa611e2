//! `serve`: only the simulator, as a server for other clients. Prints one line per request to standard error.

use super::print::{note, out};
use super::runtime::runtime;
use super::{GlobalOptions, exit};
use crate::config::Environment;
use crate::fault::Fault;
use crate::simulator::{Simulator, SimulatorOptions};
use crate::text::clean_line;
use anyhow::{Context as _, Result};
use clap::Args;

/// Longer log lines are cut off; in characters.
const MAX_LOG_LINE: usize = 300;

/// Run only the simulator, as a server for other clients; it accepts any API key.
///
/// Every request is logged to standard error. `--fault` breaks a model at the base URL; any other fault can be
/// selected by the URL path.
#[derive(Args, Debug)]
pub(super) struct ServeArgs {
    /// Port on 127.0.0.1; 0 selects a free one
    #[arg(long, short, default_value_t = 8383)]
    port: u16,
    /// Duration factor of the simulated models: 0 answers at once, 2 takes twice as long
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
        let runtime = runtime(None)?;
        runtime.block_on(async {
            let options = SimulatorOptions {
                port: self.port,
                pace,
                seed: self.seed,
                faults: faults.into_iter().collect(),
                ..SimulatorOptions::default()
            };
            let broken: Vec<_> = options.faults.iter().map(|(model, fault)| format!("{model}={fault}")).collect();
            let simulator = Simulator::start(options)
                .await
                .with_context(|| format!("cannot listen on port {}; --port chooses another one", self.port))?;
            let mut served = simulator.served();
            let example: Fault = "503".parse()?;
            out!("base URL   {}", simulator.base_url());
            for fault in &broken {
                out!("broken     {fault}");
            }
            let example = simulator.base_url_with(&example);
            out!("any fault  {example}   (`switchover faults` lists the faults)");
            out!("key        any; Ctrl+C ends it");
            let log = async {
                while let Some(request) = served.recv().await {
                    note!("{}", clean_line(&request.to_string(), MAX_LOG_LINE));
                }
            };
            tokio::select! {
                () = simulator.serve() => {}
                () = log => {}
                () = super::ask::interrupted() => {}
            }
            Ok(exit::OK)
        })
    }
}
