//! The face in the terminal. Keys become actions, actions change [`app::App`] and may
//! return one [`command::Command`], and what the run reports is folded and drawn.
//! Must not know HTTP.

pub mod keymap;
pub mod layout;
pub mod markdown;
pub mod scroll;
pub mod theme;
pub mod wrap;
