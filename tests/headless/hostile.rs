//! Files that somebody else may have written: stored runs, signatures, saved programs.

use super::kept::Home;
use super::*;
use std::fs;

/// What breaks out of a quote, a comment, a line or a name, in some target language.
const HOSTILE: [&str; 9] = [
    "a=1)\n    __import__(\"os\").system(\"touch broken\")",
    "z\ntouch broken #",
    "z\rtouch broken #",
    "z\u{2028}touch broken #",
    "' ; touch broken ; '",
    "\" ; touch broken ; \"",
    "$(touch broken)`touch broken`",
    "os.environ/HOME",
    "\u{1b}]0;title\u{7}\u{1b}[2Jx",
];

/// A stored run with hostile texts: all values of one run, the names of fields in the next, of headers in the third.
fn poisoned(run: &str) -> Vec<String> {
    const HONEST: [&[&str]; 3] =
        [&[PRIMARY, BACKUP, "a/5", "What is DSPy?", "Switchover"], &["question", "answer"], &["x-title"]];
    let replace = |hostile: &str, honest: &[&str]| {
        let hostile = serde_json::to_string(hostile).unwrap();
        honest.iter().fold(run.to_owned(), |run, honest| run.replace(&format!("\"{honest}\""), &hostile))
    };
    HOSTILE.iter().flat_map(|hostile| HONEST.map(|honest| replace(hostile, honest))).collect()
}

#[test]
fn exports_of_a_hostile_run_hold_no_foreign_code() {
    let home = Home::new("hostile-exports");
    let models: Vec<&str> =
        [PRIMARY, BACKUP, "a/3", "a/4", "a/5"].into_iter().flat_map(|model| ["-m", model]).collect();
    let run = out(&home.run(&[&["ask", "What is DSPy?", "--json"][..], &models].concat()));
    let folder = home.path("");
    // Sends the request back, which has all that the command expects in the answer.
    let fake = "#!/bin/sh\nprintf '%s\\n' \"$@\" '\"finish_reason\":\"stop\"'\n";
    home.write("curl", fake);
    assert!(Command::new("chmod").args(["+x", "curl"]).current_dir(&folder).status().unwrap().success());
    let check = "import ast, sys\ntree = ast.parse(sys.stdin.read())\nnames = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}\nassert '__import__' not in names and 'touch' not in names, names\n";
    let python = Command::new("python3").arg("--version").output().is_ok();
    for run in poisoned(&run) {
        home.write("evil.jsonl", &run);
        for target in ["python", "litellm-router", "openai", "curl", "litellm-proxy"] {
            let text = out(&home.run(&["export", "--to", target, "--run", "evil.jsonl"]));
            assert!(!text.contains(['\u{1b}', '\r']), "{text:?}");
            let is_comment = |line: &&str| line.trim_start().starts_with('#');
            assert!(!text.lines().filter(|line| !is_comment(line)).any(|line| line.starts_with("touch")), "{text}");
            assert!(target != "litellm-proxy" || !text.contains("os.environ/HOME"), "{text}");
            let mut checker = match target {
                "curl" => Command::new("/bin/sh"),
                "litellm-proxy" => continue,
                _ if !python => continue,
                _ => Command::new("python3"),
            };
            if target != "curl" {
                checker.args(["-c", check]);
            }
            checker.env("PATH", format!("{}:/usr/bin:/bin", folder.display())).current_dir(&folder);
            let mut child = checker.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
            child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success(), "{target}: {}\n{text}", err(&output));
        }
    }
    assert!(!folder.join("broken").exists(), "foreign code ran");
}

#[test]
fn a_hostile_run_shows_no_escape_sequence() {
    let home = Home::new("hostile-runs");
    let run = out(&home.run(&["ask", "What is DSPy?", "--json"]));
    for run in poisoned(&run) {
        home.write("evil.jsonl", &run);
        for args in [&["replay", "evil.jsonl", "--pace", "0"][..], &["replay", "evil.jsonl", "--pace", "0", "--json"]] {
            let output = home.run(args);
            let text = out(&output) + &err(&output);
            assert!(!text.contains('\u{1b}') && !text.contains("\\u001b"), "{text:?}");
        }
    }
    let model = ["ask", "x", "-m", "a\u{1b}[2Jb", "--fault", "ab=404"];
    let output = home.run(&model);
    assert!(!(out(&output) + &err(&output)).contains('\u{1b}'), "{}", err(&output));
    let output = home.command(&["ask", "x"]).env("SWITCHOVER_DEADLINE", "x\u{1b}[2J").output().unwrap();
    assert!(err(&output).contains("failover.deadline") && !err(&output).contains('\u{1b}'), "{}", err(&output));
}

/// A saved program with one predictor for each path.
fn program(paths: &[&str]) -> String {
    let state = r#"{"demos": [], "signature": {"instructions": "Given the fields `a`, produce the fields `b`.", "fields": [{"prefix": "A:", "description": "${a}"}, {"prefix": "B:", "description": "${b}"}]}, "lm": null}"#;
    let states: Vec<String> = paths.iter().map(|path| format!("\"{path}\": {state}")).collect();
    format!("{{{}}}", states.join(", "))
}

