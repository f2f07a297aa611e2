//! What the screen knows: the state, changed by [`App::update`](super::update) and drawn by [`super::view`].
//! It keeps texts as rows where that saves work; it must not know where on the screen something is drawn.

pub mod app;
pub mod banner;
pub mod calls;
pub mod display;
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
pub mod signatures;
pub mod tour;
pub mod value;

/// Which way to go in a list or a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Towards the end.
    Forward,
    /// Towards the beginning.
    Back,
}
