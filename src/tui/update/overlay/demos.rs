//! Demos: pinning an answer as a demo, and the keys of the list of demos.

use crate::dspy::{Demo, Signature};
use crate::transcript::Transcript;
use crate::tui::keymap::Action;
use crate::tui::keymap::action::{DemosAction, OverlayAction};
use crate::tui::state::app::App;
use crate::tui::state::overlay::draft::Draft;
use crate::tui::state::overlay::text_popup::TextPopup;
use crate::tui::state::overlay::{Overlay, demos};
use crate::tui::update::overlay::moves::{moved, scroll_popup};

impl App {
    /// Adds the answer on the screen, with its reasoning, to the demos.
    pub(in crate::tui::update) fn pin_demo(&mut self) {
        let signature = self.transcript().and_then(Transcript::task).map(|task| task.signature.inline());
        self.pin_of(signature.as_deref(), self.transcript().and_then(Transcript::demo));
    }

    /// Adds a demo of the signature that is written so.
    pub(in crate::tui::update) fn pin_of(&mut self, signature: Option<&str>, demo: Option<Demo>) {
        if signature.is_some_and(|signature| signature != self.next.signature.inline()) {
            self.notice = Some("That answer belongs to another signature: use that signature first.".to_owned());
            return;
        }
        self.pin(demo);
    }

    /// Shows an earlier run as the demo that it would be.
    pub(in crate::tui::update) fn preview_demo(&mut self, run: &Transcript) {
        let selected = run.run.and_then(|run| self.runs.list.line_of(run)).unwrap_or_default();
        let Some(demo) = run.demo() else {
            self.notice = Some("Nothing to pin: only a complete, valid answer can be a demo.".to_owned());
            self.overlay = Some(Overlay::History(selected));
            return;
        };
        self.overlay = Some(Overlay::DemoPreview(selected, demos::popup(&demo, self.screen.size.0, self.theme())));
    }

    /// Carries out an action in the preview of a demo. A confirmed demo also brings its signature into use.
    pub(in crate::tui::update) fn demo_preview_key(
        &mut self,
        selected: usize,
        mut popup: TextPopup,
        action: Option<Action>,
    ) {
        match action {
            Some(Action::Overlay(OverlayAction::Close)) => self.overlay = Some(Overlay::History(selected)),
            Some(Action::Overlay(OverlayAction::Confirm)) => {
                let row = self.runs.list.rows.get(selected);
                let Some(run) = row.and_then(|row| self.runs.earlier(row.run)) else { return };
                let (demo, task) = (run.demo(), run.task().cloned());
                if let Some(task) = task.filter(|task| task.signature.inline() != self.next.signature.inline()) {
                    self.next.module = task.module;
                    self.use_signature(task.signature.clone(), Vec::new());
                }
                self.pin(demo);
                self.overlay = Some(Overlay::Demos(self.next.demos.len().saturating_sub(1)));
            }
            _ => {
                scroll_popup(&mut popup, action, self.popup_rows());
                self.overlay = Some(Overlay::DemoPreview(selected, popup));
            }
        }
    }

    /// The demos for a signature: those in use if the signature is in use, else none.
    pub(in crate::tui::update) fn demos_for(&self, signature: &Signature) -> Vec<Demo> {
        if signature.inline() == self.next.signature.inline() { self.next.demos.clone() } else { Vec::new() }
    }

    fn pin(&mut self, demo: Option<Demo>) {
        let Some(demo) = demo else {
            self.notice = Some("Nothing to pin yet: only a complete, valid answer can be a demo.".to_owned());
            return;
        };
        if self.next.demos.contains(&demo) {
            self.notice = Some("This answer is a demo already: F10 shows the demos.".to_owned());
            return;
        }
        self.next.demos.push(demo);
        let count = self.next.demos.len();
        self.notice = Some(format!("Demo {count} is sent from the next run on. F10 shows them, Alt+S saves them."));
    }

    pub(in crate::tui::update) fn demos_key(&mut self, selected: usize, action: Option<Action>) {
        let last = self.next.demos.len().saturating_sub(1);
        let mut selected = selected.min(last);
        match action {
            Some(Action::Overlay(OverlayAction::Close)) => return,
            Some(Action::Demos(DemosAction::Save)) => {
                self.overlay = Some(Overlay::Draft(Box::new(Draft::signature(&self.entry()))));
                return;
            }
            Some(Action::Demos(DemosAction::Open)) => {
                if let Some(demo) = self.next.demos.get(selected) {
                    self.overlay = Some(Overlay::Demo(selected, demos::popup(demo, self.screen.size.0, self.theme())));
                    return;
                }
            }
            Some(Action::Demos(DemosAction::Pin)) => self.pin_demo(),
            Some(Action::Demos(DemosAction::Remove)) if !self.next.demos.is_empty() => {
                self.next.demos.remove(selected);
                selected = selected.min(self.next.demos.len().saturating_sub(1));
            }
            Some(Action::Demos(DemosAction::MoveUp)) if selected > 0 => {
                self.next.demos.swap(selected, selected - 1);
                selected -= 1;
            }
            Some(Action::Demos(DemosAction::MoveDown)) if selected < last => {
                self.next.demos.swap(selected, selected + 1);
                selected += 1;
            }
            other => selected = moved(selected, self.next.demos.len(), other),
        }
        self.overlay = Some(Overlay::Demos(selected));
    }
}
