//! The other commands: scenarios, doctor, completions, the manual, plain mode.

use super::*;

#[test]
fn scenarios_check_what_the_server_receives() {
    let output = run(&["scenarios", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", out(&output));
    let results: Value = serde_json::from_str(&out(&output)).unwrap();
    let names: Vec<_> = results.as_array().unwrap().iter().map(|result| result["scenario"].as_str().unwrap()).collect();
    assert_eq!(names, ["headers", "server-models", "client-chain", "modules", "contrast"]);
    // Requests with LiteLLM's referer must fail the check.
    let litellm = run(&["scenarios", "contrast", "--referer", "https://litellm.ai"]);
    assert_eq!(litellm.status.code(), Some(2), "{}", out(&litellm));
    assert!(out(&litellm).contains("✗ this program"), "{}", out(&litellm));
    assert_eq!(run(&["scenarios", "none"]).status.code(), Some(1));
    let live = run(&["scenarios", "headers", "--live"]);
    assert!(err(&live).contains("OPENROUTER_API_KEY"), "{}", err(&live));
}

#[test]
fn doctor_reports_problems_with_fixes_and_without_secrets() {
    let key = "sk-or-v1-0123456789abcdef0123456789abcdef";
    let doctor = |args: &[&str]| {
        switchover(args).env("OPENROUTER_API_KEY", key).env("HOME", "/nonexistent/someone").output().unwrap()
    };
    let output = doctor(&["doctor", "--report", "--offline"]);
    let text = out(&output);
    assert!(text.starts_with("```text\nswitchover 0.") && text.contains("from $OPENROUTER_API_KEY"), "{text}");
    assert!(text.contains("not contacted") && !text.contains("01234567") && !text.contains("/someone"), "{text}");
    let refused = run(&["doctor", "--json", "--base-url", "http://127.0.0.1:1/v1"]);
    assert_eq!(refused.status.code(), Some(1), "{}", out(&refused));
    let findings: Value = serde_json::from_str(&out(&refused)).unwrap();
    let server = findings.as_array().unwrap().iter().find(|finding| finding["what"] == "server").unwrap();
    assert_eq!(server["state"], "bad");
    assert!(server["remedy"].as_str().unwrap().contains("--simulate"));
    let wrong = run(&["doctor", "--set", "failover.deadline=0"]);
    assert!(out(&wrong).contains("failover.deadline") || err(&wrong).contains("failover.deadline"));
}

#[test]
fn doctor_finds_settings_that_a_command_would_refuse() {
    let doctor = |set: &str| run(&["doctor", "--set", set]);
    for (set, what, said) in [
        ("ui.keys.senb=F2", "keys", "did you mean `send`?"),
        ("ui.keys.send=Hyper+9", "keys", "ui.keys"),
        ("module=chain_of_thougt", "signature", "chain_of_thougt"),
        ("signature=questin", "signature", "did you mean `question`?"),
        ("history.keep=sometimes", "history", "sometimes"),
        ("gateway.listen=4141", "gateway", "such as 127.0.0.1:4141"),
        ("gateway.listen=0.0.0.0:4141", "gateway", "a token is needed"),
        ("request.temperature=hot", "request", "expected f64"),
        ("attribution.title=a\nb", "attribution", ""),
        ("eval.metrics.answer=exat", "evaluations", "eval.metrics.answer"),
        ("eval.faults.night=a/b", "evaluations", "eval.faults.night"),
        ("models=", "chain", "at least one model"),
    ] {
        let output = doctor(set);
        let text = out(&output);
        let found = text.lines().find(|line| line.starts_with(&format!("✗ {what} ")));
        assert!(found.is_some_and(|line| line.contains(said)), "{set}: {text}");
        assert_eq!(output.status.code(), Some(1), "{set}");
    }
    let fine = ["ui.keys.send=F2", "module=majority:3", "history.keep=nothing", "eval.metrics.answer=f1"];
    for set in fine {
        assert_eq!(doctor(set).status.code(), Some(0), "{set}: {}", out(&doctor(set)));
    }
}

#[test]
fn a_doctor_report_contains_no_secret() {
    let home = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("reports");
    std::fs::create_dir_all(&home).unwrap();
    let file = home.join("config.toml");
    let base = ["doctor", "--report", "--offline", "--base-url", "http://127.0.0.1:1/v1"];
    let check = |args: &[&str], env: &[(&str, &str)], toml: &str, what: &str| {
        std::fs::write(&file, toml).unwrap();
        let mut command = switchover(args);
        let output = command.env("HOME", &home).env("SWITCHOVER_CONFIG", &file).envs(env.iter().copied()).output();
        let text = out(&output.unwrap());
        assert!(text.starts_with("```text\nswitchover ") && text.contains(what), "{what}: {text}");
        assert!(!text.contains("hunter2") && !text.contains("cdef") && !text.contains("reports"), "{text}");
    };
    check(&base, &[("OPENROUTER_API_KEY", "sk-or-v1-hunter2-0123456789abcdef")], "", "set from $OPENROUTER_API_KEY");
    check(&base, &[("SWITCHOVER_HEADERS", r#"{"X-Key": "hunter2"}"#)], "", "headers from $SWITCHOVER_HEADERS");
    check(&base, &[("SWITCHOVER_HEADERS", r#"{"X-Key": "hunter2"#)], "", "expected a table of texts");
    check(&base, &[("SWITCHOVER_HEADERS", r#"{"Authorization": "Bearer hunter2"}"#)], "", "carries credentials");
    check(&base, &[("SWITCHOVER_REQUEST", r#"{"user": "hunter2"#)], "", "expected a table");
    check(&base, &[], "[headers]\nX-Key = \"hunter2\n", "config.toml, line 2: ");
    check(&base, &[], "[headers]\nX-Key = [\"hunter2\"]\n", "expected a table of texts");
    check(&base, &[], "OPENROUTER_API_KEY = \"hunter2\"\n", "unknown key");
    for url in
        ["http://me:hunter2@127.0.0.1:1/v1", "http://127.0.0.1:1/v1?key=hunter2", "http://127.0.0.1:1/v1#hunter2"]
    {
        check(&["doctor", "--report", "--base-url", url], &[], "", "✗ server");
    }
}

#[test]
fn a_retired_setting_is_ignored_with_a_notice() {
    let home = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("retired");
    std::fs::create_dir_all(&home).unwrap();
    let file = home.join("config.toml");
    std::fs::write(&file, "[ui]\nvim = true\nenter = \"newline\"\n").unwrap();
    let with_file = |args: &[&str]| {
        let mut command = switchover(args);
        command.env("HOME", &home).env("SWITCHOVER_CONFIG", &file).env("SWITCHOVER_VIM", "1").output().unwrap()
    };
    let shown = with_file(&["config"]);
    assert_eq!(shown.status.code(), Some(0), "{}", err(&shown));
    let text = out(&shown);
    assert!(text.contains("config.toml: ui.vim is ignored: ") && text.contains("$SWITCHOVER_VIM: ui.vim"), "{text}");
    assert!(text.contains("ui.enter = \"newline\""), "{text}");
    let text = out(&with_file(&["doctor", "--offline"]));
    assert!(text.contains("ui.vim is ignored"), "{text}");
    let asked = with_file(&["ask", "hi", "--simulate"]);
    assert_eq!(asked.status.code(), Some(0), "{}", err(&asked));
}

#[test]
fn completions_and_manual_are_generated_from_the_commands() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let text = out(&run(&["completions", shell]));
        assert!(text.contains("scenarios") && text.contains("chain_of_thought") || text.contains("replay"), "{shell}");
    }
    assert!(out(&run(&["man"])).starts_with(".ie"));
    assert!(out(&run(&["man", "replay"])).contains("pace"));
    assert_eq!(run(&["man", "nothing"]).status.code(), Some(1));
}

#[test]
fn plain_mode_runs_the_playground_line_by_line() {
    let script = "/help\n/model\nWhat is 6 * 7?\n/break 503\n/again\n/log\n/health\n/clear\n\
                  /signature a: int, b: int -> sum: int\none\n1\n2\n/adapter json\n/nonsense\n/quit\nnever read\n";
    for args in [&["plain"][..], &["--plain"]] {
        let mut child =
            switchover(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let text = out(&output);
        assert_eq!(output.status.code(), Some(0), "{text}{}", err(&output));
        for part in [
            "question (str): ",
            "openai/gpt-4o-mini answered after",
            "answer: ",
            "now fails: 503. /clear clears it.",
            "The simulator injects a fault: 503.",
            "openai/gpt-4o-mini failed: ",
            "Moving on to anthropic/claude-3-haiku.",
            "All faults are cleared.",
            "a: expected int, got `one`",
            "b (int): ",
            "Adapter json.",
            "there is no command /nonsense",
        ] {
            assert!(text.contains(part), "no {part:?} in\n{text}");
        }
        assert!(!text.contains('\u{1b}') && !text.contains('\r'), "no cursor is moved:\n{text}");
        assert!(!text.contains("never read"));
    }
}

#[cfg(unix)]
#[test]
fn too_few_open_files_are_an_error_of_this_machine() {
    let ask = |limit: u32| {
        let script = format!("ulimit -n {limit}; exec \"$0\" ask hi --simulate -s 'question -> answer'");
        let mut sh = std::process::Command::new("sh");
        sh.args(["-c", &script, env!("CARGO_BIN_EXE_switchover")]).env_clear();
        sh.env("HOME", env!("CARGO_TARGET_TMPDIR")).env("SWITCHOVER_HISTORY", "false").env("SWITCHOVER_PACE", "0");
        sh.output().unwrap()
    };
    for limit in [6, 7, 9, 12] {
        let output = ask(limit);
        let text = err(&output);
        assert!(!text.contains("panicked") && !text.contains("every model failed"), "{limit}: {text}");
        assert_ne!(output.status.code(), Some(101), "{limit}: {text}");
    }
    assert!(err(&ask(6)).contains("ulimit -n"), "{}", err(&ask(6)));
}

#[test]
fn a_name_that_nobody_knows_is_answered_with_the_one_that_was_meant() {
    let chains = [("SWITCHOVER_CHAINS", r#"{"cheap": ["google/gemini-2.5-flash"]}"#)];
    let ask = |model: &str| switchover(&["ask", "x", "-m", model]).envs(chains).output().unwrap();
    for (model, meant) in [
        ("chep", "did you mean the chain `cheap`?"),
        ("Cheap", "did you mean the chain `cheap`?"),
        ("openai/gpt-4o-mni", "the server suggests openai/gpt-4o-mini"),
    ] {
        let output = ask(model);
        assert_eq!(output.status.code(), Some(2), "{model}: {}", err(&output));
        assert!(err(&output).contains(meant), "{model}: {}", err(&output));
    }
    for model in ["x/elephant", "openai/gpt-4o-mni"] {
        assert!(!err(&ask(model)).contains("did you mean"), "{model}: {}", err(&ask(model)));
    }
    assert_eq!(ask("cheap").status.code(), Some(0));
    // A model of the list that is gone is no mistyped name.
    let gone = run(&["ask", "x", "-m", PRIMARY, "--fault", "openai/gpt-4o-mini=410"]);
    assert!(!err(&gone).contains("did you mean"), "{}", err(&gone));
}

#[test]
fn a_local_server_that_does_not_run_is_named() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("http://localhost:{port}/v1");
    let output = run(&["ask", "x", "--base-url", &url, "-m", "llama3.2"]);
    let advice = format!("nothing listens at http://localhost:{port}; is the server running?");
    assert_eq!(output.status.code(), Some(2), "{}", err(&output));
    assert!(err(&output).lines().last().unwrap().contains(&advice), "{}", err(&output));
    assert_eq!(
        err(&output).matches(&advice).count(),
        2,
        "once where it is given up, once at the end: {}",
        err(&output)
    );
    // The simulator plays a server that refuses; nothing on this machine is to be started.
    let played = run(&["ask", "x", "-m", PRIMARY, "--fault", "openai/gpt-4o-mini=refused"]);
    assert!(!err(&played).contains("is the server running"), "{}", err(&played));
}

#[test]
fn lists_and_deletions_say_what_they_did_not_find() {
    let none = run(&["models", "zzzzz"]);
    assert_eq!((none.status.code(), out(&none)), (Some(0), String::new()));
    assert!(err(&none).contains("no model matches `zzzzz`; `switchover models` lists all"), "{}", err(&none));
    assert_eq!(out(&run(&["models", "zzzzz", "--json"])).trim(), "[]");
    let forget = run(&["history", "forget"]);
    assert_eq!(forget.status.code(), Some(1));
    for way in ["history forget RUN", "--before 2026-11-30"] {
        assert!(err(&forget).contains(way), "{}", err(&forget));
    }
}

#[test]
fn a_signature_is_shown_by_its_name_too() {
    let named = run(&["signature", "question"]);
    assert_eq!(
        (named.status.code(), out(&named)),
        (Some(0), "input   question: str\noutput  answer: str\n".to_owned())
    );
    let json: Value = serde_json::from_str(&out(&run(&["signature", "question", "--json"]))).unwrap();
    assert_eq!(json["accepted"], true);
    for (word, said) in [
        ("zebra", "no signature is named `zebra`; the library has "),
        ("questin", "did you mean `question`?"),
        ("question, answer", "there is no `->`"),
    ] {
        let output = run(&["signature", word]);
        assert!(output.status.code() == Some(1) && err(&output).contains(said), "{word}: {}", err(&output));
    }
}

#[test]
fn words_without_quotes_are_answered_with_the_quotes_they_need() {
    for words in [&["ask", "What", "is", "DSPy?"][..], &["ask", "x", "-s", "question", "-", "int"]] {
        let output = run(words);
        assert_eq!(output.status.code(), Some(1), "{words:?}");
        assert!(err(&output).contains("need quotes"), "{words:?}: {}", err(&output));
    }
    let two = run(&["ask", "19", "23", "-s", "a: int, b: int -> total: int"]);
    assert_eq!(two.status.code(), Some(0), "{}", err(&two));
}

#[test]
fn a_mistyped_input_is_not_sent_as_a_text() {
    for word in ["qestion=What is DSPy?", "Question=What is DSPy?"] {
        let output = run(&["ask", word]);
        assert_eq!(output.status.code(), Some(1), "{word}");
        assert!(err(&output).contains("did you mean `question=…`?"), "{}", err(&output));
    }
    for word in ["x=3; what is x + 4?", "a = b", "is question = answer?", "question=qestion=x"] {
        assert_eq!(run(&["ask", word]).status.code(), Some(0), "{word}");
    }
}

#[test]
fn a_server_without_a_model_is_answered_with_the_command_that_lists_its_models() {
    let url = "http://localhost:9/v1";
    let output = run(&["ask", "x", "--base-url", url]);
    assert!(
        err(&output).contains("`switchover models --base-url http://localhost:9/v1` lists them"),
        "{}",
        err(&output)
    );
    let advice = "nothing listens at http://localhost:9; is the server running?";
    for args in [&["models"][..], &["key"], &["doctor"]] {
        let output = run(&[args, &["--base-url", url]].concat());
        let text = out(&output) + &err(&output);
        assert!(output.status.code() == Some(1) && text.contains(advice), "{args:?}: {text}");
    }
}

#[test]
fn plain_mode_says_what_was_meant() {
    let mut plain = switchover(&["plain"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let script = "/hepl\n/zzz\n/break 503 openai/gpt-4o-mni\n/break 503 anthropic/claude-3-haiku\n/quit\n";
    plain.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    let text = out(&plain.wait_with_output().unwrap());
    for part in [
        "there is no command /hepl; did you mean /help?",
        "there is no command /zzz; /help lists them",
        "the chain has no model `openai/gpt-4o-mni`; did you mean `openai/gpt-4o-mini`?",
        "anthropic/claude-3-haiku now fails: 503.",
    ] {
        assert!(text.contains(part), "no {part:?} in\n{text}");
    }
}
