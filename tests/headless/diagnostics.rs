//! The diagnostic log: off by default, to a file, without secrets.

use super::*;
use crate::kept::Home;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;

const KEY: &str = "sk-or-v1-0a1b2c3d4e5f60718293a4b5c6d7e8f9";
const HEADER: &str = "hunter2-hunter2-hunter2";

/// A server that refuses every request and repeats its key and its extra header in the error.
fn echoing_server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map(Result::unwrap) {
            let lines = BufReader::new(stream.try_clone().unwrap()).lines().map(Result::unwrap);
            let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
            let body = serde_json::json!({"error": {"code": 401, "message": head.join(" ")}}).to_string();
            let answer = format!(
                "HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
            _ = stream.write_all(answer.as_bytes());
        }
    });
    format!("http://{address}/v1")
}

/// Sends a request to the echoing server, with the key in the model's name.
fn ask(home: &Home, options: &[&str], filter: &str) -> (Output, String) {
    let (server, model, header) = (echoing_server(), format!("a/{KEY}"), format!("headers.X-Api-Key={HEADER}"));
    let mut args = vec!["ask", "What is 6 * 7?", "-m", &model, "--base-url", &server, "--set", &header];
    args.extend(options);
    let mut command = home.command(&args);
    let output = command.env("OPENROUTER_API_KEY", KEY).env("SWITCHOVER_LOG", filter).output().unwrap();
    (output, std::fs::read_to_string(home.path("log.txt")).unwrap_or_default())
}

#[test]
fn the_log_contains_events_but_no_secret() {
    let home = Home::new("log");
    let (output, log) = ask(&home, &["--log", "log.txt"], "");
    assert_eq!(output.status.code(), Some(3), "{}", err(&output));
    for part in ["configuration found", "run started", "attempt started", "request sent", "headers received"] {
        assert!(log.contains(part), "{part} is missing:\n{log}");
    }
    for part in ["status=401", "rule=\"", "run finished", "outcome=Rejected", "model=\"a/***\""] {
        assert!(log.contains(part), "{part} is missing:\n{log}");
    }
    for secret in [KEY, HEADER] {
        for piece in secret.as_bytes().windows(8) {
            let piece = std::str::from_utf8(piece).unwrap();
            assert!(!log.contains(piece), "{piece} is in the log:\n{log}");
        }
    }
    assert!(!log.contains("6 * 7") && !log.contains("request built"), "{log}");
    let printed = out(&output) + &err(&output);
    assert!(!printed.contains("run started"), "the log goes only to the file: {printed}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(home.path("log.txt")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "only the owner can read the log");
    }
    let (_, longer) = ask(&home, &["--log", "log.txt"], "http=debug");
    let added = longer.strip_prefix(&log).expect("the log is appended to");
    assert!(added.contains("request built") && !added.contains("run started"), "{added}");
}

#[test]
fn without_log_nothing_is_logged_and_a_wrong_filter_is_an_error() {
    let home = Home::new("no-log");
    let (_, log) = ask(&home, &[], "debug");
    assert_eq!(log, "");
    let (output, log) = ask(&home, &["--log", "log.txt"], "run=loud");
    assert_eq!((output.status.code(), log.as_str()), (Some(1), ""));
    assert!(err(&output).contains("SWITCHOVER_LOG: expected a level"), "{}", err(&output));
    let (output, _) = ask(&home, &["--log", "nowhere/log.txt"], "");
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("--log nowhere/log.txt: "), "{}", err(&output));
}
