//! Checks the lines of `--json` against `docs/json.md`.

use super::*;
use std::collections::BTreeMap;

/// The keys of each event in the documentation's table: name, type, whether it is optional.
fn documented() -> BTreeMap<String, Vec<(String, String, bool)>> {
    let text = include_str!("../../docs/json.md");
    let section = text.split("## Events").nth(1).and_then(|rest| rest.split("\n## ").next()).unwrap();
    let rows = section.lines().skip(5).filter(|line| line.starts_with("| `"));
    let mut events = BTreeMap::new();
    for row in rows {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let keys = cells[2].split(", ").map(|cell| {
            let (name, kind) = cell.split_once(' ').unwrap();
            let name = name.trim_matches('`');
            (name.trim_end_matches('?').to_owned(), kind.to_owned(), name.ends_with('?'))
        });
        events.insert(cells[1].trim_matches('`').to_owned(), keys.collect());
    }
    events
}

fn has_type(value: &Value, kind: &str) -> bool {
    match kind {
        "string" => value.is_string(),
        "integer" => value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        "cost" => value.is_number() || value == "unknown",
        "any" => true,
        _ => panic!("unknown type {kind} in the documentation"),
    }
}

#[test]
fn every_line_is_as_documented_and_every_event_occurs() {
    let documented = documented();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let both = ["-m", PRIMARY, "-m", BACKUP];
    for more in [
        &["--fault", "openai/gpt-4o-mini=503"][..],
        &["--fault", "openai/gpt-4o-mini=error-event:6"],
        &["--module", "majority:3", "--fault", "openai/gpt-4o-mini=429"],
        &["--fault", "openai/gpt-4o-mini=400:context", "--set", "failover.max_price_ratio=0.001"],
        &["--fault", "openai/gpt-4o-mini=401"],
        &["--raw", "--fault", "openai/gpt-4o-mini=cut:2"],
        &["--signature", "question -> answer: int", "--fault", "openai/gpt-4o-mini=wrong-type"],
    ] {
        let output = run(&[&["ask", "What is 6 * 7?", "--json"], &both[..], more].concat());
        for line in events(&output) {
            let object = line.as_object().unwrap();
            assert_eq!(object["v"], 1);
            let name = line["event"].as_str().unwrap();
            let keys = documented.get(name).unwrap_or_else(|| panic!("`{name}` is not documented"));
            *seen.entry(name.to_owned()).or_default() += 1;
            for (key, kind, optional) in keys {
                match object.get(key) {
                    None | Some(Value::Null) if *optional => {}
                    None => panic!("{name} without `{key}`: {line}"),
                    Some(value) => assert!(has_type(value, kind), "{name}.{key} is not of type {kind}: {value}"),
                }
            }
            let common = ["v", "run", "at_ms", "event"];
            let unknown = object
                .keys()
                .find(|key| !common.contains(&key.as_str()) && !keys.iter().any(|(name, _, _)| name == *key));
            assert_eq!(unknown, None, "a key of {name} is not documented");
        }
    }
    let missing: Vec<_> = documented.keys().filter(|name| !seen.contains_key(*name)).collect();
    assert_eq!(missing, [""; 0], "no run of this test has these events");
}

#[test]
fn what_was_mended_in_an_answer_is_said() {
    let mended = |options: &[&str]| {
        let output = run(&[&["ask", "What is 6 * 7?", "-m", PRIMARY, "--adapter", "json"], options].concat());
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let (answer, log) = mended(&["--fault", "openai/gpt-4o-mini=prose-around"]);
    assert!(log.contains("repaired answer: ignored text around the JSON\n"), "{log}");
    assert!(!answer.contains("repaired"), "{answer}");
    assert!(!mended(&[]).1.contains("repaired"), "nothing was mended");
}
