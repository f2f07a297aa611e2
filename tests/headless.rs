//! The binary without a terminal: its output, where it goes, and the exit code.

#[path = "headless/chats.rs"]
mod chats;
#[path = "headless/commands.rs"]
mod commands;
#[path = "headless/diagnostics.rs"]
mod diagnostics;
#[path = "headless/evals.rs"]
mod evals;
#[path = "headless/exports.rs"]
mod exports;
#[path = "headless/foreign.rs"]
mod foreign;
#[cfg(unix)]
#[path = "headless/gateway_soak.rs"]
mod gateway_soak;
#[path = "headless/hostile.rs"]
mod hostile;
#[path = "headless/kept.rs"]
mod kept;
#[path = "headless/lines.rs"]
mod lines;
#[path = "headless/output.rs"]
mod output;
#[path = "headless/project.rs"]
mod project;
#[path = "headless/secrets.rs"]
mod secrets;
#[path = "headless/soak.rs"]
mod soak;

use serde_json::Value;
use std::io::Write as _;
use std::process::{Command, Output, Stdio};

/// The binary with an empty environment and simulated models that answer at once. The history is off.
fn switchover(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_switchover"));
    command
        .args(args)
        .env_clear()
        .env("HOME", env!("CARGO_TARGET_TMPDIR"))
        .env("SWITCHOVER_PACE", "0")
        .env("SWITCHOVER_HISTORY", "false")
        .current_dir(env!("CARGO_TARGET_TMPDIR"));
    command.stdin(Stdio::null());
    command
}

