//! Signals of the operating system, reduced to four.

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(unix), expect(dead_code, reason = "only Unix sends them"))]
pub(super) enum Signal {
    /// End the program: `SIGTERM`, `SIGHUP`, `SIGQUIT`, or `SIGINT` from another process.
    End,
    /// Stop the process: `SIGTSTP`.
    Stop,
    /// Continue after a stop: `SIGCONT`.
    Continue,
    /// Draw for a new size: `SIGWINCH`.
    Resize,
}

pub(super) use inner::Signals;

#[cfg(unix)]
mod inner {
    use crate::tui::signals::Signal;
    use std::io;
    use tokio::signal::unix::{Signal as Stream, SignalKind, signal};

    /// `SIGTSTP` has no constant in tokio. Its number is 18 on BSDs and macOS, 20 on Linux.
    const TSTP: i32 = rustix::process::Signal::TSTP.as_raw();
    const CONT: i32 = rustix::process::Signal::CONT.as_raw();

    /// Streams of the signals that the program handles.
    pub(in crate::tui) struct Signals {
        term: Stream,
        hup: Stream,
        quit: Stream,
        int: Stream,
        stop: Stream,
        cont: Stream,
        size: Stream,
    }

    impl Signals {
        /// Registers the handlers.
        ///
        /// # Errors
        /// Fails if the system refuses a handler.
        pub(in crate::tui) fn new() -> io::Result<Self> {
            Ok(Self {
                term: signal(SignalKind::terminate())?,
                hup: signal(SignalKind::hangup())?,
                quit: signal(SignalKind::quit())?,
                int: signal(SignalKind::interrupt())?,
                stop: signal(SignalKind::from_raw(TSTP))?,
                cont: signal(SignalKind::from_raw(CONT))?,
                size: signal(SignalKind::window_change())?,
            })
        }

        /// Waits for the next signal.
        pub(in crate::tui) async fn next(&mut self) -> Signal {
            tokio::select! {
                _ = self.term.recv() => Signal::End,
                _ = self.hup.recv() => Signal::End,
                _ = self.quit.recv() => Signal::End,
                _ = self.int.recv() => Signal::End,
                _ = self.stop.recv() => Signal::Stop,
                _ = self.cont.recv() => Signal::Continue,
                _ = self.size.recv() => Signal::Resize,
            }
        }
    }
}

#[cfg(not(unix))]
mod inner {
    use crate::tui::signals::Signal;
    use std::io;

    /// No signals: the console sends only keys.
    pub(in crate::tui) struct Signals;

    impl Signals {
        /// Does nothing.
        ///
        /// # Errors
        /// Never fails; the Unix version does.
        pub(in crate::tui) fn new() -> io::Result<Self> {
            Ok(Self)
        }

        /// Never returns.
        pub(in crate::tui) async fn next(&mut self) -> Signal {
            std::future::pending().await
        }
    }
}
