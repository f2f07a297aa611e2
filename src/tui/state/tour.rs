//! The guided tour: steps of text and keys, out of `assets/tour.toml`. The keys are pressed as the user's would be; the tour does nothing else.

use super::overlay::compare_set::CompareSet;
use crate::dspy::{Demo, Module, Signature};
use crate::tui::effect::ChainEntry;
use crate::tui::keymap::{Chord, Keymap};
use crate::tui::layout::SMALLEST;
use crate::tui::wrap::plain;
use ratatui::style::Style;
use serde::Deserialize;
use std::collections::VecDeque;

const TOUR: &str = include_str!("../../../assets/tour.toml");
/// Rows of the strip where there is room, its border included.
const ROWS: u16 = 5;

/// The tour as it is written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TourPlan {
    /// What is asked in it, inline.
    pub signature: String,
    /// How.
    pub module: Module,
    /// Whom.
    pub chain: Vec<String>,
    /// What happens.
    #[serde(rename = "step")]
    pub steps: Vec<TourStep>,
}

/// One step.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TourStep {
    /// What it is about.
    pub title: String,
    /// What to see in it.
    pub text: String,
    /// The keys that make it happen, as in [`parse_keys`].
    pub keys: String,
}

/// What the tour takes away from the user, to give it back.
#[derive(Clone, Debug)]
pub struct SavedState {
    /// What was asked.
    pub signature: Signature,
    /// How.
    pub module: Module,
    /// Its examples.
    pub demos: Vec<Demo>,
    /// Whom.
    pub chain: Vec<ChainEntry>,
    /// With which keys: the tour presses and names those of the table.
    pub keymap: Keymap,
    /// Who was compared.
    pub compare_set: CompareSet,
}

/// The tour on its way.
#[derive(Clone, Debug)]
pub struct Tour {
    /// As it is written.
    pub plan: TourPlan,
    /// The step that is on.
    pub current: usize,
    /// Keys of it that are still to be pressed.
    pub keys: VecDeque<Chord>,
    /// The user's own state.
    pub before: SavedState,
}

/// The built-in plan.
///
/// # Panics
/// Never: a test reads it.
pub fn built_in() -> TourPlan {
    toml::from_str(TOUR).unwrap_or_else(|e| unreachable!("the built-in tour is read by a test: {e}"))
}

/// The keys of a script: a word is a key, and what stands in single quotes is typed. `Err` is the word that is no key.
///
/// # Errors
/// The first word that is no key.
pub fn parse_keys(script: &str) -> Result<VecDeque<Chord>, String> {
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
    pub fn has_keys(&self) -> bool {
        !self.keys.is_empty()
    }

    /// Rows of the strip on a screen of that size: what the text takes, as far as the playground can spare it.
    pub fn height(&self, (width, height): (u16, u16)) -> u16 {
        let cells = usize::from(width.saturating_sub(4));
        let text = self.step().map_or(0, |step| plain(&step.text, Style::new(), cells).len() as u16);
        height.saturating_sub(SMALLEST.1).min((text + 2).min(ROWS))
    }

    /// The step that is on.
    pub fn step(&self) -> Option<&TourStep> {
        self.plan.steps.get(self.current)
    }
}
