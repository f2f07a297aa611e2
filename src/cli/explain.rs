//! `signature`, `parse` and `prompt`: how signatures and answers are read and prompts are written, without a model.

use super::print::{note, out};
use super::{GlobalOptions, exit, setup};
use crate::config::Environment;
use crate::dspy::import::python;
use crate::dspy::{self, Adapter};
use crate::text::value_text;
use anyhow::{Context as _, Result};
use clap::Args;
use serde_json::json;
use std::io::Read as _;

/// Show the fields of a signature, or where the error of an inline one is; or the signatures in Python source.
#[derive(Args, Debug)]
pub(super) struct SignatureArgs {
    /// For example "question, context: list[str] -> answer: Literal['yes', 'no']"; or the name of one in the library; or
    /// Python source: "$(cat file.py)"
    #[arg(value_name = "SIGNATURE", allow_hyphen_values = true)]
    word: String,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

impl SignatureArgs {
    pub(super) fn run(&self, settings: &GlobalOptions, env: &Environment) -> Result<u8> {
        let named = self.named(settings, env)?;
        if self.json {
            let inline = named.as_ref().map(dspy::Signature::inline);
            let explained = dspy::explain_signature(inline.as_deref().unwrap_or(&self.word));
            out!("{explained}");
            return Ok(if explained["accepted"] == true { exit::OK } else { exit::USAGE });
        }
        if let Some(signature) = named {
            show_fields(&signature);
            return Ok(exit::OK);
        }
        Ok(self.explain())
    }

    /// The signature of the library with this name. A word that is neither a name nor an inline signature is an error,
    /// which lists the names.
    fn named(&self, settings: &GlobalOptions, env: &Environment) -> Result<Option<dspy::Signature>> {
        let is_word = self.word.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'));
        if !is_word || self.word.is_empty() {
            return Ok(None);
        }
        setup::signature(&self.word, &settings.config(env)?, env).map(|entry| Some(entry.signature))
    }

    /// Explains an inline signature or Python source.
    fn explain(&self) -> u8 {
        if python::is_source(&self.word) {
            return match python::read(&self.word) {
                Ok(imported) => {
                    for entry in &imported.entries {
                        out!("{}  {}", entry.signature.name, entry.module);
                        show_fields(&entry.signature);
                    }
                    imported.notes.iter().for_each(|note| out!("note    {note}"));
                    out!(
                        "note    this is Python source; `switchover import FILE.py` adds its signatures to your library"
                    );
                    exit::OK
                }
                Err(error) => {
                    note!("{error}");
                    exit::USAGE
                }
            };
        }
        match dspy::Signature::parse_inline(&self.word) {
            Ok((signature, warnings)) => {
                show_fields(&signature);
                for warning in warnings {
                    out!("note    {}", warning.message);
                }
                exit::OK
            }
            Err(error) => {
                note!("{}", error.annotate(&self.word));
                exit::USAGE
            }
        }
    }
}

fn show_fields(signature: &dspy::Signature) {
    let sides = [("input", &signature.inputs), ("output", &signature.outputs)];
    for (side, field) in sides.iter().flat_map(|(side, fields)| fields.iter().map(move |field| (side, field))) {
        out!("{side:<6}  {}: {}", field.name, field.field_type);
    }
    for outline in signature.classes().into_iter().filter_map(dspy::FieldType::outline) {
        out!("type    {outline}");
    }
}

/// Parse a model's answer from standard input into the signature's fields.
#[derive(Args, Debug)]
pub(super) struct ParseArgs {
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

impl ParseArgs {
    pub(super) fn run(&self, settings: &GlobalOptions, env: &Environment) -> Result<u8> {
        let config = settings.config(env)?;
        // The module is ignored: only the signature's own fields are parsed.
        let task = setup::task(&config, env)?;
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes).context("standard input")?;
        let text = crate::text::clean(&String::from_utf8_lossy(&bytes)).into_owned();
        if self.json {
            let read = dspy::explain_answer(task.adapter, &task.signature, &text);
            out!("{read}");
            return Ok(if read.get("parsed").is_some() { exit::OK } else { exit::USAGE });
        }
        match task.adapter.parse(&task.signature, &text) {
            Ok(prediction) => {
                for (name, value) in prediction.fields.iter() {
                    out!("{name}: {}", value_text(value));
                }
                for repair in prediction.repairs {
                    let field = if repair.field.is_empty() { "answer" } else { &repair.field };
                    note!("repaired {field}: {}", repair.what);
                }
                Ok(exit::OK)
            }
            Err(unparsed) => {
                for problem in unparsed.problems {
                    note!("{problem}");
                }
                Ok(exit::USAGE)
            }
        }
    }
}

/// Print the messages that would be sent for a signature.
#[derive(Args, Debug)]
pub(super) struct PromptArgs {
    /// Inputs: a plain text is the next input, name=value sets one by name
    #[arg(value_name = "INPUT")]
    inputs: Vec<String>,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

impl PromptArgs {
    pub(super) fn run(&self, settings: &GlobalOptions, env: &Environment) -> Result<u8> {
        let config = settings.config(env)?;
        let mut task = setup::task(&config, env)?;
        task.inputs = setup::inputs_from_words(&task.signature, &self.inputs)?;
        let messages = task.messages();
        if self.json {
            let format = (task.adapter == Adapter::Json).then(|| task.adapter.response_format(&task.expanded()));
            out!("{}", json!({"messages": messages, "response_format": format}));
            return Ok(exit::OK);
        }
        for message in messages {
            out!("── {} ──\n{}\n", json!(message.role).as_str().unwrap_or_default(), message.content);
        }
        Ok(exit::OK)
    }
}
