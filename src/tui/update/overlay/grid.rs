//! The grid of a file of cases: opening it, its keys, and its finished cells.

use crate::dspy::{Signature, Values};
use crate::eval::{CellResult, Variant};
use crate::failover::Route;
use crate::spec::{RunSpec, Task};
use crate::tui::effect::{ChainEntry, Effect};
use crate::tui::keymap::Action;
use crate::tui::keymap::action::{GridAction, OverlayAction, PlaygroundAction, ProgramAction};
use crate::tui::state::app::App;
use crate::tui::state::grid::{Asking, Grid, OpenedCases};
use crate::tui::state::overlay::Overlay;
use crate::tui::state::overlay::compare::name;
use crate::tui::state::overlay::finder::Finder;
use crate::tui::state::overlay::history::RunUse;
use std::path::PathBuf;
use std::sync::Arc;

impl App {
    /// Opens the grid; without one, asks for a file of cases.
    pub(in crate::tui::update) fn open_grid(&mut self) -> Option<Effect> {
        let Some(grid) = &self.grid else {
            self.ask_for_cases();
            return None;
        };
        self.overlay = Some(Overlay::Grid);
        // What is shown before anything is asked, the highest cost too, is that of the chain of now.
        let is_empty = grid.finished() == 0 && grid.asking == Asking::No;
        let variants = self.grid_variants();
        let path = grid.path.clone();
        (is_empty && grid.variants() != variants).then_some(Effect::OpenCases { path: Some(path), variants })
    }

    /// Asks for a file of cases.
    pub(in crate::tui::update) fn ask_for_cases(&mut self) {
        if self.is_evaluating() {
            self.notice = Some("Cells are being asked: Esc in the grid cancels first.".to_owned());
            return;
        }
        self.overlay = Some(Overlay::Finder(Finder::cases()));
    }

    /// Reads a file of cases; without a path, that of the configuration.
    pub(in crate::tui) fn open_cases(&self, path: Option<PathBuf>) -> Effect {
        Effect::OpenCases { path, variants: self.grid_variants() }
    }

    /// A file of cases was read, or why not. What the screen shows stays then.
    pub(in crate::tui::update) fn on_cases(&mut self, opened: Result<OpenedCases, String>) {
        match opened {
            Ok(_) if self.is_evaluating() => {}
            Ok(opened) => {
                self.grid = Some(Box::new(Grid::new(opened)));
                if self.tour.is_none() {
                    self.overlay = Some(Overlay::Grid);
                }
            }
            Err(why) => self.notice = Some(why),
        }
    }

    /// Applies finished cells.
    pub(in crate::tui::update) fn on_scored(&mut self, cells: Vec<(usize, CellResult)>) {
        let Some(grid) = &mut self.grid else { return };
        let before = grid.spend();
        for (index, cell) in cells {
            grid.set(index, cell);
        }
        let after = grid.spend();
        self.runs.add_cost(after.minus(before));
    }

    /// The cells are asked no more. `why`: before all were asked.
    pub(in crate::tui::update) fn on_evaluated(&mut self, why: Option<String>) {
        let Some(grid) = &mut self.grid else { return };
        grid.end();
        let (finished, cells) = (grid.finished(), grid.cells());
        let again = self.keymap.key(Action::Grid(GridAction::Ask));
        self.notice = Some(match why {
            Some(why) => format!("{why}: {finished} of {cells} are finished; {again} asks the rest."),
            None => format!("All {cells} are finished; {again} asks them again."),
        });
    }

    pub(in crate::tui::update) fn grid_key(&mut self, action: Option<Action>) -> Option<Effect> {
        let page = self.popup_rows().saturating_sub(6).max(1);
        let is_evaluating = self.is_evaluating();
        let Some(grid) = &mut self.grid else {
            self.overlay = None;
            return None;
        };
        match action {
            Some(Action::Overlay(OverlayAction::Close) | Action::Program(ProgramAction::Interrupt))
                if is_evaluating =>
            {
                return self.stop_asking();
            }
            Some(Action::Overlay(OverlayAction::Close) | Action::Grid(GridAction::Leave)) => self.overlay = None,
            Some(Action::Program(action)) => return self.program(action),
            Some(Action::Playground(PlaygroundAction::Faults)) => self.open_faults(),
            Some(Action::Move(to)) => grid.move_by(to.rows(page), 0),
            Some(Action::Grid(GridAction::PrevColumn)) => grid.move_by(0, -1),
            Some(Action::Grid(GridAction::NextColumn)) => grid.move_by(0, 1),
            Some(Action::Grid(GridAction::Order)) => grid.next_order(),
            Some(Action::Grid(GridAction::Open)) => match grid.selected_cell() {
                Some(cell) => return Some(Effect::OpenRun(cell.run, RunUse::Show)),
                None => return self.ask_cells(),
            },
            Some(Action::Grid(GridAction::Ask)) => return self.ask_cells(),
            Some(Action::Grid(GridAction::Pin)) => match grid.selected_cell() {
                Some(cell) if cell.valid && cell.score > 0.0 => {
                    return Some(Effect::OpenRun(cell.run, RunUse::Pin));
                }
                _ => self.notice = Some("Only a finished cell with a score above 0 can be a demo.".to_owned()),
            },
            Some(Action::Grid(GridAction::OtherFile)) => self.ask_for_cases(),
            _ => {}
        }
        None
    }

    /// Cancels what is being asked. Finished cells stay.
    fn stop_asking(&mut self) -> Option<Effect> {
        let grid = self.grid.as_mut()?;
        if grid.asking == Asking::Cancelled {
            return None;
        }
        grid.asking = Asking::Cancelled;
        Some(Effect::StopEvaluation)
    }

    /// Asks the cells that are missing, or all again, with the chain and the settings of now.
    fn ask_cells(&mut self) -> Option<Effect> {
        if self.is_evaluating() {
            self.notice = Some("Cells are being asked; Esc cancels.".to_owned());
            return None;
        }
        if self.next.chain.is_empty() {
            self.notice = Some("The chain is empty: Ctrl+L adds a model.".to_owned());
            return None;
        }
        let variants = self.grid_variants();
        let grid = self.grid.as_mut()?;
        let asks = grid.evaluation().signature().map(Signature::inline);
        if asks.as_deref() != Some(&self.next.signature.inline()) {
            self.notice = Some("The signature is another one now: the cases are read again.".to_owned());
            let path = Some(grid.path.clone());
            return Some(Effect::OpenCases { path, variants });
        }
        grid.use_variants(variants);
        let finished = grid.begin();
        let spent = grid.spend().known;
        Some(Effect::Evaluate { evaluation: Arc::clone(grid.evaluation()), finished, spent })
    }

    /// The variants: the chain, then the models and chains that were chosen for comparisons.
    fn grid_variants(&self) -> Vec<Variant> {
        let mut base = self.spec();
        if let Task::Signature(task) = &mut base.task {
            task.inputs = Values::new();
            task.turns.clear();
        }
        let variant = |chain: &[ChainEntry]| {
            let routes = chain.iter().map(|entry| Route::new(&entry.model, "")).collect();
            Variant { name: name(chain), spec: RunSpec { chain: routes, ..base.clone() } }
        };
        let chain = &self.next.chain;
        let others = self.compare_set.chosen(chain);
        let others = others.iter().filter(|other| name(other) != name(chain));
        std::iter::once(variant(chain)).chain(others.map(|other| variant(other))).collect()
    }
}
