//! What happens to the state: every key, paste and report passes here, and nothing else
//! changes it. Returns at most one thing to do. `now` is an argument.

mod compose;
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

use super::effect::{ComposedRequest, Effect};
use super::state::app::App;
use super::state::model::ModelOption;
use super::state::overlay::Overlay;
use super::state::overlay::text_popup::TextPopup;
use super::state::runs::{RunSource, ShownRun};
use super::theme::Theme;
use crate::failover::{Cost, Event};
use crate::openrouter::account::{Generation, KeyInfo};
use crate::report::{Observation, Report, ReportKind};
use crate::transcript::Transcript;
use crossterm::event::{KeyEvent, KeyEventKind};
use std::sync::Arc;
use std::time::Duration;

/// What can happen.
#[derive(Clone, Debug)]
pub enum Msg {
    /// A key was pressed.
    Key(KeyEvent),
    /// Text was pasted. It never sends.
    Paste(String),
    /// The wheel turned: rows down, or up if negative.
    Wheel(i16),
    /// The run reports.
    Report(Arc<Report>),
    /// A run of a comparison reports.
    Compared {
        /// The comparison, as in the command.
        number: u64,
        /// Which of its runs, from 0.
        column: usize,
        /// What it says.
        report: Arc<Report>,
    },
    /// A kept run that is played again reports; none when it is over.
    Replayed(Option<Arc<Report>>),
    /// Time has passed: the tour may press its next key.
    Tick,
    /// The user's editor gave this text back, or why it did not.
    Edited(Result<String, String>),
    /// The request as it would be sent, or why it cannot be.
    Composed(Box<Result<ComposedRequest, String>>),
    /// What the key may spend, or why that is not known.
    KeyInfo(Box<Result<KeyInfo, String>>),
    /// What the service says of the generation of this id, or why it does not.
    Received(String, Box<Result<Generation, String>>),
    /// Models to choose from have arrived; and where that list is from.
    Models(Vec<ModelOption>, String),
    /// Runs of earlier sessions have been read, the oldest first.
    Past(Vec<Transcript>),
    /// The terminal has told its background: this suits it.
    Background(Theme),
    /// Something to say.
    Notice(String),
}

impl App {
    /// Writes the headers' popup anew, if it is open.
    fn refresh_headers(&mut self) {
        if let Some(Overlay::Headers(popup)) = &self.overlay {
            self.overlay = Some(Overlay::Headers(TextPopup { top: popup.top, ..self.headers_popup() }));
        }
    }

    /// Whether this message may change what the screen shows now. No frame is due after one that cannot.
    pub fn may_change_screen(&self, msg: &Msg) -> bool {
        match msg {
            Msg::Past(_) => matches!(self.overlay, Some(Overlay::History(_))),
            _ => true,
        }
    }

    /// Takes one thing in.
    pub fn update(&mut self, now: Duration, msg: Msg) -> Option<Effect> {
        match msg {
            Msg::Key(key) if key.kind == KeyEventKind::Release => None,
            Msg::Key(key) => self.key(key),
            Msg::Paste(text) => {
                self.paste(&text);
                None
            }
            Msg::Wheel(rows) => {
                self.scroll(isize::from(rows));
                None
            }
            Msg::Report(report) => {
                self.on_report(now, &report);
                None
            }
            Msg::KeyInfo(info) => {
                self.server.key_info = Some(*info);
                self.refresh_headers();
                None
            }
            Msg::Received(id, generation) => {
                self.server.generation = Some((id, *generation));
                self.refresh_headers();
                None
            }
            Msg::Composed(composed) => {
                self.show_composed(*composed);
                None
            }
            Msg::Compared { number, column, report } => {
                self.on_compare_report(now, number, column, &report);
                None
            }
            Msg::Replayed(report) => {
                self.on_replay_report(now, report.as_deref());
                None
            }
            Msg::Tick => self.press_for_tour(),
            Msg::Edited(Ok(text)) => {
                if let Some(Overlay::Draft(draft)) = &mut self.overlay {
                    draft.set(&text);
                    return None;
                }
                self.prompt.input().set(text.trim_end_matches('\n'));
                None
            }
            Msg::Background(theme) => {
                // What somebody chose stays.
                self.display.theme = self.display.chosen_theme.unwrap_or(theme);
                None
            }
            Msg::Models(models, listed) => {
                self.models.source = listed;
                self.models.all = models;
                None
            }
            Msg::Past(earlier) => {
                self.runs.past.splice(0..0, earlier);
                None
            }
            Msg::Edited(Err(text)) | Msg::Notice(text) => {
                self.notice = Some(text);
                None
            }
        }
    }

    /// The screen has this size now.
    pub fn resize(&mut self, width: u16, height: u16) {
        self.screen.size = (width, height);
    }

    /// Takes a report in. A run that begins takes the screen; others are passed over.
    fn on_report(&mut self, now: Duration, report: &Report) {
        self.health.apply(now, report);
        if matches!(report.what, ReportKind::Observation(Observation::Begun(_))) {
            self.runs.put_away();
            self.runs.awaiting = false;
            self.log.selected = None;
            self.answer.page.scroll.to_end();
            let began = now.saturating_sub(report.at);
            self.runs.shown = Some(ShownRun::new(RunSource::Worker, began));
        }
        if let Some(run) = self.runs.shown.as_mut().filter(|run| run.source == RunSource::Worker) {
            let ended = run.transcript.finished.is_some();
            run.transcript.apply(report);
            if let (ReportKind::Engine(Event::Finished(finished)), false) = (&report.what, ended) {
                self.runs.cost = Some(self.runs.cost.unwrap_or(Cost::NOTHING).plus(finished.cost));
            }
        }
    }
}
