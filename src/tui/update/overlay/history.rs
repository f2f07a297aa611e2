//! Keys of the list of earlier runs.

use crate::spec::RunSpec;
use crate::transcript::{RunRow, TrafficWatch, Transcript};
use crate::tui::effect::Effect;
use crate::tui::keymap::Action;
use crate::tui::keymap::action::{HistoryAction, OverlayAction};
use crate::tui::layout::{LayoutKind, Pane};
use crate::tui::state::app::App;
use crate::tui::state::overlay::Overlay;
use crate::tui::state::overlay::finder::Finder;
use crate::tui::state::overlay::history::{RunList, RunUse};
use crate::tui::state::runs::{RunSource, ShownRun};
use crate::tui::update::overlay::moves::moved;
use std::time::Duration;

impl App {
    /// Opens the list, and asks for the first page of the history.
    pub(in crate::tui::update) fn open_history(&mut self) -> Effect {
        self.runs.list = RunList::of_session(&self.runs.past);
        self.overlay = Some(Overlay::History(0));
        Effect::ListRuns { words: String::new(), before: None }
    }

    pub(in crate::tui::update) fn history_key(&mut self, selected: usize, action: Option<Action>) -> Option<Effect> {
        let selected = moved(selected, self.runs.list.rows.len(), action);
        match action {
            Some(Action::Overlay(OverlayAction::Close)) => None,
            Some(Action::History(HistoryAction::Search)) => {
                self.overlay = Some(Overlay::Finder(Finder::runs(&self.runs.list.rows)));
                None
            }
            Some(Action::History(HistoryAction::Replay)) => self.replay(selected),
            Some(Action::History(HistoryAction::Pin)) => self.open_run(selected, RunUse::PreviewDemo),
            Some(Action::Overlay(OverlayAction::Choose)) => self.open_run(selected, RunUse::Show),
            Some(Action::History(HistoryAction::TakeUp)) => self.open_run(selected, RunUse::TakeUp),
            Some(Action::History(HistoryAction::RunAgain)) => self.open_run(selected, RunUse::RunAgain),
            _ => {
                self.overlay = Some(Overlay::History(selected));
                let before = self.runs.list.wants(selected)?;
                Some(Effect::ListRuns { words: String::new(), before: Some(before) })
            }
        }
    }

    /// Adds a page of the history to the list, or the runs that a search has found to the finder.
    pub(in crate::tui::update) fn on_rows(&mut self, words: &str, before: Option<u64>, rows: Vec<RunRow>) {
        if !words.is_empty() {
            if let Some(Overlay::Finder(finder)) = &mut self.overlay {
                finder.add_hits(words, &rows);
            }
            return;
        }
        let selected = match &mut self.overlay {
            Some(Overlay::History(selected) | Overlay::DemoPreview(selected, _)) => selected,
            _ => &mut 0,
        };
        // The selection stays on its run.
        let run = self.runs.list.rows.get(*selected).map(|row| row.run);
        self.runs.list.add(before, rows);
        *selected = run.and_then(|run| self.runs.list.line_of(run)).unwrap_or(*selected);
    }

    /// Uses the run on a line of the list; one of another session is read first.
    fn open_run(&mut self, selected: usize, purpose: RunUse) -> Option<Effect> {
        let run = self.runs.list.rows.get(selected)?.run;
        self.overlay = Some(Overlay::History(selected));
        match self.runs.earlier(run).cloned() {
            Some(run) => self.use_run(purpose, run),
            None => Some(Effect::OpenRun(run, purpose)),
        }
    }

    /// Uses the run that was read, unless the user has left the list.
    pub(in crate::tui::update) fn on_opened(
        &mut self,
        purpose: RunUse,
        run: Result<Transcript, String>,
    ) -> Option<Effect> {
        match run {
            Ok(run) if matches!(self.overlay, Some(Overlay::History(_) | Overlay::Grid)) => {
                self.runs.opened = Some(run.clone());
                self.use_run(purpose, run)
            }
            Ok(_) => None,
            Err(why) => {
                self.notice = Some(why);
                None
            }
        }
    }

    pub(in crate::tui::update) fn use_run(&mut self, purpose: RunUse, run: Transcript) -> Option<Effect> {
        if purpose == RunUse::PreviewDemo {
            self.preview_demo(&run);
            return None;
        }
        if purpose == RunUse::Pin {
            let signature = run.task().map(|task| task.signature.inline());
            self.pin_of(signature.as_deref(), run.demo());
            return None;
        }
        if self.refuses_while_busy() {
            self.overlay = None;
            return None;
        }
        self.overlay = None;
        if let (Some(spec), RunUse::RunAgain) = (&run.spec, purpose)
            && run.task().is_none()
        {
            // A chat has no prompt to come back into, so it is sent as it was, to the models of today.
            let spec = RunSpec { chain: self.spec().chain, ..spec.as_ref().clone() };
            return Some(self.send_spec(spec));
        }
        if purpose == RunUse::TakeUp {
            self.take_up(&run);
        } else if let Some(task) = run.task().cloned() {
            if self.put_aside() {
                self.notice = Some("Up brings back what was typed.".to_owned());
            }
            self.bring_back(&task, self.demos_for(&task.signature));
        }
        if purpose == RunUse::RunAgain {
            return self.send();
        }
        self.traffic.watch = TrafficWatch::Nothing;
        self.runs.close_shown();
        if self.screen.layout.kind == LayoutKind::Narrow && purpose == RunUse::Show {
            self.focus(Pane::Answer);
        }
        self.runs.shown = Some(ShownRun { transcript: run, began: Duration::ZERO, source: RunSource::History });
        None
    }
}
