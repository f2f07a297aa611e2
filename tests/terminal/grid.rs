//! The grid of a file of cases, on the simulator.

use crate::PLAYGROUND;
use crate::person::Person;
use std::fmt::Write as _;

/// A file of cases that only this test has.
fn cases(name: &str, count: usize) -> String {
    let path = std::env::temp_dir().join(format!("switchover-{name}-{}.jsonl", std::process::id()));
    let mut text = String::new();
    for number in 1..=count {
        let _ = writeln!(text, r#"{{"question": "What is {number} + 1?", "answer": {}}}"#, number + 1);
    }
    std::fs::write(&path, text).expect("a file");
    path.to_str().expect("a path").to_owned()
}

#[test]
fn a_file_of_cases_fills_a_grid_whose_cells_show_their_runs() {
    let path = cases("grid", 4);
    let mut person = Person::at(PLAYGROUND, &["--cases", &path, "--signature", "question -> answer: int"], 120, 36);
    person.sees("Enter asks all 4");
    person.types("\r");
    person.sees("All 4 are finished");
    person.sees("1.00 · 4/4 valid");
    person.types("\x1b[B\r");
    person.sees("from history");
    person.sees("What is 2 + 1?");
    // A model is broken in the grid, and the next one answers.
    person.types("\x1be");
    person.sees("1.00 · 4/4 valid");
    person.types("\x1bOS5");
    person.sees("now has the fault 503");
    person.types("r");
    person.sees("4 failovers");
    person.sees("⇄ claude-3-haiku");
    person.sees("All 4 are finished");
    person.resizes(60, 16);
    person.sees("4/4 valid");
    person.types("\x11");
    assert_eq!(person.waits_for_the_end(), Some(0));
    person.has_the_terminal_back();
    _ = std::fs::remove_file(path);
}

#[test]
fn a_bad_file_of_cases_is_named_with_its_line_and_the_screen_stays() {
    let path = cases("bad", 1);
    std::fs::write(&path, "{\"question\": \"a\", \"answer\": \"b\"}\n{\"question\": \"b\", \"answer\": }\n")
        .expect("a file");
    let mut person = Person::at(PLAYGROUND, &["--cases", &path], 120, 36);
    person.sees("jsonl, line 2, column 29");
    person.types("\x1be");
    person.sees("open a file of cases");
    person.types("\x11");
    assert_eq!(person.waits_for_the_end(), Some(0));
    person.has_the_terminal_back();
    _ = std::fs::remove_file(path);
}

/// A grid that was filled and left alone does nothing.
#[cfg(target_os = "linux")]
#[test]
fn an_idle_grid_writes_nothing_and_does_not_wake_up() {
    let path = cases("idle", 3);
    let mut idle = Person::at(PLAYGROUND, &["--cases", &path], 100, 30);
    idle.sees("Enter asks all 3");
    idle.types("\r");
    idle.sees("All 3 are finished");
    crate::stays_idle(&idle);
    _ = std::fs::remove_file(path);
}
