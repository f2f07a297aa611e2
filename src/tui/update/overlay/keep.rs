//! Keeps what was set on the screen in a configuration file, after a question.

use crate::config::chain_name_problem;
use crate::config::edit::Change;
use crate::tui::effect::Effect;
use crate::tui::keymap::Action;
use crate::tui::keymap::action::{KeepAction, OverlayAction};
use crate::tui::state::app::App;
use crate::tui::state::overlay::Overlay;
use crate::tui::state::overlay::keep::{KeepDialog, KeepPlan};
use crate::tui::state::settings::changes;
use std::path::PathBuf;

impl App {
    /// Asks for the files with what is different on the screen.
    pub(in crate::tui::update) fn keep_settings(&mut self) -> Option<Effect> {
        let changes = changes(&self.configured.settings, &self.next.configuration(&self.server.headers));
        if changes.is_empty() {
            self.notice =
                Some("Nothing to keep: chain, settings and attribution are those of the configuration.".to_owned());
            return None;
        }
        Some(Effect::PlanKeep(changes))
    }

    /// Asks for the files with the chain under this name.
    pub(in crate::tui::update) fn keep_chain(&mut self, name: &str) -> Option<Effect> {
        self.overlay = Some(Overlay::Chain);
        if let Some(problem) = chain_name_problem(name) {
            self.notice = Some(format!("Not kept: {problem}."));
            return None;
        }
        if self.next.chain.is_empty() {
            self.notice = Some("Not kept: the chain is empty.".to_owned());
            return None;
        }
        let models = self.next.chain.iter().map(|entry| entry.model.clone()).collect();
        Some(Effect::PlanKeep(vec![Change { path: vec!["chains".to_owned(), name.to_owned()], value: Some(models) }]))
    }

    /// Opens the question, unless the user has opened something else meanwhile.
    pub(in crate::tui::update) fn ask_to_keep(&mut self, changes: Vec<Change>, plans: Vec<KeepPlan>) {
        if matches!(self.overlay, None | Some(Overlay::Chain)) {
            self.overlay = KeepDialog::new(plans, changes).map(|dialog| Overlay::Keep(Box::new(dialog)));
        }
    }

    pub(in crate::tui::update) fn on_kept(&mut self, changes: &[Change], result: Result<PathBuf, String>) {
        self.notice = Some(match result {
            Ok(path) => {
                self.configured.apply(changes);
                format!("Kept in {}.", path.display())
            }
            Err(why) => format!("Not kept: {why}."),
        });
    }

    pub(in crate::tui::update) fn keep_key(
        &mut self,
        mut dialog: Box<KeepDialog>,
        action: Option<Action>,
    ) -> Option<Effect> {
        match action {
            Some(Action::Overlay(OverlayAction::Close)) => return None,
            Some(Action::Overlay(OverlayAction::Confirm)) => {
                let request = dialog.request();
                if request.is_none() {
                    self.notice = Some("Nothing to write there: Tab chooses another file, Esc closes.".to_owned());
                    self.overlay = Some(Overlay::Keep(dialog));
                }
                return request.map(|request| Effect::Keep(Box::new(request)));
            }
            Some(Action::Keep(KeepAction::OtherFile)) => dialog.choose_next(),
            Some(Action::Move(to)) => {
                let last = dialog.lines().len().saturating_sub(1);
                dialog.top = dialog.top.saturating_add_signed(to.rows(self.popup_rows())).min(last);
            }
            _ => {}
        }
        self.overlay = Some(Overlay::Keep(dialog));
        None
    }
}
