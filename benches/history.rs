//! A history of 100,000 runs: the time and the memory of lists, searches, showing and replaying, and the size of a run.
//! The floor is a bare `SQLite` table with the same number of rows. `cargo bench --bench history`; with `-- --keep DIR`,
//! the history is only made, and stays in that data directory.

#[path = "shared/measure.rs"]
mod measure;

use measure::{Samples, now, print_result};
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::channel;
use switchover::history::{History, HistoryWriter, Query, Retention, parse};
use switchover::report::{Observation, Report, ReportKind};

const RUNS: u64 = 100_000;
const BINARY: &str = env!("CARGO_BIN_EXE_switchover");
const TEMPLATE: &str = include_str!("../tests/cases/runs/takeover.jsonl");
/// The id of the first run; the others follow a minute apart.
const FIRST: u64 = 1_763_000_000_000;
const WORDS: [&str; 16] = [
    "river",
    "mountain",
    "signature",
    "compile",
    "theorem",
    "harbour",
    "weather",
    "orchid",
    "protocol",
    "violin",
    "granite",
    "lantern",
    "copper",
    "meadow",
    "engine",
    "saffron",
];

/// What is measured: its name, and a query that says how many rows it found.
type Case<'a> = (&'static str, Box<dyn Fn() -> usize + 'a>);

fn main() {
    let mut arguments = std::env::args().skip_while(|word| word != "--keep").skip(1);
    if let Some(directory) = arguments.next() {
        return make(&PathBuf::from(directory));
    }
    let home = std::env::temp_dir().join(format!("switchover-bench-history-{}", std::process::id()));
    let data = home.join("switchover");
    make(&data);
    queries(&data);
    processes(&home);
    std::fs::remove_dir_all(home).expect("the files of this benchmark");
}

/// The question of a run. Each has a number, and every ten-thousandth a word that no other has.
fn question(i: u64) -> String {
    let word = |n: u64| WORDS[((i * 7919 + n * 104_729) % 16_381 % 16) as usize];
    let rare = if i % 10_000 == 77 { " zanzibar 最長の川" } else { "" };
    format!("Question {i}: what has a {} to do with a {}, {} and {}?{rare}", word(1), word(2), word(3), word(4))
}

/// Stores the runs in this data directory.
fn make(data: &Path) {
    let template = parse(TEMPLATE.as_bytes()).runs.remove(0);
    let began = now();
    let retention = Retention { days: None, bytes: None };
    let writer = HistoryWriter::start(data, retention, |error| panic!("{error}")).expect("a thread");
    let written = || {
        let (send, wait) = channel();
        writer.when_written(move || send.send(()).expect("a receiver"));
        wait.recv().expect("a writer");
    };
    let (mut content, mut lines) = (0, 0);
    for i in 0..RUNS {
        for report in &template {
            let mut report = Report { run: FIRST + i * 60_000, ..report.clone() };
            match &mut report.what {
                ReportKind::Observation(Observation::Begun(spec)) => {
                    let task = Arc::make_mut(spec).task.signature_mut().expect("a signature");
                    task.inputs.insert("question".into(), question(i).into());
                }
                ReportKind::Observation(Observation::Sent(sent)) => {
                    let request = Arc::make_mut(&mut sent.request);
                    request.body["messages"][1]["content"] = question(i).into();
                    content += request.body.to_string().len();
                }
                ReportKind::Observation(Observation::Parsed { prediction, .. }) => {
                    let text = format!("{} in answer {i}: {}", WORDS[(i % 16) as usize], question(i * 31));
                    Arc::make_mut(&mut prediction.fields).insert("answer".into(), text.into());
                }
                ReportKind::Observation(Observation::Stream {
                    delta: switchover::openrouter::Delta::Text(text),
                    ..
                }) => {
                    content += text.len();
                }
                _ => {}
            }
            if i == 0 {
                lines += report.line().len();
            }
            writer.keep(&Arc::new(report));
        }
        if i % 500 == 499 {
            written();
        }
    }
    written();
    let took = began.elapsed();
    drop(writer);
    let size = History::of(data).path().metadata().expect("a database").len();
    let [size, content, lines] = [size, content as u64, lines as u64 * RUNS].map(|bytes| bytes as f64 / RUNS as f64);
    println!("a history of {RUNS} runs, made in {took:.1?}");
    println!(
        "  {size:.0} bytes a run on the disk, {lines:.0} as JSON lines; requests and answers {content:.0} bytes; target ≤ {:.0}",
        4096.0 + 1.5 * content
    );
}

