//! What the simulated models say: reads which fields are asked for, and answers each with a
//! value of its type. It is a pure function of the request and the model.

mod arithmetic;
mod asked;
mod extract;
mod knowledge;
mod mind;
mod shape;
mod write;

pub(super) use knowledge::{Cue, Entry, Phrase};

use super::catalogue::Model;
use super::chat::Ask;
use crate::fault::FaultKind;
use asked::{Asked, Style};
use mind::Mind;

/// A model's words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Reply {
    /// Empty for a model that does not reason.
    pub reasoning: String,
    /// The answer.
    pub content: String,
}

/// Composes the reply of `model` to `ask`, spoilt by a fault in its form.
pub(super) fn compose(ask: &Ask, model: &Model, kind: Option<FaultKind>) -> Reply {
    let asked = Asked::read(ask, model);
    let mut mind = Mind::new(model, &asked);
    let values = if asked.style == Style::Plain { vec![mind.free_text().into()] } else { mind.values() };
    let mut reply = write::answer(asked.style, &asked.outputs, values, kind);
    if model.reasoning && ask.reasons {
        reply.reasoning.insert_str(0, &thoughts(&asked, &mind));
    }
    reply
}

/// What a reasoning model thinks before it answers.
fn thoughts(asked: &Asked, mind: &Mind<'_>) -> String {
    let names: Vec<&str> = asked.outputs.iter().map(|field| field.name.as_str()).collect();
    let wanted = match names[..] {
        [] => "a plain answer".to_owned(),
        [one] => format!("the field {one}"),
        _ => format!("the fields {}", names.join(", ")),
    };
    format!("The user wants {wanted}. {} Now I write it down in the format that was asked for.", mind.reasoning())
}
