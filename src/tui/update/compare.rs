//! Runs that are not the screen's own: comparisons and replays.

use super::overlay::travel;
use crate::report::{Observation, Report, ReportKind};
use crate::transcript::Transcript;
use crate::tui::command::{Ask, Command};
use crate::tui::keymap::Action;
use crate::tui::state::app::{App, ShownRun};
use crate::tui::state::overlay::compare::{Comparison, MOST, body};
use crate::tui::state::overlay::finder::Finder;
use crate::tui::state::overlay::{Overlay, history};
use std::time::Duration;

impl App {
    /// Puts what stands in the prompt to each of the models and chains that are chosen for it.
    pub(super) fn compare(&mut self) -> Option<Command> {
        let rivals = self.rivals.chosen(&self.chain);
        if rivals.len() < 2 {
            self.notice = Some("A comparison needs two: choose them here, or add one.".to_owned());
            self.overlay = Some(Overlay::CompareSet(0));
            return None;
        }
        let ask = self.asked()?;
        self.comparisons += 1;
        let compare = Comparison::new(self.comparisons, rivals);
        let asks = compare.columns.iter().map(|column| Ask { chain: column.chain.clone(), ..ask.clone() }).collect();
        self.overlay = Some(Overlay::Compare(compare));
        Some(Command::Compare { number: self.comparisons, asks })
    }

    /// A key while a comparison stands. What leaves it also ends its runs.
    pub(super) fn compare_key(&mut self, action: Option<Action>) -> Option<Command> {
        let layout = self.layout;
        let page = isize::try_from(body(&layout)).unwrap_or(1);
        let Some(Overlay::Compare(compare)) = &mut self.overlay else { return None };
        match action {
            Some(Action::Suspend) => return Some(Command::Suspend),
            Some(Action::Quit) => return Some(Command::Quit),
            Some(Action::Back | Action::Interrupt) => return self.leave_comparison(),
            Some(Action::Rerun) if compare.live() => self.notice = Some("It is still going on.".to_owned()),
            Some(Action::Rerun) => {
                self.leave_comparison();
                return self.compare();
            }
            Some(Action::Rivals) => {
                let command = self.leave_comparison();
                self.overlay = Some(Overlay::CompareSet(0));
                return command;
            }
            Some(Action::Up) => compare.by(-1, &layout),
            Some(Action::Down) => compare.by(1, &layout),
            Some(Action::PageUp) => compare.by(-page, &layout),
            Some(Action::PageDown) => compare.by(page, &layout),
            Some(Action::Top) => compare.by(isize::MIN / 2, &layout),
            Some(Action::End) => compare.by(isize::MAX / 2, &layout),
            Some(Action::PrevModel) => compare.turn(-1, &layout),
            Some(Action::NextModel) => compare.turn(1, &layout),
            Some(Action::Help) => self.notice = Some("The keys stand below; Esc leaves the comparison.".to_owned()),
            _ => {}
        }
        None
    }

    /// A key where it is chosen who is compared.
    pub(super) fn rivals_key(&mut self, at: usize, action: Option<Action>) -> Option<Command> {
        let all = self.rivals.all(&self.chain);
        let at = travel(at, all.len(), action);
        self.overlay = Some(Overlay::CompareSet(at));
        match action {
            Some(Action::Back) => self.overlay = None,
            Some(Action::Add) => self.overlay = Some(Overlay::Finder(Finder::rivals(&self.models))),
            Some(Action::Choose) => {
                let chosen = all.get(at).is_none_or(|rival| self.rivals.toggle(rival, &self.chain));
                if !chosen {
                    self.notice = Some(format!("No more than {MOST} stand side by side: take one back first."));
                }
            }
            Some(Action::Remove) => {
                let removed = all.get(at).is_some_and(|rival| self.rivals.remove(rival));
                if !removed {
                    self.notice = Some("It is of the chain: Ctrl+L changes that.".to_owned());
                }
            }
            Some(Action::Open) => {
                self.overlay = None;
                return self.compare();
            }
            _ => {}
        }
        None
    }

    fn leave_comparison(&mut self) -> Option<Command> {
        let Some(Overlay::Compare(compare)) = self.overlay.take() else { return None };
        let live = compare.live();
        let ended = compare.columns.into_iter().map(|column| column.transcript).filter(|run| run.finished.is_some());
        self.past.extend(ended);
        live.then_some(Command::Cancel)
    }

    pub(super) fn hear_compared(&mut self, now: Duration, number: u64, column: usize, report: &Report) {
        self.board.apply(now, report);
        if let Some(Overlay::Compare(compare)) = &mut self.overlay
            && compare.number == number
        {
            compare.hear(now, column, report);
        }
    }

    /// Plays the run on a line of the history again.
    pub(super) fn replay(&mut self, at: usize) -> Option<Command> {
        if self.busy() {
            self.notice = Some("A run is going on: Esc cancels it.".to_owned());
            return None;
        }
        let number = history::chosen(&self.past, at)?.run?;
        self.put_away();
        self.replaying = Some(number);
        self.awaiting = true;
        Some(Command::Replay(number))
    }

    /// Takes a report of the replay in. It tells nothing of how the models fare now.
    pub(super) fn hear_replayed(&mut self, now: Duration, report: Option<&Report>) {
        let Some(report) = report else { return self.end_replay() };
        if self.replaying != Some(report.run) {
            return;
        }
        self.awaiting = false;
        if !self.run.as_ref().is_some_and(|run| run.replay && run.transcript.run == Some(report.run)) {
            self.log.at = None;
            self.page.scroll.to_end();
            let began = now.saturating_sub(report.at);
            self.run = Some(ShownRun { transcript: Transcript::default(), began, past: false, replay: true });
        }
        if let ReportKind::Observation(Observation::Begun(job)) = &report.what {
            self.module = job.module;
            self.adapter = job.adapter;
            self.use_signature(job.signature.clone(), job.demos.clone());
            self.prompt.show(&job.inputs);
        }
        if let Some(run) = &mut self.run {
            run.transcript.apply(report);
        }
    }

    /// What has been played stays on the screen, and nothing more comes.
    pub(super) fn end_replay(&mut self) {
        if self.replaying.take().is_some() {
            self.awaiting = false;
            if let Some(run) = self.run.as_mut().filter(|run| run.replay) {
                run.past = true;
            }
        }
    }
}