/// Lists and searches in this process, beside the newest rows of a bare table.
fn queries(data: &Path) {
    let history = History::of(data);
    let bare = data.join("bare.db");
    let mut database = Connection::open(&bare).expect("a database");
    database.execute_batch("CREATE TABLE runs (run INTEGER PRIMARY KEY, line TEXT)").expect("a table");
    let rows = database.transaction().expect("a transaction");
    for i in 0..RUNS {
        rows.execute("INSERT INTO runs VALUES (?, ?)", (FIRST.cast_signed() + i.cast_signed(), question(i)))
            .expect("a row");
    }
    rows.commit().expect("a commit");
    drop(database);
    let newest = || {
        let database = Connection::open(&bare).expect("a database");
        let mut select =
            database.prepare("SELECT run, line FROM runs ORDER BY run DESC LIMIT 20").expect("a statement");
        let rows = select.query_map((), |row| row.get::<_, String>(1)).expect("rows");
        assert_eq!(rows.count(), 20);
    };
    let query = |words: &[&str]| Query { words: words.iter().map(|w| (*w).into()).collect(), before: None, most: 20 };
    let middle = (FIRST + 77 * 60_000).to_string();
    let cases: [Case<'_>; 10] = [
        ("the newest 20 of all runs", Box::new(|| history.rows(&query(&[])).expect("rows").len())),
        (
            "a page from the middle",
            Box::new(|| {
                history.rows(&Query { before: Some(FIRST + 50_000 * 60_000), ..query(&[]) }).expect("rows").len()
            }),
        ),
        ("a search: a word of every fourth run", Box::new(|| history.rows(&query(&["river"])).expect("rows").len())),
        ("a search: a word of ten runs", Box::new(|| history.rows(&query(&["zanzibar"])).expect("rows").len())),
        ("a search: two letters of every run", Box::new(|| history.rows(&query(&["ri"])).expect("rows").len())),
        ("a search: two letters of ten runs", Box::new(|| history.rows(&query(&["za"])).expect("rows").len())),
        (
            "a search: two Japanese characters of ten runs",
            Box::new(|| history.rows(&query(&["川"])).expect("rows").len()),
        ),
        (
            "a search: two words and a number",
            Box::new(|| history.rows(&query(&["lantern", "violin", "4711"])).expect("rows").len() + 1),
        ),
        ("a search: a word of no run", Box::new(|| history.rows(&query(&["signaturex"])).expect("rows").len() + 1)),
        ("one run by its id", Box::new(|| history.find(&middle).expect("a run").len())),
    ];
    for (what, case) in cases {
        let (mut ours, mut floor) = (Samples::default(), Samples::default());
        for _ in 0..30 {
            let began = now();
            newest();
            floor.add(began.elapsed());
            let began = now();
            assert_ne!(case(), 0, "{what}");
            ours.add(began.elapsed());
        }
        print_result(what, &ours, &floor, "≤ 50 ms");
    }
}

/// The commands as processes, with their memory.
fn processes(home: &Path) {
    let run = (FIRST + 77 * 60_000).to_string();
    for arguments in [
        &["--version"][..],
        &["history"],
        &["history", "--json"],
        &["history", "search", "river"],
        &["history", "search", "zanzibar"],
        &["history", "search", "signaturex"],
        &["history", "show", "last"],
        &["history", "show", &run],
        &["history", "show", &run[3..]],
        &["replay", &run, "--pace", "0"],
        &["replay", &run, "--check"],
    ] {
        let mut samples = Samples::default();
        for _ in 0..20 {
            let began = now();
            assert!(command(home, arguments).status().expect("a process").success(), "{arguments:?}");
            samples.add(began.elapsed());
        }
        let mut child = command(home, arguments).spawn().expect("a process");
        let mut most = 0;
        // Read until the process ends: the last value is the peak.
        while child.try_wait().expect("a state").is_none() {
            most = most.max(memory(child.id()));
        }
        println!(
            "switchover {}\n  {samples}, {:.1} MiB; target ≤ 50 ms, ≤ 30 MiB",
            arguments.join(" "),
            most as f64 / 1024.0
        );
    }
}

fn command(home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    command.args(arguments).env_clear().env("HOME", home).env("XDG_DATA_HOME", home).current_dir(home);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// The most memory that a process has had, in KiB; 0 where the system does not say.
fn memory(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let value = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    value.and_then(|value| value.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}
