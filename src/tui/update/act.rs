//! What every action does.

use crate::dspy::{Adapter, Demo, Module, Signature};
use crate::transcript::{Attempt, Transcript};
use crate::tui::command::{Ask, Command};
use crate::tui::keymap::{Action, Context};
use crate::tui::layout::{LayoutKind, Pane};
use crate::tui::state::app::App;
use crate::tui::state::log::attempt_of;
use crate::tui::state::overlay::attempt::{AttemptPopup, curl};
use crate::tui::state::overlay::draft::Draft;
use crate::tui::state::overlay::faults::FaultPicker;
use crate::tui::state::overlay::finder::Finder;
use crate::tui::state::overlay::{Overlay, text_popup};
use serde_json::Value;

impl App {
    /// Does it.
    pub(super) fn act(&mut self, action: Action) -> Option<Command> {
        match action {
            Action::Send => return self.send(),
            Action::Cancel => return self.cancel(),
            Action::Interrupt => return self.interrupt(),
            Action::Quit => return self.quit(),
            Action::Suspend => return Some(Command::Suspend),
            Action::Editor => return Some(Command::Edit(self.prompt.input().text())),
            Action::Eof if self.prompt.is_empty() => return self.quit(),
            Action::CopyAnswer | Action::CopyField | Action::CopyCurl | Action::CopyRun | Action::CopyLog => {
                return self.copy(action);
            }
            Action::HealAll => return self.heal_all(),
            Action::SaveSignature => self.draft_signature(),
            Action::Compare => return self.compare(),
            Action::Rivals => self.overlay = Some(Overlay::CompareSet(0)),
            Action::Tour => return self.begin_tour(),
            Action::NextStep => return self.next_step(),
            Action::LeaveTour => return self.leave_tour(),
            Action::Mouse => {
                self.mouse = !self.mouse;
                return Some(Command::Mouse(self.mouse));
            }
            Action::Newline => self.prompt.input().area.insert_newline(),
            Action::Undo => drop(self.prompt.input().area.undo()),
            Action::Redo => drop(self.prompt.input().area.redo()),
            Action::Eof => drop(self.prompt.input().area.delete_next_char()),
            Action::Accept => self.accept(),
            Action::Recall => self.overlay = Some(Overlay::Finder(Finder::inputs(&self.sent))),
            Action::Pin => self.pin_demo(),
            Action::Demos => self.overlay = Some(Overlay::Demos(0)),
            Action::Request => return self.compose(),
            Action::Settings => self.overlay = Some(Overlay::Draft(Box::new(Draft::request(&self.settings)))),
            Action::Remove => return self.remove_signature(),
            Action::Palette => self.overlay = Some(Overlay::Finder(Finder::actions(&self.keymap))),
            Action::Find => self.overlay = Some(Overlay::Finder(Finder::text())),
            Action::Add => self.overlay = Some(Overlay::Finder(Finder::models(&self.models))),
            Action::Help => {
                self.overlay = Some(Overlay::Help(text_popup::help(&self.keymap, self.size.0, self.colours())));
            }
            Action::Headers => return Some(self.headers()),
            Action::Faults => {
                self.link = self.link.min(self.chain.len().saturating_sub(1));
                self.overlay = Some(Overlay::Faults(FaultPicker::default()));
            }
            Action::Chain => self.overlay = Some(Overlay::Chain),
            Action::Health => self.overlay = Some(Overlay::Health(0)),
            Action::History => self.overlay = Some(Overlay::History(0)),
            Action::NextPane => self.step(true),
            Action::PrevPane => self.step(false),
            Action::Prompt => self.go(Pane::Prompt),
            Action::Signatures => self.go(Pane::Signatures),
            Action::Answer => self.go(Pane::Answer),
            Action::Log => self.go(Pane::Log),
            Action::NewRun => self.new_run(),
            Action::Module => self.next_module(),
            Action::Adapter => {
                self.adapter = next(&Adapter::ALL, self.adapter);
                self.notice = Some(format!("adapter: {}", self.adapter));
            }
            Action::Reasoning => self.page.pin(),
            Action::Timeline => {
                self.log.timeline = !self.log.timeline;
                if self.layout.shape == LayoutKind::Narrow && self.log.timeline {
                    self.go(Pane::Log);
                }
            }
            Action::Presenter => self.presenter = !self.presenter,
            Action::Theme => {
                self.theme = self.theme.next();
                self.chosen = Some(self.theme);
                self.notice = Some(format!("theme: {}", self.theme.name()));
            }
            Action::Fullscreen => self.full = !self.full,
            Action::Narrower => self.sizes = self.sizes.resized(self.focus, -1),
            Action::Wider => self.sizes = self.sizes.resized(self.focus, 1),
            Action::TypeOwn => self.type_own(),
            Action::Open => self.open(),
            Action::NextMatch => self.find_next(true),
            Action::PrevMatch => self.find_next(false),
            Action::Up | Action::Down | Action::PageUp | Action::PageDown | Action::Top | Action::End => {
                self.travel(action);
            }
            Action::PrevModel
            | Action::NextModel
            | Action::Heal
            | Action::Choose
            | Action::TypeFault
            | Action::Edit
            | Action::Variant
            | Action::Mode
            | Action::Hedge
            | Action::MoveUp
            | Action::MoveDown
            | Action::ResetBreaker
            | Action::Rerun
            | Action::Replay
            | Action::SearchRuns
            | Action::Back => {}
        }
        None
    }

