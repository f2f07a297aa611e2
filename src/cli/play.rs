//! The playground: wires the screen to the worker.

use super::{GlobalOptions, exit, lists, setup};
use crate::config::{Config, Environment};
use crate::failover::{Policy, Route};
use crate::history::{History, HistoryWriter};
use crate::openrouter::catalogue::Catalogue;
use crate::report::{Report, RunSpec};
use crate::transcript::Transcript;
use crate::tui::keymap::Keymap;
use crate::tui::state::model::ModelOption;
use crate::tui::theme::Theme;
use crate::tui::{self, Ask, ChainEntry, Channels, Command, Composed, InitialState, Msg, UiPrefs};
use crate::worker::{self, CostLookup, Running, Services};
use anyhow::{Context as _, Result, anyhow};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::AbortHandle;

/// So much of the history is at hand in the history overlay, in bytes.
const AT_HAND: u64 = 256 << 10;

/// Opens the playground and stays until the user leaves.
pub(super) fn run(settings: &GlobalOptions, env: &Environment, tour: bool) -> Result<u8> {
    let config = settings.config(env)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let services = setup::services(&config, settings).await?;
        services.keep_models_in(&env.cache_dir);
        services.ask_costs(CostLookup::AfterTheEnd);
        let base = setup::spec(&config, env)?;
        let start = InitialState { tour, ..start(&config, env, &base, &services)? };
        let (inbox, received) = unbounded_channel();
        let (commands, asked) = unbounded_channel();
        let say = inbox.clone();
        let editor = ["VISUAL", "EDITOR"].iter().find_map(|name| env.vars.get(*name).cloned());
        if !services.simulated() {
            tokio::spawn(learn_models(Arc::clone(&services), inbox.clone()));
        }
        let keeper = Arc::new(Mutex::new(setup::keeper(&config, env, &services)?));
        let folder = env.config_dir.join("signatures");
        let history = History::of(&env.data_dir);
        recall(History::of(&env.data_dir), inbox.clone());
        let desk = Effects { services, base, inbox, running: Vec::new(), replaying: None, history, folder, keeper };
        tokio::spawn(desk.serve(asked));
        let there = |path: &PathBuf| path.is_file();
        let clipboard = tui::ClipboardTool::find(|name| env.vars.get(name).cloned(), there);
        let screen = screen_file(env);
        let keep = Box::new(move |kept| keep(kept, &screen));
        let wires = Channels { inbox: received, say, commands, editor, clipboard, keep };
        tui::run(start, wires).await.context("the terminal")?;
        Ok(exit::OK)
    })
}

/// Where sizes and theme of the screen stay from one session to the next.
fn screen_file(env: &Environment) -> PathBuf {
    env.data_dir.join("screen.toml")
}

/// Keeps what the next session should look like: in one piece, and no matter of life and death.
fn keep(kept: UiPrefs, path: &Path) {
    let draft = path.with_extension(format!("{:08x}", fastrand::u32(..)));
    let folder = path.parent().map_or(Ok(()), std::fs::create_dir_all);
    let done = folder.and_then(|()| std::fs::write(&draft, kept.write())).and_then(|()| std::fs::rename(&draft, path));
    if let Err(error) = done {
        _ = std::fs::remove_file(&draft);
        eprintln!("sizes and theme are not kept: {}: {error}", path.display());
    }
}

/// What the screen begins with.
fn start(config: &Config, env: &Environment, base: &RunSpec, services: &Services) -> Result<InitialState> {
    let mut library = setup::library(env)?;
    // The signature that was asked for comes first, whether or not the library has it.
    match library.iter().position(|entry| entry.signature == base.signature) {
        Some(at) => library[..=at].rotate_right(1),
        None => library.insert(0, setup::entry(base.signature.clone())),
    }
    library[0].module = base.module;
    let faults = services.faults();
    let kept =
        std::fs::read_to_string(screen_file(env)).map_or_else(|_| UiPrefs::default(), |text| UiPrefs::read(&text));
    let (theme, ask_background) = theme(config, env, kept)?;
    let link = |model: &str| ChainEntry { model: model.to_owned(), fault: faults.get(model).cloned() };
    Ok(InitialState {
        library,
        chain: base.chain.iter().map(|route| link(&route.model)).collect(),
        models: models(&services.catalogue()),
        listed: lists::listed(services),
        policy: base.policy.clone(),
        adapter: base.adapter,
        simulated: services.simulated(),
        server: services.endpoint().base,
        headers: services.headers(),
        settings: base.settings.clone(),
        keymap: keymap(config)?,
        kept,
        theme,
        ask_background,
        notice: config.ignored().first().cloned(),
        ..InitialState::default()
    })
}

