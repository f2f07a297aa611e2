//! `completions` and `man`: both generated from the definition of the command line.

use super::{Cli, exit, print};
use anyhow::Result;
use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

/// Print a shell completion script.
#[derive(Args, Debug)]
pub(super) struct CompletionsArgs {
    /// The shell; for example: switchover completions bash > ~/.local/share/bash-completion/completions/switchover
    shell: Shell,
}

impl CompletionsArgs {
    pub(super) fn run(&self) -> u8 {
        let mut text = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "switchover", &mut text);
        print::text(&String::from_utf8_lossy(&text));
        exit::OK
    }
}

/// Print the manual page of the program or of one command.
#[derive(Args, Debug)]
pub(super) struct ManArgs {
    /// A command, for example: switchover man ask | man -l -
    command: Option<String>,
}

impl ManArgs {
    pub(super) fn run(&self) -> Result<u8> {
        let mut program = Cli::command();
        program.build();
        let command = match &self.command {
            None => program,
            Some(name) => match program.find_subcommand(name) {
                Some(command) => command.clone(),
                None => anyhow::bail!("there is no command `{name}`; `switchover --help` lists them"),
            },
        };
        let mut text = Vec::new();
        clap_mangen::Man::new(command).render(&mut text)?;
        print::text(&String::from_utf8_lossy(&text));
        Ok(exit::OK)
    }
}
