//! The conversation that the next run continues.

use crate::dspy::Turn;

/// Earlier turns, and whether more are to follow.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Conversation {
    /// The turns so far, the first one first. They are sent with the next run.
    pub turns: Vec<Turn>,
    /// Whether each answer becomes a turn although the signature has no input for a history.
    pub continues: bool,
}
