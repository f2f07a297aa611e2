//! The tables of keys and options are those of the code.

use crate::page;
use clap::CommandFactory as _;
use std::fmt::Write as _;
use switchover::cli::Cli;
use switchover::config::{ConfigKey, DEFAULT_CHAIN, KEYS, REQUEST_FIELDS};

/// A text in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

fn code(text: &str) -> String {
    if text.is_empty() { "–".to_owned() } else { format!("`{text}`") }
}

#[test]
fn the_documented_keys_are_those_of_the_configuration() {
    let section = |key: &ConfigKey| key.name.split_once('.').map_or("", |(section, _)| section);
    let mut sections: Vec<&str> = KEYS.iter().map(section).collect();
    sections.sort_by_key(|name| (!name.is_empty(), KEYS.iter().position(|key| section(key) == *name)));
    sections.dedup();
    let mut out = String::new();
    for name in sections {
        let title = if name.is_empty() { "Without a section".to_owned() } else { format!("`[{name}]`") };
        _ = write!(
            out,
            "### {title}\n\n| key | meaning | value | default | variable | option |\n|---|---|---|---|---|---|\n"
        );
        for key in KEYS.iter().filter(|key| section(key) == name) {
            let options: Vec<String> = key.options.split(", ").map(code).collect();
            let (doc, expected, options) = (cell(key.doc), cell(&key.expected()), options.join(", "));
            let (name, default, variable) = (key.name, code(key.default), key.env);
            _ = writeln!(out, "| `{name}` | {doc} | {expected} | {default} | `{variable}` | {options} |");
        }
        out += "\n";
        if name.is_empty() {
            let chain = DEFAULT_CHAIN.iter().map(|model| code(model)).collect::<Vec<_>>().join(", ");
            _ = writeln!(out, "Without `models`, the chain on OpenRouter and on the simulator is {chain}.\n");
            out += "The most useful fields of `request`:\n\n| field | meaning |\n|---|---|\n";
            for (field, meaning) in REQUEST_FIELDS {
                _ = writeln!(out, "| `{field}` | {} |", cell(meaning));
            }
            out += "\n";
        }
    }
    page::holds("docs/configuration.md", "configuration", &out);
}

/// The options and arguments of a command, a row each, but for those that stand above it.
fn rows(command: &clap::Command, above: &[String]) -> String {
    let mut out = String::new();
    let is_new = |argument: &&clap::Arg| {
        let id = argument.get_id().as_str();
        !matches!(id, "help" | "version") && !above.iter().any(|known| known == id)
    };
    for argument in command.get_arguments().filter(is_new) {
        let values: Vec<&str> =
            argument.get_value_names().unwrap_or_default().iter().map(clap::builder::Str::as_str).collect();
        let takes = argument.get_action().takes_values();
        let name = match (argument.get_short(), argument.get_long()) {
            (_, None) if argument.is_required_set() => format!("<{}>", values.join(" ")),
            (_, None) => format!("[{}]", values.join(" ")),
            (short, Some(long)) => {
                let short = short.map(|short| format!("-{short}, ")).unwrap_or_default();
                let value = if takes { format!(" <{}>", values.join(" ")) } else { String::new() };
                format!("{short}--{long}{value}")
            }
        };
        let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
        let words: Vec<String> = argument
            .get_possible_values()
            .iter()
            .filter(|_| takes)
            .map(|value| match value.get_help() {
                Some(help) => format!("`{}` ({help})", value.get_name()),
                None => format!("`{}`", value.get_name()),
            })
            .collect();
        let words = if words.is_empty() { String::new() } else { format!(": {}", words.join(", ")) };
        _ = writeln!(out, "| `{}` | {}{} |", cell(&name), cell(&help), cell(&words));
    }
    out
}

/// The options of a command that the commands below it have, too.
fn shared(command: &clap::Command) -> Vec<String> {
    let shared = command.get_arguments().filter(|argument| argument.is_global_set());
    shared.map(|argument| argument.get_id().to_string()).collect()
}

/// A command with its options, and the commands below it.
fn describe(command: &clap::Command, name: &str, above: &[String], out: &mut String) {
    let rows = rows(command, above);
    _ = write!(
        out,
        "\n### {name}\n\n{}.\n",
        command.get_about().map(ToString::to_string).unwrap_or_default().trim_end_matches('.')
    );
    if !rows.is_empty() {
        _ = write!(out, "\n| option | meaning |\n|---|---|\n{rows}");
    }
    for below in command.get_subcommands().filter(|below| below.get_name() != "help") {
        describe(below, &format!("{name} {}", below.get_name()), &shared(command), out);
    }
}

#[test]
fn the_documented_options_are_those_of_the_commands() {
    let mut command = Cli::command();
    command.build();
    let of_all = shared(&command);
    let own: Vec<String> = command
        .get_arguments()
        .map(|argument| argument.get_id().to_string())
        .filter(|id| !of_all.contains(id))
        .collect();
    let head = "| option | meaning |\n|---|---|\n";
    let mut out = format!("### Options of every command\n\n{head}{}", rows(&command, &own));
    _ = write!(
        out,
        "\n### switchover\n\nWithout a command, the playground opens.\n\n{head}{}",
        rows(&command, &of_all)
    );
    for below in command.get_subcommands().filter(|below| below.get_name() != "help") {
        describe(below, below.get_name(), &of_all, &mut out);
    }
    page::holds("docs/commands.md", "commands", &out);
}

/// An option that the table of keys names exists.
#[test]
fn every_option_of_a_key_exists() {
    let mut command = Cli::command();
    command.build();
    for key in KEYS {
        for option in key.options.split(", ").filter(|option| !option.is_empty()) {
            let (of, word) = match option.split_once(' ') {
                Some((name, word)) => (command.find_subcommand(name).unwrap(), word),
                None => (&command, option),
            };
            let found = of.get_arguments().any(|argument| match word.strip_prefix("--") {
                Some(long) => argument.get_long() == Some(long),
                None => argument.get_value_names().is_some_and(|names| format!("[{}]", names[0]) == word),
            });
            assert!(found, "{}: {option}", key.name);
        }
    }
}
