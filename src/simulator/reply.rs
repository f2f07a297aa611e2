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

/// The words of a model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ComposedReply {
    /// Empty for a model that does not reason.
    pub reasoning: String,
    /// The answer, or the arguments of the tool that is called.
    pub content: String,
    /// The name of the tool that the model calls instead of answering.
    pub tool: Option<String>,
}

/// Composes the reply of `model` to a request. A fault in the form of an answer spoils the content.
pub(super) fn compose(request: &CompletionRequest, model: &SimulatedModel, fault: Option<FaultKind>) -> ComposedReply {
    let tool = request.called_tool();
    let prompt = match tool {
        Some(tool) => ParsedPrompt::of_tool(&tool.parameters),
        None => ParsedPrompt::read(&request.messages, request.format.as_ref().filter(|_| model.structured)),
    };
    let responder = Responder::new(model, &prompt);
    let values = match prompt.form {
        AnswerForm::Plain => vec![responder.text().into()],
        AnswerForm::Arguments => responder.arguments(),
        _ => responder.values(),
    };
    let mut content = form::write(prompt.form, &prompt.outputs, values, fault);
    let mut reasoning = if model.reasoning && request.reasons { responder.thoughts() } else { String::new() };
    if fault == Some(FaultKind::JsonInReasoning) {
        reasoning.push_str(&std::mem::take(&mut content));
    }
    ComposedReply { reasoning, content, tool: tool.map(|tool| tool.name.clone()) }
}
