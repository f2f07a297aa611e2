//! The history: runs are stored, listed, searched, shown, replayed and exported.

use super::*;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};

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

    /// All stored lines, oldest run first.
    pub(crate) fn stored(&self) -> String {
        out(&self.run(&["history", "export"]))
    }

    /// Everything in the history's directory, as it is on the disk.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let Ok(folder) = fs::read_dir(self.0.join("data/switchover/history")) else { return Vec::new() };
        folder.flat_map(|file| fs::read(file.unwrap().path()).unwrap()).collect()
    }
}

/// Lines as values. Text of an attempt that follows other text of it is joined, because the history stores it so.
pub(crate) fn joined(lines: &str) -> Vec<Value> {
    let mut joined: Vec<Value> = Vec::new();
    for line in lines.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let is_text = line["delta"] == "text" || line["delta"] == "reasoning";
        match joined.last_mut() {
            Some(last) if is_text && last["delta"] == line["delta"] && last["attempt"] == line["attempt"] => {
                last["value"] =
                    format!("{}{}", last["value"].as_str().unwrap(), line["value"].as_str().unwrap()).into();
            }
            _ => joined.push(line),
        }
    }
    joined
}

#[test]
fn a_run_is_stored_listed_searched_shown_and_replayed() {
    let home = Home::new("kept");
    let asked = home.run(&["ask", "What is 6 * 7?", "--fault", "openai/gpt-4o-mini=503", "--json"]);
    assert_eq!(asked.status.code(), Some(0), "{}", err(&asked));
    assert_eq!(joined(&home.stored()), joined(&out(&asked)), "the printed lines are the stored lines");

    let listed: Value = serde_json::from_str(&out(&home.run(&["history", "--json"]))).unwrap();
    assert_eq!((&listed[0]["model"], &listed[0]["attempts"]), (&BACKUP.into(), &3.into()));
    assert!(out(&home.run(&["history"])).contains("What is 6 * 7?"));
    assert!(out(&home.run(&["history", "search", "6 * 7", "HAIKU"])).contains("claude-3-haiku"));
    assert!(out(&home.run(&["history", "search", "zebra"])).contains("no matching run"));
    assert_eq!(out(&home.run(&["history", "show", "last", "--json"])), home.stored());
    assert_eq!(out(&home.run(&["history", "export", "last"])), home.stored());
    assert!(out(&home.run(&["history", "show", "last"])).contains("42"));

    let replayed = home.run(&["replay", "last", "--pace", "0", "--json"]);
    assert_eq!(out(&replayed), home.stored());
    assert!(err(&replayed).contains("are the same"), "{}", err(&replayed));
    let none = home.run(&["history", "show", "99999999999999"]);
    assert_eq!(none.status.code(), Some(1));
    assert!(err(&none).contains("switchover history"), "{}", err(&none));

    let before = home.stored();
    for nothing in ["history.keep=nothing", "history.keep=false"] {
        home.run(&["ask", "x", "--set", nothing]);
        assert_eq!(home.stored(), before, "{nothing} stores nothing");
    }
    let wrong = home.run(&["ask", "x", "--set", "history.keep=5 parsecs"]);
    assert!(wrong.status.code() == Some(1) && err(&wrong).contains("2 years, 4 GB"), "{}", err(&wrong));
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
    let mut seen: Vec<String> = Vec::new();
    while seen.last().is_none_or(|line| !line.contains("\"event\":\"leading\"")) {
        seen.extend(lines.next());
    }
    seen.extend(lines.by_ref().take(2));
    assert!(seen.len() > 4);
    // Lines are printed at once; the history thread writes them a moment later.
    let seen = joined(&seen.join("\n"));
    let all_stored = || {
        let stored = joined(&home.stored());
        let text = |line: &Value| line["value"].as_str().unwrap_or_default().to_owned();
        let begins = |(stored, seen): (&Value, &Value)| {
            (stored == seen) || (stored["event"] == "stream" && text(stored).starts_with(&text(seen)))
        };
        stored.len() >= seen.len() && stored.iter().zip(&seen).all(begins)
    };
    while !all_stored() {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it stored the printed lines");
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

/// A file that may not grow stands for a disk that is full.
#[cfg(unix)]
#[test]
fn a_full_disk_is_reported_once_and_everything_goes_on() {
    for blocks in ["0", "16", "100"] {
        let home = Home::new(&format!("full-{blocks}"));
        let limited = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
        let program = home.command(&[]);
        let mut command = Command::new("/bin/sh");
        command.args(["-c", &limited]).arg(program.get_program()).args(["plain", "--set", "simulator.pace=0"]);
        command.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?)))).current_dir(home.path(""));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let questions: Vec<String> = (0..40).map(|i| format!("What is {i} + {i}?\n")).collect();
        let questions = questions.concat();
        child.stdin.take().unwrap().write_all(questions.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{blocks}: {}", err(&output));
        assert_eq!(out(&output).matches(" answered after ").count(), 40, "{blocks}: {}", out(&output));
        assert_eq!(out(&output).matches("runs are not stored").count(), 1, "{blocks}: {}", out(&output));
    }
}

