//! Actions of the prompt, and typing in it.

use crate::dspy::Values;
use crate::tui::effect::Effect;
use crate::tui::keymap::action::PromptAction;
use crate::tui::state::app::App;
use crate::tui::state::overlay::Overlay;
use crate::tui::state::overlay::finder::Finder;
use crossterm::event::{KeyCode, KeyEvent};

impl App {
    pub(super) fn edit_prompt(&mut self, action: PromptAction) -> Option<Effect> {
        match action {
            PromptAction::Newline => self.prompt.edit().area.insert_newline(),
            PromptAction::Undo => drop(self.prompt.edit().area.undo()),
            PromptAction::Redo => drop(self.prompt.edit().area.redo()),
            PromptAction::DeleteForward if self.prompt.is_empty() => return self.quit(),
            PromptAction::DeleteForward => drop(self.prompt.edit().area.delete_next_char()),
            PromptAction::Recall => self.overlay = Some(Overlay::Finder(Finder::inputs(&self.sent.all))),
            PromptAction::Editor => return Some(Effect::Edit(self.prompt.input().text())),
        }
        None
    }

    /// Types a key into the prompt. Up in the first line and Down in the last one recall sent inputs.
    pub(super) fn type_in_prompt(&mut self, key: KeyEvent) {
        let (first, last) = self.prompt.edges();
        match key.code {
            KeyCode::Up if key.modifiers.is_empty() && first => self.recall(-1),
            KeyCode::Down if key.modifiers.is_empty() && last => self.recall(1),
            KeyCode::Char('?') if self.prompt.is_empty() && key.modifiers.is_empty() => self.open_help(),
            _ => self.prompt.type_key(key),
        }
    }

    /// Shows other sent inputs, earlier ones if `by` is negative. After the latest comes what was typed and not sent.
    fn recall(&mut self, by: isize) {
        let all = self.sent.all.len();
        // After a send the prompt still shows the latest inputs.
        let is_sent = self.prompt.input().is_sent;
        let at = self.sent.shown.unwrap_or(if is_sent { all.saturating_sub(1) } else { all });
        if at == all {
            self.sent.draft = self.prompt.values();
        }
        // Inputs of another signature have nothing to show here.
        let fits = |values: &Values| self.prompt.inputs.iter().any(|input| values.contains_key(&input.field.name));
        let mut to = at.saturating_add_signed(by).min(all);
        while to > 0 && to < all && !fits(&self.sent.all[to]) {
            to = to.saturating_add_signed(by);
        }
        if to == at || self.sent.all.get(to).is_some_and(|values| !fits(values)) {
            return;
        }
        self.sent.shown = (to < self.sent.all.len()).then_some(to);
        let values = self.sent.all.get(to).cloned().unwrap_or_else(|| std::mem::take(&mut self.sent.draft));
        self.prompt.show(&values);
    }
}
