//! Replays of recorded runs.

use crate::report::{Observation, Report, ReportKind};
use crate::transcript::TrafficWatch;
use crate::tui::effect::Effect;
use crate::tui::state::app::App;
use crate::tui::state::runs::{RunSource, ShownRun};
use std::time::Duration;

impl App {
    /// Replays the run on a line of the history.
    pub(super) fn replay(&mut self, line: usize) -> Option<Effect> {
        let number = self.runs.list.rows.get(line)?.run;
        self.replay_run(number)
    }

    /// Replays the run with this id.
    pub(super) fn replay_run(&mut self, number: u64) -> Option<Effect> {
        if self.refuses_while_busy() {
            return None;
        }
        self.traffic.watch = TrafficWatch::Nothing;
        self.runs.close_shown();
        self.runs.replaying = Some(number);
        self.runs.awaiting = true;
        Some(Effect::Replay(number))
    }

    /// Applies a report of the replay. It does not change the health board, which is about this session.
    pub(super) fn on_replay_report(&mut self, now: Duration, report: Option<&Report>) {
        let Some(report) = report else { return self.end_replay() };
        if self.runs.replaying != Some(report.run) {
            return;
        }
        self.runs.awaiting = false;
        if !self.runs.shown.as_ref().is_some_and(|run| run.is_replay() && run.transcript.run == Some(report.run)) {
            self.log.selected = None;
            self.answer.page.scroll.to_end();
            let began = now.saturating_sub(report.at);
            self.runs.shown = Some(ShownRun::new(RunSource::Replay, began));
        }
        if let ReportKind::Observation(Observation::Begun(spec)) = &report.what
            && let Some(task) = spec.task.signature()
        {
            self.put_aside();
            self.bring_back(task, task.demos.clone());
        }
        if let Some(run) = &mut self.runs.shown {
            run.transcript.apply(report);
        }
    }

    /// Ends the replay. What it has shown stays on the screen.
    pub(super) fn end_replay(&mut self) {
        if self.runs.replaying.take().is_some() {
            self.runs.awaiting = false;
            if let Some(run) = self.runs.shown.as_mut().filter(|run| run.source == RunSource::Replay) {
                run.source = RunSource::EndedReplay;
            }
        }
    }
}
