//! What the system tells the program, as three words.

/// A signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(unix), expect(dead_code, reason = "only Unix sends them"))]
pub(super) enum Signal {
    /// End: `SIGTERM`, `SIGHUP`, `SIGQUIT`, or `SIGINT` from outside.
    End,
    /// Stop for a while: `SIGTSTP`.
    Stop,
    /// Go on: `SIGCONT`.
    Continue,
}

pub(super) use inner::Signals;

#[cfg(unix)]
mod inner {
    use crate::tui::signals::Signal;
    use std::io;
    use tokio::signal::unix::{Signal as Stream, SignalKind, signal};

    /// `SIGTSTP`, by its number where this runs: 18 on BSDs and macOS, 20 on Linux.
    const TSTP: i32 = rustix::process::Signal::TSTP.as_raw();
    const CONT: i32 = rustix::process::Signal::CONT.as_raw();

    /// All that are listened to.
    pub(in crate::tui) struct Signals {
        term: Stream,
        hup: Stream,
        quit: Stream,
        int: Stream,
        stop: Stream,
        go_on: Stream,
    }

    impl Signals {
        /// Begins to listen.
        ///
        /// # Errors
        /// Where the system refuses a listener.
        pub(in crate::tui) fn new() -> io::Result<Self> {
            Ok(Self {
                term: signal(SignalKind::terminate())?,
                hup: signal(SignalKind::hangup())?,
                quit: signal(SignalKind::quit())?,
                int: signal(SignalKind::interrupt())?,
                stop: signal(SignalKind::from_raw(TSTP))?,
                go_on: signal(SignalKind::from_raw(CONT))?,
            })
        }

        /// The next one.
        pub(in crate::tui) async fn next(&mut self) -> Signal {
            tokio::select! {
                _ = self.term.recv() => Signal::End,
                _ = self.hup.recv() => Signal::End,
                _ = self.quit.recv() => Signal::End,
                _ = self.int.recv() => Signal::End,
                _ = self.stop.recv() => Signal::Stop,
                _ = self.go_on.recv() => Signal::Continue,
            }
        }
    }
}

#[cfg(not(unix))]
mod inner {
    use crate::tui::signals::Signal;
    use std::io;

    /// Nothing is listened to: the console tells of keys only.
    pub(in crate::tui) struct Signals;

    impl Signals {
        /// Begins to listen.
        ///
        /// # Errors
        /// None here.
        pub(in crate::tui) fn new() -> io::Result<Self> {
            Ok(Self)
        }

        /// Never comes.
        pub(in crate::tui) async fn next(&mut self) -> Signal {
            std::future::pending().await
        }
    }
}
