//! The gateway: its start, what its requests report, and the list of them.

use crate::text::clean_line;
use crate::transcript::{TrafficRow, TrafficUpdate, TrafficWatch, Transcript, WatchedPart, without_marker};
use crate::tui::effect::Effect;
use crate::tui::keymap::action::TrafficAction;
use crate::tui::layout::Pane;
use crate::tui::state::app::App;
use crate::tui::state::overlay::history::RunUse;
use crate::tui::state::runs::{RunSource, ShownRun};
use crate::tui::state::traffic::GatewayState;
use std::time::Duration;

impl App {
    /// Starts the gateway; once it listens, changes between its requests and the prompt.
    pub(super) fn gateway(&mut self) -> Option<Effect> {
        match self.traffic.gateway {
            GatewayState::Off => {
                self.traffic.gateway = GatewayState::Starting;
                return Some(Effect::StartGateway);
            }
            GatewayState::Starting => {}
            GatewayState::On(_) if self.screen.focus == Pane::Traffic => self.focus(Pane::Prompt),
            GatewayState::On(_) => self.focus(Pane::Traffic),
        }
        None
    }

    pub(super) fn focus_traffic(&mut self) {
        if self.traffic.address().is_some() {
            self.focus(Pane::Traffic);
        } else {
            self.notice = Some("There is no gateway; Alt+G starts it.".to_owned());
        }
    }

    /// The gateway listens, or why it does not.
    pub(super) fn on_gateway(&mut self, listening: Result<String, String>) {
        match listening {
            Ok(address) => {
                self.traffic.listen(address);
                if self.busy() {
                    self.traffic.watch = TrafficWatch::Nothing;
                }
                if self.tour.is_none() {
                    self.focus(Pane::Traffic);
                }
            }
            Err(why) => {
                self.traffic.gateway = GatewayState::Off;
                self.notice = Some(format!("No gateway: {why}"));
            }
        }
    }

    pub(super) fn traffic_action(&mut self, action: TrafficAction) -> Option<Effect> {
        let run = self.traffic.selected_row().map(|row| row.run);
        match action {
            TrafficAction::Follow => {
                if !self.refuses_while_busy() {
                    self.traffic.toggle_follow();
                }
            }
            TrafficAction::Replay if self.traffic.selected_row().is_some_and(TrafficRow::is_refused) => {
                self.notice = Some("The gateway refused this request: no model was asked.".to_owned());
            }
            TrafficAction::Replay => return self.replay_run(run?),
            TrafficAction::RunAgain => {
                let shown = self.transcript().filter(|shown| shown.run == run).cloned();
                return self.use_run(RunUse::RunAgain, shown?);
            }
        }
        None
    }

    /// Chooses the request `lines` lines below the selected one, and shows it.
    pub(super) fn choose_request(&mut self, lines: isize) {
        if !self.refuses_while_busy() {
            self.traffic.move_by(lines);
        }
    }

    /// Applies what has changed of the requests.
    pub(super) fn on_traffic(&mut self, now: Duration, update: TrafficUpdate) {
        self.traffic.apply(now, &update);
        if self.traffic.is_notice_read(now, self.notice.as_deref()) {
            self.notice = None;
        }
        self.health.absorb(&update.health, |at| self.traffic.screen_time(at));
        self.runs.add_cost(update.spend);
        if let Some(part) = update.watched {
            self.on_watched(now, part);
        }
    }

    fn on_watched(&mut self, now: Duration, part: WatchedPart) {
        let is_wanted = match self.traffic.watch {
            TrafficWatch::Nothing => false,
            TrafficWatch::Newest => true,
            TrafficWatch::Run(run) => run == part.run,
        };
        if !is_wanted || self.busy() {
            return;
        }
        if let Some(whole) = part.whole {
            self.show_request(part.run, *whole, RunSource::Traffic, now.saturating_sub(part.age));
        }
        let shown = self.runs.shown.as_mut().filter(|shown| shown.source == RunSource::Traffic);
        let Some(shown) = shown.filter(|_| self.traffic.selected == Some(part.run)) else { return };
        part.reports.iter().for_each(|report| shown.transcript.apply(report));
        self.note_message();
    }

    /// The selected request, as the history has it.
    pub(super) fn on_watched_run(&mut self, run: Result<Transcript, String>) {
        let TrafficWatch::Run(wanted) = self.traffic.watch else { return };
        let refusal = self.traffic.selected_row().filter(|row| row.run == wanted).and_then(TrafficRow::refusal);
        match refusal.map_or(run, Ok) {
            Ok(run) if run.run == Some(wanted) && !self.busy() => {
                self.show_request(wanted, run, RunSource::History, Duration::ZERO);
                self.note_message();
            }
            Ok(_) => {}
            Err(why) => self.notice = Some(why),
        }
    }

    fn show_request(&mut self, run: u64, transcript: Transcript, source: RunSource, began: Duration) {
        self.runs.close_shown();
        self.log.selected = None;
        self.answer.page.scroll.to_end();
        self.traffic.selected = Some(run);
        self.traffic.message = None;
        self.runs.shown = Some(ShownRun { transcript, began, source });
    }

    /// Notes what the shown request asks, once that is known.
    fn note_message(&mut self) {
        if self.traffic.message.is_none() {
            let spec = self.transcript().and_then(|run| run.spec.clone());
            let asked = spec.map(|spec| spec.task.asked());
            let text =
                asked.and_then(|asked| asked.values().next().and_then(|value| value.as_str().map(str::to_owned)));
            self.traffic.message = text.map(|text| clean_line(without_marker(&text), MESSAGE));
        }
    }
}

/// The most characters of a request's message that the list shows.
const MESSAGE: usize = 400;
