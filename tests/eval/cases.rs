//! Files of cases.

use serde_json::json;
use switchover::dspy::Signature;
use switchover::eval::{Case, CaseFormat, read};

fn signature() -> Signature {
    "question, year: int | None -> answer: int, names: list[str], note".parse().unwrap()
}

fn cases(text: &str, format: CaseFormat) -> Vec<Case> {
    read(text, format, &signature()).unwrap()
}

/// The problems as text.
fn problems(text: &str, format: CaseFormat) -> Vec<String> {
    read(text, format, &signature()).unwrap_err().first.iter().map(ToString::to_string).collect()
}

#[test]
fn all_formats_give_the_same_cases() {
    let lines = "\u{feff}{\"id\": \"a\", \"question\": \"1+1?\", \"year\": 3, \"answer\": 2, \"split\": \"dev\", \"tags\": [\"x\", \"y\"]}\n\r\n{\"question\": \"q, \\\"2\\\"\", \"answer\": \"4\", \"names\": [\"n\"], \"level\": \"hard\"}\n";
    let csv = "id,question,year,answer,split,tags,names,level\r\na,1+1?,3,2,dev,x; y,,\r\n2,\"q, \"\"2\"\"\",,4,,,\"[\"\"n\"\"]\",hard\r\n";
    let toml = "[[case]]\nid = \"a\"\nquestion = \"1+1?\"\nyear = 3\nanswer = 2\nsplit = \"dev\"\ntags = [\"x\", \"y\"]\n[[case]]\nquestion = 'q, \"2\"'\nanswer = \"4\"\nnames = [\"n\"]\nlevel = \"hard\"\n";
    let of_lines = cases(lines, CaseFormat::JsonLines);
    assert_eq!(cases(toml, CaseFormat::Toml), of_lines);
    let mut of_csv = cases(csv, CaseFormat::Csv);
    // An empty cell of another column is a note all the same.
    of_csv[0].notes.clear();
    assert_eq!(of_csv, of_lines);
    assert_eq!(of_lines[0].expected, [("answer".to_owned(), json!(2))].into_iter().collect());
    assert_eq!((of_lines[0].id.as_str(), of_lines[0].split.as_deref(), of_lines[0].tags.len()), ("a", Some("dev"), 2));
    assert_eq!((of_lines[1].id.as_str(), &of_lines[1].expected["answer"]), ("2", &json!(4)), "text that is a number");
    assert_eq!((&of_lines[1].notes["level"], of_lines[1].inputs.contains_key("year")), (&json!("hard"), false));
}

#[test]
fn a_bad_row_is_named_with_its_place() {
    for (text, format, expected) in [
        (
            "{\"question\": \"q\"}\n{\"question\": q}\n",
            CaseFormat::JsonLines,
            "line 2, column 14: not a JSON object: expected value",
        ),
        ("[1]\n", CaseFormat::JsonLines, "line 1, column 1: not a JSON object"),
        ("[\n {\"question\": \"q\"}\n]", CaseFormat::JsonLines, "not a JSON object: a list; write one object per line"),
        ("{\"question\": \"q\", \"year\": \"x\"}", CaseFormat::JsonLines, "line 1, column 19: year: expected"),
        (
            "\n\n{\"question\": \"q\", \"answer\": \"two\"}",
            CaseFormat::JsonLines,
            "line 3, column 19: answer: expected int",
        ),
        (
            "{\"questoin\": \"q\"}",
            CaseFormat::JsonLines,
            "line 1: the input `question` is missing; did you mean the column `questoin`?",
        ),
        ("{\"text\": \"q\"}", CaseFormat::JsonLines, "line 1: the input `question` is missing; the row has text"),
        ("{\"id\": [1], \"question\": \"q\"}", CaseFormat::JsonLines, "line 1, column 2: id: expected text, got [1]"),
        (
            "{\"id\": 7, \"question\": \"q\"}\n{\"id\": \"7\", \"question\": \"r\"}",
            CaseFormat::JsonLines,
            "line 2: the id `7` is taken by line 1",
        ),
        ("question,answer\nq,1\nr,1,2\n", CaseFormat::Csv, "line 3: 3 values, but the first line names 2 columns"),
        ("question,answer\nq,1\n\"two\nlines\",x\n", CaseFormat::Csv, "line 3, column 2: answer: expected int"),
        (
            "question,answer\nq,1\n\"two\nlines,2\nr,3\n",
            CaseFormat::Csv,
            "line 3: the quote that opens a value here is never closed",
        ),
        ("question,answer\nq,1\n\"a \"\"b\n\"\",2\n", CaseFormat::Csv, "line 3: the quote that opens a value"),
        ("question,year,question\nq,1,r\n", CaseFormat::Csv, "line 1: two columns are named `question`"),
        (
            "[[case]]\nquestion = \"q\"\n\n[[case]]\nanswer = 1\n",
            CaseFormat::Toml,
            "line 4: the input `question` is missing",
        ),
        ("[[case]\n", CaseFormat::Toml, "line 1: expected [[case]] tables"),
        ("question = \"q\"\n", CaseFormat::Toml, "expected [[case]] tables"),
        ("", CaseFormat::JsonLines, "line 1: the file has no cases"),
        ("question,answer\n", CaseFormat::Csv, "line 1: the file has no cases"),
        ("question;answer\n\"q;1\n", CaseFormat::Csv, "line 2: the quote that opens a value here is never closed"),
    ] {
        let found = problems(text, format);
        assert!(found[0].contains(expected), "{text}: {found:?}");
    }
}

