//! The fault picker: a letter sets a fault on a model of the chain, or on one that a program asked for.

use crate::fault::Fault;

/// Faults that have a letter: letter, fault, effect.
pub const COMMON: &[(char, &str, &str)] = &[
    ('5', "503", "overloaded: an error before the first token"),
    ('4', "429:retry-after=2", "rate limited, retry after 2 s"),
    ('r', "refused", "connection refused"),
    ('b', "black-hole", "accepts the connection, never answers"),
    ('s', "stall:75%", "goes silent after three quarters of an answer"),
    ('c', "cut:75%", "cuts the stream after three quarters"),
    ('e', "error-event:75%", "an error inside the stream, after three quarters"),
    ('g', "garbled", "an answer that does not parse"),
];

/// Where the picker was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BelowPicker {
    /// In a pane.
    #[default]
    Panes,
    /// In the chain editor.
    Chain,
    /// In the grid of a file of cases.
    Grid,
}

/// The picker.
#[derive(Clone, Debug, Default)]
pub struct FaultPicker {
    /// The model to break; empty if there is none.
    pub model: String,
    /// Index of the selected line.
    pub selected: usize,
    /// The fault that is being typed, if any.
    pub typing: Option<String>,
    /// Where closing it leads.
    pub below: BelowPicker,
}

impl FaultPicker {
    /// Why a text is not a fault; `None` if it is one or is empty.
    pub fn problem(word: &str) -> Option<String> {
        word.parse::<Fault>().err().filter(|_| !word.is_empty()).map(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_common_fault_is_valid_and_has_a_letter_of_its_own() {
        for (i, (letter, word, _)) in COMMON.iter().enumerate() {
            assert_eq!(word.parse::<Fault>().map(|fault| fault.to_string()).as_deref(), Ok(*word));
            assert!(COMMON[..i].iter().all(|(other, ..)| other != letter), "{letter}");
        }
    }
}
