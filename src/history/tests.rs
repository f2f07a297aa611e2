use super::*;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::mpsc::channel;

const OVERLOADED: &str = include_str!("../../tests/cases/runs/overloaded.jsonl");
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

/// A writer that panics on an error.
fn writer(data: &Path) -> HistoryWriter {
    HistoryWriter::start(data, |error| panic!("{error}")).unwrap()
}

/// Stores reports and waits until they are written.
fn keep_all(writer: &HistoryWriter, reports: &[Report]) {
    for report in reports {
        writer.keep(&Arc::new(report.clone()));
    }
    let (written, wait) = channel();
    writer.when_written(move || written.send(()).unwrap());
    wait.recv().unwrap();
}

#[test]
fn stored_runs_are_read_back_and_lines_contain_the_version() {
    let data = directory("back");
    let (first, second) = (reports(OVERLOADED), reports(TYPED));
    let history_writer = writer(&data);
    // Two runs at the same time.
    keep_all(&history_writer, &first[..3]);
    keep_all(&history_writer, &second);
    keep_all(&history_writer, &first[3..]);
    let history = History::of(&data);
    let text = fs::read_to_string(&history.files().unwrap()[0]).unwrap();
    assert!(text.lines().all(|line| line.starts_with("{\"v\":1,\"run\":")));
    let kept = history.latest(9).unwrap();
    assert_eq!((kept.unread, kept.runs.len()), (0, 2));
    assert_eq!(kept.runs, [second.clone(), first.clone()]);
    assert_eq!(history.find("last").unwrap(), second);
    assert_eq!(history.find(&first[0].run.to_string()).unwrap(), first);
    assert!(matches!(history.find("000"), Err(RunNotFound::Several(..))));
    assert!(matches!(history.find("42"), Err(RunNotFound::None(_))));
    assert_eq!(history.recent(u64::MAX).unwrap().runs.len(), 2);
    // A window that starts in the middle of a run returns only complete runs.
    let window = history.recent(text.len() as u64 - 40).unwrap();
    assert_eq!((window.runs.len(), &window.runs[0]), (1, &second));
    assert!(matches(&Transcript::of(&first), &["6*7".into(), "HAIKU".into()]));
    assert!(!matches(&Transcript::of(&first), &["6*7".into(), "nowhere".into()]));
    fs::remove_dir_all(data).unwrap();
}

#[test]
fn only_an_incomplete_line_is_lost() {
    let run = reports(OVERLOADED);
    let lines: Vec<String> = run.iter().map(Report::line).collect();
    let third = lines[2].len();
    // The line is cut after one byte, in the middle, and before its closing brace.
    for cut in [1, third / 2, third - 2] {
        let data = directory("torn");
        let history_writer = writer(&data);
        keep_all(&history_writer, &run[..2]);
        let path = History::of(&data).files().unwrap().remove(0);
        OpenOptions::new().append(true).open(&path).unwrap().write_all(&lines[2].as_bytes()[..cut]).unwrap();
        let later = reports(TYPED);
        keep_all(&writer(&data), &later);
        let kept = History::of(&data).latest(9).unwrap();
        assert_eq!((kept.unread, &kept.runs[0], &kept.runs[1][..]), (1, &later, &run[..2]), "cut at {cut}");
        fs::remove_dir_all(data).unwrap();
    }
}

#[test]
fn an_error_is_reported_once_and_the_next_run_is_stored() {
    let data = directory("full");
    fs::write(&data, "a file where the directory should be").unwrap();
    let (error, errors) = channel();
    let history_writer = HistoryWriter::start(&data, move |line| error.send(line).unwrap()).unwrap();
    keep_all(&history_writer, &reports(OVERLOADED));
    let errors: Vec<String> = errors.try_iter().collect();
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(errors[0].contains("history.keep=false"));
    fs::remove_file(&data).unwrap();
    // The obstacle is gone, so the next run is stored.
    let later = reports(TYPED);
    keep_all(&history_writer, &later);
    assert_eq!(History::of(&data).find("last").unwrap(), later);
    fs::remove_dir_all(data).unwrap();
}

#[test]
fn file_names_are_days_in_utc() {
    for (run, day) in [(0, "1970-01-01"), (951_782_400_000, "2000-02-29"), (1_795_391_999_999, "2026-11-22")] {
        assert_eq!(files::day_file(run), format!("{day}.jsonl"), "{run}");
    }
    assert_eq!(files::day_file(1_795_392_000_000), "2026-11-23.jsonl");
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
