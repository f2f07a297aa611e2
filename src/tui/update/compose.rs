//! What the next run is made of besides its inputs: demos, the signature as it is kept, settings, headers.

use super::overlay::{travel, travel_sheet};
use crate::dspy::{Demo, LibraryEntry, Signature, library};
use crate::transcript::Transcript;
use crate::tui::command::{Command, Composed};
use crate::tui::keymap::{Action, Context};
use crate::tui::layout::Pane;
use crate::tui::state::app::App;
use crate::tui::state::overlay::draft::{Draft, ParsedDraft};
use crate::tui::state::overlay::text_popup::TextPopup;
use crate::tui::state::overlay::{Overlay, composed, demos, history};
use crossterm::event::KeyEvent;

impl App {
    /// Makes the answer on the screen a demo, the module's reasoning with it.
    pub(super) fn pin_demo(&mut self) {
        let job = self.transcript().and_then(|run| run.setup.as_ref());
        if job.is_some_and(|job| job.signature.inline() != self.signature.inline()) {
            self.notice = Some("That answer is another signature's: use that one first.".to_owned());
            return;
        }
        self.pin(self.transcript().and_then(pinnable));
    }

    /// Shows what the run on a line of the history would be as a demo.
    pub(super) fn look_before_pinning(&mut self, at: usize) {
        let Some(demo) = history::chosen(&self.past, at).and_then(pinnable) else {
            self.notice = Some("Nothing to pin there: a demo is an answer that was read whole.".to_owned());
            self.overlay = Some(Overlay::History(at));
            return;
        };
        self.overlay = Some(Overlay::Pinning(at, demos::sheet(&demo, self.size.0, self.colours())));
    }

    /// Pins it, with its signature in use from now on.
    pub(super) fn pinning_key(&mut self, at: usize, mut sheet: TextPopup, action: Option<Action>) {
        match action {
            Some(Action::Back) => self.overlay = Some(Overlay::History(at)),
            Some(Action::Pin) => {
                let Some(run) = history::chosen(&self.past, at) else { return };
                let (demo, job) = (pinnable(run), run.setup.clone());
                if let Some(job) = job.filter(|job| job.signature.inline() != self.signature.inline()) {
                    self.module = job.module;
                    self.use_signature(job.signature.clone(), Vec::new());
                }
                self.pin(demo);
                self.overlay = Some(Overlay::Demos(self.demos.len().saturating_sub(1)));
            }
            _ => {
                travel_sheet(&mut sheet, action, self.sheet_rows());
                self.overlay = Some(Overlay::Pinning(at, sheet));
            }
        }
    }

    /// The demos that go on with a signature: those in use, if it is the one in use.
    pub(super) fn demos_of(&self, signature: &Signature) -> Vec<Demo> {
        if signature.inline() == self.signature.inline() { self.demos.clone() } else { Vec::new() }
    }

    fn pin(&mut self, demo: Option<Demo>) {
        let Some(demo) = demo else {
            self.notice = Some("Nothing to pin yet: a demo is an answer that was read whole.".to_owned());
            return;
        };
        if self.demos.contains(&demo) {
            self.notice = Some("It is a demo already: F10 shows them.".to_owned());
            return;
        }
        self.demos.push(demo);
        let count = self.demos.len();
        self.notice = Some(format!("Demo {count} is sent from the next run on. F10 shows them, Alt+S saves them."));
    }

    pub(super) fn demos_key(&mut self, at: usize, action: Option<Action>) {
        let last = self.demos.len().saturating_sub(1);
        let mut at = at.min(last);
        match action {
            Some(Action::Back) => return,
            Some(Action::SaveSignature) => {
                self.overlay = Some(Overlay::Draft(Box::new(Draft::signature(&self.entry()))));
                return;
            }
            Some(Action::Open) => {
                if let Some(demo) = self.demos.get(at) {
                    self.overlay = Some(Overlay::Demo(at, demos::sheet(demo, self.size.0, self.colours())));
                    return;
                }
            }
            Some(Action::Pin) => self.pin_demo(),
            Some(Action::Remove) if !self.demos.is_empty() => {
                self.demos.remove(at);
                at = at.min(self.demos.len().saturating_sub(1));
            }
            Some(Action::MoveUp) if at > 0 => {
                self.demos.swap(at, at - 1);
                at -= 1;
            }
            Some(Action::MoveDown) if at < last => {
                self.demos.swap(at, at + 1);
                at += 1;
            }
            other => at = travel(at, self.demos.len(), other),
        }
        self.overlay = Some(Overlay::Demos(at));
    }

    /// Takes a signature that was typed: it stands in the list until the end, and can be saved.
    pub(super) fn keep_for_now(&mut self, signature: Signature) {
        let entry = LibraryEntry {
            signature: signature.clone(),
            description: String::new(),
            module: self.module,
            demos: Vec::new(),
        };
        let known = self.shelf.entries.iter().position(|entry| entry.signature.inline() == signature.inline());
        if let Some(at) = known {
            self.shelf.at = at + 1;
        } else {
            self.shelf.entries.insert(0, entry);
            self.shelf.at = 1;
            self.notice = Some("In the list until you leave; Alt+S names it and keeps it.".to_owned());
        }
        self.use_signature(signature, Vec::new());
    }

