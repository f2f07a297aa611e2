//! Key presses. Each is looked up once, in the contexts that apply. A key without an action is typed into the focused text
//! field, if there is one.

use crate::tui::effect::Effect;
use crate::tui::keymap::action::{ProgramAction, SignaturesAction, TourAction};
use crate::tui::keymap::{Action, Chord};
use crate::tui::layout::Pane;
use crate::tui::state::app::App;
use crate::tui::state::overlay::Overlay;
use crossterm::event::KeyEvent;

/// How many pressed keys presenter mode shows.
const SHOWN_KEYS: usize = 6;

/// A key press and its action.
#[derive(Clone, Copy, Debug)]
pub(super) struct KeyPress {
    pub(super) key: KeyEvent,
    pub(super) chord: Chord,
    /// The action of the key in the contexts that apply now.
    pub(super) action: Option<Action>,
}

impl App {
    /// Handles a key of the user. During the tour only its own keys, and those that quit or suspend, have an effect.
    pub(super) fn key(&mut self, key: KeyEvent) -> Option<Effect> {
        if self.tour.is_none() {
            return self.press(key);
        }
        match self.keymap.action(Chord::of(key), &self.contexts())? {
            Action::Tour(TourAction::Next) => self.next_step(),
            Action::Tour(TourAction::Leave) | Action::Program(ProgramAction::Interrupt) => self.leave_tour(),
            Action::Program(ProgramAction::Quit) => {
                // What was typed before the tour may have to be asked about.
                let left = self.leave_tour();
                self.quit().or(left)
            }
            Action::Program(ProgramAction::Suspend) => {
                self.notice = None;
                self.program(ProgramAction::Suspend)
            }
            _ => None,
        }
    }

    /// Handles a key for the playground, from the user or from the tour.
    pub(super) fn press(&mut self, key: KeyEvent) -> Option<Effect> {
        let chord = Chord::of(key);
        let action = self.keymap.action(chord, &self.playground_contexts());
        self.notice = None;
        if action.is_some() || self.overlay.is_some() || !chord.is_text() {
            self.remember_key(chord);
        }
        self.leaving &= action == Some(Action::Program(ProgramAction::Interrupt));
        self.signatures.delete_armed &= action == Some(Action::Signatures(SignaturesAction::Delete));
        if self.overlay.is_some() {
            return self.overlay_key(KeyPress { key, chord, action });
        }
        match action {
            Some(action) => self.act(action),
            None => self.type_key(key),
        }
    }

    /// Carries out an action outside overlays. Actions of an overlay have no effect here.
    pub(super) fn act(&mut self, action: Action) -> Option<Effect> {
        match action {
            Action::Program(action) => return self.program(action),
            Action::Playground(action) => return self.playground(action),
            Action::Copy(action) => return self.copy(action),
            Action::Prompt(action) => return self.edit_prompt(action),
            Action::Signatures(action) => return self.signatures(action),
            Action::Pane(action) => self.pane(action),
            Action::Move(to) => self.move_in_pane(to),
            Action::Answer(action) => self.answer(action),
            Action::Log(action) => self.log(action),
            Action::Traffic(action) => return self.traffic_action(action),
            Action::Tour(_)
            | Action::Overlay(_)
            | Action::Faults(_)
            | Action::Chain(_)
            | Action::Demos(_)
            | Action::Draft(_)
            | Action::Health(_)
            | Action::History(_)
            | Action::SaveSettings(_)
            | Action::Compare(_)
            | Action::CompareSet(_)
            | Action::Grid(_) => {}
        }
        None
    }

    /// Types a key without an action into the focused pane.
    fn type_key(&mut self, key: KeyEvent) -> Option<Effect> {
        match self.screen.focus {
            Pane::Prompt => {
                let empty = self.prompt.is_empty();
                self.type_in_prompt(key);
                // A user who starts to type will send soon: open the connection now.
                return (empty && !self.prompt.is_empty() && !self.server.simulated).then_some(Effect::Warm);
            }
            Pane::Signatures => self.signatures.type_key(key),
            Pane::Answer | Pane::Log | Pane::Traffic => {}
        }
        None
    }

    /// Inserts pasted text into the focused text field. Line ends in it never send.
    pub(super) fn paste(&mut self, text: &str) {
        match &mut self.overlay {
            Some(Overlay::Finder(finder)) => finder.push(&crate::text::clean_line(text, 400)),
            Some(Overlay::Draft(draft)) => draft.paste(text),
            Some(Overlay::Faults(faults)) => {
                if let Some(typed) = &mut faults.typing {
                    typed.push_str(&crate::text::clean_line(text, 80));
                }
            }
            Some(_) => {}
            None if self.screen.focus == Pane::Signatures && self.signatures.typing() => self.paste_signature(text),
            None => {
                self.focus(Pane::Prompt);
                self.prompt.paste(text);
            }
        }
    }

    fn remember_key(&mut self, chord: Chord) {
        self.display.pressed_keys.push_back(chord.to_string());
        if self.display.pressed_keys.len() > SHOWN_KEYS {
            self.display.pressed_keys.pop_front();
        }
    }
}
