//! Runs the programs of `cmd:` metrics.

use serde_json::Value;
use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};
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
    let Ok(text) = output.recv_timeout(METRIC_TIME) else {
        _ = child.kill();
        // A process that nobody waits for stays in the system's table.
        _ = child.wait();
        return Err(fail(&format!("no score within {} s", METRIC_TIME.as_secs())));
    };
    let status = child.wait().map_err(|error| fail(&error))?;
    if !status.success() {
        return Err(fail(&status));
    }
    let score = text.trim().parse::<f64>().ok().filter(|score| (0.0..=1.0).contains(score));
    score.ok_or_else(|| {
        let found: String = text.trim().chars().take(80).collect();
        fail(&format!("expected a number from 0 to 1, got `{found}`"))
    })
}
