//! The layers of `ARCHITECTURE.md`, held: who may use whom, and which crates stay where.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// What may be used by each room beside itself. A room is a top-level module.
#[rustfmt::skip] // a table reads by its rows
const MAY_USE: &[(&str, &[&str])] = &[
    ("html", &[]),
    ("lock", &[]),
    ("nearest", &[]),
    ("private", &[]),
    ("text", &[]),
    ("secret", &[]),
    ("fault", &["nearest"]),
    ("dspy", &["openrouter", "text"]),
    ("failover", &[]),
    ("openrouter", &["failover", "lock", "private", "secret", "text"]),
    ("contract", &["dspy"]),
    ("spec", &["contract", "dspy", "failover", "openrouter"]),
    ("report", &["spec", "dspy", "failover", "openrouter"]),
    ("transcript", &["spec", "report", "dspy", "failover", "openrouter", "text"]),
    ("export", &["eval", "html", "spec", "transcript", "dspy", "openrouter", "text"]),
    ("eval", &["html", "spec", "report", "transcript", "dspy", "failover", "fault", "nearest", "openrouter", "text"]),
    ("simulator", &["fault", "lock"]),
    ("history", &["lock", "private", "spec", "report", "transcript", "dspy", "failover", "openrouter", "text"]),
    ("config", &["nearest", "private", "secret", "text", "failover", "openrouter"]),
    ("worker", &["contract", "dspy", "eval", "failover", "fault", "history", "lock", "nearest", "openrouter", "report", "secret", "simulator", "spec", "text", "transcript"]),
    ("gateway", &["contract", "failover", "fault", "lock", "openrouter", "report", "secret", "spec", "text", "worker"]),
    ("headless", &["failover", "report", "transcript"]),
    // Of the configuration the table of keys, which is no file.
    ("tui", &["config", "eval", "spec", "dspy", "failover", "fault", "openrouter", "report", "transcript", "text", "nearest", "private"]),
];

/// Crates that only some rooms may name.
const ONLY_IN: &[(&str, &[&str])] = &[
    ("tokio", &["openrouter::client", "simulator", "worker", "gateway", "tui", "cli"]),
    ("reqwest", &["openrouter::client"]),
    ("hyper", &["openrouter::client", "gateway"]),
    ("ratatui", &["tui"]),
    ("crossterm", &["tui", "cli"]),
    ("rusqlite", &["history"]),
    ("clap", &["cli", "main"]),
    ("anyhow", &["cli"]),
    ("std::fs", &["config", "private", "cli"]),
];

/// Wings of a room: code of the first names nothing of the second.
const NEVER_NAMES: &[(&str, &str)] = &[("tui::state", "tui::view"), ("tui::update", "tui::view")];

/// Rooms in which no files import each other in a circle.
const NO_CIRCLES: &[&str] = &["tui"];

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

/// Whether a module is this room or lies in it.
fn is_in(module: &str, room: &str) -> bool {
    module.strip_prefix(room).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// The paths of a `use` tree: `a::{b, c::d as e}` is `a::b` and `a::c::d`.
fn expand(tree: &str) -> Vec<String> {
    let tree = tree.trim();
    let Some((stem, list)) = tree.split_once('{') else {
        let path = tree.split(" as ").next().unwrap_or(tree);
        return vec![path.trim_end_matches("::self").trim().to_owned()];
    };
    let list = list.strip_suffix('}').unwrap_or(list);
    let (mut depth, mut from, mut paths) = (0, 0, Vec::new());
    for (at, c) in list.char_indices().chain([(list.len(), ',')]) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                let part = list[from..at].trim();
                if !part.is_empty() {
                    paths.extend(expand(part).iter().map(|path| format!("{stem}{path}")));
                }
                from = at + 1;
            }
            _ => {}
        }
    }
    paths
}

