//! The fault picker: a letter breaks the chosen model of the chain.

use crate::fault::Fault;

/// Faults with a letter of their own: letter, word, what it looks like.
pub const COMMON: &[(char, &str, &str)] = &[
    ('5', "503", "overloaded: an error before the first token"),
    ('4', "429:retry-after=2", "rate limited, come back in 2 s"),
    ('r', "refused", "nobody listens: connection refused"),
    ('b', "black-hole", "accepts the connection, never answers"),
    ('s', "stall:8", "goes silent after 8 tokens"),
    ('c', "cut:8", "cuts the stream after 8 tokens"),
    ('e', "error-event:8", "an error inside the stream after 8 tokens"),
    ('g', "garbled", "an answer that does not parse"),
];

/// The picker's own state; the chosen model is the app's.
#[derive(Clone, Debug, Default)]
pub struct FaultPicker {
    /// The chosen line.
    pub selected: usize,
    /// A word that is being typed.
    pub typing: Option<String>,
    /// Opened from the chain editor, where Esc leads back.
    pub from_chain: bool,
}

impl FaultPicker {
    /// What is wrong with the word that is typed.
    pub fn problem(word: &str) -> Option<String> {
        word.parse::<Fault>().err().filter(|_| !word.is_empty()).map(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_common_fault_is_a_fault_and_no_letter_is_taken_twice() {
        for (i, (letter, word, _)) in COMMON.iter().enumerate() {
            assert_eq!(word.parse::<Fault>().map(|fault| fault.to_string()).as_deref(), Ok(*word));
            assert!(COMMON[..i].iter().all(|(other, ..)| other != letter), "{letter}");
        }
    }
}
