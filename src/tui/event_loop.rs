//! The event loop's steps: reads keys and messages, draws frames, and carries out the effects that need the terminal.

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
use std::ops::ControlFlow;
use std::task::Poll;
use std::time::{Duration, Instant};

/// The screen's clock. No other part of the screen reads the time.
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

/// The state of the screen with the terminal and the channels.
pub(super) struct EventLoop {
    pub(super) app: App,
    pub(super) keys: EventStream,
    pub(super) channels: Channels,
    pub(super) clock: Clock,
    terminal: Terminal,
    /// The preferences at the start. They are saved at the end only if they changed.
    saved_prefs: UiPrefs,
    /// Finds the terminal's reply about its background among the keys.
    scanner: ReplyScanner,
    /// Whether Ctrl+Z stopped the process: the next `SIGCONT` needs no further work.
    stopped: bool,
}

impl EventLoop {
    /// Takes the terminal and creates the state.
    ///
    /// # Errors
    /// Fails if there is no terminal.
    pub(super) fn start(start: InitialState, channels: Channels) -> io::Result<Self> {
        let (tour, ask_background, saved_prefs) = (start.tour, start.ask_background, start.prefs);
        let mut this = Self {
            terminal: Terminal::take()?,
            saved_prefs,
            app: App::new(start),
            keys: EventStream::new(),
            channels,
            clock: Clock::start(),
            scanner: ReplyScanner::default(),
            stopped: false,
        };
        if ask_background {
            this.terminal.ask_background()?;
            this.scanner.start(this.clock.now());
        }
        if tour && let Some(effect) = this.app.begin_tour() {
            this.perform(effect)?;
        }
        Ok(this)
    }

    /// Draws one frame, after the state has seen the current time. Returns the frame's time.
    pub(super) fn frame(&mut self) -> io::Result<Duration> {
        for event in self.scanner.take_expired(self.clock.now()) {
            // Held keys are Esc and text: none of them quits.
            let _ = self.on_event(event)?;
        }
        if let Some(effect) = self.app.update(self.clock.now(), Msg::Tick) {
            self.perform(effect)?;
        }
        let now = self.clock.now();
        // Uses the size of the frame: the terminal's size may change in the meantime.
        self.terminal.draw(|frame| {
            self.app.resize(frame.area().width, frame.area().height);
            self.app.refresh();
            view::draw(&self.app, now, frame);
        })?;
        Ok(now)
    }

    /// When the screen changes without an event after a frame at `drawn`; `None` if it does not.
    pub(super) fn next_change(&self, drawn: Duration, tick: Duration) -> Option<Duration> {
        let next_tick = self.app.shows_time(drawn).then_some(drawn + tick);
        next_tick.into_iter().chain(self.scanner.deadline()).min()
    }

    /// Applies an event and all that are queued behind it. Breaks when the program should end.
    pub(super) async fn on_input(&mut self, first: Option<io::Result<Event>>) -> io::Result<ControlFlow<()>> {
        let mut next = Some(first);
        while let Some(event) = next {
            let Some(event) = event else { return Ok(ControlFlow::Break(())) };
            match self.scanner.scan(event?, self.clock.now()) {
                ReplyScan::Partial => {}
                ReplyScan::Background(theme) => drop(self.app.update(self.clock.now(), Msg::Background(theme))),
                ReplyScan::Keys(events) => {
                    for event in events {
                        if self.on_event(event)?.is_break() {
                            return Ok(ControlFlow::Break(()));
                        }
                    }
                }
            }
            next = next_ready(&mut self.keys).await;
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Applies a message and all that are queued behind it. Returns whether the screen may have changed.
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

    /// Stops the process after `SIGTSTP`, as Ctrl+Z does.
    pub(super) fn suspend(&mut self) -> io::Result<()> {
        self.perform(Effect::Suspend)
    }

    /// Takes the terminal again after `SIGCONT`. A stop by [`suspend`](Self::suspend) has done that already.
    pub(super) fn resume(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.stopped) { Ok(()) } else { self.terminal.lend(|| ()) }
    }

    fn on_event(&mut self, event: Event) -> io::Result<ControlFlow<()>> {
        let msg = match event {
            Event::Key(key) => Msg::Key(key),
            Event::Paste(text) => Msg::Paste(text),
            Event::Mouse(mouse) => match mouse.kind {
                MouseEventKind::ScrollDown => Msg::Wheel(3),
                MouseEventKind::ScrollUp => Msg::Wheel(-3),
                _ => return Ok(ControlFlow::Continue(())),
            },
            Event::Resize(..) | Event::FocusGained | Event::FocusLost => return Ok(ControlFlow::Continue(())),
        };
        match self.app.update(self.clock.now(), msg) {
            Some(Effect::Quit) => Ok(ControlFlow::Break(())),
            Some(effect) => self.perform(effect).map(ControlFlow::Continue),
            None => Ok(ControlFlow::Continue(())),
        }
    }

    /// Carries out the effects that need the terminal, and sends the others to the rest of the program.
    fn perform(&mut self, effect: Effect) -> io::Result<()> {
        let notice = match effect {
            Effect::Copy { what, text } => {
                self.terminal.copy(&text)?;
                let notice = clipboard::sent_notice(&what, &text);
                if let Some(tool) = &self.channels.clipboard {
                    let messages = self.channels.messages.clone();
                    tool.copy(&what, text, move |notice| _ = messages.send(Msg::Notice(notice)));
                }
                Some(notice)
            }
            Effect::Mouse(on) => {
                self.terminal.report_mouse(on)?;
                Some(
                    if on {
                        "The wheel scrolls; Shift selects text."
                    } else {
                        "The terminal selects text; the wheel is off."
                    }
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

    /// Restores the terminal, calls `meanwhile`, and takes the terminal again.
    fn lend<T>(&mut self, meanwhile: impl FnOnce() -> T) -> io::Result<T> {
        // Dropping the stream ends its thread, which would take keys from the program that has the terminal now.
        self.keys = EventStream::new();
        let result = self.terminal.lend(meanwhile);
        self.keys = EventStream::new();
        result
    }
}

impl Drop for EventLoop {
    /// Restores the terminal, then saves the preferences if they changed; also after a panic.
    fn drop(&mut self) {
        terminal::restore();
        let prefs = UiPrefs { sizes: self.app.screen.sizes, theme: self.app.display.chosen_theme };
        if prefs != self.saved_prefs {
            (self.channels.save_prefs)(prefs);
        }
    }
}

/// The next event if one is ready. It is polled with the context of this task: the stream wakes only the first waker
/// that it sees, so a poll with another waker would lose the wake-up for the next key.
async fn next_ready(keys: &mut EventStream) -> Option<Option<io::Result<Event>>> {
    std::future::poll_fn(|cx| {
        Poll::Ready(match keys.poll_next_unpin(cx) {
            Poll::Ready(event) => Some(event),
            Poll::Pending => None,
        })
    })
    .await
}
