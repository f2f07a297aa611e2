//! Keys of the fault picker: a letter or Enter sets a common fault; any other fault can be typed.

use crate::fault::Fault;
use crate::tui::effect::Effect;
use crate::tui::keymap::Action;
use crate::tui::keymap::action::{FaultsAction, OverlayAction, PlaygroundAction};
use crate::tui::layout::Pane;
use crate::tui::state::app::App;
use crate::tui::state::overlay::Overlay;
use crate::tui::state::overlay::faults::{COMMON, FaultPicker};
use crate::tui::update::keys::KeyPress;
use crate::tui::update::overlay::moves::moved;
use crossterm::event::{KeyCode, KeyModifiers};

impl App {
    pub(in crate::tui::update) fn faults_key(&mut self, mut picker: FaultPicker, press: KeyPress) -> Option<Effect> {
        if picker.typing.is_some() {
            return self.typed_fault_key(picker, press);
        }
        let letter = press.chord.text().and_then(|c| COMMON.iter().find(|(letter, ..)| *letter == c));
        let models = self.next.chain.len().max(1);
        match press.action {
            // The letter of a fault takes precedence over other bindings of the key.
            _ if letter.is_some() => return self.choose_fault(&picker, letter),
            Some(Action::Overlay(OverlayAction::Choose)) => {
                return self.choose_fault(&picker, COMMON.get(picker.selected));
            }
            Some(Action::Overlay(OverlayAction::Close)) => {
                self.overlay = overlay_below(&picker);
                return None;
            }
            Some(Action::Faults(FaultsAction::Heal)) => {
                self.overlay = overlay_below(&picker);
                return self.set_fault(None);
            }
            Some(Action::Faults(FaultsAction::TypeFault)) => picker.typing = Some(String::new()),
            Some(Action::Faults(FaultsAction::PrevModel)) => {
                self.next.selected = (self.next.selected + models - 1) % models;
            }
            Some(Action::Faults(FaultsAction::NextModel)) => self.next.selected = (self.next.selected + 1) % models,
            action => picker.selected = moved(picker.selected, COMMON.len(), action),
        }
        self.overlay = Some(Overlay::Faults(picker));
        None
    }

    fn choose_fault(&mut self, picker: &FaultPicker, chosen: Option<&(char, &str, &str)>) -> Option<Effect> {
        self.overlay = overlay_below(picker);
        self.set_fault(chosen.and_then(|(_, word, _)| word.parse().ok()))
    }

    /// Handles a key while a fault is being typed.
    fn typed_fault_key(&mut self, mut picker: FaultPicker, press: KeyPress) -> Option<Effect> {
        let typed = picker.typing.get_or_insert_default();
        match press.action {
            Some(Action::Overlay(OverlayAction::Close)) => picker.typing = None,
            Some(Action::Overlay(OverlayAction::Choose)) => match typed.parse::<Fault>() {
                Ok(fault) => {
                    self.overlay = overlay_below(&picker);
                    return self.set_fault(Some(fault));
                }
                Err(error) => self.notice = Some(error.to_string()),
            },
            _ => match (press.key.code, press.chord.text()) {
                (KeyCode::Backspace, _) => drop(typed.pop()),
                (KeyCode::Char('u'), _) if press.key.modifiers == KeyModifiers::CONTROL => typed.clear(),
                (_, Some(c)) => typed.push(c),
                _ => {}
            },
        }
        self.overlay = Some(Overlay::Faults(picker));
        None
    }

    /// Sets the fault of the selected model of the chain; `None` clears it.
    fn set_fault(&mut self, fault: Option<Fault>) -> Option<Effect> {
        let entry = self.next.chain.get_mut(self.next.selected)?;
        entry.fault.clone_from(&fault);
        let model = entry.model.clone();
        self.health.reset_route(&model);
        // So that Enter sends, wherever the user was.
        self.focus(Pane::Prompt);
        let key = |action| self.keymap.key(Action::Playground(action));
        let (send, heal) = (key(PlaygroundAction::Send), key(PlaygroundAction::Faults));
        self.notice = Some(match &fault {
            Some(fault) => format!("{model} now has the fault {fault}. {send} sends; {heal} Backspace clears it."),
            None => format!("The fault of {model} is cleared."),
        });
        Some(Effect::SetFault { model, fault })
    }
}

/// The overlay that is open after the picker is closed.
fn overlay_below(picker: &FaultPicker) -> Option<Overlay> {
    picker.from_chain.then_some(Overlay::Chain)
}
