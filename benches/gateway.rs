//! The gateway beside a direct call and beside a bare proxy: the time of a whole answer and of a stream's first token, calls
//! a second, processor time and waits, memory, and the time until it listens. A direct call goes over loopback to a server
//! with prepared answers; the bare proxy does the least that a proxy can do with the same libraries. All ratios come from
//! one run. `cargo bench --bench gateway`; `benches/peers.py` runs it with other gateways beside ours: `-- --serve` offers
//! the prepared answers until its input ends, and `-- --floor URL --beside TARGET…` measures our gateway and the named ones
//! (a JSON object each, see [`Target`]) before that server.

#[path = "shared/canned.rs"]
mod canned;
#[expect(dead_code, reason = "results stand here beside those of the bare proxy")]
#[path = "shared/measure.rs"]
mod measure;
#[path = "shared/proxy.rs"]
mod proxy;

use canned::Reply;
use measure::{Samples, now};
use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

const BINARY: &str = env!("CARGO_BIN_EXE_switchover");
/// Calls one after the other, direct and through the gateway in turns.
const CALLS: usize = 2000;
/// Clients at once, and their calls together.
const CLIENTS: usize = 32;
const TOGETHER: usize = 8000;
/// The number of requests after which the memory is looked at.
const MANY: usize = 20_000;
/// The characters of a question: as many as a request of DSPy has. They are the beginning of this file.
const QUESTION: usize = 1200;
/// The threads of the bare proxy: as many as the gateway has.
const THREADS: usize = 2;

fn main() {
    let words: Vec<String> = std::env::args().collect();
    if words.iter().any(|word| word == "--serve") {
        println!("{}", canned::serve(answer));
        _ = std::io::stdin().read_to_end(&mut Vec::new());
        return;
    }
    if let Some(at) = words.iter().position(|word| word == "--bare") {
        proxy::serve(&words[at + 1], &words[at + 2], THREADS);
        return;
    }
    let after =
        |name: &str| words.windows(2).filter(|pair| pair[0] == name).map(|pair| pair[1].clone()).collect::<Vec<_>>();
    if let Some(server) = after("--floor").first() {
        let (ours, bare) = (Process::gateway(server, "nothing").0, Process::bare(server));
        let beside = after("--beside");
        let others = beside.iter().map(|text| serde_json::from_str(text).expect("a target as a JSON object"));
        let own = [Target::at("bare proxy", &bare.url), Target::at("Switchover", &ours.url)];
        beside_others(&Target::at("direct", server), &own.into_iter().chain(others).collect::<Vec<_>>());
        return;
    }
    let server = canned::serve(answer);
    let mut starts = Samples::default();
    for _ in 0..20 {
        starts.add(Process::gateway(&server, "nothing").1);
    }
    println!("start until it listens\n  {starts}; target ≤ 50 ms");
    let (bare, gateway) = (Process::bare(&server), Process::gateway(&server, "nothing").0);
    one_by_one(&server, [&bare, &gateway]);
    together(&server, [&bare, &gateway], "without a history; target ≥ 1/4");
    let before = gateway.memory();
    load(&Target::at("", &gateway.url), MANY, false);
    println!(
        "memory\n  {:.1} MiB after the calls above, {:.1} MiB after {MANY} more; target ≤ 25 MiB",
        before as f64 / 1024.0,
        gateway.memory() as f64 / 1024.0
    );
    drop(gateway);
    let kept = Process::gateway(&server, "2 years, 4 GB").0;
    together(&server, [&bare, &kept], "with a history; target ≥ 1/8");
    println!("memory\n  {:.1} MiB with a history", kept.memory() as f64 / 1024.0);
}

/// A gateway or a bare proxy before the server. Dropping it ends it.
struct Process {
    url: String,
    child: Child,
    home: std::path::PathBuf,
}

impl Process {
    fn bare(server: &str) -> Self {
        let own = std::env::current_exe().expect("this program");
        let address = free_address();
        let mut command = Command::new(own);
        command.args(["--bench", "--bare", server, &address.to_string()]);
        Self::start(address, command).0
    }

    /// A gateway, and the time until it accepted a connection.
    fn gateway(server: &str, history: &str) -> (Self, Duration) {
        let address = free_address();
        let mut command = Command::new(BINARY);
        command.args(["-m", "bench/model", "--base-url", server, "--set", &format!("history.keep={history}")]).args([
            "gateway",
            "--listen",
            &address.to_string(),
        ]);
        Self::start(address, command)
    }

