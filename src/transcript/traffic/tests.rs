use super::*;
use crate::failover::Cost;

/// The reports of a recorded run in which the second model takes over, as those of the run with this number.
fn takeover(run: u64) -> Vec<Arc<Report>> {
    let lines = include_str!("../../../tests/cases/runs/takeover.jsonl").lines();
    let report = |line| Report { run, ..serde_json::from_str(line).expect("a report") };
    lines.map(|line| Arc::new(report(line))).collect()
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// A run's end, which a cancelled or failed run has instead of its answer.
fn end(run: u64, outcome: &str, cost: &str) -> Arc<Report> {
    let line = format!(
        r#"{{"run":{run},"at_ms":700,"event":"finished","outcome":"{outcome}","attempt":null,"model":null,"attempts":1,
        "fields":{{}},"took_ms":700,"cost":{cost},"headline":null,"failures":[]}}"#
    );
    Arc::new(serde_json::from_str(&line).expect("a report"))
}

#[test]
fn a_request_has_a_row_at_once_and_its_end_in_it() {
    let mut traffic = Traffic::default();
    traffic.begin(ms(10), 3_723_004, "OpenAI/Python", "openai/gpt-4o-mini", "openai/gpt-4o-mini");
    let first = traffic.update(ms(11)).expect("news");
    let row = &first.rows[0];
    assert_eq!((row.number, row.status, row.attempts, first.in_progress), (1, TrafficStatus::InProgress, 0, 1));
    assert_eq!((&*row.client, &*row.asked, row.time()), ("OpenAI/Python", "openai/gpt-4o-mini", "01:02:03".to_owned()));
    for report in takeover(3_723_004) {
        traffic.apply(ms(12), &report);
    }
    traffic.end(3_723_004);
    let last = traffic.update(ms(13)).expect("news");
    let [row] = last.rows.as_slice() else { panic!("one row: {:?}", last.rows) };
    assert_eq!((row.status, row.attempts, last.in_progress), (TrafficStatus::Answered, 2, 0));
    assert_eq!(row.model.as_deref(), Some("anthropic/claude-3-haiku"));
    assert!(row.switched() && row.first_token.is_some() && row.took > ms(0));
    assert_eq!(row.spend, last.spend, "the session's cost grows by the request's");
    let asked: Vec<_> = last.health.rows.iter().map(|row| (row.label(), row.asked, row.answered)).collect();
    assert!(asked.contains(&("claude-3-haiku".to_owned(), 1, 1)), "{asked:?}");
    assert!(traffic.update(ms(14)).is_none(), "nothing has changed since");
}

#[test]
fn the_ends_that_are_no_answers() {
    for (outcome, status) in
        [("cancelled", TrafficStatus::Left), ("exhausted", TrafficStatus::Failed), ("rejected", TrafficStatus::Failed)]
    {
        let mut traffic = Traffic::default();
        traffic.begin(ms(0), 1, "", "a/b", "a/b");
        traffic.apply(ms(1), &takeover(1)[1]);
        traffic.apply(ms(700), &end(1, outcome, "0.5"));
        let row = traffic.update(ms(701)).expect("news").rows.remove(0);
        assert_eq!((row.status, row.model, row.spend), (status, None, Cost::Known(0.5).into()), "{outcome}");
        assert_eq!(row.took, ms(700));
    }
}

#[test]
fn reports_of_a_request_that_nobody_watches_are_no_news() {
    let mut traffic = Traffic::default();
    traffic.begin(ms(0), 1, "", "a/b", "a/b");
    let reports = takeover(1);
    let (last, before) = reports.split_last().expect("reports");
    for report in before {
        traffic.apply(ms(1), report);
    }
    traffic.update(ms(2)).expect("its attempts");
    let delta = before.iter().rev().find(|report| report.line().contains("\"stream\"")).expect("a delta");
    for _ in 0..1000 {
        traffic.apply(ms(3), delta);
    }
    assert!(traffic.update(ms(4)).is_none(), "deltas change no row");
    traffic.apply(ms(5), last);
    let update = traffic.update(ms(6)).expect("the end");
    assert!(update.watched.is_none());
}

