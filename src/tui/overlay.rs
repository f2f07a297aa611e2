//! What can stand over the panes: one at a time.

pub mod attempt;
pub mod chain;
pub mod compare;
pub mod composed;
pub mod demos;
pub mod draft;
pub mod faults;
pub mod finder;
pub mod health;
pub mod history;
pub mod rivals;
pub mod sheet;

use super::app::App;
use super::draw::{boxed, window};
use super::keymap::Context;
use super::theme::Role;
use super::wrap::clip;
use attempt::AttemptSheet;
use compare::Compare;
use draft::Draft;
use faults::Faults;
use finder::Finder;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Clear, Widget};
use sheet::Sheet;
use std::time::Duration;

/// The one overlay.
#[derive(Clone, Debug)]
pub enum Overlay {
    /// All keys.
    Help(Sheet),
    /// What leaves with every attempt, and where it comes from.
    Headers(Sheet),
    /// Faults for a model of the chain.
    Faults(Faults),
    /// The chain; the chosen place is the app's own.
    Chain,
    /// A list narrowed by typing: actions, models, earlier inputs.
    Finder(Finder),
    /// All about one attempt.
    Attempt(AttemptSheet),
    /// How the models have fared; the chosen line.
    Health(usize),
    /// Earlier runs; the chosen line, counted from the latest.
    History(usize),
    /// The answer of the earlier run on that line, before it becomes a demo.
    Pinning(usize, Sheet),
    /// The demos; the chosen line.
    Demos(usize),
    /// The whole of that demo.
    Demo(usize, Sheet),
    /// The request as it would be sent.
    Composed(Sheet),
    /// Something that is edited as text.
    Draft(Box<Draft>),
    /// The same inputs to several models.
    Compare(Compare),
    /// Who is compared; the chosen line.
    Rivals(usize),
    /// Whether to leave while a run is on.
    Leave,
}

impl Overlay {
    /// Where keys mean something while it stands.
    pub fn contexts(&self) -> Vec<Context> {
        match self {
            Self::Help(_) | Self::Attempt(_) | Self::Demo(..) => vec![Context::Overlay],
            Self::Headers(_) | Self::Composed(_) => vec![Context::Editable, Context::Overlay],
            Self::Pinning(..) => vec![Context::Pinning, Context::Overlay],
            Self::Demos(_) => vec![Context::Demos, Context::Overlay],
            Self::Draft(_) => vec![Context::Draft],
            Self::Faults(faults) if faults.typing.is_some() => vec![Context::Search],
            Self::Faults(_) => vec![Context::Faults, Context::List, Context::Overlay],
            Self::Chain => vec![Context::Chain, Context::Overlay],
            Self::Finder(_) => vec![Context::Search],
            Self::Health(_) => vec![Context::Health, Context::Overlay],
            Self::History(_) => vec![Context::History, Context::List, Context::Overlay],
            Self::Compare(_) => vec![Context::Compare, Context::Overlay],
            Self::Rivals(_) => vec![Context::Rivals, Context::Overlay],
            Self::Leave => vec![Context::Leave],
        }
    }
}

/// Draws the overlay, if one stands.
pub fn draw(app: &App, now: Duration, f: &mut Frame<'_>) {
    match &app.overlay {
        None => {}
        Some(Overlay::Help(sheet)) => sheet.draw(app, "keys", f),
        Some(Overlay::Headers(sheet)) => sheet.draw(app, "headers of every attempt", f),
        Some(Overlay::Faults(faults)) => faults::draw(app, faults, f),
        Some(Overlay::Chain) => chain::draw(app, f),
        Some(Overlay::Finder(finder)) => finder::draw(app, finder, f),
        Some(Overlay::Attempt(sheet)) => sheet.draw(app, f),
        Some(Overlay::Health(at)) => health::draw(app, *at, now, f),
        Some(Overlay::History(at)) => history::draw(app, *at, f),
        Some(Overlay::Pinning(_, sheet)) => sheet.draw(app, "a demo of this?", f),
        Some(Overlay::Demos(at)) => demos::draw(app, *at, f),
        Some(Overlay::Demo(at, sheet)) => sheet.draw(app, &format!("demo {}", at + 1), f),
        Some(Overlay::Composed(sheet)) => sheet.draw(app, "the request as it would be sent", f),
        Some(Overlay::Draft(draft)) => draft.draw(app, f),
        Some(Overlay::Compare(compare)) => compare::draw(app, compare, now, f),
        Some(Overlay::Rivals(at)) => rivals::draw(app, *at, f),
        Some(Overlay::Leave) => leave(app, f),
    }
}

/// Clears a place in the middle, draws its border, and gives the room inside.
pub fn open(app: &App, f: &mut Frame<'_>, title: &str, note: &str, width: u16, height: u16) -> Rect {
    let area = app.layout.overlay(width, height);
    Clear.render(area, f.buffer_mut());
    let theme = app.colours();
    boxed(f, area, theme.style(Role::Focus), true, (title, theme.style(Role::Title)), (note, theme.style(Role::Dim)));
    let inside = super::layout::inner(area);
    Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside }
}

/// Draws a list as far as it fits, the chosen line among those shown; `line` writes each.
fn list<'a>(app: &App, f: &mut Frame<'_>, room: Rect, at: usize, lines: usize, line: impl Fn(usize) -> Line<'a>) {
    for (i, y) in window(at, lines, room.height).zip(room.y..room.bottom()) {
        f.buffer_mut().set_line(room.x, y, &line(i), room.width);
        if i == at {
            f.buffer_mut().set_style(Rect { y, height: 1, ..room }, app.colours().style(Role::Selected));
        }
    }
}

/// Draws what stands at the bottom of a room, so many rows up.
fn foot(app: &App, f: &mut Frame<'_>, room: Rect, up: u16, text: &str) {
    let line = Line::styled(clip(text, room.width.into()), app.colours().style(Role::Dim));
    f.buffer_mut().set_line(room.x, room.bottom().saturating_sub(up), &line, room.width);
}

fn leave(app: &App, f: &mut Frame<'_>) {
    let room = open(app, f, "leave?", "", 52, 5);
    let text = "A run is going on. Leaving cancels it and closes its connection. Enter leaves, Esc stays.";
    let rows = super::wrap::plain(text, app.colours().style(Role::Text), usize::from(room.width));
    for (row, y) in rows.iter().zip(room.y..room.bottom()) {
        f.buffer_mut().set_line(room.x, y, row, room.width);
    }
}
