//! `trust`: lets the files of a folder, or of its project, choose the server.

use super::exit;
use super::print::out;
use crate::config::trust::{TrustedFolders, base_url};
use crate::config::{Environment, PROJECT_FILE_NAME};
use crate::text::clean_line;
use anyhow::{Context as _, Result};
use clap::Args;

/// Let the files of this folder (.env, and switchover.toml of its project) choose the server.
#[derive(Args, Debug)]
pub(super) struct TrustArgs {
    /// Take the permission back
    #[arg(long)]
    undo: bool,
}

impl TrustArgs {
    pub(super) fn run(&self, env: &Environment) -> Result<u8> {
        let mut trusted = TrustedFolders::read(env)?;
        let folder_path = env.folder();
        let folder = folder_path.display().to_string();
        if self.undo {
            let was_allowed = trusted.revoke(&folder_path);
            trusted.save(env).context("cannot save the permission")?;
            out!("{folder}: {}", if was_allowed { "not trusted any more" } else { "was not trusted" });
            return Ok(exit::OK);
        }
        let server = base_url(env);
        trusted.allow(&folder_path, &server);
        let file = trusted.save(env).context("cannot save the permission")?;
        let server = if server.is_empty() { "none is set there now".to_owned() } else { clean_line(&server, 200) };
        out!(
            "The files of {folder} (.env, {PROJECT_FILE_NAME}) may choose the server and its headers; your key is sent there too. Server: {server}"
        );
        out!("They may also limit how long runs are kept, and name programs that score answers.");
        out!(
            "Another server in these files needs `switchover trust` again; --undo takes it back ({}).",
            file.display()
        );
        Ok(exit::OK)
    }
}
