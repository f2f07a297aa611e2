//! Keys while an overlay stands.

use crate::fault::Fault;
use crate::tui::command::{ChainEntry, Command};
use crate::tui::keymap::{Action, Chord};
use crate::tui::state::app::{App, ShownRun};
use crate::tui::state::overlay::faults::{COMMON, FaultPicker};
use crate::tui::state::overlay::finder::{Finder, FinderChoice, FinderKind};
use crate::tui::state::overlay::text_popup::TextPopup;
use crate::tui::state::overlay::{Overlay, history};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use std::time::Duration;

/// Variants that any model may be asked in, by suffix.
const VARIANTS: [&str; 4] = ["", "free", "nitro", "floor"];

impl App {
    /// A key while an overlay stands: first what it means there, else what it types.
    pub(super) fn overlay_key(&mut self, key: KeyEvent, chord: Chord, action: Option<Action>) -> Option<Command> {
        if matches!(self.overlay, Some(Overlay::Compare(_))) {
            return self.compare_key(action);
        }
        if let Some(Overlay::Draft(_)) = self.overlay
            && !matches!(action, Some(Action::Interrupt | Action::Quit | Action::Suspend))
        {
            return self.draft_key(key, action);
        }
        if let Some(everywhere @ (Action::Help | Action::Interrupt | Action::Quit | Action::Suspend)) = action {
            return self.act(everywhere);
        }
        // Elsewhere its letter means something else: in the picker it is a fault's own.
        if action == Some(Action::CopyCurl) && matches!(self.overlay, Some(Overlay::Attempt(_))) {
            return self.act(Action::CopyCurl);
        }
        match self.overlay.take()? {
            Overlay::Help(sheet) => self.sheet_key(sheet, action, Overlay::Help),
            Overlay::Headers(_) if action == Some(Action::Edit) => self.draft_headers(),
            Overlay::Headers(sheet) => self.sheet_key(sheet, action, Overlay::Headers),
            Overlay::Composed(_) if action == Some(Action::Edit) => return self.act(Action::Settings),
            Overlay::Composed(sheet) => self.sheet_key(sheet, action, Overlay::Composed),
            Overlay::Pinning(at, sheet) => self.pinning_key(at, sheet, action),
            Overlay::Demos(at) => self.demos_key(at, action),
            Overlay::Demo(at, _) if action == Some(Action::Back) => self.overlay = Some(Overlay::Demos(at)),
            Overlay::Demo(at, mut sheet) => {
                travel_sheet(&mut sheet, action, self.sheet_rows());
                self.overlay = Some(Overlay::Demo(at, sheet));
            }
            // Its keys went elsewhere already.
            Overlay::Draft(draft) => self.overlay = Some(Overlay::Draft(draft)),
            Overlay::Attempt(mut attempt) => {
                let rows = self.sheet_rows();
                if action != Some(Action::Back) {
                    travel_sheet(&mut attempt.sheet, action, rows);
                    self.overlay = Some(Overlay::Attempt(attempt));
                }
            }
            Overlay::Faults(faults) => return self.faults_key(faults, key, chord, action),
            Overlay::Chain => return self.chain_key(action),
            Overlay::Finder(finder) => return self.finder_key(finder, key, chord, action),
            Overlay::Health(at) => return self.health_key(at, action),
            Overlay::History(at) => return self.history_key(at, action),
            Overlay::CompareSet(at) => return self.rivals_key(at, action),
            // Has its own keys, above.
            Overlay::Compare(_) => {}
            Overlay::Leave => match action {
                Some(Action::Accept) => return Some(Command::Quit),
                Some(Action::Back) => {}
                _ => self.overlay = Some(Overlay::Leave),
            },
        }
        None
    }

    pub(super) fn sheet_rows(&self) -> usize {
        usize::from(self.layout.body.height.saturating_sub(2)).max(1)
    }

    fn sheet_key(&mut self, mut sheet: TextPopup, action: Option<Action>, back: fn(TextPopup) -> Overlay) {
        if action != Some(Action::Back) {
            travel_sheet(&mut sheet, action, self.sheet_rows());
            self.overlay = Some(back(sheet));
        }
    }

