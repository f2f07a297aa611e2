//! The command line: its commands and options, and the module that carries out each command. No logic of its own.

#![expect(clippy::doc_markdown, clippy::doc_link_with_quotes, reason = "clap prints these comments as help texts")]

mod ask;
mod diagnostics;
mod doctor;
mod eval;
mod examples;
mod explain;
mod export;
mod gateway;
mod history;
mod init;
mod input;
mod lists;
mod manual;
mod mistyped;
mod plain;
mod play;
mod print;
mod reliability;
mod replay;
mod runtime;
mod scenarios;
mod serve;
mod settings;
mod settings_files;
mod setup;
mod signatures;
mod tour;
mod traffic;
mod trust;

use crate::config::Environment;
use clap::{Args, Parser, Subcommand};
pub use mistyped::with_tip;
use print::note;
use std::path::PathBuf;
use std::process::ExitCode;

/// Exit codes, the same for every command.
pub mod exit {
    /// The command did what it was asked; a run has its answer.
    pub const OK: u8 = 0;
    /// Wrong usage or configuration, or output that cannot be written; also a problem that `doctor` found.
    pub const USAGE: u8 = 1;
    /// Every model of the chain failed; also a check of `scenarios` or `replay --check`.
    pub const EXHAUSTED: u8 = 2;
    /// Another model would not help: invalid key, no credit, malformed request.
    pub const FATAL: u8 = 3;
    /// A score is below `eval --min-score`.
    pub const BELOW: u8 = 4;
    /// The user cancelled the run.
    pub const CANCELLED: u8 = 130;
}

/// A terminal playground for DSPy-style signatures over OpenRouter, with visible failover
///
/// Without a command, the playground opens. Without a terminal, a failover demonstration
/// is printed as text. Without OPENROUTER_API_KEY, everything runs on the built-in simulator.
#[derive(Debug, Parser)]
#[command(name = "switchover", version, max_term_width = 100, after_help = examples::PROGRAM)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<CliCommand>,
    #[command(flatten)]
    settings: GlobalOptions,
    /// Open the playground line by line, for screen readers and simple terminals
    #[arg(long, conflicts_with = "gateway")]
    plain: bool,
    /// Start the gateway beside the playground, which shows the requests of other programs as they happen
    #[arg(long)]
    gateway: bool,
    /// Open a file of cases in the playground: a grid of scores, cases down, variants across
    #[arg(long, value_name = "FILE", conflicts_with_all = ["plain", "gateway"])]
    cases: Option<PathBuf>,
}

/// Options of every command. Most have a key in the configuration file and an environment variable too.
#[derive(Args, Clone, Debug, Default)]
pub struct GlobalOptions {
    /// Model of the fallback chain; repeat the option for more models, first choice first
    #[arg(long = "model", short = 'm', global = true, value_name = "MODEL")]
    models: Vec<String>,
    /// Inline signature ("question -> answer: int"), or the name of a signature in the library
    #[arg(long, short, global = true, value_name = "SIGNATURE")]
    signature: Option<String>,
    /// DSPy module: predict, chain_of_thought, multi_chain_comparison:3, majority:3
    #[arg(long, global = true, value_name = "MODULE")]
    module: Option<String>,
    /// Format of the fields in messages: chat, json, xml
    #[arg(long, global = true, value_name = "ADAPTER")]
    adapter: Option<String>,
    /// Break a model on purpose, for example openai/gpt-4o-mini=503; `switchover faults` lists the faults
    #[arg(long = "fault", global = true, value_name = "MODEL=FAULT")]
    faults: Vec<String>,
    #[arg(
        long,
        global = true,
        value_name = "URL",
        help = "Base URL of the API, for example http://localhost:11434/v1"
    )]
    base_url: Option<String>,
    /// Use the built-in simulator even if a key or a base URL is set
    #[arg(long, global = true)]
    simulate: bool,
    /// Your app's URL, sent as HTTP-Referer; OpenRouter's rankings use it
    #[arg(long, global = true, value_name = "URL")]
    referer: Option<String>,
    /// Your app's name, sent as X-OpenRouter-Title and X-Title
    #[arg(long, global = true, value_name = "NAME")]
    title: Option<String>,
    /// Any other setting, for example failover.deadline=30; `switchover config` lists all
    #[arg(long = "set", global = true, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Append a diagnostic log to this file; SWITCHOVER_LOG filters it, for example http=debug,run=info
    #[arg(long, global = true, value_name = "FILE")]
    log: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum CliCommand {
    /// Send inputs once and print the answer
    Ask(ask::AskArgs),
    /// Open the playground line by line, for screen readers and simple terminals
    Plain(plain::PlainArgs),
    /// Start a one-minute guided tour of the playground, on the simulator
    Tour,
    /// Ask a file of cases by several variants, under faults, and compare scores, cost and latency
    Eval(Box<eval::EvalArgs>),
    /// List, show, search, export or delete earlier runs
    History(history::HistoryArgs),
    /// Show a stored run again, without a network, and check today's failover decisions against it
    Replay(replay::ReplayArgs),
    /// Print the current settings, or a stored run, as a DSPy, LiteLLM, OpenAI or curl program
    Export(export::ExportArgs),
    /// Add the signatures of Python source, or a program that DSPy saved, to your library
    Import(export::ImportArgs),
    /// Check headers, failover and modules by what the server receives
    Scenarios(scenarios::ScenariosArgs),
    /// Check configuration, key, network, terminal and directories, and suggest fixes
    Doctor(doctor::DoctorArgs),
    /// Give other programs the failover: a server that speaks OpenAI's and OpenRouter's API
    Gateway(gateway::GatewayArgs),
    /// Run only the simulator, as a server for other clients
    Serve(serve::ServeArgs),
    /// Show the fields of a signature or of Python source, or where its error is
    Signature(explain::SignatureArgs),
    /// Parse a model's answer from standard input into the signature's fields
    Parse(explain::ParseArgs),
    /// Print the messages that would be sent for a signature
    Prompt(explain::PromptArgs),
    /// List the faults that can be injected
    Faults(lists::FaultsArgs),
    /// Run every fault over real sockets and show the outcomes
    Reliability(reliability::ReliabilityArgs),
    /// List the server's models with context size and prices
    Models(lists::ModelsArgs),
    /// Show the key's limits and remaining credit, as the server reports them
    Key(lists::KeyArgs),
    /// Show every setting, its value and where the value comes from
    Config(settings::ConfigArgs),
    /// Write a switchover.toml for this project, with comments
    Init(init::InitArgs),
    /// Let the files of this folder (.env, switchover.toml) choose the server
    Trust(trust::TrustArgs),
    /// Print a shell completion script
    Completions(manual::CompletionsArgs),
    /// Print the manual page
    Man(manual::ManArgs),
}

