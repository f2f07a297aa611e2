//! `init`: writes a project's file to begin with.

use super::exit;
use super::print::out;
use crate::config::{Environment, PROJECT_FILE_NAME};
use anyhow::{Context as _, Result, bail};
use clap::Args;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};

/// The content of the new file: every line but the comments at the top is a setting that may be removed.
const TEMPLATE: &str = include_str!("../../assets/project.toml");

/// Write a switchover.toml for this project, with comments.
#[derive(Args, Debug)]
pub(super) struct InitArgs {}

impl InitArgs {
    /// A file that exists is never replaced.
    pub(super) fn run(env: &Environment) -> Result<u8> {
        let path = env.cwd.join(PROJECT_FILE_NAME);
        let place = || path.display().to_string();
        let mut file = match OpenOptions::new().write(true).create_new(true).open(&path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                bail!("{} exists; it is not replaced", place())
            }
            opened => opened.with_context(place)?,
        };
        file.write_all(TEMPLATE.as_bytes()).with_context(place)?;
        out!("{} is written; `switchover config` shows what it sets", place());
        Ok(exit::OK)
    }
}
