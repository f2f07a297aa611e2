//! Which folders may choose the server. A file of the working directory may have come with somebody else's repository,
//! so it decides where requests go only for the key that it holds itself, or where the user allowed it.
//! The user's answer is kept with the server that it was given for: another server in the same folder is asked about
//! again.

use super::Environment;
use super::dotenv::{self, DotEnv};
use super::project::read_toml;
use crate::private;
use crate::text::unwrapped;
use serde_json::Value;
use std::io;
use std::path::{Path, PathBuf};

/// The keys that decide where an API key goes, what goes with it, and who may spend its money.
const GUARDED: [&str; 4] = ["base_url", "headers", "public_headers", "gateway.hosts"];
/// The key that decides how long runs are kept.
const KEEP: &str = "history.keep";
/// The key that may name programs to run.
const METRICS: &str = "eval.metrics";

/// What a file may decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Permission {
    /// All keys: it is the user's own, or the user allowed its folder.
    All,
    /// It may be somebody else's, but holds the API key that is sent: it also decides where that key goes.
    OwnKey,
    /// It may be somebody else's.
    Foreign,
}

impl Permission {
    /// The key that a file with this permission does not decide, if the name is this key or a part of it.
    pub(super) fn withholds(self, name: &str, value: &Value) -> Option<Withheld> {
        if self == Self::All {
            return None;
        }
        let is_part_of =
            |key: &str| name.strip_prefix(key).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        // An age or a size would delete runs of other folders too.
        let deletes = name == KEEP && value.as_str().is_some_and(|words| words.contains(|c: char| c.is_ascii_digit()));
        // A program that scores answers is code of the folder.
        let runs = is_part_of(METRICS) && value.to_string().contains("cmd:");
        let server = GUARDED.into_iter().find(|&key| self == Self::Foreign && is_part_of(key));
        let only = |name| Withheld { name, advice: "`switchover trust` allows it in this folder" };
        server
            .map(|name| Withheld {
                name,
                advice: "a file of the working directory or of its project decides this only for a key of its own; \
                         `switchover trust` allows it in this folder",
            })
            .or(deletes.then_some(only(KEEP)))
            .or(runs.then_some(only(METRICS)))
    }
}

/// A key that a file does not decide, and what the user can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Withheld {
    pub(super) name: &'static str,
    pub(super) advice: &'static str,
}

/// The base URL that the files of the working directory and of its project set; empty if they set none.
pub fn base_url(env: &Environment) -> String {
    let read = |path: PathBuf| Some((path.clone(), dotenv::read(&path)?));
    let project = env.project_file().and_then(|file| read_toml(&file).ok().flatten());
    base_url_of(env, &env.env_files().into_iter().rev().filter_map(read).collect::<Vec<_>>(), project.as_ref())
}

/// The base URL that these files set as far as they are foreign; the last one counts.
pub(super) fn base_url_of(env: &Environment, files: &[(PathBuf, DotEnv)], project: Option<&Value>) -> String {
    let of_project = project.and_then(|tables| tables.get("base_url")?.as_str()).map(str::to_owned);
    let foreign = files.iter().filter(|(path, _)| path.parent().is_some_and(|folder| env.is_foreign(folder)));
    let set = foreign.filter_map(|(_, file)| file.vars.get("SWITCHOVER_BASE_URL"));
    let set = set.map(|url| unwrapped(url).into_owned()).filter(|url| !url.is_empty());
    of_project.into_iter().chain(set).last().unwrap_or_default()
}

/// One folder that the user allows to choose the server.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct TrustedFolder {
    /// The folder, without symbolic links.
    pub path: PathBuf,
    /// The base URL that its files set when the user allowed them; empty if they set none.
    #[serde(default)]
    pub base_url: String,
}

/// The folders that the user allows.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct TrustedFolders {
    #[serde(default, rename = "folder")]
    folders: Vec<TrustedFolder>,
}

impl TrustedFolders {
    /// The file that lists them. Without a home directory there is none: it would lie in the working directory.
    pub fn file(env: &Environment) -> Option<PathBuf> {
        env.config_dir.is_absolute().then(|| env.config_dir.join("trusted.toml"))
    }

    /// The user's list; empty if there is none, or if it cannot be read.
    pub fn load(env: &Environment) -> Self {
        Self::read(env).unwrap_or_default()
    }

    /// The user's list, to change it; empty if there is none.
    ///
    /// # Errors
    /// A file that cannot be read: it is not replaced by a shorter one.
    pub fn read(env: &Environment) -> io::Result<Self> {
        let Some(file) = Self::file(env) else { return Ok(Self::default()) };
        match std::fs::read_to_string(&file) {
            Ok(text) => toml::from_str(&text).map_err(|error| io::Error::other(format!("{}: {error}", file.display()))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(io::Error::new(error.kind(), format!("{}: {error}", file.display()))),
        }
    }

    /// Whether a folder may set this base URL.
    pub fn allows(&self, folder: &Path, base_url: &str) -> bool {
        let folder = canonical(folder);
        self.folders.iter().any(|allowed| allowed.path == folder && allowed.base_url == base_url)
    }

    /// Allows a folder to set this base URL, instead of what it was allowed before.
    pub fn allow(&mut self, folder: &Path, base_url: &str) {
        self.revoke(folder);
        self.folders.push(TrustedFolder { path: canonical(folder), base_url: base_url.to_owned() });
    }

    /// Takes the permission back. Returns whether there was one.
    pub fn revoke(&mut self, folder: &Path) -> bool {
        let (folder, before) = (canonical(folder), self.folders.len());
        self.folders.retain(|allowed| allowed.path != folder);
        self.folders.len() < before
    }

    /// Writes the list, and returns the path of its file.
    ///
    /// # Errors
    /// A file that cannot be written; a user without a home directory.
    pub fn save(&self, env: &Environment) -> io::Result<PathBuf> {
        let file = Self::file(env).ok_or_else(|| io::Error::other("there is no home directory to remember it in"))?;
        private::create_folder(&env.config_dir)?;
        private::replace(&file, &toml::to_string(self).map_err(io::Error::other)?)?;
        Ok(file)
    }
}

fn canonical(folder: &Path) -> PathBuf {
    folder.canonicalize().unwrap_or_else(|_| folder.to_owned())
}
