//! Libraries: signatures with names, as TOML. The built-in library and the user's own. Gets the text of files, not files.

mod entry;
mod file;
mod write;

pub use entry::{LibraryEntry, LibraryError};
use file::LibraryFile;
pub use write::to_toml;

/// The built-in library.
pub fn built_in() -> Vec<LibraryEntry> {
    parse(include_str!("../../assets/signatures.toml")).unwrap_or_default()
}

/// Parses a library: any number of `[[signature]]` tables, each with at least `name` and `inline`.
///
/// # Errors
/// The first fault, with its line and entry.
pub fn parse(text: &str) -> Result<Vec<LibraryEntry>, LibraryError> {
    let file: LibraryFile = toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        LibraryError { line: file::line(text, at), entry: None, message: error.message().to_owned() }
    })?;
    let mut entries: Vec<LibraryEntry> = Vec::new();
    for raw in file.signature {
        let entry = file::entry(raw, text)?;
        if let Some(duplicate) = entries.iter().find(|other| other.signature.name == entry.0.signature.name) {
            let entry_name = Some(duplicate.signature.name.clone());
            return Err(LibraryError {
                line: entry.1,
                entry: entry_name,
                message: "an entry before this one has the same name; use another name".to_owned(),
            });
        }
        entries.push(entry.0);
    }
    Ok(entries)
}

/// The built-in entries and those of the user's files, given as pairs of file name and text. A later entry replaces an
/// earlier one with the same name. Files that cannot be parsed are returned as errors with their names.
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

/// Adds an entry, or replaces the one with the same name.
pub fn put(entries: &mut Vec<LibraryEntry>, entry: LibraryEntry) {
    match entries.iter_mut().find(|other| other.signature.name == entry.signature.name) {
        Some(other) => *other = entry,
        None => entries.push(entry),
    }
}
