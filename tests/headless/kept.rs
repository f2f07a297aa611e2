//! The history: runs are stored, listed, searched, shown, replayed and exported.

use super::*;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;

/// An empty home directory of one test.
pub(crate) struct Home(PathBuf);

impl Home {
    pub(crate) fn new(name: &str) -> Self {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("home-{name}"));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = switchover(args);
        command.env("HOME", &self.0).env("SWITCHOVER_HISTORY", "true").current_dir(&self.0);
        for (name, folder) in [("XDG_DATA_HOME", "data"), ("XDG_CONFIG_HOME", "config"), ("XDG_CACHE_HOME", "cache")] {
            command.env(name, self.0.join(folder));
        }
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// The path of a file in this home.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.0.join(path)
    }

    /// Writes a file in this home, and creates its directories.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// All stored lines; several files, if the day changes during a test.
    pub(crate) fn stored(&self) -> String {
        let Ok(folder) = fs::read_dir(self.0.join("data/switchover/history")) else { return String::new() };
        let mut files: Vec<_> = folder.map(|file| file.unwrap().path()).collect();
        files.retain(|path| path.extension().is_some_and(|kind| kind == "jsonl"));
        files.sort();
        files.iter().map(|file| fs::read_to_string(file).unwrap()).collect()
    }
}

#[test]
fn a_run_is_stored_listed_searched_shown_and_replayed() {
    let home = Home::new("kept");
    let asked = home.run(&["ask", "What is 6 * 7?", "--fault", "openai/gpt-4o-mini=503", "--json"]);
    assert_eq!(asked.status.code(), Some(0), "{}", err(&asked));
    assert_eq!(home.stored(), out(&asked), "the printed lines are the stored lines");

    let listed: Value = serde_json::from_str(&out(&home.run(&["history", "--json"]))).unwrap();
    assert_eq!((&listed[0]["model"], &listed[0]["attempts"]), (&BACKUP.into(), &3.into()));
    assert!(out(&home.run(&["history"])).contains("What is 6 * 7?"));
    assert!(out(&home.run(&["history", "search", "6 * 7", "HAIKU"])).contains("claude-3-haiku"));
    assert!(out(&home.run(&["history", "search", "zebra"])).contains("no matching run"));
    assert_eq!(out(&home.run(&["history", "show", "last", "--json"])), out(&asked));
    assert!(out(&home.run(&["history", "show", "last"])).contains("42"));

    let replayed = home.run(&["replay", "last", "--pace", "0", "--json"]);
    assert_eq!(out(&replayed), out(&asked));
    assert!(err(&replayed).contains("are the same"), "{}", err(&replayed));
    let none = home.run(&["history", "show", "99999999999999"]);
    assert_eq!(none.status.code(), Some(1));
    assert!(err(&none).contains("switchover history"), "{}", err(&none));

    let before = home.stored();
    home.run(&["ask", "x", "--set", "history.keep=false"]);
    assert_eq!(home.stored(), before, "history.keep=false stores nothing");
}

#[test]
fn todays_rules_make_the_same_decisions_as_the_recorded_run() {
    let home = Home::new("again");
    let first = |fault: &str| format!("{PRIMARY}={fault}");
    for (fault, more) in [
        ("503", &[][..]),
        ("504", &[]),
        ("401", &[]),
        ("refused", &[]),
        ("429:retry-after=0", &[]),
        ("cut:3", &[]),
        ("empty", &[]),
        ("stall:2", &["--set", "failover.idle=0.2"]),
        ("black-hole", &["--set", "failover.first_token=0.2"]),
        ("black-hole", &["--set", "failover.deadline=0.3", "-m", PRIMARY]),
        ("503@once", &["--module", "majority:3"]),
        ("503", &["--module", "multi_chain_comparison:2"]),
    ] {
        home.run(&[&["ask", "2 + 2?", "--fault", &first(fault)], more].concat());
        let check = home.run(&["replay", "last", "--check"]);
        assert_eq!(check.status.code(), Some(0), "{fault} {more:?}: {}", out(&check));
    }
    // A changed log is detected.
    home.run(&["ask", "2 + 2?", "--fault", &first("503")]);
    let shown = out(&home.run(&["history", "show", "last", "--json"]));
    let changed = shown.replacen("\"decision\":\"retry_same\"", "\"decision\":\"next\"", 1);
    assert_ne!(shown, changed);
    let file = home.0.join("changed.jsonl");
    fs::write(&file, changed).unwrap();
    let check = home.run(&["replay", file.to_str().unwrap(), "--check"]);
    assert_eq!(check.status.code(), Some(2), "{}", out(&check));
    assert!(out(&check).contains("recorded:") && out(&check).contains("retry_same"), "{}", out(&check));
}

