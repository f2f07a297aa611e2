//! The state of the screen. [`App::update`](super::update) changes it and [`super::view`] draws it. It keeps rendered rows
//! where that saves work; it must not know how anything is drawn.

pub mod app;
pub mod banner;
pub mod calls;
pub mod conversation;
pub mod display;
pub mod grid;
pub mod log;
pub mod model;
pub mod next_run;
pub mod overlay;
pub mod page;
pub mod prompt;
pub mod runs;
pub mod screen;
pub mod scroll;
pub mod server;
pub mod settings;
pub mod signatures;
pub mod tour;
pub mod traffic;
pub mod value;

/// A direction in a list or a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Towards the end.
    Forward,
    /// Towards the start.
    Back,
}
