mod programs;
mod removal;

use super::*;
use crate::failover::Event;
use crate::openrouter::Delta;
use crate::report::{Observation, ReportKind};
use std::sync::Arc;
use std::sync::mpsc::channel;

const OVERLOADED: &str = include_str!("../../tests/cases/runs/overloaded.jsonl");
const TAKEOVER: &str = include_str!("../../tests/cases/runs/takeover.jsonl");
const CHAT: &str = include_str!("../../tests/cases/runs/chat.jsonl");
const TYPED: &str = include_str!("../../tests/cases/runs/typed.jsonl");

/// An empty directory for one test.
fn directory(name: &str) -> PathBuf {
    let directory = std::env::temp_dir().join(format!("switchover-history-{}-{name}", std::process::id()));
    let _ = fs::remove_dir_all(&directory);
    directory
}

fn reports(text: &str) -> Vec<Report> {
    parse(text.as_bytes()).runs.remove(0)
}

/// The run with another id.
fn numbered(run: &[Report], id: u64) -> Vec<Report> {
    run.iter().map(|report| Report { run: id, ..report.clone() }).collect()
}

/// A writer that panics on an error.
fn writer(data: &Path) -> HistoryWriter {
    limited(data, Retention { days: None, bytes: None })
}

fn limited(data: &Path, retention: Retention) -> HistoryWriter {
    HistoryWriter::start(data, retention, |error| panic!("{error}")).unwrap()
}

/// Stores reports and waits until they are written.
fn keep_all(writer: &HistoryWriter, reports: &[Report]) {
    for report in reports {
        writer.keep(&Arc::new(report.clone()));
    }
    written(writer);
}

fn written(writer: &HistoryWriter) {
    let (written, wait) = channel();
    writer.when_written(move || written.send(()).unwrap());
    wait.recv().unwrap();
}

/// The next id of this writer.
fn next_id(writer: &HistoryWriter, wall: u64) -> u64 {
    let (id, wait) = channel();
    writer.number_run(wall, move |run| id.send(run).unwrap());
    wait.recv().unwrap()
}

/// Text that follows other text of the same attempt, joined to it: what storing does within a batch.
fn joined(run: &[Report]) -> Vec<Report> {
    let mut joined: Vec<Report> = Vec::new();
    for report in run {
        let text = |report: &Report| match &report.what {
            ReportKind::Observation(Observation::Stream { attempt, delta: Delta::Text(text) }) => {
                Some((*attempt, true, text.clone()))
            }
            ReportKind::Observation(Observation::Stream { attempt, delta: Delta::Reasoning(text) }) => {
                Some((*attempt, false, text.clone()))
            }
            _ => None,
        };
        let (new, last) = (text(report), joined.last().and_then(&text));
        match (new, last, joined.last_mut()) {
            (Some(new), Some(last), Some(open)) if (new.0, new.1) == (last.0, last.1) => {
                let all = last.2 + &new.2;
                let delta = if new.1 { Delta::Text(all) } else { Delta::Reasoning(all) };
                open.what = ReportKind::Observation(Observation::Stream { attempt: new.0, delta });
            }
            _ => joined.push(report.clone()),
        }
    }
    joined
}

fn ids(history: &History, words: &[&str]) -> Vec<u64> {
    let words = words.iter().map(|word| (*word).to_owned()).collect();
    history.rows(&Query { words, most: 100, before: None }).unwrap().iter().map(|row| row.run).collect()
}

#[test]
fn stored_runs_are_read_back() {
    let data = directory("back");
    let (first, second, third) = (reports(OVERLOADED), reports(TYPED), reports(TAKEOVER));
    let history = History::of(&data);
    assert!(history.rows(&Query { most: 9, ..Query::default() }).unwrap().is_empty(), "there is no database yet");
    let history_writer = writer(&data);
    // Two runs at the same time, in several batches.
    keep_all(&history_writer, &first[..3]);
    assert_eq!(history.find("last").unwrap(), first[..3], "what has arrived is stored before the end");
    keep_all(&history_writer, &second);
    keep_all(&history_writer, &first[3..]);
    keep_all(&history_writer, &third);
    for run in [&first, &second, &third] {
        let stored = history.find(&run[0].run.to_string()).unwrap();
        assert_eq!(
            stored.iter().map(Report::line).collect::<String>(),
            joined(run).iter().map(Report::line).collect::<String>()
        );
        assert_eq!(redecide(&stored), redecide(run), "the decisions can be made again");
    }
    let mut all: Vec<u64> = [&first, &second, &third].map(|run| run[0].run).into();
    all.sort_unstable();
    let mut exported = Vec::new();
    history
        .each_run(|run| {
            exported.push(run[0].run);
            true
        })
        .unwrap();
    assert_eq!(exported, all);
    all.reverse();
    assert_eq!(ids(&history, &[]), all);
    assert!(matches!(history.find("000"), Err(RunNotFound::Several(..))));
    assert!(matches!(history.find("42"), Err(RunNotFound::None(_))));
    assert!(ids(&history, &["6*7", "HAIKU"]).contains(&first[0].run));
    assert!(ids(&history, &["6*7", "nowhere"]).is_empty());
    fs::remove_dir_all(data).unwrap();
}

