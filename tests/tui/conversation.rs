//! Conversations, and earlier runs that are taken up again.

use crate::stage::{Stage, recorded, task};
use serde_json::json;
use std::sync::Arc;
use switchover::dspy::{LibraryEntry, Module, Signature, Values};
use switchover::failover::{Event, Outcome};
use switchover::report::{Observation, ReportKind};
use switchover::spec::{ChatTask, RunSpec};
use switchover::transcript::Transcript;
use switchover::tui::theme::Theme;
use switchover::tui::{ChainEntry, Effect, Msg};

fn values(json: serde_json::Value) -> Values {
    match json {
        serde_json::Value::Object(values) => values,
        other => panic!("{other} is no object"),
    }
}

fn entry(name: &str, inline: &str) -> LibraryEntry {
    let mut signature: Signature = inline.parse().expect("a signature");
    name.clone_into(&mut signature.name);
    if let Some(field) = signature.inputs.last_mut() {
        field.placeholder = Some("And then?".to_owned());
    }
    LibraryEntry { signature, description: String::new(), module: Module::Predict, demos: Vec::new() }
}

fn stage() -> Stage {
    let library = vec![
        entry("chat", "history: dspy.History, message -> reply"),
        entry("question", "question -> answer"),
        entry("small-talk", "message -> reply"),
    ];
    Stage::with(library, 120, 36, Theme::Dark, &[])
}

/// Sends what the prompt has.
fn send(stage: &mut Stage) -> RunSpec {
    let Some(Effect::Send(spec)) = stage.press("F2") else { panic!("not sent: {}", stage.screen()) };
    *spec
}

/// Answers a run with these outputs; without outputs it is cancelled.
fn answer(stage: &mut Stage, spec: &RunSpec, outputs: Option<&serde_json::Value>) {
    let number = 100 + stage.app.runs.past.len() as u64;
    for mut report in recorded("takeover") {
        report.run = number;
        match &mut report.what {
            ReportKind::Observation(Observation::Begun(begun)) => *begun = Arc::new(spec.clone()),
            ReportKind::Observation(Observation::Parsed { prediction, .. }) => match outputs {
                Some(outputs) => prediction.fields = Arc::new(values(outputs.clone())),
                None => continue,
            },
            ReportKind::Engine(Event::Finished(finished)) if outputs.is_none() => {
                finished.outcome = Outcome::Cancelled;
                finished.attempt = None;
            }
            _ => {}
        }
        stage.app.update(stage.now, Msg::Report(Arc::new(report)));
        stage.app.refresh();
    }
}

fn says(stage: &mut Stage, message: &str, reply: &str) -> RunSpec {
    stage.type_text(message);
    let spec = send(stage);
    answer(stage, &spec, Some(&json!({"reply": reply})));
    spec
}

#[test]
fn a_signature_with_a_history_carries_the_conversation_by_itself() {
    let mut stage = stage();
    assert!(!stage.screen().contains("history  "), "it is no field of the prompt: {}", stage.screen());
    let first = says(&mut stage, "My name is Bee.", "Hello, Bee.");
    assert_eq!(task(&first).inputs, values(json!({"message": "My name is Bee."})));
    assert_eq!(task(&first).turns, [] as [Values; 0]);
    assert!(stage.app.prompt.is_empty(), "its text stands above the answer");
    let second = says(&mut stage, "And what is it?", "Bee.");
    assert_eq!(task(&second).turns, [values(json!({"message": "My name is Bee.", "reply": "Hello, Bee."}))]);
    let screen = stage.screen();
    let at = |text: &str| screen.find(text).unwrap_or_else(|| panic!("{text} in {screen}"));
    assert!(at("› My name is Bee.") < at("Hello, Bee.") && at("Hello, Bee.") < at("› And what is it?"), "{screen}");
    assert!(screen.contains("turn 3"), "{screen}");
    // In the middle of a conversation, Enter in the empty prompt sends no example.
    assert_eq!(stage.press("Enter"), None);
    assert!(stage.screen().contains("message is empty"), "{}", stage.screen());
    stage.press("Ctrl+N");
    assert!(stage.screen().contains("A new conversation begins"), "{}", stage.screen());
    assert!(!stage.screen().contains("Hello, Bee."));
    let anew = says(&mut stage, "Who am I?", "I do not know.");
    assert_eq!(task(&anew).turns.len(), 0);
}

#[test]
fn a_cancelled_run_adds_no_turn_and_keeps_its_text() {
    let mut stage = stage();
    says(&mut stage, "one", "1");
    stage.type_text("two");
    let spec = send(&mut stage);
    answer(&mut stage, &spec, None);
    assert_eq!(stage.app.next.conversation.turns.len(), 1);
    assert_eq!(stage.app.prompt.inputs[0].text(), "two");
    assert_eq!(task(&send(&mut stage)).turns, task(&spec).turns, "sent again as it was");
}