    /// Opens the headers, and asks the server what the key may spend and what it received.
    fn headers(&mut self) -> Command {
        self.overlay = Some(Overlay::Headers(self.headers_sheet()));
        let head = self.transcript().and_then(Transcript::shown).and_then(|attempt| attempt.head.as_ref());
        Command::AskServer { generation: head.and_then(|head| head.generation.clone()) }
    }

    fn send(&mut self) -> Option<Command> {
        let ask = self.asked()?;
        self.awaiting = true;
        self.page.scroll.to_end();
        if self.layout.shape == LayoutKind::Narrow {
            self.go(Pane::Answer);
        }
        Some(Command::Send(Box::new(ask)))
    }

    /// What stands in the prompt, remembered as sent; none, with the reason said, where that cannot be.
    pub(super) fn asked(&mut self) -> Option<Ask> {
        if self.busy() {
            self.notice = Some("A run is going on: Esc cancels it.".to_owned());
            return None;
        }
        if self.chain.is_empty() {
            self.notice = Some("The chain is empty: Ctrl+L adds a model.".to_owned());
            return None;
        }
        if self.prompt.is_empty() {
            self.prompt.take_examples();
        }
        let missing = self.prompt.missing();
        if let Some(name) = missing.first() {
            self.notice = Some(format!("{name} is empty: type something first."));
            let name = (*name).to_owned();
            self.prompt.at = self.prompt.inputs.iter().position(|input| input.name == name).unwrap_or(0);
            self.go(Pane::Prompt);
            return None;
        }
        let ask = self.ask();
        if self.sent.last() != Some(&ask.inputs) {
            self.sent.push(ask.inputs.clone());
        }
        self.recalled = None;
        Some(ask)
    }

    fn cancel(&mut self) -> Option<Command> {
        if self.shelf.typing() {
            self.shelf.stop();
        } else if self.busy() {
            self.awaiting = false;
            self.end_replay();
            return Some(Command::Cancel);
        } else if self.find.take().is_none() {
            self.full = false;
        }
        None
    }

    /// Clears the draft first; the second press leaves.
    fn interrupt(&mut self) -> Option<Command> {
        if self.leaving {
            return Some(Command::Quit);
        }
        self.leaving = true;
        self.overlay = None;
        let again = if self.prompt.is_empty() {
            if self.busy() { "A run is going on: Esc cancels it, Ctrl+C again leaves." } else { "Ctrl+C again leaves." }
        } else {
            self.sent.push(self.prompt.values());
            self.prompt.clear();
            "Draft cleared (Up brings it back). Ctrl+C again leaves."
        };
        self.notice = Some(again.to_owned());
        None
    }

    fn quit(&mut self) -> Option<Command> {
        if self.busy() && !matches!(self.overlay, Some(Overlay::Leave)) {
            self.overlay = Some(Overlay::Leave);
            return None;
        }
        Some(Command::Quit)
    }

    fn new_run(&mut self) {
        if self.busy() {
            self.notice = Some("A run is going on: Esc cancels it.".to_owned());
            return;
        }
        self.put_away();
        self.prompt.clear();
        self.find = None;
        self.go(Pane::Prompt);
    }

    /// Tab: through the fields of the prompt, then through the panes.
    fn step(&mut self, forward: bool) {
        let fields = self.prompt.inputs.len();
        if self.focus == Pane::Prompt && forward && self.prompt.at + 1 < fields {
            self.prompt.at += 1;
            return;
        }
        if self.focus == Pane::Prompt && !forward && self.prompt.at > 0 {
            self.prompt.at -= 1;
            return;
        }
        let at = Pane::ALL.iter().position(|pane| *pane == self.focus).unwrap_or(0);
        let by = if forward { 1 } else { Pane::ALL.len() - 1 };
        let to = Pane::ALL[(at + by) % Pane::ALL.len()];
        if to == Pane::Prompt {
            self.prompt.at = if forward { 0 } else { fields - 1 };
        }
        self.go(to);
    }

    fn next_module(&mut self) {
        let kind = std::mem::discriminant(&self.module);
        let at = Module::ALL.iter().position(|module| std::mem::discriminant(module) == kind).unwrap_or(0);
        self.module = Module::ALL[(at + 1) % Module::ALL.len()];
        self.notice = Some(format!("module: {}", self.module));
    }

    fn type_own(&mut self) {
        let source = self.shelf.chosen().map(|entry| entry.signature.inline()).unwrap_or_default();
        self.shelf.begin(&source);
    }

    fn open(&mut self) {
        match self.focus {
            Pane::Signatures => match self.shelf.chosen().cloned() {
                Some(entry) => {
                    self.module = entry.module;
                    self.use_signature(entry.signature, entry.demos);
                }
                None => self.type_own(),
            },
            Pane::Log => {
                let id = self.transcript().and_then(|run| attempt_of(run, self.log.chosen()));
                self.overlay = id.map(|id| Overlay::Attempt(AttemptPopup::new(id)));
            }
            Pane::Prompt | Pane::Answer => {}
        }
    }

