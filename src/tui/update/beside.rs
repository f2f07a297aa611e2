//! Runs that are not the screen's own: comparisons and replays.

use crate::report::{Report, Seen, What};
use crate::transcript::Transcript;
use crate::tui::app::{App, Run};
use crate::tui::command::{Ask, Command};
use crate::tui::keymap::Action;
use crate::tui::overlay::compare::{Compare, MOST};
use crate::tui::overlay::{Overlay, history};
use std::time::Duration;

impl App {
    /// Puts what stands in the prompt to each model of the chain alone.
    pub(super) fn compare(&mut self) -> Option<Command> {
        if self.chain.len() < 2 {
            self.notice = Some("A comparison needs two models: Ctrl+L adds one.".to_owned());
            return None;
        }
        let ask = self.asked()?;
        self.comparisons += 1;
        let compare = Compare::new(self.comparisons, &self.chain);
        if self.chain.len() > MOST {
            self.notice = Some(format!("Only the first {MOST} models of the chain are compared."));
        }
        let alone = |link: &crate::tui::Link| Ask { chain: vec![link.clone()], ..ask.clone() };
        let asks = compare.columns.iter().map(|column| alone(&column.link)).collect();
        self.overlay = Some(Overlay::Compare(compare));
        Some(Command::Compare { number: self.comparisons, asks })
    }

    /// A key while a comparison stands. What leaves it also ends its runs.
    pub(super) fn compare_key(&mut self, action: Option<Action>) -> Option<Command> {
        let page = usize::from(self.layout.body.height.saturating_sub(3)).max(1);
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
            Some(Action::Up) => compare.top = compare.top.saturating_sub(1),
            Some(Action::Down) => compare.top += 1,
            Some(Action::PageUp) => compare.top = compare.top.saturating_sub(page),
            Some(Action::PageDown) => compare.top += page,
            Some(Action::Top) => compare.top = 0,
            Some(Action::Help) => self.notice = Some("The keys stand below; Esc leaves the comparison.".to_owned()),
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
        self.board.hear(now, report);
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
            self.run = Some(Run { transcript: Transcript::default(), began, past: false, replay: true });
        }
        if let What::Seen(Seen::Begun(job)) = &report.what {
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