#[test]
fn any_signature_can_go_on_as_a_conversation() {
    let mut stage = stage();
    stage.script("Tab Down Enter");
    assert_eq!(stage.press("Alt+N"), None);
    assert!(stage.screen().contains("There is nothing to continue yet"), "{}", stage.screen());
    stage.type_text("What is DSPy?");
    let first = send(&mut stage);
    answer(&mut stage, &first, Some(&json!({"answer": "A framework."})));
    assert_eq!(stage.app.prompt.inputs[0].text(), "What is DSPy?", "it is not a conversation yet");
    stage.press("Alt+N");
    assert!(stage.app.prompt.is_empty());
    stage.type_text("For what?");
    let second = send(&mut stage);
    assert_eq!(task(&second).turns, [values(json!({"question": "What is DSPy?", "answer": "A framework."}))]);
    answer(&mut stage, &second, Some(&json!({"answer": "Programs of prompts."})));
    assert_eq!(stage.app.next.conversation.turns.len(), 2, "it goes on by itself from then on");
    // What is typed meanwhile is kept.
    stage.type_text("half a th");
    stage.press("Alt+N");
    assert_eq!(stage.app.prompt.inputs[0].text(), "half a th");
}

#[test]
fn another_signature_ends_the_conversation_unless_it_has_the_same_fields() {
    let mut stage = stage();
    says(&mut stage, "one", "1");
    stage.script("Tab Down Down Enter");
    assert_eq!(stage.app.next.signature.name, "small-talk");
    assert_eq!(stage.app.next.conversation.turns.len(), 1, "message -> reply can tell it too");
    stage.script("Tab Up Enter");
    assert_eq!(stage.app.next.signature.name, "question");
    assert!(stage.app.next.conversation.turns.is_empty());
    assert!(stage.screen().contains("The conversation has ended"), "{}", stage.screen());
}

#[test]
fn an_answer_that_comes_after_a_change_of_signature_is_no_turn_of_the_new_one() {
    let mut stage = stage();
    stage.type_text("one");
    let spec = send(&mut stage);
    stage.script("Tab Down Enter");
    answer(&mut stage, &spec, Some(&json!({"reply": "1"})));
    assert!(stage.app.next.conversation.turns.is_empty());
}

#[test]
fn a_run_is_taken_up_again_with_all_that_it_was_asked_with() {
    let mut stage = stage();
    says(&mut stage, "one", "1");
    stage.app.next.settings.temperature = Some(0.25);
    stage.app.next.policy.hedge = true;
    let asked = says(&mut stage, "two", "2");
    // Everything is changed afterwards, and something is typed.
    stage.app.next.settings.temperature = None;
    stage.app.next.policy.hedge = false;
    stage.app.next.chain = vec![ChainEntry::new("other/model")];
    stage.script("F9 Ctrl+N 'half a th'");
    stage.script("Ctrl+S t");
    let next = &stage.app.next;
    assert_eq!((next.settings.temperature, next.policy.hedge), (Some(0.25), true));
    assert_eq!(next.adapter, task(&asked).adapter);
    let models: Vec<&str> = next.chain.iter().map(|entry| entry.model.as_str()).collect();
    assert_eq!(models, ["openai/gpt-4o-mini", "anthropic/claude-3-haiku"]);
    assert_eq!(next.conversation.turns, task(&asked).turns);
    assert_eq!(stage.app.prompt.inputs[0].text(), "two");
    stage.press("Up");
    assert_eq!(stage.app.prompt.inputs[0].text(), "half a th", "what was typed is kept");
    stage.press("Down");
    let again = send(&mut stage);
    assert_eq!((&again.task, &again.chain, &again.settings), (&asked.task, &asked.chain, &asked.settings));
}

#[test]
fn the_run_on_the_screen_is_taken_up_with_one_key_and_a_chat_says_what_it_lacks() {
    let mut stage = stage();
    let first = says(&mut stage, "one", "1");
    stage.app.next.settings.seed = Some(7);
    stage.press("Alt+A");
    assert_eq!(stage.app.next.settings, first.settings);
    let chat = RunSpec::new(ChatTask::of("hi"), ["chat/model"]);
    stage.press("Ctrl+N");
    answer(&mut stage, &chat, Some(&json!({"content": "hello"})));
    stage.press("Alt+N");
    assert!(stage.screen().contains("A chat has no signature"), "{}", stage.screen());
    stage.press("Alt+A");
    assert!(stage.screen().contains("only its chain and settings"), "{}", stage.screen());
    assert_eq!(stage.app.next.chain, [ChainEntry::new("chat/model")]);
}

