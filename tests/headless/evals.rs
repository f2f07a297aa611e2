//! `eval`: what is checked before anything is sent, what is printed, and exit codes.

use super::foreign::Folder;
use super::*;

const SIGNATURE: &str = "question -> answer: int";
const RIGHT: &str =
    "{\"question\": \"What is 2 + 3?\", \"answer\": 5}\n{\"question\": \"What is 4 + 4?\", \"answer\": 8}\n";

impl Folder {
    fn eval(&self, args: &[&str]) -> Output {
        self.run(&[&["eval", "cases.jsonl", "-s", SIGNATURE], args].concat(), &[])
    }
}

/// A folder with these cases.
fn with(name: &str, cases: &str) -> Folder {
    let folder = Folder::new(&format!("eval-{name}"));
    folder.file("cases.jsonl", cases);
    folder
}

/// JSON lines without what depends on time.
fn timeless(output: &Output) -> Vec<Value> {
    let mut lines = events(output);
    for line in &mut lines {
        let fields = line.as_object_mut().unwrap();
        fields.retain(|name, _| name != "run" && !name.ends_with("_ms"));
    }
    lines
}

#[test]
fn the_lines_of_an_evaluation_have_the_documented_fields() {
    let folder = with("lines", RIGHT);
    let output = folder.eval(&[
        "--json",
        "-m",
        "openai/gpt-4o-mini",
        "--against",
        "google/gemini-2.5-flash",
        "--faults",
        "none",
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    let lines = events(&output);
    assert_eq!((of(&lines, "scored").len(), of(&lines, "evaluated").len(), of(&lines, "compared").len()), (4, 2, 1));
    for name in [
        "case",
        "variant",
        "faults",
        "repeat",
        "run",
        "model",
        "score",
        "scores",
        "valid",
        "attempts",
        "took_ms",
        "first_token_ms",
        "cost",
    ] {
        assert!(of(&lines, "scored")[0].get(name).is_some(), "scored has {name}");
    }
    for name in [
        "variant",
        "faults",
        "n",
        "valid",
        "score",
        "low",
        "high",
        "p50_ms",
        "p95_ms",
        "attempts",
        "cost",
        "cost_per_right",
        "answered_by",
    ] {
        assert!(of(&lines, "evaluated")[0].get(name).is_some(), "evaluated has {name}");
    }
    let order: Vec<(&str, &str)> =
        of(&lines, "scored").iter().map(|it| (it["case"].as_str().unwrap(), it["variant"].as_str().unwrap())).collect();
    let (first, second) = ("openai/gpt-4o-mini", "google/gemini-2.5-flash");
    assert_eq!(order, [("1", first), ("1", second), ("2", first), ("2", second)]);
}

#[test]
fn the_same_seed_gives_the_same_lines_but_for_times() {
    let folder = with("seed", RIGHT);
    let args =
        ["--json", "-m", "openai/gpt-4o-mini", "--faults", "openai/gpt-4o-mini=empty@p=0.6,seed=3", "--repeat", "4"];
    let lines = timeless(&folder.eval(&args));
    assert_eq!(timeless(&folder.eval(&args)), lines);
    assert_ne!(timeless(&folder.eval(&[&args[..], &["--seed", "5"]].concat())), lines);
}

#[test]
fn an_evaluation_that_was_stopped_goes_on() {
    let folder = with("resume", RIGHT);
    let keep = [("SWITCHOVER_HISTORY", "everything")];
    let run = |args: &[&str]| {
        folder.run(&[&["eval", "cases.jsonl", "-s", SIGNATURE, "--json", "--repeat", "3"], args].concat(), &keep)
    };
    let whole = run(&[]);
    let folder_of_cells = folder.home.join(".local/share/switchover/evaluations");
    let file = std::fs::read_dir(&folder_of_cells).unwrap().next().unwrap().unwrap().path();
    let text = std::fs::read_to_string(&file).unwrap();
    // Killed while the fourth line was written.
    let torn: usize = text.lines().take(3).map(|line| line.len() + 1).sum::<usize>() + 20;
    std::fs::write(&file, &text[..torn]).unwrap();
    let resumed = run(&["--resume"]);
    assert!(err(&resumed).contains("3 of 6 runs are finished already"), "{}", err(&resumed));
    assert_eq!(timeless(&resumed), timeless(&whole));
    let again = run(&["--resume"]);
    assert!(err(&again).contains("6 of 6 runs are finished already"), "{}", err(&again));
    assert_eq!(events(&again), events(&resumed), "nothing is asked again");
    let first = of(&events(&again), "scored")[0]["run"].to_string();
    folder.run(&["history", "forget", &first], &keep);
    let kept = std::fs::read_to_string(&file).unwrap();
    assert!(!kept.contains(&first) && kept.lines().count() == 5, "a forgotten run is kept nowhere: {kept}");
    folder.run(&["history", "forget", "--before", "2100-01-01"], &keep);
    assert!(!file.exists());
    let fresh = run(&[]);
    assert!(!err(&fresh).contains("finished already"));
    let nothing = folder.eval(&["--resume"]);
    assert!(nothing.status.code() == Some(1) && err(&nothing).contains("nothing is kept"), "{}", err(&nothing));
}

#[test]
fn exit_codes_say_what_an_evaluation_found() {
    let wrong = RIGHT.replace('8', "9");
    for (name, cases, args, code) in [
        ("good", RIGHT, &[][..], 0),
        ("reached", RIGHT, &["--min-score", "1"], 0),
        ("half", &wrong, &["--min-score", "0.5"], 0),
        ("below", &wrong, &["--min-score", "0.6"], 4),
        (
            "under-faults",
            RIGHT,
            &[
                "--faults",
                "none",
                "--faults",
                "openai/gpt-4o-mini=401",
                "-m",
                "openai/gpt-4o-mini",
                "--min-score",
                "0.9",
            ],
            4,
        ),
        ("dead", RIGHT, &["-m", "openai/gpt-4o-mini", "--fault", "openai/gpt-4o-mini=404"], 2),
        (
            "dead-below",
            RIGHT,
            &["-m", "openai/gpt-4o-mini", "--fault", "openai/gpt-4o-mini=404", "--min-score", "0.1"],
            4,
        ),
        ("budget", RIGHT, &["--max-cost", "0.0000001"], 3),
        ("metric-fails", RIGHT, &["--metric", "answer=cmd:exit 3"], 1),
    ] {
        let output = with(&format!("exit-{name}"), cases).eval(args);
        assert_eq!(output.status.code(), Some(code), "{name}: {}{}", out(&output), err(&output));
    }
}

#[test]
fn what_is_wrong_is_said_before_anything_is_sent() {
    for (name, cases, args, why) in [
        (
            "row",
            "{\"question\": \"q\", \"answer\": \"x\"}\n",
            &[][..],
            "cases.jsonl, line 1, column 19: answer: expected int",
        ),
        ("nothing", "{\"question\": \"q\"}\n", &[], "nothing can be scored: no case has an expected value of answer"),
        (
            "one-without",
            "{\"question\": \"q\", \"answer\": 1}\n{\"question\": \"r\"}\n",
            &[],
            "case 2 has no expected value of answer",
        ),
        ("metric", RIGHT, &["--metric", "answer=same"], "unknown metric `same`"),
        ("output", RIGHT, &["--metric", "anser=exact"], "the signature has no such output; it has answer"),
        ("plan", RIGHT, &["--faults", "stormy"], "expected `none`, a plan of eval.faults, or MODEL=FAULT"),
        ("fault", RIGHT, &["--faults", "openai/gpt-4o-mini=5033"], "5033"),
        ("vary", RIGHT, &["--vary", "module"], "expected KEY=VALUE"),
        ("module", RIGHT, &["--vary", "module=guess"], "guess"),
        ("key", RIGHT, &["--vary", "moduel=predict"], "did you mean `module`"),
        ("twice", RIGHT, &["--against", "openai/gpt-4o-mini", "-m", "openai/gpt-4o-mini"], "two variants are the same"),
        ("split", RIGHT, &["--split", "dev"], "no case is left with --split dev; no case has one"),
        (
            "tag",
            "{\"question\": \"q\", \"answer\": 1, \"tags\": [\"b\", \"a\"]}",
            &["--tag", "c"],
            "no case is left with --tag c; there are a, b",
        ),
        ("limit", RIGHT, &["--limit", "0"], "--limit 0: no case is left"),
        ("price", RIGHT, &["-m", "nobody/knows", "--max-cost", "1"], "is not known"),
        ("judge", RIGHT, &["--metric", "answer=judge:nobody"], "judge of `answer`"),
        (
            "judge-inputs",
            RIGHT,
            &["--metric", "answer=judge:question", "--set", "signatures.question=thing -> good: bool"],
            "the judge's input `thing`",
        ),
        ("both", RIGHT, &["--faults", "none", "--fault", "openai/gpt-4o-mini=503"], "use --faults for the faults too"),
    ] {
        let output = with(&format!("wrong-{name}"), cases).eval(args);
        assert_eq!(output.status.code(), Some(1), "{name}: {}", out(&output));
        assert!(err(&output).contains(why) && out(&output).is_empty(), "{name}: {}{}", out(&output), err(&output));
    }
    let output = Folder::new("eval-no-file").run(&["eval", "-s", SIGNATURE], &[]);
    assert!(err(&output).contains("which cases?"), "{}", err(&output));
    let output = Folder::new("eval-lost-file").run(&["eval", "lost.csv", "-s", SIGNATURE], &[]);
    assert!(err(&output).contains("lost.csv"), "{}", err(&output));
}

#[test]
fn a_program_and_a_judge_score_answers() {
    let folder = with("metrics", RIGHT);
    folder.file("metric.sh", "grep -q '\"answer\":5' && echo 1 || echo 0.25\n");
    let output = folder.eval(&["--json", "--metric", "answer=cmd:sh metric.sh"]);
    let scores: Vec<Value> = of(&events(&output), "scored").iter().map(|line| line["score"].clone()).collect();
    assert_eq!(scores, [1.0, 0.25], "{}", err(&output));
    let judge = "signatures.strict=question, prediction: int, expected: int -> right: bool";
    let output = folder.eval(&["--json", "--metric", "answer=judge:strict", "--set", judge]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    let row = of(&events(&output), "evaluated")[0].clone();
    assert!(row["judge_cost"].as_f64().unwrap() > 0.0 && row["score"].is_number(), "{row}");
}

#[test]
fn a_project_names_its_cases_metrics_and_fault_plans() {
    let folder = Folder::new("eval-project");
    std::fs::create_dir_all(folder.cwd.join(".git")).unwrap();
    std::fs::create_dir_all(folder.cwd.join("data")).unwrap();
    folder.file("data/cases.csv", "question,answer\nWhat is 2 + 3?,5\n");
    folder.file(
        "switchover.toml",
        format!(
            "signature = \"{SIGNATURE}\"\nmodels = [\"openai/gpt-4o-mini\", \"anthropic/claude-3-haiku\"]\n\
             [eval]\ncases = \"data/cases.csv\"\nrepeat = 2\n[eval.metrics]\nanswer = \"number:1\"\n\
             [eval.faults]\nstorm = [\"openai/gpt-4o-mini=404\", \"anthropic/claude-3-haiku=empty@once\"]\n"
        ),
    );
    let output = folder.below("src").run(&["eval", "--faults", "storm", "--json"], &[]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    let rows = events(&output);
    let row = of(&rows, "evaluated")[0];
    assert_eq!(
        (&row["faults"], &row["n"], row["answered_by"]["anthropic/claude-3-haiku"].as_u64()),
        (&"storm".into(), &2.into(), Some(2))
    );
    assert!(err(&output).contains("score: answer by number:1"), "{}", err(&output));
}

#[test]
fn a_program_of_somebody_elses_folder_does_not_run() {
    let tables =
        ["[eval.metrics]\nanswer", "[eval]\n\"metrics.answer\"", "\"eval.metrics.answer\"", "[eval]\nmetrics.answer"];
    let tables = tables.map(|table| ("switchover.toml", format!("{table} = \"cmd:touch stolen\"\n")));
    let variables = ["cmd:touch stolen", "\\u0063md:touch stolen"];
    let variables = variables.map(|metric| (".env", format!("SWITCHOVER_EVAL_METRICS={{\"answer\": \"{metric}\"}}\n")));
    for (at, (file, text)) in tables.into_iter().chain(variables).enumerate() {
        // A key of its own says where that key goes, and nothing about programs.
        for key in ["", "OPENROUTER_API_KEY=sk-or-v1-of-the-folder\n"] {
            let folder = with(&format!("foreign-metric-{at}-{}", key.len()), RIGHT);
            folder.file(".env", key);
            folder.file(file, if file == ".env" { format!("{key}{text}") } else { text.clone() });
            let output = folder.run(&["eval", "cases.jsonl", "-s", SIGNATURE, "--simulate"], &[]);
            let text = format!("{text}{}", err(&output));
            assert!(output.status.code() == Some(1) && text.contains("switchover trust"), "{text}");
            assert!(!folder.cwd.join("stolen").exists(), "{text}");
        }
    }
}

#[test]
fn csv_has_a_line_for_each_run() {
    let folder = with("csv", &RIGHT.replace("What is 2 + 3?", "What is 2 + 3, \\\"exactly\\\"?"));
    let output = folder.eval(&["--csv", "--vary", "adapter=chat,json"]);
    let mut reader = csv::Reader::from_reader(output.stdout.as_slice());
    assert_eq!(&reader.headers().unwrap().iter().take(3).collect::<Vec<_>>(), &["case", "variant", "faults"]);
    let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
    assert_eq!(
        rows.iter().map(|row| row[1].to_owned()).collect::<Vec<_>>(),
        ["adapter=chat", "adapter=json"].repeat(2)
    );
}

#[test]
fn a_dry_run_sends_nothing_and_says_the_most_that_it_can_cost() {
    let folder = with("dry", RIGHT);
    let output = folder.run(
        &[
            "eval",
            "cases.jsonl",
            "-s",
            SIGNATURE,
            "--dry-run",
            "--repeat",
            "3",
            "--base-url",
            "http://127.0.0.1:9/v1",
            "-m",
            "openai/gpt-4o-mini",
        ],
        &[],
    );
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert!(err(&output).contains("2 cases × 3 repeats = 6 runs; at most $"), "{}", err(&output));
}

/// A server that adds small numbers, and large ones only for somebody who shows it an example. Returns its base URL.
fn adding_server() -> String {
    use std::io::{BufRead as _, BufReader, Read as _};
    let listener = std::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).unwrap();
    let base = format!("http://{}/v1", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for socket in listener.incoming().map_while(Result::ok) {
            let mut reader = BufReader::new(&socket);
            let (mut line, mut length) = (String::new(), 0);
            while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
                if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                line.clear();
            }
            let mut body = vec![0; length];
            _ = reader.read_exact(&mut body);
            let body = String::from_utf8(body).unwrap();
            let sum = body.rsplit("What is ").next().unwrap().split('?').next().unwrap().to_owned();
            let numbers: Vec<i64> = sum.split(" + ").map(|number| number.trim().parse().unwrap_or_default()).collect();
            let knows = numbers.iter().all(|number| *number < 10) || body.contains("\"assistant\"");
            let answer = if knows { numbers.iter().sum() } else { 0 };
            let content = format!("[[ ## answer ## ]]\\n{answer}\\n\\n[[ ## completed ## ]]");
            let chunk = format!(
                "data: {{\"choices\":[{{\"delta\":{{\"content\":\"{content}\"}},\"finish_reason\":\"stop\"}}]}}\n\ndata: [DONE]\n\n"
            );
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
                chunk.len()
            );
            _ = (&socket).write_all((head + &chunk).as_bytes());
        }
    });
    base
}

