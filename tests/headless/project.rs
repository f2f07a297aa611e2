//! The project's file, `switchover.toml`.

use super::foreign::{Folder, KEY, OTHER, env_key};
use super::*;
use serde_json::Value;
use std::fs;

impl Folder {
    /// A setting's value and the place that set it.
    fn setting(&self, name: &str, args: &[&str]) -> (Value, String) {
        // The tests' own setting of the history would hide a file's.
        let output = self.run(&[&["config", "--json"], args].concat(), &[("SWITCHOVER_HISTORY", "")]);
        assert_eq!(output.status.code(), Some(0), "{}", err(&output));
        let all: Value = serde_json::from_str(&out(&output)).unwrap();
        (all[name]["value"].clone(), all[name]["origin"].as_str().unwrap_or_default().to_owned())
    }

    /// What a command that must fail says.
    fn refusal(&self, args: &[&str]) -> String {
        let output = self.run(args, &[]);
        assert_eq!(output.status.code(), Some(1), "{}", out(&output));
        err(&output)
    }

    /// The chain of a run.
    fn asked(&self, args: &[&str]) -> String {
        let output = self.run(&[&["ask", "x", "--json", "--set", "simulator.pace=0"], args].concat(), &[]);
        let begun = out(&output).lines().next().map(|line| serde_json::from_str::<Value>(line).unwrap()).unwrap();
        begun["chain"]
            .as_array()
            .unwrap()
            .iter()
            .map(|route| route["model"].as_str().unwrap())
            .collect::<Vec<_>>()
            .join(" ")
    }
}

#[test]
fn a_projects_file_is_found_up_to_the_root_of_its_repository() {
    let folder = Folder::new("project-found");
    folder.file("switchover.toml", "adapter = \"xml\"\n");
    assert!(folder.setting("adapter", &[]).1.ends_with("switchover.toml"));
    fs::create_dir(folder.cwd.join(".git")).unwrap();
    let below = folder.below("src/deep");
    assert_eq!(below.setting("adapter", &[]).0, "xml");
    fs::create_dir(below.cwd.join(".git")).unwrap();
    assert_eq!(below.setting("adapter", &[]).0, "chat", "another repository inside of it");
    below.file("switchover.toml", "adapter = \"json\"\n");
    assert_eq!(below.setting("adapter", &[]).0, "json");
}

#[test]
fn what_is_nearer_to_the_work_counts_more() {
    let folder = Folder::new("project-layers");
    folder.config("adapter = \"xml\"\nmodule = \"predict\"\n[chains]\nmine = [\"m/1\"]\nboth = [\"m/2\"]\n");
    folder.own("SWITCHOVER_TITLE=Own\nSWITCHOVER_REASONING=native\n");
    folder.file(
        "switchover.toml",
        "adapter = \"json\"\nreasoning = \"text\"\n[attribution]\ntitle = \"Project\"\n[chains]\nboth = [\"p/2\"]\n",
    );
    folder.file(".env", "SWITCHOVER_TITLE=Here\n");
    for (name, value, place) in [
        ("adapter", "json", "switchover.toml"),
        ("module", "predict", "config.toml"),
        ("reasoning", "text", "switchover.toml"),
        ("attribution.title", "Here", ".env"),
    ] {
        let (found, origin) = folder.setting(name, &[]);
        assert!(found == value && origin.ends_with(place), "{name}: {found} from {origin}");
    }
    assert_eq!(folder.setting("chains", &[]).0, serde_json::json!({"mine": ["m/1"], "both": ["p/2"]}));
}

#[test]
fn the_name_of_a_chain_stands_for_its_models() {
    let folder = Folder::new("project-chains");
    folder.file(
        "switchover.toml",
        "models = [\"cheap\", \"c/3\"]\n[chains]\ncheap = [\"a/1\", \"b/2\"]\nother = [\"b/2\", \"d/4\"]\n",
    );
    for (args, chain) in [
        (&[][..], "a/1 b/2 c/3"),
        (&["-m", "other"], "b/2 d/4"),
        (&["-m", "cheap", "-m", "other"], "a/1 b/2 d/4"),
        (&["-m", "x/9", "-m", "cheap"], "x/9 a/1 b/2"),
        (&["-m", "cheaper"], "cheaper"),
        (&["-m", "new", "--set", "chains.new=e/5, f/6"], "e/5 f/6"),
    ] {
        assert_eq!(folder.asked(args), chain, "{args:?}");
    }
    for (chains, why) in [
        ("a = []", "chains.a: expected at least one model"),
        ("a = [\"\"]", "chains.a: expected at least one model"),
        ("\"x/y\" = [\"a/1\"]", "chains.x/y: a chain's name is a word without"),
        ("switchover = [\"a/1\"]", "chains.switchover: a chain's name"),
        ("a = \"a/1\"", "expected a table of lists"),
        ("a = [1]", "expected a table of lists"),
    ] {
        folder.file("switchover.toml", format!("[chains]\n{chains}\n"));
        let refusal = folder.refusal(&["ask", "x"]);
        assert!(refusal.contains(why), "{chains}: {refusal}");
    }
}

