//! Keys while an overlay is open. Each overlay handles its keys in a file of its own.

mod chain;
mod compare;
mod compare_set;
mod demos;
mod draft;
mod faults;
mod finder;
mod grid;
mod health;
mod history;
mod moves;
mod save_settings;
mod settings;

use super::keys::KeyPress;
use crate::tui::effect::Effect;
use crate::tui::keymap::Action;
use crate::tui::keymap::action::{OverlayAction, ProgramAction};
use crate::tui::state::app::App;
use crate::tui::state::overlay::Overlay;
use crate::tui::state::overlay::text_popup::TextPopup;
use moves::scroll_popup;

const CLOSE: Option<Action> = Some(Action::Overlay(OverlayAction::Close));
const EDIT: Option<Action> = Some(Action::Overlay(OverlayAction::Edit));

impl App {
    /// Carries out the action of a key in the open overlay, or types the key there.
    pub(super) fn overlay_key(&mut self, press: KeyPress) -> Option<Effect> {
        let action = press.action;
        match (&self.overlay, action) {
            // A comparison, a grid and a draft decide themselves what closing and quitting do.
            (Some(Overlay::Compare(_)), _) => return self.compare_key(action),
            (Some(Overlay::Draft(_)), None | Some(Action::Draft(_) | Action::Program(ProgramAction::Help))) => {
                return self.draft_key(press);
            }
            (Some(Overlay::Grid), _) => return self.grid_key(action),
            (_, Some(Action::Program(action))) => return self.program(action),
            (_, Some(Action::Copy(what))) => return self.copy(what),
            _ => {}
        }
        match self.overlay.take()? {
            Overlay::Headers(_) if action == EDIT => self.draft_headers(),
            Overlay::Headers(popup) => self.popup_key(popup, action, Overlay::Headers),
            Overlay::Composed(_) if action == EDIT => self.draft_settings(),
            Overlay::Composed(popup) => self.popup_key(popup, action, Overlay::Composed),
            Overlay::Attempt(mut attempt) if action != CLOSE => {
                scroll_popup(&mut attempt.popup, action, self.popup_rows());
                self.overlay = Some(Overlay::Attempt(attempt));
            }
            Overlay::Attempt(_) => {}
            Overlay::DemoPreview(selected, popup) => self.demo_preview_key(selected, popup, action),
            Overlay::Demos(selected) => self.demos_key(selected, action),
            Overlay::Demo(selected, _) if action == CLOSE => self.overlay = Some(Overlay::Demos(selected)),
            Overlay::Demo(selected, popup) => self.popup_key(popup, action, |popup| Overlay::Demo(selected, popup)),
            Overlay::Faults(picker) => return self.faults_key(picker, press),
            Overlay::Chain => return self.chain_key(action),
            Overlay::Finder(finder) => return self.finder_key(finder, press),
            Overlay::Health(selected) => return self.health_key(selected, action),
            Overlay::History(selected) => return self.history_key(selected, action),
            Overlay::SaveSettings(dialog) => return self.save_settings_key(dialog, action),
            Overlay::CompareSet(selected) => return self.compare_set_key(selected, action),
            Overlay::Leave => match action {
                Some(Action::Overlay(OverlayAction::Confirm)) => return Some(Effect::Quit),
                CLOSE => {}
                _ => self.overlay = Some(Overlay::Leave),
            },
            // Their keys are handled above.
            open @ (Overlay::Compare(_) | Overlay::Draft(_) | Overlay::Grid) => self.overlay = Some(open),
        }
        None
    }

    /// Rows of a popup's text that are shown.
    pub(super) fn popup_rows(&self) -> usize {
        usize::from(self.screen.layout.body.height.saturating_sub(2)).max(1)
    }

    /// Scrolls a popup and keeps it open, or closes it.
    fn popup_key(&mut self, mut popup: TextPopup, action: Option<Action>, reopen: impl FnOnce(TextPopup) -> Overlay) {
        if action != CLOSE {
            scroll_popup(&mut popup, action, self.popup_rows());
            self.overlay = Some(reopen(popup));
        }
    }
}
