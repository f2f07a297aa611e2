//! What comes from the terminal. On Unix a thread reads bytes and decodes them itself: the terminal library types
//! replies that it does not know into the prompt, and does not read the key of the base layout. Elsewhere the library
//! reads the console.

#[cfg(unix)]
mod csi;
#[cfg(unix)]
mod decoder;
#[cfg(unix)]
mod kitty;
mod terminal_input;

pub(super) use inner::Input;
pub(super) use terminal_input::TerminalInput;

#[cfg(unix)]
mod inner {
    use crate::tui::input::decoder::Decoder;
    use crate::tui::input::terminal_input::TerminalInput;
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::io::{Errno, read};
    use std::io::{self, stdin};
    use std::os::unix::net::UnixStream;
    use std::thread::{self, JoinHandle};
    use std::time::Duration;
    use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

    /// The thread that reads standard input. Dropping it ends the thread, so that nothing more is taken from a program
    /// that has the terminal next.
    pub(in crate::tui) struct Input {
        received: UnboundedReceiver<io::Result<TerminalInput>>,
        /// Closing it wakes the thread. It is there until this is dropped.
        wake: Option<UnixStream>,
        thread: Option<JoinHandle<()>>,
    }

    impl Input {
        /// Starts to read.
        ///
        /// # Errors
        /// The system gives no thread or no socket.
        pub(in crate::tui) fn start() -> io::Result<Self> {
            let (wake, woken) = UnixStream::pair()?;
            let (sender, received) = unbounded_channel();
            let thread = thread::Builder::new().name("input".into()).spawn(move || listen(&woken, &sender))?;
            Ok(Self { received, wake: Some(wake), thread: Some(thread) })
        }

        /// Waits for the next input; `None` when the terminal is gone.
        pub(in crate::tui) async fn next(&mut self) -> Option<io::Result<TerminalInput>> {
            self.received.recv().await
        }

        /// The next input, if one is there.
        #[expect(clippy::unused_async, reason = "elsewhere it polls with the context of its task")]
        pub(in crate::tui) async fn ready(&mut self) -> Option<Option<io::Result<TerminalInput>>> {
            self.received.try_recv().ok().map(Some)
        }
    }

    impl Input {
        /// Ends the thread, and waits for its end.
        pub(in crate::tui) fn stop(&mut self) {
            drop(self.wake.take());
            if let Some(thread) = self.thread.take() {
                _ = thread.join();
            }
        }
    }

    impl Drop for Input {
        fn drop(&mut self) {
            self.stop();
        }
    }

    /// The thread: reads until the terminal is gone or nobody listens.
    fn listen(woken: &UnixStream, sender: &UnboundedSender<io::Result<TerminalInput>>) {
        let (mut decoder, mut buffer, stdin) = (Decoder::default(), vec![0; 1 << 16], stdin());
        let mut inputs = Vec::new();
        loop {
            let mut sources = [PollFd::new(&stdin, PollFlags::IN), PollFd::new(woken, PollFlags::IN)];
            match poll(&mut sources, decoder.patience().map(timespec).as_ref()) {
                Err(Errno::INTR) => continue,
                Err(error) => return drop(sender.send(Err(error.into()))),
                Ok(0) => decoder.expire(&mut inputs),
                Ok(_) if !sources[1].revents().is_empty() => return,
                Ok(_) => match read(&stdin, &mut buffer[..]) {
                    Ok(0) => return,
                    Ok(count) => decoder.push(&buffer[..count], &mut inputs),
                    Err(Errno::INTR | Errno::AGAIN) => continue,
                    Err(error) => return drop(sender.send(Err(error.into()))),
                },
            }
            for found in inputs.drain(..) {
                if sender.send(Ok(found)).is_err() {
                    return;
                }
            }
        }
    }

    fn timespec(time: Duration) -> Timespec {
        Timespec { tv_sec: time.as_secs().cast_signed(), tv_nsec: time.subsec_nanos().into() }
    }
}

#[cfg(not(unix))]
mod inner {
    use crate::tui::input::terminal_input::TerminalInput;
    use crossterm::event::EventStream;
    use futures_util::{FutureExt as _, StreamExt as _};
    use std::io;

    /// The library's stream of events.
    pub(in crate::tui) struct Input(EventStream);

    impl Input {
        /// Starts to read.
        ///
        /// # Errors
        /// Never fails; the Unix version does.
        pub(in crate::tui) fn start() -> io::Result<Self> {
            Ok(Self(EventStream::new()))
        }

        /// Waits for the next input.
        pub(in crate::tui) async fn next(&mut self) -> Option<io::Result<TerminalInput>> {
            Some(self.0.next().await?.map(TerminalInput::Event))
        }

        /// Ends the stream's thread.
        pub(in crate::tui) fn stop(&mut self) {
            self.0 = EventStream::new();
        }

        /// The next input, if one is there. Polled with the context of this task: the stream wakes only the first waker
        /// that it sees.
        pub(in crate::tui) async fn ready(&mut self) -> Option<Option<io::Result<TerminalInput>>> {
            let mut next = self.0.next();
            let ready = std::future::poll_fn(|cx| {
                std::task::Poll::Ready(match next.poll_unpin(cx) {
                    std::task::Poll::Ready(event) => Some(event),
                    std::task::Poll::Pending => None,
                })
            });
            Some(ready.await?.map(|event| event.map(TerminalInput::Event)))
        }
    }
}