#[test]
fn a_damaged_history_is_said_and_stays_as_it_is() {
    let home = Home::new("damaged");
    let garbage = "no database ".repeat(100);
    home.write("data/switchover/history/runs.db", &garbage);
    let asked = home.run(&["ask", "What is 6 * 7?", "--field", "answer"]);
    assert!(asked.status.success() && out(&asked).contains("42"), "{}", err(&asked));
    assert_eq!(err(&asked).matches("it is damaged; move it away").count(), 1, "{}", err(&asked));
    let listed = home.run(&["history"]);
    assert_eq!(listed.status.code(), Some(1));
    assert!(err(&listed).contains("runs.db") && err(&listed).contains("move it away"), "{}", err(&listed));
    assert_eq!(fs::read_to_string(home.path("data/switchover/history/runs.db")).unwrap(), garbage);
}

#[test]
fn runs_can_be_forgotten() {
    let home = Home::new("forgotten");
    home.run(&["ask", "What is 6 * 7?"]);
    home.run(&["ask", "What is a zanzibar?"]);
    let path = out(&home.run(&["history", "path"]));
    assert!(Path::new(path.trim()).is_file() && path.trim().ends_with("runs.db"), "{path}");
    assert!(memchr::memmem::find(&home.bytes(), b"zanzibar").is_some());
    assert!(out(&home.run(&["history", "forget", "last"])).contains("deleted"));
    assert!(memchr::memmem::find(&home.bytes(), b"zanzibar").is_none());
    assert_eq!(joined(&home.stored()).iter().filter(|line| line["event"] == "begun").count(), 1);
    assert!(out(&home.run(&["history", "forget", "--before", "2020-01-01"])).starts_with("0 runs"));
    assert!(out(&home.run(&["history", "forget", "--before", "2999-12-31"])).starts_with("1 run "));
    assert_eq!(home.stored(), "");
    for wrong in [&["forget"][..], &["forget", "--before", "yesterday"], &["forget", "last", "--before", "2020-01-01"]]
    {
        let output = home.run(&[&["history"], wrong].concat());
        assert!(!output.status.success(), "{wrong:?}");
    }
}

#[test]
fn files_of_an_earlier_version_are_listed_and_stay() {
    let home = Home::new("older");
    let run = include_str!("../cases/runs/takeover.jsonl");
    home.write("data/switchover/history/2026-11-22.jsonl", run);
    let listed = home.run(&["history"]);
    assert!(out(&listed).contains("gemini") || out(&listed).contains("claude"), "{}", out(&listed));
    assert!(err(&listed).contains("1 run of an earlier version"), "{}", err(&listed));
    assert_eq!(err(&home.run(&["history"])), "", "once");
    home.write("run.jsonl", run);
    let read = out(&home.run(&["replay", "run.jsonl", "--pace", "0", "--json"]));
    assert_eq!(joined(&home.stored()), joined(&read));
    assert_eq!(home.run(&["replay", "last", "--check"]).status.code(), Some(0));
    let forgotten = home.run(&["history", "forget", "last"]);
    assert!(err(&forgotten).contains("2026-11-22.jsonl"), "{}", err(&forgotten));
    assert_eq!(home.stored(), "");
}

#[test]
fn runs_are_exported_and_saved_programs_imported() {
    let home = Home::new("travel");
    let key = "sk-or-v1-0123456789abcdef0123456789abcdef";
    home.run(&["ask", "What is 6 * 7?", "--referer", "https://mine.example"]);
    for (to, part) in [
        ("python", "lm(\"anthropic/claude-3-haiku\"),"),
        ("litellm-router", "Router("),
        ("litellm-proxy", "os.environ/OPENROUTER_API_KEY"),
        ("curl", "\"models\": ["),
        ("openai", "\"models\": others"),
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

#[test]
fn a_cost_that_is_known_after_the_end_prints_the_answer_only_once() {
    let home = Home::new("billed");
    let asked = out(&home.run(&["ask", "What is 6 * 7?", "--json"]));
    let last: Value = serde_json::from_str(asked.lines().last().unwrap()).unwrap();
    let billed = serde_json::json!({
        "v": last["v"], "run": last["run"], "at_ms": last["at_ms"], "event": "billed", "attempt": 1,
        "generation": {"cost": 0.5, "tried": []},
    });
    home.write("run.jsonl", &format!("{asked}{billed}\n{billed}\n"));
    let replayed = home.run(&["replay", "run.jsonl", "--pace", "0"]);
    assert_eq!(out(&replayed).matches("42").count(), 1, "{}{}", out(&replayed), err(&replayed));
}
