//! `trust`: lets the files of a folder choose the server.

use super::exit;
use super::print::out;
use crate::config::Environment;
use crate::config::trust::{TrustedFolders, base_url};
use crate::text::clean_line;
use anyhow::{Context as _, Result};
use clap::Args;

/// Let the .env files of the working directory choose the server.
#[derive(Args, Debug)]
pub(super) struct TrustArgs {
    /// Take the permission back
    #[arg(long)]
    undo: bool,
}

impl TrustArgs {
    pub(super) fn run(&self, env: &Environment) -> Result<u8> {
        let mut trusted = TrustedFolders::load(env);
        let folder = env.cwd.display().to_string();
        if self.undo {
            let was_allowed = trusted.revoke(&env.cwd);
            trusted.save(env).context("cannot save the permission")?;
            out!("{folder}: {}", if was_allowed { "not trusted any more" } else { "was not trusted" });
            return Ok(exit::OK);
        }
        let server = base_url(env);
        trusted.allow(&env.cwd, &server);
        let file = trusted.save(env).context("cannot save the permission")?;
        let server = if server.is_empty() { "they set no server".to_owned() } else { clean_line(&server, 200) };
        out!("The .env files of {folder} may choose the server and its headers; your key goes there too: {server}");
        out!(
            "Another server in these files needs `switchover trust` again; --undo takes it back ({}).",
            file.display()
        );
        Ok(exit::OK)
    }
}
