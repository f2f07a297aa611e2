//! `tour`: the playground with its guided tour.

use super::GlobalOptions;
use super::play::{self, Opening};
use crate::config::Environment;
use anyhow::{Result, bail};

/// Always uses the simulator, because the tour breaks models on purpose.
pub(super) fn run(settings: &GlobalOptions, env: &Environment) -> Result<u8> {
    if !play::has_terminal(env) {
        bail!(
            "the tour needs a terminal that can move its cursor; `switchover < /dev/null` prints the failover demonstration as text"
        );
    }
    play::run(&GlobalOptions { simulate: true, ..settings.clone() }, env, Opening::Tour)
}
