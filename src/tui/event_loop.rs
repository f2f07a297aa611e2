//! The state with the terminal and the channels: where keys are heard, frames drawn, and effects carried out
//! that the terminal itself can do.

use super::background::{ReplyScan, ReplyScanner};
use super::channels::Channels;
use super::effect::Effect;
use super::prefs::UiPrefs;
use super::state::app::{App, InitialState};
use super::terminal::{self, Terminal};
use super::update::Msg;
use super::{clipboard, editor, view};
use crossterm::event::{Event, EventStream, MouseEventKind};
use futures_util::StreamExt;
use std::io;
use std::task::Poll;
use std::time::{Duration, Instant};

/// The screen's clock: the one place of this room that looks at the time.
pub(super) struct Clock(Instant);

impl Clock {
    #[expect(clippy::disallowed_methods, reason = "the loop holds the clock; everything below gets `now`")]
    fn start() -> Self {
        Self(Instant::now())
    }

    pub(super) fn now(&self) -> Duration {
        self.0.elapsed()
    }

    pub(super) async fn until(&self, due: Option<Duration>) {
        tokio::time::sleep_until((self.0 + due.unwrap_or_default()).into()).await;
    }
}

/// All that the loop works with.
pub(super) struct EventLoop {
    pub(super) app: App,
    pub(super) keys: EventStream,
    pub(super) channels: Channels,
    pub(super) clock: Clock,
    terminal: Terminal,
    /// What the screen began with.
    before: UiPrefs,
    /// Hears what the terminal says of its background.
    scanner: ReplyScanner,
    /// We stopped ourselves: a signal to go on is on its way.
    stopped: bool,
}

/// Whether the loop goes on.
pub(super) type Exit = bool;

impl EventLoop {
    /// Takes the terminal and begins.
    pub(super) fn start(start: InitialState, channels: Channels) -> io::Result<Self> {
        let (tour, ask, before) = (start.tour, start.ask_background, start.kept);
        let mut this = Self {
            terminal: Terminal::take()?,
            before,
            app: App::new(start),
            keys: EventStream::new(),
            channels,
            clock: Clock::start(),
            scanner: ReplyScanner::default(),
            stopped: false,
        };
        if ask {
            this.terminal.ask_background()?;
            this.scanner.start(this.clock.now());
        }
        if tour && let Some(effect) = this.app.begin_tour() {
            this.perform(effect)?;
        }
        Ok(this)
    }

    /// Lets time pass and draws one frame. Gives back when that was.
    pub(super) fn frame(&mut self) -> io::Result<Duration> {
        for event in self.scanner.take_expired(self.clock.now()) {
            self.on_event(event)?;
        }
        if let Some(effect) = self.app.update(self.clock.now(), Msg::Tick) {
            self.perform(effect)?;
        }
        let now = self.clock.now();
        // The size is the frame's own: the terminal's may be another by the time that it is asked for.
        self.terminal.draw(|frame| {
            self.app.resize(frame.area().width, frame.area().height);
            self.app.refresh();
            view::draw(&self.app, now, frame);
        })?;
        Ok(now)
    }

    /// When something on the screen changes by itself after a frame at `drawn`; none where nothing does.
    pub(super) fn next_change(&self, drawn: Duration, tick: Duration) -> Option<Duration> {
        let counted = self.app.shows_time(drawn).then_some(drawn + tick);
        counted.into_iter().chain(self.scanner.deadline()).min()
    }

    /// Takes in an event and all that wait behind it.
    pub(super) async fn on_input(&mut self, first: Option<io::Result<Event>>) -> io::Result<Exit> {
        let mut next = Some(first);
        while let Some(event) = next {
            let Some(event) = event else { return Ok(true) };
            match self.scanner.scan(event?, self.clock.now()) {
                ReplyScan::Partial => {}
                ReplyScan::Background(theme) => drop(self.app.update(self.clock.now(), Msg::Background(theme))),
                ReplyScan::Keys(events) => {
                    for event in events {
                        if self.on_event(event)? {
                            return Ok(true);
                        }
                    }
                }
            }
            next = next_ready(&mut self.keys).await;
        }
        Ok(false)
    }