#[test]
fn words_are_found_anywhere_in_any_script_newest_first() {
    let data = directory("words");
    let history_writer = writer(&data);
    let run = reports(OVERLOADED);
    for (id, question) in [
        (1, "Was ist ein Flußufer?"),
        (2, "ナイル川はどこですか"),
        (3, "say \"gpt-99\" AND (not) 'this*'"),
        (4, "two\nlines"),
    ] {
        let mut run = numbered(&run, id);
        let ReportKind::Observation(Observation::Begun(spec)) = &mut run[0].what else { panic!("begun") };
        let task = Arc::make_mut(spec).task.signature_mut().unwrap();
        task.inputs.insert("question".into(), question.into());
        keep_all(&history_writer, &run);
    }
    let history = History::of(&data);
    for (words, found) in [
        (&["flu"][..], &[1][..]),
        (&["UFER"], &[1]),
        // Two characters: within a word, at a line's end, and nowhere.
        (&["ßu"], &[1]),
        (&["r?"], &[1]),
        (&["zq"], &[]),
        (&["fl", "ei"], &[1]),
        (&["ル"], &[2]),
        (&["川は"], &[2]),
        (&["ナイル川"], &[2]),
        (&["gpt-99"], &[3]),
        (&["\"gpt", "this*'"], &[3]),
        (&["AND (NOT)"], &[3]),
        (&["two lines"], &[4]),
        (&["?"], &[1]),
        (&["haiku"], &[4, 3, 2, 1]),
        (&["川ナ"], &[]),
        (&["\0"], &[4, 3, 2, 1]),
    ] {
        assert_eq!(ids(&history, words), found, "{words:?}");
    }
    let page = history.rows(&Query { words: vec!["haiku".into()], before: Some(4), most: 2 }).unwrap();
    assert_eq!(page.iter().map(|row| row.run).collect::<Vec<_>>(), [3, 2]);
    fs::remove_dir_all(data).unwrap();
}

#[test]
fn an_error_is_reported_once_and_the_next_run_is_stored() {
    let data = directory("full");
    fs::write(&data, "a file where the directory should be").unwrap();
    let (error, errors) = channel();
    let history_writer =
        HistoryWriter::start(&data, Retention::default(), move |line| error.send(line).unwrap()).unwrap();
    assert_eq!([next_id(&history_writer, 7), next_id(&history_writer, 7)], [7, 8], "ids are unique in the program");
    keep_all(&history_writer, &reports(OVERLOADED));
    let errors: Vec<String> = errors.try_iter().collect();
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(errors[0].contains("history.keep=nothing"));
    fs::remove_file(&data).unwrap();
    // The obstacle is gone, so the next run is stored.
    let later = reports(TYPED);
    keep_all(&history_writer, &later);
    assert_eq!(History::of(&data).find("last").unwrap(), joined(&later));
    fs::remove_dir_all(data).unwrap();
}

#[test]
fn what_is_wrong_with_the_database_is_said_in_words() {
    for (name, says) in [("newer", "later version"), ("damaged", "damaged"), ("folder", "not a regular file")] {
        let data = directory(name);
        keep_all(&writer(&data), &reports(TYPED));
        let path = History::of(&data).path();
        // The writer's thread empties the log when it ends.
        while path.with_extension("db-wal").exists() {
            std::thread::yield_now();
        }
        match name {
            "newer" => Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 99").unwrap(),
            "damaged" => fs::write(&path, "not a database, but long enough to be looked at".repeat(100)).unwrap(),
            _ => {
                fs::remove_file(&path).unwrap();
                fs::create_dir(&path).unwrap();
            }
        }
        let (error, errors) = channel();
        let broken = HistoryWriter::start(&data, Retention::default(), move |line| error.send(line).unwrap()).unwrap();
        keep_all(&broken, &reports(OVERLOADED));
        keep_all(&broken, &reports(TYPED));
        let errors: Vec<String> = errors.try_iter().collect();
        assert!(matches!(errors.as_slice(), [one] if one.contains(says)), "{name}: {errors:?}");
        assert!(History::of(&data).find("last").unwrap_err().to_string().contains(says));
        fs::remove_dir_all(data).unwrap();
    }
}