#[test]
fn all_problems_are_named_up_to_ten_and_in_order() {
    let text: String =
        (0..20).map(|i| if i == 3 { "{\n".to_owned() } else { "{\"answer\": 1}\n".to_owned() }).collect();
    let found = problems(&text, CaseFormat::JsonLines);
    assert_eq!(found.len(), 10);
    assert_eq!(read(&text, CaseFormat::JsonLines, &signature()).unwrap_err().more, 10);
    assert!(found[0].starts_with("line 1:") && found[3].starts_with("line 4, column"), "{found:?}");
}

#[test]
fn text_of_a_file_is_cleaned() {
    let lines = cases("{\"question\": \"a\\u001b[31mb\", \"note\": \"\\u001b]0;x\\u0007y\"}", CaseFormat::JsonLines);
    assert!(!lines[0].inputs["question"].as_str().unwrap().contains('\u{1b}'));
    let csv = cases("question,note\na\u{1b}[31mb,\u{1b}]0;x\u{7}y\n", CaseFormat::Csv);
    assert_eq!(csv[0].inputs, lines[0].inputs);
}

#[test]
fn several_texts_may_be_right() {
    let found = cases("{\"question\": \"q\", \"note\": [\"a\", \"b\"], \"names\": [\"c\"]}", CaseFormat::JsonLines);
    assert_eq!(found[0].expected["note"], json!(["a", "b"]));
}

#[test]
fn null_is_an_expected_value_where_the_output_may_be_missing() {
    let signature: Signature = "question -> answer: int, note: str | None".parse().unwrap();
    let line = r#"{"question": "q", "answer": null, "note": null}"#;
    let found = read(line, CaseFormat::JsonLines, &signature).unwrap();
    assert_eq!(found[0].expected, [("note".to_owned(), json!(null))].into_iter().collect());
}

#[test]
fn an_empty_id_is_the_number_of_the_case_and_an_empty_split_is_none() {
    let of_csv = cases("id,split,question\n,,q\n", CaseFormat::Csv);
    let of_lines = cases(r#"{"id": "", "split": "", "question": "q"}"#, CaseFormat::JsonLines);
    for case in [&of_csv[0], &of_lines[0]] {
        assert_eq!((case.id.as_str(), &case.split), ("1", &None));
    }
}

#[test]
fn the_name_of_a_file_says_its_format() {
    for (name, format) in [
        ("a.csv", CaseFormat::Csv),
        ("dir.csv/b.JSONL", CaseFormat::JsonLines),
        ("x.TOML", CaseFormat::Toml),
        ("-", CaseFormat::JsonLines),
        ("cases", CaseFormat::JsonLines),
        ("../cases.d/x", CaseFormat::JsonLines),
        ("a.ndjson", CaseFormat::JsonLines),
        ("a.tsv", CaseFormat::Csv),
    ] {
        assert_eq!(CaseFormat::of_name(name), Some(format), "{name}");
    }
    for name in ["x.txt", "a.csv.gz", "a.xlsx", "b.parquet"] {
        assert_eq!(CaseFormat::of_name(name), None, "{name}");
    }
}

#[test]
fn the_first_line_of_a_csv_file_says_what_separates_its_values() {
    for (text, question, answer) in [
        ("question,answer\nWhat is 2; 3?,4\n", "What is 2; 3?", 4),
        ("question;answer\n\"a, \"\"b\"\"; c\";5\n", "a, \"b\"; c", 5),
        ("\u{feff}answer;question;level\r\n6;q, r;hard\r\n", "q, r", 6),
        ("question\tanswer\na, b; c\t7\n", "a, b; c", 7),
        ("\"question\";\"answer\"\n\"two\nlines\";8\n", "two\nlines", 8),
    ] {
        let cases = cases(text, CaseFormat::Csv);
        let found = (cases.len(), cases[0].inputs["question"].as_str(), cases[0].expected.get("answer"));
        assert_eq!(found, (1, Some(question), Some(&json!(answer))), "{text:?}");
    }
    // One column has no separator, and a semicolon in a name is a part of it.
    assert_eq!(cases("question\na; b\n", CaseFormat::Csv)[0].inputs["question"], "a; b");
    assert_eq!(cases("question,a;b\nx,y\n", CaseFormat::Csv)[0].notes["a;b"], "y");
}

#[test]
fn a_quote_inside_of_a_value_opens_nothing() {
    for (text, question) in [
        ("question\n5\" wide\n", "5\" wide"),
        ("question\n\"a\"\"\"\n", "a\""),
        ("question\n\"two\nlines\"", "two\nlines"),
        ("question\n\"a\" \"b\n", "a \"b"),
        ("question,note\n \"x,\"\"\n", " \"x"),
    ] {
        let cases = cases(text, CaseFormat::Csv);
        assert_eq!((cases.len(), cases[0].inputs["question"].as_str()), (1, Some(question)), "{text:?}");
    }
}
