//! Keys of the fault picker: a letter or Enter sets a common fault; any other fault can be typed.

use crate::fault::Fault;
use crate::tui::effect::Effect;
use crate::tui::keymap::Action;
use crate::tui::keymap::action::{FaultsAction, OverlayAction, PlaygroundAction};
use crate::tui::layout::Pane;
use crate::tui::state::Direction;
use crate::tui::state::app::App;
use crate::tui::state::overlay::Overlay;
use crate::tui::state::overlay::faults::{BelowPicker, COMMON, FaultPicker};
use crate::tui::update::keys::KeyPress;
use crate::tui::update::overlay::moves::moved;
use crossterm::event::{KeyCode, KeyModifiers};

impl App {
    pub(in crate::tui::update) fn faults_key(&mut self, mut picker: FaultPicker, press: KeyPress) -> Option<Effect> {
        if picker.typing.is_some() {
            return self.typed_fault_key(picker, press);
        }
        let letter = press.chord.text().and_then(|c| COMMON.iter().find(|(letter, ..)| *letter == c));
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
            Some(Action::Faults(FaultsAction::ClearFault)) => {
                self.overlay = overlay_below(&picker);
                return self.set_fault(&picker.model, None);
            }
            Some(Action::Faults(FaultsAction::TypeFault)) => picker.typing = Some(String::new()),
            Some(Action::Faults(FaultsAction::PrevModel)) => self.turn_to(&mut picker, Direction::Back),
            Some(Action::Faults(FaultsAction::NextModel)) => self.turn_to(&mut picker, Direction::Forward),
            action => picker.selected = moved(picker.selected, COMMON.len(), action),
        }
        self.overlay = Some(Overlay::Faults(picker));
        None
    }

    fn choose_fault(&mut self, picker: &FaultPicker, chosen: Option<&(char, &str, &str)>) -> Option<Effect> {
        self.overlay = overlay_below(picker);
        self.set_fault(&picker.model, chosen.and_then(|(_, word, _)| word.parse().ok()))
    }

    /// Handles a key while a fault is being typed.
    fn typed_fault_key(&mut self, mut picker: FaultPicker, press: KeyPress) -> Option<Effect> {
        let typed = picker.typing.get_or_insert_default();
        match press.action {
            Some(Action::Overlay(OverlayAction::Close)) => picker.typing = None,
            Some(Action::Overlay(OverlayAction::Choose)) => match typed.parse::<Fault>() {
                Ok(fault) => {
                    self.overlay = overlay_below(&picker);
                    return self.set_fault(&picker.model, Some(fault));
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

    /// Opens the picker: for the model of the selected request while requests are listed, else for that of the chain.
    pub(in crate::tui::update) fn open_faults(&mut self) {
        self.next.selected = self.next.selected.min(self.next.chain.len().saturating_sub(1));
        let row = self.traffic.selected_row().filter(|row| self.screen.traffic && !row.first_choice.is_empty());
        let asked = row.map(|row| row.first_choice.to_string());
        let chosen = self.next.chain.get(self.next.selected).map(|entry| entry.model.clone());
        let model = asked.or(chosen).or_else(|| self.breakable().into_iter().next()).unwrap_or_default();
        let below = if matches!(self.overlay, Some(Overlay::Grid)) { BelowPicker::Grid } else { BelowPicker::Panes };
        self.overlay = Some(Overlay::Faults(FaultPicker { model, below, ..FaultPicker::default() }));
    }

    fn turn_to(&mut self, picker: &mut FaultPicker, direction: Direction) {
        let models = self.breakable();
        let at = models.iter().position(|model| *model == picker.model).unwrap_or(0);
        let by = if direction == Direction::Forward { 1 } else { models.len().saturating_sub(1) };
        picker.model = models.get((at + by) % models.len().max(1)).cloned().unwrap_or_default();
        if let Some(place) = self.next.chain.iter().position(|entry| entry.model == picker.model) {
            self.next.selected = place;
        }
    }

    /// Sets the fault of a model; `None` clears it.
    fn set_fault(&mut self, model: &str, fault: Option<Fault>) -> Option<Effect> {
        if model.is_empty() {
            return None;
        }
        let model = model.to_owned();
        self.next.set_fault(&model, fault.clone());
        self.health.reset_route(&model);
        let is_asked_elsewhere = self.screen.traffic || matches!(self.overlay, Some(Overlay::Grid));
        if is_asked_elsewhere {
            self.notice = Some(match &fault {
                Some(fault) => format!("{model} now has the fault {fault}, from the next request on."),
                None => format!("The fault of {model} is cleared."),
            });
            return Some(Effect::SetFault { model, fault });
        }
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
    match picker.below {
        BelowPicker::Panes => None,
        BelowPicker::Chain => Some(Overlay::Chain),
        BelowPicker::Grid => Some(Overlay::Grid),
    }
}
