//! What the simulated models say: reads which fields are asked for, and answers each with a value of its type.

use super::catalogue::{Model, Temper};
use super::chat::Ask;
use crate::fault::Kind;

/// Models, answers, phrases and cues.
pub(super) const ASSET: &str = include_str!("../../assets/simulator.toml");

/// A model's words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Reply {
    /// Empty for a model that does not reason.
    pub reasoning: String,
    /// The answer.
    pub content: String,
}

/// Composes the reply of `model` to `ask`, spoilt by a fault in its form.
pub(super) fn compose(ask: &Ask, model: &Model, _kind: Option<Kind>) -> Reply {
    let question = ask.messages.last().map_or("", |message| message.text.as_str());
    let reasoning = if model.reasoning && ask.reasons { "Nobody thinks here.".to_owned() } else { String::new() };
    let content = match model.temper {
        Temper::Terse => "Simulated.".to_owned(),
        Temper::Plain | Temper::Wordy => format!("This is simulated: no model was asked “{question}”."),
    };
    Reply { reasoning, content }
}