    /// Takes what is typed, if it can be read; what is wrong stands under it anyway.
    fn accept(&mut self) {
        if self.holds(Context::Typing)
            && let Ok(signature) = self.shelf.read()
        {
            self.shelf.stop();
            self.keep_for_now(signature);
        }
    }

    pub(super) fn use_signature(&mut self, signature: Signature, demos: Vec<Demo>) {
        self.prompt = self.prompt.moved_to(&signature);
        self.signature = signature;
        self.demos = demos;
        self.go(Pane::Prompt);
    }

    fn heal_all(&mut self) -> Option<Command> {
        let broken = self.chain.iter_mut().filter(|link| link.fault.is_some());
        let count = broken.map(|link| link.fault = None).count();
        self.notice = Some(if count == 0 { "No faults are set.".to_owned() } else { format!("{count} healed.") });
        (count > 0).then_some(Command::HealAll)
    }

    /// Moves what the keys are on.
    fn travel(&mut self, action: Action) {
        let page = isize::try_from(self.room(self.focus).height.saturating_sub(1).max(1)).unwrap_or(1);
        match (action, self.focus) {
            (Action::Up, _) => self.scroll(-1),
            (Action::Down, _) => self.scroll(1),
            (Action::PageUp, _) => self.scroll(-page),
            (Action::PageDown, _) => self.scroll(page),
            (Action::Top, Pane::Answer) => self.page.scroll.to_top(),
            (_, Pane::Answer) => self.page.scroll.to_end(),
            (Action::Top, Pane::Log) => self.log.at = Some(0),
            (_, Pane::Log) => self.log.at = None,
            (Action::Top, _) => self.shelf.by(isize::MIN / 2),
            _ => self.shelf.by(isize::MAX / 2),
        }
    }

    pub(super) fn find_next(&mut self, forward: bool) {
        let Some(text) = self.find.clone() else { return };
        let height = usize::from(self.room(Pane::Answer).height);
        let top = self.page.scroll.top(self.page.heights(), height);
        match self.run.as_ref().and_then(|run| self.page.find(&run.transcript, &text, top, forward)) {
            Some(row) => {
                let heights = self.page.heights().to_vec();
                self.page.scroll.to(row, &heights, height);
            }
            None => self.notice = Some(format!("{text:?} is not in the answer.")),
        }
    }

    fn copy(&mut self, action: Action) -> Option<Command> {
        let Some(run) = self.transcript() else {
            self.notice = Some("Nothing to copy yet.".to_owned());
            return None;
        };
        let shown = run.shown();
        let opened = match &self.overlay {
            Some(Overlay::Attempt(sheet)) => run.attempt(sheet.id),
            _ => shown,
        };
        let (what, text) = match action {
            Action::CopyField => ("the main field", shown.and_then(main_field)),
            Action::CopyCurl => ("the curl command", opened.and_then(|a| a.request.as_deref()).map(curl)),
            Action::CopyLog => ("the failover log", Some(run.lines().collect::<Vec<_>>().join("\n"))),
            Action::CopyRun => ("the run", Some(whole(run))),
            _ => ("the answer", shown.map(|attempt| answer(run, attempt))),
        };
        if text.as_ref().is_none_or(String::is_empty) {
            self.notice = Some(format!("There is no such thing to copy yet: {what}."));
        }
        text.filter(|text| !text.is_empty()).map(|text| Command::Copy { what: what.to_owned(), text })
    }
}

/// The one after `this`, round and round.
fn next<T: Copy + PartialEq>(all: &[T], this: T) -> T {
    let at = all.iter().position(|other| *other == this).map_or(0, |at| at + 1);
    all[at % all.len()]
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The answer as it is read: the only field alone, several by name.
fn answer(run: &Transcript, attempt: &Attempt) -> String {
    let Some(prediction) = &attempt.prediction else { return attempt.text.clone() };
    let fields: Vec<_> = prediction.fields.iter().filter(|(name, _)| !run.is_thought(name)).collect();
    match fields.as_slice() {
        [(_, value)] => plain(value),
        fields => {
            fields.iter().map(|(name, value)| format!("{name}: {}", plain(value))).collect::<Vec<_>>().join("\n\n")
        }
    }
}

/// The last output field: what was asked for, after its reasons.
fn main_field(attempt: &Attempt) -> Option<String> {
    attempt.prediction.as_ref()?.fields.values().next_back().map(plain)
}

/// Inputs, log and answer.
fn whole(run: &Transcript) -> String {
    let inputs = run.setup.iter().flat_map(|setup| setup.inputs.iter());
    let mut parts: Vec<_> = inputs.map(|(name, value)| format!("{name}: {}", plain(value))).collect();
    parts.push(run.lines().collect::<Vec<_>>().join("\n"));
    parts.extend(run.shown().map(|attempt| answer(run, attempt)));
    parts.join("\n\n")
}
