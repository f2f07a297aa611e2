//! The program in a pseudo-terminal: what a user types and sees, and that the terminal is restored. No test sleeps:
//! each waits for text on the screen, with a long timeout.
#![cfg(unix)]

#[path = "terminal/gateway.rs"]
mod gateway;
#[path = "terminal/grid.rs"]
mod grid;
#[path = "terminal/person.rs"]
mod person;

use person::Person;
use switchover::dspy::{LibraryEntry, Module, Signature};
use switchover::tui::{ChainEntry, Channels, InitialState, UiPrefs, run};
use tokio::sync::mpsc::unbounded_channel;

const PLAYGROUND: &str = env!("CARGO_BIN_EXE_switchover");

#[test]
fn a_model_is_broken_and_the_next_takes_over() {
    let mut person = Person::at(PLAYGROUND, &[], 120, 36);
    person.sees("SIMULATOR");
    person.types("What is DSPy?\r");
    person.sees("gpt-4o-mini answered");
    person.types("\x1bOS");
    person.sees("overloaded: an error before the first token");
    person.types("5");
    person.sees("now has the fault 503");
    person.types("\r");
    person.sees("claude-3-haiku took over after");
    person.sees("claude-3-haiku answered");
    person.resizes(80, 24);
    person.sees("failover log");
    person.resizes(60, 16);
    person.sees("3 answer");
    person.resizes(30, 8);
    person.sees("needs 40×12 cells");
    person.resizes(120, 36);
    person.sees("claude-3-haiku answered");
    person.types("\x11");
    assert_eq!(person.waits_for_the_end(), Some(0));
    person.has_the_terminal_back();
}

#[test]
fn a_terminal_that_cannot_move_its_cursor_gets_lines() {
    let mut person = Person::at("/usr/bin/env", &["TERM=dumb", PLAYGROUND], 80, 24);
    person.sees("/help");
    person.types("What is DSPy?\r");
    person.sees("answered");
    assert!(!person.raw().contains('\u{1b}'), "{}", person.screen());
    person.types("/quit\r");
    assert_eq!(person.waits_for_the_end(), Some(0));
}

#[test]
fn a_run_is_in_the_history_of_the_next_session() {
    let mut person = Person::at(PLAYGROUND, &[], 120, 36);
    person.sees("SIMULATOR");
    person.types("What is remembered?\r");
    person.sees("■ gpt-4o-mini answered");
    person.types("\x11");
    assert_eq!(person.waits_for_the_end(), Some(0));
    let mut next = person.starts_again(PLAYGROUND, 120, 36);
    next.sees("SIMULATOR");
    assert!(!next.screen().contains("What is remembered?"), "{}", next.screen());
    next.types("\x13");
    next.sees("earlier runs");
    next.sees("✓ What is remembered?");
    // The run is read from the disk and then sent again.
    next.types("r");
    next.sees("■ gpt-4o-mini answered");
    next.types("\x11");
    assert_eq!(next.waits_for_the_end(), Some(0));
}

#[test]
fn a_conversation_and_saved_settings_outlast_a_session() {
    let mut person = Person::at(PLAYGROUND, &[], 120, 36);
    person.sees("SIMULATOR");
    person.types("What is DSPy?\r");
    person.sees("■ gpt-4o-mini answered");
    // Alt+N continues from the answer, Alt+L asks the next model first.
    person.types("\x1bn");
    person.sees("turn 2");
    person.types("\x1bl");
    person.sees("claude-3-haiku is asked first");
    person.types("And then?\r");
    person.sees("■ claude-3-haiku answered");
    person.sees("› What is DSPy?");
    person.sees("turn 3");
    // Alt+O: a setting in a few keys; Alt+K saves it.
    person.types("\x1botemp\r0.3\r");
    person.sees("temperature is 0.3");
    person.types("\x1b");
    person.sees("· temperature 0.3");
    person.types("\x1bk");
    person.sees("+ temperature = 0.3");
    person.types("\r");
    person.sees("Saved in");
    person.types("\x11");
    assert_eq!(person.waits_for_the_end(), Some(0));
    let mut next = person.starts_again(PLAYGROUND, 120, 36);
    next.sees("chain claude-3-haiku");
    next.sees("temperature 0.3");
    next.types("\x13");
    next.sees("✓ And then?");
    // `t` takes it up again, with its conversation.
    next.types("t");
    next.sees("Taken up");
    next.sees("› What is DSPy?");
    next.sees("turn 2");
    next.types("\x11");
    assert_eq!(next.waits_for_the_end(), Some(0));
    next.has_the_terminal_back();
}

#[test]
fn many_resizes_during_a_run_do_no_harm() {
    let mut person = Person::at(PLAYGROUND, &[], 120, 36);
    person.sees("SIMULATOR");
    person.types("What is DSPy?\r");
    person.sees("from gpt-4o-mini");
    person.is_dragged_about();
    person.resizes(120, 36);
    person.sees("gpt-4o-mini answered");
    person.sends(rustix::process::Signal::TERM);
    assert_eq!(person.waits_for_the_end(), Some(0));
    person.has_the_terminal_back();
}

#[test]
fn text_of_a_failed_attempt_is_struck_out() {
    let mut person = Person::at(PLAYGROUND, &[], 120, 36);
    person.sees("SIMULATOR");
    person.types("What is DSPy?");
    person.sees("What is DSPy?");
    person.types("\x1bOS");
    person.sees("an error inside the stream");
    person.types("e\r");
    person.sees("discarded");
    person.sees("claude-3-haiku answered");
    assert!(person.raw().contains("\x1b[9m"), "something was drawn struck out");
    person.types("\x03\x03");
    assert_eq!(person.waits_for_the_end(), Some(0));
    person.has_the_terminal_back();
}

