//! `completions` and `man`: both generated from the definition of the command line.

use super::{Cli, exit, print};
use anyhow::{Context as _, Result};
use clap::{Args, Command, CommandFactory as _};
use clap_complete::Shell;
use std::path::PathBuf;

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
    /// A command, for example: switchover man history forget | man -l -
    command: Vec<String>,
    /// Write the pages of the program and of all commands into this directory instead
    #[arg(long, value_name = "DIR", conflicts_with = "command")]
    dir: Option<PathBuf>,
}

impl ManArgs {
    pub(super) fn run(&self) -> Result<u8> {
        let program = program();
        if let Some(dir) = &self.dir {
            std::fs::create_dir_all(dir)?;
            for command in all(&program) {
                let path = dir.join(format!("{}.1", name(command)));
                std::fs::write(&path, page(command)?).with_context(|| format!("cannot write {}", path.display()))?;
            }
            return Ok(exit::OK);
        }
        let mut command = &program;
        for word in &self.command {
            command = command.find_subcommand(word).with_context(|| {
                format!("there is no command `{}`; `switchover --help` lists them", self.command.join(" "))
            })?;
        }
        print::text(&String::from_utf8_lossy(&page(command)?));
        Ok(exit::OK)
    }
}

/// The command line with all names complete. Pages do not mention `help`, which would need pages of its own.
fn program() -> Command {
    let mut program = Cli::command().disable_help_subcommand(true);
    program.build();
    program
}

/// A command and all below it.
fn all(command: &Command) -> Vec<&Command> {
    std::iter::once(command).chain(command.get_subcommands().flat_map(all)).collect()
}

/// The name of a command's page, for example `switchover-history-forget`.
fn name(command: &Command) -> &str {
    command.get_display_name().unwrap_or_else(|| command.get_name())
}

fn page(command: &Command) -> std::io::Result<Vec<u8>> {
    let mut text = Vec::new();
    let version = concat!("switchover ", env!("CARGO_PKG_VERSION"));
    clap_mangen::Man::new(command.clone()).source(version).render(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_that_a_page_names_exists() {
        let program = program();
        let names: Vec<&str> = all(&program).into_iter().map(name).collect();
        assert!(names.contains(&"switchover") && names.contains(&"switchover-history-forget"), "{names:?}");
        for command in all(&program) {
            let page = String::from_utf8(page(command).unwrap()).unwrap().replace('\\', "");
            for named in page.lines().filter_map(|line| line.strip_suffix("(1)")) {
                assert!(names.contains(&named), "{} names {named}", name(command));
            }
            for option in command.get_arguments().filter_map(|argument| argument.get_long()) {
                assert!(page.contains(&format!("--{option}")), "{}: --{option}", name(command));
            }
        }
    }
}
