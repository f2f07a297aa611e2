//! Keys of the chain editor.

use crate::tui::effect::{ChainEntry, Effect};
use crate::tui::keymap::Action;
use crate::tui::keymap::action::{ChainAction, OverlayAction};
use crate::tui::state::app::App;
use crate::tui::state::model::Providers;
use crate::tui::state::overlay::Overlay;
use crate::tui::state::overlay::faults::{BelowPicker, FaultPicker};
use crate::tui::state::overlay::finder::Finder;
use crate::tui::update::overlay::moves::moved;

/// Suffixes of the variants of a model's name.
const VARIANTS: [&str; 4] = ["", "free", "nitro", "floor"];

impl App {
    /// Opens the editor, and asks how the providers of the models do.
    pub(in crate::tui::update) fn open_chain(&mut self) -> Option<Effect> {
        self.overlay = Some(Overlay::Chain);
        self.ask_providers()
    }

    /// Asks for what is not known yet of the providers of the chain's models. Only `OpenRouter` has them.
    fn ask_providers(&mut self) -> Option<Effect> {
        if !self.server.simulated && !self.server.base.is_openrouter() {
            return None;
        }
        let models = self.next.chain.iter().map(|entry| entry.model.clone());
        let models: Vec<String> = models.filter(|model| !self.models.providers.contains_key(model)).collect();
        for model in &models {
            self.models.providers.insert(model.clone(), Providers::Awaited);
        }
        (!models.is_empty()).then_some(Effect::AskProviders(models))
    }

    pub(in crate::tui::update) fn chain_key(&mut self, action: Option<Action>) -> Option<Effect> {
        let effect = self.edit_chain(action);
        effect.or_else(|| self.ask_providers())
    }

    fn edit_chain(&mut self, action: Option<Action>) -> Option<Effect> {
        self.overlay = Some(Overlay::Chain);
        let last = self.next.chain.len().saturating_sub(1);
        self.next.selected = self.next.selected.min(last);
        match action {
            Some(Action::Overlay(OverlayAction::Close)) => {
                self.overlay = None;
                self.next.selected = 0;
            }
            Some(Action::Chain(ChainAction::Add)) => self.add_model(),
            Some(Action::Chain(ChainAction::First)) if self.next.selected > 0 => {
                self.next.chain[..=self.next.selected].rotate_right(1);
                self.next.selected = 0;
            }
            Some(Action::Chain(ChainAction::Name)) => {
                self.overlay = Some(Overlay::Finder(Finder::chain_names(&self.configured.chains)));
            }
            Some(Action::Chain(ChainAction::UseNamed)) if self.configured.chains.is_empty() => {
                self.notice = Some("No chain has a name yet: s gives this one a name.".to_owned());
            }
            Some(Action::Chain(ChainAction::UseNamed)) => {
                self.overlay = Some(Overlay::Finder(Finder::chains(&self.configured.chains)));
            }
            Some(Action::Chain(ChainAction::Providers)) => self.draft_settings(),
            Some(Action::Chain(ChainAction::Break)) => {
                let model = self.next.chain.get(self.next.selected).map(|entry| entry.model.clone());
                let picker = FaultPicker {
                    model: model.unwrap_or_default(),
                    below: BelowPicker::Chain,
                    ..FaultPicker::default()
                };
                self.overlay = Some(Overlay::Faults(picker));
            }
            Some(Action::Chain(ChainAction::Remove)) if !self.next.chain.is_empty() => {
                let removed = self.next.chain.remove(self.next.selected);
                self.next.selected = self.next.selected.min(self.next.chain.len().saturating_sub(1));
                if removed.fault.is_some() {
                    self.health.reset_route(&removed.model);
                    return Some(Effect::SetFault { model: removed.model, fault: None });
                }
            }
            Some(Action::Chain(ChainAction::MoveUp)) if self.next.selected > 0 => {
                self.next.chain.swap(self.next.selected, self.next.selected - 1);
                self.next.selected -= 1;
            }
            Some(Action::Chain(ChainAction::MoveDown)) if self.next.selected < last => {
                self.next.chain.swap(self.next.selected, self.next.selected + 1);
                self.next.selected += 1;
            }
            Some(Action::Chain(ChainAction::Variant)) => return self.next_variant(),
            Some(Action::Chain(ChainAction::Failover)) => self.next.policy.failover = self.next.policy.failover.next(),
            Some(Action::Chain(ChainAction::Hedge)) => self.next.policy.hedge = !self.next.policy.hedge,
            other => self.next.selected = moved(self.next.selected, self.next.chain.len(), other),
        }
        None
    }

    /// Opens the list of models to add to the chain.
    pub(in crate::tui::update) fn add_model(&mut self) {
        self.overlay = Some(Overlay::Finder(Finder::models(&self.models.all, &self.configured.chains)));
    }

    /// Asks the second model of the chain first. The first one becomes the last.
    pub(in crate::tui::update) fn next_first(&mut self) {
        if self.next.chain.len() > 1 {
            self.next.chain.rotate_left(1);
            self.next.selected = 0;
        }
        self.notice = Some(match self.next.chain.as_slice() {
            [] => "The chain is empty: Ctrl+L adds a model.".to_owned(),
            [first] => format!("{} is the only model: Alt+M adds another.", first.model),
            [first, ..] => format!("{} is asked first.", first.model),
        });
    }

    /// Changes the selected model to the next variant of its name. Clears its fault.
    fn next_variant(&mut self) -> Option<Effect> {
        let entry = self.next.chain.get(self.next.selected)?;
        let (name, variant) = entry.model.split_once(':').unwrap_or((&entry.model, ""));
        let index = VARIANTS.iter().position(|other| *other == variant).unwrap_or(0);
        let model = match VARIANTS[(index + 1) % VARIANTS.len()] {
            "" => name.to_owned(),
            variant => format!("{name}:{variant}"),
        };
        if self.next.chain.iter().any(|entry| entry.model == model) {
            self.notice = Some(format!("{model} is in the chain already."));
            return None;
        }
        let old = std::mem::replace(&mut self.next.chain[self.next.selected], ChainEntry::new(model));
        old.fault?;
        self.health.reset_route(&old.model);
        Some(Effect::SetFault { model: old.model, fault: None })
    }
}
