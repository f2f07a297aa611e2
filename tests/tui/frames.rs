//! The cost of a frame, in rendered bytes and visited rows. Nothing is timed.

use crate::stage::{Stage, recorded};
use std::sync::Arc;
use std::time::Duration;
use switchover::failover::AttemptId;
use switchover::openrouter::Delta;
use switchover::report::{Observation, Report, ReportKind};
use switchover::tui::Msg;
use switchover::tui::theme::Theme;

fn delta(run: u64, at_ms: u64, delta: Delta) -> Msg {
    let what = ReportKind::Observation(Observation::Stream { attempt: AttemptId::new(1), delta });
    Msg::Report(Arc::new(Report { run, at: Duration::from_millis(at_ms), what }))
}

fn text(run: u64, at_ms: u64, text: String) -> Msg {
    delta(run, at_ms, Delta::Text(text))
}

/// A stage with a run that has streamed an answer of this many bytes in pieces of about 64 KiB.
fn with_answer_of(bytes: usize) -> Stage {
    let mut stage = Stage::new(120, 36, Theme::Dark, &[]);
    stage.play("takeover", Duration::from_millis(120));
    let run = recorded("takeover")[0].run;
    let lines = "A line of an answer that goes on and on, for as long as it likes.\n\n".repeat(31);
    let piece = format!("{lines}And one with 世界 in it.\n\n").repeat(30);
    let mut sent = 0;
    stage.app.update(stage.now, text(run, 130, "[[ ## answer ## ]]\n".to_owned()));
    while sent < bytes {
        sent += piece.len();
        stage.app.update(stage.now, text(run, 130, piece.clone()));
        stage.app.refresh();
    }
    stage
}

/// Streams 1 MB of answer and 9 MB of folded reasoning.
#[test]
fn a_long_answer_is_rendered_about_once_and_folded_text_is_not_rendered() {
    const MB: u64 = 1 << 20;
    let run = recorded("takeover")[0].run;
    let mut stage = with_answer_of(1 << 20);
    stage.app.answer.page.pinned = Some(true);
    stage.app.refresh();
    let answer = stage.app.answer.page.work();
    assert!(answer < 2 * MB, "{answer} bytes rendered for an answer of 1 MB");
    let piece = "It thinks of 世界, and goes on.\n".repeat(2000);
    for _ in 0..9 * MB as usize / piece.len() {
        stage.app.update(stage.now, delta(run, 135, Delta::Reasoning(piece.clone())));
        stage.app.refresh();
    }
    assert_eq!(stage.app.answer.page.work(), answer, "folded text is not rendered");
    let folded: usize = stage.app.transcript().expect("a run").attempts.iter().map(|a| a.reasoning.len()).sum();
    assert!(folded as u64 > 8 * MB, "{folded} bytes of reasoning");

    stage.app.update(stage.now, text(run, 140, "one more".to_owned()));
    stage.app.refresh();
    let more = stage.app.answer.page.work() - answer;
    assert!(more < 20_000, "{more} bytes rendered for eight new ones");
    let again = stage.app.answer.page.work();
    stage.app.refresh();
    stage.frame();
    assert_eq!(stage.app.answer.page.work(), again, "a frame without new text renders nothing");
}

#[test]
fn a_view_at_the_end_of_a_long_answer_visits_only_its_rows() {
    let stage = with_answer_of(1024 * 1024);
    let room = 20;
    let top = stage.app.answer.page.scroll.top(stage.app.answer.page.heights(), room);
    assert_eq!(stage.app.answer.page.rows(top).take(room + 5).count(), room, "the rows from the top of the view on");
}

#[test]
fn new_text_does_not_move_a_view_that_was_scrolled() {
    let mut stage = with_answer_of(64 * 1024);
    stage.script("Tab Tab PgUp PgUp");
    let shown = |stage: &Stage| {
        stage.screen().lines().skip(2).take(10).map(|l| l[30..70.min(l.len())].to_owned()).collect::<Vec<_>>()
    };
    let before = shown(&stage);
    let run = recorded("takeover")[0].run;
    for i in 0..50 {
        stage.app.update(stage.now, text(run, 200 + i, format!("more {i}\n\n")));
        stage.app.refresh();
    }
    assert_eq!(shown(&stage), before);
    let screen = stage.screen();
    assert!(screen.contains("▼"), "{screen}");
    stage.press("End");
    assert!(stage.screen().contains("more 49"), "End follows the end again");
}

/// A conversation of 300 turns, each with an answer of 3 KB.
#[test]
fn a_long_conversation_is_rendered_once() {
    let mut stage = Stage::new(120, 36, Theme::Dark, &[]);
    let answer = "A sentence of an answer that a person may read.\n\n".repeat(60);
    let mut reports = recorded("takeover");
    for report in &mut reports {
        if let ReportKind::Observation(Observation::Begun(spec)) = &mut report.what {
            let task = Arc::make_mut(spec).task.signature_mut().expect("a signature");
            let turn = serde_json::json!({"question": "Why?", "answer": answer});
            task.turns = vec![turn.as_object().expect("an object").clone(); 300];
        }
    }
    let (last, first) = reports.split_last().expect("reports");
    for report in first {
        stage.app.update(stage.now, Msg::Report(Arc::new(report.clone())));
    }
    stage.app.refresh();
    let work = stage.app.answer.page.work();
    assert!(work as usize >= 300 * answer.len(), "the turns are on the page");
    stage.app.refresh();
    stage.frame();
    assert_eq!(stage.app.answer.page.work(), work, "a frame renders no earlier turn");
    stage.app.update(stage.now, Msg::Report(Arc::new(last.clone())));
    stage.app.refresh();
    assert!(stage.app.answer.page.work() - work < 20_000, "the end of the run renders only its own answer");
}
