//! What each kind of failure looks like in the failover log, as `switchover ask` prints it.

use crate::{fresh, model_server, page, shell};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;
use switchover::failover::{FailureKind, rules};

/// The first model of the chain, which is broken.
const FIRST: &str = "openai/gpt-4o-mini";
/// A model that shares a rate limit with all `:free` ones.
const FREE: &str = "openai/gpt-oss-20b:free";

/// A rule, the fault that shows it, and further options.
#[rustfmt::skip] // a table is easier to read with one row per line
const SHOWN: &[(&str, &str, &str)] = &[
    ("dns", "", "has no address"),
    ("refused", "refused", ""),
    ("connect-timeout", "", "accepts nobody"),
    ("tls", "", "speaks plain HTTP"),
    ("tls-eof", "", "hangs up"),
    ("reset", "reset", ""),
    ("first-token", "black-hole", "--set failover.first_token=1"),
    ("idle", "stall:8", "--set failover.idle=1"),
    ("malformed", "400", ""),
    ("format", "400:format", ""),
    ("unsupported", "400:provider", ""),
    ("context", "400:context", ""),
    ("policy", "403:moderation", ""),
    ("unauthorized", "401", ""),
    ("in-flight", "402:in-flight,retry-after=20", "--set failover.deadline=10"),
    ("unaffordable", "402:unaffordable", ""),
    ("no-credit", "402:credits", ""),
    ("forbidden", "403:region", ""),
    ("account-budget", "403:budget", ""),
    ("gone", "404", ""),
    ("request-timeout", "408", ""),
    ("conflict", "409", ""),
    ("rate", "429:retry-after=20", ""),
    ("rate-class", "429:daily", ""),
    ("rate-account", "429:account,reset=20", "--set failover.deadline=10"),
    ("server", "503", ""),
    ("gateway-timeout", "504", ""),
    ("not-an-answer", "html", ""),
    ("mid-stream", "error-event:8", ""),
    ("truncated", "cut:8", ""),
    ("bad-events", "bad-json:1", ""),
    ("too-large", "huge-event", ""),
    ("empty", "empty", ""),
    ("length", "length", ""),
    ("cut-off", "length", "--raw"),
    ("invalid", "garbled", ""),
    ("wrong-model", "", "has another model"),
    ("time-share", "drip:2s", "--set failover.deadline=2 --set simulator.pace=1"),
    ("deadline", "drip:2s", "--set failover.deadline=1 --set simulator.pace=1"),
    ("cancelled", "", "the user cancels"),
    ("hedge-lost", "black-hole", "--set failover.hedge=true"),
    ("local", "", "has no `models` list"),
];

/// Starts a server that is no TLS server, and returns its address.
fn not_tls(answer: &'static [u8]) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let mut socket = socket.unwrap();
            _ = socket.read(&mut [0; 4096]);
            _ = socket.write_all(answer);
        }
    });
    address
}

/// Starts a server with a queue that is full, and returns its address: whoever connects now has to wait.
fn full() -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let mut queue = Vec::new();
    while let Ok(socket) = TcpStream::connect_timeout(&address, Duration::from_millis(100)) {
        queue.push(socket);
    }
    // Until the end of this process.
    Box::leak(Box::new((listener, queue)));
    address.to_string()
}

/// Starts a server that never answers. Returns its address, and says when somebody asks.
fn silent() -> (String, Receiver<()>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (asked, arrivals) = channel();
    std::thread::spawn(move || {
        let mut open = Vec::new();
        for socket in listener.incoming() {
            let mut socket = socket.unwrap();
            _ = socket.read(&mut [0; 4096]);
            open.push(socket);
            if asked.send(()).is_err() {
                return;
            }
        }
    });
    (address, arrivals)
}

/// The command for a row.
struct Ask {
    line: String,
    /// The user cancels it when its request has arrived.
    arrivals: Option<Receiver<()>>,
}

impl Ask {
    fn of(rule: &str, fault: &str, options: &str) -> Self {
        if options == "the user cancels" {
            let (address, arrivals) = silent();
            return Self { line: to("http", &address), arrivals: Some(arrivals) };
        }
        Self { line: command(rule, fault, options), arrivals: None }
    }

    fn output(&self, more: &str, folder: &Path) -> Output {
        let mut command = shell(&format!("exec {} {more}", self.line), folder);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        if let Some(arrivals) = &self.arrivals {
            arrivals.recv().unwrap();
            assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
        }
        child.wait_with_output().unwrap()
    }
}

