//! The parts of the next run: demos, signatures, settings, headers, modes of the chain, large pastes.

use crate::stage::{Stage, recorded, task};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use std::sync::Arc;
use std::time::Duration;
use switchover::dspy::{Module, Prediction};
use switchover::failover::Failover;
use switchover::openrouter::Request;
use switchover::openrouter::account::KeyInfo;
use switchover::openrouter::headers::{ExtraHeader, HeaderValue, ValueOrigin, Visibility};
use switchover::openrouter::providers::ProviderStatus;
use switchover::report::{Observation, Report, ReportKind};
use switchover::tui::layout::Pane;
use switchover::tui::state::overlay::Overlay;
use switchover::tui::theme::Theme;
use switchover::tui::{ComposedRequest, Effect, Msg};

fn stage() -> Stage {
    Stage::new(120, 36, Theme::Dark, &[])
}

#[test]
fn alt_with_a_lower_case_letter_is_the_same_key() {
    let mut stage = stage();
    stage.play("takeover", Duration::MAX);
    let key = KeyEvent::new(KeyCode::Char('p'), KeyModifiers::ALT);
    stage.app.update(stage.now, Msg::Key(key));
    assert_eq!(stage.app.next.demos.len(), 1);
}

/// Deletes all text in the open editor.
fn wipe(stage: &mut Stage) {
    for _ in 0..40 {
        stage.script("Ctrl+U Backspace");
    }
}

#[test]
fn one_key_makes_a_valid_answer_a_demo_of_the_next_run() {
    let mut stage = stage();
    stage.press("Alt+P");
    assert!(stage.app.next.demos.is_empty(), "there is nothing to pin yet");
    stage.play("takeover", Duration::MAX);
    stage.script("Alt+P Alt+P");
    assert_eq!(stage.app.next.demos.len(), 1, "the same answer is added once");
    let names: Vec<&str> = stage.app.next.demos[0].keys().map(String::as_str).collect();
    assert_eq!(names, ["question", "reasoning", "answer"]);
    let sent = stage.script("'again' Enter");
    let [Effect::Send(ask)] = sent.as_slice() else { panic!("{sent:?}") };
    assert_eq!(task(ask).demos, stage.app.next.demos);
}

#[test]
fn demos_can_be_moved_opened_and_removed() {
    let mut stage = stage();
    for name in ["a", "b", "c"] {
        stage
            .app
            .next
            .demos
            .push([("question".to_owned(), name.into()), ("answer".to_owned(), name.into())].into_iter().collect());
    }
    let order = |stage: &Stage| {
        stage.app.next.demos.iter().map(|d| d["question"].as_str().unwrap().to_owned()).collect::<String>()
    };
    stage.script("F10 J J");
    assert_eq!(order(&stage), "bca");
    stage.press("K");
    assert_eq!(order(&stage), "bac");
    stage.press("Enter");
    assert!(matches!(stage.app.overlay, Some(Overlay::Demo(1, _))));
    stage.script("Esc x");
    assert_eq!(order(&stage), "bc");
    stage.script("x x x");
    assert_eq!(order(&stage), "");
}

#[test]
fn a_signature_is_saved_with_its_demos_and_module() {
    let mut stage = stage();
    stage.play("takeover", Duration::MAX);
    let saved = stage.script("Alt+P F3 Alt+S Ctrl+S");
    let [Effect::SaveSignature(entry)] = saved.as_slice() else { panic!("{saved:?}") };
    assert_eq!(entry.signature.name, "Question");
    assert_eq!((entry.module, entry.demos.len()), (stage.app.next.module, 1));
    assert_ne!(entry.module, Module::ChainOfThought);
}

#[test]
fn a_typed_signature_stays_in_the_list_and_can_be_named_and_saved() {
    let mut stage = stage();
    stage.script("Alt+P Shift+Tab Shift+Tab Shift+Tab");
    while !stage.app.signatures.typing() {
        stage.script("Tab i");
    }
    stage.press("Ctrl+U");
    stage.script("'poem: str -> mood: str' Enter");
    assert!(stage.app.signatures.entries.iter().any(|entry| entry.signature.inline().contains("poem")));
    let saved = stage.script("Alt+S Ctrl+S");
    let [Effect::SaveSignature(entry)] = saved.as_slice() else { panic!("{saved:?}") };
    assert_eq!(entry.signature.name, "mood");
    let same = stage.app.signatures.entries.iter().filter(|entry| entry.signature.inline().contains("poem")).count();
    assert_eq!(same, 1, "the named entry replaces the unnamed one");
}

