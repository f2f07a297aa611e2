//! `serve`: the simulator alone, for other clients.

use super::{GlobalOptions, exit};
use crate::config::Environment;
use crate::fault::Fault;
use crate::simulator::{Simulator, SimulatorOptions};
use anyhow::{Context as _, Result};
use clap::Args;

/// Run the simulator alone, for other clients: any key will do.
#[derive(Args, Debug)]
pub(super) struct ServeArgs {
    /// The port on 127.0.0.1; 0 takes a free one
    #[arg(long, short, default_value_t = 8383)]
    port: u16,
    /// Speed of the simulated models: 0 answers at once, 2 takes twice as long
    #[arg(long)]
    pace: Option<f64>,
    /// Seed of ids and draws
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
            let options = SimulatorOptions { port: self.port, pace, seed: self.seed, ..SimulatorOptions::default() };
            let simulator =
                Simulator::start(options).await.with_context(|| format!("cannot listen on port {}", self.port))?;
            let example: Fault = "503".parse()?;
            println!("base URL   {}", simulator.base_url());
            println!(
                "broken     {}   (`switchover faults` lists what can stand there)",
                simulator.base_url_with(&example)
            );
            if !faults.is_empty() {
                let each = faults.iter().map(|(model, fault)| (model.as_str(), fault));
                println!("as asked   {}", simulator.base_url_with_each(each));
            }
            println!("key        any; Ctrl+C ends it");
            tokio::select! {
                () = simulator.serve() => {}
                () = super::ask::stop_asked() => {}
            }
            Ok(exit::OK)
        })
    }
}
