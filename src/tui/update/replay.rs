//! A kept run that is played again.

use crate::report::{Observation, Report, ReportKind};
use crate::spec::Task;
use crate::transcript::Transcript;
use crate::tui::command::Command;
use crate::tui::state::app::{App, ShownRun};
use crate::tui::state::overlay::history;
use std::time::Duration;

impl App {
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
        if let ReportKind::Observation(Observation::Begun(spec)) = &report.what {
            let Task::Signature(task) = &spec.task;
            self.module = task.module;
            self.adapter = task.adapter;
            self.use_signature(task.signature.clone(), task.demos.clone());
            self.prompt.show(&task.inputs);
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
