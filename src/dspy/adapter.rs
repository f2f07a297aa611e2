//! Writes messages: a signature, its inputs, demos and history. Markers, order and values are those of DSPy 3.4.1; the
//! sentences are ours. `reader` reads the answers.

mod demo;
mod prose;
mod schema;
mod xml;

use super::signature::Signature;
use super::{Adapter, Demo, ParseFailure, Turn, Values};
use crate::openrouter::{Message, Role};
use serde_json::Value;
use std::fmt::{self, Display};
use std::str::FromStr;

impl Adapter {
    /// Every adapter, for lists and tests.
    pub const ALL: [Self; 3] = [Self::Chat, Self::Json, Self::Xml];

    /// The messages of a request: the task, the demos (incomplete ones first), the earlier turns, and the inputs. A
    /// missing input is left out; values with other names are ignored. An input of type `dspy.History`, either
    /// `{"messages": […]}` or the list itself, becomes turns after those in `history`.
    pub fn messages(self, signature: &Signature, inputs: &Values, demos: &[Demo], history: &[Turn]) -> Vec<Message> {
        let mut messages = vec![Message::new(Role::System, prose::system(self, signature))];
        demo::append(self, signature, demos, &mut messages);
        let (input_turns, signature) = demo::history(signature, inputs);
        for turn in history.iter().chain(&input_turns) {
            // A turn may lack one side: a question without an answer, or a remark of the model.
            if signature.inputs.iter().any(|field| turn.contains_key(&field.name)) {
                messages.push(Message::new(Role::User, prose::user(self, &signature, turn)));
            }
            if signature.outputs.iter().any(|field| turn.contains_key(&field.name)) {
                messages.push(Message::new(Role::Assistant, prose::answer(self, &signature, turn, None)));
            }
        }
        messages.push(Message::new(Role::User, prose::user(self, &signature, inputs)));
        messages
    }

    /// An answer with these values, written exactly as the model is asked to.
    pub fn answer(self, signature: &Signature, values: &Values) -> String {
        prose::answer(self, signature, values, None)
    }

    /// The messages that ask for a corrected answer after one that was rejected: the answer, and its problems with a
    /// reminder of the format.
    pub fn repair_turn(self, signature: &Signature, answer: &str, failure: &ParseFailure) -> Vec<Message> {
        vec![
            Message::new(Role::Assistant, answer.to_owned()),
            Message::new(Role::User, prose::repair(self, signature, failure)),
        ]
    }

    /// The `response_format` of a request, for models that support it: a JSON schema of the outputs, `strict` if strict
    /// mode can express all their types. Only the JSON adapter has one.
    pub fn response_format(self, signature: &Signature) -> Option<Value> {
        (self == Self::Json && !signature.outputs.is_empty()).then(|| schema::response_format(signature))
    }
}

impl Display for Adapter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Chat => "chat",
            Self::Json => "json",
            Self::Xml => "xml",
        })
    }
}

/// The text is not the name of an adapter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no adapter is named `{0}`; expected chat, json or xml")]
pub struct UnknownAdapter(String);

impl FromStr for Adapter {
    type Err = UnknownAdapter;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        let lower = word.to_lowercase();
        let name = lower.strip_suffix("adapter").unwrap_or(&lower);
        Self::ALL.into_iter().find(|adapter| adapter.to_string() == name).ok_or_else(|| UnknownAdapter(word.to_owned()))
    }
}