    fn start(address: SocketAddr, mut command: Command) -> (Self, Duration) {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let home = std::env::temp_dir().join(format!("switchover-bench-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&home).expect("a folder");
        let began = now();
        let child = command
            .env_clear()
            .envs([("HOME", &home), ("XDG_DATA_HOME", &home), ("XDG_CONFIG_HOME", &home), ("XDG_STATE_HOME", &home)])
            .env("OPENROUTER_API_KEY", "any")
            .current_dir(&home)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program");
        let mut started = Self { url: format!("http://{address}/v1"), child, home };
        while TcpStream::connect(address).is_err() {
            assert!(started.child.try_wait().expect("its state").is_none(), "it has ended");
            thread::sleep(Duration::from_micros(200));
        }
        (started, began.elapsed())
    }

    /// Its resident memory in KiB; 0 where the system does not say.
    fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
    }

    /// The processor time of its threads so far, in µs, and how often they have waited; zeros where the system does not
    /// say.
    fn work(&self) -> (f64, f64) {
        let threads = std::fs::read_dir(format!("/proc/{}/task", self.child.id())).into_iter().flatten().flatten();
        let number = |text: Option<&str>| text.and_then(|text| text.parse::<f64>().ok()).unwrap_or_default();
        threads.fold((0.0, 0.0), |(time, waits), thread| {
            let read = |file: &str| std::fs::read_to_string(thread.path().join(file)).unwrap_or_default();
            let ran = number(read("schedstat").split_whitespace().next()) / 1e3;
            let status = read("status");
            let waited = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
            (time + ran, waits + number(waited.map(str::trim)))
        })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
        _ = std::fs::remove_dir_all(&self.home);
    }
}

fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address")
}

const WORDS: [&str; 12] =
    ["The", " capital", " of", " France", " is", " Paris", ",", " and", " that", " is", " all", "."];

fn answer(request: &str) -> Reply {
    if request.starts_with("GET") {
        return canned::whole(404, "{}");
    }
    if request.contains("\"stream\":true") {
        return canned::stream(WORDS, Duration::ZERO);
    }
    let body = serde_json::json!({
        "id": "gen-1", "object": "chat.completion", "model": "m",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": WORDS.concat()}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 300, "completion_tokens": 12, "total_tokens": 312},
    });
    canned::whole(200, &body.to_string())
}

/// A server that is called: the prepared one, our gateway or another one.
#[derive(serde::Deserialize)]
#[serde(default)]
struct Target {
    name: String,
    /// Its base URL, to which `/chat/completions` is added.
    url: String,
    model: String,
    headers: BTreeMap<String, String>,
}

impl Default for Target {
    fn default() -> Self {
        Self { name: String::new(), url: String::new(), model: "bench/model".into(), headers: BTreeMap::new() }
    }
}

impl Target {
    fn at(name: &str, url: &str) -> Self {
        Self { name: name.into(), url: url.into(), ..Self::default() }
    }
}

/// A client with one connection that is kept.
struct Caller {
    socket: TcpStream,
    whole: Vec<u8>,
    stream: Vec<u8>,
}

impl Caller {
    fn new(target: &Target) -> Self {
        let rest = target.url.strip_prefix("http://").expect("http");
        let (host, path) = rest.split_once('/').expect("a path");
        let socket = TcpStream::connect(host).expect("a connection");
        socket.set_nodelay(true).expect("an option");
        let headers =
            target.headers.iter().fold(String::new(), |lines, (name, value)| lines + name + ": " + value + "\r\n");
        let question: String = include_str!("gateway.rs").chars().take(QUESTION).collect();
        let request = |stream: bool| {
            let body = serde_json::json!({
                "model": target.model, "stream": stream,
                "messages": [{"role": "user", "content": question}],
            })
            .to_string();
            format!(
                "POST /{path}/chat/completions HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\n\
                 authorization: Bearer any\r\n{headers}content-length: {}\r\n\r\n{body}",
                body.len()
            )
            .into_bytes()
        };
        Self { socket, whole: request(false), stream: request(true) }
    }

    /// Makes one call. Returns the time to the first token.
    fn call(&mut self, stream: bool) -> Duration {
        let began = now();
        self.socket.write_all(if stream { &self.stream } else { &self.whole }).expect("the request is sent");
        let (mut answer, mut piece, mut first) = (Vec::with_capacity(8 << 10), [0; 16 << 10], None);
        loop {
            let count = self.socket.read(&mut piece).expect("an answer");
            assert!(count > 0, "the connection was closed: {}", String::from_utf8_lossy(&answer));
            answer.extend_from_slice(&piece[..count]);
            if first.is_none() && memchr::memmem::find(&answer, b"\"content\"").is_some() {
                first = Some(began.elapsed());
            }
            if is_whole(&answer) {
                return first.unwrap_or_else(|| panic!("no answer: {}", String::from_utf8_lossy(&answer)));
            }
        }
    }
}