/// Runs the command line and returns the process's exit code. Prints an error to standard error.
pub fn run(cli: Cli, env: &Environment) -> ExitCode {
    let outcome = match cli.settings.start_log(env) {
        Ok(()) => dispatch(cli, env),
        Err(error) => Err(error),
    };
    let code = outcome.unwrap_or_else(|error| {
        note!("switchover: {error:#}");
        exit::USAGE
    });
    match print::finish() {
        Ok(()) => ExitCode::from(code),
        Err(error) => {
            note!("switchover: standard output: {error}");
            _ = print::finish();
            // A run is cancelled when its output fails.
            ExitCode::from(if matches!(code, exit::OK | exit::CANCELLED) { exit::USAGE } else { code })
        }
    }
}

fn dispatch(cli: Cli, env: &Environment) -> anyhow::Result<u8> {
    match cli.command {
        Some(CliCommand::Plain(_)) => plain::PlainArgs::run(&cli.settings, env),
        None if cli.plain => plain::PlainArgs::run(&cli.settings, env),
        None if cli.cases.is_some() => play::cases(cli.cases.unwrap_or_default(), &cli.settings, env),
        None if cli.gateway => play::gateway(&cli.settings, env),
        None => ask::playground(&cli.settings, env),
        Some(CliCommand::Ask(ask)) => ask.run(&cli.settings, env),
        Some(CliCommand::Tour) => tour::run(&cli.settings, env),
        Some(CliCommand::Eval(eval)) => eval.run(&cli.settings, env),
        Some(CliCommand::History(runs)) => runs.run(&cli.settings, env),
        Some(CliCommand::Replay(replay)) => replay.run(&cli.settings, env),
        Some(CliCommand::Export(export)) => export.run(&cli.settings, env),
        Some(CliCommand::Import(import)) => import.run(&cli.settings, env),
        Some(CliCommand::Scenarios(scenarios)) => scenarios.run(&cli.settings, env),
        Some(CliCommand::Init(_)) => init::InitArgs::run(env),
        Some(CliCommand::Trust(trust)) => trust.run(env),
        Some(CliCommand::Doctor(doctor)) => doctor.run(&cli.settings, env),
        Some(CliCommand::Completions(completions)) => Ok(completions.run()),
        Some(CliCommand::Man(man)) => man.run(),
        Some(CliCommand::Gateway(gateway)) => gateway.run(&cli.settings, env),
        Some(CliCommand::Serve(serve)) => serve.run(&cli.settings, env),
        Some(CliCommand::Signature(signature)) => signature.run(&cli.settings, env),
        Some(CliCommand::Parse(parse)) => parse.run(&cli.settings, env),
        Some(CliCommand::Prompt(prompt)) => prompt.run(&cli.settings, env),
        Some(CliCommand::Faults(faults)) => faults.run(),
        Some(CliCommand::Reliability(reliability)) => reliability.run(),
        Some(CliCommand::Models(models)) => models.run(&cli.settings, env),
        Some(CliCommand::Key(key)) => key.run(&cli.settings, env),
        Some(CliCommand::Config(show)) => show.run(&cli.settings, env),
    }
}
