//! `signature`, `parse` and `prompt`: what DSPy's words mean here, without asking a model.

use super::{Settings, exit, setup};
use crate::config::Surroundings;
use crate::dspy::{self, Adapter};
use anyhow::{Context as _, Result};
use clap::Args;
use serde_json::json;
use std::io::Read as _;

/// Explain an inline signature: its fields, or where it is wrong.
#[derive(Args, Debug)]
pub(super) struct Signature {
    /// For example "question, context: list[str] -> answer: Literal['yes', 'no']"
    #[arg(value_name = "INLINE", allow_hyphen_values = true)]
    inline: String,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

impl Signature {
    pub(super) fn run(&self) -> u8 {
        if self.json {
            let explained = dspy::explain(&self.inline);
            println!("{explained}");
            return if explained["accepted"] == true { exit::OK } else { exit::USAGE };
        }
        match dspy::Signature::read(&self.inline) {
            Ok((signature, warnings)) => {
                let sides = [("input", &signature.inputs), ("output", &signature.outputs)];
                for (side, field) in sides.iter().flat_map(|(side, fields)| fields.iter().map(move |f| (side, f))) {
                    println!("{side:<6}  {}: {}", field.name, field.kind);
                }
                for warning in warnings {
                    println!("note    {}", warning.message);
                }
                exit::OK
            }
            Err(error) => {
                eprintln!("{}", error.caret(&self.inline));
                exit::USAGE
            }
        }
    }
}

/// Read a completion from standard input as an adapter would.
#[derive(Args, Debug)]
pub(super) struct Parse {
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

impl Parse {
    pub(super) fn run(&self, settings: &Settings, around: &Surroundings) -> Result<u8> {
        let config = settings.config(around)?;
        // Only what stands in the signature is read: a module would add fields of its own.
        let job = setup::job(&config, around)?;
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes).context("standard input")?;
        let text = crate::text::clean(&String::from_utf8_lossy(&bytes)).into_owned();
        if self.json {
            let read = dspy::explain_answer(job.adapter, &job.signature, &text);
            println!("{read}");
            return Ok(if read.get("parsed").is_some() { exit::OK } else { exit::USAGE });
        }
        match job.adapter.parse(&job.signature, &text) {
            Ok(prediction) => {
                for (name, value) in prediction.fields.iter() {
                    println!("{name}: {}", value.as_str().map_or_else(|| value.to_string(), str::to_owned));
                }
                for repair in prediction.repairs {
                    let field = if repair.field.is_empty() { "answer" } else { &repair.field };
                    eprintln!("repaired {field}: {}", repair.what);
                }
                Ok(exit::OK)
            }
            Err(unparsed) => {
                for problem in unparsed.problems {
                    eprintln!("{problem}");
                }
                Ok(exit::USAGE)
            }
        }
    }
}

/// Show the messages that a signature becomes.
#[derive(Args, Debug)]
pub(super) struct Prompt {
    /// The inputs: a bare text for the first input, or name=value for each
    #[arg(value_name = "INPUT")]
    inputs: Vec<String>,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

impl Prompt {
    pub(super) fn run(&self, settings: &Settings, around: &Surroundings) -> Result<u8> {
        let config = settings.config(around)?;
        let job = setup::job(&config, around)?;
        let inputs = setup::inputs_from_words(&job.signature, &self.inputs)?;
        let signature = job.module.expand(&job.signature);
        let messages = job.adapter.messages(&signature, &inputs, &job.demos, &job.turns);
        if self.json {
            let format = (job.adapter == Adapter::Json).then(|| job.adapter.response_format(&signature));
            println!("{}", json!({"messages": messages, "response_format": format}));
            return Ok(exit::OK);
        }
        for message in messages {
            println!("── {} ──\n{}\n", json!(message.role).as_str().unwrap_or_default(), message.content);
        }
        Ok(exit::OK)
    }
}
