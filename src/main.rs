//! The binary: reads its surroundings once, and hands over to the command line.

use clap::Parser as _;
use etcetera::BaseStrategy as _;
use std::process::ExitCode;
use switchover::cli::{self, Cli};
use switchover::config::Environment;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(asked) => {
            // Help and version are answers; anything else is a mistake in usage.
            let _ = asked.print();
            return if asked.use_stderr() { ExitCode::from(cli::exit::USAGE) } else { ExitCode::SUCCESS };
        }
    };
    cli::run(cli, &surroundings())
}

/// The environment and the user's directories. Without a home everything lives in the working directory.
fn surroundings() -> Environment {
    let [config_dir, data_dir, cache_dir] = match etcetera::choose_base_strategy() {
        Ok(base) => [base.config_dir(), base.data_dir(), base.cache_dir()].map(|dir| dir.join("switchover")),
        Err(_) => [(); 3].map(|()| ".switchover".into()),
    };
    Environment {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
        vars: std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?))).collect(),
        cwd: std::env::current_dir().unwrap_or_default(),
        config_dir,
        data_dir,
        cache_dir,
    }
}
