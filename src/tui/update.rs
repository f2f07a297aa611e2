//! Changes to the state: [`App::update`] applies one message, such as a key, a paste or a report, and returns at most one
//! effect. `now` is an argument.

mod compose;
mod conversation;
mod copy;
mod keys;
mod overlay;
mod panes;
mod playground;
mod program;
mod prompt;
mod replay;
mod signatures;
mod tour;
mod traffic;

use super::effect::{ComposedRequest, Effect};
use super::layout::{LayoutKind, Pane};
use super::receipt::Receipt;
use super::state::app::App;
use super::state::grid::OpenedCases;
use super::state::model::{ModelOption, Providers};
use super::state::overlay::Overlay;
use super::state::overlay::faults::BelowPicker;
use super::state::overlay::history::RunUse;
use super::state::overlay::save_settings::SavePlan;
use super::state::overlay::text_popup::TextPopup;
use super::state::runs::{RunSource, ShownRun};
use super::theme::Theme;

use crate::config::edit::Change;
use crate::eval::CellResult;
use crate::openrouter::account::{Generation, KeyInfo};
use crate::openrouter::providers::ProviderStatus;
use crate::report::{Observation, Report, ReportKind};
use crate::transcript::{RunRow, TrafficUpdate, Transcript};
use crossterm::event::{KeyEvent, KeyEventKind};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// A message for the screen.
#[derive(Clone, Debug)]
pub enum Msg {
    /// A key was pressed.
    Key(KeyEvent),
    /// Text was pasted. It never sends.
    Paste(String),
    /// The mouse wheel turned by this many rows, negative upwards.
    Wheel(i16),
    /// A report of the run.
    Report(Arc<Report>),
    /// A report of a run in a comparison.
    Compared {
        /// The number of the comparison, as in [`Effect::Compare`].
        number: u64,
        /// Index of the column.
        column: usize,
        /// The report.
        report: Arc<Report>,
    },
    /// A report of a replay; `None` at its end.
    Replayed(Option<Arc<Report>>),
    /// A frame is about to be drawn: the tour may press its next key.
    Tick,
    /// The text from the user's editor, or why there is none.
    Edited(Result<String, String>),
    /// The request as it would be sent, or why it cannot be sent.
    Composed(Box<Result<ComposedRequest, String>>),
    /// The limits of the key, or why they are unknown.
    KeyInfo(Box<Result<KeyInfo, String>>),
    /// What the server reports about the generation with this id, or why it does not.
    Received(String, Box<Result<Generation, String>>),
    /// How the providers of a model do, or why that is unknown.
    Providers(String, Result<Vec<ProviderStatus>, String>),
    /// The models of the catalogue, and the source and age of that list.
    Models(Vec<ModelOption>, String),
    /// A page of the history, as [`Effect::ListRuns`] asked for it.
    Rows {
        /// The words.
        words: String,
        /// The run behind which it begins.
        before: Option<u64>,
        /// The rows, the latest run first.
        rows: Vec<RunRow>,
    },
    /// A run of the history, or why it cannot be read.
    Opened(RunUse, Box<Result<Transcript, String>>),
    /// The configuration files with these changes, as [`Effect::PlanSave`] asked for them.
    SavePlanned(Vec<Change>, Vec<SavePlan>),
    /// These changes were saved in this file, or why not.
    Saved(Vec<Change>, Result<PathBuf, String>),
    /// A file of cases, as [`Effect::OpenCases`] asked for it, or why it cannot be used.
    Cases(Box<Result<OpenedCases, String>>),
    /// Finished cells of the grid, by their places.
    Scored(Vec<(usize, CellResult)>),
    /// The cells of the grid are asked no more; why, if some are missing.
    Evaluated(Option<String>),
    /// The gateway listens on this address, or why it does not.
    Gateway(Result<String, String>),
    /// What has changed of the gateway's requests. No other such message comes before this one was taken.
    Traffic(Box<TrafficUpdate>, Receipt),
    /// The selected request of the gateway, as the history has it, or why it cannot be read.
    Watched(Box<Result<Transcript, String>>),
    /// The theme that suits the terminal's background.
    Background(Theme),
    /// A notice for the status line.
    Notice(String),
}

impl App {
    /// Renders the popup of the headers again, if it is open.
    fn refresh_headers(&mut self) {
        if let Some(Overlay::Headers(popup)) = &self.overlay {
            self.overlay = Some(Overlay::Headers(TextPopup { top: popup.top, ..self.headers_popup() }));
        }
    }