#[test]
fn a_projects_file_chooses_no_server_for_a_key_that_is_not_its_own() {
    let folder = Folder::new("project-server");
    fs::create_dir(folder.cwd.join(".git")).unwrap();
    folder.file(
        "switchover.toml",
        format!("base_url = \"{OTHER}\"\n[headers]\nX-Theirs = \"1\"\n[gateway]\nhosts = [\"evil.example\"]\n"),
    );
    let below = folder.below("src");
    for place in [&folder, &below] {
        let text = place.request(&env_key());
        assert!(!text.contains(&format!("POST {OTHER}")) && !text.to_lowercase().contains("x-theirs: "), "{text}");
        assert!(text.contains("base_url is ignored") && text.contains("gateway.hosts is ignored"), "{text}");
    }
    let allowed = below.run(&["trust"], &[]);
    assert!(out(&allowed).contains(OTHER), "{}", out(&allowed));
    for place in [&folder, &below] {
        let text = place.request(&env_key());
        assert!(text.contains(&format!("POST {OTHER}")) && !text.contains("ignored"), "{text}");
    }
    folder.file("switchover.toml", "base_url = \"http://127.0.0.1:7/v1\"\n");
    let text = folder.request(&env_key());
    assert!(text.contains("base_url is ignored"), "another server is asked about again: {text}");
    folder.file(".env", format!("OPENROUTER_API_KEY={KEY}\n"));
    let text = folder.request(&[]);
    assert!(text.contains("POST http://127.0.0.1:7/"), "the project brings its own key: {text}");
}

#[test]
fn a_projects_file_holds_no_key_and_deletes_no_runs() {
    let folder = Folder::new("project-key");
    folder.file("switchover.toml", format!("models = [\"a/1\"]\n[headers]\nAuthorization = \"Bearer {KEY}\"\n"));
    let refusal = folder.refusal(&["config"]);
    assert!(
        refusal.contains("line 3") && refusal.contains("OPENROUTER_API_KEY") && !refusal.contains(KEY),
        "{refusal}"
    );
    folder.file("switchover.toml", "api_key = \"x\"\n");
    assert!(folder.refusal(&["config"]).contains("belongs in the environment"));
    folder.file("switchover.toml", "[history]\nkeep = \"1 day\"\n");
    let output = folder.run(&["config"], &[("SWITCHOVER_HISTORY", "")]);
    assert!(out(&output).contains("history.keep is ignored"), "{}", out(&output));
    folder.file("switchover.toml", "[history]\nkeep = \"nothing\"\n");
    assert_eq!(folder.setting("history.keep", &[]).0, "nothing");
}

#[test]
fn a_project_has_signatures_of_its_own() {
    let folder = Folder::new("project-signatures");
    folder
        .file("switchover.toml", "[signatures]\ntone = \"letter -> tone\"\nquestion = \"q -> a\"\nbroken = \"a b\"\n");
    fs::create_dir(folder.cwd.join("signatures")).unwrap();
    folder.file("signatures/x.toml", "[[signature]]\nname = \"big\"\ninline = \"x -> y\"\ninstructions = \"Do.\"\n");
    for (name, words) in [("tone", "letter"), ("question", "`q`"), ("big", "Do.")] {
        let output = folder.run(&["prompt", "-s", name, "v"], &[]);
        assert!(out(&output).contains(words), "{name}: {}{}", out(&output), err(&output));
        assert!(err(&output).contains("signatures.broken"), "{}", err(&output));
    }
}

#[test]
fn init_writes_a_file_that_works_and_replaces_none() {
    let folder = Folder::new("project-init");
    assert_eq!(folder.run(&["init"], &[]).status.code(), Some(0));
    assert_eq!(folder.asked(&[]), "openai/gpt-4o-mini anthropic/claude-3-haiku google/gemini-2.5-flash");
    assert_eq!(folder.asked(&["-s", "sentiment", "-m", "cheap"]), "google/gemini-2.5-flash openai/gpt-4o-mini");
    assert_eq!(folder.setting("request", &[]).0, serde_json::json!({"temperature": 0.2}));
    folder.file("switchover.toml", "adapter = \"xml\"\n");
    assert!(folder.refusal(&["init"]).contains("is not replaced"));
    assert_eq!(folder.setting("adapter", &[]).0, "xml");
}
