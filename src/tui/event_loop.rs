//! The event loop's steps: reads keys and messages, draws frames, and carries out the effects that need the terminal.

use super::channels::Channels;
use super::effect::{ChainEntry, Effect};
use super::input::{Input, TerminalInput};
use super::prefs::UiPrefs;
use super::state::app::App;
use super::state::app::start::InitialState;
use super::terminal::{self, Terminal};
use super::update::Msg;
use super::{background, clipboard, editor, view};
use crate::failover::Policy;
use crate::transcript::TrafficWatch;
use crossterm::event::{Event, MouseEventKind};
use std::io;
use std::ops::ControlFlow;
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
    pub(super) input: Input,
    pub(super) channels: Channels,
    pub(super) clock: Clock,
    terminal: Terminal,
    /// The preferences at the start. They are saved at the end only if they changed.
    saved_prefs: UiPrefs,
    /// Whether the terminal was asked for its background and has not replied.
    asked_background: bool,
    /// The request of the gateway that was asked for last.
    watched: TrafficWatch,
    /// The chain and the policy that the gateway was given last.
    served_with: Option<(Vec<ChainEntry>, Policy)>,
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
        let cases = start.cases.clone();
        let mut this = Self {
            terminal: Terminal::take()?,
            saved_prefs,
            app: App::new(start),
            input: Input::start()?,
            channels,
            clock: Clock::start(),
            asked_background: false,
            watched: TrafficWatch::Nothing,
            served_with: None,
            stopped: false,
        };
        if ask_background {
            this.terminal.ask_background()?;
            this.asked_background = true;
        }
        if let Some(path) = cases {
            let effect = this.app.open_cases(Some(path));
            this.perform(effect)?;
        }
        if tour && let Some(effect) = this.app.begin_tour() {
            this.perform(effect)?;
        }
        Ok(this)
    }

    /// Draws one frame, after the state has seen the current time. Returns the frame's time.
    pub(super) fn frame(&mut self) -> io::Result<Duration> {
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

    /// Tells the gateway what has changed on the screen: which request is to be shown, and the chain and the policy.
    pub(super) fn inform_gateway(&mut self) -> io::Result<()> {
        let watch = self.app.traffic.watch;
        if std::mem::replace(&mut self.watched, watch) != watch {
            self.perform(Effect::Watch(watch))?;
        }
        // The tour has a chain of its own.
        if self.app.traffic.address().is_none() || self.app.tour.is_some() {
            return Ok(());
        }
        let next = &self.app.next;
        if self.served_with.as_ref().is_none_or(|(chain, policy)| *chain != next.chain || *policy != next.policy) {
            self.served_with = Some((next.chain.clone(), next.policy.clone()));
            let chain = next.chain.iter().map(|entry| entry.model.clone()).collect();
            self.perform(Effect::ServeWith { chain, policy: Box::new(next.policy.clone()) })?;
        }
        Ok(())
    }

    /// When the screen changes without an event after a frame at `drawn`; `None` if it does not.
    pub(super) fn next_change(&self, drawn: Duration, tick: Duration) -> Option<Duration> {
        self.app.shows_time(drawn).then_some(drawn + tick)
    }

    /// Applies an input and all that are queued behind it. Breaks when the program should end.
    pub(super) async fn on_input(&mut self, first: Option<io::Result<TerminalInput>>) -> io::Result<ControlFlow<()>> {
        let mut next = Some(first);
        while let Some(input) = next {
            let Some(input) = input else { return Ok(ControlFlow::Break(())) };
            match input? {
                TerminalInput::Background(colour) => {
                    if let Some(theme) = background::theme_for(&colour)
                        && std::mem::take(&mut self.asked_background)
                    {
                        self.app.update(self.clock.now(), Msg::Background(theme));
                    }
                }
                TerminalInput::Event(event) => {
                    if self.on_event(event)?.is_break() {
                        return Ok(ControlFlow::Break(()));
                    }
                }
            }
            next = self.input.ready().await;
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Applies a message and all that are queued behind it, and carries out their effects. Returns whether the screen
    /// may have changed.
    pub(super) fn on_message(&mut self, first: Msg) -> io::Result<bool> {
        let mut due = false;
        let mut next = Some(first);
        while let Some(msg) = next {
            due |= self.app.may_change_screen(&msg);
            if let Some(effect) = self.app.update(self.clock.now(), msg) {
                self.perform(effect)?;
            }
            next = self.channels.inbox.try_recv().ok();
        }
        Ok(due)
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
        // A thread that reads on would take keys from the program that has the terminal now.
        self.input.stop();
        let result = self.terminal.lend(meanwhile);
        self.input = Input::start()?;
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
