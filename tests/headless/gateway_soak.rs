//! Many requests to one gateway process, and its end while it serves. The long version is `cargo bench --bench soak`.

use super::kept::Home;
use super::soak::{KEY, RUNS, checked, faulty};
use super::*;
use gateway_clients::{GatewayProcess, Replies};
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead as _, BufReader, Read as _};
use std::sync::atomic::{AtomicUsize, Ordering};

#[path = "../shared/gateway_clients.rs"]
mod gateway_clients;

#[test]
fn hundreds_of_requests_of_clients_that_are_slow_or_leave_are_all_stored_and_keep_the_invariants() {
    let home = Home::new("soak-gateway");
    let mut command = home.command(&[]);
    command.env("OPENROUTER_API_KEY", KEY);
    let mut gateway = GatewayProcess::start(&mut command);
    let replies = Replies::default();
    gateway_clients::send(gateway.address, RUNS, 16, &replies, std::thread::yield_now);
    kill_process(Pid::from_child(&gateway.child), Signal::TERM).unwrap();
    assert_eq!(gateway.child.wait().unwrap().code(), Some(0));
    gateway.log.join().unwrap();
    let count = |counter: &AtomicUsize| counter.load(Ordering::SeqCst);
    assert_eq!(*replies.wrong.lock().unwrap(), [""; 0]);
    let (good, errors, left) = (count(&replies.good), count(&replies.errors), count(&replies.left));
    assert_eq!(good + errors + left, RUNS);
    // A client that leaves at once may leave before its run has begun.
    let runs = home.stored().matches("\"event\":\"begun\"").count();
    assert!((good + errors..=RUNS).contains(&runs), "{runs} of {good} + {errors} + {left}");
    assert!(count(&gateway.served) <= runs);
    let answered = checked(&home, runs);
    assert!(answered >= good && good > RUNS / 2, "{answered} answers, {good} good replies");
}

/// Sends a request for a stream, and returns the connection when the stream has begun.
fn begun_stream(address: std::net::SocketAddr) -> BufReader<std::net::TcpStream> {
    let body = "{\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"What is DSPy?\"}]}";
    let request = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut socket = std::net::TcpStream::connect(address).unwrap();
    socket.write_all(request.as_bytes()).unwrap();
    let mut reply = BufReader::new(socket);
    let mut line = String::new();
    while !line.starts_with("data: ") {
        line.clear();
        assert!(reply.read_line(&mut line).unwrap() > 0, "it ended before it began");
    }
    reply
}

#[test]
fn a_gateway_that_is_ended_finishes_what_it_serves_and_accepts_nothing_more() {
    let home = Home::new("ended-gateway");
    let mut command =
        home.command(&["gateway", "--listen", "127.0.0.1:0", "--simulate", "--set", "simulator.pace=0.3"]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    let address = first.split("http://").nth(1).unwrap().split('/').next().unwrap().parse().unwrap();
    let streams: Vec<_> = (0..20).map(|_| begun_stream(address)).collect();
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    for mut stream in streams {
        let mut rest = String::new();
        stream.read_to_string(&mut rest).unwrap();
        assert!(rest.contains("data: [DONE]"), "{rest}");
    }
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(std::net::TcpStream::connect(address).is_err());
    assert_eq!(checked(&home, 20), 20);
}
