//! Several programs share the history.

use super::*;

#[test]
fn what_another_program_keeps_out_is_stored_later() {
    let data = directory("locked");
    let history_writer = {
        let (error, _) = channel();
        HistoryWriter::start(&data, Retention::default(), move |line| _ = error.send(line)).unwrap()
    };
    let (first, second) = (reports(OVERLOADED), reports(TYPED));
    keep_all(&history_writer, &first);
    let other = Connection::open(History::of(&data).path()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    keep_all(&history_writer, &second);
    other.execute_batch("COMMIT").unwrap();
    written(&history_writer);
    assert_eq!(History::of(&data).find(&second[0].run.to_string()).unwrap(), joined(&second));
    fs::remove_dir_all(data).unwrap();
}

#[test]
fn programs_that_start_at_the_same_time_get_different_ids() {
    let data = directory("ids");
    let wall = 1_700_000_000_000;
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let history_writer = writer(&data);
            std::thread::spawn(move || (0..20).map(|_| next_id(&history_writer, wall)).collect::<Vec<_>>())
        })
        .collect();
    let mut all: Vec<u64> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 80);
    // Each program claims some at once.
    assert!(wall <= all[0] && all[79] < wall + 500, "{all:?}");
    assert_eq!(next_id(&writer(&data), wall + 500), wall + 500, "later, the id is the wall time again");
    assert_eq!(next_id(&writer(&data), wall - 100_000), wall - 100_000, "an id from a wrong clock is ignored");
    fs::remove_dir_all(data).unwrap();
}

#[test]
fn many_programs_write_at_once() {
    let data = directory("many");
    let run = reports(TAKEOVER);
    let threads: Vec<_> = (0..4_u64)
        .map(|program| {
            let (history_writer, run) = (writer(&data), run.clone());
            std::thread::spawn(move || {
                (0..10).for_each(|i| keep_all(&history_writer, &numbered(&run, 1 + program * 10 + i)));
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    let history = History::of(&data);
    assert_eq!(ids(&history, &["haiku"]), (1..=40).rev().collect::<Vec<_>>());
    let mut runs = 0;
    history
        .each_run(|stored| {
            assert_eq!(joined(&stored), joined(&numbered(&run, stored[0].run)));
            runs += 1;
            true
        })
        .unwrap();
    assert_eq!(runs, 40);
    fs::remove_dir_all(data).unwrap();
}
