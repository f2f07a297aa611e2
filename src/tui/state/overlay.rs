//! What can stand over the panes: one at a time.

pub mod attempt;
pub mod compare;
pub mod compare_set;
pub mod composed;
pub mod demos;
pub mod draft;
pub mod faults;
pub mod finder;
pub mod history;
pub mod text_popup;

use crate::tui::keymap::Context;
use attempt::AttemptPopup;
use compare::Comparison;
use draft::Draft;
use faults::FaultPicker;
use finder::Finder;
use text_popup::TextPopup;

/// The one overlay.
#[derive(Clone, Debug)]
pub enum Overlay {
    /// All keys.
    Help(TextPopup),
    /// What leaves with every attempt, and where it comes from.
    Headers(TextPopup),
    /// Faults for a model of the chain.
    Faults(FaultPicker),
    /// The chain; the chosen place is the app's own.
    Chain,
    /// A list narrowed by typing: actions, models, earlier inputs.
    Finder(Finder),
    /// All about one attempt.
    Attempt(AttemptPopup),
    /// How the models have fared; the chosen line.
    Health(usize),
    /// Earlier runs; the chosen line, counted from the latest.
    History(usize),
    /// The answer of the earlier run on that line, before it becomes a demo.
    DemoPreview(usize, TextPopup),
    /// The demos; the chosen line.
    Demos(usize),
    /// The whole of that demo.
    Demo(usize, TextPopup),
    /// The request as it would be sent.
    Composed(TextPopup),
    /// Something that is edited as text.
    Draft(Box<Draft>),
    /// The same inputs to several models.
    Compare(Comparison),
    /// Who is compared; the chosen line.
    CompareSet(usize),
    /// Whether to leave while a run is on.
    Leave,
}

impl Overlay {
    /// Where keys mean something while it stands.
    pub fn contexts(&self) -> Vec<Context> {
        match self {
            Self::Help(_) | Self::Demo(..) => vec![Context::Overlay],
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
            Self::CompareSet(_) => vec![Context::CompareSet, Context::Overlay],
            Self::Leave => vec![Context::Leave],
        }
    }
}
