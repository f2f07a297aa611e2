//! Actions of panes: the focus, scrolling and sizes.

use crate::tui::keymap::action::{AnswerAction, LogAction, Move, PaneAction};
use crate::tui::layout::Pane;
use crate::tui::state::Direction;
use crate::tui::state::app::App;
use crate::tui::state::log::attempt_of;
use crate::tui::state::overlay::Overlay;
use crate::tui::state::overlay::attempt::AttemptPopup;
use crate::tui::state::overlay::finder::Finder;

impl App {
    pub(super) fn pane(&mut self, action: PaneAction) {
        match action {
            PaneAction::Fullscreen => self.screen.full = !self.screen.full,
            PaneAction::Narrower => self.screen.sizes = self.screen.sizes.resized(self.screen.focus, -1),
            PaneAction::Wider => self.screen.sizes = self.screen.sizes.resized(self.screen.focus, 1),
            PaneAction::GoToPrompt => self.focus(Pane::Prompt),
            PaneAction::GoToSignatures => self.focus(Pane::Signatures),
            PaneAction::GoToAnswer => self.focus(Pane::Answer),
            PaneAction::GoToLog => self.focus(Pane::Log),
            PaneAction::GoToTraffic => self.focus_traffic(),
        }
    }

    pub(super) fn answer(&mut self, action: AnswerAction) {
        match action {
            AnswerAction::Find => self.overlay = Some(Overlay::Finder(Finder::text())),
            AnswerAction::NextMatch => self.find_next(Direction::Forward),
            AnswerAction::PrevMatch => self.find_next(Direction::Back),
        }
    }

    pub(super) fn log(&mut self, action: LogAction) {
        match action {
            LogAction::OpenAttempt => {
                let id = self.transcript().and_then(|run| attempt_of(run, self.log.selected_index()));
                self.overlay = id.map(|id| Overlay::Attempt(AttemptPopup::new(id)));
            }
        }
    }

    /// Moves the focus through the fields of the prompt, then through the panes.
    pub(super) fn focus_next(&mut self, direction: Direction) {
        let last_field = self.prompt.inputs.len() - 1;
        let field = match direction {
            Direction::Forward => self.prompt.focused.checked_add(1).filter(|index| *index <= last_field),
            Direction::Back => self.prompt.focused.checked_sub(1),
        };
        if let (Pane::Prompt, Some(field)) = (self.screen.focus, field) {
            self.prompt.focused = field;
            return;
        }
        let panes = self.panes();
        let index = panes.iter().position(|pane| *pane == self.screen.focus).unwrap_or(0);
        let (by, field) = match direction {
            Direction::Forward => (1, 0),
            Direction::Back => (panes.len() - 1, last_field),
        };
        let to = panes[(index + by) % panes.len()];
        if to == Pane::Prompt {
            self.prompt.focused = field;
        }
        self.focus(to);
    }

    /// Scrolls or moves the selection in the focused pane.
    pub(super) fn move_in_pane(&mut self, to: Move) {
        let page = usize::from(self.text_area(self.screen.focus).height.saturating_sub(1).max(1));
        match (to, self.screen.focus) {
            (Move::Top, Pane::Answer) => self.answer.page.scroll.to_top(),
            (Move::End, Pane::Answer) => self.answer.page.scroll.to_end(),
            (Move::Top, Pane::Log) => self.log.selected = Some(0),
            (Move::End, Pane::Log) => self.log.selected = None,
            (Move::Top | Move::End, Pane::Signatures) => self.signatures.move_by(to.rows(page)),
            _ => self.scroll(to.rows(page)),
        }
    }

    /// Scrolls the focused pane by rows, or moves its selection. In the log it moves by one entry.
    pub(super) fn scroll(&mut self, rows: isize) {
        match self.screen.focus {
            Pane::Log => self.log.move_by(rows.signum()),
            Pane::Signatures => self.signatures.move_by(rows),
            Pane::Traffic => self.choose_request(rows),
            Pane::Prompt | Pane::Answer => {
                let height = usize::from(self.text_area(Pane::Answer).height).max(1);
                let heights = self.answer.page.heights().to_vec();
                self.answer.page.scroll.move_by(rows, &heights, height);
            }
        }
    }

    /// Scrolls to the next match of the searched text in the answer, or to the previous one.
    pub(super) fn find_next(&mut self, direction: Direction) {
        let Some(text) = self.answer.find.clone() else { return };
        let height = usize::from(self.text_area(Pane::Answer).height);
        let top = self.answer.page.scroll.top(self.answer.page.heights(), height);
        match self.runs.shown.as_ref().and_then(|run| self.answer.page.find(&run.transcript, &text, top, direction)) {
            Some(row) => {
                let heights = self.answer.page.heights().to_vec();
                self.answer.page.scroll.move_to(row, &heights, height);
            }
            None => self.notice = Some(format!("{text:?} is not in the answer.")),
        }
    }
}
