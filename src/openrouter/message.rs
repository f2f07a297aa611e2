//! Chat messages, as the `messages` of a request carry them.

use serde::{Deserialize, Serialize};

/// A chat message: `{"role": "user", "content": "…"}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The author's role.
    pub role: Role,
    /// The text as the model reads it.
    pub content: String,
}

impl Message {
    /// A message of this role with this text.
    pub fn new(role: Role, content: impl Into<String>) -> Self {
        Self { role, content: content.into() }
    }
}

/// The author of a message. Serialized in lower case: `system`, `user`, `assistant`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Instructions from the program.
    System,
    /// The person who asks, or the program in that person's place.
    User,
    /// An earlier answer of the model, or a demo of one.
    Assistant,
}