    fn faults_key(
        &mut self,
        mut faults: FaultPicker,
        key: KeyEvent,
        chord: Chord,
        action: Option<Action>,
    ) -> Option<Command> {
        let from_chain = faults.from_chain;
        let back = move || from_chain.then_some(Overlay::Chain);
        if let Some(word) = &mut faults.typing {
            match action {
                Some(Action::Back) => faults.typing = None,
                Some(Action::Open) => match word.parse::<Fault>() {
                    Ok(fault) => {
                        self.overlay = back();
                        return self.set_fault(Some(fault));
                    }
                    Err(error) => self.notice = Some(error.to_string()),
                },
                _ => edit(word, key, chord),
            }
            self.overlay = Some(Overlay::Faults(faults));
            return None;
        }
        let letter = chord.text().and_then(|c| COMMON.iter().find(|(letter, ..)| *letter == c));
        let chosen = if action == Some(Action::Open) { COMMON.get(faults.at) } else { letter };
        if let Some((_, word, _)) = chosen {
            self.overlay = back();
            return self.set_fault(word.parse().ok());
        }
        let models = self.chain.len().max(1);
        match action {
            Some(Action::Back) => {
                self.overlay = back();
                return None;
            }
            Some(Action::Heal) => {
                self.overlay = back();
                return self.set_fault(None);
            }
            Some(Action::TypeFault) => faults.typing = Some(String::new()),
            Some(Action::PrevModel) => self.link = (self.link + models - 1) % models,
            Some(Action::NextModel) => self.link = (self.link + 1) % models,
            other => faults.at = travel(faults.at, COMMON.len(), other),
        }
        self.overlay = Some(Overlay::Faults(faults));
        None
    }

    fn set_fault(&mut self, fault: Option<Fault>) -> Option<Command> {
        let link = self.chain.get_mut(self.link)?;
        link.fault.clone_from(&fault);
        let model = link.model.clone();
        let key = |action| self.keymap.key(action).map_or_else(String::new, |key| key.to_string());
        let (send, heal) = (key(Action::Send), key(Action::Faults));
        self.notice = Some(match &fault {
            Some(fault) => format!("{model} now fails: {fault}. {send} sends, {heal} heals."),
            None => format!("{model} is healthy again."),
        });
        Some(Command::SetFault { model, fault })
    }

    fn chain_key(&mut self, action: Option<Action>) -> Option<Command> {
        self.overlay = Some(Overlay::Chain);
        let last = self.chain.len().saturating_sub(1);
        self.link = self.link.min(last);
        match action {
            Some(Action::Back) => {
                self.overlay = None;
                self.link = 0;
            }
            Some(action @ (Action::Add | Action::Settings)) => return self.act(action),
            Some(Action::Faults) => {
                self.overlay = Some(Overlay::Faults(FaultPicker { from_chain: true, ..FaultPicker::default() }));
            }
            Some(Action::Remove) if !self.chain.is_empty() => {
                let removed = self.chain.remove(self.link);
                self.link = self.link.min(self.chain.len().saturating_sub(1));
                if removed.fault.is_some() {
                    return Some(Command::SetFault { model: removed.model, fault: None });
                }
            }
            Some(Action::MoveUp) if self.link > 0 => {
                self.chain.swap(self.link, self.link - 1);
                self.link -= 1;
            }
            Some(Action::MoveDown) if self.link < last => {
                self.chain.swap(self.link, self.link + 1);
                self.link += 1;
            }
            Some(Action::Variant) => return self.next_variant(),
            Some(Action::Mode) => self.policy.failover = self.policy.failover.next(),
            Some(Action::Hedge) => self.policy.hedge = !self.policy.hedge,
            other => self.link = travel(self.link, self.chain.len(), other),
        }
        None
    }

    /// The next variant of the chosen model's name. A fault set on it goes along.
    fn next_variant(&mut self) -> Option<Command> {
        let link = self.chain.get(self.link)?;
        let (name, variant) = link.model.split_once(':').unwrap_or((&link.model, ""));
        let at = VARIANTS.iter().position(|other| *other == variant).unwrap_or(0);
        let model = match VARIANTS[(at + 1) % VARIANTS.len()] {
            "" => name.to_owned(),
            variant => format!("{name}:{variant}"),
        };
        if self.chain.iter().any(|link| link.model == model) {
            self.notice = Some(format!("{model} is in the chain already."));
            return None;
        }
        let old = std::mem::replace(&mut self.chain[self.link], ChainEntry::new(model));
        old.fault.map(|_| Command::SetFault { model: old.model, fault: None })
    }

    fn finder_key(
        &mut self,
        mut finder: Finder,
        key: KeyEvent,
        chord: Chord,
        action: Option<Action>,
    ) -> Option<Command> {
        match action {
            Some(Action::Back) => {
                self.overlay = match finder.sought {
                    FinderKind::Models => Some(Overlay::Chain),
                    FinderKind::CompareSet => Some(Overlay::CompareSet(0)),
                    FinderKind::Runs => Some(Overlay::History(0)),
                    _ => None,
                }
            }
            Some(Action::Open) => match finder.choice() {
                Some(choice) => return self.choose(choice),
                None => self.overlay = Some(Overlay::Finder(finder)),
            },
            Some(Action::Up) => {
                finder.by(-1);
                self.overlay = Some(Overlay::Finder(finder));
            }
            Some(Action::Down) => {
                finder.by(1);
                self.overlay = Some(Overlay::Finder(finder));
            }
            _ => {
                match (key.code, chord.text()) {
                    (KeyCode::Backspace, _) => finder.pop(),
                    (KeyCode::Char('u'), _) if key.modifiers == KeyModifiers::CONTROL => finder.wipe(),
                    (_, Some(c)) => finder.push(c.encode_utf8(&mut [0; 4])),
                    _ => {}
                }
                self.overlay = Some(Overlay::Finder(finder));
            }
        }
        None
    }

