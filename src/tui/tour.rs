//! The guided tour: steps of text and keys, out of `assets/tour.toml`, and the strip that
//! shows them. The keys are pressed as the user's would be; the tour does nothing else.

use super::app::App;
use super::command::Link;
use super::draw::boxed;
use super::keymap::{Chord, Keymap};
use super::layout::{SMALLEST, inner};
use super::overlay::rivals::Rivals;
use super::theme::Role;
use super::wrap::{plain, width};
use crate::dspy::{Demo, Module, Signature};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::{Clear, Widget};
use serde::Deserialize;
use std::collections::VecDeque;

const TOUR: &str = include_str!("../../assets/tour.toml");
/// Rows of the strip where there is room, its border included.
const ROWS: u16 = 5;

/// The tour as it is written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// What is asked in it, inline.
    pub signature: String,
    /// How.
    pub module: Module,
    /// Whom.
    pub chain: Vec<String>,
    /// What happens.
    #[serde(rename = "step")]
    pub steps: Vec<Step>,
}

/// One step.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What it is about.
    pub title: String,
    /// What to see in it.
    pub text: String,
    /// The keys that make it happen, as in [`keys`].
    pub keys: String,
}

/// What the tour takes away from the user, to give it back.
#[derive(Clone, Debug)]
pub struct Before {
    /// What was asked.
    pub signature: Signature,
    /// How.
    pub module: Module,
    /// Its examples.
    pub demos: Vec<Demo>,
    /// Whom.
    pub chain: Vec<Link>,
    /// With which keys: the tour presses and names those of the table.
    pub keymap: Keymap,
    /// Who was compared.
    pub rivals: Rivals,
}

/// The tour on its way.
#[derive(Clone, Debug)]
pub struct Tour {
    /// As it is written.
    pub plan: Plan,
    /// The step that is on.
    pub at: usize,
    /// Keys of it that are still to be pressed.
    pub keys: VecDeque<Chord>,
    /// The user's own state.
    pub before: Before,
}

/// The built-in plan.
///
/// # Panics
/// Never: a test reads it.
pub fn plan() -> Plan {
    toml::from_str(TOUR).unwrap_or_else(|e| unreachable!("the built-in tour is read by a test: {e}"))
}

/// The keys of a script: a word is a key, and what stands in single quotes is typed. `Err` is the word that is no key.
///
/// # Errors
/// The first word that is no key.
pub fn keys(script: &str) -> Result<VecDeque<Chord>, String> {
    let mut keys = VecDeque::new();
    for (i, part) in script.split('\'').enumerate() {
        if i % 2 == 0 {
            for word in part.split_whitespace() {
                keys.push_back(word.parse().map_err(|()| word.to_owned())?);
            }
        } else {
            for c in part.chars() {
                let name = if c == ' ' { "Space".to_owned() } else { c.to_string() };
                keys.push_back(name.parse().map_err(|()| name)?);
            }
        }
    }
    Ok(keys)
}

impl Tour {
    /// Whether keys are still to be pressed.
    pub fn pressing(&self) -> bool {
        !self.keys.is_empty()
    }

    /// Rows of the strip on a screen of that size: what the text takes, as far as the playground can spare it.
    pub fn height(&self, (width, height): (u16, u16)) -> u16 {
        let cells = usize::from(width.saturating_sub(4));
        let text = self.step().map_or(0, |step| plain(&step.text, Style::new(), cells).len() as u16);
        height.saturating_sub(SMALLEST.1).min((text + 2).min(ROWS))
    }

    /// The step that is on.
    pub fn step(&self) -> Option<&Step> {
        self.plan.steps.get(self.at)
    }
}

/// Draws the strip under the playground.
pub fn draw(app: &App, f: &mut Frame<'_>) {
    let Some((tour, step)) = app.tour.as_ref().and_then(|tour| Some((tour, tour.step()?))) else { return };
    let height = tour.height(app.size);
    let area = Rect { x: 0, y: app.size.1.saturating_sub(height), width: app.size.0, height }.intersection(f.area());
    if area.is_empty() {
        return;
    }
    Clear.render(area, f.buffer_mut());
    let theme = app.colours();
    let title = format!("tour {} of {} · {}", tour.at + 1, tour.plan.steps.len(), step.title);
    let last = tour.at + 1 == tour.plan.steps.len();
    let note = match (tour.pressing(), last) {
        (true, _) => "on the simulator · keys are pressed · Esc leaves",
        (false, false) => "on the simulator · Enter goes on · Esc leaves",
        (false, true) => "on the simulator · Enter or Esc ends",
    };
    // Where it is narrow the shorter half has to do; the hint line says the rest.
    let long = width(&title) + width(note) + 8 > usize::from(area.width);
    let note = if long { note.split_once(" · ").map_or(note, |(_, rest)| rest) } else { note };
    let (title, note) = ((title.as_str(), theme.style(Role::Title)), (note, theme.style(Role::Key)));
    // The last rows have no room for a border below.
    let framed = Rect { height: area.height.max(2), ..area };
    let whole = height >= 4 && app.size.1 >= 20;
    if whole {
        boxed(f, framed, theme.style(Role::Accent), true, title, note);
    } else {
        let line = ratatui::text::Line::styled(format!("─ {}", title.0), title.1);
        f.buffer_mut().set_line(area.x, area.y, &line, area.width);
    }
    let room = if whole {
        let room = inner(framed);
        Rect { x: room.x + 1, width: room.width.saturating_sub(2), ..room }
    } else {
        Rect {
            x: area.x + 1,
            y: area.y + 1,
            width: area.width.saturating_sub(2),
            height: area.height.saturating_sub(1),
        }
    };
    let rows = plain(&step.text, theme.style(Role::Text), usize::from(room.width));
    for (row, y) in rows.iter().zip(room.y..room.bottom()) {
        f.buffer_mut().set_line(room.x, y, row, room.width);
    }
}
