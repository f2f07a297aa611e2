//! A person at a terminal: types, looks, waits.

use pty_process::Size;
use pty_process::blocking::{Command, Pty};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
use rustix::termios::{LocalModes, tcgetattr};
use std::io::{Read as _, Write as _};
use std::num::NonZero;
use std::path::PathBuf;
use std::process::Child;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

/// The longest wait for anything to appear.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Person {
    pty: Arc<Pty>,
    child: Child,
    chunks: Receiver<Vec<u8>>,
    parser: vt100::Parser,
    raw: Vec<u8>,
    modes: LocalModes,
    home: Arc<Home>,
}

/// A folder that goes with the last program that lives in it.
struct Home(PathBuf);

impl Drop for Home {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// What the program has done by the time that it rests, as the system counts it.
#[cfg(target_os = "linux")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rest {
    /// How often its threads have gone to sleep: each wake-up is followed by one.
    pub(crate) naps: u64,
    /// Bytes written, to the terminal or elsewhere.
    pub(crate) written: u64,
}

/// A thread of the program at one look.
#[cfg(target_os = "linux")]
#[derive(Debug, PartialEq)]
struct Thread {
    id: std::ffi::OsString,
    asleep: bool,
    naps: u64,
}

impl Person {
    /// Starts a program in a terminal of that size, with a home of its own and no key.
    pub(crate) fn at(program: &str, arguments: &[&str], width: u16, height: u16) -> Self {
        static HOMES: AtomicU32 = AtomicU32::new(0);
        let number = HOMES.fetch_add(1, Ordering::Relaxed);
        let home = std::env::temp_dir().join(format!("switchover-home-{}-{number}", std::process::id()));
        Self::in_home(Arc::new(Home(home)), program, arguments, width, height)
    }

    /// Starts a program in another terminal, with the same home.
    pub(crate) fn starts_again(&self, program: &str, width: u16, height: u16) -> Self {
        Self::in_home(Arc::clone(&self.home), program, &[], width, height)
    }

    fn in_home(home: Arc<Home>, program: &str, arguments: &[&str], width: u16, height: u16) -> Self {
        let (pty, pts) = pty_process::blocking::open().expect("a terminal");
        pty.resize(Size::new(height, width)).expect("a size");
        let modes = tcgetattr(&pty).expect("its modes").local_modes;
        let child = Command::new(program)
            .args(arguments)
            .env_clear()
            .env("TERM", "xterm-256color")
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", &home.0)
            .env("XDG_CONFIG_HOME", home.0.join("config"))
            .env("XDG_DATA_HOME", home.0.join("data"))
            .env("XDG_CACHE_HOME", home.0.join("cache"))
            .current_dir(std::env::temp_dir())
            .spawn(pts)
            .expect("the program");
        let pty = Arc::new(pty);
        let (send, chunks) = channel();
        let reader = Arc::clone(&pty);
        thread::spawn(move || {
            let mut buffer = [0; 8192];
            while let Ok(n @ 1..) = (&*reader).read(&mut buffer) {
                if send.send(buffer[..n].to_vec()).is_err() {
                    break;
                }
            }
        });
        let parser = vt100::Parser::new(cells(height), cells(width), 0);
        Self { pty, child, chunks, parser, raw: Vec::new(), modes, home }
    }

    /// Presses keys, as the bytes that a terminal sends for them.
    pub(crate) fn types(&mut self, keys: &str) {
        (&*self.pty).write_all(keys.as_bytes()).expect("the terminal takes keys");
    }

    /// Waits until the screen shows a text.
    pub(crate) fn sees(&mut self, text: &str) {
        while !self.screen().contains(text) {
            match self.chunks.recv_timeout(PATIENCE) {
                Ok(chunk) => self.take(&chunk),
                Err(why) => panic!("no {text:?} ({why}) on\n{}", self.screen()),
            }
        }
    }

    /// The screen as it stands.
    pub(crate) fn screen(&self) -> String {
        self.parser.screen().contents()
    }