#[test]
fn invalid_settings_are_not_saved_and_closing_them_needs_two_presses() {
    let mut stage = stage();
    stage.script("Alt+O 'raw' Enter");
    wipe(&mut stage);
    stage.script("'temprature = 1' Ctrl+S");
    assert!(matches!(stage.app.overlay, Some(Overlay::Draft(_))));
    assert!(stage.screen().contains("unknown field `temprature`"), "{}", stage.screen());
    assert!(stage.app.next.settings.temperature.is_none());
    stage.press("Esc");
    assert!(stage.app.overlay.is_some(), "one press does not discard changes");
    stage.press("Esc");
    assert!(stage.app.overlay.is_none());
}

#[test]
fn saved_settings_are_sent_and_shown_again() {
    let mut stage = stage();
    stage.script("Alt+O 'raw' Enter");
    wipe(&mut stage);
    for line in ["temperature = 0.5", "extra_body = \"{\\\"a\\\": [1, null]}\"", "[provider]", "sort = \"price\""] {
        stage.type_text(line);
        stage.press("Enter");
    }
    stage.press("Ctrl+S");
    assert_eq!(stage.app.next.settings.temperature, Some(0.5));
    assert_eq!(stage.app.next.settings.extra_body["a"], serde_json::json!([1, null]));
    let before = stage.app.next.settings.clone();
    stage.script("Alt+O 'raw' Enter Ctrl+S");
    assert_eq!(stage.app.next.settings, before);
    let sent = stage.script("'why?' Enter");
    let [Effect::Send(ask)] = sent.as_slice() else { panic!("{sent:?}") };
    assert_eq!(ask.settings, before);
}

#[test]
fn headers_are_checked_before_they_are_used() {
    let mut stage = stage();
    stage.script("F5 e");
    wipe(&mut stage);
    stage.type_text("title = \"Zürich\"");
    assert_eq!(stage.press("Ctrl+S"), None);
    assert!(stage.screen().contains("visible ASCII"));
    wipe(&mut stage);
    stage.type_text("title = \"Mine\"");
    let effect = stage.press("Ctrl+S");
    let Some(Effect::SetHeaders(headers)) = effect else { panic!("{effect:?}") };
    let title = headers.title.expect("a title");
    assert_eq!((title.value.as_str(), &title.from), ("Mine", &ValueOrigin::Session));
    assert!(headers.referer.is_none());
}

#[test]
fn a_secret_header_stays_masked_on_the_screen_until_it_is_made_public() {
    const SECRET: &str = "hunter2-hunter2-hunter2";
    let mut stage = stage();
    let value = HeaderValue::new(SECRET, Visibility::Secret);
    stage.app.server.headers.extras = vec![ExtraHeader { name: "X-Key".to_owned(), value, from: ValueOrigin::Flag }];
    stage.press("F5");
    assert!(stage.screen().contains("X-Key: …ter2") && !stage.screen().contains("hunter2-"), "{}", stage.screen());
    stage.press("e");
    assert!(stage.screen().contains("X-Key = \"••••\"") && !stage.screen().contains("hunter2-"), "{}", stage.screen());
    let Some(Effect::SetHeaders(same)) = stage.press("Ctrl+S") else { panic!("not saved") };
    assert_eq!(same.extras, stage.app.server.headers.extras);
    assert_eq!((same.extras[0].value.expose(), &same.extras[0].from), (SECRET, &ValueOrigin::Flag));
    stage.press("e");
    wipe(&mut stage);
    for line in ["public_headers = [\"x-key\"]", "[headers]", "X-Key = \"••••\""] {
        stage.type_text(line);
        stage.press("Enter");
    }
    let Some(Effect::SetHeaders(public)) = stage.press("Ctrl+S") else { panic!("{}", stage.screen()) };
    assert_eq!(public.extras[0].value, HeaderValue::Public(SECRET.to_owned()));
    assert!(stage.screen().contains(SECRET), "{}", stage.screen());
}

#[test]
fn the_popup_of_the_headers_queries_the_limits_of_the_key() {
    let mut stage = stage();
    assert_eq!(stage.press("F5"), Some(Effect::AskServer { generation: None }));
    assert!(stage.screen().contains("not received yet"));
    let receive = |stage: &mut Stage, info| stage.app.update(stage.now, Msg::KeyInfo(Box::new(info)));
    receive(&mut stage, Err("401: no such key".to_owned()));
    assert!(stage.screen().contains("unknown: 401: no such key"));
    receive(&mut stage, Ok(KeyInfo { usage: Some(1.25), free_requests: Some((3, 50)), ..KeyInfo::default() }));
    let screen = stage.screen();
    for line in ["spent: $1.2500", "limit: none, or unknown", "left: unknown", "free today: 3 of 50 requests"] {
        assert!(screen.contains(line), "{line}\n{screen}");
    }
}

