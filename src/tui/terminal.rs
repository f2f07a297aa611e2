//! The terminal taken and given back. Whatever ends the program, the terminal is left as
//! it was found: modes off first, then the alternate screen, then raw mode.

mod backend;

use backend::QuietBackend;
use crossterm::clipboard::CopyToClipboard;
use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture, KeyboardEnhancementFlags,
    PopKeyboardEnhancementFlags, PushKeyboardEnhancementFlags,
};
use crossterm::terminal::{
    DisableLineWrap, EnableLineWrap, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
    disable_raw_mode, enable_raw_mode,
};
use crossterm::{cursor, execute, queue};
use ratatui::backend::Backend as _;
use std::io::{self, IsTerminal, Stdout, Write, stdout};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// Whether the terminal is ours now, for whoever has to give it back.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// The terminal while it is ours. Dropping it gives it back.
pub struct Terminal {
    screen: ratatui::Terminal<QuietBackend<Stdout>>,
    mouse: bool,
}

impl Terminal {
    /// Whether both stdin and stdout are terminals.
    pub fn present() -> bool {
        io::stdin().is_terminal() && io::stdout().is_terminal()
    }

    /// Takes the terminal, and sees to it that a panic on this thread gives it back.
    ///
    /// # Errors
    /// Without a terminal, and where it refuses raw mode. Nothing is left half taken.
    pub fn take() -> io::Result<Self> {
        if !Self::present() {
            return Err(io::Error::other("stdin and stdout must be a terminal"));
        }
        restore_on_panic();
        enter(false)?;
        match ratatui::Terminal::new(QuietBackend::new(stdout())) {
            Ok(screen) => Ok(Self { screen, mouse: false }),
            Err(error) => {
                restore();
                Err(error)
            }
        }
    }

    /// Draws one frame, in one piece where the terminal can do that. Writes nothing if the frame changes nothing.
    ///
    /// # Errors
    /// Where the terminal cannot be written to.
    pub fn draw(&mut self, paint: impl FnOnce(&mut ratatui::Frame<'_>)) -> io::Result<()> {
        let drawn = self.screen.draw(paint).map(drop);
        // An update that has begun is ended even if drawing failed in the middle of it.
        let ended = self.screen.backend_mut().flush();
        drawn.and(ended)
    }

    /// Puts text on the clipboard by OSC 52: whether the terminal takes it, it does not say.
    ///
    /// # Errors
    /// Where the terminal cannot be written to.
    pub fn copy(&mut self, text: &str) -> io::Result<()> {
        execute!(stdout(), CopyToClipboard::to_clipboard_from(text))
    }

    /// Asks what the background is. Terminals that know no such question pass it over; where an answer comes, it
    /// comes among the keys.
    ///
    /// # Errors
    /// Where the terminal cannot be written to.
    pub fn ask_background(&mut self) -> io::Result<()> {
        execute!(stdout(), crossterm::style::Print(super::background::QUERY))
    }

    /// Has the wheel reported, or not.
    ///
    /// # Errors
    /// Where the terminal cannot be written to.
    pub fn mouse(&mut self, on: bool) -> io::Result<()> {
        self.mouse = on;
        if on { execute!(stdout(), EnableMouseCapture) } else { execute!(stdout(), DisableMouseCapture) }
    }

    /// Gives the terminal back for a while, and takes it again; the next frame draws all.
    ///
    /// # Errors
    /// Where the terminal cannot be taken again.
    pub fn lend<T>(&mut self, meanwhile: impl FnOnce() -> T) -> io::Result<T> {
        restore();
        let result = meanwhile();
        enter(self.mouse)?;
        // A new one remembers no frame; clearing the old one would ask the terminal where its cursor is.
        self.screen = ratatui::Terminal::new(QuietBackend::new(stdout()))?;
        Ok(result)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        restore();
    }
}

fn enter(mouse: bool) -> io::Result<()> {
    TAKEN.store(true, Ordering::SeqCst);
    let taken = enable_raw_mode().and_then(|()| {
        execute!(
            stdout(),
            EnterAlternateScreen,
            DisableLineWrap,
            EnableBracketedPaste,
            // Terminals that do not know the sequence pass it over; asking first costs a round trip.
            PushKeyboardEnhancementFlags(KeyboardEnhancementFlags::DISAMBIGUATE_ESCAPE_CODES),
        )
    });
    if mouse {
        execute!(stdout(), EnableMouseCapture)?;
    }
    if taken.is_err() {
        restore();
    }
    taken
}

/// Gives the terminal back. Does nothing the second time, and goes on where a step fails:
/// there is nobody left to tell.
pub fn restore() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut out = stdout();
    let _ = queue!(out, EndSynchronizedUpdate, DisableMouseCapture, DisableBracketedPaste, PopKeyboardEnhancementFlags);
    let _ = queue!(out, EnableLineWrap, LeaveAlternateScreen, cursor::Show);
    let _ = out.flush();
    let _ = disable_raw_mode();
}

/// A panic on the drawing thread restores the terminal before its message is printed. A panic on another thread does
/// not touch the screen, because its message would damage it.
fn restore_on_panic() {
    let drawing = thread::current().id();
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if thread::current().id() == drawing {
            restore();
            report(info);
        } else if !TAKEN.load(Ordering::SeqCst) {
            report(info);
        }
    }));
}

/// Stops this program and its group, as Ctrl+Z does in a shell; returns when it goes on.
///
/// # Errors
/// Where there is nothing like it.
pub fn stop_process() -> io::Result<()> {
    #[cfg(unix)]
    return rustix::process::kill_current_process_group(rustix::process::Signal::STOP).map_err(io::Error::from);
    #[cfg(not(unix))]
    Err(io::Error::other("this system knows no such thing"))
}
