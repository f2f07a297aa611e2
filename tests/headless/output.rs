//! Output that cannot be written: a full disk, a closed pipe, a reader that stalls.

use super::*;
use std::io::Read as _;
use std::process::Child;

/// Commands that print, with exit code 0.
const PRINTING: [&[&str]; 16] = [
    &["ask", "What is DSPy?"],
    &["ask", "What is DSPy?", "--json"],
    &["ask", "What is DSPy?", "--dry-run"],
    &["faults"],
    &["faults", "--json"],
    &["models"],
    &["key"],
    &["config"],
    &["config", "--json"],
    &["prompt", "What is DSPy?"],
    &["signature", "question -> answer"],
    &["export", "--to", "curl"],
    &["history"],
    &["completions", "bash"],
    &["man"],
    &["doctor", "--offline"],
];

#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written_is_an_error() {
    for args in PRINTING {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = switchover(args).stdout(full).stderr(Stdio::piped()).spawn().unwrap().wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{args:?}: {}", err(&output));
        assert!(err(&output).contains("standard output: "), "{args:?}: {}", err(&output));
    }
}

#[test]
fn a_closed_pipe_ends_every_command_quietly() {
    for args in PRINTING {
        let mut child = switchover(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert!(matches!(output.status.code(), Some(0 | 130)), "{args:?}: {:?}", output.status);
        assert!(!err(&output).contains("panicked"), "{args:?}: {}", err(&output));
    }
    let mut child = switchover(&["ask", "x"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stderr.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "what standard error cannot take is lost");
    assert!(!out(&output).is_empty());
}

/// `ask` with an output of more than a pipe holds, which nobody reads.
fn stalled(deadline: &str) -> Child {
    let deadline = format!("failover.deadline={deadline}");
    let mut command = switchover(&["ask", "--json", "--set", &deadline]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    child.stdin.take().unwrap().write_all("word ".repeat(1 << 16).as_bytes()).unwrap();
    child
}

#[test]
fn a_reader_that_stalls_holds_up_no_deadline() {
    let mut child = stalled("1");
    // The pipe stays open while it is waited for, and is not read.
    let mut unread = child.stdout.take().unwrap();
    // A run that ends in time has an answer that nobody reads: 1. On a busy machine the deadline passes first: 2.
    let code = child.wait().unwrap().code();
    assert!(matches!(code, Some(1 | 2)), "{code:?}");
    let mut taken = Vec::new();
    unread.read_to_end(&mut taken).unwrap();
    assert!(taken.starts_with(b"{") && !taken.contains(&b'\n'), "it ended in the middle of its first line");
}

#[cfg(unix)]
#[test]
fn a_reader_that_stalls_holds_up_no_signal() {
    use rustix::process::{Pid, Signal, kill_process};
    let mut child = stalled("600");
    let mut unread = child.stdout.take().unwrap();
    // The first byte shows that it has begun.
    unread.read_exact(&mut [0]).unwrap();
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert!(matches!(child.wait().unwrap().code(), Some(1 | 130)));
}

#[test]
fn a_slow_reader_gets_everything() {
    let output = stalled("60").wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(events(&output).last().unwrap()["event"], "finished");
}