/// A question to a server of its own.
fn to(scheme: &str, address: &str) -> String {
    format!("switchover ask Hello -m a/model --base-url {scheme}://{address}/v1")
}

/// The command of a row that nobody cancels.
fn command(rule: &str, fault: &str, options: &str) -> String {
    match options {
        "has no address" => to("https", "no-such-host.invalid"),
        "accepts nobody" => to("http", &full()) + " --set failover.connect=1",
        "speaks plain HTTP" => to("https", &not_tls(b"HTTP/1.1 400 Bad Request\r\n\r\n")),
        "hangs up" => to("https", &not_tls(b"")),
        "has another model" => to("http", &model_server()) + " --set failover.strict_model=true",
        "has no `models` list" => to("http", "127.0.0.1:1") + " --server-side",
        _ => {
            let first = if rule == "rate-class" { FREE } else { FIRST };
            // A model without a fallback may use the whole deadline.
            let next = if rule == "deadline" { "" } else { "-m anthropic/claude-3-haiku" };
            format!("switchover ask Hello -m {first} {next} --fault {first}={fault} --set failover.seed=1 {options}")
        }
    }
}

/// Rules with times that come from a clock and may happen to be whole seconds.
const BY_CLOCK: [&str; 2] = ["rate-account", "time-share"];

/// A line of the log without what changes from run to run: times with a fraction, and the port of the simulator.
fn lasting(line: &str, rule: &str) -> String {
    let changes = |time: &str| time.contains('.') || BY_CLOCK.contains(&rule);
    let mut words: Vec<&str> = line.split(' ').collect();
    for at in 1..words.len() {
        let is_second = words[at].trim_end_matches([',', ')', ';']) == "s";
        if is_second && changes(words[at - 1]) && words[at - 1].parse::<f64>().is_ok() {
            words[at - 1] = "…";
        }
    }
    let line = words.join(" ");
    let Some((before, rest)) = line.split_once("http://127.0.0.1:") else { return line };
    format!("{before}http://127.0.0.1:…{}", rest.trim_start_matches(|c: char| c.is_ascii_digit()))
}

/// The lines of the first attempt: its own, and those of circuit breakers after it.
fn lines(ask: &Ask, rule: &str, folder: &Path) -> Vec<String> {
    let output = ask.output("", folder);
    let log = String::from_utf8(output.stderr).unwrap();
    let mut lines = log
        .lines()
        .map(|line| lasting(line, rule))
        .filter(|line| !line.starts_with('◷'))
        .skip_while(|line| !line.contains(" #1 "));
    let first = lines.next().unwrap_or_else(|| panic!("{}: {log}", ask.line));
    std::iter::once(first).chain(lines.take_while(|line| line.starts_with('◇'))).collect()
}

/// The rule of the first failure.
fn rule_of(ask: &Ask, folder: &Path) -> String {
    let output = ask.output("--json", folder);
    let events = String::from_utf8(output.stdout).unwrap();
    let events = events.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let failed = events.into_iter().find(|event| event["event"] == "failed");
    failed.map(|failed| failed["rule"].as_str().unwrap().to_owned()).unwrap_or_default()
}

#[test]
fn the_documented_log_lines_are_those_of_the_program() {
    let folder = fresh("page-lines");
    let (rows, found) = (Mutex::new(SHOWN.iter()), Mutex::new(BTreeMap::new()));
    std::thread::scope(|scope| {
        // A few at a time: some rows wait for a timer.
        for _ in 0..4 {
            scope.spawn(|| {
                let next = || rows.lock().unwrap().next();
                while let Some(&(rule, fault, options)) = next() {
                    let ask = Ask::of(rule, fault, options);
                    assert_eq!(rule_of(&ask, &folder), rule, "{}", ask.line);
                    let lines = lines(&ask, rule, &folder).join(" ``<br>`` ").replace('|', "\\|");
                    found.lock().unwrap().insert(rule, (fault, format!("`` {lines} ``")));
                }
            });
        }
    });
    let found = found.into_inner().unwrap();
    let mut table = "| kind | fault | log |\n|---|---|---|\n".to_owned();
    for id in FailureKind::ALL.map(|kind| rules::rule(kind).id) {
        match found.get(id) {
            Some(("", lines)) => _ = writeln!(table, "| `{id}` | – | {lines} |"),
            Some((fault, lines)) => _ = writeln!(table, "| `{id}` | `{fault}` | {lines} |"),
            None => panic!("`{id}` has no row"),
        }
    }
    assert_eq!(found.len(), FailureKind::ALL.len(), "a row names no rule");
    page::holds("docs/reliability.md", "lines", &table);
}
