//! Actions in every pane and overlay: help, quitting, suspending.

use crate::tui::effect::Effect;
use crate::tui::keymap::action::ProgramAction;
use crate::tui::state::app::App;
use crate::tui::state::overlay::{Overlay, text_popup};

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
        self.overlay = Some(Overlay::Help(text_popup::help(&self.keymap, self.screen.size.0, self.theme())));
    }

    /// Clears the prompt. Pressed again, quits.
    fn interrupt(&mut self) -> Option<Effect> {
        if self.leaving {
            return Some(Effect::Quit);
        }
        self.leaving = true;
        self.overlay = None;
        let notice = if self.prompt.is_empty() {
            if self.busy() {
                "A run is in progress: Esc cancels it, Ctrl+C again quits."
            } else {
                "Ctrl+C again quits."
            }
        } else {
            self.sent.all.push(self.prompt.values());
            self.prompt.clear();
            "Draft cleared (Up restores it). Ctrl+C again quits."
        };
        self.notice = Some(notice.to_owned());
        None
    }

    /// Quits. During a run, asks first.
    pub(super) fn quit(&mut self) -> Option<Effect> {
        if self.busy() && !matches!(self.overlay, Some(Overlay::Leave)) {
            self.overlay = Some(Overlay::Leave);
            return None;
        }
        Some(Effect::Quit)
    }
}
