//! Keys of a draft, and saving it.

use crate::dspy::{LibraryEntry, library};
use crate::tui::effect::Effect;
use crate::tui::keymap::Action;
use crate::tui::keymap::action::DraftAction;
use crate::tui::state::app::App;
use crate::tui::state::overlay::Overlay;
use crate::tui::state::overlay::draft::{Draft, ParsedDraft};
use crate::tui::update::keys::KeyPress;

impl App {
    pub(in crate::tui::update) fn draft_headers(&mut self) {
        self.overlay = Some(Overlay::Draft(Box::new(Draft::headers(&self.server.headers))));
    }

    /// Carries out an action in a draft, or types the key.
    pub(in crate::tui::update) fn draft_key(&mut self, press: KeyPress) -> Option<Effect> {
        let Some(Overlay::Draft(draft)) = &mut self.overlay else { return None };
        match press.action {
            Some(Action::Draft(DraftAction::Editor)) => return Some(Effect::Edit(draft.text())),
            Some(Action::Draft(DraftAction::Close)) if draft.changed() && !draft.leaving => {
                draft.leaving = true;
                self.notice = Some("Ctrl+S saves the changes, Esc again discards them.".to_owned());
            }
            Some(Action::Draft(DraftAction::Close)) => self.overlay = None,
            Some(Action::Draft(action @ (DraftAction::Save | DraftAction::Use))) => match draft.parse() {
                Ok(parsed) => {
                    let effect = self.save_draft(parsed);
                    // Only a signature has a file to be saved in.
                    let keeps = action == DraftAction::Save || !matches!(effect, Some(Effect::SaveSignature(_)));
                    return effect.filter(|_| keeps);
                }
                Err(errors) => self.notice = errors.into_iter().next().map(|error| format!("Not saved: {error}")),
            },
            _ => draft.type_key(press.key),
        }
        None
    }

    fn save_draft(&mut self, parsed: ParsedDraft) -> Option<Effect> {
        self.overlay = None;
        match parsed {
            ParsedDraft::Signature(entry) => {
                self.signatures.stop_typing();
                let inline = entry.signature.inline();
                let unnamed =
                    |other: &LibraryEntry| other.signature.name.is_empty() && other.signature.inline() == inline;
                self.signatures.entries.retain(|other| !unnamed(other));
                library::put(&mut self.signatures.entries, (*entry).clone());
                let index =
                    self.signatures.entries.iter().position(|other| other.signature.name == entry.signature.name);
                self.signatures.selected = index.map_or(0, |index| index + 1);
                self.next.module = entry.module;
                self.use_signature(entry.signature.clone(), entry.demos.clone());
                Some(Effect::SaveSignature(entry))
            }
            ParsedDraft::Request(settings) => {
                self.next.settings = *settings;
                self.notice = Some("The next run uses these settings. F12 previews its request.".to_owned());
                None
            }
            ParsedDraft::Headers(headers) => {
                self.server.headers.clone_from(&headers);
                self.overlay = Some(Overlay::Headers(self.headers_popup()));
                Some(Effect::SetHeaders(headers))
            }
        }
    }
}
