//! `switchover serve`: what it prints, what is broken at its base URL, and its log.

use serde_json::json;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

/// A server of the program itself; it ends with the test.
struct Served(Child);

impl Drop for Served {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

/// Sends one request, and returns the status line of the response.
fn post(address: &str, path: &str, model: &str) -> String {
    let body = json!({ "model": model, "messages": [{ "role": "user", "content": "What is 6 * 7?" }] }).to_string();
    let mut stream = TcpStream::connect(address).unwrap();
    let head = "Authorization: Bearer any\r\nConnection: close";
    write!(stream, "POST {path} HTTP/1.1\r\n{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    response.lines().next().unwrap_or_default().to_owned()
}

#[test]
fn serve_breaks_models_at_its_base_url_and_logs_requests() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_switchover"));
    command.args(["serve", "--port", "0", "--pace", "0", "--fault", "openai/gpt-4o-mini=503"]);
    command.env_clear().env("HOME", env!("CARGO_TARGET_TMPDIR")).current_dir(env!("CARGO_TARGET_TMPDIR"));
    let mut served = Served(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(served.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    let base = lines.next().unwrap();
    let address = base.strip_prefix("base URL   http://").and_then(|url| url.strip_suffix("/api/v1")).unwrap();
    assert_eq!(lines.next().unwrap(), "broken     openai/gpt-4o-mini=503");

    let completions = "/api/v1/chat/completions";
    let status = post(address, completions, "openai/gpt-4o-mini");
    assert_eq!(status, "HTTP/1.1 503 Service Unavailable");
    assert_eq!(post(address, completions, "anthropic/claude-3-haiku"), "HTTP/1.1 200 OK");
    assert_eq!(post(address, &format!("/reset{completions}"), "openai/gpt-4o\u{1b}[31m"), "HTTP/1.1 404 Not Found");
    assert_eq!(post(address, &format!("/502{completions}"), "openai/gpt-4o-mini"), "HTTP/1.1 502 Bad Gateway");

    let log = BufReader::new(served.0.stderr.take().unwrap()).lines().map(Result::unwrap).take(4);
    let expected = [
        "POST /api/v1/chat/completions openai/gpt-4o-mini: 503, injected 503",
        "POST /api/v1/chat/completions anthropic/claude-3-haiku: 200",
        "POST /reset/api/v1/chat/completions openai/gpt-4o: 404",
        "POST /502/api/v1/chat/completions openai/gpt-4o-mini: 502, injected 502",
    ];
    assert_eq!(log.collect::<Vec<_>>(), expected);
}
