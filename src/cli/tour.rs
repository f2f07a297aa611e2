//! `tour`: the playground, walking through itself.

use super::{Settings, play};
use crate::config::Surroundings;
use anyhow::{Result, bail};
use std::io::IsTerminal as _;

/// Always on the simulator, with a key too: the tour breaks models on purpose.
pub(super) fn run(settings: &Settings, around: &Surroundings) -> Result<u8> {
    if !(std::io::stdin().is_terminal() && std::io::stdout().is_terminal()) {
        bail!("the tour needs a terminal; `switchover < /dev/null` plays the failover demonstration as text");
    }
    play::run(&Settings { simulate: true, ..settings.clone() }, around, true)
}
