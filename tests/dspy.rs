//! What DSPy was seen to do, as data, against what we do.

#[path = "dspy/signatures.rs"]
mod signatures;
