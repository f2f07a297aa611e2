//! Saves settings of the screen in the user's configuration or in the project's file.

use crate::config::edit::{Change, edited};
use crate::config::{Config, Environment, KEYS, PROJECT_FILE_NAME, ValueOrigin};
use crate::private;
use crate::tui::state::overlay::save_settings::{SavePlan, SaveRequest};
use anyhow::{Context as _, Result, bail};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The files that can hold settings, and where each setting comes from now.
pub(super) struct SettingsFiles {
    own: PathBuf,
    project: PathBuf,
    config_dir: PathBuf,
    origins: BTreeMap<&'static str, ValueOrigin>,
}

impl SettingsFiles {
    pub(super) fn new(config: &Config, env: &Environment) -> Self {
        let origins = KEYS.iter().filter_map(|key| Some((key.name, config.get(key.name)?.origin.clone()))).collect();
        Self {
            own: env.config_file(),
            project: env.project_file().unwrap_or_else(|| env.cwd.join(PROJECT_FILE_NAME)),
            config_dir: env.config_dir.clone(),
            origins,
        }
    }

    /// Both files with the changes; the project's comes first if there is one.
    pub(super) fn plan(&self, changes: &[Change]) -> Vec<SavePlan> {
        let mut plans = vec![
            self.plan_of(&self.own, "your configuration", changes),
            self.plan_of(&self.project, "this project", changes),
        ];
        if plans[1].before.is_some() {
            plans.swap(0, 1);
        }
        plans
    }

    fn plan_of(&self, path: &Path, owner: &'static str, changes: &[Change]) -> SavePlan {
        let before = match read(path) {
            Ok(before) => before,
            Err(error) => {
                let after = Err(error.to_string());
                return SavePlan { path: path.to_owned(), owner, before: None, after, warnings: Vec::new() };
            }
        };
        let after = edited(before.as_deref().unwrap_or_default(), changes);
        let mut warnings: Vec<String> = changes.iter().filter_map(|change| self.warning(path, change)).collect();
        warnings.dedup();
        SavePlan { path: path.to_owned(), owner, before, after, warnings }
    }

    /// What wins over this file for a key, if something does.
    fn warning(&self, path: &Path, change: &Change) -> Option<String> {
        let key = change.path.join(".");
        let is_it = |name: &str| key == name || key.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'));
        let (name, origin) = self.origins.iter().find(|(name, _)| is_it(name))?;
        let wins = match origin {
            ValueOrigin::Env(_) | ValueOrigin::Flag => true,
            ValueOrigin::EnvFile(file) => path == self.own || file.parent() != Some(&self.config_dir),
            ValueOrigin::File(file) => path == self.own && *file == self.project,
            ValueOrigin::Default | ValueOrigin::Session | ValueOrigin::Client => false,
        };
        wins.then(|| format!("{name} is also set ({origin}), which wins over this file"))
    }
}

/// The text of a file; `None` if there is no such file.
fn read(path: &Path) -> std::io::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes a file in one step, if it still has the text that the change was made in. The user's own file becomes readable
/// only by its owner; a project's keeps its permissions.
pub(super) fn write(request: &SaveRequest) -> Result<()> {
    // A link stays: the file that it leads to is written.
    let path = fs::canonicalize(&request.path).unwrap_or_else(|_| request.path.clone());
    if read(&path)? != request.before {
        bail!("{} was changed meanwhile; Alt+K asks again", path.display());
    }
    let is_projects = request.path.file_name().is_some_and(|name| name == PROJECT_FILE_NAME);
    let permissions = fs::metadata(&path).map(|file| file.permissions()).ok();
    if let Some(folder) = path.parent() {
        private::create_folder(folder).with_context(|| folder.display().to_string())?;
    }
    private::replace(&path, &request.after).with_context(|| path.display().to_string())?;
    if is_projects {
        share(&path, permissions)?;
    }
    Ok(())
}

/// Gives a project's file the permissions that it had; a new one can be read by everybody.
fn share(path: &Path, permissions: Option<fs::Permissions>) -> std::io::Result<()> {
    #[cfg(unix)]
    let permissions = permissions.or_else(|| Some(std::os::unix::fs::PermissionsExt::from_mode(0o644)));
    permissions.map_or(Ok(()), |permissions| fs::set_permissions(path, permissions))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_file_is_written_once_and_only_as_it_was_shown() {
        let home = std::env::temp_dir().join(format!("switchover-settings-files-{}", std::process::id()));
        let env = Environment { cwd: home.join("work"), config_dir: home.join("config"), ..Environment::default() };
        fs::create_dir_all(&env.cwd).unwrap();
        fs::write(env.cwd.join(PROJECT_FILE_NAME), "# ours\nmodels = [\"a/b\"]\n").unwrap();
        let config = Config::load(&env, &[("adapter".to_owned(), json!("xml"))]).unwrap();
        let settings_files = SettingsFiles::new(&config, &env);
        let changes = [Change::new("models", Some(json!(["c/d"]))), Change::new("adapter", Some(json!("json")))];
        let plans = settings_files.plan(&changes);
        let [project, own] = plans.as_slice() else { panic!("{plans:?}") };
        assert_eq!((project.owner, own.owner, &own.before), ("this project", "your configuration", &None));
        assert_eq!(project.after.as_deref(), Ok("# ours\nmodels = [\"c/d\"]\nadapter = \"json\"\n"));
        assert_eq!(project.warnings, ["adapter is also set (command line), which wins over this file"]);
        assert_eq!(own.warnings.len(), 2, "the project's file wins over the user's: {:?}", own.warnings);
        let request = |plan: &SavePlan| SaveRequest {
            path: plan.path.clone(),
            before: plan.before.clone(),
            after: plan.after.clone().unwrap(),
            changes: changes.to_vec(),
        };
        write(&request(own)).unwrap();
        write(&request(project)).unwrap();
        assert!(write(&request(project)).is_err(), "it has another text now");
        let config = Config::load(&env, &[]).unwrap();
        assert_eq!(config.chain().unwrap(), Some(vec!["c/d".to_owned()]));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode(&own.path), 0o600);
            assert_ne!(mode(&project.path), 0o600, "a project's file is shared");
        }
        fs::remove_dir_all(home).unwrap();
    }
}
