//! Where a fault breaks a stream.

use std::fmt;

/// How much of an answer arrives before a fault. A token is one delta, reasoning included. Beyond the end of a shorter
/// answer, the fault happens at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StreamPoint {
    /// This number of tokens: `8`.
    Tokens(u32),
    /// This share of all tokens, from 0 to 100: `75%`.
    Percent(u8),
}

impl StreamPoint {
    /// Reads the details of a fault's word.
    pub(super) fn read(word: &str) -> Result<Self, String> {
        let problem = || format!("`{}` is not a number of tokens, nor a share such as `75%`", word.escape_debug());
        match word.strip_suffix('%') {
            Some(percent) => match percent.parse() {
                Ok(percent @ 0..=100) => Ok(Self::Percent(percent)),
                _ => Err(problem()),
            },
            None => word.parse().map(Self::Tokens).map_err(|_| problem()),
        }
    }

    /// The number of tokens before the fault, in an answer of `all` tokens.
    pub fn tokens(self, all: usize) -> usize {
        match self {
            Self::Tokens(count) => all.min(count as usize),
            Self::Percent(percent) => all * usize::from(percent) / 100,
        }
    }
}

impl fmt::Display for StreamPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tokens(count) => write!(f, "{count}"),
            Self::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}
