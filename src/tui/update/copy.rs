//! Copies text to the clipboard.

use crate::text::value_text;
use crate::transcript::{Attempt, Transcript};
use crate::tui::effect::Effect;
use crate::tui::keymap::action::CopyAction;
use crate::tui::state::app::App;
use crate::tui::state::overlay::Overlay;
use crate::tui::state::overlay::attempt::curl;

impl App {
    pub(super) fn copy(&mut self, what: CopyAction) -> Option<Effect> {
        let Some(run) = self.transcript() else {
            self.notice = Some("Nothing to copy yet.".to_owned());
            return None;
        };
        let shown = run.shown();
        let opened = match &self.overlay {
            Some(Overlay::Attempt(popup)) => run.attempt(popup.id),
            _ => shown,
        };
        let (what, text) = match what {
            CopyAction::Answer => ("the answer", shown.map(|attempt| answer(run, attempt))),
            CopyAction::Field => ("the main field", shown.and_then(main_field)),
            CopyAction::Run => ("the run", Some(whole_run(run))),
            CopyAction::Log => ("the failover log", Some(run.lines().collect::<Vec<_>>().join("\n"))),
            CopyAction::Curl => ("the curl command", opened.and_then(|a| a.request.as_deref()).map(curl)),
        };
        if text.as_ref().is_none_or(String::is_empty) {
            self.notice = Some(format!("Nothing to copy yet: {what}."));
        }
        text.filter(|text| !text.is_empty()).map(|text| Effect::Copy { what: what.to_owned(), text })
    }
}

/// The answer without its reasoning. If there is more than one field, each has its name.
fn answer(run: &Transcript, attempt: &Attempt) -> String {
    let Some(prediction) = &attempt.prediction else { return attempt.text.clone() };
    let fields: Vec<_> = prediction.fields.iter().filter(|(name, _)| !run.is_thought(name)).collect();
    match fields.as_slice() {
        [(_, value)] => value_text(value),
        fields => {
            fields.iter().map(|(name, value)| format!("{name}: {}", value_text(value))).collect::<Vec<_>>().join("\n\n")
        }
    }
}

/// The last output field, which is the main one: reasoning comes before it.
fn main_field(attempt: &Attempt) -> Option<String> {
    attempt.prediction.as_ref()?.fields.values().next_back().map(value_text)
}

/// Inputs, failover log and answer.
fn whole_run(run: &Transcript) -> String {
    let asked = run.asked().unwrap_or_default();
    let mut parts: Vec<_> = asked.iter().map(|(name, value)| format!("{name}: {}", value_text(value))).collect();
    parts.push(run.lines().collect::<Vec<_>>().join("\n"));
    parts.extend(run.shown().map(|attempt| answer(run, attempt)));
    parts.join("\n\n")
}