fn run(args: &[&str]) -> Output {
    switchover(args).output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn events(output: &Output) -> Vec<Value> {
    out(output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn of<'a>(events: &'a [Value], name: &str) -> Vec<&'a Value> {
    events.iter().filter(|event| event["event"] == name).collect()
}

const PRIMARY: &str = "openai/gpt-4o-mini";
const BACKUP: &str = "anthropic/claude-3-haiku";

#[test]
fn the_second_model_answers_when_the_first_is_broken() {
    let output = run(&[
        "ask",
        "What is DSPy?",
        "--model",
        PRIMARY,
        "--model",
        BACKUP,
        "--fault",
        "openai/gpt-4o-mini=503",
        "--json",
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    let events = events(&output);
    for event in &events {
        assert!(event["event"].is_string() && event["run"].is_u64() && event["at_ms"].is_number(), "{event}");
    }
    let sent = of(&events, "sent");
    let models: Vec<_> = sent.iter().map(|sent| sent["model"].as_str().unwrap()).collect();
    assert_eq!(models, [PRIMARY, PRIMARY, BACKUP], "one retry after a 503, then the next model");
    for sent in sent {
        assert!(sent["attempt"].is_u64() && sent["url"].as_str().unwrap().ends_with("/chat/completions"));
        let headers = sent["headers"].as_array().unwrap();
        let value = |name: &str| headers.iter().find(|h| h["name"] == name).map(|h| h["value"].as_str().unwrap());
        assert_eq!(value("x-title"), Some("Switchover"));
        assert_eq!(value("x-openrouter-title"), Some("Switchover"));
        assert!(value("http-referer").is_some());
        assert!(value("authorization").unwrap().contains("***"));
    }
    let last = events.last().unwrap();
    assert_eq!(
        (&last["event"], &last["outcome"], &last["model"]),
        (&"finished".into(), &"succeeded".into(), &BACKUP.into())
    );
    assert_eq!(last["attempts"], 3);
    assert!(last["fields"]["answer"].as_str().unwrap().contains("language models"));
}

#[test]
fn the_answer_goes_to_stdout_and_the_log_to_stderr() {
    let output = run(&["ask", "What is 17 * 23?", "--signature", "question -> answer: int"]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert_eq!(out(&output), "391\n");
    assert!(err(&output).contains(PRIMARY), "{}", err(&output));
}

#[test]
fn a_simulated_answer_without_a_text_is_called_simulated() {
    let simulated = "The built-in simulator answered: no model was asked.";
    for signature in ["question -> answer: int", "question -> good: bool, tags: list[int]"] {
        let output = run(&["ask", "What is 17 * 23?", "--signature", signature]);
        assert!(err(&output).ends_with(&format!("{simulated}\n")), "{signature}: {}", err(&output));
        assert!(!out(&output).contains("simulator"), "{}", out(&output));
    }
    // A text says it by itself, where it is made up.
    let output = run(&["ask", "zz?", "--signature", "question -> answer, score: int"]);
    assert!(!err(&output).contains(simulated) && out(&output).contains("imulated"), "{}", out(&output));
    assert!(!out(&run(&["ask", "x", "--signature", "question -> answer: int", "--json"])).contains("built-in"));
}

#[test]
fn field_prints_one_field_without_its_name() {
    let output = run(&["ask", "What is 2 + 2?", "--field", "answer"]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert_eq!(out(&output).lines().count(), 1);
    let output = run(&["ask", "x", "--field", "anser"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("did you mean `answer`"), "{}", err(&output));
}

#[test]
fn exit_codes_distinguish_exhausted_fatal_and_usage() {
    let exhausted = run(&["ask", "x", "-m", PRIMARY, "--fault", "openai/gpt-4o-mini=504"]);
    assert_eq!(exhausted.status.code(), Some(2), "{}", err(&exhausted));
    assert_eq!(out(&exhausted), "", "no answer, so nothing on stdout");
    let fatal = run(&["ask", "x", "-m", PRIMARY, "-m", BACKUP, "--fault", "openai/gpt-4o-mini=401"]);
    assert_eq!(fatal.status.code(), Some(3), "{}", err(&fatal));
    let usage = run(&["ask", "x", "--signature", "question -> answer: strng"]);
    assert_eq!(usage.status.code(), Some(1));
    assert!(err(&usage).contains("did you mean `str`") || err(&usage).contains("`str`"), "{}", err(&usage));
    let unnamed = run(&["ask", "x", "--signature", "questin"]);
    assert_eq!(unnamed.status.code(), Some(1));
    let near = "no signature is named `questin`; did you mean `question`?";
    assert!(err(&unnamed).contains(near), "{}", err(&unnamed));
    assert_eq!(run(&["ask", "--no-such-flag"]).status.code(), Some(1));
    assert_eq!(run(&["--help"]).status.code(), Some(0));
    let fault = run(&["ask", "x", "--fault", "openai/gpt-4o-mini=refuse"]);
    assert_eq!(fault.status.code(), Some(1));
    assert!(err(&fault).contains("refused"), "{}", err(&fault));
}

#[test]
fn without_a_terminal_the_demonstration_is_printed() {
    let output = run(&[]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    let text = out(&output);
    assert!(text.starts_with("No terminal here"), "{text}");
    assert!(text.contains("HTTP 503 (injected)") && text.contains(BACKUP) && text.contains("http-referer"), "{text}");
}

#[test]
fn inputs_are_read_from_arguments_json_and_a_pipe() {
    let sum = ["ask", "--signature", "a: int, b: int -> question, sum: int", "--module", "predict", "--field", "sum"];
    let words = run(&[&sum[..], &["a=1", "b=2"]].concat());
    let json = run(&[&sum[..], &["--inputs-json", r#"{"a": 1, "b": 2}"#]].concat());
    assert_eq!(words.status.code(), Some(0), "{}", err(&words));
    assert_eq!(out(&words), out(&json));
    let wrong = run(&[&sum[..], &["a=one", "b=2"]].concat());
    assert_eq!(wrong.status.code(), Some(1));
    assert!(err(&wrong).contains("a: expected int"), "{}", err(&wrong));

    let mut child = switchover(&["ask", "--field", "answer"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"What is 6 * 7?\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(out(&output).contains("42"), "{} {}", out(&output), err(&output));
}

#[test]
fn a_conversation_begins_without_a_history() {
    let message = "And how would you say that to a child?";
    let output = run(&["ask", "-s", "chat", message, "--field", "reply"]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert!(out(&output).contains("words that a child knows"), "{}", out(&output));
    let turn = r#"history={"messages": [{"message": "What is DSPy?", "reply": "A framework."}]}"#;
    let prompt = out(&run(&["prompt", "-s", "chat", turn, message]));
    assert!(prompt.contains("A framework.") && prompt.contains(message), "{prompt}");
}

#[test]
fn a_key_is_never_printed() {
    let key = "sk-or-v1-0123456789abcdef0123456789abcdef";
    for args in [&["ask", "x", "--simulate", "--json"][..], &["config"], &["config", "--json"]] {
        let output = switchover(args).env("OPENROUTER_API_KEY", key).output().unwrap();
        let text = out(&output) + &err(&output);
        for run in key.as_bytes().windows(8) {
            assert!(!text.contains(std::str::from_utf8(run).unwrap()), "{args:?} shows the key:\n{text}");
        }
    }
}

#[test]
fn config_shows_origins_and_an_unknown_setting_is_an_error() {
    let output =
        switchover(&["config", "--json", "--title", "Mine"]).env("SWITCHOVER_DEADLINE", "30").output().unwrap();
    let config: Value = serde_json::from_str(&out(&output)).unwrap();
    assert_eq!(config["attribution.title"]["origin"], "command line");
    assert_eq!(config["failover.deadline"]["origin"], "$SWITCHOVER_DEADLINE");
    assert_eq!(config["failover.patience"]["origin"], "default");
    let wrong = run(&["config", "--set", "failover.dedline=3"]);
    assert_eq!(wrong.status.code(), Some(1));
    assert!(err(&wrong).contains("did you mean `failover.deadline`?"), "{}", err(&wrong));
}

#[test]
fn request_fields_come_from_the_file_and_from_options() {
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("request.toml");
    let fields = "public_headers = [\"X-Mine\", \"X-Too\"]\n[request]\ntemperature = 0.2\nmax_tokens = 50\nstop = [\"END\"]\n\n[request.provider]\norder = [\"openai\"]\n\n[request.provider.max_price]\nprompt = 1.0\n\n[headers]\nX-Mine = \"file\"\n";
    std::fs::write(&file, fields).unwrap();
    let shown = |args: &[&str]| {
        let output = switchover(args).env("SWITCHOVER_CONFIG", &file).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", err(&output));
        serde_json::from_str::<Value>(&out(&output)).unwrap()
    };
    let set = ["--set", "request.seed=3", "--set", "request.provider.zdr=true", "--set", "headers.X-Too=1"];
    let config = shown(&[&["config", "--json"], &set[..]].concat());
    let request = serde_json::json!({
        "temperature": 0.2, "max_tokens": 50, "stop": ["END"], "seed": 3,
        "provider": {"order": ["openai"], "max_price": {"prompt": 1.0}, "zdr": true},
    });
    assert_eq!(config["request"]["value"], request);
    assert_eq!(config["request"]["origin"], "command line");
    assert_eq!(config["headers"]["value"], serde_json::json!({"X-Mine": "file", "X-Too": "1"}));
    assert_eq!(shown(&["config", "--json"])["request"]["origin"], file.to_str().unwrap());
    let wrong = run(&["ask", "x", "--set", "request.temprature=1"]);
    assert_ne!(wrong.status.code(), Some(0));
    assert!(err(&wrong).contains("temprature"), "{}", err(&wrong));
}

#[test]
fn what_would_ask_nothing_or_break_nothing_is_refused_before_it_is_sent() {
    for (args, says) in [
        (&["ask", "hi", "--fault", "openai/gpt4o-mini=503"][..], "did you mean `openai/gpt-4o-mini`?"),
        (&["ask", "hi", "-m", "a/b", "--fault", "c/d=503"], "the chain has no model `c/d`"),
        (&["ask", "hi", "-s", "question -> "], "has no output"),
        (&["ask"], "the input `question` is missing"),
    ] {
        let output = switchover(args).stdin(std::process::Stdio::null()).output().unwrap();
        assert!(output.status.code() == Some(1) && err(&output).contains(says), "{args:?}: {}", err(&output));
    }
}
