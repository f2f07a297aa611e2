//! Clients of a gateway process: whole answers and streams, behind faults in their paths; some read slowly, some leave.

use super::faulty;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// Faults of the four models, each by chance.
pub(crate) const BY_CHANCE: [&str; 4] = [
    "openai/gpt-4o-mini=503@p=0.4,seed=1",
    "anthropic/claude-3-haiku=cut:3@p=0.4,seed=2",
    "google/gemini-2.5-flash=error-event:4@p=0.3,seed=3",
    "mistralai/mistral-nemo=garbled@p=0.2,seed=4",
];

/// A gateway process before its simulator.
pub(crate) struct GatewayProcess {
    pub(crate) child: Child,
    pub(crate) address: SocketAddr,
    /// The lines that it has printed, one for each request that ended.
    pub(crate) served: Arc<AtomicUsize>,
    /// The thread that counts them, until the process has closed standard error.
    pub(crate) log: JoinHandle<()>,
}

impl GatewayProcess {
    /// Starts it, and waits until it listens.
    pub(crate) fn start(command: &mut Command) -> Self {
        command.args(["gateway", "--listen", "127.0.0.1:0"]).args(faulty::OPTIONS);
        command.args(BY_CHANCE.iter().flat_map(|fault| ["--fault", fault]));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("a process");
        let mut first = String::new();
        let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
        output.read_line(&mut first).expect("a line");
        let address = first.split("http://").nth(1).and_then(|rest| rest.split('/').next());
        let address = address.and_then(|address| address.parse().ok()).expect("its address");
        let served = Arc::new(AtomicUsize::new(0));
        let (count, errors) = (Arc::clone(&served), BufReader::new(child.stderr.take().expect("a pipe")));
        std::thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
        let log = std::thread::spawn(move || {
            for line in errors.lines().map_while(Result::ok) {
                assert!([" ✓ ", " ✗ ", " – "].iter().any(|mark| line.contains(mark)), "{line}");
                count.fetch_add(1, Ordering::SeqCst);
            }
        });
        Self { child, address, served, log }
    }
}

/// What became of the requests.
#[derive(Debug, Default)]
pub(crate) struct Replies {
    pub(crate) sent: AtomicUsize,
    /// A status of 200, and a whole body.
    pub(crate) good: AtomicUsize,
    /// Another status, or a stream that ends with an error.
    pub(crate) errors: AtomicUsize,
    /// The client left.
    pub(crate) left: AtomicUsize,
    /// What none of these is.
    pub(crate) wrong: Mutex<Vec<String>>,
}

/// Sends `requests` from `clients` threads, and returns when all have ended. `pause` is how a slow client waits.
pub(crate) fn send(address: SocketAddr, requests: usize, clients: u64, replies: &Replies, pause: fn()) {
    std::thread::scope(|scope| {
        for client in 0..clients {
            scope.spawn(move || {
                let mut random = fastrand::Rng::with_seed(client);
                while replies.sent.fetch_add(1, Ordering::SeqCst) < requests {
                    one(address, &mut random, replies, pause);
                }
            });
        }
    });
}

/// Sends one request and judges its reply.
fn one(address: SocketAddr, random: &mut fastrand::Rng, replies: &Replies, pause: fn()) {
    let streams = random.bool();
    let path = if random.u8(..) < 128 {
        let schedule = ["", "@once", "@p=0.5,seed=3"][random.usize(..3)];
        format!("/{}{schedule}", faulty::FAULTS[random.usize(..faulty::FAULTS.len())])
    } else {
        String::new()
    };
    let model = faulty::OPTIONS[2 + 2 * random.usize(..4)];
    let body = format!(
        "{{\"model\":\"{model}\",\"stream\":{streams},\"messages\":[{{\"role\":\"user\",\"content\":\"What is {0} + {0}?\"}}]}}",
        random.u16(..)
    );
    let request = format!(
        "POST {path}/v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nuser-agent: soak\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut socket = TcpStream::connect(address).expect("a connection");
    socket.set_read_timeout(Some(Duration::from_secs(120))).expect("a timeout");
    socket.write_all(request.as_bytes()).expect("a request");
    match random.u8(..20) {
        leaves @ 0..2 => {
            if leaves == 1 {
                _ = socket.read(&mut [0; 40]);
            }
            replies.left.fetch_add(1, Ordering::SeqCst);
            return;
        }
        2 => {
            for _ in 0..8 {
                pause();
                if socket.peek(&mut [0; 1]).is_ok_and(|bytes| bytes == 0) {
                    break;
                }
            }
        }
        _ => {}
    }
    let wrong = |what| replies.wrong.lock().expect("no panic").push(what);
    let mut reply = Vec::new();
    if let Err(error) = socket.read_to_end(&mut reply) {
        return wrong(format!("{path}: {error}"));
    }
    let reply = String::from_utf8_lossy(&reply);
    let good = reply.starts_with("HTTP/1.1 200 ");
    let done = reply.trim_end_matches(['\r', '\n', '0']).trim_end().ends_with("data: [DONE]");
    let counter = match (good, streams) {
        (true, false) if reply.contains("\"choices\"") => &replies.good,
        (true, true) if done => &replies.good,
        (true, true) if reply.contains("data: {\"error\"") => &replies.errors,
        (false, _) if reply.contains("{\"error\"") => &replies.errors,
        _ => return wrong(format!("{path} {streams}: {reply}")),
    };
    counter.fetch_add(1, Ordering::SeqCst);
}
