//! Actions in every pane and overlay: help, quitting, suspending.

use crate::tui::effect::Effect;
use crate::tui::keymap::action::ProgramAction;
use crate::tui::state::app::App;
use crate::tui::state::overlay::Overlay;
use crate::tui::state::overlay::finder::Finder;

impl App {
    pub(super) fn program(&mut self, action: ProgramAction) -> Option<Effect> {
        match action {
            ProgramAction::Help => self.open_help(),
            ProgramAction::Interrupt => return self.interrupt(),
            ProgramAction::Quit => return self.quit(),
            ProgramAction::Suspend => return Some(Effect::Suspend),
        }
        None
    }

    pub(super) fn open_help(&mut self) {
        self.overlay = Some(Overlay::Finder(Finder::keys(&self.keymap)));
    }

    /// Cancels the run; without a run, clears the prompt. Pressed again, quits.
    fn interrupt(&mut self) -> Option<Effect> {
        if self.keeps_changed_draft() {
            return None;
        }
        if self.busy() {
            return Some(self.cancel_run());
        }
        if self.leaving {
            return Some(Effect::Quit);
        }
        self.leaving = true;
        self.overlay = None;
        let notice = if self.prompt.is_empty() {
            "Ctrl+C again quits."
        } else {
            self.sent.all.push(self.prompt.values());
            self.prompt.clear();
            "Draft cleared (Up restores it). Ctrl+C again quits."
        };
        self.notice = Some(notice.to_owned());
        None
    }

    /// Quits. Asks first if something would be lost.
    pub(super) fn quit(&mut self) -> Option<Effect> {
        if self.keeps_changed_draft() {
            return None;
        }
        if !self.losses().is_empty() && !matches!(self.overlay, Some(Overlay::Leave)) {
            self.overlay = Some(Overlay::Leave);
            return None;
        }
        Some(Effect::Quit)
    }

    /// Whether the open draft has changes that a second press of the key will discard.
    fn keeps_changed_draft(&mut self) -> bool {
        let Some(Overlay::Draft(draft)) = &mut self.overlay else { return false };
        let first = draft.changed() && !draft.leaving;
        if first {
            draft.leaving = true;
            self.notice = Some("Ctrl+S saves the changes, the same key again discards them.".to_owned());
        }
        first
    }
}
