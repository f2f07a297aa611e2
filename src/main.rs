//! The binary: reads the environment once and runs the command line.

use clap::Parser as _;
use etcetera::BaseStrategy as _;
use std::process::ExitCode;
use switchover::cli::{self, Cli};
use switchover::config::Environment;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // clap returns help and version texts as errors too; they do not go to standard error.
            let error = cli::with_tip(error);
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(cli::exit::USAGE) } else { ExitCode::SUCCESS };
        }
    };
    cli::run(cli, &environment())
}

/// The environment and the user's directories. Without a home directory, `.switchover` in the working directory is
/// used.
fn environment() -> Environment {
    let [config_dir, data_dir, cache_dir] = match etcetera::choose_base_strategy() {
        Ok(base) => [base.config_dir(), base.data_dir(), base.cache_dir()].map(|dir| dir.join("switchover")),
        Err(_) => [(); 3].map(|()| ".switchover".into()),
    };
    Environment {
        #[expect(clippy::disallowed_methods, reason = "only this function reads the environment")]
        vars: std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?))).collect(),
        cwd: std::env::current_dir().unwrap_or_default(),
        config_dir,
        data_dir,
        cache_dir,
    }
}
