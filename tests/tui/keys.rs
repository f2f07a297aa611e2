//! The effects of keys, without a terminal.

use crate::stage::{Stage, task};
use std::sync::Arc;
use std::time::Duration;
use switchover::dspy::{LibraryEntry, Module};
use switchover::tui::layout::Pane;
use switchover::tui::state::overlay::Overlay;
use switchover::tui::theme::Theme;
use switchover::tui::{Effect, Msg};

fn stage() -> Stage {
    Stage::new(120, 36, Theme::Dark, &[])
}

#[test]
fn three_keys_break_the_first_model_and_send() {
    let mut stage = stage();
    stage.type_text("why?");
    let effects = stage.script("F4 5 Enter");
    let [Effect::SetFault { model, fault }, Effect::Send(ask)] = effects.as_slice() else {
        panic!("{effects:?}");
    };
    assert_eq!(
        (model.as_str(), fault.as_ref().map(ToString::to_string).as_deref()),
        ("openai/gpt-4o-mini", Some("503"))
    );
    assert_eq!(stage.app.next.chain[0].fault.as_ref().map(ToString::to_string).as_deref(), Some("503"));
    assert_eq!(task(ask).inputs["question"], "why?");
    assert!(stage.app.busy());
}

#[test]
fn a_paste_never_sends() {
    let mut stage = stage();
    let effect = stage.app.update(stage.now, Msg::Paste("one\r\ntwo\rthree\n".into()));
    assert_eq!(effect, None);
    assert_eq!(stage.app.prompt.inputs[0].text(), "one\ntwo\nthree\n");
}

#[test]
fn control_characters_are_removed_from_a_paste() {
    let mut stage = stage();
    stage.app.update(stage.now, Msg::Paste("a\u{1b}]52;c;ZXZpbA==\u{7}b\u{202e}c".into()));
    assert_eq!(stage.app.prompt.inputs[0].text(), "abc");
}

#[test]
fn escape_closes_the_overlay_and_then_cancels_the_run() {
    let mut stage = stage();
    stage.play("takeover", Duration::from_millis(400));
    stage.press("F1");
    assert_eq!(stage.press("Esc"), None);
    assert!(stage.app.overlay.is_none());
    assert_eq!(stage.press("Esc"), Some(Effect::Cancel));
}

#[test]
fn escape_goes_one_step_back_when_nothing_runs() {
    let mut stage = stage();
    stage.script("F7 Alt+3");
    assert!(stage.app.log.timeline && stage.app.screen.focus == Pane::Answer);
    stage.press("f");
    stage.press("Esc");
    assert!(!stage.app.screen.full && stage.app.log.timeline, "first from the full pane");
    stage.press("Esc");
    assert!(!stage.app.log.timeline && stage.app.screen.focus == Pane::Answer, "then from the timeline");
    stage.press("Esc");
    assert_eq!(stage.app.screen.focus, Pane::Prompt);
    stage.type_text("why?");
    assert_eq!(stage.press("Esc"), None);
    assert_eq!((stage.app.prompt.inputs[0].text().as_str(), stage.app.screen.focus), ("why?", Pane::Prompt));
    // While a run goes on, it cancels that and nothing else.
    stage.play("takeover", Duration::from_millis(400));
    stage.press("F7");
    assert_eq!(stage.press("Esc"), Some(Effect::Cancel));
    assert!(stage.app.log.timeline);
}

#[test]
fn control_c_cancels_the_run_or_clears_the_prompt_and_then_quits() {
    let mut stage = stage();
    stage.type_text("draft");
    assert_eq!(stage.press("Ctrl+C"), None);
    assert!(stage.app.prompt.is_empty());
    assert_eq!(stage.press("Ctrl+C"), Some(Effect::Quit));
    stage.play("takeover", Duration::from_millis(400));
    stage.press("x");
    assert_eq!(stage.script("Ctrl+C Ctrl+C"), [Effect::Cancel, Effect::Cancel], "a run is in progress until its end");
    assert_eq!(stage.app.prompt.input().text(), "x");
    stage.play("takeover", Duration::MAX);
    assert_eq!(stage.script("Ctrl+C Up Backspace Ctrl+C Ctrl+C"), [Effect::Quit]);
}

