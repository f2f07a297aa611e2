//! `ask --raw` and `ask --body`: chat requests from the command line.

use super::kept::Home;
use super::*;
use serde_json::json;

const BODY: &str = r#"{"model": "anthropic/claude-3-haiku", "messages": [{"role": "user", "content": "What is 6 * 7?"}], "temperature": 0.1, "x_unknown": [1]}"#;

#[test]
fn a_raw_question_has_no_signature_and_its_text_is_the_answer() {
    let home = Home::new("raw");
    let asked = home.run(&["ask", "--raw", "What is the capital of France?", "--simulate"]);
    assert_eq!(out(&asked), "The capital of France is Paris.\n");
    let shown = out(&home.run(&["history"]));
    assert!(shown.contains("What is the capital of France?"), "{shown}");
    let checked = home.run(&["replay", "last", "--check"]);
    assert_eq!(checked.status.code(), Some(0), "{}", err(&checked));
    let export = home.run(&["export", "--run", "last", "--to", "python"]);
    assert_eq!(export.status.code(), Some(1));
    assert!(err(&export).contains("a chat has no signature for DSPy"), "{}", err(&export));
}

#[test]
fn a_body_names_the_first_model_and_keeps_its_fields() {
    let home = Home::new("body");
    home.write("body.json", BODY);
    let file = "body.json";
    let dry = out(&home.run(&["ask", "--body", file, "--dry-run", "--json", "--simulate"]));
    let first: Value = serde_json::from_str(dry.lines().next().unwrap()).unwrap();
    assert_eq!(first["model"], "anthropic/claude-3-haiku");
    let body = &first["request"]["body"];
    assert_eq!((&body["temperature"], &body["x_unknown"][0]), (&json!(0.1), &json!(1)));
    assert!(dry.lines().count() > 1, "the configured chain follows: {dry}");
    let other = home.run(&["ask", "--body", file, "--dry-run", "--json", "--simulate", "-m", "openai/gpt-4o-mini"]);
    let models: Vec<Value> = out(&other).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((models.len(), &models[0]["model"]), (1, &json!("openai/gpt-4o-mini")), "the command line wins");
}

#[test]
fn a_body_that_is_no_chat_request_is_named_and_nothing_is_sent() {
    let home = Home::new("no-body");
    for (text, why) in
        [("[1]", "expected a JSON object"), ("{}", "no `messages`"), (r#"{"messages": []}"#, "no `messages`")]
    {
        home.write("body.json", text);
        let asked = home.run(&["ask", "--body", "body.json", "--simulate"]);
        assert_eq!(asked.status.code(), Some(1), "{text}");
        assert!(err(&asked).contains(why), "{text}: {}", err(&asked));
    }
    let missing = home.run(&["ask", "--body", "/nowhere.json", "--simulate"]);
    assert!(err(&missing).contains("/nowhere.json"), "{}", err(&missing));
    let empty = home.run(&["ask", "--raw", " ", "--simulate"]);
    assert!(err(&empty).contains("no message"), "{}", err(&empty));
}
