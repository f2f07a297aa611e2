//! The playground in the terminal. Keys become actions; actions and reports change [`state::app::App`] and may return
//! one [`effect::Effect`]; [`view::draw`] draws the state. Must not know HTTP.

pub mod background;
mod channels;
mod clipboard;
mod editor;
pub mod effect;
mod event_loop;
mod input;
pub mod keymap;
pub mod layout;
pub mod markdown;
mod prefs;
mod receipt;
mod signals;
pub mod state;
pub mod terminal;
pub mod theme;
pub mod update;
pub mod view;
pub mod wrap;

pub use channels::Channels;
pub use clipboard::ClipboardTool;
pub use effect::{ChainEntry, ComposedRequest, Effect};
pub use prefs::UiPrefs;
pub use receipt::Receipt;
pub use state::app::start::InitialState;
pub use update::Msg;

use event_loop::EventLoop;
use signals::{Signal, Signals};
use std::io;
use std::time::Duration;

/// Least time between two frames while text streams: at most 60 frames a second.
const FRAME: Duration = Duration::from_millis(16);
/// Time between two frames while the screen shows a running time.
const TICK: Duration = Duration::from_millis(100);

/// Runs the screen until the user leaves or the system ends the program.
///
/// # Errors
/// Fails if there is no terminal, or if it cannot be read or written. The terminal is restored first.
pub async fn run(start: InitialState, channels: Channels) -> io::Result<()> {
    let mut signals = Signals::new()?;
    let mut event_loop = EventLoop::start(start, channels)?;
    let mut drawn = Duration::ZERO;
    let mut due = Some(Duration::ZERO);
    loop {
        // A frame is due only after a change or while a time is shown. Otherwise no timer is set.
        if due.is_some_and(|due| due <= event_loop.clock.now()) {
            event_loop.inform_gateway()?;
            drawn = event_loop.frame()?;
            due = event_loop.next_change(drawn, TICK);
        }
        tokio::select! {
            biased;
            // Signals come first, then keys, so that a flood of text cannot delay them.
            signal = signals.next() => match signal {
                Signal::End => return Ok(()),
                Signal::Stop => event_loop.suspend()?,
                Signal::Continue => event_loop.resume()?,
                Signal::Resize => {}
            },
            event = event_loop.input.next() => if event_loop.on_input(event).await?.is_break() { return Ok(()) },
            Some(msg) = event_loop.channels.inbox.recv() => {
                if event_loop.on_message(msg)? {
                    due = Some(drawn + FRAME);
                }
                continue;
            }
            () = event_loop.clock.until(due), if due.is_some() => continue,
        }
        due = Some(Duration::ZERO);
    }
}
