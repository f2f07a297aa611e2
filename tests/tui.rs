//! The screen without a terminal: recorded runs and keys go in, frames come out.

#[path = "tui/frames.rs"]
mod frames;
#[path = "tui/keys.rs"]
mod keys;
#[path = "tui/screens.rs"]
mod screens;
#[path = "tui/stage.rs"]
mod stage;
