//! What DSPy was seen to do, as data, against what we do.

#[path = "dspy/parse.rs"]
mod parse;
#[path = "dspy/signatures.rs"]
mod signatures;
