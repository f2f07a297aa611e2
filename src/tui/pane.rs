//! The panes: what each knows of itself, and how it is drawn.

pub mod answer;
pub mod chains;
pub mod log;
pub mod page;
pub mod prompt;
pub mod signatures;
pub mod timeline;
pub mod value;
