//! The face in the terminal. Keys become actions, actions change [`state::app::App`] and may
//! return one [`command::Command`], what a run reports is folded, and the whole is drawn.
//! Must not know HTTP.

pub mod background;
mod channels;
mod clipboard;
pub mod command;
mod editor;
mod event_loop;
pub mod keymap;
pub mod layout;
pub mod markdown;
mod prefs;
mod signals;
pub mod state;
pub mod terminal;
pub mod theme;
pub mod update;
pub mod view;
pub mod wrap;

pub use channels::Channels;
pub use clipboard::ClipboardTool;
pub use command::{ChainEntry, Command, Composed};
pub use prefs::UiPrefs;
pub use state::app::InitialState;
pub use update::Msg;

use event_loop::EventLoop;
use futures_util::StreamExt;
use signals::{Signal, Signals};
use std::io;
use std::time::Duration;

/// Between two frames of a stream: at most 60 in a second.
const FRAME: Duration = Duration::from_millis(16);
/// Between two looks at the clock while something counts on the screen.
const TICK: Duration = Duration::from_millis(100);

/// Runs the screen until the user leaves or the system ends the program.
///
/// # Errors
/// Where there is no terminal, or it cannot be read or written. It is given back first.
pub async fn run(start: InitialState, wires: Channels) -> io::Result<()> {
    let mut signals = Signals::new()?;
    let mut desk = EventLoop::take(start, wires)?;
    let mut drawn = Duration::ZERO;
    let mut due = Some(Duration::ZERO);
    loop {
        // Drawn only when something has changed or counts; else nothing wakes.
        if due.is_some_and(|due| due <= desk.clock.now()) {
            drawn = desk.frame()?;
            due = desk.next_change(drawn, TICK);
        }
        tokio::select! {
            biased;
            // What ends the program comes first, then keys, so that a flood of text cannot keep either out.
            signal = signals.next() => match signal {
                Signal::End => return Ok(()),
                Signal::Stop => desk.stop()?,
                Signal::Continue => desk.go_on()?,
            },
            event = desk.keys.next() => if desk.hear(event).await? { return Ok(()) },
            Some(msg) = desk.wires.inbox.recv() => {
                if desk.told(msg) {
                    due = Some(drawn + FRAME);
                }
                continue;
            }
            () = desk.clock.until(due), if due.is_some() => continue,
        }
        due = Some(Duration::ZERO);
    }
}
