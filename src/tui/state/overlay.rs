//! Overlays over the panes. At most one is open.

pub mod attempt;
pub mod compare;
pub mod compare_set;
pub mod composed;
pub mod demos;
pub mod draft;
pub mod faults;
pub mod finder;
pub mod history;
pub mod save_settings;
pub mod text_popup;

use crate::tui::keymap::Context;
use attempt::AttemptPopup;
use compare::Comparison;
use draft::Draft;
use faults::FaultPicker;
use finder::Finder;
use save_settings::SaveDialog;
use text_popup::TextPopup;

/// The open overlay.
#[derive(Clone, Debug)]
pub enum Overlay {
    /// The headers of every attempt and their origins.
    Headers(TextPopup),
    /// The fault picker.
    Faults(FaultPicker),
    /// The chain editor. The selected entry is [`NextRun::selected`](super::next_run::NextRun::selected).
    Chain,
    /// A list that typing filters: keys, actions, models, earlier inputs or runs.
    Finder(Finder),
    /// The details of an attempt.
    Attempt(AttemptPopup),
    /// The health board, with the index of the selected line.
    Health(usize),
    /// The earlier runs, the latest first, with the index of the selected line.
    History(usize),
    /// The answer of the earlier run on this line, as the demo that it would be.
    DemoPreview(usize, TextPopup),
    /// The demos, with the index of the selected line.
    Demos(usize),
    /// One demo in full, with its index.
    Demo(usize, TextPopup),
    /// The request as it would be sent.
    Composed(TextPopup),
    /// A signature, settings or headers, edited as TOML.
    Draft(Box<Draft>),
    /// A comparison: the same inputs to several models or chains.
    Compare(Comparison),
    /// The models and chains to compare, with the index of the selected line.
    CompareSet(usize),
    /// The grid of a file of cases, which is [`App::grid`](super::app::App::grid).
    Grid,
    /// The question whether to save what was set on the screen.
    SaveSettings(Box<SaveDialog>),
    /// The question whether to quit during a run.
    Leave,
}

impl Overlay {
    /// The contexts that apply to keys while the overlay is open.
    pub fn contexts(&self) -> Vec<Context> {
        match self {
            Self::Demo(..) => vec![Context::Overlay],
            Self::Attempt(_) => vec![Context::Attempt, Context::Overlay],
            Self::Headers(_) | Self::Composed(_) => vec![Context::Editable, Context::Overlay],
            Self::DemoPreview(..) => vec![Context::DemoPreview, Context::Overlay],
            Self::Demos(_) => vec![Context::Demos, Context::Overlay],
            Self::Draft(_) => vec![Context::Draft],
            Self::Faults(faults) if faults.typing.is_some() => vec![Context::Search],
            Self::Faults(_) => vec![Context::Faults, Context::List, Context::Overlay],
            Self::Chain => vec![Context::Chain, Context::Overlay],
            Self::Finder(_) => vec![Context::Search],
            Self::Health(_) => vec![Context::Health, Context::Overlay],
            Self::History(_) => vec![Context::History, Context::List, Context::Overlay],
            Self::Compare(_) => vec![Context::Compare, Context::Overlay],
            Self::Grid => vec![Context::Grid, Context::Overlay],
            Self::CompareSet(_) => vec![Context::CompareSet, Context::Overlay],
            Self::SaveSettings(_) => vec![Context::SaveSettings, Context::Overlay],
            Self::Leave => vec![Context::Leave],
        }
    }
}
