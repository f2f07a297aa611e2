//! `completions` and `man`: both made from the command line's own definition.

use super::{Cli, exit};
use anyhow::Result;
use clap::{Args, CommandFactory as _};
use clap_complete::Shell;
use std::io::Write as _;

/// Print completions for a shell.
#[derive(Args, Debug)]
pub(super) struct CompletionsArgs {
    /// For example: switchover completions bash > ~/.local/share/bash-completion/completions/switchover
    shell: Shell,
}

impl CompletionsArgs {
    pub(super) fn run(&self) -> Result<u8> {
        let mut text = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "switchover", &mut text);
        print(&text)
    }
}

/// Print the manual page, of the program or of one command.
#[derive(Args, Debug)]
pub(super) struct ManArgs {
    /// A command, for example: switchover man ask | man -l -
    command: Option<String>,
}

impl ManArgs {
    pub(super) fn run(&self) -> Result<u8> {
        let mut whole = Cli::command();
        whole.build();
        let command = match &self.command {
            None => whole,
            Some(name) => match whole.find_subcommand(name) {
                Some(command) => command.clone(),
                None => anyhow::bail!("there is no command `{name}`; `switchover --help` lists them"),
            },
        };
        let mut text = Vec::new();
        clap_mangen::Man::new(command).render(&mut text)?;
        print(&text)
    }
}

/// To standard output; a reader that has gone away is no error.
fn print(text: &[u8]) -> Result<u8> {
    match std::io::stdout().write_all(text) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(exit::OK),
    }
}
