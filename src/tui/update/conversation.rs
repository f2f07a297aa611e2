//! Conversations: an answer becomes a turn, and an earlier run comes back into the prompt.

use crate::dspy::{Demo, Turn};
use crate::spec::SignatureTask;
use crate::transcript::Transcript;
use crate::tui::layout::Pane;
use crate::tui::state::app::App;
use crate::tui::state::conversation::Conversation;

impl App {
    /// Adds the answer of the run on the screen to the conversation, if it is one and if the run belongs to it. A run
    /// without a valid answer adds nothing.
    pub(super) fn add_turn(&mut self) {
        let continues = |task: &SignatureTask| {
            task.signature.inline() == self.next.signature.inline() && task.turns == self.next.conversation.turns
        };
        if !self.next.converses() || !self.transcript().and_then(Transcript::task).is_some_and(continues) {
            return;
        }
        if let Some(turns) = self.transcript().and_then(Transcript::conversation) {
            self.continue_from(Conversation { turns, ..self.next.conversation });
            self.prompt.take_sent();
        }
    }

    /// Continues the conversation of the run on the screen: its inputs and outputs become a turn of a conversation.
    pub(super) fn continue_conversation(&mut self) {
        if self.refuses_while_busy() {
            return;
        }
        let Some(turns) = self.transcript().and_then(Transcript::conversation) else {
            let is_chat = self.transcript().is_some_and(|run| run.spec.is_some() && !run.has_fields());
            self.notice = Some(if is_chat {
                "A chat has no signature, so no prompt can continue it.".to_owned()
            } else {
                "There is nothing to continue yet: that needs a complete, valid answer.".to_owned()
            });
            return;
        };
        let count = turns.len();
        if let Some(task) = self.transcript().and_then(Transcript::task).cloned() {
            if !task.signature.shares_fields_with(&self.next.signature) {
                self.put_aside();
                self.bring_back(&task, self.demos_for(&task.signature));
            }
            // The question that is answered already is not asked again.
            if self.prompt.values() == task.question() {
                self.prompt.mark_sent();
            }
        }
        self.continue_from(Conversation { turns, continues: true });
        self.prompt.take_sent();
        self.focus(Pane::Prompt);
        self.notice =
            Some(format!("What you send now is turn {} of this conversation. Ctrl+N starts a new one.", count + 1));
    }

    /// Takes the run on the screen up again, with all that it was asked with.
    pub(super) fn take_up_shown(&mut self) {
        match self.transcript().cloned() {
            Some(run) => self.take_up(&run),
            None => self.notice = Some("No run is on the screen; Ctrl+S lists the earlier ones.".to_owned()),
        }
    }

    /// Brings a run's signature, module, adapter, demos, inputs, conversation, chain, settings and policy back into the
    /// prompt. Of a chat, which has no signature, it brings back the others.
    pub(super) fn take_up(&mut self, run: &Transcript) {
        let Some(spec) = run.spec.clone().filter(|_| !self.refuses_while_busy()) else { return };
        let kept = self.put_aside();
        if let Some(task) = spec.task.signature() {
            self.bring_back(task, task.demos.clone());
        }
        self.next.settings = spec.settings.clone();
        // A run of the gateway may have been bound to its client.
        self.next.policy = crate::failover::Policy { final_after_first_token: false, ..spec.policy.clone() };
        self.use_chain(spec.chain.iter().map(|route| route.model.clone()));
        self.focus(Pane::Prompt);
        let what = match (spec.task.signature(), kept) {
            (Some(_), true) if self.prompt.has_parked() => {
                "Taken up with its chain and settings. What was typed comes back with its signature."
            }
            (None, _) => "A chat has no signature: only its chain and settings are taken up.",
            (Some(_), true) => "Taken up with its chain and settings. Up brings back what was typed.",
            (Some(_), false) => "Taken up with its chain, settings and conversation.",
        };
        self.notice = Some(what.to_owned());
    }

    /// Replaces the chain. Faults stay on their models, in the chain or not.
    pub(super) fn use_chain(&mut self, models: impl Iterator<Item = String>) {
        let mut old = std::mem::take(&mut self.next.chain);
        for model in models {
            let known = old.iter().position(|entry| entry.model == model);
            let entry = match known {
                Some(index) => old.remove(index),
                None => self.next.entry(model),
            };
            self.next.chain.push(entry);
        }
        self.next.elsewhere.extend(old.into_iter().filter(|entry| entry.fault.is_some()));
        self.next.selected = 0;
    }

    /// Brings a task back into the prompt: signature, module, adapter, inputs and conversation.
    pub(super) fn bring_back(&mut self, task: &SignatureTask, demos: Vec<Demo>) {
        self.next.module = task.module;
        self.next.adapter = task.adapter;
        self.next.reasoning = task.reasoning;
        self.next.conversation = Conversation::default();
        self.use_signature(task.signature.clone(), demos);
        let turns = task.conversation();
        self.continue_from(Conversation { continues: !turns.is_empty(), turns });
        self.sent.keep(self.prompt.shown_as(&task.question()));
    }

    /// Replaces the conversation that the next run continues.
    pub(super) fn continue_from(&mut self, conversation: Conversation) {
        self.next.conversation = conversation;
        // In the middle of a conversation, an example would be an answer to nothing.
        self.prompt.offer_examples(self.next.conversation.turns.is_empty());
    }

    /// Ends the conversation. Returns how many turns it had.
    pub(super) fn end_conversation(&mut self) -> usize {
        let turns: Vec<Turn> = std::mem::take(&mut self.next.conversation.turns);
        self.continue_from(Conversation::default());
        turns.len()
    }

    /// Keeps what was typed and not sent, so that Up brings it back. Returns whether there was anything.
    pub(super) fn put_aside(&mut self) -> bool {
        let typed = self.prompt.values();
        let is_new = !self.prompt.is_empty() && !self.sent.all.contains(&typed);
        if is_new {
            self.sent.keep(typed);
        }
        is_new
    }

    /// Says that a run is in progress, if one is.
    pub(super) fn refuses_while_busy(&mut self) -> bool {
        if self.busy() {
            self.notice = Some("A run is in progress: Esc cancels it.".to_owned());
        }
        self.busy()
    }
}
