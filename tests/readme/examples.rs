//! The examples at the end of help texts.

use crate::{Served, fresh, runs, shell};

/// Commands that need a terminal.
const NOT_RUN: [&str; 2] = ["switchover tour", "switchover --gateway"];

#[test]
fn the_examples_of_help_texts_run() {
    let folder = fresh("page-examples");
    std::fs::write(folder.join("cases.jsonl"), "{\"question\": \"What is 2 * 9?\", \"answer\": 18}\n").unwrap();
    runs("switchover ask \"What is DSPy?\"", &folder).unwrap();
    let mut ran = 0;
    // The last one deletes what the others need.
    for command in ["", "ask", "eval", "export", "gateway", "history"] {
        for option in ["-h", "--help"] {
            let output = shell(&format!("switchover {command} {option}"), &folder).output().unwrap();
            let help = String::from_utf8(output.stdout).unwrap();
            let (_, examples) = help.split_once("\nExamples:\n").unwrap_or_else(|| panic!("{command}: {help}"));
            let lines = examples.lines().map(str::trim).filter(|line| line.starts_with("switchover "));
            for line in lines.filter(|line| option == "-h" && !NOT_RUN.contains(line)) {
                ran += 1;
                if command == "gateway" {
                    drop(Served::start(line, &folder).unwrap());
                } else {
                    runs(line, &folder).unwrap();
                }
            }
        }
    }
    assert!(ran > 12, "{ran}");
}