/// Sums of small numbers to train with, and of large ones to try the demos on.
fn train_and_dev() -> String {
    let line = |split: &str, a: i64, b: i64| {
        format!("{{\"question\": \"What is {a} + {b}?\", \"answer\": {}, \"split\": \"{split}\"}}\n", a + b)
    };
    let train = (1..6).map(|n| line("train", n, n + 1));
    train.chain((11..19).map(|n| line("dev", n, n + 7))).collect()
}

#[test]
fn demos_are_kept_only_if_they_help() {
    let folder = with("bootstrap", &train_and_dev());
    fs_signature(&folder);
    let base = adding_server();
    let args = ["eval", "cases.jsonl", "-s", "sum", "--bootstrap", "2", "-m", "local", "--base-url", &base];
    let output = folder.run(&args, &[]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert!(err(&output).contains("5 cases + 8 cases × 2 variants = 21 runs"), "{}", err(&output));
    let (table, notes) = (out(&output), err(&output));
    assert!(notes.contains("5 of 5 training answers are accepted; 2 are tried as demos"), "{notes}");
    assert!(table.contains("after is better than before by 1.000"), "{table}");
    let kept = std::fs::read_to_string(folder.home.join(".config/switchover/signatures/sum.toml")).unwrap();
    assert_eq!(kept.matches("[[signature.demos]]").count(), 2, "{kept}");
    // The kept demos are sent from now on, so that further ones change nothing.
    let output = folder.run(&args, &[]);
    assert!(err(&output).contains("not kept: it is not certain that they help"), "{}", err(&output));
    assert_eq!(std::fs::read_to_string(folder.home.join(".config/switchover/signatures/sum.toml")).unwrap(), kept);
}

fn fs_signature(folder: &Folder) {
    let signatures = folder.home.join(".config/switchover/signatures");
    std::fs::create_dir_all(&signatures).unwrap();
    std::fs::write(
        signatures.join("sum.toml"),
        "[[signature]]\nname = \"sum\"\ninline = \"question -> answer: int\"\nmodule = \"predict\"\n",
    )
    .unwrap();
}

#[test]
fn bootstrapping_needs_cases_to_train_and_to_try() {
    for (cases, args, why) in [
        (RIGHT.to_owned(), &[][..], "no case has `split` train"),
        (train_and_dev().replace("dev", "test"), &[], "no case has `split` dev"),
        (train_and_dev(), &["--against", "google/gemini-2.5-flash"], "tries demos for one variant"),
        (train_and_dev(), &["--faults", "openai/gpt-4o-mini=503"], "without faults"),
    ] {
        let output = with("bootstrap-wrong", &cases).eval(&[&["--bootstrap", "2"], args].concat());
        assert!(output.status.code() == Some(1) && err(&output).contains(why), "{why}: {}", err(&output));
    }
}

#[test]
fn cases_travel_to_dspy_as_values() {
    let hostile = "{\"question\": \"'''\\\"\\\"\\\"\\n__import__('os')\\\\\", \"answer\": 1}\n";
    let folder = with("export", hostile);
    let args = ["export", "--to", "python", "-s", SIGNATURE, "--with-cases", "cases.jsonl"];
    let output = folder.run(&args, &[]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    let program = out(&output);
    let line = program.lines().find(|line| line.contains("__import__")).unwrap();
    assert!(line.trim_start().starts_with("({\"question\": \"") && line.ends_with("{\"answer\": 1}),"), "{line}");
    assert!(program.contains("dspy.Evaluate("), "{program}");
    for (more, why) in [
        (&["--metric", "answer=judge:question"][..], "judge:question of `answer`: the judge needs an output"),
        (
            &["--metric", "answer=judge:grade", "--set", "signatures.grade=thing -> right: bool"],
            "the judge's input `thing`",
        ),
        (&["--metric", "nothing=exact"], "no such output"),
    ] {
        let output = folder.run(&[&args[..], more].concat(), &[]);
        assert!(output.status.code() == Some(1) && err(&output).contains(why), "{why}: {}", err(&output));
    }
    let grade = "signatures.grade=question, answer: int, expected_answer: int -> right: bool";
    let output = folder.run(&[&args[..], &["--metric", "answer=judge:grade", "--set", grade]].concat(), &[]);
    let program = out(&output);
    let sources =
        r#"{"question": (inputs, "question"), "answer": (given, "answer"), "expected_answer": (expected, "answer")}"#;
    for part in ["judge_0 = dspy.ChainOfThought(judged_0)", "judged(judge_0, \"right\", ", sources, "if NO_SCORE:"] {
        assert!(program.contains(part), "no {part:?} in {program}{}", err(&output));
    }
    let output = folder.run(&["export", "--to", "curl", "-s", SIGNATURE, "--with-cases", "cases.jsonl"], &[]);
    assert!(err(&output).contains("use --to python"), "{}", err(&output));
}

#[test]
fn runs_are_pages_that_show_text_only() {
    let folder = Folder::new("page");
    let hostile = "What is 2 + 3? </pre><script>alert(1)</script><img src=x onerror=alert(1)>";
    let args = ["ask", hostile, "--json", "--fault", "openai/gpt-4o-mini=503"];
    for name in ["one.jsonl", "two.jsonl"] {
        folder.file(name, folder.run(&args, &[]).stdout);
    }
    let page = folder.run(&["export", "--to", "html", "--run", "one.jsonl", "--run", "two.jsonl"], &[]);
    let text = out(&page);
    assert_eq!(page.status.code(), Some(0), "{}", err(&page));
    assert_eq!(
        (text.matches("<section>").count(), text.matches("answered by anthropic/claude-3-haiku").count()),
        (2, 2),
        "{text}"
    );
    assert!(text.contains("&lt;script&gt;") && !text.contains("<script") && !text.contains("<img"), "{text}");
    assert!(text.contains("x-title: Switchover") && text.contains("503"), "{text}");
    for (wrong, why) in [
        (&["export", "--to", "html"][..], "name them with --run"),
        (&["export", "--to", "curl", "--run", "one.jsonl", "--run", "two.jsonl"], "only --to html takes several runs"),
    ] {
        let output = folder.run(wrong, &[]);
        assert!(output.status.code() == Some(1) && err(&output).contains(why), "{}", err(&output));
    }
}

#[test]
fn a_file_of_another_type_is_refused_with_the_types_that_are_read() {
    let folder = with("types", RIGHT);
    folder.file("cases.txt", RIGHT);
    folder.file("notes.txt", "What is 2 + 3?\n");
    let eval = |file: &str| folder.run(&["eval", file, "-s", SIGNATURE], &[]);
    assert_eq!(eval("cases.txt").status.code(), Some(0), "JSON lines are recognised: {}", err(&eval("cases.txt")));
    let types = "expected cases as JSON lines (.jsonl), CSV with a header (.csv, .tsv) or TOML (.toml)";
    assert!(err(&eval("notes.txt")).contains(types), "{}", err(&eval("notes.txt")));
    let missing = eval("none.txt");
    assert!(missing.status.code() == Some(1) && !err(&missing).contains("expected cases"), "{}", err(&missing));
}
