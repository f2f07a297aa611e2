//! The parts of a request that a model may refuse and answer without. Every other name is a field of the body.

/// `response_format`: the prompt alone asks for the format.
pub const RESPONSE_FORMAT: &str = "response_format";
/// A stream: the answer comes in one piece.
pub const STREAM: &str = "stream";
/// Messages of the role `system`: their text goes into the first user message.
pub const SYSTEM: &str = "system";
/// `reasoning`, and the names that other servers have for it.
pub const REASONING: &str = "reasoning";
/// `max_tokens`, which this model wants under the name `max_completion_tokens`.
pub const MAX_COMPLETION_TOKENS: &str = "max_completion_tokens";

/// How a request differs that goes without this part: `without temperature`.
pub fn change(name: &str) -> String {
    match name {
        STREAM => "without streaming".to_owned(),
        SYSTEM => "with the instructions in the user message".to_owned(),
        MAX_COMPLETION_TOKENS => "with max_completion_tokens instead of max_tokens".to_owned(),
        name => format!("without {name}"),
    }
}
