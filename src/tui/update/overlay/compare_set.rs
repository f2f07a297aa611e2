//! Keys of the list of models and chains to compare.

use crate::tui::effect::Effect;
use crate::tui::keymap::Action;
use crate::tui::keymap::action::{CompareSetAction, OverlayAction};
use crate::tui::state::app::App;
use crate::tui::state::overlay::Overlay;
use crate::tui::state::overlay::compare::MAX_COLUMNS;
use crate::tui::state::overlay::finder::Finder;
use crate::tui::update::overlay::moves::moved;

impl App {
    /// Carries out an action in the list of models and chains to compare.
    pub(in crate::tui::update) fn compare_set_key(
        &mut self,
        selected: usize,
        action: Option<Action>,
    ) -> Option<Effect> {
        let all = self.compare_set.all(&self.next.chain);
        let selected = moved(selected, all.len(), action);
        self.overlay = Some(Overlay::CompareSet(selected));
        match action {
            Some(Action::Overlay(OverlayAction::Close)) => self.overlay = None,
            Some(Action::CompareSet(CompareSetAction::Add)) => {
                self.overlay = Some(Overlay::Finder(Finder::compare_set(&self.models.all, &self.configured.chains)));
            }
            Some(Action::CompareSet(CompareSetAction::Toggle)) => {
                let done =
                    all.get(selected).is_none_or(|candidate| self.compare_set.toggle(candidate, &self.next.chain));
                if !done {
                    self.notice = Some(format!("At most {MAX_COLUMNS} fit side by side: deselect one first."));
                }
            }
            Some(Action::CompareSet(CompareSetAction::Remove)) => {
                let removed = all.get(selected).is_some_and(|candidate| self.compare_set.remove(candidate));
                if !removed {
                    self.notice = Some("It belongs to the chain: Ctrl+L edits the chain.".to_owned());
                }
            }
            Some(Action::CompareSet(CompareSetAction::Compare)) => {
                self.overlay = None;
                return self.compare();
            }
            _ => {}
        }
        None
    }
}
