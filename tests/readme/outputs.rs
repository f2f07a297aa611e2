//! A `text` block after a command is what the command prints, but for times and ports.

use crate::{fresh, page, pages, shell};

/// What a reader sees of a command: the log and the answer. The simulator has its pace only where the page is written.
fn printed(line: &str) -> String {
    let folder = fresh("page-output");
    let mut command = shell(&format!("{{ {line}; }} 2>&1"), &folder);
    if page::update::is_update() {
        command.env("SWITCHOVER_PACE", "1");
    }
    String::from_utf8(command.output().unwrap().stdout).unwrap()
}

/// A text without what changes from run to run: seconds, and the port of the simulator.
fn lasting(text: &str) -> String {
    let mut words: Vec<&str> = text.split(' ').collect();
    for at in 0..words.len() {
        if words[at].contains("http://127.0.0.1:") {
            words[at] = "SERVER";
        }
        let is_second = words
            .get(at + 1)
            .is_some_and(|unit| unit.trim_end_matches([')', ',', ';']) == "s" || unit.starts_with("s\n"));
        if is_second && words[at].trim_start_matches('(').parse::<f64>().is_ok() {
            words[at] = "…";
        }
    }
    words.join(" ")
}

#[test]
fn the_outputs_are_those_of_the_commands() {
    let mut compared = 0;
    for (name, text) in pages() {
        let (mut new, mut parts) = (text.clone(), text.split("\n```").peekable());
        while let Some(part) = parts.next() {
            let Some(command) = part.strip_prefix("sh\n").filter(|_| parts.next() == Some("\n")) else { continue };
            let Some(kept) = parts.peek().and_then(|block| block.strip_prefix("text\n")) else { continue };
            compared += 1;
            let found = printed(command);
            if page::update::is_update() && lasting(kept) != lasting(found.trim_end()) {
                new = new.replacen(
                    &format!("\n```text\n{kept}\n```"),
                    &format!("\n```text\n{}\n```", found.trim_end()),
                    1,
                );
            } else if !page::update::is_update() {
                assert_eq!(lasting(kept), lasting(found.trim_end()), "docs/{name}.md: {command}");
            }
        }
        if new != text {
            page::write(&format!("docs/{name}.md"), &new);
        }
    }
    assert!(compared > 4, "only {compared} outputs were found");
}

#[test]
fn times_and_ports_are_left_out_of_the_comparison_and_nothing_else() {
    let same = |a: &str, b: &str| lasting(a) == lasting(b);
    assert!(same("open for 3.84 s (rate limit) · 0.01 s\nx", "open for 4 s (rate limit) · 0.02 s\nx"));
    assert!(same("server http://127.0.0.1:1234 · x", "server http://127.0.0.1:99 · x"));
    assert!(!same("3 attempts · 0.01 s", "2 attempts · 0.01 s"));
    assert!(!same("$0.1 · 0.01 s", "$0.2 · 0.01 s"));
}
