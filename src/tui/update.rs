//! What happens to the state: every key, paste and report passes here, and nothing else
//! changes it. Returns at most one thing to do. `now` is an argument.

mod act;
mod compare;
mod compose;
mod overlay;
mod tour;

use super::command::{Command, Composed};
use super::keymap::{Action, Chord, Context};
use super::layout::Pane;
use super::state::app::{App, ShownRun};
use super::state::model::ModelOption;
use super::state::overlay::Overlay;
use super::state::overlay::text_popup::TextPopup;
use super::theme::Theme;
use crate::failover::{Cost, Event};
use crate::openrouter::account::{Generation, KeyInfo};
use crate::report::{Observation, Report, ReportKind};
use crate::transcript::Transcript;
use crossterm::event::{KeyEvent, KeyEventKind};
use std::time::Duration;

/// Runs that the session remembers.
const REMEMBERED: usize = 200;

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
    Report(Box<Report>),
    /// A run of a comparison reports.
    Compared {
        /// The comparison, as in the command.
        number: u64,
        /// Which of its runs, from 0.
        column: usize,
        /// What it says.
        report: Box<Report>,
    },
    /// A kept run that is played again reports; none when it is over.
    Replayed(Option<Box<Report>>),
    /// Time has passed: the tour may press its next key.
    Tick,
    /// The user's editor gave this text back, or why it did not.
    Edited(Result<String, String>),
    /// The request as it would be sent, or why it cannot be.
    Composed(Box<Result<Composed, String>>),
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
    /// Writes the headers' sheet anew, if it is open.
    fn headers_again(&mut self) {
        if let Some(Overlay::Headers(sheet)) = &self.overlay {
            self.overlay = Some(Overlay::Headers(TextPopup { top: sheet.top, ..self.headers_sheet() }));
        }
    }

    /// Whether this message may change what the screen shows now. No frame is due after one that cannot.
    pub fn shows(&self, msg: &Msg) -> bool {
        match msg {
            Msg::Past(_) => matches!(self.overlay, Some(Overlay::History(_))),
            _ => true,
        }
    }

    /// Takes one thing in.
    pub fn update(&mut self, now: Duration, msg: Msg) -> Option<Command> {
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
                self.hear(now, &report);
                None
            }
            Msg::KeyInfo(info) => {
                self.key_info = Some(*info);
                self.headers_again();
                None
            }
            Msg::Received(id, generation) => {
                self.received = Some((id, *generation));
                self.headers_again();
                None
            }
            Msg::Composed(composed) => {
                self.show_composed(*composed);
                None
            }
            Msg::Compared { number, column, report } => {
                self.hear_compared(now, number, column, &report);
                None
            }
            Msg::Replayed(report) => {
                self.hear_replayed(now, report.as_deref());
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
                self.theme = self.chosen.unwrap_or(theme);
                None
            }
            Msg::Models(models, listed) => {
                self.listed = listed;
                self.models = models;
                None
            }
            Msg::Past(earlier) => {
                self.past.splice(0..0, earlier);
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
        self.size = (width, height);
    }

    fn key(&mut self, key: KeyEvent) -> Option<Command> {
        let action = self.keymap.action(Chord::of(key), &self.contexts());
        if let (Some(_), Some(Action::NextStep | Action::LeaveTour | Action::Interrupt)) = (&self.tour, action) {
            return self.act(if action == Some(Action::NextStep) { Action::NextStep } else { Action::LeaveTour });
        }
        if self.tour.is_some() && !matches!(action, Some(Action::Quit | Action::Suspend)) {
            return None;
        }
        self.press(key)
    }

    /// A key for the playground itself, from the user or from the tour.
    fn press(&mut self, key: KeyEvent) -> Option<Command> {
        let chord = Chord::of(key);
        self.notice = None;
        let action = self.keymap.action(chord, &self.places());
        if action.is_some() || self.overlay.is_some() || !chord.is_text() {
            self.note_pressed(chord);
        }
        if action != Some(Action::Interrupt) {
            self.leaving = false;
        }
        if action != Some(Action::Remove) {
            self.shelf.doomed = false;
        }
        if self.overlay.is_some() {
            return self.overlay_key(key, chord, action);
        }
        if let Some(action) = action {
            return self.act(action);
        }
        match self.focus {
            Pane::Prompt => {
                let empty = self.prompt.is_empty();
                self.type_key(key);
                // Whoever begins to type will send soon: the connection can be there by then.
                return (empty && !self.prompt.is_empty() && !self.simulated).then_some(Command::Warm);
            }
            Pane::Signatures => self.shelf.type_key(key),
            Pane::Answer | Pane::Log => {}
        }
        None
    }

    /// A key for the prompt: Up and Down leave through the edges into what was sent before.
    fn type_key(&mut self, key: KeyEvent) {
        use crossterm::event::KeyCode;
        let (first, last) = self.prompt.edges();
        match key.code {
            KeyCode::Up if key.modifiers.is_empty() && first => self.recall(-1),
            KeyCode::Down if key.modifiers.is_empty() && last => self.recall(1),
            KeyCode::Char('?') if self.prompt.is_empty() && key.modifiers.is_empty() => {
                self.act(Action::Help);
            }
            _ => self.prompt.type_key(key),
        }
    }

    /// Steps through what was sent; past the latest stands an empty prompt.
    fn recall(&mut self, by: isize) {
        let at = self.recalled.unwrap_or(self.sent.len());
        let to = at.saturating_add_signed(by).min(self.sent.len());
        if to == at {
            return;
        }
        self.recalled = (to < self.sent.len()).then_some(to);
        let values = self.sent.get(to).cloned().unwrap_or_default();
        self.prompt.show(&values);
    }

    fn paste(&mut self, text: &str) {
        match &mut self.overlay {
            Some(Overlay::Finder(finder)) => finder.push(&crate::text::clean_line(text, 400)),
            Some(Overlay::Draft(draft)) => draft.paste(text),
            Some(Overlay::Faults(faults)) => {
                if let Some(word) = &mut faults.typing {
                    word.push_str(&crate::text::clean_line(text, 80));
                }
            }
            Some(_) => {}
            None if self.focus == Pane::Signatures && self.shelf.typing() => self.shelf.paste(text),
            None => {
                self.go(Pane::Prompt);
                self.prompt.paste(text);
            }
        }
    }

    /// Takes a report in. A run that begins takes the screen; others are passed over.
    fn hear(&mut self, now: Duration, report: &Report) {
        self.board.apply(now, report);
        if matches!(report.what, ReportKind::Observation(Observation::Begun(_))) {
            self.put_away();
            self.awaiting = false;
            self.log.at = None;
            self.page.scroll.to_end();
            let began = now.saturating_sub(report.at);
            self.run = Some(ShownRun { transcript: Transcript::default(), began, past: false, replay: false });
        }
        if let Some(run) = self.run.as_mut().filter(|run| !run.past && !run.replay) {
            let ended = run.transcript.finished.is_some();
            run.transcript.apply(report);
            if let (ReportKind::Engine(Event::Finished(finished)), false) = (&report.what, ended) {
                self.spent = Some(self.spent.unwrap_or(Cost::NOTHING).plus(finished.cost));
            }
        }
    }

    /// Moves the run on the screen to the earlier ones.
    fn put_away(&mut self) {
        if let Some(run) = self.run.take().filter(|run| !run.past && !run.replay) {
            self.past.push(run.transcript);
            let surplus = self.past.len().saturating_sub(REMEMBERED);
            self.past.drain(..surplus);
        }
    }

    fn note_pressed(&mut self, chord: Chord) {
        self.pressed.push_back(chord.to_string());
        if self.pressed.len() > 6 {
            self.pressed.pop_front();
        }
    }

    /// Moves what the keys are on by rows.
    fn scroll(&mut self, rows: isize) {
        let height = usize::from(self.room(self.focus).height).max(1);
        match self.focus {
            Pane::Log => self.log.by(rows.signum()),
            Pane::Signatures => self.shelf.by(rows),
            Pane::Prompt | Pane::Answer => {
                let height =
                    if self.focus == Pane::Answer { height } else { usize::from(self.room(Pane::Answer).height) };
                let heights = self.page.heights().to_vec();
                self.page.scroll.by(rows, &heights, height);
            }
        }
    }

    /// Whether the contexts hold this one.
    fn holds(&self, context: Context) -> bool {
        self.places().contains(&context)
    }
}
