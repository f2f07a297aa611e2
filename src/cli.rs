//! The command line: what can be asked for, and which room answers. No logic of its own.

#![expect(
    clippy::doc_markdown,
    clippy::doc_link_with_quotes,
    reason = "these comments are the help texts, as people read them"
)]

mod ask;
mod diagnostics;
mod doctor;
mod explain;
mod export;
mod history;
mod lists;
mod manual;
mod plain;
mod play;
mod reliability;
mod replay;
mod scenarios;
mod serve;
mod settings;
mod setup;
mod tour;

use crate::config::Environment;
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// Exit codes, the same for every command.
pub mod exit {
    /// Answered, or done.
    pub const OK: u8 = 0;
    /// The command line or the configuration is wrong.
    pub const USAGE: u8 = 1;
    /// Every model of the chain failed.
    pub const EXHAUSTED: u8 = 2;
    /// No model would help: the key, the credit, or the request itself.
    pub const FATAL: u8 = 3;
    /// Cancelled by the user.
    pub const CANCELLED: u8 = 130;
}

/// A terminal playground for DSPy-style signatures over OpenRouter, with failover you can watch.
///
/// Without a command it opens the playground; where there is no terminal it plays a
/// failover demonstration as text. Without OPENROUTER_API_KEY everything runs on the
/// built-in simulator.
#[derive(Debug, Parser)]
#[command(name = "switchover", version, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<CliCommand>,
    #[command(flatten)]
    settings: GlobalOptions,
    /// The playground line by line, for screen readers and dumb terminals
    #[arg(long)]
    plain: bool,
}

/// What can be set on the command line; each also has a key in the configuration file and a variable.
#[derive(Args, Clone, Debug, Default)]
pub struct GlobalOptions {
    /// A model of the fallback chain; repeat it, first choice first
    #[arg(long = "model", short = 'm', global = true, value_name = "MODEL")]
    models: Vec<String>,
    /// Inline signature ("question -> answer: int") or the name of one in the library
    #[arg(long, short, global = true, value_name = "SIGNATURE")]
    signature: Option<String>,
    /// How it is asked: predict, chain_of_thought, …
    #[arg(long, global = true, value_name = "MODULE")]
    module: Option<String>,
    /// How fields are written: chat, json, xml
    #[arg(long, global = true, value_name = "ADAPTER")]
    adapter: Option<String>,
    /// Break a model: MODEL=FAULT, for example openai/gpt-4o-mini=503 (see `switchover faults`)
    #[arg(long = "fault", global = true, value_name = "MODEL=FAULT")]
    faults: Vec<String>,
    #[arg(long, global = true, value_name = "URL", help = "The API to talk to, for example http://localhost:11434/v1")]
    base_url: Option<String>,
    /// Use the built-in simulator even when there is a key
    #[arg(long, global = true)]
    simulate: bool,
    /// HTTP-Referer: the app's identity in OpenRouter's rankings
    #[arg(long, global = true, value_name = "URL")]
    referer: Option<String>,
    /// X-OpenRouter-Title and X-Title: the app's name
    #[arg(long, global = true, value_name = "NAME")]
    title: Option<String>,
    /// Any other setting: key=value, as `switchover config` lists them
    #[arg(long = "set", global = true, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Append a diagnostic log to this file; SWITCHOVER_LOG filters it, for example http=debug,run=info
    #[arg(long, global = true, value_name = "FILE")]
    log: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum CliCommand {
    /// Ask once and print the answer
    Ask(ask::AskArgs),
    /// The playground line by line, for screen readers and dumb terminals
    Plain(plain::PlainArgs),
    /// A guided tour of the playground in a minute, on the simulator
    Tour,
    /// Look at earlier runs
    History(history::HistoryArgs),
    /// Play a run again, without a network, and decide it again
    Replay(replay::ReplayArgs),
    /// Write the current setting, or a run, as a program or command of somebody else's
    Export(export::ExportArgs),
    /// Read a program that DSPy saved into your signature library
    Import(export::ImportArgs),
    /// Check headers, failover and modules on what the server received
    Scenarios(scenarios::ScenariosArgs),
    /// Look at configuration, key, network, terminal and directories; each with a remedy
    Doctor(doctor::DoctorArgs),
    /// Run the simulator alone, for other clients
    Serve(serve::ServeArgs),
    /// Explain an inline signature: its fields, or where it is wrong
    Signature(explain::SignatureArgs),
    /// Read a completion from standard input as an adapter would
    Parse(explain::ParseArgs),
    /// Show the messages that a signature becomes
    Prompt(explain::PromptArgs),
    /// List the faults that can be injected
    Faults(lists::FaultsArgs),
    /// Play every fault for real and show what came of each
    Reliability(reliability::ReliabilityArgs),
    /// List the models that can be asked
    Models(lists::ModelsArgs),
    /// Show what the service says about the key: limits and what is left
    Key(lists::KeyArgs),
    /// Show every setting, its value and where it came from
    Config(settings::ConfigArgs),
    /// Print completions for a shell
    Completions(manual::CompletionsArgs),
    /// Print the manual page
    Man(manual::ManArgs),
}

/// Runs the command line and answers the process's exit code. Errors go to standard error in one line.
pub fn run(cli: Cli, env: &Environment) -> ExitCode {
    let outcome = match cli.settings.start_log(env) {
        Ok(()) => dispatch(cli, env),
        Err(error) => Err(error),
    };
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("switchover: {error:#}");
            ExitCode::from(exit::USAGE)
        }
    }
}

fn dispatch(cli: Cli, env: &Environment) -> anyhow::Result<u8> {
    match cli.command {
        Some(CliCommand::Plain(_)) => plain::PlainArgs::run(&cli.settings, env),
        None if cli.plain => plain::PlainArgs::run(&cli.settings, env),
        None => ask::playground(&cli.settings, env),
        Some(CliCommand::Ask(ask)) => ask.run(&cli.settings, env),
        Some(CliCommand::Tour) => tour::run(&cli.settings, env),
        Some(CliCommand::History(runs)) => runs.run(&cli.settings, env),
        Some(CliCommand::Replay(replay)) => replay.run(&cli.settings, env),
        Some(CliCommand::Export(export)) => export.run(&cli.settings, env),
        Some(CliCommand::Import(import)) => import.run(env),
        Some(CliCommand::Scenarios(scenarios)) => scenarios.run(&cli.settings, env),
        Some(CliCommand::Doctor(doctor)) => doctor.run(&cli.settings, env),
        Some(CliCommand::Completions(completions)) => completions.run(),
        Some(CliCommand::Man(man)) => man.run(),
        Some(CliCommand::Serve(serve)) => serve.run(&cli.settings, env),
        Some(CliCommand::Signature(signature)) => Ok(signature.run()),
        Some(CliCommand::Parse(parse)) => parse.run(&cli.settings, env),
        Some(CliCommand::Prompt(prompt)) => prompt.run(&cli.settings, env),
        Some(CliCommand::Faults(faults)) => faults.run(),
        Some(CliCommand::Reliability(reliability)) => reliability.run(),
        Some(CliCommand::Models(models)) => models.run(&cli.settings, env),
        Some(CliCommand::Key(key)) => key.run(&cli.settings, env),
        Some(CliCommand::Config(show)) => show.run(&cli.settings, env),
    }
}
