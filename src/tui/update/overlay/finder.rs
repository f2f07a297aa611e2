//! Keys of a finder, and what a choice does.

use crate::tui::effect::Effect;
use crate::tui::keymap::Action;
use crate::tui::keymap::action::OverlayAction;
use crate::tui::state::Direction;
use crate::tui::state::app::App;
use crate::tui::state::overlay::Overlay;
use crate::tui::state::overlay::finder::{Finder, FinderChoice, FinderKind};
use crate::tui::state::overlay::history::RunList;
use crate::tui::update::keys::KeyPress;
use crossterm::event::{KeyCode, KeyModifiers};

impl App {
    pub(in crate::tui::update) fn finder_key(&mut self, mut finder: Finder, press: KeyPress) -> Option<Effect> {
        match press.action {
            Some(Action::Overlay(OverlayAction::Close)) => {
                self.overlay = match finder.kind {
                    FinderKind::Models | FinderKind::Chains | FinderKind::ChainNames => Some(Overlay::Chain),
                    FinderKind::Setting(_) => Some(Overlay::Finder(Finder::settings(&self.next))),
                    FinderKind::CompareSet => Some(Overlay::CompareSet(0)),
                    FinderKind::Cases if self.grid.is_some() => Some(Overlay::Grid),
                    FinderKind::Runs => return Some(self.open_history()),
                    _ => None,
                }
            }
            Some(Action::Overlay(OverlayAction::Choose)) => {
                // What is typed is the value, if it can be one; else the line that it has found.
                if let Some((key, text)) = finder.typed_setting()
                    && (finder.found().len() == 0 || self.next.with_setting(key, text).is_ok())
                {
                    let text = text.to_owned();
                    self.overlay = Some(Overlay::Finder(finder));
                    self.set_setting(key, &text);
                    return None;
                }
                match finder.choice() {
                    Some(FinderChoice::Run(run)) => {
                        self.runs.list = RunList::of_rows(finder.found_runs());
                        self.overlay = self.runs.list.line_of(run.run).map(Overlay::History);
                    }
                    Some(choice) => return self.choose(choice),
                    None => self.overlay = Some(Overlay::Finder(finder)),
                }
            }
            Some(Action::Move(to)) => {
                // Without the query and a line of context.
                finder.move_by(to.rows(self.popup_rows().saturating_sub(2)));
                self.overlay = Some(Overlay::Finder(finder));
            }
            _ => {
                match (press.key.code, press.chord.text()) {
                    (KeyCode::Backspace, _) => finder.delete_last(),
                    (KeyCode::Char('u'), _) if press.key.modifiers == KeyModifiers::CONTROL => finder.clear(),
                    (_, Some(c)) => finder.push(c.encode_utf8(&mut [0; 4])),
                    _ => {}
                }
                let search = finder.wants_search();
                self.overlay = Some(Overlay::Finder(finder));
                return search.map(|words| Effect::ListRuns { words, before: None });
            }
        }
        None
    }

    fn choose(&mut self, choice: FinderChoice) -> Option<Effect> {
        match choice {
            FinderChoice::Act(action) => return self.act(action),
            FinderChoice::Model(name) => {
                // The name of a chain stands for its models.
                let models = self.configured.chains.get(&name).cloned().unwrap_or_else(|| vec![name.clone()]);
                let before = self.next.chain.len();
                for model in models {
                    if !self.next.chain.iter().any(|entry| entry.model == model) {
                        let entry = self.next.entry(model);
                        self.next.chain.push(entry);
                    }
                }
                if self.next.chain.len() == before {
                    self.notice = Some(format!("{name} is in the chain already."));
                } else {
                    self.next.selected = self.next.chain.len() - 1;
                }
                return self.open_chain();
            }
            FinderChoice::CompareEntry(written) => {
                let written = self.configured.chains.get(&written).map_or(written, |models| models.join(", "));
                self.compare_set.add(&written, &self.next.chain);
                let last = self.compare_set.all(&self.next.chain).len().saturating_sub(1);
                self.overlay = Some(Overlay::CompareSet(last));
            }
            FinderChoice::Inputs(i) => {
                self.sent.shown = Some(i);
                let values = self.sent.all[i].clone();
                self.prompt.show(&values);
            }
            FinderChoice::Setting(key) => self.overlay = Some(Overlay::Finder(Finder::setting(key, &self.next))),
            FinderChoice::SettingValue(key, text) => self.set_setting(key, &text),
            FinderChoice::SettingsText => self.draft_settings(),
            FinderChoice::Chain(name) => {
                self.overlay = Some(Overlay::Chain);
                let models = self.configured.chains.get(&name).cloned().unwrap_or_default();
                self.use_chain(models.into_iter());
                return self.open_chain();
            }
            FinderChoice::ChainName(name) => return self.save_chain(&name),
            FinderChoice::StartChain => {
                self.overlay = Some(Overlay::Chain);
                return self.save_settings();
            }
            FinderChoice::Cases(path) => {
                // What is open stays if the file cannot be used.
                self.overlay = self.grid.is_some().then_some(Overlay::Grid);
                return Some(self.open_cases((!path.is_empty()).then(|| path.into())));
            }
            // Its list is the finder's.
            FinderChoice::Run(_) => {}
            FinderChoice::Text(text) => {
                self.answer.find = Some(text);
                self.find_next(Direction::Forward);
            }
        }
        None
    }
}
