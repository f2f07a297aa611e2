//! Compares Switchover with recorded behaviour of DSPy 3.4.1, and with what is announced for 3.5.

#[path = "dspy/library.rs"]
mod library;
#[path = "dspy/messages.rs"]
mod messages;
#[path = "dspy/nested_types.rs"]
mod nested_types;
#[path = "dspy/parse.rs"]
mod parse;
#[path = "dspy/properties.rs"]
mod properties;
#[path = "dspy/python_import.rs"]
mod python_import;
#[path = "dspy/saved_programs.rs"]
mod saved_programs;
#[path = "dspy/signatures.rs"]
mod signatures;
#[path = "shared/update.rs"]
mod update;