    /// Waits until all of the program's threads sleep at the same time: it has done all that it had to do, unless a
    /// timer is set.
    #[cfg(target_os = "linux")]
    #[expect(clippy::disallowed_methods, reason = "a watchdog ends a wait for text that never comes")]
    pub(crate) fn rests(&self) -> Rest {
        let began = std::time::Instant::now();
        let mut before = self.threads();
        loop {
            let now = self.threads();
            // A thread that sleeps in both looks, and has not woken between them, sleeps between them: all do so at
            // the moment between the last thread of the first look and the first one of the second.
            if now == before && now.iter().all(|thread| thread.asleep) {
                return Rest { naps: now.iter().map(|thread| thread.naps).sum(), written: self.written() };
            }
            assert!(began.elapsed() < PATIENCE, "it never rests: {now:?}");
            before = now;
            thread::yield_now();
        }
    }

    #[cfg(target_os = "linux")]
    fn threads(&self) -> Vec<Thread> {
        let of = |task: std::fs::DirEntry| {
            let status = std::fs::read_to_string(task.path().join("status")).ok()?;
            let value = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
            Some(Thread {
                id: task.file_name(),
                asleep: value("State:")?.starts_with('S'),
                naps: value("voluntary_ctxt_switches:")?.parse().ok()?,
            })
        };
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.child.id())).expect("its threads");
        tasks.flatten().filter_map(of).collect()
    }

    /// Bytes that the program has written so far, wherever to.
    #[cfg(target_os = "linux")]
    fn written(&self) -> u64 {
        let io = std::fs::read_to_string(format!("/proc/{}/io", self.child.id())).expect("its counters");
        io.lines().find_map(|line| line.strip_prefix("wchar: ")).expect("a count").parse().expect("a number")
    }

    /// All that was ever written.
    pub(crate) fn raw(&self) -> String {
        String::from_utf8_lossy(&self.raw).into_owned()
    }

    pub(crate) fn resizes(&mut self, width: u16, height: u16) {
        self.pty.resize(Size::new(height, width)).expect("a size");
        self.parser.screen_mut().set_size(cells(height), cells(width));
    }

    /// Resizes so often that it happens between any two looks of the program at its size.
    pub(crate) fn is_dragged_about(&self) {
        for step in (0..60_000).cycle().take(300_000) {
            self.pty.resize(Size::new(12 + step % 40, 40 + step % 120)).expect("a size");
        }
    }

    pub(crate) fn sends(&self, signal: Signal) {
        kill_process(self.pid(), signal).expect("it lives");
    }

    /// Waits until the program has stopped as a shell's job stops.
    pub(crate) fn waits_for_the_stop(&mut self) {
        let status = waitpid(Some(self.pid()), WaitOptions::UNTRACED).expect("a child").expect("news").1;
        assert!(status.stopped(), "{status:?}");
        self.drains("\x1b[?1049l");
    }

    /// Waits for the end: its exit code, unless a signal ended it.
    pub(crate) fn waits_for_the_end(&mut self) -> Option<i32> {
        // The reader's end closes when the program's does.
        loop {
            match self.chunks.recv_timeout(PATIENCE) {
                Ok(chunk) => self.take(&chunk),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("it does not end:\n{}", self.screen()),
            }
        }
        self.child.wait().expect("it ends").code()
    }

    /// The terminal is as it was found.
    pub(crate) fn has_the_terminal_back(&self) {
        let screen = self.parser.screen();
        assert!(!screen.alternate_screen(), "still on the alternate screen");
        assert!(!screen.hide_cursor(), "the cursor is hidden");
        assert!(!screen.bracketed_paste(), "pastes are still bracketed");
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
        let raw = self.raw();
        let last = |text: &str| raw.rfind(text);
        assert!(last("\x1b[<1u") > last("\x1b[>1u"), "the keyboard's flags are still set");
        let modes = tcgetattr(&*self.pty).expect("its modes").local_modes;
        assert_eq!(modes, self.modes, "the line discipline has changed");
    }

    /// Reads until these bytes have come after the last look.
    fn drains(&mut self, until: &str) {
        while !self.raw().ends_with("\x1b[?25h") || !self.raw().contains(until) {
            match self.chunks.recv_timeout(PATIENCE) {
                Ok(chunk) => self.take(&chunk),
                Err(why) => panic!("no {until:?} ({why})"),
            }
        }
    }

    fn take(&mut self, chunk: &[u8]) {
        self.parser.process(chunk);
        self.raw.extend_from_slice(chunk);
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }
}

fn cells(count: u16) -> NonZero<u16> {
    NonZero::new(count).expect("a terminal has cells")
}

impl Drop for Person {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
