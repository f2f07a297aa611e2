//! Runs that are deleted: by age, by size, by the user.

use super::*;

#[test]
fn runs_beyond_the_limits_are_deleted_oldest_first() {
    const DAY: u64 = 86_400_000;
    let data = directory("old");
    let run = reports(OVERLOADED);
    let old = writer(&data);
    for day in 1..=10 {
        keep_all(&old, &numbered(&run, day * DAY));
    }
    let history = History::of(&data);
    let recent = limited(&data, Retention { days: Some(4), bytes: None });
    let id = next_id(&recent, 12 * DAY);
    keep_all(&recent, &numbered(&run, id));
    // The limits are looked at after a batch is reported as stored.
    written(&recent);
    assert_eq!(ids(&history, &[]), [12, 10, 9, 8].map(|day| day * DAY));
    let small = limited(&data, Retention { days: None, bytes: Some(1) });
    keep_all(&small, &numbered(&run, 13 * DAY));
    written(&small);
    assert!(ids(&history, &[]).is_empty());
    fs::remove_dir_all(data).unwrap();
}

#[test]
fn forgotten_runs_leave_no_trace() {
    let data = directory("forgotten");
    let mut secret = numbered(&reports(OVERLOADED), 2);
    let ReportKind::Observation(Observation::Begun(spec)) = &mut secret[0].what else { panic!("begun") };
    Arc::make_mut(spec).task.signature_mut().unwrap().inputs.insert("question".into(), "zanzibar".into());
    let history_writer = writer(&data);
    keep_all(&history_writer, &secret);
    for id in [1, 3, 4] {
        keep_all(&history_writer, &numbered(&reports(TYPED), id));
    }
    let history = History::of(&data);
    assert_eq!(ids(&history, &["zanzibar"]), [2]);
    let bytes = || {
        let files = fs::read_dir(history.path().parent().unwrap()).unwrap();
        files.flat_map(|file| fs::read(file.unwrap().path()).unwrap()).collect::<Vec<u8>>()
    };
    let holds = |word: &[u8]| memchr::memmem::find(&bytes(), word).is_some();
    assert!(holds(b"zanzibar"));
    assert_eq!(history.forget("2").unwrap(), 2);
    assert!(!holds(b"zanzibar") && ids(&history, &["zanzibar"]).is_empty());
    assert_eq!(history.forget_before(4).unwrap(), 2);
    assert_eq!(ids(&history, &[]), [4]);
    assert!(matches!(history.forget("2"), Err(RunNotFound::None(_))));
    fs::remove_dir_all(data).unwrap();
}
