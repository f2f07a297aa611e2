//! The playground: connects the screen with the worker and carries out the screen's commands.

mod evaluate;

use super::gateway::GatewayFlags;
use super::keep::{self, Keeper};
use super::print::note;
use super::runtime::runtime;
use super::signatures::{self, Folders};
use super::traffic::GatewayBeside;
use super::{GlobalOptions, ask, exit, lists, setup};
use crate::config::{Config, Environment};
use crate::gateway::RequestDefaults;
use crate::history::{History, Keep, Query};
use crate::openrouter::catalogue::Catalogue;
use crate::report::Report;
use crate::spec::{RunSpec, SignatureTask};
use crate::transcript::{TrafficWatch, Transcript};
use crate::tui::keymap::Keymap;
use crate::tui::state::model::ModelOption;
use crate::tui::state::overlay::history::PAGE;
use crate::tui::state::overlay::keep::KeepRequest;
use crate::tui::theme::Theme;
use crate::tui::{self, ChainEntry, Channels, ComposedRequest, Effect, InitialState, Msg, UiPrefs};
use crate::worker::{self, Canceller, CostLookup, ServiceOptions, Services};
use anyhow::{Context as _, Result, anyhow, bail};
use evaluate::Evaluator;
use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::{AbortHandle, block_in_place};

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
fn has_terminal(env: &Environment) -> bool {
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
        let writer = setup::history(&config, env, move |error| _ = notices.send(Msg::Notice(error)))?;
        let services = Arc::new(Services::new(ServiceOptions {
            history: writer.clone(),
            cost_lookup: CostLookup::AfterTheEnd,
            ..setup::service_options(&config, settings, env).await?
        }));
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
        let keeper = Keeper::new(&config, env);
        let history = History::of(&env.data_dir);
        let evaluator = Evaluator::new(&config, env, &services, &inbox);
        let runner = EffectRunner {
            keeps_runs: !matches!(setup::keep(&config)?, Keep::Nothing),
            evaluator,
            services,
            inbox,
            runs: Vec::new(),
            replaying: None,
            history,
            imported: false,
            keeper,
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
        writer.settle(setup::HISTORY_PATIENCE);
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

/// The file that stores pane sizes and theme between sessions.
fn screen_file(env: &Environment) -> PathBuf {
    env.data_dir.join("screen.toml")
}

/// Saves pane sizes and theme. Replaces the file in one step; an error is only printed.
fn save_prefs(prefs: UiPrefs, path: &Path) {
    let folder = path.parent().map_or(Ok(()), std::fs::create_dir_all);
    if let Err(error) = folder.and_then(|()| signatures::replace(path, &prefs.write())) {
        note!("pane sizes and theme are not saved: {}: {error}", path.display());
    }
}

/// The initial state of the screen.
fn start(
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
        headers: services.headers(),
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

/// A page of the history. `import`: the files of an earlier version are read first.
fn list_runs(history: &History, import: bool, words: String, before: Option<u64>) -> Msg {
    if import {
        // What cannot be read of them is said by `switchover history`.
        _ = history.import_older();
    }
    let query = Query { words: words.split_whitespace().map(str::to_owned).collect(), before, most: PAGE };
    match history.rows(&query) {
        Ok(rows) => Msg::Rows { words, before, rows },
        Err(error) => Msg::Notice(format!("the history cannot be read: {error}")),
    }
}

/// The keymap with the user's changes.
fn keymap(config: &Config) -> Result<Keymap> {
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

fn models(catalogue: &Catalogue) -> Vec<ModelOption> {
    catalogue.models.iter().map(ModelOption::from).collect()
}

/// Loads the server's list of models. If that fails, the built-in list stays.
async fn load_models(services: Arc<Services>, inbox: UnboundedSender<Msg>) {
    _ = match services.ask_catalogue().await {
        Ok(catalogue) => inbox.send(Msg::Models(models(&catalogue), lists::listed(&services))),
        Err(failure) => inbox.send(Msg::Notice(format!("cannot load the list of models: {}", failure.reason))),
    };
}

/// Carries out the screen's effects.
struct EffectRunner {
    services: Arc<Services>,
    inbox: UnboundedSender<Msg>,
    /// The latest run, or the runs of the latest comparison.
    runs: Vec<Canceller>,
    /// The replay in progress.
    replaying: Option<AbortHandle>,
    history: History,
    /// Whether runs are kept in the history.
    keeps_runs: bool,
    /// Whether the files of an earlier version were read.
    imported: bool,
    /// The configuration files.
    keeper: Keeper,
    /// The folders of the signature library.
    folders: Folders,
    gateway: GatewayBeside,
    evaluator: Evaluator,
}

impl EffectRunner {
    async fn run(mut self, mut effects: UnboundedReceiver<Effect>) {
        while let Some(effect) = effects.recv().await {
            self.carry_out(effect);
        }
    }

    /// Carries out one effect. File access uses `block_in_place`, so that it does not block the runtime's other tasks.
    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Send(spec) => {
                let run = self.start(*spec, Msg::Report);
                self.runs = vec![run];
            }
            Effect::Compare { number, specs } => {
                let run = |(column, spec)| self.start(spec, move |report| Msg::Compared { number, column, report });
                self.runs = specs.into_iter().enumerate().map(run).collect();
            }
            Effect::Replay(run) => match block_in_place(|| self.history.find(&run.to_string())) {
                Ok(reports) => self.replaying = Some(tokio::spawn(replay(reports, self.inbox.clone())).abort_handle()),
                Err(error) => {
                    _ = self.inbox.send(Msg::Replayed(None));
                    self.notify(format!("cannot replay: {error}"));
                }
            },
            Effect::ListRuns { words, before } => {
                let import = !std::mem::replace(&mut self.imported, true);
                let (history, inbox) = (self.history.clone(), self.inbox.clone());
                // Not a blocking task of the runtime: its thread would stay idle and wake up once more to end.
                std::thread::spawn(move || inbox.send(list_runs(&history, import, words, before)));
            }
            Effect::OpenRun(run, purpose) => {
                _ = self.inbox.send(Msg::Opened(purpose, Box::new(self.read_run(run))));
            }
            Effect::ServeWith { chain, policy } => self.gateway.serve_with(RequestDefaults { chain, policy: *policy }),
            Effect::StartGateway => _ = tokio::spawn(self.gateway.clone().start()),
            Effect::Watch(watch) => self.watch(watch),
            Effect::OpenCases { path, variants } => self.evaluator.open(path, variants),
            Effect::Evaluate { evaluation, finished, spent } => self.evaluator.ask(evaluation, finished, spent),
            Effect::StopEvaluation => self.evaluator.stop(),
            Effect::Cancel => {
                self.runs.drain(..).for_each(|run| run.cancel());
                self.replaying.take().inspect(AbortHandle::abort);
            }
            Effect::SetFault { model, fault } => self.services.inject(&model, fault),
            Effect::HealAll => self.services.heal(),
            Effect::ResetBreaker(name) => {
                if !self.services.reset(&name) {
                    self.notify(format!("{name} has no circuit breaker"));
                }
            }
            Effect::SaveSignature(signature) => {
                let notice = match block_in_place(|| signatures::save(&self.folders, &signature)) {
                    Ok(path) => format!("saved in {}", path.display()),
                    Err(error) => format!("not saved: {error:#}"),
                };
                self.notify(notice);
            }
            Effect::DeleteSignature(name) => {
                let notice = match block_in_place(|| signatures::delete(&self.folders, &name)) {
                    Ok(path) => format!("removed {}", path.display()),
                    Err(error) => format!("not removed: {error:#}"),
                };
                self.notify(notice);
            }
            Effect::SetHeaders(headers) => self.services.set_headers(*headers),
            Effect::AskServer { generation } => {
                let (services, inbox) = (Arc::clone(&self.services), self.inbox.clone());
                tokio::spawn(async move {
                    let info = services.key_info().await.map_err(|failure| failure.reason);
                    _ = inbox.send(Msg::KeyInfo(Box::new(info)));
                    if let Some(id) = generation {
                        let generation = services.generation(&id).await.map_err(|failure| failure.reason);
                        _ = inbox.send(Msg::Received(id, Box::new(generation)));
                    }
                });
            }
            Effect::AskProviders(models) => self.ask_providers(models),
            Effect::PlanKeep(changes) => {
                let plans = block_in_place(|| self.keeper.plan(&changes));
                _ = self.inbox.send(Msg::KeepPlanned(changes, plans));
            }
            Effect::Keep(request) => {
                let result = block_in_place(|| keep::write(&request)).map_err(|error| format!("{error:#}"));
                let KeepRequest { path, changes, .. } = *request;
                _ = self.inbox.send(Msg::Kept(changes, result.map(|()| path)));
            }
            Effect::Compose(mut spec) => {
                let composed =
                    worker::preview(&mut spec, &self.services).map_err(|failure| failure.reason).and_then(|all| {
                        let worst = all.iter().map(|preview| (preview.model.clone(), preview.worst_case)).collect();
                        let first = all.into_iter().next().ok_or("the chain is empty")?;
                        Ok(ComposedRequest { request: first.request, worst })
                    });
                _ = self.inbox.send(Msg::Composed(Box::new(composed)));
            }
            Effect::Warm => {
                let services = Arc::clone(&self.services);
                tokio::spawn(async move { services.warm().await });
            }
            // The event loop carries these out itself.
            Effect::Copy { .. } | Effect::Edit(_) | Effect::Mouse(_) | Effect::Suspend | Effect::Quit => {}
        }
    }

    /// Shows a request of the gateway, which the history may have.
    fn watch(&self, watch: TrafficWatch) {
        if let (false, TrafficWatch::Run(run)) = (self.gateway.watch(watch), watch) {
            _ = self.inbox.send(Msg::Watched(Box::new(self.read_run(run))));
        }
    }

    /// Reads a run of the history.
    fn read_run(&self, run: u64) -> Result<Transcript, String> {
        match block_in_place(|| self.history.run(run)) {
            Ok(reports) if reports.is_empty() && !self.keeps_runs => {
                Err("this run was not kept: history.keep is `nothing`".to_owned())
            }
            Ok(reports) if reports.is_empty() => Err("this run is in the history no more".to_owned()),
            Ok(reports) => Ok(Transcript::of(&reports)),
            Err(error) => Err(format!("the history cannot be read: {error}")),
        }
    }

    /// Asks the server how the providers of these models do, one after the other.
    fn ask_providers(&self, models: Vec<String>) {
        let (services, inbox) = (Arc::clone(&self.services), self.inbox.clone());
        tokio::spawn(async move {
            for model in models {
                let providers = services.providers(&model).await.map_err(|failure| failure.reason);
                _ = inbox.send(Msg::Providers(model, providers));
            }
        });
    }

    /// Starts a run and forwards its reports to the screen.
    fn start(&self, mut spec: RunSpec, wrap: impl Fn(Arc<Report>) -> Msg + Send + 'static) -> Canceller {
        spec.policy.seed = fastrand::u64(..);
        if self.services.reveals(&spec) {
            self.notify(ask::REVEALS.to_owned());
        }
        let mut run = worker::run(spec, &self.services);
        let (canceller, inbox) = (run.canceller(), self.inbox.clone());
        tokio::spawn(async move {
            while let Some(report) = run.next().await {
                _ = inbox.send(wrap(report));
            }
        });
        canceller
    }

    fn notify(&self, notice: String) {
        _ = self.inbox.send(Msg::Notice(notice));
    }
}

/// Sends a stored run's reports to the screen at their recorded pace.
async fn replay(reports: Vec<Report>, inbox: UnboundedSender<Msg>) {
    let mut last = Duration::ZERO;
    for report in reports {
        tokio::time::sleep(report.at.saturating_sub(last)).await;
        last = last.max(report.at);
        _ = inbox.send(Msg::Replayed(Some(Arc::new(report))));
    }
    _ = inbox.send(Msg::Replayed(None));
}
