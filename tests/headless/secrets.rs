//! No output shows the value of an extra header, unless the user made it public.

use super::*;
use crate::kept::Home;

const SECRET: &str = "hunter2-hunter2-hunter2";
const PUBLIC: &str = "blue-team-of-the-house";

/// A home with a long secret header, a short secret header and a public one.
fn home(name: &str) -> Home {
    let home = Home::new(name);
    home.write(
        "config/switchover/config.toml",
        &format!(
            "public_headers = [\"x-team\"]\n[headers]\nX-Note = \"{SECRET}\"\nX-Pin = \"4711-17\"\nX-Team = \"{PUBLIC}\"\n"
        ),
    );
    home
}

fn assert_masked(text: &str, what: &str) {
    assert!(!text.contains("hunter2-") && !text.contains("4711-17"), "{what} shows a secret header: {text}");
}

#[test]
fn every_output_masks_the_values_of_extra_headers() {
    let home = home("secret-headers");
    let asked = ["ask", "What is 6 * 7?", "--fault", "openai/gpt-4o-mini=503"];
    for (what, args, has_headers) in [
        ("ask", &[&asked[..], &["-v"]].concat()[..], true),
        ("--json", &[&asked[..], &["--json"]].concat(), true),
        ("--dry-run", &[&asked[..2], &["--dry-run"]].concat(), true),
        ("--dry-run --json", &[&asked[..2], &["--dry-run", "--json"]].concat(), true),
        ("the demonstration", &[], true),
        ("config", &["config"], true),
        ("config --json", &["config", "--json"], true),
        ("doctor", &["doctor", "--offline"], false),
        ("doctor --report", &["doctor", "--report", "--offline"], false),
        ("history show", &["history", "show", "last"], true),
        ("history show --json", &["history", "show", "last", "--json"], true),
        ("replay", &["replay", "last", "--pace", "0", "--json"], true),
        ("scenarios", &["scenarios", "headers", "--json"], false),
    ] {
        let output = home.run(args);
        let text = out(&output) + &err(&output);
        assert_eq!(output.status.code(), Some(0), "{what}: {text}");
        assert_masked(&text, what);
        assert_eq!(text.contains(PUBLIC), has_headers, "{what}: the public header: {text}");
    }
    assert_masked(&home.stored(), "the history");
    assert_masked(&String::from_utf8_lossy(&home.bytes()), "the database");
}

#[test]
fn exports_read_secret_headers_from_the_environment() {
    let home = home("secret-exports");
    home.run(&["ask", "What is 6 * 7?"]);
    for target in ["python", "litellm-router", "litellm-proxy", "curl", "openai"] {
        for args in [&["export", "--to", target][..], &["export", "--to", target, "--run", "last"]] {
            let text = out(&home.run(args));
            assert_masked(&text, target);
            for part in ["SWITCHOVER_HEADER_X_NOTE", "SWITCHOVER_HEADER_X_PIN", PUBLIC] {
                assert!(text.contains(part), "{args:?} without {part}: {text}");
            }
            let comment = text.lines().find(|line| line.starts_with("# Set SWITCHOVER_HEADER_X_NOTE"));
            assert!(comment.is_some(), "{args:?} does not say which variable to set: {text}");
        }
    }
}

#[test]
fn a_run_of_an_earlier_version_is_masked_when_it_is_read() {
    let home = home("secret-earlier");
    let run = out(&home.run(&["ask", "What is 6 * 7?", "--json"]));
    let mask = r#"{"name":"x-note","value":"…ter2","secret":true}"#;
    assert!(run.contains(mask), "{run}");
    home.write("earlier.jsonl", &run.replace(mask, &format!(r#"{{"name":"x-note","value":"{SECRET}"}}"#)));
    for args in [
        &["replay", "earlier.jsonl", "--pace", "0", "--json"][..],
        &["export", "--to", "curl", "--run", "earlier.jsonl"],
    ] {
        let output = home.run(args);
        let text = out(&output) + &err(&output);
        assert!(text.contains("x-note"), "{args:?}: {text}");
        assert_masked(&text, "an earlier run");
    }
}

#[test]
fn public_headers_can_be_set_in_every_source() {
    let home = Home::new("public-headers");
    let shown = |args: &[&str], env: &[(&str, &str)]| {
        let mut command = home.command(args);
        out(&command.envs(env.iter().copied()).output().unwrap())
    };
    let header = ["config", "--set", "headers.X-Team=blue-team-of-the-house"];
    assert!(!shown(&header, &[]).contains(PUBLIC));
    assert!(shown(&header, &[("SWITCHOVER_PUBLIC_HEADERS", "X-Other, x-team")]).contains(PUBLIC));
    assert!(shown(&[&header[..], &["--set", "public_headers=X-Team"]].concat(), &[]).contains(PUBLIC));
}

#[test]
fn a_key_in_the_question_is_warned_about_and_masked_in_what_is_kept() {
    const KEY: &str = "sk-or-v1-0a1B2c3d4e5f60718293a4b5c6d7e8f9";
    let home = Home::new("secret-typed");
    let server = ["--base-url", "http://127.0.0.1:1/v1", "-m", "a/b", "--json"];
    for typed in [
        &["ask", "is sk-or-v1-0a1B2c3d4e5f60718293a4b5c6d7e8f9 valid?"][..],
        &["ask", "x", "--set", "request.extra_body.user=sk-or-v1-0a1B2c3d4e5f60718293a4b5c6d7e8f9"],
    ] {
        let output = home.command(&[typed, &server].concat()).env("OPENROUTER_API_KEY", KEY).output().unwrap();
        assert!(err(&output).contains("contains your API key"), "{}", err(&output));
        for (what, text) in [("the output", out(&output) + &err(&output)), ("the history", home.stored())] {
            assert!(text.contains("***") && !text.contains("0a1B2c3d"), "{what}: {text}");
        }
        assert!(memchr::memmem::find(&home.bytes(), b"0a1B2c3d").is_none(), "the database");
        assert!(out(&home.run(&["history", "search", "0a1B2c3d"])).contains("no matching run"));
    }
    // A short key is a placeholder and a word in honest questions.
    let question = ["ask", "what is ollama?"];
    let output = home.command(&[&question[..], &server].concat()).env("OPENROUTER_API_KEY", "ollama").output().unwrap();
    assert!(!err(&output).contains("contains your API key") && out(&output).contains("what is ollama?"));
}