#[test]
fn a_kill_during_a_run_loses_no_written_line() {
    let home = Home::new("killed");
    let mut child = home
        .command(&["ask", "2 + 2?", "--json", "-m", PRIMARY, "--fault", "openai/gpt-4o-mini=stall:4"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // The stream stalls after four tokens, so the run is still in progress.
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut seen: Vec<String> = lines.by_ref().take_while(|line| !line.contains("\"event\":\"leading\"")).collect();
    seen.extend(lines.by_ref().take(2));
    assert!(seen.len() > 4);
    // Lines are printed at once; the history thread writes them a moment later.
    let all_stored = || seen.iter().all(|line| home.stored().contains(line.as_str()));
    while !all_stored() {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it stored the printed lines");
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(all_stored());
    // The next run is appended.
    let next = home.run(&["ask", "2 + 2?"]);
    assert_eq!(next.status.code(), Some(0), "{}", err(&next));
    let listed: Value = serde_json::from_str(&out(&home.run(&["history", "--json"]))).unwrap();
    assert_eq!(listed.as_array().unwrap().len(), 2);
    assert_eq!((&listed[0]["outcome"], &listed[1]["outcome"]), (&"succeeded".into(), &Value::Null));
}

#[test]
fn an_error_of_the_history_is_reported_once_and_the_answer_is_printed() {
    let home = Home::new("full");
    fs::write(home.0.join("data"), "a file where a directory should be").unwrap();
    let output = home.run(&["ask", "What is 6 * 7?", "--field", "answer"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(out(&output).contains("42"));
    assert_eq!(err(&output).matches("runs are not stored").count(), 1, "{}", err(&output));
}

#[test]
fn runs_are_exported_and_saved_programs_imported() {
    let home = Home::new("travel");
    let key = "sk-or-v1-0123456789abcdef0123456789abcdef";
    home.run(&["ask", "What is 6 * 7?", "--referer", "https://mine.example"]);
    for (to, part) in [
        ("python", "fallbacks=[\"openrouter/anthropic/claude-3-haiku\""),
        ("litellm-router", "Router("),
        ("litellm-proxy", "os.environ/OPENROUTER_API_KEY"),
        ("curl", "\"models\": ["),
        ("openai", "extra_body={\"models\""),
    ] {
        for args in [&["export", "--to", to, "--run", "last"][..], &["history", "export", "last", "--to", to]] {
            let output = home.command(args).env("OPENROUTER_API_KEY", key).output().unwrap();
            let text = out(&output);
            assert!(text.contains(part) && text.contains("https://mine.example"), "{to}: {text}{}", err(&output));
            assert!(
                text.contains("https://openrouter.ai/api/v1"),
                "a simulated run is exported for OpenRouter: {text}"
            );
            assert!(text.contains("OPENROUTER_API_KEY") && !text.contains("01234567"), "{text}");
        }
    }
    let state = home.0.join("mine.json");
    let exported = home.run(&["export", "--to", "dspy-state"]);
    fs::write(&state, out(&exported)).unwrap();
    let imported = home.run(&["import", state.to_str().unwrap()]);
    assert_eq!(imported.status.code(), Some(0), "{}", err(&imported));
    let asked = home.run(&["export", "--to", "python", "--signature", "mine"]);
    assert_eq!(asked.status.code(), Some(0), "the imported signature can be used by name: {}", err(&asked));
}