#[test]
fn a_fault_stays_on_a_model_that_leaves_the_chain_and_comes_back_with_it() {
    let mut stage = stage();
    says(&mut stage, "one", "1");
    let broken = ChainEntry { fault: "503".parse().ok(), ..ChainEntry::new("other/model") };
    stage.app.next.chain.push(broken.clone());
    says(&mut stage, "two", "2");
    stage.script("Ctrl+S Down t");
    assert_eq!((stage.app.next.chain.len(), &stage.app.next.elsewhere), (2, &vec![broken.clone()]));
    stage.script("Alt+M 'other/model' Enter");
    assert_eq!(stage.app.next.chain.last(), Some(&broken));
}

#[test]
fn text_typed_for_another_signature_comes_back_with_it() {
    let mut stage = stage();
    stage.type_text("half a message");
    stage.script("Tab Down Enter");
    assert!(stage.app.prompt.is_empty());
    stage.type_text("a question");
    assert!(stage.script("Ctrl+Q").is_empty());
    assert!(stage.screen().contains("for another signature"), "{}", stage.screen());
    stage.script("Esc Tab Up Enter");
    assert_eq!(stage.app.prompt.inputs[0].text(), "half a message");
    stage.script("Tab Down Enter");
    assert_eq!(stage.app.prompt.inputs[0].text(), "a question");
}

#[test]
fn one_key_makes_another_model_the_first() {
    let mut stage = stage();
    let first = |stage: &Stage| stage.app.next.chain[0].model.clone();
    stage.press("Alt+L");
    assert_eq!(first(&stage), "anthropic/claude-3-haiku");
    stage.script("Alt+M 'qwen' Enter");
    assert_eq!(stage.app.next.chain.len(), 3);
    stage.script("Enter Esc");
    assert_eq!(first(&stage), "qwen/qwen-2.5-7b-instruct");
    assert_eq!(stage.app.next.chain[1].model, "anthropic/claude-3-haiku", "the others keep their order");
}

#[test]
fn a_demo_of_a_turn_and_the_conversation_of_a_run_are_what_was_asked() {
    let run = Transcript::of(&recorded("takeover"));
    let turns = run.conversation().expect("a turn");
    assert_eq!(turns, [run.demo().expect("a demo")]);
    assert_eq!(Transcript::of(&recorded("exhausted")).conversation(), None);
}

#[test]
fn a_question_that_was_taken_up_is_not_asked_twice_and_inputs_of_other_signatures_are_passed_over() {
    let mut stage = stage();
    says(&mut stage, "one", "1");
    stage.script("Tab Down Enter 'a question' F2 Tab Up Enter");
    stage.press("Up");
    assert_eq!(stage.app.prompt.inputs[0].text(), "one", "not the empty message of the question");
    let mut stage = self::stage();
    says(&mut stage, "one", "1");
    stage.press("Alt+A");
    assert_eq!(stage.app.prompt.inputs[0].text(), "one");
    stage.press("Alt+N");
    assert!(stage.app.prompt.is_empty());
    assert_eq!(stage.app.next.conversation.turns.len(), 1);
}

#[test]
fn a_model_that_is_written_in_full_is_added_as_written() {
    let mut stage = stage();
    stage.script("Alt+M 'qwen/qwen-2' Enter Alt+M 'a/qwen' Enter");
    let models: Vec<&str> = stage.app.next.chain[2..].iter().map(|entry| entry.model.as_str()).collect();
    assert_eq!(models, ["qwen/qwen-2.5-7b-instruct", "a/qwen"]);
}

#[test]
fn a_signature_that_is_left_half_typed_comes_back() {
    let mut stage = stage();
    stage.script("Tab Home Enter 'poem -> moo' Esc");
    assert!(!stage.app.signatures.typing());
    stage.script("Alt+2 Home Enter");
    assert_eq!(stage.app.signatures.source(), "poem -> moo");
    stage.script("Esc Down i Esc Home Enter");
    assert_eq!(
        stage.app.signatures.source(),
        "poem -> moo",
        "an entry of the library that was only looked at is not kept"
    );
}

#[test]
fn an_empty_prompt_says_how_the_last_question_comes_back() {
    let mut library = vec![entry("chat", "history: dspy.History, message -> reply")];
    if let Some(field) = library[0].signature.inputs.last_mut() {
        field.placeholder = None;
    }
    let mut stage = Stage::with(library, 120, 36, Theme::Dark, &[]);
    assert_eq!(stage.press("Enter"), None);
    assert_eq!(stage.app.notice.as_deref(), Some("message is empty: type something first."));
    says(&mut stage, "Hello", "Hi");
    stage.press("F4");
    stage.press("5");
    assert_eq!(stage.press("Enter"), None);
    assert!(stage.app.notice.as_deref().is_some_and(|notice| notice.contains("press Up")), "{:?}", stage.app.notice);
    stage.press("Up");
    assert_eq!(send(&mut stage).task.asked()["message"], "Hello");
}