#[test]
fn a_watched_request_comes_whole_and_then_in_parts() {
    let mut traffic = Traffic::default();
    let reports = takeover(7);
    traffic.begin(ms(100), 7, "", "a/b", "a/b");
    reports[..5].iter().for_each(|report| traffic.apply(ms(101), report));
    assert!(traffic.watch(ms(102), TrafficWatch::Run(7)));
    let part = traffic.update(ms(103)).and_then(|update| update.watched).expect("it");
    let whole = part.whole.expect("everything so far");
    assert_eq!((part.run, part.age, whole.run, part.reports.len()), (7, ms(3), Some(7), 0));
    reports[5..].iter().for_each(|report| traffic.apply(ms(104), report));
    traffic.end(7);
    let part = traffic.update(ms(105)).and_then(|update| update.watched).expect("the rest");
    assert!(part.whole.is_none());
    let mut folded = *whole;
    part.reports.iter().for_each(|report| folded.apply(report));
    assert_eq!(
        folded.lines().collect::<Vec<_>>(),
        Transcript::of(reports.iter().map(Arc::as_ref)).lines().collect::<Vec<_>>()
    );
    assert!(!traffic.watch(ms(106), TrafficWatch::Run(8)), "nobody knows it");
    assert!(traffic.watch(ms(107), TrafficWatch::Run(7)), "a recent one is known");
}

#[test]
fn the_newest_is_followed_and_each_is_shown_for_a_while() {
    let shown = |update: Option<TrafficUpdate>| {
        update.and_then(|it| it.watched).filter(|part| part.whole.is_some()).map(|part| part.run)
    };
    let mut traffic = Traffic::default();
    traffic.watch(ms(0), TrafficWatch::Newest);
    assert_eq!((traffic.update(ms(1)).is_none(), traffic.due()), (true, None));
    traffic.begin(ms(10), 1, "", "a/b", "a/b");
    assert_eq!(shown(traffic.update(ms(10))), Some(1));
    traffic.begin(ms(20), 2, "", "a/b", "a/b");
    traffic.begin(ms(30), 3, "", "a/b", "a/b");
    assert_eq!(shown(traffic.update(ms(40))), None, "the first goes on, and was shown for 30 ms only");
    assert_eq!(traffic.due(), Some(ms(1010)));
    traffic.apply(ms(50), &end(1, "exhausted", "0"));
    traffic.end(1);
    assert_eq!(traffic.due(), Some(ms(260)), "it has ended");
    assert_eq!(shown(traffic.update(ms(259))), None);
    assert_eq!(shown(traffic.update(ms(260))), Some(3), "the one between is skipped");
    assert_eq!(traffic.due(), None);
    traffic.watch(ms(300), TrafficWatch::Nothing);
    traffic.begin(ms(310), 4, "", "a/b", "a/b");
    assert_eq!(shown(traffic.update(ms(5000))), None);
}

#[test]
fn nothing_grows_with_the_number_of_requests() {
    let mut traffic = Traffic::default();
    let reports = takeover(0);
    let of = |run| move |report: &Arc<Report>| Arc::new(Report { run, ..Report::clone(report) });
    let requests = MAX_ROWS as u64 + 100;
    for run in 1..=requests {
        traffic.begin(ms(run), run, &format!("client {run}"), "a/b", "a/b");
        for report in [&reports[0], &reports[1]].into_iter().map(of(run)) {
            traffic.apply(ms(run), &report);
        }
        traffic.apply(ms(run), &end(run, "exhausted", "0"));
        traffic.end(run);
    }
    assert!(traffic.open.is_empty() && traffic.recent.len() == RECENT && traffic.names.len() <= MAX_NAMES);
    let update = traffic.update(ms(requests)).expect("news");
    assert_eq!(update.rows.len(), MAX_ROWS, "the oldest rows are dropped where nobody takes them");
    assert_eq!(update.rows.last().map(|row| row.number), Some(requests));
    assert!(traffic.rows.is_empty());
}
