//! The signature library: the built-in entries, the user's folder with one TOML file for each signature that was saved,
//! and the project's. A file that cannot be read costs only itself.

use super::print::note;
use super::setup;
use crate::config::{Config, Environment};
use crate::dspy::Signature;
use crate::dspy::library::{self, LibraryEntry};
use crate::private;
use crate::text::clean_line;
use anyhow::{Context as _, Result, bail};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The longest file name, in characters without the ending.
const NAME_CAP: usize = 100;

/// The folders that hold signatures.
#[derive(Clone, Debug)]
pub(super) struct Folders {
    /// The user's, where new entries are saved.
    own: PathBuf,
    /// `signatures` beside the project's file. Its entries replace the user's of the same name.
    project: Option<PathBuf>,
}

impl Folders {
    pub(super) fn of(env: &Environment) -> Self {
        let project = env.project_file().map(|file| file.with_file_name("signatures"));
        Self { own: env.config_dir.join("signatures"), project }
    }

    fn files(&self) -> Vec<PathBuf> {
        let folders = std::iter::once(&self.own).chain(&self.project);
        folders.flat_map(|folder| files(folder)).collect()
    }

    /// The names of the kept signatures, each with the file that counts.
    pub(super) fn names(&self) -> BTreeMap<String, PathBuf> {
        let mut names = BTreeMap::new();
        for path in self.files().into_iter().rev() {
            let entries = text(&path).ok().and_then(|text| library::parse(&text).ok()).unwrap_or_default();
            for entry in entries {
                names.entry(entry.signature.name).or_insert_with(|| path.clone());
            }
        }
        names
    }

    /// The folder in which an entry of this name is saved: the one that has it, or the user's.
    fn folder_of(&self, name: &str) -> PathBuf {
        let held = self.names().remove(name).and_then(|file| Some(file.parent()?.to_owned()));
        held.unwrap_or_else(|| self.own.clone())
    }
}

/// The built-in library, with the user's and the project's entries in place of built-in ones of the same name. A file
/// with an error is reported and skipped.
pub(super) fn library(config: &Config, env: &Environment) -> Vec<LibraryEntry> {
    let mut texts = Vec::new();
    for path in Folders::of(env).files() {
        let name = path.display().to_string();
        match text(&path) {
            Ok(text) => texts.push((name, text)),
            Err(error) => note!("switchover: {name}: {error}"),
        }
    }
    let (mut entries, errors) = library::merge(texts.iter().map(|(name, text)| (name.as_str(), text.as_str())));
    for (name, error) in errors {
        note!("switchover: {name}, {error}");
    }
    for (name, inline) in config.read::<BTreeMap<String, String>>("signatures").ok().flatten().unwrap_or_default() {
        match inline.parse::<Signature>() {
            Ok(signature) => library::put(&mut entries, setup::entry(Signature { name, ..signature })),
            Err(error) => note!("switchover: signatures.{}: {error}", clean_line(&name, 60)),
        }
    }
    entries
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(folder).into_iter().flatten();
    let mut paths: Vec<_> = files.filter_map(|file| Some(file.ok()?.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|ext| ext == "toml"));
    paths.sort();
    paths
}

/// The text of a regular file. A named pipe would keep its reader waiting.
pub(super) fn text(path: &Path) -> std::io::Result<String> {
    if path.is_file() || !path.exists() {
        return fs::read_to_string(path);
    }
    Err(std::io::Error::other("is not a regular file, and is skipped"))
}

/// Saves an entry in the library, one file for each name, and returns the file's path. It replaces an entry of the same
/// name. Only the user can read the file.
pub(super) fn save(folders: &Folders, entry: &LibraryEntry) -> Result<PathBuf> {
    let folder = folders.folder_of(&entry.signature.name);
    let path = path_for(&folder, &entry.signature.name);
    private::create_folder(&folder).with_context(|| folder.display().to_string())?;
    let text = library::to_toml(std::slice::from_ref(entry));
    private::replace(&path, &text).with_context(|| path.display().to_string())?;
    Ok(path)
}

/// Removes an entry from the library, and returns the path of its file.
pub(super) fn delete(folders: &Folders, name: &str) -> Result<PathBuf> {
    let Some(path) = folders.names().remove(name) else { bail!("`{name}` is not in {}", folders.own.display()) };
    let entries = library::parse(&text(&path)?).with_context(|| path.display().to_string())?;
    match entries.as_slice() {
        [only] if only.signature.name == name => fs::remove_file(&path)?,
        _ => bail!("{} contains other signatures too; edit that file yourself", path.display()),
    }
    Ok(path)
}

/// The file for a name: the one that holds it alone, or a new one. Two names never share a file, also where they differ
/// only in characters that a file name cannot hold.
fn path_for(folder: &Path, name: &str) -> PathBuf {
    let plain = |c: char| if c.is_alphanumeric() || c == '-' { c } else { '_' };
    let stem: String = name.chars().map(plain).take(NAME_CAP).collect();
    let stem = if stem.is_empty() { "unnamed".to_owned() } else { stem };
    let free = |path: &PathBuf| {
        let holds = || library::parse(&text(path).ok()?).ok();
        path.symlink_metadata().is_err()
            || holds().is_some_and(|entries| matches!(entries.as_slice(), [only] if only.signature.name == name))
    };
    let numbered = (2..).map(|n| folder.join(format!("{stem}-{n}.toml")));
    let mut paths = std::iter::once(folder.join(format!("{stem}.toml"))).chain(numbered);
    paths.find(free).unwrap_or_else(|| unreachable!("the numbers do not end"))
}
