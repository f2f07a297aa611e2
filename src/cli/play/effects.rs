//! Carries out the effects of the screen: runs, the history, the library, the configuration, the gateway.

use super::evaluate::Evaluator;
use crate::cli::ask;
use crate::cli::settings_files::{self, SettingsFiles};
use crate::cli::signatures::{self, Folders};
use crate::cli::traffic::GatewayBeside;
use crate::gateway::RequestDefaults;
use crate::history::{History, Query};
use crate::report::Report;
use crate::spec::RunSpec;
use crate::transcript::{TrafficWatch, Transcript};
use crate::tui::state::overlay::history::PAGE;
use crate::tui::state::overlay::save_settings::SaveRequest;
use crate::tui::{ComposedRequest, Effect, Msg};
use crate::worker::{self, Canceller, Services};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::task::{AbortHandle, block_in_place};

/// Carries out the screen's effects.
pub(super) struct EffectRunner {
    pub(super) services: Arc<Services>,
    pub(super) inbox: UnboundedSender<Msg>,
    /// The latest run, or the runs of the latest comparison.
    pub(super) runs: Vec<Canceller>,
    /// The replay in progress.
    pub(super) replaying: Option<AbortHandle>,
    pub(super) history: History,
    /// Whether runs are kept in the history.
    pub(super) keeps_runs: bool,
    /// Whether the files of an earlier version were read.
    pub(super) imported: bool,
    /// The configuration files.
    pub(super) settings_files: SettingsFiles,
    /// The folders of the signature library.
    pub(super) folders: Folders,
    pub(super) gateway: GatewayBeside,
    pub(super) evaluator: Evaluator,
}

impl EffectRunner {
    pub(super) async fn run(mut self, mut effects: UnboundedReceiver<Effect>) {
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
            Effect::ClearAllFaults => self.services.clear_faults(),
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
            Effect::PlanSave(changes) => {
                let plans = block_in_place(|| self.settings_files.plan(&changes));
                _ = self.inbox.send(Msg::SavePlanned(changes, plans));
            }
            Effect::SaveSettings(request) => {
                let result = block_in_place(|| settings_files::write(&request)).map_err(|error| format!("{error:#}"));
                let SaveRequest { path, changes, .. } = *request;
                _ = self.inbox.send(Msg::Saved(changes, result.map(|()| path)));
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
            Ok(reports) if reports.is_empty() => Err("this run is no longer in the history".to_owned()),
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