    /// Opens the editor on what is typed, on the chosen entry, or on the signature in use.
    pub(super) fn draft_signature(&mut self) {
        let typed =
            |signature| LibraryEntry { signature, description: String::new(), module: self.module, demos: Vec::new() };
        let entry = if self.holds(Context::Typing) {
            self.shelf.read().map(typed)
        } else if let Some(entry) = self.shelf.chosen().filter(|_| self.focus == Pane::Signatures)
            && entry.signature != self.signature
        {
            Ok(entry.clone())
        } else {
            Ok(self.entry())
        };
        match entry {
            Ok(entry) => self.overlay = Some(Overlay::Draft(Box::new(Draft::signature(&entry)))),
            Err(error) => self.notice = Some(format!("Not saved: {error}")),
        }
    }

    pub(super) fn draft_headers(&mut self) {
        self.overlay = Some(Overlay::Draft(Box::new(Draft::headers(&self.headers))));
    }

    /// Removes the chosen entry from the user's library, at the second press.
    pub(super) fn remove_signature(&mut self) -> Option<Command> {
        let entry = self.shelf.chosen()?.clone();
        let name = entry.signature.name.clone();
        let built_in = library::built_in().into_iter().find(|other| !name.is_empty() && other.signature.name == name);
        if built_in.as_ref() == Some(&entry) {
            self.notice = Some(format!("{name} comes with the program and stays."));
            return None;
        }
        if !std::mem::replace(&mut self.shelf.doomed, true) {
            self.notice = Some("Delete again removes it from your library.".to_owned());
            return None;
        }
        self.shelf.doomed = false;
        let at = self.shelf.at - 1;
        match built_in {
            Some(own) => self.shelf.entries[at] = own,
            None => drop(self.shelf.entries.remove(at)),
        }
        self.shelf.by(0);
        (!name.is_empty()).then_some(Command::DeleteSignature(name))
    }

    /// A key for what is edited as text.
    pub(super) fn draft_key(&mut self, key: KeyEvent, action: Option<Action>) -> Option<Command> {
        let Some(Overlay::Draft(draft)) = &mut self.overlay else { return None };
        match action {
            Some(Action::Editor) => return Some(Command::Edit(draft.text())),
            Some(Action::Back) if draft.changed() && !draft.leaving => {
                draft.leaving = true;
                self.notice = Some("Ctrl+S keeps the changes, Esc again drops them.".to_owned());
            }
            Some(Action::Back) => self.overlay = None,
            Some(Action::Accept) => match draft.read() {
                Ok(drafted) => return self.keep(drafted),
                Err(wrong) => self.notice = wrong.into_iter().next().map(|wrong| format!("Not kept: {wrong}")),
            },
            _ => draft.type_key(key),
        }
        None
    }

    fn keep(&mut self, drafted: ParsedDraft) -> Option<Command> {
        self.overlay = None;
        match drafted {
            ParsedDraft::Signature(entry) => {
                self.shelf.stop();
                let inline = entry.signature.inline();
                let unnamed =
                    |other: &LibraryEntry| other.signature.name.is_empty() && other.signature.inline() == inline;
                self.shelf.entries.retain(|other| !unnamed(other));
                library::put(&mut self.shelf.entries, (*entry).clone());
                let at = self.shelf.entries.iter().position(|other| other.signature.name == entry.signature.name);
                self.shelf.at = at.map_or(0, |at| at + 1);
                self.module = entry.module;
                self.use_signature(entry.signature.clone(), entry.demos.clone());
                Some(Command::SaveSignature(entry))
            }
            ParsedDraft::Request(settings) => {
                self.settings = *settings;
                self.notice = Some("The next run's requests carry these settings. F12 shows one.".to_owned());
                None
            }
            ParsedDraft::Headers(headers) => {
                self.headers.clone_from(&headers);
                self.overlay = Some(Overlay::Headers(self.headers_sheet()));
                Some(Command::SetHeaders(headers))
            }
        }
    }

    /// Asks for the request as it would be sent.
    pub(super) fn compose(&mut self) -> Option<Command> {
        if self.chain.is_empty() {
            self.notice = Some("The chain is empty: Ctrl+L adds a model.".to_owned());
            return None;
        }
        Some(Command::Compose(Box::new(self.ask())))
    }

    pub(super) fn show_composed(&mut self, composed: Result<Composed, String>) {
        match composed {
            Ok(composed) => {
                let sheet = composed::sheet(&composed, self.module, self.size.0, self.colours());
                self.overlay = Some(Overlay::Composed(sheet));
            }
            Err(why) => self.notice = Some(format!("Cannot be sent: {why}")),
        }
    }
}

/// Inputs and outputs of a run that was answered.
fn pinnable(run: &Transcript) -> Option<Demo> {
    let mut demo = run.setup.as_ref()?.inputs.clone();
    demo.extend(run.winner()?.prediction.as_ref()?.fields.as_ref().clone());
    Some(demo)
}