#[test]
fn a_paste_does_not_send() {
    let mut person = Person::at(PLAYGROUND, &[], 100, 30);
    person.sees("SIMULATOR");
    person.types("\x1b[200~first line\rsecond line\r\x1b[201~");
    person.sees("second line");
    assert!(person.screen().contains("Each attempt: model"), "no run began: {}", person.screen());
    // What was typed and not sent is asked about.
    person.types("\x11");
    person.sees("not sent");
    person.types("\r");
    assert_eq!(person.waits_for_the_end(), Some(0));
    person.has_the_terminal_back();
}

#[test]
fn escape_cancels_a_waiting_run() {
    let mut person = Person::at(PLAYGROUND, &[], 120, 36);
    person.sees("SIMULATOR");
    person.types("anything");
    person.sees("anything");
    person.types("\x1bOSb\r");
    person.sees("1 attempt");
    person.types("\x1b");
    // The attempt ends before the run does; during a run, Ctrl+Q asks for confirmation.
    person.sees("□ cancelled");
    person.types("\x11");
    assert_eq!(person.waits_for_the_end(), Some(0));
    person.has_the_terminal_back();
}

#[test]
fn signals_restore_the_terminal() {
    use rustix::process::Signal;
    for signal in [Signal::TERM, Signal::HUP, Signal::INT] {
        let mut person = Person::at(PLAYGROUND, &[], 100, 30);
        person.sees("SIMULATOR");
        person.sends(signal);
        assert_eq!(person.waits_for_the_end(), Some(0), "{signal:?}");
        person.has_the_terminal_back();
    }
}

#[test]
fn control_z_restores_the_terminal_until_the_program_continues() {
    let mut person = Person::at(PLAYGROUND, &[], 100, 30);
    person.sees("SIMULATOR");
    person.types("half a thought");
    person.sees("half a thought");
    person.types("\x1a");
    person.waits_for_the_stop();
    person.has_the_terminal_back();
    person.sends(rustix::process::Signal::CONT);
    person.sees("half a thought");
    person.types("\x03\x03");
    assert_eq!(person.waits_for_the_end(), Some(0));
    person.has_the_terminal_back();
}

#[test]
fn a_panic_restores_the_terminal_saves_the_sizes_and_is_printed() {
    let this = std::env::current_exe().expect("this program");
    let arguments = ["--exact", "child_that_panics", "--ignored", "--nocapture"];
    let mut person = Person::at(this.to_str().expect("a path"), &arguments, 100, 30);
    person.sees("SIMULATOR");
    person.types("hi\t]\x1bOQ");
    assert_eq!(person.waits_for_the_end(), Some(101), "that of a test that failed");
    person.has_the_terminal_back();
    assert!(person.screen().contains("on purpose"), "{}", person.screen());
    assert!(person.screen().contains("left = "), "{}", person.screen());
}

#[tokio::test]
#[ignore = "a child of the test above"]
async fn child_that_panics() {
    let (messages, inbox) = unbounded_channel();
    let (effects, mut asked) = unbounded_channel();
    let save_prefs = Box::new(|prefs: UiPrefs| println!("{}", prefs.write()));
    let channels = Channels { inbox, messages, effects, editor: None, clipboard: None, save_prefs };
    let panics = async {
        asked.recv().await;
        panic!("on purpose");
    };
    let signature: Signature = "question -> answer".parse().expect("a signature");
    let entry = LibraryEntry { signature, description: String::new(), module: Module::Predict, demos: Vec::new() };
    let start = InitialState {
        library: vec![entry],
        chain: vec![ChainEntry::new("a/b")],
        simulated: true,
        ..InitialState::default()
    };
    tokio::select! {
        ended = run(start, channels) => ended.expect("a terminal"),
        () = panics => {}
    }
}

#[test]
fn the_background_query_loses_no_key() {
    let mut person = Person::at(PLAYGROUND, &[], 100, 30);
    person.sees("SIMULATOR");
    assert!(person.raw().contains("\x1b]11;?\x1b\\"), "it was asked");
    person.types("be\x1b]11;rgb:fafa/fafa/fafa\x1b\\fore");
    person.sees("before");
    person.types("\x10theme");
    person.sees("Next theme");
    person.types("\r");
    // The next one after light.
    person.sees("theme: safe");
    // What was typed and not sent is asked about.
    person.types("\x11");
    person.sees("not sent");
    person.types("\r");
    assert_eq!(person.waits_for_the_end(), Some(0));
    person.has_the_terminal_back();
}

/// The idle program must not change its counters while another playground finishes three runs.
#[cfg(target_os = "linux")]
#[test]
fn an_idle_playground_writes_nothing_and_does_not_wake_up() {
    let mut idle = Person::at(PLAYGROUND, &[], 100, 30);
    idle.sees("Ctrl+Q quit");
    stays_idle(&idle);
}

#[cfg(target_os = "linux")]
fn stays_idle(idle: &Person) {
    let before = idle.rests();
    let mut busy = Person::at(PLAYGROUND, &[], 100, 30);
    busy.sees("SIMULATOR");
    for question in ["What is DSPy?\r", "And why?\r", "And then?\r"] {
        busy.types("\x0e");
        busy.sees("Ask a model. When it fails");
        busy.types(question);
        busy.sees(" answered · ");
        busy.sees("1 attempt · $");
    }
    assert_eq!(idle.rests(), before);
    let worked = busy.rests();
    assert!(worked.naps > 100 && worked.written > 10_000, "the busy playground must have worked: {worked:?}");
}
