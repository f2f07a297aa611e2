//! The screen without a terminal: recorded runs and keys go in, frames come out.

#[path = "tui/compare.rs"]
mod compare;
#[path = "tui/conversation.rs"]
mod conversation;
#[path = "tui/docs.rs"]
mod docs;
#[path = "tui/frames.rs"]
mod frames;
#[path = "tui/grid.rs"]
mod grid;
#[path = "tui/health.rs"]
mod health;
#[path = "tui/history.rs"]
mod history;
#[path = "tui/keys.rs"]
mod keys;
#[path = "tui/making.rs"]
mod making;
#[path = "tui/monkey.rs"]
mod monkey;
#[path = "shared/page.rs"]
mod page;
#[path = "tui/screens.rs"]
mod screens;
#[path = "tui/settings.rs"]
mod settings;
#[path = "tui/stage.rs"]
mod stage;
#[path = "tui/tour.rs"]
mod tour;
#[path = "tui/traffic.rs"]
mod traffic;
#[path = "tui/transcripts.rs"]
mod transcripts;
