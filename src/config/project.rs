//! The project's file, `switchover.toml`: settings that are committed with the files around it. It has the same keys as
//! the user's configuration file, and holds no API key.

use super::{ConfigError, Environment};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// The name of the file.
pub const FILE_NAME: &str = "switchover.toml";

/// What each API key of `OpenRouter` begins with.
const KEY_PREFIX: &str = "sk-or-v1-";

impl Environment {
    /// The project's file: in the working directory or above it, up to the root of the repository. Outside of a
    /// repository only the working directory counts.
    pub fn project_file(&self) -> Option<PathBuf> {
        let root = self.cwd.ancestors().find(|folder| folder.join(".git").exists()).unwrap_or(&self.cwd);
        let folders = self.cwd.ancestors().take_while(|folder| folder.starts_with(root));
        folders.map(|folder| folder.join(FILE_NAME)).find(|file| file.is_file())
    }

    /// The folder that is trusted or not: the project's, or the working directory without a project.
    pub fn folder(&self) -> PathBuf {
        self.project_file().and_then(|file| Some(file.parent()?.to_owned())).unwrap_or_else(|| self.cwd.clone())
    }
}

/// The tables of a TOML file; none if there is no such file.
///
/// # Errors
/// A file that cannot be read, with the line of a syntax error. No line is quoted, because it may hold a secret.
pub(super) fn read_toml(path: &Path) -> Result<Option<Value>, ConfigError> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(ConfigError::new(path.display(), e.to_string())),
    };
    let at_line = |offset: usize| {
        let before = text.as_bytes().iter().take(offset).filter(|byte| **byte == b'\n').count();
        format!("{}, line {}", path.display(), before + 1)
    };
    let is_projects = path.file_name().is_some_and(|name| name == FILE_NAME);
    if let Some(offset) = text.find(KEY_PREFIX).filter(|_| is_projects) {
        let what = "an API key does not belong in a file that is meant to be committed; put it into the environment \
                    or a .env file as OPENROUTER_API_KEY";
        return Err(ConfigError::new(at_line(offset), what));
    }
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        ConfigError::new(at_line(error.span().map_or(0, |span| span.start)), error.message().trim().to_owned())
    })?;
    serde_json::to_value(table).map(Some).map_err(|e| ConfigError::new(path.display(), e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_repository_only_the_working_directory_counts() {
        let root = std::env::temp_dir().join(format!("switchover-project-{}", std::process::id()));
        let below = root.join("below");
        std::fs::create_dir_all(&below).unwrap();
        std::fs::write(root.join(FILE_NAME), "").unwrap();
        let at = |cwd: &Path| Environment { cwd: cwd.to_owned(), ..Environment::default() };
        let found = |cwd: &Path| at(cwd).project_file();
        assert_eq!((found(&root), found(&below)), (Some(root.join(FILE_NAME)), None));
        assert_eq!((at(&root).folder(), at(&below).folder()), (root.clone(), below.clone()));
        std::fs::create_dir(root.join(".git")).unwrap();
        assert_eq!((found(&below), at(&below).folder()), (Some(root.join(FILE_NAME)), root.clone()));
        std::fs::remove_dir_all(root).unwrap();
    }
}