/// Reads the runs that the history overlay begins with, beside the first frame.
fn recall(history: History, inbox: UnboundedSender<Msg>) {
    // A thread of its own: one of the runtime's would stay, and wake once more to end.
    std::thread::spawn(move || {
        let kept = history.recent(AT_HAND).unwrap_or_default();
        inbox.send(Msg::Past(kept.runs.iter().map(Transcript::of).collect()))
    });
}

/// The keys, after the user's own choices.
fn keymap(config: &Config) -> Result<Keymap> {
    let choices = config.read::<BTreeMap<String, String>>("ui.keys")?.unwrap_or_default();
    let split = |keys: String| keys.split_whitespace().map(str::to_owned).collect();
    let mut choices = choices.into_iter().map(|(action, keys)| (action, split(keys))).collect();
    if config.read::<String>("ui.enter")?.as_deref() == Some("newline") {
        Keymap::where_enter_begins_a_line(&mut choices);
    }
    Keymap::with(&choices).map_err(|refused| {
        let all: Vec<String> = refused.iter().map(ToString::to_string).collect();
        anyhow!("ui.keys: {}", all.join("; "))
    })
}

/// The theme of the configuration; else none of colour where NO_COLOR asks for that; else that of the last
/// session; else what suits the terminal's background as far as it is known, and that it should be asked.
fn theme(config: &Config, env: &Environment, kept: UiPrefs) -> Result<(Theme, bool)> {
    let word = config.read::<String>("ui.theme")?.unwrap_or_default();
    let plain = env.vars.get("NO_COLOR").is_some_and(|value| !value.is_empty());
    let told = env.vars.get("COLORFGBG").map(String::as_str).unwrap_or_default();
    let decided = Theme::named(&word).or(plain.then_some(Theme::Mono)).or(kept.theme);
    Ok((decided.unwrap_or(Theme::suiting(told)), decided.is_none()))
}

fn models(catalogue: &Catalogue) -> Vec<ModelOption> {
    catalogue.models.iter().map(ModelOption::from).collect()
}

/// Asks the service for its models; without an answer the built-in list has to do.
async fn learn_models(services: Arc<Services>, inbox: UnboundedSender<Msg>) {
    _ = match services.ask_catalogue().await {
        Ok(catalogue) => inbox.send(Msg::Models(models(&catalogue), lists::listed(&services))),
        Err(failure) => inbox.send(Msg::Notice(format!("the list of models did not come: {}", failure.reason))),
    };
}

/// What carries out the screen's commands.
struct Effects {
    services: Arc<Services>,
    /// What a run is asked besides what stands on the screen.
    base: RunSpec,
    inbox: UnboundedSender<Msg>,
    /// The run that is on, or those of a comparison.
    running: Vec<Running>,
    /// The kept run that is played again.
    replaying: Option<AbortHandle>,
    history: History,
    folder: PathBuf,
    keeper: Arc<Mutex<HistoryWriter>>,
}

impl Effects {
    async fn serve(mut self, mut asked: UnboundedReceiver<Command>) {
        while let Some(command) = asked.recv().await {
            self.carry_out(command);
        }
    }

