//! `tour`: the playground with its guided tour.

use super::GlobalOptions;
use super::play::{self, Opening};
use crate::config::Environment;
use anyhow::{Result, bail};
use std::io::IsTerminal as _;

/// Always uses the simulator, because the tour breaks models on purpose.
pub(super) fn run(settings: &GlobalOptions, env: &Environment) -> Result<u8> {
    if !(std::io::stdin().is_terminal() && std::io::stdout().is_terminal()) {
        bail!("the tour needs a terminal; `switchover < /dev/null` prints the failover demonstration as text");
    }
    play::run(&GlobalOptions { simulate: true, ..settings.clone() }, env, Opening::Tour)
}
