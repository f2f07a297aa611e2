//! Runs the programs of `cmd:` metrics.

use serde_json::Value;
use std::io::{Read as _, Write as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

/// The longest time of a metric's program.
const METRIC_TIME: Duration = Duration::from_secs(60);

/// Runs a metric's program: JSON on its standard input, a number from 0 to 1 on its standard output. What it writes to
/// standard error goes to `stderr`.
pub(in crate::cli) fn run_metric(program: &str, question: &Value, stderr: Stdio) -> Result<f64, String> {
    let fail = |what: &dyn std::fmt::Display| format!("cmd:{program}: {what}");
    let (shell, flag) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };
    let mut child = Command::new(shell)
        .args([flag, program])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(stderr)
        .spawn()
        .map_err(|error| fail(&error))?;
    let (mut stdin, stdout) = (child.stdin.take(), child.stdout.take());
    let question = question.to_string();
    // A program that reads nothing, or prints much, must not hold up this one.
    std::thread::spawn(move || stdin.take().map(|mut stdin| stdin.write_all(question.as_bytes())));
    let (sender, output) = channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        _ = stdout.map(|out| out.take(1 << 16).read_to_end(&mut bytes));
        _ = sender.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    let text = output.recv_timeout(METRIC_TIME).ok();
    // A program may say its score and still not end.
    let (Some(text), Some(status)) = (text, ended(&mut child, METRIC_TIME)) else {
        _ = child.kill();
        // A process that nobody waits for stays in the system's table.
        _ = child.wait();
        return Err(fail(&format!("no score within {} s", METRIC_TIME.as_secs())));
    };
    if !status.success() {
        return Err(fail(&status));
    }
    let score = text.trim().parse::<f64>().ok().filter(|score| (0.0..=1.0).contains(score));
    score.ok_or_else(|| {
        let found: String = text.trim().chars().take(80).collect();
        fail(&format!("expected a number from 0 to 1, got `{found}`"))
    })
}

/// The end of a process, if it comes within this time.
fn ended(child: &mut Child, most: Duration) -> Option<ExitStatus> {
    let (mut waited, mut pause) = (Duration::ZERO, Duration::from_millis(1));
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if waited < most => std::thread::sleep(pause),
            Ok(None) | Err(_) => return None,
        }
        waited += pause;
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_says_nothing_more_and_does_not_end_is_not_waited_for() {
        let mut child = Command::new("sh").args(["-c", "exec >&-; read line"]).stdin(Stdio::piped()).spawn().unwrap();
        assert_eq!(ended(&mut child, Duration::ZERO), None);
        drop(child.stdin.take());
        child.wait().unwrap();
        assert!(ended(&mut child, Duration::ZERO).is_some());
    }
}
