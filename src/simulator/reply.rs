//! What the simulated models say: reads which fields are asked for, and answers each with a known value or a
//! simulated one of its type. A pure function of the request and the model.
//!
//! ```text
//!   messages ─▶ prompt (fields, inputs) ─▶ answers (what is known) ─▶ responder ─▶ form (text)
//!                 └ schema, skeleton         └ arithmetic               └ generate
//! ```

mod answers;
mod arithmetic;
mod form;
mod generate;
mod prompt;
mod responder;
mod schema;
mod skeleton;

pub(super) use answers::Fact;

use super::catalogue::SimulatedModel;
use super::chat::CompletionRequest;
use crate::fault::FaultKind;
use prompt::{AnswerForm, ParsedPrompt};
use responder::Responder;

/// A model's words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ComposedReply {
    /// Empty for a model that does not reason.
    pub reasoning: String,
    /// The answer.
    pub content: String,
}

/// Composes the reply of `model` to `ask`, spoilt by a fault in its form.
pub(super) fn compose(ask: &CompletionRequest, model: &SimulatedModel, kind: Option<FaultKind>) -> ComposedReply {
    let prompt = ParsedPrompt::read(&ask.messages, ask.format.as_ref().filter(|_| model.structured));
    let responder = Responder::new(model, &prompt);
    let values = if prompt.form == AnswerForm::Plain { vec![responder.text().into()] } else { responder.values() };
    let text = form::write(prompt.form, &prompt.outputs, values, kind);
    let mut reply = ComposedReply { reasoning: String::new(), content: text };
    if kind == Some(FaultKind::JsonInReasoning) {
        reply = ComposedReply { reasoning: reply.content, content: String::new() };
    }
    if model.reasoning && ask.reasons {
        reply.reasoning.insert_str(0, &responder.thoughts());
    }
    reply
}
