//! Texts that a command reads.

use anyhow::{Context as _, Result, anyhow};
use std::path::Path;

/// The text of a file, or of standard input for `-`.
///
/// # Errors
/// It cannot be read; a file that is not UTF-8, with the first such line.
pub(super) fn text_of(file: &Path) -> Result<String> {
    if file == Path::new("-") {
        return std::io::read_to_string(std::io::stdin()).context("standard input");
    }
    let bytes = std::fs::read(file)?;
    String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = valid.split(|byte| *byte == b'\n').count();
        anyhow!("line {line} is not UTF-8")
    })
}