    fn carry_out(&mut self, command: Command) {
        match command {
            Command::Send(ask) => {
                let run = self.spawn(*ask, Msg::Report);
                self.running = vec![run];
            }
            Command::Compare { number, asks } => {
                let spawn = |(column, ask)| self.spawn(ask, move |report| Msg::Compared { number, column, report });
                self.running = asks.into_iter().enumerate().map(spawn).collect();
            }
            Command::Replay(run) => match self.history.find(&run.to_string()) {
                Ok(reports) => self.replaying = Some(tokio::spawn(replay(reports, self.inbox.clone())).abort_handle()),
                Err(error) => {
                    _ = self.inbox.send(Msg::Replayed(None));
                    self.say(format!("cannot be played again: {error}"));
                }
            },
            Command::Cancel => {
                self.running.clear();
                self.replaying.take().inspect(AbortHandle::abort);
            }
            Command::SetFault { model, fault } => self.services.inject(&model, fault),
            Command::HealAll => self.services.heal(),
            Command::ResetBreaker(name) => {
                if !self.services.reset(&name) {
                    self.say(format!("{name} has no breaker to reset"));
                }
            }
            Command::SaveSignature(signature) => {
                let said = match setup::save_entry(&self.folder, &signature) {
                    Ok(path) => format!("kept in {}", path.display()),
                    Err(error) => format!("not kept: {error:#}"),
                };
                self.say(said);
            }
            Command::DeleteSignature(name) => {
                let said = match setup::delete_entry(&self.folder, &name) {
                    Ok(path) => format!("removed {}", path.display()),
                    Err(error) => format!("not removed: {error:#}"),
                };
                self.say(said);
            }
            Command::SetHeaders(headers) => self.services.set_headers(*headers),
            Command::AskServer { generation } => {
                let (services, inbox) = (Arc::clone(&self.services), self.inbox.clone());
                tokio::spawn(async move {
                    let info = services.key_info().await.map_err(|failure| failure.reason);
                    _ = inbox.send(Msg::KeyInfo(Box::new(info)));
                    if let Some(id) = generation {
                        let said = services.generation(&id).await.map_err(|failure| failure.reason);
                        _ = inbox.send(Msg::Received(id, Box::new(said)));
                    }
                });
            }
            Command::Compose(ask) => {
                let composed = worker::preview(&mut self.spec(*ask), &self.services)
                    .map_err(|failure| failure.reason)
                    .and_then(|all| {
                        let worst = all.iter().map(|one| (one.model.clone(), one.worst_case)).collect();
                        let first = all.into_iter().next().ok_or("the chain is empty")?;
                        Ok(Composed { request: first.request, worst })
                    });
                _ = self.inbox.send(Msg::Composed(Box::new(composed)));
            }
            Command::Warm => {
                let services = Arc::clone(&self.services);
                tokio::spawn(async move { services.warm().await });
            }
            // The screen does these itself.
            Command::Copy { .. } | Command::Edit(_) | Command::Mouse(_) | Command::Suspend | Command::Quit => {}
        }
    }

    /// Starts a run. What it reports is kept first: what is seen on the screen is on disk already.
    fn spawn(&self, ask: Ask, wrap: impl Fn(Box<Report>) -> Msg + Send + Sync + 'static) -> Running {
        let spec = self.spec(ask);
        let (inbox, keeper) = (self.inbox.clone(), Arc::clone(&self.keeper));
        worker::spawn(spec, &self.services, move |report| {
            let kept = keeper.lock().unwrap_or_else(PoisonError::into_inner).keep(&report);
            if let Err(trouble) = kept {
                _ = inbox.send(Msg::Notice(trouble));
            }
            _ = inbox.send(wrap(Box::new(report)));
        })
    }

    fn spec(&self, ask: Ask) -> RunSpec {
        RunSpec {
            signature: ask.signature,
            module: ask.module,
            adapter: ask.adapter,
            demos: ask.demos,
            inputs: ask.inputs,
            chain: ask.chain.iter().map(|link| Route::new(&link.model, "")).collect(),
            policy: Policy { seed: fastrand::u64(..), ..ask.policy },
            settings: ask.settings,
            ..self.base.clone()
        }
    }

    fn say(&self, notice: String) {
        _ = self.inbox.send(Msg::Notice(notice));
    }
}

/// Tells a kept run's reports at the pace at which they came.
async fn replay(reports: Vec<Report>, inbox: UnboundedSender<Msg>) {
    let mut last = Duration::ZERO;
    for report in reports {
        tokio::time::sleep(report.at.saturating_sub(last)).await;
        last = last.max(report.at);
        _ = inbox.send(Msg::Replayed(Some(Box::new(report))));
    }
    _ = inbox.send(Msg::Replayed(None));
}
