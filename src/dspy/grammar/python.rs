//! Recognizes Python source that was given in place of an inline signature, so that the error can say so.

use super::super::syntax::SyntaxError;

/// Whether a text looks like Python source.
pub(in crate::dspy) fn is_python_source(source: &str) -> bool {
    python_source(source).is_some()
}

/// The error for Python source, at its first line that is code; nothing if the text does not look like Python source.
pub(super) fn python_source(source: &str) -> Option<SyntaxError> {
    let mut start = 0;
    for line in source.split_inclusive('\n') {
        let code = line.trim();
        if is_python(code) {
            let from = start + (line.len() - line.trim_start().len());
            return Some(SyntaxError::new(
                from..from + code.len(),
                "this is Python source; `switchover import FILE.py` reads the signatures in a file",
                "`inputs -> outputs`",
            ));
        }
        start += line.len();
    }
    None
}

/// Calls that no inline signature contains.
const CALLS: [&str; 4] = ["Signature(", "make_signature(", "Predict(", "ChainOfThought("];

/// Whether a line is a statement of Python, or a call that declares a signature. Fields in an inline signature may
/// have names such as `from`, so a keyword alone is not enough.
fn is_python(line: &str) -> bool {
    let after = |keyword: &str| line.strip_prefix(keyword).filter(|rest| rest.starts_with(char::is_alphabetic));
    after("import ").is_some_and(|rest| !rest.contains("->"))
        || after("from ").is_some_and(|rest| rest.contains(" import "))
        || after("class ").is_some_and(|rest| rest.contains('(') || rest.ends_with(':'))
        || after("def ").is_some_and(|rest| rest.contains('('))
        || CALLS.iter().any(|call| line.contains(call))
        || (["InputField(", "OutputField("].iter().any(|call| line.contains(call)) && !line.contains("->"))
}
