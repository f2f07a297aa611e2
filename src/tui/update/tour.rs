//! The guided tour: its start, its steps and its end.

use crate::transcript::TrafficWatch;
use crate::tui::effect::{ChainEntry, Effect};
use crate::tui::layout::Pane;
use crate::tui::state::app::App;
use crate::tui::state::conversation::Conversation;
use crate::tui::state::overlay::Overlay;
use crate::tui::state::tour::{SavedState, Tour, built_in, parse_keys};
use std::collections::VecDeque;

impl App {
    /// Starts the tour, only on the simulator: it sets faults and sends requests.
    pub fn begin_tour(&mut self) -> Option<Effect> {
        if !self.server.simulated {
            self.notice = Some(
                "The tour runs on the simulator, never with your key: run `switchover tour` in a shell.".to_owned(),
            );
            return None;
        }
        if self.refuses_while_busy() {
            return None;
        }
        self.clear_faults();
        let plan = built_in();
        let before = SavedState {
            prompt: self.prompt.clone(),
            sent: std::mem::take(&mut self.sent),
            next: self.next.clone(),
            keymap: std::mem::take(&mut self.keymap),
            compare_set: std::mem::take(&mut self.compare_set),
        };
        self.next.demos = Vec::new();
        self.next.conversation = Conversation::default();
        self.next.chain = plan.chain.iter().map(ChainEntry::new).collect();
        self.next.selected = 0;
        self.next.module = plan.module;
        self.overlay = None;
        self.screen.full = false;
        self.log.timeline = false;
        if let Ok(signature) = plan.signature.parse() {
            self.use_signature(signature, Vec::new());
        }
        self.prompt.clear();
        self.focus(Pane::Prompt);
        self.traffic.watch = TrafficWatch::Nothing;
        let first = plan.steps.first().map(|step| step.keys.clone()).unwrap_or_default();
        let keys = parse_keys(&first).unwrap_or_default();
        self.tour = Some(Tour { plan, current: 0, keys, before });
        Some(Effect::ClearAllFaults)
    }

    /// Starts the next step, if all keys of this one are pressed. Ends the tour after the last step.
    pub(super) fn next_step(&mut self) -> Option<Effect> {
        let tour = self.tour.as_mut()?;
        if tour.has_keys() {
            return None;
        }
        tour.current += 1;
        match tour.plan.steps.get(tour.current).map(|step| parse_keys(&step.keys).unwrap_or_else(|_| VecDeque::new())) {
            Some(keys) => {
                tour.keys = keys;
                None
            }
            None => self.leave_tour(),
        }
    }

    /// Presses the next key of the step, unless a run is in progress.
    pub(super) fn press_for_tour(&mut self) -> Option<Effect> {
        let comparing = matches!(&self.overlay, Some(Overlay::Compare(compare)) if compare.running());
        if self.busy() || comparing {
            return None;
        }
        let key = self.tour.as_mut()?.keys.pop_front()?;
        self.press(key.event())
    }

    /// Ends the tour: restores the user's state and clears all faults.
    pub(super) fn leave_tour(&mut self) -> Option<Effect> {
        let tour = self.tour.take()?;
        self.overlay = None;
        self.log.timeline = false;
        self.clear_faults();
        self.keymap = tour.before.keymap;
        self.compare_set = tour.before.compare_set;
        self.next = tour.before.next;
        self.next.selected = 0;
        (self.prompt, self.sent) = (tour.before.prompt, tour.before.sent);
        self.focus(Pane::Prompt);
        self.notice = Some("The tour is over, and its faults are cleared. Alt+T starts it again.".to_owned());
        Some(Effect::ClearAllFaults)
    }
}