#[test]
fn files_of_an_earlier_version_are_read_once_and_stay() {
    let data = directory("older");
    let history = History::of(&data);
    assert_eq!(history.import_older().unwrap(), Imported::default());
    let folder = data.join(DIRECTORY);
    fs::create_dir_all(&folder).unwrap();
    let torn = &TYPED[..TYPED.len() - 40];
    fs::write(folder.join("2026-11-22.jsonl"), [OVERLOADED, TAKEOVER].concat()).unwrap();
    fs::write(folder.join("2026-11-23.jsonl"), torn).unwrap();
    assert_eq!(history.import_older().unwrap(), Imported { runs: 3, unread: 1 });
    assert_eq!(history.import_older().unwrap(), Imported::default());
    let first = reports(OVERLOADED);
    assert_eq!(history.find(&first[0].run.to_string()).unwrap(), joined(&first));
    assert_eq!(history.older_files().unwrap().len(), 2);
    // An earlier version is used once more.
    fs::write(
        folder.join("2026-11-23.jsonl"),
        [torn, "\n", &numbered(&first, 7).iter().map(Report::line).collect::<String>()].concat(),
    )
    .unwrap();
    assert_eq!(history.import_older().unwrap(), Imported { runs: 1, unread: 1 });
    fs::remove_dir_all(data).unwrap();
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_the_history() {
    use std::os::unix::fs::PermissionsExt as _;
    let data = directory("private");
    let history_writer = writer(&data);
    keep_all(&history_writer, &reports(TYPED));
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    let folder = data.join(DIRECTORY);
    assert_eq!([mode(&data), mode(&folder)], [0o700, 0o700]);
    let files: Vec<PathBuf> = fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path()).collect();
    assert!(files.len() >= 3, "the database, its log and its index: {files:?}");
    assert!(files.iter().all(|file| mode(file) == 0o600));
    fs::remove_dir_all(data).unwrap();
}

#[test]
fn a_stored_run_is_a_fraction_of_its_lines() {
    let data = directory("size");
    let run = reports(TAKEOVER);
    keep_all(&writer(&data), &run);
    let database = schema::open(&data.join(DIRECTORY)).unwrap();
    let stored: u32 = database.query_row("SELECT sum(length(lines)) FROM parts", (), |row| row.get(0)).unwrap();
    assert!((stored as usize) * 3 < TAKEOVER.len(), "{stored} of {}", TAKEOVER.len());
    assert!(run.iter().any(|report| matches!(report.what, ReportKind::Engine(Event::Finished(_)))));
    fs::remove_dir_all(data).unwrap();
}

#[test]
fn what_was_stored_for_nobody_is_synced_for_whoever_waits_later() {
    let data = directory("synced");
    let mut store = store::Store::new(data.clone(), Retention { days: None, bytes: None });
    for report in &reports(TAKEOVER) {
        store.keep(report);
    }
    let log = || fs::metadata(data.join("runs.db-wal")).unwrap().len();
    // A transaction of its own syncs the one before it; then there is nothing to sync.
    let written = [false, false, true, true].map(|synced| {
        store.commit(synced).unwrap();
        log()
    });
    assert!(written[0] == written[1] && written[1] < written[2] && written[2] == written[3], "{written:?}");
    fs::remove_dir_all(data).unwrap();
}

#[test]
fn the_messages_of_a_chat_are_stored_once() {
    let data = directory("chat");
    let message = r#""role":"user""#;
    let mut run = reports(CHAT);
    assert_eq!(CHAT.matches(message).count(), 2, "the run says what was asked, and what was sent");
    keep_all(&writer(&data), &run);
    let database = schema::open(&data.join(DIRECTORY)).unwrap();
    let part: Vec<u8> = database.query_row("SELECT lines FROM parts", (), |row| row.get(0)).unwrap();
    let lines = packed::decompress(0, &part).unwrap();
    assert_eq!(String::from_utf8(lines).unwrap().matches(message).count(), 1);
    assert_eq!(History::of(&data).find("last").unwrap(), joined(&run));
    // A request with other messages says them.
    let ReportKind::Observation(Observation::Sent(sent)) = &mut run[2].what else { panic!("{:?}", run[2]) };
    Arc::make_mut(&mut sent.request).body["messages"][0]["content"] = "Another question".into();
    let other = numbered(&run, run[0].run + 1);
    keep_all(&writer(&data), &other);
    assert_eq!(History::of(&data).find("last").unwrap(), joined(&other));
    fs::remove_dir_all(data).unwrap();
}

#[test]
fn lines_of_a_later_format_are_not_read_as_this_one() {
    for (from, to, unread) in [
        ("\"v\":1,", "\"v\":2,", 1),
        ("\"v\":1,", "", 0),
        ("{\"v\":1,", "{ \"v\": 1, ", 0),
        ("{\"v\":1,", "{ \"v\": 9, ", 1),
    ] {
        let line = reports(TYPED)[0].line().replacen(from, to, 1);
        assert_eq!(parse(line.as_bytes()).unread, unread, "{line}");
    }
}

#[test]
fn any_bytes_can_be_parsed() {
    let mut random = fastrand::Rng::with_seed(1);
    for _ in 0..200 {
        let mut bytes = OVERLOADED.as_bytes().to_vec();
        for _ in 0..20 {
            let at = random.usize(..bytes.len());
            bytes[at] = random.u8(..);
        }
        let kept = parse(&bytes);
        assert!(kept.runs.iter().map(Vec::len).sum::<usize>() + kept.unread >= 1);
    }
}
