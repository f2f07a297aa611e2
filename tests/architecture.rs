//! The layers of `ARCHITECTURE.md`, held: who may use whom, and which crates stay where.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What may be used by each room beside itself. A room is a top-level module.
#[rustfmt::skip] // a table reads by its rows
const MAY_USE: &[(&str, &[&str])] = &[
    ("civil", &[]),
    ("nearest", &[]),
    ("text", &[]),
    ("secret", &[]),
    ("fault", &["nearest"]),
    ("dspy", &["civil", "nearest", "text"]),
    ("failover", &[]),
    ("openrouter", &["failover", "dspy", "secret", "text", "nearest"]),
    ("report", &["dspy", "failover", "openrouter"]),
    ("transcript", &["report", "dspy", "failover", "openrouter", "text"]),
    ("export", &["report", "dspy", "failover", "openrouter", "transcript"]),
    ("simulator", &["civil", "fault"]),
    ("history", &["civil", "report", "transcript", "failover", "openrouter"]),
    ("config", &["nearest", "secret", "failover", "openrouter", "dspy", "text"]),
    ("worker", &["dspy", "failover", "fault", "openrouter", "report", "secret", "simulator", "text", "transcript"]),
    ("headless", &["failover", "report", "transcript"]),
    ("tui", &["dspy", "failover", "fault", "openrouter", "report", "transcript", "text", "nearest", "worker", "history", "export"]),
];

/// Crates that only some rooms may name.
const ONLY_IN: &[(&str, &[&str])] = &[
    ("tokio", &["openrouter::client", "simulator", "worker", "tui", "cli"]),
    ("reqwest", &["openrouter::client"]),
    ("hyper", &["simulator", "openrouter::client"]),
    ("ratatui", &["tui"]),
    ("crossterm", &["tui", "cli"]),
    ("clap", &["cli", "main"]),
    ("anyhow", &["cli", "main"]),
    ("std::fs", &["config", "history", "openrouter::catalogue", "cli", "tui"]),
];

/// Every source file with its module path, such as `openrouter::client`.
fn sources() -> BTreeMap<String, String> {
    fn walk(dir: &Path, files: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() { walk(&entry, files) } else { files.push(entry) }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    walk(&root, &mut files);
    let module = |path: &Path| {
        let path = path.strip_prefix(&root).unwrap().with_extension("");
        path.components().map(|part| part.as_os_str().to_str().unwrap()).collect::<Vec<_>>().join("::")
    };
    files.iter().map(|path| (module(path), fs::read_to_string(path).unwrap())).collect()
}

/// The code of a file: no comments, and nothing from its unit tests on.
fn code(source: &str) -> impl Iterator<Item = &str> {
    source
        .lines()
        .take_while(|line| !line.starts_with("#[cfg(test)]"))
        .filter(|line| !line.trim_start().starts_with("//"))
}

/// The top-level rooms that a line names as `crate::room` or in `crate::{room, …}`.
fn rooms_named(line: &str) -> Vec<&str> {
    line.split("crate::")
        .skip(1)
        .flat_map(|rest| match rest.strip_prefix('{') {
            Some(list) => list.split([',', '}']).map(str::trim).collect(),
            None => vec![rest],
        })
        .map(|name| name.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default())
        .filter(|name| !name.is_empty())
        .collect()
}

#[test]
fn rooms_use_only_what_lies_below_them() {
    let mut wrong = Vec::new();
    for (module, source) in sources() {
        let room = module.split("::").next().unwrap_or_default();
        let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == room) else {
            assert!(["main", "lib", "cli"].contains(&room), "`{room}` is in no layer: add it to the table");
            continue;
        };
        for line in code(&source) {
            for used in rooms_named(line) {
                if used != room && !allowed.contains(&used) {
                    wrong.push(format!("{module} uses {used}: {}", line.trim()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn sockets_screens_and_files_stay_in_their_rooms() {
    let mut wrong = Vec::new();
    for (module, source) in sources() {
        for (name, rooms) in ONLY_IN {
            let allowed = rooms.iter().any(|room| module == *room || module.starts_with(&format!("{room}::")));
            let named = code(&source).find(|line| {
                line.match_indices(&format!("{name}::"))
                    .any(|(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':'))
            });
            if let Some(line) = named.filter(|_| !allowed) {
                wrong.push(format!("{module} names {name}: {}", line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
