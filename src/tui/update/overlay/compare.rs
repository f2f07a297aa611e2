//! A comparison: its start, its keys and its reports.

use crate::failover::Route;
use crate::report::Report;
use crate::spec::RunSpec;
use crate::tui::effect::{ChainEntry, Effect};
use crate::tui::keymap::Action;
use crate::tui::keymap::action::{CompareAction, OverlayAction, ProgramAction};
use crate::tui::state::app::App;
use crate::tui::state::overlay::Overlay;
use crate::tui::state::overlay::compare::{Comparison, body_height};
use std::time::Duration;

impl App {
    /// Sends the inputs of the prompt to each selected model and chain.
    pub(in crate::tui::update) fn compare(&mut self) -> Option<Effect> {
        let candidates = self.compare_set.selected(&self.next.chain);
        if candidates.len() < 2 {
            self.notice = Some("A comparison needs two models: select them here, or add one.".to_owned());
            self.overlay = Some(Overlay::CompareSet(0));
            return None;
        }
        let spec = self.ready_spec()?;
        self.runs.comparisons += 1;
        let compare = Comparison::new(self.runs.comparisons, candidates);
        let routes = |chain: &[ChainEntry]| chain.iter().map(|entry| Route::new(&entry.model, "")).collect();
        let specs =
            compare.columns.iter().map(|column| RunSpec { chain: routes(&column.chain), ..spec.clone() }).collect();
        self.overlay = Some(Overlay::Compare(compare));
        Some(Effect::Compare { number: self.runs.comparisons, specs })
    }

    /// Carries out an action in a comparison. Leaving it cancels its runs.
    pub(in crate::tui::update) fn compare_key(&mut self, action: Option<Action>) -> Option<Effect> {
        let layout = self.screen.layout;
        let page = body_height(&layout);
        let Some(Overlay::Compare(compare)) = &mut self.overlay else { return None };
        match action {
            Some(Action::Program(ProgramAction::Suspend)) => return Some(Effect::Suspend),
            Some(Action::Program(ProgramAction::Quit)) => return Some(Effect::Quit),
            Some(Action::Overlay(OverlayAction::Close) | Action::Program(ProgramAction::Interrupt)) => {
                return self.leave_comparison();
            }
            Some(Action::Compare(CompareAction::RunAgain)) if compare.running() => {
                self.notice = Some("The comparison is still running.".to_owned());
            }
            Some(Action::Compare(CompareAction::RunAgain)) => {
                self.leave_comparison();
                return self.compare();
            }
            Some(Action::Compare(CompareAction::ChooseModels)) => {
                let effect = self.leave_comparison();
                self.overlay = Some(Overlay::CompareSet(0));
                return effect;
            }
            Some(Action::Move(to)) => compare.scroll_by(to.rows(page), &layout),
            Some(Action::Compare(CompareAction::PrevColumn)) => compare.scroll_columns(-1, &layout),
            Some(Action::Compare(CompareAction::NextColumn)) => compare.scroll_columns(1, &layout),
            Some(Action::Program(ProgramAction::Help)) => {
                self.notice = Some("The keys are at the bottom; Esc leaves the comparison.".to_owned());
            }
            _ => {}
        }
        None
    }

    fn leave_comparison(&mut self) -> Option<Effect> {
        let Some(Overlay::Compare(compare)) = self.overlay.take() else { return None };
        let live = compare.running();
        let ended = compare.columns.into_iter().map(|column| column.transcript).filter(|run| run.finished.is_some());
        self.runs.keep_past(ended);
        live.then_some(Effect::Cancel)
    }

    pub(in crate::tui::update) fn on_compare_report(
        &mut self,
        now: Duration,
        number: u64,
        column: usize,
        report: &Report,
    ) {
        self.health.apply(now, report);
        if let Some(Overlay::Compare(compare)) = &mut self.overlay
            && compare.number == number
        {
            compare.apply(now, column, report);
        }
    }
}
