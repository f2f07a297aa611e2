//! Settings that a command refuses only when it uses them: each is read here as that command reads it.

use super::{Finding, bad};
use crate::cli::gateway::GatewayFlags;
use crate::cli::{GlobalOptions, eval, play, setup};
use crate::config::{Config, Environment};
use crate::openrouter::settings::RequestSettings;
use anyhow::Result;

/// The settings that some command would refuse.
pub(super) fn refused(config: &Config, settings: &GlobalOptions, env: &Environment) -> Vec<Finding> {
    let checks = [
        ("signature", setup::task(config, env).map(drop), "correct the signature, its module or its adapter"),
        ("chain", chain(config), "name at least one model"),
        ("request", config.read::<RequestSettings>("request").map(drop).map_err(Into::into), "correct that field"),
        ("faults", settings.faults().map(drop), "`switchover faults` lists the faults"),
        ("attribution", setup::headers(config).map(drop), "correct that header"),
        ("history", setup::keep(config).map(drop), "for example history.keep = \"2 years, 4 GB\""),
        ("keys", play::keymap(config).map(drop), "F1 in the playground lists the actions and their keys"),
        ("gateway", GatewayFlags::of(env).address(config).map(drop), "correct gateway.listen, or set a token"),
        ("evaluations", eval::check_settings(config), "correct eval.metrics or eval.faults"),
    ];
    let refused = checks.into_iter().filter_map(|(what, read, remedy)| Some((what, read.err()?, remedy)));
    refused.map(|(what, error, remedy)| bad(what, format!("{error:#}"), remedy)).collect()
}

fn chain(config: &Config) -> Result<()> {
    config.policy(0)?;
    config.chain()?;
    Ok(())
}
