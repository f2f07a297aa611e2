//! Settings in a few keys, and what was set on the screen kept in a file.

use crate::stage::{Stage, task};
use serde_json::json;
use switchover::config::edit::{Change, edited};
use switchover::dspy::Adapter;
use switchover::failover::Failover;
use switchover::tui::state::overlay::Overlay;
use switchover::tui::state::overlay::save_settings::{SavePlan, SaveRequest};
use switchover::tui::theme::Theme;
use switchover::tui::{Effect, Msg};

fn stage() -> Stage {
    Stage::new(120, 36, Theme::Dark, &[])
}

/// Answers the effect that asks for the files with two of them, and writes the chosen one.
fn plan(stage: &mut Stage, changes: &[Change], texts: [&str; 2]) {
    let plan = |(owner, text): (&'static str, &str)| SavePlan {
        path: owner.into(),
        owner,
        before: Some(text.to_owned()),
        after: edited(text, changes),
        warnings: Vec::new(),
    };
    let plans = ["this project", "your configuration"].into_iter().zip(texts).map(plan).collect();
    stage.app.update(stage.now, Msg::SavePlanned(changes.to_vec(), plans));
    stage.app.refresh();
}

#[test]
fn a_setting_needs_a_few_keys_from_anywhere_and_is_shown_and_sent() {
    let mut stage = stage();
    assert!(stage.script("Alt+O 'temp' Enter '0.2' Enter Esc").is_empty());
    assert!(stage.screen().contains("temperature 0.2"), "{}", stage.screen());
    stage.script("Alt+O 'deadline' Enter '30' Enter Esc");
    stage.script("Alt+O 'mode' Enter 'stri' Enter Esc");
    stage.script("Alt+O 'adapter' Enter 'xml' Enter Esc 'why?'");
    let Some(Effect::Send(spec)) = stage.press("F2") else { panic!("not sent") };
    assert_eq!(spec.settings.temperature, Some(0.2));
    assert_eq!(spec.policy.limits.deadline.as_secs(), 30);
    assert_eq!(spec.policy.failover, Failover::Strict);
    assert_eq!(task(&spec).adapter, Adapter::Xml);
    let screen = stage.screen();
    assert!(screen.contains("strict: no fallback · deadline 30.0 · temperature 0.2"), "{screen}");
}

#[test]
fn a_value_that_cannot_be_is_said_while_it_is_typed_and_not_set() {
    for (setting, typed, said) in [
        ("temperature", "3", "must be between 0 and 2"),
        ("deadline", "0", "expected a number of seconds between 0 and 86400"),
        ("attempts_per_run", "many", "expected a whole number"),
        ("seed", "one", "invalid type"),
    ] {
        let mut stage = stage();
        let before = stage.app.next.settings();
        stage.script(&format!("Alt+O '{setting}' Enter '{typed}'"));
        let screen = stage.screen();
        assert!(screen.contains(said), "{setting}: {screen}");
        stage.press("Enter");
        assert_eq!(stage.app.next.settings(), before, "{setting}");
        assert!(stage.app.overlay.is_some(), "{setting}: what was typed is not lost");
    }
}

#[test]
fn the_default_comes_back_and_enter_alone_changes_nothing() {
    let mut stage = stage();
    stage.script("Alt+O 'effort' Enter 'low' Enter Esc");
    assert!(stage.screen().contains("reasoning.effort low"), "{}", stage.screen());
    let set = stage.app.next.settings();
    stage.script("Alt+O 'effort' Enter Enter Esc");
    assert_eq!(stage.app.next.settings(), set);
    stage.script("Alt+O 'effort' Enter PgDn Enter Esc");
    assert!(!stage.screen().contains("reasoning.effort"), "{}", stage.screen());
    assert!(!stage.app.next.settings().contains_key("request.reasoning.effort"));
}

