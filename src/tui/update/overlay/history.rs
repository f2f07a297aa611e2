//! Keys of the list of earlier runs.

use crate::spec::RunSpec;
use crate::tui::effect::Effect;
use crate::tui::keymap::Action;
use crate::tui::keymap::action::{HistoryAction, OverlayAction};
use crate::tui::state::app::App;
use crate::tui::state::overlay::finder::Finder;
use crate::tui::state::overlay::{Overlay, history};
use crate::tui::state::runs::{RunSource, ShownRun};
use crate::tui::update::overlay::moves::moved;
use std::time::Duration;

impl App {
    pub(in crate::tui::update) fn history_key(&mut self, selected: usize, action: Option<Action>) -> Option<Effect> {
        let selected = moved(selected, self.runs.past.len(), action);
        match action {
            Some(Action::Overlay(OverlayAction::Close)) => {}
            Some(Action::History(HistoryAction::Search)) => {
                self.overlay = Some(Overlay::Finder(Finder::runs(&self.runs.past)));
            }
            Some(Action::History(HistoryAction::Replay)) => return self.replay(selected),
            Some(Action::History(HistoryAction::Pin)) => self.preview_demo(selected),
            Some(Action::Overlay(OverlayAction::Choose) | Action::History(HistoryAction::RunAgain)) => {
                if self.busy() {
                    self.notice = Some("A run is in progress: Esc cancels it.".to_owned());
                    return None;
                }
                let run = history::run_at(&self.runs.past, selected)?.clone();
                if let (Some(spec), Some(Action::History(HistoryAction::RunAgain))) = (&run.spec, action)
                    && run.task().is_none()
                {
                    // A chat has no prompt to come back into, so it is sent as it was, to the models of today.
                    let spec = RunSpec { chain: self.spec().chain, ..spec.as_ref().clone() };
                    return Some(self.send_spec(spec));
                }
                if let Some(task) = run.task() {
                    self.next.module = task.module;
                    self.next.adapter = task.adapter;
                    self.next.reasoning = task.reasoning;
                    self.use_signature(task.signature.clone(), self.demos_for(&task.signature));
                    self.prompt.show(&task.inputs);
                }
                if action == Some(Action::History(HistoryAction::RunAgain)) {
                    return self.send();
                }
                self.runs.put_away();
                self.runs.shown = Some(ShownRun { transcript: run, began: Duration::ZERO, source: RunSource::History });
            }
            _ => self.overlay = Some(Overlay::History(selected)),
        }
        None
    }
}
