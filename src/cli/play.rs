//! The playground: connects the screen with the worker and carries out the screen's commands.

mod effects;
mod evaluate;
mod start;

use super::gateway::GatewayFlags;
use super::runtime::{SETTLE, runtime};
use super::settings_files::SettingsFiles;
use super::signatures::Folders;
use super::traffic::GatewayBeside;
use super::{GlobalOptions, exit, lists, setup};
use crate::config::Environment;
use crate::history::{History, Keep};
use crate::tui::{self, Channels, InitialState, Msg};
use crate::worker::{CostLookup, ServiceOptions, Services};
use anyhow::{Context as _, Result, bail};
use effects::EffectRunner;
use evaluate::Evaluator;
pub(super) use start::keymap;
use start::{models, save_prefs, screen_file, start};
use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

/// What the playground shows first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Opening {
    /// The empty prompt.
    Prompt,
    /// The first step of the guided tour.
    Tour,
    /// The requests of other programs, for which a gateway listens.
    Gateway,
    /// The grid of this file of cases.
    Cases(PathBuf),
}

/// Opens the playground with a gateway beside it.
pub(super) fn gateway(settings: &GlobalOptions, env: &Environment) -> Result<u8> {
    if !has_terminal(env) {
        bail!("the playground needs a terminal; `switchover gateway` serves without one");
    }
    run(settings, env, Opening::Gateway)
}

/// Opens the playground with the grid of a file of cases.
pub(super) fn cases(path: PathBuf, settings: &GlobalOptions, env: &Environment) -> Result<u8> {
    if !has_terminal(env) {
        bail!("the playground needs a terminal; `switchover eval {}` works without one", path.display());
    }
    run(settings, env, Opening::Cases(path))
}

/// Whether there is a terminal that can move its cursor.
pub(super) fn has_terminal(env: &Environment) -> bool {
    let is_dumb = env.vars.get("TERM").is_some_and(|term| term == "dumb");
    !is_dumb && std::io::stdin().is_terminal() && std::io::stdout().is_terminal()
}

/// Opens the playground; returns when the user quits.
pub(super) fn run(settings: &GlobalOptions, env: &Environment, opening: Opening) -> Result<u8> {
    let config = settings.config(env)?;
    let runtime = runtime(Some(2))?;
    runtime.block_on(async {
        let (inbox, received) = unbounded_channel();
        let (effects, received_effects) = unbounded_channel();
        let notices = inbox.clone();
        let on_error = move |error| _ = notices.send(Msg::Notice(error));
        let options = setup::storing_service_options(&config, settings, env, on_error).await?;
        let services = Arc::new(Services::new(ServiceOptions { cost_lookup: CostLookup::AfterTheEnd, ..options }));
        let task = setup::task(&config, env)?;
        let base = setup::spec(&config, task.clone())?;
        let beside = GatewayBeside::new(GatewayFlags::of(env), &config, &services, &inbox);
        let listening = match opening {
            Opening::Gateway => Some(beside.listen().await?),
            Opening::Prompt | Opening::Tour | Opening::Cases(_) => None,
        };
        let start = InitialState {
            tour: opening == Opening::Tour,
            cases: if let Opening::Cases(path) = opening { Some(path) } else { None },
            gateway: listening.as_ref().map(|listening| listening.address.to_string()),
            ..start(&config, env, &task, &base, &services)?
        };
        if let Some(listening) = listening {
            tokio::spawn(beside.clone().serve(listening));
        }
        let messages = inbox.clone();
        let editor = ["VISUAL", "EDITOR"].iter().find_map(|name| env.vars.get(*name).cloned());
        if !services.simulated() {
            tokio::spawn(load_models(Arc::clone(&services), inbox.clone()));
        }
        let folders = Folders::of(env);
        let settings_files = SettingsFiles::new(&config, env);
        let history = History::of(&env.data_dir);
        let evaluator = Evaluator::new(&config, env, &services, &inbox);
        let runner = EffectRunner {
            keeps_runs: !matches!(setup::keep(&config)?, Keep::Nothing),
            evaluator,
            services: Arc::clone(&services),
            inbox,
            runs: Vec::new(),
            replaying: None,
            history,
            imported: false,
            settings_files,
            folders,
            gateway: beside.clone(),
        };
        tokio::spawn(runner.run(received_effects));
        let exists = |path: &PathBuf| path.is_file();
        let clipboard = tui::ClipboardTool::find(|name| env.vars.get(name).cloned(), exists);
        let screen = screen_file(env);
        let save_prefs = Box::new(move |prefs| save_prefs(prefs, &screen));
        let channels = Channels { inbox: received, messages, effects, editor, clipboard, save_prefs };
        let start = InitialState { wall_time: wall_time(), ..start };
        let shown = tui::run(start, channels).await.context("the terminal");
        beside.stop().await;
        shown?;
        services.settle(SETTLE);
        Ok(exit::OK)
    })
}

/// The wall time in ms since 1970.
#[expect(clippy::disallowed_methods, reason = "the edge reads the clock that the screen counts on")]
fn wall_time() -> u64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or_default())
}

/// Loads the server's list of models. If that fails, the built-in list stays.
async fn load_models(services: Arc<Services>, inbox: UnboundedSender<Msg>) {
    _ = match services.ask_catalogue().await {
        Ok(catalogue) => inbox.send(Msg::Models(models(&catalogue), lists::listed(&services))),
        Err(failure) => inbox.send(Msg::Notice(format!("cannot load the list of models: {}", failure.reason))),
    };
}