#[test]
fn an_import_replaces_nothing_unasked_and_gives_each_predictor_its_own_file() {
    let home = Home::new("imports");
    home.write("p.json", &program(&["a.b", "a_b", "a b"]));
    let imported = home.run(&["import", "p.json"]);
    assert_eq!(imported.status.code(), Some(0), "{}", err(&imported));
    let files = fs::read_dir(home.path("config/switchover/signatures")).unwrap();
    let paths: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    assert_eq!(paths.len(), 3, "{paths:?}");
    #[cfg(unix)]
    for path in &paths {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600, "{}", path.display());
    }
    for name in ["a.b", "a_b", "a b"] {
        assert_eq!(home.run(&["prompt", "-s", name, "x"]).status.code(), Some(0), "{name}");
    }
    let again = home.run(&["import", "p.json"]);
    assert_eq!(again.status.code(), Some(1));
    assert!(err(&again).contains("--force"), "{}", err(&again));
    assert_eq!(home.run(&["import", "p.json", "--force"]).status.code(), Some(0));
    assert_eq!(fs::read_dir(home.path("config/switchover/signatures")).unwrap().count(), 3);
    let mine = home.run(&["import", "p.json", "--force", "--signature", "a: int -> b: list[float]"]);
    assert!(out(&mine).contains("a_b: a: int -> b: list[float]"), "{}", out(&mine) + &err(&mine));
    let other = home.run(&["import", "p.json", "--force", "--signature", "a, b -> c"]);
    assert!(other.status.code() == Some(1) && err(&other).contains("does not fit"), "{}", err(&other));
    home.write("question.json", &program(&["self"]));
    assert!(err(&home.run(&["import", "question.json"])).contains("built-in"));
    assert_eq!(home.run(&["import", "question.json", "--name", "mine"]).status.code(), Some(0));
}

#[test]
fn python_source_is_imported_and_used_by_name() {
    let home = Home::new("python");
    let source = "import dspy\n\nclass Sum(dspy.Signature):\n    \"\"\"Add.\"\"\"\n    a: int = dspy.InputField(desc='one')\n    photo: dspy.Image = dspy.InputField()\n    total: int = dspy.OutputField(ge=0)\n";
    home.write("sums.py", source);
    let imported = home.run(&["import", "sums.py"]);
    assert_eq!(imported.status.code(), Some(0), "{}", err(&imported));
    assert!(out(&imported).starts_with("Sum: a: int -> total: int "), "{}", out(&imported));
    assert!(err(&imported).contains("line 6: Sum.photo is left out"), "{}", err(&imported));
    let prompt = out(&home.run(&["prompt", "-s", "Sum", "3"]));
    assert!(
        prompt.contains("Add.") && prompt.contains("one") && prompt.contains("greater than or equal to: 0"),
        "{prompt}"
    );
    let again = home.run(&["import", "sums.py"]);
    assert!(again.status.code() == Some(1) && err(&again).contains("--force"), "{}", err(&again));
    assert!(out(&home.run(&["import", "sums.py", "--name", "mine"])).starts_with("mine: "));
    let two = format!("{source}qa = dspy.Predict('q -> a')\n");
    home.write("two.py", &two);
    let named = home.run(&["import", "two.py", "--name", "x", "--force"]);
    assert!(named.status.code() == Some(1) && err(&named).contains("2 signatures"), "{}", err(&named));
    let shown = home.run(&["signature", &two]);
    assert!(shown.status.code() == Some(0) && out(&shown).contains("qa  predict"), "{}", out(&shown));
    assert_eq!(home.run(&["prompt", "--signature", source, "3"]).status.code(), Some(0));
    let many = home.run(&["prompt", "--signature", &two, "3"]);
    assert!(many.status.code() == Some(1) && err(&many).contains("2 signatures"), "{}", err(&many));
}

#[test]
fn a_file_that_cannot_be_read_costs_only_itself() {
    let home = Home::new("odd-files");
    home.run(&["ask", "What is DSPy?"]);
    let config = home.path("config/switchover");
    fs::create_dir_all(config.join("signatures/folder.toml")).unwrap();
    fs::write(config.join("signatures/latin.toml"), b"# \xe9\n").unwrap();
    fs::write(config.join("signatures/good.toml"), "[[signature]]\nname = \"good\"\ninline = \"a -> b\"\n").unwrap();
    let history = home.path("data/switchover/history");
    fs::create_dir_all(history.join("2020-01-01.jsonl")).unwrap();
    fs::write(history.join("2020-01-02.jsonl"), b"\xff\n{}\n").unwrap();
    #[cfg(unix)]
    for pipe in [
        config.join("signatures/pipe.toml"),
        history.join("2030-01-01.jsonl"),
        home.path("cache/switchover/models.json"),
    ] {
        fs::create_dir_all(pipe.parent().unwrap()).unwrap();
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    }
    let good = home.run(&["prompt", "-s", "good", "x"]);
    assert_eq!(good.status.code(), Some(0), "{}", err(&good));
    for name in ["folder.toml", "latin.toml"] {
        assert!(err(&good).contains(name), "{}", err(&good));
    }
    let listed = home.run(&["history"]);
    assert!(out(&listed).contains("What is DSPy?"), "{} {}", out(&listed), err(&listed));
    assert_eq!(home.run(&["ask", "x", "-s", "good"]).status.code(), Some(0));
}