    fn choose(&mut self, choice: FinderChoice) -> Option<Command> {
        match choice {
            FinderChoice::Act(action) => return self.act(action),
            FinderChoice::Model(slug) => {
                if self.chain.iter().any(|link| link.model == slug) {
                    self.notice = Some(format!("{slug} is in the chain already."));
                } else {
                    self.chain.push(ChainEntry::new(slug));
                    self.link = self.chain.len() - 1;
                }
                self.overlay = Some(Overlay::Chain);
            }
            FinderChoice::CompareEntry(written) => {
                self.rivals.add(&written, &self.chain);
                let last = self.rivals.all(&self.chain).len().saturating_sub(1);
                self.overlay = Some(Overlay::CompareSet(last));
            }
            FinderChoice::Inputs(i) => {
                self.recalled = Some(i);
                let values = self.sent[i].clone();
                self.prompt.show(&values);
            }
            FinderChoice::Run(at) => self.overlay = Some(Overlay::History(at)),
            FinderChoice::Text(text) => {
                self.find = Some(text);
                self.find_next(true);
            }
        }
        None
    }

    fn health_key(&mut self, at: usize, action: Option<Action>) -> Option<Command> {
        let at = travel(at, self.board.rows.len(), action);
        if action != Some(Action::Back) {
            self.overlay = Some(Overlay::Health(at));
        }
        if action == Some(Action::ResetBreaker) {
            let name = self.board.rows.get(at)?.scope.name.to_string();
            self.board.reset(&name);
            self.notice = Some(format!("The breaker of {name} is closed."));
            return Some(Command::ResetBreaker(name));
        }
        None
    }

    fn history_key(&mut self, at: usize, action: Option<Action>) -> Option<Command> {
        let at = travel(at, self.past.len(), action);
        match action {
            Some(Action::Back) => {}
            Some(Action::SearchRuns) => self.overlay = Some(Overlay::Finder(Finder::runs(&self.past))),
            Some(Action::Replay) => return self.replay(at),
            Some(Action::Pin) => self.look_before_pinning(at),
            Some(Action::Open | Action::Rerun) => {
                if self.busy() {
                    self.notice = Some("A run is going on: Esc cancels it.".to_owned());
                    return None;
                }
                let run = history::chosen(&self.past, at)?.clone();
                if let Some(setup) = &run.setup {
                    self.module = setup.module;
                    self.adapter = setup.adapter;
                    self.use_signature(setup.signature.clone(), self.demos_of(&setup.signature));
                    self.prompt.show(&setup.inputs);
                }
                if action == Some(Action::Rerun) {
                    return self.act(Action::Send);
                }
                self.put_away();
                self.run = Some(ShownRun { transcript: run, began: Duration::ZERO, past: true, replay: false });
            }
            _ => self.overlay = Some(Overlay::History(at)),
        }
        None
    }
}

/// A choice among `lines`, moved.
pub(super) fn travel(at: usize, lines: usize, action: Option<Action>) -> usize {
    let last = lines.saturating_sub(1);
    match action {
        Some(Action::Up) => at.saturating_sub(1),
        Some(Action::Down) => (at + 1).min(last),
        Some(Action::PageUp) => at.saturating_sub(10),
        Some(Action::PageDown) => (at + 10).min(last),
        Some(Action::Top) => 0,
        Some(Action::End) => last,
        _ => at.min(last),
    }
}

pub(super) fn travel_sheet(sheet: &mut TextPopup, action: Option<Action>, rows: usize) {
    let page = isize::try_from(rows).unwrap_or(1);
    let by = match action {
        Some(Action::Up) => -1,
        Some(Action::Down) => 1,
        Some(Action::PageUp) => -page,
        Some(Action::PageDown) => page,
        Some(Action::Top) => isize::MIN / 2,
        Some(Action::End) => isize::MAX / 2,
        _ => 0,
    };
    sheet.by(by, rows);
}

/// One line of typing.
fn edit(text: &mut String, key: KeyEvent, chord: Chord) {
    match (key.code, chord.text()) {
        (KeyCode::Backspace, _) => drop(text.pop()),
        (KeyCode::Char('u'), _) if key.modifiers == KeyModifiers::CONTROL => text.clear(),
        (_, Some(c)) => text.push(c),
        _ => {}
    }
}
