//! The guided tour: steps with a text and keys, from `assets/tour.toml`. A step only presses keys, as a user would.

use super::next_run::NextRun;
use super::overlay::compare_set::CompareSet;
use super::prompt::{PromptEditor, SentInputs};
use crate::dspy::Module;
use crate::tui::keymap::{Chord, Keymap};
use crate::tui::layout::SMALLEST;
use crate::tui::wrap::plain;
use ratatui::style::Style;
use serde::Deserialize;
use std::collections::VecDeque;

const TOUR: &str = include_str!("../../../assets/tour.toml");
/// Most rows of the strip with the tour's text, its border included.
const ROWS: u16 = 5;

/// The tour as written in the file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TourPlan {
    /// The inline signature of its runs.
    pub signature: String,
    /// The module of its runs.
    pub module: Module,
    /// The models of its fallback chain.
    pub chain: Vec<String>,
    /// The steps in order.
    #[serde(rename = "step")]
    pub steps: Vec<TourStep>,
}

/// One step of the tour.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TourStep {
    /// The title.
    pub title: String,
    /// The text that explains what happens.
    pub text: String,
    /// The keys that the step presses, in the form of [`parse_keys`].
    pub keys: String,
}

/// The user's state before the tour, which the tour restores at its end.
#[derive(Clone, Debug)]
pub struct SavedState {
    /// The typed inputs.
    pub prompt: PromptEditor,
    /// The inputs that were sent before. Those of the tour are not kept.
    pub sent: SentInputs,
    /// The next run.
    pub next: NextRun,
    /// The user's keymap. The tour uses the default keys, because its texts name them.
    pub keymap: Keymap,
    /// The models and chains to compare.
    pub compare_set: CompareSet,
}

/// The tour while it is open.
#[derive(Clone, Debug)]
pub struct Tour {
    /// The tour as written in the file.
    pub plan: TourPlan,
    /// Index of the current step.
    pub current: usize,
    /// Keys of the current step that are still to be pressed.
    pub keys: VecDeque<Chord>,
    /// The user's state before the tour.
    pub before: SavedState,
}

/// The built-in tour.
///
/// # Panics
/// Panics if the file is invalid; a test ensures that it is valid.
pub fn built_in() -> TourPlan {
    toml::from_str(TOUR).unwrap_or_else(|e| unreachable!("a test ensures that the built-in tour is valid: {e}"))
}

/// Parses keys: words are keys, and text in single quotes is typed.
///
/// # Errors
/// The first word that is not a key.
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
    /// Whether the current step still has keys to press.
    pub fn has_keys(&self) -> bool {
        !self.keys.is_empty()
    }

    /// Rows of the strip on a screen of this size: as many as the text needs and the playground can spare.
    pub fn height(&self, (width, height): (u16, u16)) -> u16 {
        let cells = usize::from(width.saturating_sub(4));
        let text = self.step().map_or(0, |step| plain(&step.text, Style::new(), cells).len() as u16);
        height.saturating_sub(SMALLEST.1).min((text + 2).min(ROWS))
    }

    /// The current step; `None` after the last.
    pub fn step(&self) -> Option<&TourStep> {
        self.plan.steps.get(self.current)
    }
}
