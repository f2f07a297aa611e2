//! Imports programs that were written with DSPy as entries of a library.

mod infer;
pub mod saved_program;
