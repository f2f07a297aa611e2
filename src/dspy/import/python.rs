//! Python source that uses DSPy, read without running it: signature classes, `dspy.Signature("…")` and modules with
//! their signatures, with the types that the same source defines.
//!
//! What only running the program could tell, and what a terminal cannot show, is left out, and a note names its line.

mod annotations;
mod classes;
mod constants;
mod declarations;
mod entries;
mod fields;
mod inline;
mod reader;
mod signatures;
mod syntax;
mod texts;

use super::{ImportError, Imported};
use crate::dspy::Signature;
use reader::Reader;

/// The longest source that is read, in bytes.
const MAX_LENGTH: usize = 16 << 20;

/// Whether a text is Python source and not an inline signature.
pub fn is_source(text: &str) -> bool {
    Signature::parse_inline(text).is_err() && crate::dspy::grammar::is_python_source(text)
}

/// Reads Python source.
///
/// # Errors
/// The source is longer than 16 MiB, or no signature in it can be imported.
pub fn read(text: &str) -> Result<Imported, ImportError> {
    if text.len() > MAX_LENGTH {
        return Err(ImportError::new("the Python source is longer than 16 MiB"));
    }
    let text = crate::text::clean(text);
    let parsed = syntax::parse(texts::dedent(&texts::without_fences(&text)))?;
    let mut reader = Reader::new(syntax::Source { text: &parsed.text, root: parsed.tree.root_node() });
    reader.note_errors(&parsed.removed);
    let entries = reader.entries();
    let notes = reader.notes();
    if entries.is_empty() {
        let expected =
            "there is no signature: no `class X(dspy.Signature)`, `dspy.Signature(\"…\")` or `dspy.Predict(\"…\")`";
        let reasons = notes.iter().take(5).map(String::as_str);
        return Err(ImportError::new(std::iter::once(expected).chain(reasons).collect::<Vec<_>>().join("\n")));
    }
    Ok(Imported { entries, notes })
}