#[test]
fn what_was_set_is_kept_with_one_key_after_the_lines_were_shown() {
    let mut stage = stage();
    assert_eq!(stage.press("Alt+K"), None);
    assert!(stage.screen().contains("Nothing to save"), "{}", stage.screen());
    stage.script("Alt+L Alt+O 'temp' Enter '0.2' Enter Esc");
    let Some(Effect::PlanSave(changes)) = stage.press("Alt+K") else { panic!("asks for the files") };
    let models = json!(["anthropic/claude-3-haiku", "openai/gpt-4o-mini"]);
    assert_eq!(changes, [Change::new("models", Some(models)), Change::new("request.temperature", Some(json!(0.2)))]);
    plan(&mut stage, &changes, ["", "[request]\ntemperature = 0.9 # mine\n"]);
    assert!(stage.screen().contains("in this project"), "{}", stage.screen());
    stage.press("Tab");
    let screen = stage.screen();
    assert!(screen.contains("- temperature = 0.9 # mine") && screen.contains("+ temperature = 0.2 # mine"), "{screen}");
    let Some(Effect::SaveSettings(request)) = stage.press("Enter") else { panic!("{}", stage.screen()) };
    let SaveRequest { path, after, .. } = *request;
    assert_eq!(path.to_str(), Some("your configuration"));
    assert!(after.contains("temperature = 0.2 # mine") && after.starts_with("models = ["), "{after}");
    stage.app.update(stage.now, Msg::Saved(changes, Ok(path)));
    assert!(stage.screen().contains("Saved in your configuration"), "{}", stage.screen());
    assert_eq!(stage.press("Alt+K"), None, "it is kept already");
}

#[test]
fn nothing_is_kept_after_escape_or_where_the_file_was_changed() {
    let mut stage = stage();
    stage.press("Alt+L");
    let Some(Effect::PlanSave(changes)) = stage.press("Alt+K") else { panic!("asks for the files") };
    plan(&mut stage, &changes, ["", ""]);
    assert_eq!(stage.press("Esc"), None);
    assert!(stage.app.overlay.is_none());
    stage.app.update(stage.now, Msg::Saved(changes, Err("it was changed meanwhile".to_owned())));
    assert!(stage.screen().contains("Not saved: it was changed meanwhile"));
    assert!(matches!(stage.press("Alt+K"), Some(Effect::PlanSave(_))));
}

#[test]
fn a_chain_gets_a_name_and_is_used_by_it() {
    let mut stage = stage();
    stage.script("Ctrl+L o");
    assert!(stage.screen().contains("No chain has a name yet"), "{}", stage.screen());
    stage.script("s 'a/b'");
    assert!(stage.screen().contains("a chain's name is a word"), "{}", stage.screen());
    stage.script("Esc s 'fast'");
    let Some(Effect::PlanSave(changes)) = stage.press("Enter") else { panic!("{}", stage.screen()) };
    assert_eq!(changes[0].path, ["chains", "fast"]);
    plan(&mut stage, &changes, ["", ""]);
    let Some(Effect::SaveSettings(request)) = stage.press("Enter") else { panic!("{}", stage.screen()) };
    stage.app.update(stage.now, Msg::Saved(request.changes, Ok(request.path)));
    stage.script("Ctrl+L x x Esc");
    assert!(stage.app.next.chain.is_empty());
    stage.script("Ctrl+L o Enter");
    assert!(matches!(stage.app.overlay, Some(Overlay::Chain)));
    let models: Vec<&str> = stage.app.next.chain.iter().map(|entry| entry.model.as_str()).collect();
    assert_eq!(models, ["openai/gpt-4o-mini", "anthropic/claude-3-haiku"]);
}

#[test]
fn a_named_chain_is_offered_where_a_model_is_added_and_compared() {
    let mut stage = stage();
    let chain = ["google/gemini-2.5-flash", "openai/gpt-4o-mini"].map(str::to_owned).to_vec();
    stage.app.configured.chains.insert("cheap".to_owned(), chain);
    stage.script("Ctrl+L a 'che'");
    assert!(stage.screen().contains("a chain: google/gemini-2.5-flash"), "{}", stage.screen());
    stage.script("'ap' Enter Esc");
    let models = |stage: &Stage| stage.app.next.chain.iter().map(|entry| entry.model.clone()).collect::<Vec<_>>();
    // A model that the chain has already is not added twice.
    assert_eq!(models(&stage), ["openai/gpt-4o-mini", "anthropic/claude-3-haiku", "google/gemini-2.5-flash"]);
    stage.script("Ctrl+L a 'cheap' Enter");
    assert_eq!(stage.app.notice.as_deref(), Some("cheap is in the chain already."));
    stage.script("Esc Ctrl+P 'models and chains to compare' Enter a 'cheap' Enter");
    assert!(stage.screen().contains("gemini-2.5-flash › gpt-4o-mini"), "{}", stage.screen());
    // Another word is a model, as before.
    stage.script("Esc Ctrl+L a 'x/new' Enter Esc");
    assert_eq!(models(&stage).last().map(String::as_str), Some("x/new"));
}