#[test]
fn text_that_was_not_sent_or_saved_is_asked_about() {
    let mut stage = stage();
    assert_eq!(stage.script("'half' Ctrl+Q"), []);
    assert!(stage.screen().contains("not sent"), "{}", stage.screen());
    assert_eq!(stage.script("Esc Enter"), [Effect::Send(Box::new(stage.app.spec()))]);
    stage.play("takeover", Duration::MAX);
    assert_eq!(stage.press("Ctrl+Q"), Some(Effect::Quit), "what was sent is in the history");

    for key in ["Ctrl+Q", "Ctrl+C"] {
        stage.script("Alt+O 'raw' Enter 'top_p = 0.5'");
        assert_eq!(stage.press(key), None);
        assert!(stage.app.overlay.is_some() && stage.screen().contains("discards"), "{}", stage.screen());
        stage.script("Esc Esc");
        assert!(stage.app.overlay.is_none());
    }
}

#[test]
fn after_a_send_the_next_typed_text_replaces_the_old_one() {
    let mut stage = stage();
    let text = |stage: &mut Stage| stage.app.prompt.input().text();
    let send = |stage: &mut Stage| {
        stage.press("Enter");
        stage.play("takeover", Duration::MAX);
    };
    stage.type_text("one");
    send(&mut stage);
    assert_eq!(text(&mut stage), "one", "it can be read, and sent again");
    stage.type_text("two");
    assert_eq!(text(&mut stage), "two");
    stage.press("Up");
    assert_eq!(text(&mut stage), "one");
    stage.press("Down");
    assert_eq!(text(&mut stage), "two", "what was not sent is not lost");
    send(&mut stage);
    stage.press("Up");
    assert_eq!(text(&mut stage), "one", "the prompt showed the latest already");
    // A key that edits keeps the text; so does an undo.
    stage.press("Down");
    send(&mut stage);
    stage.press("Backspace");
    stage.type_text("o!");
    assert_eq!(text(&mut stage), "two!");
    stage.script("Up End Backspace 'x'");
    assert_eq!(text(&mut stage), "twx");
    send(&mut stage);
    stage.app.update(stage.now, Msg::Paste("pasted".into()));
    assert_eq!(text(&mut stage), "pasted");
}

