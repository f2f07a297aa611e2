//! `.env` files: lines of `NAME=value`, with `#` comments, an optional `export` and quotes. Variables in values are
//! not expanded.

use super::ConfigError;
use std::collections::BTreeMap;
use std::path::Path;

/// Reads one file; none if it does not exist.
///
/// # Errors
/// A file that cannot be read, or a line that is not an assignment. The message does not quote the line, because it
/// may hold a key.
pub(super) fn read(path: &Path) -> Result<Option<BTreeMap<String, String>>, ConfigError> {
    match std::fs::read_to_string(path) {
        Ok(text) => parse(&text).map(Some).map_err(|line| {
            ConfigError::new(format!("{}, line {line}", path.display()), "expected NAME=value, or a comment after #")
        }),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(ConfigError::new(path.display(), e.to_string())),
    }
}

/// The assignments of a text, or the number, from 1, of the first line that is not one.
fn parse(text: &str) -> Result<BTreeMap<String, String>, usize> {
    let mut vars = BTreeMap::new();
    for (number, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (name, value) = line.strip_prefix("export ").unwrap_or(line).split_once('=').ok_or(number + 1)?;
        let name = name.trim();
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return Err(number + 1);
        }
        vars.insert(name.to_owned(), unquote(value.trim()).to_owned());
    }
    Ok(vars)
}

/// The text between quotes, or without quotes the text before a comment.
fn unquote(value: &str) -> &str {
    for quote in ['"', '\''] {
        if let Some((inner, _)) = value.strip_prefix(quote).and_then(|rest| rest.split_once(quote)) {
            return inner;
        }
    }
    value.split(" #").next().unwrap_or(value).trim_end()
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn quotes_comments_and_exports_are_understood() {
        let vars = parse("\u{feff}# c\nexport A=1\nB=\"two # words\" # why\nC='x'\nD = a b # c\n\nE=\n").unwrap();
        let pairs: Vec<_> = vars.iter().map(|(k, v)| format!("{k}={v}")).collect();
        assert_eq!(pairs, ["A=1", "B=two # words", "C=x", "D=a b", "E="]);
    }

    #[test]
    fn a_line_that_is_not_an_assignment_is_reported_by_number() {
        assert_eq!(parse("A=1\nsk-or-v1-secret"), Err(2));
        assert_eq!(parse("A B=1"), Err(1));
    }
}
