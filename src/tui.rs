//! The face in the terminal. Keys become actions, actions change [`app::App`] and may
//! return one [`command::Command`], what a run reports is folded, and the whole is drawn.
//! Must not know HTTP.

pub mod app;
pub mod banner;
pub mod board;
pub mod command;
pub mod draw;
mod editor;
pub mod keymap;
pub mod layout;
pub mod markdown;
pub mod overlay;
pub mod pane;
pub mod scroll;
mod signals;
pub mod status;
pub mod terminal;
pub mod theme;
pub mod tour;
pub mod update;
pub mod vim;
pub mod wrap;

pub use app::Start;
pub use command::{Ask, Command, Composed, Link};
pub use update::Msg;

use app::App;
use crossterm::event::{Event, EventStream, MouseEventKind};
use futures_util::StreamExt;
use signals::{Signal, Signals};
use std::io;
use std::task::Poll;
use std::time::{Duration, Instant};
use terminal::Terminal;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};

/// Between two frames of a stream: at most 60 in a second.
const FRAME: Duration = Duration::from_millis(16);
/// Between two looks at the clock while something counts on the screen.
const TICK: Duration = Duration::from_millis(100);

/// The wires to the rest of the program.
pub struct Wires {
    /// Reports, models, notices.
    pub inbox: UnboundedReceiver<Msg>,
    /// All commands that are not the screen's own.
    pub commands: UnboundedSender<Command>,
    /// The editor for Ctrl+G with its arguments: what `$VISUAL` or `$EDITOR` says.
    pub editor: Option<String>,
}

/// Runs the screen until the user leaves or the system ends the program.
///
/// # Errors
/// Where there is no terminal, or it cannot be read or written. It is given back first.
pub async fn run(start: Start, mut wires: Wires) -> io::Result<()> {
    let mut terminal = Terminal::take()?;
    let mut signals = Signals::new()?;
    let clock = Clock::start();
    let tour = start.tour;
    let mut desk = Desk { app: App::new(start), keys: EventStream::new(), stopped: false };
    if tour && let Some(command) = desk.app.begin_tour() {
        desk.perform(command, &mut terminal, &mut wires, &clock)?;
    }
    let mut drawn = Duration::ZERO;
    let mut due = Some(Duration::ZERO);
    loop {
        // Drawn only when something has changed or counts; else nothing wakes.
        if due.is_some_and(|due| due <= clock.now()) {
            if let Some(command) = desk.app.update(clock.now(), Msg::Tick) {
                desk.perform(command, &mut terminal, &mut wires, &clock)?;
            }
            desk.frame(&mut terminal, clock.now())?;
            drawn = clock.now();
            due = desk.app.counts(drawn).then_some(drawn + TICK);
        }
        tokio::select! {
            biased;
            // What ends the program comes first, then keys, so that a flood of text cannot keep either out.
            signal = signals.next() => match signal {
                Signal::End => return Ok(()),
                Signal::Stop => desk.perform(Command::Suspend, &mut terminal, &mut wires, &clock)?,
                // The signal that ended our own stop is no news.
                Signal::Continue => if !std::mem::take(&mut desk.stopped) { terminal.lend(|| ())? },
            },
            event = desk.keys.next() => {
                let mut next = Some(event);
                while let Some(event) = next {
                    let Some(event) = event else { return Ok(()) };
                    match desk.hear(event?, clock.now()) {
                        Some(Command::Quit) => return Ok(()),
                        Some(command) => desk.perform(command, &mut terminal, &mut wires, &clock)?,
                        None => {}
                    }
                    next = waiting(&mut desk.keys).await;
                }
            }
            Some(msg) = wires.inbox.recv() => {
                desk.app.update(clock.now(), msg);
                while let Ok(msg) = wires.inbox.try_recv() {
                    desk.app.update(clock.now(), msg);
                }
                due = Some(drawn + FRAME);
                continue;
            }
            () = clock.until(due), if due.is_some() => continue,
        }
        due = Some(Duration::ZERO);
    }
}

/// What the stream has ready, if anything. It must be asked in this task's own name: the stream
/// wakes only whoever asked it first, and one that asked in passing would swallow the next key.
async fn waiting(keys: &mut EventStream) -> Option<Option<io::Result<Event>>> {
    std::future::poll_fn(|cx| {
        Poll::Ready(match keys.poll_next_unpin(cx) {
            Poll::Ready(event) => Some(event),
            Poll::Pending => None,
        })
    })
    .await
}

/// The screen's clock: the one place of this room that looks at the time.
struct Clock(Instant);

impl Clock {
    #[expect(clippy::disallowed_methods, reason = "the loop holds the clock; everything below gets `now`")]
    fn start() -> Self {
        Self(Instant::now())
    }

    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    async fn until(&self, due: Option<Duration>) {
        tokio::time::sleep_until((self.0 + due.unwrap_or_default()).into()).await;
    }
}

/// The state with what it reads keys from.
struct Desk {
    app: App,
    keys: EventStream,
    /// We stopped ourselves: a signal to go on is on its way.
    stopped: bool,
}

impl Desk {
    fn frame(&mut self, terminal: &mut Terminal, now: Duration) -> io::Result<()> {
        let (width, height) = terminal.size()?;
        self.app.resize(width, height);
        self.app.settle();
        terminal.draw(|frame| draw::draw(&self.app, now, frame))
    }

    fn hear(&mut self, event: Event, now: Duration) -> Option<Command> {
        match event {
            Event::Key(key) => self.app.update(now, Msg::Key(key)),
            Event::Paste(text) => self.app.update(now, Msg::Paste(text)),
            Event::Mouse(mouse) => match mouse.kind {
                MouseEventKind::ScrollDown => self.app.update(now, Msg::Wheel(3)),
                MouseEventKind::ScrollUp => self.app.update(now, Msg::Wheel(-3)),
                _ => None,
            },
            Event::Resize(..) | Event::FocusGained | Event::FocusLost => None,
        }
    }

    /// Does what the terminal can do itself; the rest goes out on the wire.
    fn perform(
        &mut self,
        command: Command,
        terminal: &mut Terminal,
        wires: &mut Wires,
        clock: &Clock,
    ) -> io::Result<()> {
        let notice = match command {
            Command::Copy { what, text } => {
                terminal.copy(&text)?;
                Some(format!("Sent {what} to the terminal's clipboard (OSC 52), {} characters.", text.chars().count()))
            }
            Command::Mouse(on) => {
                terminal.mouse(on)?;
                Some(
                    if on { "The wheel scrolls; Shift selects text." } else { "The terminal has the mouse." }
                        .to_owned(),
                )
            }
            Command::Suspend => {
                self.stopped = true;
                self.lend(terminal, terminal::stop)?.err().map(|error| format!("Cannot stop here: {error}"))
            }
            Command::Edit(text) => {
                let editor = wires.editor.clone().unwrap_or_default();
                let edited = self.lend(terminal, || editor::edit(&editor, &text))?;
                self.app.update(clock.now(), Msg::Edited(edited));
                None
            }
            other => wires.commands.send(other).err().map(|_| "Nothing is there to do that.".to_owned()),
        };
        if let Some(notice) = notice {
            self.app.update(clock.now(), Msg::Notice(notice));
        }
        Ok(())
    }

    /// Lends the terminal, keys and all.
    fn lend<T>(&mut self, terminal: &mut Terminal, meanwhile: impl FnOnce() -> T) -> io::Result<T> {
        // The stream's own thread would take keys away from whoever has the terminal.
        self.keys = EventStream::new();
        let result = terminal.lend(meanwhile);
        self.keys = EventStream::new();
        result
    }
}
