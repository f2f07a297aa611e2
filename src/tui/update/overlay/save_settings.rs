//! Saves what was set on the screen in a configuration file, after a question.

use crate::config::chain_name_problem;
use crate::config::edit::Change;
use crate::tui::effect::Effect;
use crate::tui::keymap::Action;
use crate::tui::keymap::action::{OverlayAction, SaveAction};
use crate::tui::state::app::App;
use crate::tui::state::overlay::Overlay;
use crate::tui::state::overlay::save_settings::{SaveDialog, SavePlan};
use crate::tui::state::settings::changes;
use std::path::PathBuf;

impl App {
    /// Asks for the files with what is different on the screen.
    pub(in crate::tui::update) fn save_settings(&mut self) -> Option<Effect> {
        let changes = changes(&self.configured.settings, &self.next.configuration(&self.server.headers));
        if changes.is_empty() {
            self.notice =
                Some("Nothing to save: chain, settings and attribution are those of the configuration.".to_owned());
            return None;
        }
        Some(Effect::PlanSave(changes))
    }

    /// Asks for the files with the chain under this name.
    pub(in crate::tui::update) fn save_chain(&mut self, name: &str) -> Option<Effect> {
        self.overlay = Some(Overlay::Chain);
        if let Some(problem) = chain_name_problem(name) {
            self.notice = Some(format!("Not saved: {problem}."));
            return None;
        }
        if self.next.chain.is_empty() {
            self.notice = Some("Not saved: the chain is empty.".to_owned());
            return None;
        }
        let models = self.next.chain.iter().map(|entry| entry.model.clone()).collect();
        Some(Effect::PlanSave(vec![Change { path: vec!["chains".to_owned(), name.to_owned()], value: Some(models) }]))
    }

    /// Opens the question, unless the user has opened something else meanwhile.
    pub(in crate::tui::update) fn ask_to_save(&mut self, changes: Vec<Change>, plans: Vec<SavePlan>) {
        if matches!(self.overlay, None | Some(Overlay::Chain)) {
            self.overlay = SaveDialog::new(plans, changes).map(|dialog| Overlay::SaveSettings(Box::new(dialog)));
        }
    }

    pub(in crate::tui::update) fn on_saved(&mut self, changes: &[Change], result: Result<PathBuf, String>) {
        self.notice = Some(match result {
            Ok(path) => {
                self.configured.apply(changes);
                format!("Saved in {}.", path.display())
            }
            Err(why) => format!("Not saved: {why}."),
        });
    }

    pub(in crate::tui::update) fn save_settings_key(
        &mut self,
        mut dialog: Box<SaveDialog>,
        action: Option<Action>,
    ) -> Option<Effect> {
        match action {
            Some(Action::Overlay(OverlayAction::Close)) => return None,
            Some(Action::Overlay(OverlayAction::Confirm)) => {
                let request = dialog.request();
                if request.is_none() {
                    self.notice = Some("Nothing to write there: Tab chooses another file, Esc closes.".to_owned());
                    self.overlay = Some(Overlay::SaveSettings(dialog));
                }
                return request.map(|request| Effect::SaveSettings(Box::new(request)));
            }
            Some(Action::SaveSettings(SaveAction::OtherFile)) => dialog.choose_next(),
            Some(Action::Move(to)) => {
                let last = dialog.lines().len().saturating_sub(1);
                dialog.top = dialog.top.saturating_add_signed(to.rows(self.popup_rows())).min(last);
            }
            _ => {}
        }
        self.overlay = Some(Overlay::SaveSettings(dialog));
        None
    }
}
