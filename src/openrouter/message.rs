//! Chat messages, as the `messages` of a request carry them.

use serde::{Deserialize, Serialize};

/// A chat message: `{"role": "user", "content": "…"}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Who wrote it.
    pub role: Role,
    /// Its text.
    pub content: String,
}

impl Message {
    /// A message of this role with this text.
    pub fn new(role: Role, content: impl Into<String>) -> Self {
        Self { role, content: content.into() }
    }
}

/// Who wrote a message. Serialized in lower case: `system`, `user`, `assistant`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Instructions from the program.
    System,
    /// The person who asks, or the program in that person's place.
    User,
    /// The model.
    Assistant,
}
