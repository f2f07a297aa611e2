//! Signatures with a name, as TOML: the built-in ones and the user's own. Knows texts, not files.

mod entry;
mod file;
mod write;

pub use entry::{LibraryEntry, LibraryError};
use file::LibraryFile;
pub use write::to_toml;

/// The signatures that come with the program.
pub fn built_in() -> Vec<LibraryEntry> {
    parse(include_str!("../../assets/signatures.toml")).unwrap_or_default()
}

/// Reads a library. Several `[[signature]]` tables, each with `name` and `inline`.
///
/// # Errors
/// The first thing that is wrong, with its line and entry.
pub fn parse(text: &str) -> Result<Vec<LibraryEntry>, LibraryError> {
    let file: LibraryFile = toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        LibraryError { line: file::line(text, at), entry: None, message: error.message().to_owned() }
    })?;
    let mut entries: Vec<LibraryEntry> = Vec::new();
    for raw in file.signature {
        let entry = file::entry(raw, text)?;
        if let Some(twice) = entries.iter().find(|other| other.signature.name == entry.0.signature.name) {
            let entry_name = Some(twice.signature.name.clone());
            return Err(LibraryError {
                line: entry.1,
                entry: entry_name,
                message: "this name is taken already".to_owned(),
            });
        }
        entries.push(entry.0);
    }
    Ok(entries)
}

/// The built-in entries with the user's, given as names and texts of files, in order. An entry of the user's takes the
/// place of one with its name. A text that cannot be read is left out and told with its name.
pub fn merge<'a>(
    files: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> (Vec<LibraryEntry>, Vec<(String, LibraryError)>) {
    let (mut entries, mut errors) = (built_in(), Vec::new());
    for (name, text) in files {
        match parse(text) {
            Ok(own) => own.into_iter().for_each(|entry| put(&mut entries, entry)),
            Err(error) => errors.push((name.to_owned(), error)),
        }
    }
    (entries, errors)
}

/// Adds the entry, or puts it in the place of the one with its name.
pub fn put(entries: &mut Vec<LibraryEntry>, entry: LibraryEntry) {
    match entries.iter_mut().find(|other| other.signature.name == entry.signature.name) {
        Some(other) => *other = entry,
        None => entries.push(entry),
    }
}