/// Whether a response is complete, by its own framing.
fn is_whole(answer: &[u8]) -> bool {
    let Some(end) = memchr::memmem::find(answer, b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
    match head.split("\r\ncontent-length: ").nth(1).and_then(|rest| rest.lines().next()?.parse::<usize>().ok()) {
        Some(length) => answer.len() >= end + 4 + length,
        None => answer.ends_with(b"0\r\n\r\n"),
    }
}

/// Several gateways before one server, each called in turn with it; slow ones are called less often.
fn beside_others(floor: &Target, gateways: &[Target]) {
    println!("{:<14}{:>12}{:>12}{:>14}{:>12}", "", "whole, p50", "p99", "first token", "32 at once");
    let line = |target: &Target, calls: usize| {
        let [whole, first] = [false, true].map(|stream| {
            let (mut caller, mut samples) = (Caller::new(target), Samples::default());
            for at in 0..calls {
                let began = now();
                let first = caller.call(stream);
                if at > calls / 10 {
                    samples.add(if stream { first } else { began.elapsed() });
                }
            }
            samples
        });
        let [p50, p99, token] = [whole.at(0.5), whole.at(0.99), first.at(0.5)];
        let rate = load(target, calls * 2, false);
        println!("{:<14}{p50:>9.3} ms{p99:>9.3} ms{token:>11.3} ms{rate:>8.0} /s", target.name);
    };
    for _ in 0..3 {
        line(floor, CALLS);
        for gateway in gateways {
            line(
                gateway,
                if ["bare proxy", "Switchover"].contains(&gateway.name.as_str()) { CALLS } else { CALLS / 4 },
            );
        }
    }
}

/// Calls the server, the bare proxy and the gateway in turns, so that noise of the machine affects all.
fn one_by_one(server: &str, [bare, gateway]: [&Process; 2]) {
    let mut callers = [server, &bare.url, &gateway.url].map(|url| Caller::new(&Target::at("", url)));
    for stream in [false, true] {
        let [mut firsts, mut wholes]: [[Samples; 3]; 2] = std::array::from_fn(|_| Default::default());
        for at in 0..CALLS {
            for (place, caller) in callers.iter_mut().enumerate() {
                let began = now();
                let first = caller.call(stream);
                if at > CALLS / 10 {
                    firsts[place].add(first);
                    wholes[place].add(began.elapsed());
                }
            }
        }
        if stream {
            print_beside("a stream's first token; target ≤ 4 × direct", &firsts);
            print_beside("a stream to its end", &wholes);
        } else {
            print_beside("a whole answer; target ≤ 4 × direct", &wholes);
        }
    }
}

fn print_beside(what: &str, samples: &[Samples; 3]) {
    let [direct, bare, gateway] = [0, 1, 2].map(|target| samples[target].at(0.5));
    println!("{what}");
    println!("  direct      {}", samples[0]);
    println!("  bare proxy  {}, {:.1} × direct", samples[1], bare / direct);
    println!("  gateway     {}, {:.1} × direct, {:.1} × bare", samples[2], gateway / direct, gateway / bare);
}

/// Calls a second.
fn load(target: &Target, calls: usize, stream: bool) -> f64 {
    let left = Arc::new(AtomicUsize::new(calls));
    let mut callers: Vec<Caller> = (0..CLIENTS).map(|_| Caller::new(target)).collect();
    for caller in &mut callers {
        caller.call(stream);
    }
    let began = now();
    let threads: Vec<_> = callers
        .into_iter()
        .map(|mut caller| {
            let left = Arc::clone(&left);
            let take = |left: usize| left.checked_sub(1);
            thread::spawn(move || {
                while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok() {
                    caller.call(stream);
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().expect("a client");
    }
    calls as f64 / began.elapsed().as_secs_f64()
}

/// Many clients at once, in turns.
fn together(server: &str, [bare, gateway]: [&Process; 2], what: &str) {
    for _ in 0..3 {
        let direct = load(&Target::at("", server), TOGETHER, false);
        println!("{CLIENTS} clients at once, {what}\n  direct      {direct:.0} calls/s");
        // The gateway asks for a stream, which is more work for the server and whoever reads it.
        for (name, url) in [("direct, as a stream", server), ("bare proxy, as a stream", bare.url.as_str())] {
            let rate = load(&Target::at("", url), TOGETHER, true);
            println!("  {name}  {rate:.0} calls/s, 1/{:.1} of direct", direct / rate);
        }
        for (name, process) in [("bare proxy", bare), ("gateway", gateway)] {
            let before = process.work();
            let rate = load(&Target::at("", &process.url), TOGETHER, false);
            let after = process.work();
            let each = |before: f64, after: f64| (after - before) / TOGETHER as f64;
            println!(
                "  {name:<10}  {rate:.0} calls/s, 1/{:.1} of direct; {:.0} µs of processor time and {:.2} waits each",
                direct / rate,
                each(before.0, after.0),
                each(before.1, after.1)
            );
        }
    }
}