#[test]
fn variant_failover_mode_and_hedging_can_be_changed_in_the_chain() {
    let mut stage = stage();
    stage.script("Ctrl+L v");
    assert_eq!(stage.app.next.chain[0].model, "openai/gpt-4o-mini:free");
    stage.script("v v v");
    assert_eq!(stage.app.next.chain[0].model, "openai/gpt-4o-mini");
    stage.script("m h");
    assert!(stage.app.next.policy.failover == Failover::Server && stage.app.next.policy.hedge);
    stage.press("m");
    assert_eq!(stage.app.next.policy.failover, Failover::Strict);
    stage.press("Esc");
    assert!(stage.screen().contains("strict: no fallback · hedged"), "{}", stage.screen());
}

#[test]
fn an_expensive_fallback_has_a_warning_with_its_price_ratio() {
    let mut stage = stage();
    for (i, usd) in [1e-6, 1e-3].into_iter().enumerate() {
        let price = &mut stage.app.models.all[i].price;
        (price.prompt, price.completion) = (Some(usd), Some(usd));
        stage.app.models.all[i].max_output = Some(1000);
    }
    stage.press("Ctrl+L");
    assert_eq!(stage.app.price_warning(0), None);
    assert!(stage.screen().contains("up to 1000× the cost of the first model"), "{}", stage.screen());
}

#[test]
fn the_request_can_be_previewed() {
    let mut stage = stage();
    let asked = stage.script("'why?' F12");
    let [Effect::Compose(ask)] = asked.as_slice() else { panic!("{asked:?}") };
    assert_eq!(task(ask).inputs["question"], "why?");
    let request =
        Request { url: "https://example.org/x".into(), headers: Vec::new(), body: serde_json::json!({"model": "m"}) };
    let worst = vec![("a/b".to_owned(), Some(0.25)), ("c/d".to_owned(), None)];
    stage.app.update(stage.now, Msg::Composed(Box::new(Ok(ComposedRequest { request: request.into(), worst }))));
    stage.app.refresh();
    let screen = stage.screen();
    for part in ["https://example.org/x", "$0.250000", "unknown", "\"model\": \"m\""] {
        assert!(screen.contains(part), "{part}: {screen}");
    }
    stage.press("e");
    assert!(matches!(stage.app.overlay, Some(Overlay::Draft(_))));
}

#[test]
fn a_large_paste_is_a_placeholder_until_it_is_sent() {
    let mut stage = stage();
    let large = "line\n".repeat(30_000);
    stage.app.update(stage.now, Msg::Paste(large.clone()));
    stage.app.refresh();
    assert_eq!(stage.app.prompt.inputs[0].text(), "[paste 1: 150 KB, 30000 lines]");
    let sent = stage.press("Enter");
    let Some(Effect::Send(ask)) = sent else { panic!("{sent:?}") };
    assert_eq!(task(&ask).inputs["question"], large.as_str());
}

#[test]
fn python_source_pasted_as_a_signature_comes_in() {
    let source = "```python\nclass Find(dspy.Signature):\n    \"\"\"Find names.\"\"\"\n    text: str = dspy.InputField()\n    photo: dspy.Image = dspy.InputField()\n    names: list[str] = dspy.OutputField()\n\ncount = dspy.Predict('text -> count: int')\n```\n";
    let typing = || {
        let mut stage = stage();
        stage.app.signatures.selected = 0;
        stage.app.screen.focus = Pane::Signatures;
        stage.app.signatures.start_typing("");
        stage
    };
    let mut stage = typing();
    stage.app.update(stage.now, Msg::Paste(source.into()));
    assert!(!stage.app.signatures.typing());
    assert_eq!(stage.app.next.signature.inline(), "text -> names: list[str]");
    assert_eq!(stage.app.next.signature.instructions, "Find names.");
    assert_eq!(stage.app.signatures.entries[1].module, Module::Predict);
    let notice = stage.app.notice.clone().unwrap_or_default();
    assert!(notice.starts_with("2 signatures from Python") && notice.contains("line 5: Find.photo"), "{notice}");
    let mut nothing = typing();
    nothing.app.update(nothing.now, Msg::Paste("import dspy\nprint(1)\n".into()));
    assert!(nothing.app.signatures.typing() && nothing.app.notice.is_some(), "the reason is shown");
    let mut inline = typing();
    inline.app.update(inline.now, Msg::Paste("from,\nclass -> import_".into()));
    assert_eq!(inline.app.signatures.source(), "from, class -> import_", "no Python source");
}

