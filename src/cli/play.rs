//! The playground: wires the screen to the worker.

use super::{GlobalOptions, exit, lists, setup};
use crate::config::{Config, Environment};
use crate::history::History;
use crate::openrouter::catalogue::Catalogue;
use crate::report::Report;
use crate::spec::{RunSpec, SignatureTask};
use crate::transcript::Transcript;
use crate::tui::keymap::Keymap;
use crate::tui::state::model::ModelOption;
use crate::tui::theme::Theme;
use crate::tui::{self, ChainEntry, Channels, ComposedRequest, Effect, InitialState, Msg, UiPrefs};
use crate::worker::{self, Canceller, CostLookup, ServiceOptions, Services};
use anyhow::{Context as _, Result, anyhow};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::{AbortHandle, block_in_place};

/// So much of the history is at hand in the history overlay, in bytes.
const AT_HAND: u64 = 256 << 10;

/// Opens the playground and stays until the user leaves.
pub(super) fn run(settings: &GlobalOptions, env: &Environment, tour: bool) -> Result<u8> {
    let config = settings.config(env)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let (inbox, received) = unbounded_channel();
        let (effects, asked) = unbounded_channel();
        let notices = inbox.clone();
        let services = Arc::new(Services::new(ServiceOptions {
            history: setup::history(&config, env, move |trouble| _ = notices.send(Msg::Notice(trouble)))?,
            cost_lookup: CostLookup::AfterTheEnd,
            ..setup::service_options(&config, settings, env).await?
        }));
        let task = setup::task(&config, env)?;
        let base = setup::spec(&config, task.clone())?;
        let start = InitialState { tour, ..start(&config, env, &task, &base, &services)? };
        let messages = inbox.clone();
        let editor = ["VISUAL", "EDITOR"].iter().find_map(|name| env.vars.get(*name).cloned());
        if !services.simulated() {
            tokio::spawn(learn_models(Arc::clone(&services), inbox.clone()));
        }
        let folder = env.config_dir.join("signatures");
        let history = History::of(&env.data_dir);
        recall(History::of(&env.data_dir), inbox.clone());
        let worker = Effects { services, inbox, runs: Vec::new(), replaying: None, history, folder };
        tokio::spawn(worker.serve(asked));
        let there = |path: &PathBuf| path.is_file();
        let clipboard = tui::ClipboardTool::find(|name| env.vars.get(name).cloned(), there);
        let screen = screen_file(env);
        let save_prefs = Box::new(move |kept| keep(kept, &screen));
        let channels = Channels { inbox: received, messages, effects, editor, clipboard, save_prefs };
        tui::run(start, channels).await.context("the terminal")?;
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
fn start(
    config: &Config,
    env: &Environment,
    task: &SignatureTask,
    spec: &RunSpec,
    services: &Services,
) -> Result<InitialState> {
    let mut library = setup::library(env)?;
    // The signature that was asked for comes first, whether or not the library has it.
    match library.iter().position(|entry| entry.signature == task.signature) {
        Some(at) => library[..=at].rotate_right(1),
        None => library.insert(0, setup::entry(task.signature.clone())),
    }
    library[0].module = task.module;
    let faults = services.faults();
    let kept =
        std::fs::read_to_string(screen_file(env)).map_or_else(|_| UiPrefs::default(), |text| UiPrefs::read(&text));
    let (theme, ask_background) = theme(config, env, kept)?;
    let link = |model: &str| ChainEntry { model: model.to_owned(), fault: faults.get(model).cloned() };
    Ok(InitialState {
        library,
        chain: spec.chain.iter().map(|route| link(&route.model)).collect(),
        models: models(&services.catalogue()),
        listed: lists::listed(services),
        policy: spec.policy.clone(),
        adapter: task.adapter,
        simulated: services.simulated(),
        server: services.endpoint().base,
        headers: services.headers(),
        settings: spec.settings.clone(),
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
        Keymap::enter_for_newline(&mut choices);
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
    let decided = Theme::by_name(&word).or(plain.then_some(Theme::Mono)).or(kept.theme);
    Ok((decided.unwrap_or(Theme::for_colorfgbg(told)), decided.is_none()))
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

/// Carries out the screen's effects.
struct Effects {
    services: Arc<Services>,
    inbox: UnboundedSender<Msg>,
    /// The runs in progress: one, or those of a comparison.
    runs: Vec<Canceller>,
    /// The kept run that is played again.
    replaying: Option<AbortHandle>,
    history: History,
    folder: PathBuf,
}

impl Effects {
    async fn serve(mut self, mut asked: UnboundedReceiver<Effect>) {
        while let Some(effect) = asked.recv().await {
            self.carry_out(effect);
        }
    }

    /// Carries out one effect. What reads or writes files does so beside the runtime's other work.
    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Send(spec) => {
                let run = self.run(*spec, Msg::Report);
                self.runs = vec![run];
            }
            Effect::Compare { number, specs } => {
                let run = |(column, spec)| self.run(spec, move |report| Msg::Compared { number, column, report });
                self.runs = specs.into_iter().enumerate().map(run).collect();
            }
            Effect::Replay(run) => match block_in_place(|| self.history.find(&run.to_string())) {
                Ok(reports) => self.replaying = Some(tokio::spawn(replay(reports, self.inbox.clone())).abort_handle()),
                Err(error) => {
                    _ = self.inbox.send(Msg::Replayed(None));
                    self.say(format!("cannot be played again: {error}"));
                }
            },
            Effect::Cancel => {
                self.runs.drain(..).for_each(|run| run.cancel());
                self.replaying.take().inspect(AbortHandle::abort);
            }
            Effect::SetFault { model, fault } => self.services.inject(&model, fault),
            Effect::HealAll => self.services.heal(),
            Effect::ResetBreaker(name) => {
                if !self.services.reset(&name) {
                    self.say(format!("{name} has no breaker to reset"));
                }
            }
            Effect::SaveSignature(signature) => {
                let said = match block_in_place(|| setup::save_entry(&self.folder, &signature)) {
                    Ok(path) => format!("kept in {}", path.display()),
                    Err(error) => format!("not kept: {error:#}"),
                };
                self.say(said);
            }
            Effect::DeleteSignature(name) => {
                let said = match block_in_place(|| setup::delete_entry(&self.folder, &name)) {
                    Ok(path) => format!("removed {}", path.display()),
                    Err(error) => format!("not removed: {error:#}"),
                };
                self.say(said);
            }
            Effect::SetHeaders(headers) => self.services.set_headers(*headers),
            Effect::AskServer { generation } => {
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
            Effect::Compose(mut spec) => {
                let composed =
                    worker::preview(&mut spec, &self.services).map_err(|failure| failure.reason).and_then(|all| {
                        let worst = all.iter().map(|one| (one.model.clone(), one.worst_case)).collect();
                        let first = all.into_iter().next().ok_or("the chain is empty")?;
                        Ok(ComposedRequest { request: first.request, worst })
                    });
                _ = self.inbox.send(Msg::Composed(Box::new(composed)));
            }
            Effect::Warm => {
                let services = Arc::clone(&self.services);
                tokio::spawn(async move { services.warm().await });
            }
            // The screen does these itself.
            Effect::Copy { .. } | Effect::Edit(_) | Effect::Mouse(_) | Effect::Suspend | Effect::Quit => {}
        }
    }

    /// Starts a run, and passes its reports on to the screen.
    fn run(&self, mut spec: RunSpec, wrap: impl Fn(Arc<Report>) -> Msg + Send + 'static) -> Canceller {
        spec.policy.seed = fastrand::u64(..);
        let mut run = worker::run(spec, &self.services);
        let (canceller, inbox) = (run.canceller(), self.inbox.clone());
        tokio::spawn(async move {
            while let Some(report) = run.next().await {
                _ = inbox.send(wrap(report));
            }
        });
        canceller
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
        _ = inbox.send(Msg::Replayed(Some(Arc::new(report))));
    }
    _ = inbox.send(Msg::Replayed(None));
}
