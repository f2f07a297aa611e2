//! Takes the terminal and gives it back. However the program ends, the terminal is left as it was: first the modes are
//! turned off, then the alternate screen, then raw mode.

mod backend;
mod rows;

use backend::QuietBackend;
use crossterm::clipboard::CopyToClipboard;
use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture, KeyboardEnhancementFlags,
    PopKeyboardEnhancementFlags, PushKeyboardEnhancementFlags,
};
use crossterm::terminal::{
    Clear, ClearType, DisableLineWrap, EnableLineWrap, EndSynchronizedUpdate, EnterAlternateScreen,
    LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use crossterm::{cursor, execute, queue};
use ratatui::backend::Backend as _;
use std::io::{self, IsTerminal, Stdout, Write, stdout};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// Whether this program has the terminal. The panic hook and [`restore`] read it.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// The terminal in raw mode and on the alternate screen. Dropping it restores the terminal.
pub struct Terminal {
    screen: ratatui::Terminal<QuietBackend<Stdout>>,
    mouse: bool,
}

impl Terminal {
    /// Whether both stdin and stdout are terminals.
    pub fn present() -> bool {
        io::stdin().is_terminal() && io::stdout().is_terminal()
    }

    /// Takes the terminal. Installs a panic hook that restores it if this thread panics.
    ///
    /// # Errors
    /// Fails if stdin or stdout is not a terminal, or if raw mode is refused. The terminal is then restored.
    pub fn take() -> io::Result<Self> {
        if !Self::present() {
            return Err(io::Error::other("stdin and stdout must be a terminal"));
        }
        restore_on_panic();
        enter()?;
        match ratatui::Terminal::new(QuietBackend::new(stdout())) {
            Ok(screen) => Ok(Self { screen, mouse: false }),
            Err(error) => {
                restore();
                Err(error)
            }
        }
    }

    /// Draws one frame as a synchronized update. Writes nothing if the frame changes nothing.
    ///
    /// # Errors
    /// Fails if the terminal cannot be written to.
    pub fn draw(&mut self, paint: impl FnOnce(&mut ratatui::Frame<'_>)) -> io::Result<()> {
        let drawn = self.screen.draw(paint).map(drop);
        // Ends the synchronized update even if drawing failed.
        let ended = self.screen.backend_mut().flush();
        drawn.and(ended)
    }

    /// Sends text to the clipboard with OSC 52. The terminal does not report whether it accepts the text.
    ///
    /// # Errors
    /// Fails if the terminal cannot be written to.
    pub fn copy(&mut self, text: &str) -> io::Result<()> {
        execute!(stdout(), CopyToClipboard::to_clipboard_from(text))
    }

    /// Queries the background colour. Terminals that do not support the query ignore it; a reply arrives as input.
    ///
    /// # Errors
    /// Fails if the terminal cannot be written to.
    pub fn ask_background(&mut self) -> io::Result<()> {
        execute!(stdout(), crossterm::style::Print(super::background::QUERY))
    }

    /// Turns reports of the mouse on or off.
    ///
    /// # Errors
    /// Fails if the terminal cannot be written to.
    pub fn report_mouse(&mut self, on: bool) -> io::Result<()> {
        self.mouse = on;
        if on { execute!(stdout(), EnableMouseCapture) } else { execute!(stdout(), DisableMouseCapture) }
    }

    /// Restores the terminal, calls `meanwhile`, and takes the terminal again. The next frame draws every cell.
    ///
    /// # Errors
    /// Fails if the terminal cannot be taken again.
    pub fn lend<T>(&mut self, meanwhile: impl FnOnce() -> T) -> io::Result<T> {
        restore();
        let result = meanwhile();
        enter()?;
        if self.mouse {
            execute!(stdout(), EnableMouseCapture)?;
        }
        // A new one has no previous frame, so it draws every cell. Clearing the old one would query the cursor position.
        self.screen = ratatui::Terminal::new(QuietBackend::new(stdout()))?;
        Ok(result)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        restore();
    }
}

fn enter() -> io::Result<()> {
    TAKEN.store(true, Ordering::SeqCst);
    let taken = enable_raw_mode().and_then(|()| {
        execute!(
            stdout(),
            EnterAlternateScreen,
            DisableLineWrap,
            EnableBracketedPaste,
            // Terminals that do not support the sequence ignore it; a query first would cost a round trip.
            PushKeyboardEnhancementFlags(
                // The key of the base layout makes Ctrl+C work where the letters are not Latin.
                KeyboardEnhancementFlags::DISAMBIGUATE_ESCAPE_CODES | KeyboardEnhancementFlags::REPORT_ALTERNATE_KEYS,
            ),
        )
    });
    if taken.is_err() {
        restore();
    }
    taken
}

/// Restores the terminal. Does nothing if it is restored already. Ignores errors and does the remaining steps.
pub fn restore() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut out = stdout();
    let _ = queue!(out, EndSynchronizedUpdate, DisableMouseCapture, DisableBracketedPaste, PopKeyboardEnhancementFlags);
    // tmux shows rows of the alternate screen after it is left, if the window has grown in the meantime.
    let _ = queue!(out, Clear(ClearType::All), EnableLineWrap, LeaveAlternateScreen, cursor::Show);
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

/// Stops this process and its group, as Ctrl+Z does in a shell. Returns when the process continues.
///
/// # Errors
/// Fails on systems without job control.
pub fn stop_process() -> io::Result<()> {
    #[cfg(unix)]
    return rustix::process::kill_current_process_group(rustix::process::Signal::STOP).map_err(io::Error::from);
    #[cfg(not(unix))]
    Err(io::Error::other("this system has no job control"))
}
