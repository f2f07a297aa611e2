//! Keys of the health board.

use crate::tui::effect::Effect;
use crate::tui::keymap::Action;
use crate::tui::keymap::action::{HealthAction, OverlayAction};
use crate::tui::state::app::App;
use crate::tui::state::overlay::Overlay;
use crate::tui::update::overlay::moves::moved;

impl App {
    pub(in crate::tui::update) fn health_key(&mut self, selected: usize, action: Option<Action>) -> Option<Effect> {
        let selected = moved(selected, self.health.rows.len(), action);
        if action != Some(Action::Overlay(OverlayAction::Close)) {
            self.overlay = Some(Overlay::Health(selected));
        }
        if action == Some(Action::Health(HealthAction::ResetBreaker)) {
            let name = self.health.rows.get(selected)?.scope.name.to_string();
            self.health.reset(&name);
            self.notice = Some(format!("The breaker of {name} is closed."));
            return Some(Effect::ResetBreaker(name));
        }
        None
    }
}