#[test]
fn inputs_are_checked_against_their_types_before_they_are_sent() {
    let entry = LibraryEntry {
        signature: "year: int, names: list[str] -> answer".parse().unwrap(),
        description: String::new(),
        module: Module::Predict,
        demos: Vec::new(),
    };
    let mut stage = Stage::with(vec![entry], 80, 24, Theme::Dark, &[]);
    assert_eq!(stage.script("'x' Tab 'one' Ctrl+J 'two' F2"), []);
    assert!(stage.screen().contains("year: expected int, got `x`"), "{}", stage.screen());
    assert_eq!(stage.app.prompt.focused, 0);
    let sent = stage.script("Ctrl+U '1984' F2");
    let [Effect::Send(spec)] = &sent[..] else { panic!("{sent:?}") };
    assert_eq!(serde_json::to_string(&task(spec).inputs).unwrap(), r#"{"year":1984,"names":["one","two"]}"#);
}

#[test]
fn the_keys_are_filtered_by_words_first_and_by_letters_if_no_line_has_them() {
    let mut stage = stage();
    stage.script("F1 'fault'");
    let screen = stage.screen();
    assert!(screen.contains("Clear all faults") && !screen.contains("Find any action"), "{screen}");
    assert_eq!(stage.script("Ctrl+U 'timln' Enter"), []);
    assert!(stage.app.overlay.is_none());
}

#[test]
fn control_c_does_not_quit_after_another_key() {
    let mut stage = stage();
    assert_eq!(stage.script("Ctrl+C Left Ctrl+C"), []);
}

#[test]
fn control_q_asks_before_it_quits_during_a_run() {
    let mut stage = stage();
    assert_eq!(stage.press("Ctrl+Q"), Some(Effect::Quit));
    stage.play("takeover", Duration::from_millis(400));
    assert_eq!(stage.press("Ctrl+Q"), None);
    assert!(matches!(stage.app.overlay, Some(Overlay::Leave)));
    assert_eq!(stage.press("Enter"), Some(Effect::Quit));
}

#[test]
fn control_d_quits_if_the_prompt_is_empty_and_deletes_otherwise() {
    let mut stage = stage();
    stage.script("'ab' Left Ctrl+D");
    assert_eq!(stage.app.prompt.inputs[0].text(), "a");
    assert_eq!(stage.script("Backspace Ctrl+D"), [Effect::Quit]);
}

#[test]
fn enter_sends_once_and_with_modifiers_inserts_a_line() {
    let mut stage = stage();
    stage.script("'a' Alt+Enter 'b' Ctrl+J 'c' Shift+Enter 'd'");
    assert_eq!(stage.app.prompt.inputs[0].text(), "a\nb\nc\nd");
    assert!(matches!(stage.press("Enter"), Some(Effect::Send(_))));
    assert_eq!(stage.press("Enter"), None, "a run is in progress");
}

#[test]
fn an_empty_prompt_sends_its_examples() {
    let mut stage = stage();
    stage.app.prompt.inputs[0].area.set_placeholder_text("What is DSPy?");
    let Some(Effect::Send(ask)) = stage.press("Enter") else { panic!("sends") };
    assert_eq!(task(&ask).inputs["question"], "What is DSPy?");
    assert_eq!(stage.app.prompt.inputs[0].text(), "What is DSPy?", "the sent text is shown");
}

#[test]
fn an_empty_field_without_an_example_is_not_sent() {
    let mut stage = stage();
    assert_eq!(stage.press("Enter"), None);
    assert!(stage.app.notice.as_deref().is_some_and(|text| text.contains("question is empty")));
}

#[test]
fn up_in_the_first_line_and_down_in_the_last_recall_sent_inputs() {
    let mut stage = stage();
    for text in ["one", "two"] {
        stage.type_text(text);
        stage.press("Enter");
        stage.app.update(stage.now, Msg::Notice(String::new()));
        stage.play("takeover", Duration::from_secs(60));
        stage.press("Ctrl+N");
    }
    stage.script("Up Up");
    assert_eq!(stage.app.prompt.inputs[0].text(), "one");
    stage.press("Down");
    assert_eq!(stage.app.prompt.inputs[0].text(), "two");
    stage.press("Down");
    assert!(stage.app.prompt.is_empty());
    stage.script("'x' Ctrl+J 'y' Up");
    assert_eq!(stage.app.prompt.inputs[0].text(), "x\ny", "the first Up moves the cursor within the text");
}

#[test]
fn earlier_inputs_can_be_found_and_recalled() {
    let mut stage = stage();
    stage.type_text("a needle in hay");
    stage.press("Enter");
    stage.play("takeover", Duration::from_secs(60));
    stage.script("Ctrl+N Ctrl+R 'ndle' Enter");
    assert_eq!(stage.app.prompt.inputs[0].text(), "a needle in hay");
}

#[test]
fn tab_goes_through_the_fields_and_then_the_panes() {
    let mut stage = stage();
    stage.script("Tab Down Enter");
    assert_eq!((stage.app.screen.focus, stage.app.prompt.inputs.len()), (Pane::Prompt, 2));
    stage.press("Tab");
    assert_eq!((stage.app.screen.focus, stage.app.prompt.focused), (Pane::Prompt, 1));
    stage.press("Tab");
    assert_eq!(stage.app.screen.focus, Pane::Signatures);
    stage.press("Shift+Tab");
    assert_eq!((stage.app.screen.focus, stage.app.prompt.focused), (Pane::Prompt, 1));
}

#[test]
fn a_typed_signature_is_used() {
    let mut stage = stage();
    stage.script("Tab i Ctrl+U 'text -> words: int'");
    stage.press("Enter");
    assert!(!stage.app.signatures.typing());
    assert_eq!(stage.app.next.signature.inline(), "text -> words: int");
    assert_eq!(stage.app.prompt.inputs[0].field.name, "text");
}

#[test]
fn an_invalid_signature_is_not_used() {
    let mut stage = stage();
    stage.script("Tab i Ctrl+U 'text words'");
    stage.press("Enter");
    assert!(stage.app.signatures.typing());
    assert_eq!(stage.app.next.signature.name, "Question");
    stage.press("Esc");
    assert!(!stage.app.signatures.typing());
}

#[test]
fn models_of_the_chain_can_be_added_moved_and_removed() {
    let mut stage = stage();
    stage.script("Ctrl+L a 'llama' Enter K K b s");
    let chain: Vec<_> =
        stage.app.next.chain.iter().map(|entry| (entry.model.as_str(), entry.fault.is_some())).collect();
    assert_eq!(
        chain,
        [
            ("meta-llama/llama-3.1-8b-instruct", true),
            ("openai/gpt-4o-mini", false),
            ("anthropic/claude-3-haiku", false)
        ]
    );
    stage.script("Down x x Esc");
    assert_eq!(stage.app.next.chain.len(), 1);
}

#[test]
fn a_model_that_is_not_in_the_catalogue_can_be_added() {
    let mut stage = stage();
    stage.script("Ctrl+L a 'zz/qqq-9' Enter");
    assert_eq!(stage.app.next.chain.last().map(|entry| entry.model.as_str()), Some("zz/qqq-9"));
}

#[test]
fn every_letter_of_the_picker_sets_its_own_fault() {
    for (letter, word, _) in switchover::tui::state::overlay::faults::COMMON {
        let mut stage = stage();
        let effects = stage.script(&format!("F4 {letter}"));
        let [Effect::SetFault { fault: Some(fault), .. }] = effects.as_slice() else {
            panic!("{letter} sets no fault: {effects:?}")
        };
        assert_eq!(fault.to_string(), *word);
    }
}

#[test]
fn faults_can_be_cleared() {
    let mut stage = stage();
    stage.script("F4 5 F4 Right g");
    assert!(stage.app.next.chain.iter().all(|entry| entry.fault.is_some()));
    assert!(matches!(stage.script("F4 Backspace").as_slice(), [Effect::SetFault { fault: None, .. }]));
    assert_eq!(stage.script("Ctrl+P 'all faults' Enter"), [Effect::ClearAllFaults]);
    assert!(stage.app.next.chain.iter().all(|entry| entry.fault.is_none()));
}

#[test]
fn a_fault_can_be_typed_with_its_schedule() {
    let mut stage = stage();
    stage.script("F4 / 'nonsense' Enter");
    assert!(stage.app.overlay.is_some(), "an invalid fault is not set");
    let effects = stage.script("Ctrl+U '503@first=2' Enter");
    assert!(
        matches!(effects.as_slice(), [Effect::SetFault { fault: Some(fault), .. }] if fault.to_string() == "503@first=2")
    );
}

#[test]
fn the_palette_reaches_actions_without_a_key() {
    let mut stage = stage();
    stage.script("Ctrl+P 'next theme' Enter");
    assert_eq!(stage.app.display.theme, Theme::Light);
}

#[test]
fn the_answer_a_curl_command_and_the_log_can_be_copied() {
    let mut stage = stage();
    stage.play("takeover", Duration::from_secs(60));
    let Some(Effect::Copy { text, .. }) = stage.press("Ctrl+O") else { panic!("copies") };
    assert!(text.starts_with("**DSPy** is a framework") && !text.contains("[[ ##"), "{text}");
    let Some(Effect::Copy { text, .. }) = stage.script("Ctrl+P 'curl' Enter").pop() else { panic!("copies") };
    assert!(text.starts_with("curl -N 'http://127.0.0.1") && text.contains("Bearer $OPENROUTER_API_KEY"), "{text}");
    let Some(Effect::Copy { text, .. }) = stage.script("Tab Tab Tab y").pop() else { panic!("copies") };
    assert!(text.contains("#2 ↪ fallback"), "{text}");
}

#[test]
fn an_earlier_run_can_be_shown_and_run_again() {
    let mut stage = Stage::new(120, 36, Theme::Dark, &["exhausted", "overloaded"]);
    stage.script("Ctrl+S Enter");
    assert!(stage.screen().contains("from history"));
    assert_eq!(stage.app.prompt.inputs[0].text(), "6*7?");
    let effects = stage.script("Ctrl+S Down r");
    assert!(
        matches!(effects.as_slice(), [Effect::ListRuns { .. }, Effect::Send(ask)] if task(ask).inputs["question"] == "What is DSPy?")
    );
}

#[test]
fn a_breaker_can_be_closed_from_the_health_board() {
    let mut stage = stage();
    stage.play("overloaded", Duration::from_secs(60));
    assert!(stage.script("F6").is_empty());
    assert!(stage.app.shows_time(stage.now), "the cooldown counts down on the screen");
    assert_eq!(stage.script("r"), [Effect::ResetBreaker("openai/gpt-4o-mini".into())]);
    assert!(!stage.app.shows_time(stage.now), "nothing counts down any more");
}

#[test]
fn no_time_is_shown_without_a_run() {
    let mut stage = stage();
    assert!(!stage.app.shows_time(stage.now));
    stage.play("takeover", Duration::from_millis(400));
    assert!(stage.app.shows_time(stage.now));
    stage.play("takeover", Duration::from_secs(60));
    assert!(!stage.app.shows_time(stage.now));
}

#[test]
fn reports_of_another_run_change_nothing() {
    let mut stage = stage();
    stage.play("overloaded", Duration::from_secs(60));
    let before = stage.screen();
    for report in crate::stage::recorded("takeover").into_iter().skip(1) {
        stage.app.update(stage.now, Msg::Report(Arc::new(report)));
    }
    stage.app.refresh();
    assert_eq!(stage.screen(), before);
}

#[test]
fn the_first_typed_letter_opens_a_connection_to_the_server() {
    let mut stage = Stage::new(120, 36, Theme::Dark, &[]);
    assert_eq!(stage.press("a"), None, "the simulator needs no connection");
    stage.press("Backspace");
    stage.app.server.simulated = false;
    assert_eq!(stage.press("a"), Some(Effect::Warm));
    assert_eq!(stage.press("b"), None, "only the first letter does");
}
