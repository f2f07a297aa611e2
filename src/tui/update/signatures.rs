//! Actions of the list of signatures: use one, type one, delete one.

use crate::dspy::import::python;
use crate::dspy::{Demo, LibraryEntry, Signature, library};
use crate::text::counted;
use crate::tui::effect::Effect;
use crate::tui::keymap::action::SignaturesAction;
use crate::tui::layout::Pane;
use crate::tui::state::app::App;
use crate::tui::state::overlay::Overlay;
use crate::tui::state::overlay::draft::Draft;

impl App {
    pub(super) fn signatures(&mut self, action: SignaturesAction) -> Option<Effect> {
        match action {
            SignaturesAction::Use => match self.signatures.selected_entry().cloned() {
                Some(entry) => {
                    self.next.module = entry.module;
                    self.use_signature(entry.signature, entry.demos);
                }
                None => self.type_own(),
            },
            SignaturesAction::TypeOwn => self.type_own(),
            SignaturesAction::Accept => self.accept(),
            SignaturesAction::Delete => return self.delete_signature(),
        }
        None
    }

    fn type_own(&mut self) {
        let chosen = self.signatures.selected_entry().map(|entry| entry.signature.inline());
        let source = chosen.unwrap_or_else(|| self.signatures.take_unfinished());
        self.signatures.start_typing(&source);
    }

    /// Whether the line in which a signature is typed has the focus.
    fn typing_signature(&self) -> bool {
        self.overlay.is_none() && self.screen.focus == Pane::Signatures && self.signatures.typing()
    }

    /// Uses the typed signature if it is valid. If not, the error is shown below it already.
    fn accept(&mut self) {
        if self.typing_signature()
            && let Ok(signature) = self.signatures.read()
        {
            self.signatures.stop_typing();
            self.add_for_session(signature);
        }
    }

    pub(super) fn use_signature(&mut self, signature: Signature, demos: Vec<Demo>) {
        let continues = signature.shares_fields_with(&self.next.signature);
        self.prompt = self.prompt.with_signature(&signature);
        self.next.signature = signature;
        self.next.demos = demos;
        if continues {
            self.prompt.offer_examples(self.next.conversation.turns.is_empty());
        } else if self.end_conversation() > 0 {
            self.notice =
                Some("The conversation has ended; Ctrl+S lists its runs, and t takes one up again.".to_owned());
        }
        self.focus(Pane::Prompt);
    }

    /// Adds a typed signature to the list for this session and uses it. The user can save it.
    fn add_for_session(&mut self, signature: Signature) {
        let entry = LibraryEntry {
            signature: signature.clone(),
            description: String::new(),
            module: self.next.module,
            demos: Vec::new(),
        };
        let index = self.signatures.entries.iter().position(|entry| entry.signature.inline() == signature.inline());
        if let Some(index) = index {
            self.signatures.selected = index + 1;
        } else {
            self.signatures.entries.insert(0, entry);
            self.signatures.selected = 1;
            self.notice = Some("In the list until you quit; Alt+S names and saves it.".to_owned());
        }
        self.use_signature(signature, Vec::new());
    }

    /// Pastes into the line in which a signature is typed. Python source is read instead: its signatures come into the list
    /// for this session, and the first is used.
    pub(super) fn paste_signature(&mut self, pasted: &str) {
        if !python::is_source(pasted) {
            return self.signatures.paste(pasted);
        }
        let imported = match python::read(pasted) {
            Ok(imported) => imported,
            Err(error) => {
                self.notice = error.message.lines().next().map(str::to_owned);
                return;
            }
        };
        let found = counted(imported.entries.len(), "signature");
        let missing = match imported.notes.as_slice() {
            [] => String::new(),
            [only] => format!(" {only}"),
            [first, rest @ ..] => format!(" {first} (and {} more)", rest.len()),
        };
        self.notice = Some(format!("{found} from Python, in the list until you quit; Alt+S saves.{missing}"));
        self.signatures.stop_typing();
        for entry in imported.entries.into_iter().rev() {
            self.signatures.entries.retain(|other| other.signature.name != entry.signature.name);
            self.signatures.entries.insert(0, entry);
        }
        self.signatures.selected = 1;
        if let Some(entry) = self.signatures.selected_entry().cloned() {
            self.next.module = entry.module;
            self.use_signature(entry.signature, entry.demos);
        }
    }

    /// Opens a draft of the typed signature, of the selected entry, or of the signature in use.
    pub(super) fn draft_signature(&mut self) {
        let typed = |signature| LibraryEntry {
            signature,
            description: String::new(),
            module: self.next.module,
            demos: Vec::new(),
        };
        let entry =
            if self.screen.focus == Pane::Signatures && self.signatures.selected == 0 && !self.signatures.typing() {
                // "type your own", in the editor.
                "question -> answer".parse().map(typed)
            } else if self.typing_signature() {
                self.signatures.read().map(typed)
            } else if let Some(entry) =
                self.signatures.selected_entry().filter(|_| self.screen.focus == Pane::Signatures)
                && entry.signature != self.next.signature
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

    /// Deletes the selected entry from the user's library when pressed a second time. A built-in signature that the user
    /// changed becomes the original again.
    fn delete_signature(&mut self) -> Option<Effect> {
        let entry = self.signatures.selected_entry()?.clone();
        let name = entry.signature.name.clone();
        let built_in = library::built_in().into_iter().find(|other| !name.is_empty() && other.signature.name == name);
        if built_in.as_ref() == Some(&entry) {
            self.notice = Some(format!("{name} is built in and cannot be deleted."));
            return None;
        }
        if !std::mem::replace(&mut self.signatures.delete_armed, true) {
            self.notice = Some("Press Delete again to delete it from your library.".to_owned());
            return None;
        }
        self.signatures.delete_armed = false;
        let index = self.signatures.selected - 1;
        match built_in {
            Some(original) => self.signatures.entries[index] = original,
            None => drop(self.signatures.entries.remove(index)),
        }
        self.signatures.move_by(0);
        (!name.is_empty()).then_some(Effect::DeleteSignature(name))
    }
}