/// The paths that a file's code imports or names in full. What it re-exports is not for its own use.
fn paths_named(source: &str) -> Vec<String> {
    let code = code(source).collect::<Vec<_>>().join("\n");
    let mut paths = Vec::new();
    for statement in code.split(';') {
        let lines: Vec<&str> = statement.lines().collect();
        let start = lines.iter().rposition(|line| line.trim_start().starts_with("use ")).unwrap_or(lines.len());
        let import = lines[start..].join(" ");
        paths.extend(import.trim().strip_prefix("use ").map(expand).unwrap_or_default());
        for line in lines.iter().take(start).filter(|line| !line.trim_start().starts_with("pub use ")) {
            let line = line.replace("(in crate", "(in ");
            let words = line.split(|c: char| !c.is_alphanumeric() && c != '_' && c != ':');
            paths.extend(
                words.filter(|word| word.starts_with("crate::") || word.starts_with("super::")).map(str::to_owned),
            );
        }
    }
    paths
}

/// The file that a path in `module` leads to, if it is one of this crate.
fn file_of<'a>(sources: &'a BTreeMap<String, String>, module: &str, path: &str) -> Option<&'a str> {
    let mut base: Vec<&str> = module.split("::").collect();
    let mut parts = path.split("::").peekable();
    match parts.peek().copied() {
        Some("crate") => {
            base.clear();
            parts.next();
        }
        Some("super") => {
            while parts.next_if_eq(&"super").is_some() {
                base.pop();
            }
        }
        // The path of a child, or that of another crate.
        Some(child) if !sources.contains_key(&format!("{module}::{child}")) => return None,
        _ => {}
    }
    base.extend(parts);
    let names = (1..=base.len()).rev().map(|length| base[..length].join("::"));
    names.into_iter().find_map(|name| sources.get_key_value(&name)).map(|(name, _)| name.as_str())
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
            let allowed = rooms.iter().any(|room| is_in(&module, room));
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

#[test]
fn no_permission_is_unused() {
    let sources = sources();
    let names = |room: &str, what: &dyn Fn(&str) -> bool| {
        sources.iter().any(|(module, source)| is_in(module, room) && code(source).any(what))
    };
    let mut unused = Vec::new();
    for (room, allowed) in MAY_USE {
        let idle = allowed.iter().filter(|used| !names(room, &|line| rooms_named(line).contains(used)));
        unused.extend(idle.map(|used| format!("{room} may use {used}")));
    }
    for (name, rooms) in ONLY_IN {
        let idle = rooms.iter().filter(|room| !names(room, &|line| line.contains(&format!("{name}::"))));
        unused.extend(idle.map(|room| format!("{room} may name {name}")));
    }
    assert!(unused.is_empty(), "take these out of the tables: {}", unused.join("; "));
}

#[test]
fn state_and_update_do_not_know_what_draws() {
    let sources = sources();
    let mut wrong = Vec::new();
    for (wing, other) in NEVER_NAMES {
        for (module, source) in sources.iter().filter(|(module, _)| is_in(module, wing)) {
            let paths = paths_named(source).into_iter();
            let paths = paths.filter(|path| file_of(&sources, module, path).is_some_and(|file| is_in(file, other)));
            wrong.extend(paths.map(|path| format!("{module} names {path}")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let sources = sources();
    for room in NO_CIRCLES {
        let mut imports: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (module, source) in sources.iter().filter(|(module, _)| is_in(module, room)) {
            let used = paths_named(source).into_iter().filter_map(|path| file_of(&sources, module, &path));
            imports.insert(module, used.filter(|used| used != module && is_in(used, room)).collect());
        }
        // A file that imports nothing of the rest, or is imported by nothing of it, is in no circle.
        loop {
            let used: BTreeSet<&str> = imports.values().flatten().copied().collect();
            let rest: BTreeSet<&str> = imports.keys().copied().collect();
            let before = imports.len();
            imports.retain(|module, uses| used.contains(module) && uses.iter().any(|used| rest.contains(used)));
            if imports.len() == before {
                break;
            }
        }
        let left: Vec<&str> = imports.keys().copied().collect();
        assert!(left.is_empty(), "these import each other in a circle: {}", left.join(", "));
    }
}

#[test]
fn every_trap_of_the_architecture_has_its_test() {
    let tests = include_str!("wire/traps.rs");
    let named: BTreeSet<&str> =
        include_str!("../ARCHITECTURE.md").split('`').filter(|word| word.starts_with("trap_")).collect();
    let missing: Vec<&&str> = named.iter().filter(|name| !tests.contains(&format!("fn {name}()"))).collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert_eq!(named.len(), tests.matches("fn trap_").count(), "each test is in the table");
}
