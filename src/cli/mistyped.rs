//! Tips where clap has none: for a mistyped command that is short, and for a question in the place of a command.

use super::Cli;
use crate::nearest::nearest;
use clap::error::{ContextKind, ContextValue, Error, ErrorKind};
use clap::{Command, CommandFactory as _};

/// The error of the command line, with a tip if it has none.
pub fn with_tip(mut error: Error) -> Error {
    let has_tip = error.get(ContextKind::SuggestedSubcommand).is_some();
    if error.kind() != ErrorKind::InvalidSubcommand || has_tip {
        return error;
    }
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand) else { return error };
    let tip = match word.as_str() {
        // The shell took `> answer` for a file.
        "-" => Some("an inline signature needs quotes: -s \"question -> answer\""),
        _ if word.contains(char::is_whitespace) => Some("a question needs a command: switchover ask \"…\""),
        _ => None,
    };
    if let Some(tip) = tip {
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
        return error;
    }
    let mut root = Cli::command();
    root.build();
    let parent = parent(&root, &error.get(ContextKind::Usage).map(ToString::to_string).unwrap_or_default());
    let names = parent.get_subcommands().filter(|command| !command.is_hide_set()).map(Command::get_name);
    if let Some(near) = nearest(word, names) {
        let near = near.to_owned();
        error.insert(ContextKind::SuggestedSubcommand, ContextValue::Strings(vec![near]));
    }
    error
}

/// The command that was read before the mistyped one. `usage` is the line of the error that names it.
fn parent<'a>(root: &'a Command, usage: &str) -> &'a Command {
    let mut words = usage.split_whitespace().skip_while(|word| *word != root.get_name()).skip(1);
    let mut command = root;
    while let Some(next) = words.next().and_then(|word| command.find_subcommand(word)) {
        command = next;
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;

    fn said(words: &[&str]) -> String {
        let error = Cli::try_parse_from(["switchover"].iter().chain(words)).expect_err("not a command");
        with_tip(error).to_string()
    }

    #[test]
    fn a_mistyped_command_has_a_tip() {
        for (words, tip) in [
            (&["aks", "What is DSPy?"][..], "'ask'"),
            (&["sak"], "'ask'"),
            (&["evla", "cases.jsonl"], "'eval'"),
            (&["kye"], "'key'"),
            (&["history", "serach", "x"], "'search'"),
            (&["history", "sohw", "last"], "'show'"),
            // clap's own tip stays.
            (&["modles"], "'models'"),
            (&["-m", "a/b", "aks", "x"], "'ask'"),
        ] {
            let said = said(words);
            assert!(said.contains("tip: ") && said.contains(tip), "{words:?}: {said}");
        }
    }

    #[test]
    fn a_question_without_a_command_is_recognised_and_another_word_is_not() {
        assert!(said(&["What is DSPy?"]).contains("tip: a question needs a command: switchover ask"));
        assert!(said(&["-s", "question", "-", "int"]).contains("tip: an inline signature needs quotes"));
        for words in [&["zz"][..], &["history", "zz"], &["ask", "--no-such-flag"]] {
            assert!(!said(words).contains("tip: a"), "{}", said(words));
        }
    }
}