    /// Whether this message may change what the screen shows now. If not, no frame is drawn after it.
    pub fn may_change_screen(&self, msg: &Msg) -> bool {
        let below = match &self.overlay {
            Some(Overlay::Faults(picker)) => picker.below,
            _ => BelowPicker::Panes,
        };
        match msg {
            Msg::Providers(..) => matches!(self.overlay, Some(Overlay::Chain)) || below == BelowPicker::Chain,
            Msg::Scored(_) => matches!(self.overlay, Some(Overlay::Grid)) || below == BelowPicker::Grid,
            Msg::Rows { .. } => matches!(self.overlay, Some(Overlay::History(_) | Overlay::Finder(_))),
            _ => true,
        }
    }

    /// Applies a message at the time `now` and returns what the rest of the program should do.
    pub fn update(&mut self, now: Duration, msg: Msg) -> Option<Effect> {
        match msg {
            Msg::Key(key) if key.kind == KeyEventKind::Release => {}
            Msg::Key(key) => return self.key(key),
            Msg::Tick => return self.press_for_tour(),
            Msg::Opened(purpose, run) => return self.on_opened(purpose, *run),
            Msg::Paste(text) => self.paste(&text),
            Msg::Wheel(rows) => self.scroll(isize::from(rows)),
            Msg::Report(report) => self.on_report(now, &report),
            Msg::KeyInfo(info) => {
                self.server.key_info = Some(*info);
                self.refresh_headers();
            }
            Msg::Received(id, generation) => {
                self.server.generation = Some((id, *generation));
                self.refresh_headers();
            }
            Msg::Composed(composed) => self.show_composed(*composed),
            Msg::Compared { number, column, report } => self.on_compare_report(now, number, column, &report),
            Msg::Replayed(report) => self.on_replay_report(now, report.as_deref()),
            Msg::Edited(Ok(text)) => self.on_edited(&text),
            // The user's choice takes precedence.
            Msg::Background(theme) => self.display.theme = self.display.chosen_theme.unwrap_or(theme),
            Msg::Providers(model, providers) => {
                let providers = providers.map_or_else(Providers::Unknown, Providers::Known);
                self.models.providers.insert(model, providers);
            }
            Msg::Models(models, source) => {
                self.models.source = source;
                self.models.all = models;
            }
            Msg::Rows { words, before, rows } => self.on_rows(&words, before, rows),
            Msg::SavePlanned(changes, plans) => self.ask_to_save(changes, plans),
            Msg::Saved(changes, result) => self.on_saved(&changes, result),
            Msg::Cases(opened) => self.on_cases(*opened),
            Msg::Scored(cells) => self.on_scored(cells),
            Msg::Evaluated(why) => self.on_evaluated(why),
            Msg::Gateway(listening) => self.on_gateway(listening),
            Msg::Traffic(update, _taken) => self.on_traffic(now, *update),
            Msg::Watched(run) => self.on_watched_run(*run),
            Msg::Edited(Err(text)) | Msg::Notice(text) => self.notice = Some(text),
        }
        None
    }

    /// Takes the text of the user's editor into the open draft, or into the prompt.
    fn on_edited(&mut self, text: &str) {
        if let Some(Overlay::Draft(draft)) = &mut self.overlay {
            draft.set(text);
        } else {
            self.prompt.input().set(text.trim_end_matches('\n'));
        }
    }

    /// Sets the size of the screen in cells.
    pub fn resize(&mut self, width: u16, height: u16) {
        let was = self.screen.layout.kind;
        self.screen.size = (width, height);
        let area = self.pane_area();
        let is = LayoutKind::of(area.width, area.height);
        // Where only one pane is left, it is the one in which something happens.
        if was != LayoutKind::Narrow && is == LayoutKind::Narrow && self.busy() {
            self.focus(Pane::Answer);
        }
    }

    /// Applies a report. A run that begins replaces the run on the screen; reports of other runs are ignored.
    fn on_report(&mut self, now: Duration, report: &Report) {
        self.health.apply(now, report);
        if matches!(report.what, ReportKind::Observation(Observation::Begun(_))) {
            self.runs.close_shown();
            self.runs.awaiting = false;
            self.log.selected = None;
            self.answer.page.scroll.to_end();
            let began = now.saturating_sub(report.at);
            self.runs.shown = Some(ShownRun::new(RunSource::Worker, began));
        }
        if let Some(run) = self.runs.shown.as_mut().filter(|run| run.source == RunSource::Worker) {
            let was_live = run.transcript.live();
            run.transcript.apply(report);
            if was_live && !run.transcript.live() {
                self.add_turn();
            }
        }
    }
}
