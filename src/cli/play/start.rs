//! What the screen starts with: the library, the chain, keys, theme, and what it looked like last time.

use crate::cli::print::note;
use crate::cli::{lists, setup, signatures};
use crate::config::{Config, Environment};
use crate::openrouter::catalogue::Catalogue;
use crate::private;
use crate::spec::{RunSpec, SignatureTask};
use crate::tui::keymap::Keymap;
use crate::tui::state::model::ModelOption;
use crate::tui::theme::Theme;
use crate::tui::{ChainEntry, InitialState, UiPrefs};
use crate::worker::Services;
use anyhow::{Result, anyhow};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The file that stores pane sizes and theme between sessions.
pub(super) fn screen_file(env: &Environment) -> PathBuf {
    env.data_dir.join("screen.toml")
}

/// Saves pane sizes and theme. Replaces the file in one step; an error is only printed.
pub(super) fn save_prefs(prefs: UiPrefs, path: &Path) {
    let folder = path.parent().map_or(Ok(()), private::create_folder);
    if let Err(error) = folder.and_then(|()| private::replace(path, &prefs.write())) {
        note!("pane sizes and theme are not saved: {}: {error}", path.display());
    }
}

/// The initial state of the screen.
pub(super) fn start(
    config: &Config,
    env: &Environment,
    task: &SignatureTask,
    spec: &RunSpec,
    services: &Services,
) -> Result<InitialState> {
    let mut library = signatures::library(config, env);
    // The selected signature comes first, even if it is not in the library.
    match library.iter().position(|entry| entry.signature == task.signature) {
        Some(at) => library[..=at].rotate_right(1),
        None => library.insert(0, setup::entry(task.signature.clone())),
    }
    library[0].module = task.module;
    let faults = services.faults();
    let prefs = signatures::text(&screen_file(env)).map_or_else(|_| UiPrefs::default(), |text| UiPrefs::read(&text));
    let (theme, ask_background) = theme(config, env, prefs)?;
    let link = |model: &str| ChainEntry { model: model.to_owned(), fault: faults.get(model).cloned() };
    let in_chain = |model: &str| spec.chain.iter().any(|route| route.model == model);
    Ok(InitialState {
        library,
        chain: spec.chain.iter().map(|route| link(&route.model)).collect(),
        elsewhere: faults.keys().filter(|model| !in_chain(model)).map(|model| link(model)).collect(),
        models: models(&services.catalogue()),
        models_source: lists::listed(services),
        policy: spec.policy.clone(),
        adapter: task.adapter,
        reasoning: task.reasoning,
        simulated: services.simulated(),
        server: services.endpoint().base,
        headers: (*services.headers()).clone(),
        settings: spec.settings.clone(),
        chains: config.chains()?,
        keymap: keymap(config)?,
        prefs,
        theme,
        ask_background,
        notice: config.withheld().first().or(config.ignored().first()).map(ToString::to_string),
        ..InitialState::default()
    })
}

/// The keymap with the user's changes.
pub(in crate::cli) fn keymap(config: &Config) -> Result<Keymap> {
    let choices = config.read::<BTreeMap<String, String>>("ui.keys")?.unwrap_or_default();
    let split = |keys: String| keys.split_whitespace().map(str::to_owned).collect();
    let mut choices = choices.into_iter().map(|(action, keys)| (action, split(keys))).collect();
    if config.read::<String>("ui.enter")?.as_deref() == Some("newline") {
        Keymap::enter_for_newline(&mut choices);
    }
    Keymap::with(&choices).map_err(|refused| {
        let all: Vec<String> = refused.iter().map(ToString::to_string).collect();
        anyhow!("ui.keys: {}", all.join("; "))
    })
}

/// The theme, and whether to ask the terminal for its background. In this order: the configuration, NO_COLOR, the theme
/// of the last session, COLORFGBG; only in the last case the terminal is asked.
fn theme(config: &Config, env: &Environment, prefs: UiPrefs) -> Result<(Theme, bool)> {
    let name = config.read::<String>("ui.theme")?.unwrap_or_default();
    let no_color = env.vars.get("NO_COLOR").is_some_and(|value| !value.is_empty());
    let background = env.vars.get("COLORFGBG").map(String::as_str).unwrap_or_default();
    let chosen = Theme::by_name(&name).or(no_color.then_some(Theme::Mono)).or(prefs.theme);
    Ok((chosen.unwrap_or(Theme::for_colorfgbg(background)), chosen.is_none()))
}

pub(super) fn models(catalogue: &Catalogue) -> Vec<ModelOption> {
    catalogue.models.iter().map(ModelOption::from).collect()
}
