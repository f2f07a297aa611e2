//! The gateway beside the playground: other programs ask, and the person watches.

use crate::PLAYGROUND;
use crate::person::Person;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

const GPT: &str = "openai/gpt-4o-mini";
const ANY_PORT: [&str; 3] = ["--gateway", "--set", "gateway.listen=127.0.0.1:0"];

/// The address on which the gateway of this screen listens.
fn address(person: &Person) -> String {
    let screen = person.screen();
    let (_, rest) = screen.split_once("traffic · http://").unwrap_or_else(|| panic!("no gateway on\n{screen}"));
    rest.split('/').next().expect("an address").to_owned()
}

/// Asks as another program does, and returns the response.
fn ask(address: &str, model: &str, question: &str) -> String {
    let body = format!(r#"{{"model": "{model}", "messages": [{{"role": "user", "content": "{question}"}}]}}"#);
    let mut socket = TcpStream::connect(address).expect("the gateway");
    let head = "user-agent: asker/1.0 (test)\r\nx-title: Their app\r\ncontent-type: application/json";
    write!(
        socket,
        "POST /v1/chat/completions HTTP/1.1\r\nhost: {address}\r\n{head}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .expect("it reads");
    let mut response = String::new();
    socket.read_to_string(&mut response).expect("it answers");
    response
}

#[test]
fn a_request_of_another_program_is_watched_and_its_model_broken() {
    let mut person = Person::at(PLAYGROUND, &ANY_PORT, 120, 36);
    person.sees("No request yet");
    let address = address(&person);
    assert!(ask(&address, GPT, "What is DSPy?").starts_with("HTTP/1.1 200"));
    person.sees("✓ answered");
    person.sees("asker/1.0");
    person.sees("x-title: Their app");
    person.sees("› What is DSPy?");
    person.sees("1 request");
    person.types("\x1bOS");
    person.sees("break gpt-4o-mini");
    person.types("5");
    person.sees("from the next request on");
    let response = ask(&address, GPT, "And what is a signature?");
    assert!(response.contains("x-switchover-model: anthropic/claude-3-haiku"), "{response}");
    person.sees("⇄ answered");
    person.sees("claude-3-haiku took over");
    // A chosen request stays, and is replayed from the history.
    person.types("\x1b[B");
    person.sees("› What is DSPy?");
    person.types("p");
    person.sees("replay, no network");
    // The replay is in progress, so the end is asked about.
    person.types("\x11");
    person.sees("Enter quit");
    person.types("\r");
    assert_eq!(person.waits_for_the_end(), Some(0));
    person.has_the_terminal_back();
}

#[test]
fn a_gateway_starts_with_one_key_and_says_why_it_does_not() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let listen = format!("gateway.listen={}", taken.local_addr().expect("an address"));
    let mut refused = Person::at(PLAYGROUND, &["--gateway", "--set", &listen], 100, 30);
    assert_eq!(refused.waits_for_the_end(), Some(1));
    assert!(refused.screen().contains("cannot listen on"), "{}", refused.screen());
    assert!(!refused.raw().contains("\x1b[?1049h"), "the screen was not opened");

    let mut person = Person::at(PLAYGROUND, &["--set", &listen], 100, 30);
    person.sees("SIMULATOR");
    person.types("\x1bg");
    person.sees("No gateway: cannot listen on");
    drop(taken);
    person.types("\x1bg");
    person.sees("No request yet");
    // The chain of the screen is the gateway's.
    person.types("\x0cJ");
    person.sees("fallback chain");
    person.types("\x1b");
    person.sees("chain claude-3-haiku");
    let address = address(&person);
    // The screen may show the chain a moment before the gateway has it.
    let ask = || ask(&address, "switchover", "Are you there?");
    assert!((0..10).any(|_| ask().contains("x-switchover-model: anthropic/claude-3-haiku")), "{}", ask());
    person.sees("✓ answered");
    person.types("\x11");
    assert_eq!(person.waits_for_the_end(), Some(0));
    person.has_the_terminal_back();
}

/// A gateway that nobody asks does nothing, also after a request.
#[cfg(target_os = "linux")]
#[test]
fn an_idle_gateway_writes_nothing_and_does_not_wake_up() {
    let mut idle = Person::at(PLAYGROUND, &ANY_PORT, 100, 30);
    idle.sees("No request yet");
    crate::stays_idle(&idle);
}
