//! Programs that were written with DSPy, as signatures for the library.

mod infer;
pub mod saved_program;
