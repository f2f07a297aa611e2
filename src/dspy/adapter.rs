//! From a signature and values to messages, and back from an answer to values. The format is DSPy's, the
//! sentences are ours.

mod demo;
mod prose;
mod schema;

use super::signature::Signature;
use super::{Adapter, Demo, ParseFailure, Turn, Values};
use crate::openrouter::{Message, Role};
use serde_json::Value;
use std::fmt::{self, Display};
use std::str::FromStr;

impl Adapter {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Chat, Self::Json, Self::Xml];

    /// The messages that ask for the outputs: the task, the demos (those that lack a field first), earlier turns,
    /// and the inputs. A missing input is left out, an extra one ignored. The value of an input of type
    /// `dspy.History` (`{"messages": […]}`, or the list) is told as turns.
    pub fn messages(self, signature: &Signature, inputs: &Values, demos: &[Demo], history: &[Turn]) -> Vec<Message> {
        let mut messages = vec![Message::new(Role::System, prose::system(self, signature))];
        demo::tell(self, signature, demos, &mut messages);
        let (told, signature) = demo::history(signature, inputs);
        for turn in history.iter().chain(&told) {
            messages.push(Message::new(Role::User, prose::user(self, &signature, turn)));
            messages.push(Message::new(Role::Assistant, prose::answer(self, &signature, turn, None)));
        }
        messages.push(Message::new(Role::User, prose::user(self, &signature, inputs)));
        messages
    }

    /// The messages to add after an answer that does not validate: that answer, what is wrong with it, and what
    /// is wanted.
    pub fn repair_turn(self, signature: &Signature, bad: &str, why: &ParseFailure) -> Vec<Message> {
        vec![
            Message::new(Role::Assistant, bad.to_owned()),
            Message::new(Role::User, prose::repair(self, signature, why)),
        ]
    }

    /// The `response_format` of a request, for models that take one: a JSON schema of the outputs, `strict` where
    /// strict mode can express their types. Nothing for adapters that want no JSON.
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

/// Not the name of an adapter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no adapter is called `{0}`; there are chat, json and xml")]
pub struct UnknownAdapter(String);

impl FromStr for Adapter {
    type Err = UnknownAdapter;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        let lower = word.to_lowercase();
        let short = lower.strip_suffix("adapter").unwrap_or(&lower);
        Self::ALL
            .into_iter()
            .find(|adapter| adapter.to_string() == short)
            .ok_or_else(|| UnknownAdapter(word.to_owned()))
    }
}