    /// Applies a message and all that wait behind it. Returns whether a frame is due.
    pub(super) fn on_message(&mut self, first: Msg) -> bool {
        let mut due = false;
        let mut next = Some(first);
        while let Some(msg) = next {
            due |= self.app.may_change_screen(&msg);
            self.app.update(self.clock.now(), msg);
            next = self.channels.inbox.try_recv().ok();
        }
        due
    }

    /// The system stops us, or lets us go on.
    pub(super) fn suspend(&mut self) -> io::Result<()> {
        self.perform(Effect::Suspend)
    }

    pub(super) fn resume(&mut self) -> io::Result<()> {
        // The signal that ended our own stop is no news.
        if std::mem::take(&mut self.stopped) { Ok(()) } else { self.terminal.lend(|| ()) }
    }

    fn on_event(&mut self, event: Event) -> io::Result<Exit> {
        let msg = match event {
            Event::Key(key) => Msg::Key(key),
            Event::Paste(text) => Msg::Paste(text),
            Event::Mouse(mouse) => match mouse.kind {
                MouseEventKind::ScrollDown => Msg::Wheel(3),
                MouseEventKind::ScrollUp => Msg::Wheel(-3),
                _ => return Ok(false),
            },
            Event::Resize(..) | Event::FocusGained | Event::FocusLost => return Ok(false),
        };
        match self.app.update(self.clock.now(), msg) {
            Some(Effect::Quit) => Ok(true),
            Some(effect) => self.perform(effect).map(|()| false),
            None => Ok(false),
        }
    }

    /// Does what the terminal can do itself; the rest goes out on the wire.
    fn perform(&mut self, effect: Effect) -> io::Result<()> {
        let notice = match effect {
            Effect::Copy { what, text } => {
                self.terminal.copy(&text)?;
                let notice = clipboard::sent_notice(&what, &text);
                if let Some(tool) = &self.channels.clipboard {
                    let messages = self.channels.messages.clone();
                    tool.copy(&what, text, move |said| _ = messages.send(Msg::Notice(said)));
                }
                Some(notice)
            }
            Effect::Mouse(on) => {
                self.terminal.mouse(on)?;
                Some(
                    if on { "The wheel scrolls; Shift selects text." } else { "The terminal has the mouse." }
                        .to_owned(),
                )
            }
            Effect::Suspend => {
                self.stopped = true;
                self.lend(terminal::stop_process)?.err().map(|error| format!("Cannot stop here: {error}"))
            }
            Effect::Edit(text) => {
                let editor = self.channels.editor.clone().unwrap_or_default();
                let edited = self.lend(|| editor::edit(&editor, &text))?;
                self.app.update(self.clock.now(), Msg::Edited(edited));
                None
            }
            other => self.channels.effects.send(other).err().map(|_| "Nothing can do that now.".to_owned()),
        };
        if let Some(notice) = notice {
            self.app.update(self.clock.now(), Msg::Notice(notice));
        }
        Ok(())
    }

    /// Lends the terminal, keys and all.
    fn lend<T>(&mut self, meanwhile: impl FnOnce() -> T) -> io::Result<T> {
        // The stream's own thread would take keys away from whoever has the terminal.
        self.keys = EventStream::new();
        let result = self.terminal.lend(meanwhile);
        self.keys = EventStream::new();
        result
    }
}

impl Drop for EventLoop {
    /// What was arranged is kept after a panic, too. The terminal comes first: there may be something to tell.
    fn drop(&mut self) {
        terminal::restore();
        let kept = UiPrefs { sizes: self.app.screen.sizes, theme: self.app.display.chosen_theme };
        if kept != self.before {
            (self.channels.save_prefs)(kept);
        }
    }
}

/// What the stream has ready, if anything. It must be asked in this task's own name: the stream
/// wakes only whoever asked it first, and one that asked in passing would swallow the next key.
async fn next_ready(keys: &mut EventStream) -> Option<Option<io::Result<Event>>> {
    std::future::poll_fn(|cx| {
        Poll::Ready(match keys.poll_next_unpin(cx) {
            Poll::Ready(event) => Some(event),
            Poll::Pending => None,
        })
    })
    .await
}
