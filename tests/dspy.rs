//! What DSPy was seen to do, as data, against what we do.

#[path = "dspy/messages.rs"]
mod messages;
#[path = "dspy/parse.rs"]
mod parse;
#[path = "dspy/properties.rs"]
mod properties;
#[path = "dspy/signatures.rs"]
mod signatures;
#[path = "dspy/travel.rs"]
mod travel;