#[test]
fn each_chain_of_a_vote_is_shown() {
    let mut stage = stage();
    let reports = recorded("takeover");
    let run = reports[0].run;
    let mut report = |what| {
        let report = Report { run, at: Duration::from_millis(10), what };
        stage.app.update(Duration::from_secs(5), Msg::Report(Arc::new(report)));
    };
    let ReportKind::Observation(Observation::Begun(mut spec)) = reports[0].what.clone() else { panic!("begins") };
    let task = Arc::make_mut(&mut spec).task.signature_mut().expect("a signature");
    task.module = Module::Majority(3);
    let signature = task.signature.clone();
    report(ReportKind::Observation(Observation::Begun(spec.clone())));
    let end = reports.iter().find_map(|report| match &report.what {
        ReportKind::Engine(switchover::failover::Event::Finished(end)) => Some(end.clone()),
        _ => None,
    });
    let mut answers = Vec::new();
    for (chain, answer) in ["42", "41", "42"].into_iter().enumerate() {
        let mut end = end.clone().expect("an end");
        end.fields = Arc::new([("answer".to_owned(), answer.into())].into_iter().collect());
        answers.push(Some(Prediction { fields: end.fields.clone(), repairs: Vec::new() }));
        if chain < 2 {
            report(ReportKind::Observation(Observation::Chain { chain: chain + 1, of: 3, end }));
        }
    }
    report(ReportKind::Observation(Observation::Voted(switchover::dspy::vote(&signature, &answers).expect("a vote"))));
    stage.app.refresh();
    let screen = stage.screen();
    for part in ["★ chain 1 of 3: 42", "· chain 2 of 3: 41", "chain 3 of 3: about to ask", "2 × 42 · 1 × 41"] {
        assert!(screen.contains(part), "{part}: {screen}");
    }
}

#[test]
fn the_costs_of_a_session_add_up() {
    let mut stage = stage();
    stage.play("takeover", Duration::MAX);
    let once = stage.app.runs.session();
    assert_eq!(Some(once), stage.app.transcript().map(switchover::transcript::Transcript::spend));
    stage.play("takeover", Duration::MAX);
    assert_eq!(stage.app.runs.session(), once.plus(once));
}

#[test]
fn a_signature_is_edited_with_its_fields_beside_and_used_without_saving() {
    let mut stage = stage();
    stage.script("Tab Down e");
    let screen = stage.screen();
    assert!(screen.contains("context  list[str]") && screen.contains("score  float"), "{screen}");
    stage.type_text("[signature.fields.score]");
    stage.press("Enter");
    stage.type_text("constraints = \"from 0 to 1\"");
    assert!(stage.screen().contains("must be from 0 to 1"), "{}", stage.screen());
    stage.type_text("x");
    assert!(stage.screen().contains("must be from 0 to 1"), "the fields stay while a line is half typed");
    stage.press("Backspace");
    assert_eq!(stage.press("Alt+Enter"), None, "nothing is saved");
    let score = stage.app.next.signature.output("score").expect("the field");
    assert_eq!(score.constraints.as_deref(), Some("from 0 to 1"));
    assert!(stage.app.overlay.is_none());
}

#[test]
fn the_chain_editor_asks_once_how_the_providers_do_and_only_where_they_are_known() {
    let mut stage = stage();
    let Some(Effect::AskProviders(models)) = stage.press("Ctrl+L") else { panic!("asks") };
    assert_eq!(models, ["openai/gpt-4o-mini", "anthropic/claude-3-haiku"]);
    let provider = ProviderStatus {
        name: "Azure".to_owned(),
        uptime: Some(61.0),
        latency: None,
        throughput: None,
        is_degraded: false,
    };
    stage.app.update(stage.now, Msg::Providers(models[0].clone(), Ok(vec![provider])));
    stage.app.update(stage.now, Msg::Providers(models[1].clone(), Err("HTTP 404".to_owned())));
    assert!(stage.screen().contains("up 61.0 %"), "{}", stage.screen());
    stage.press("Down");
    assert!(stage.screen().contains("unknown: HTTP 404"), "{}", stage.screen());
    stage.press("Esc");
    assert_eq!(stage.press("Ctrl+L"), None, "it is kept for the session");
    stage.script("a 'qwen'");
    let added = stage.press("Enter");
    assert_eq!(added, Some(Effect::AskProviders(vec!["qwen/qwen-2.5-7b-instruct".to_owned()])));

    let mut other = self::stage();
    other.app.server.simulated = false;
    other.app.server.base = "http://127.0.0.1:9/v1".parse().expect("a base");
    assert_eq!(other.press("Ctrl+L"), None, "another server has no such list");
}
