//! Each row of the table against its response in `tests/cases/phrases.toml`.

use super::*;
use crate::failover::Failure;
use crate::openrouter::classify::{ErrorContext, error_object, response, words_and_types};
use crate::openrouter::reason::error_of;
use crate::secret::Secrets;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::Duration;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    response: Vec<Case>,
    neighbour: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    #[serde(alias = "what")]
    row: String,
    status: u16,
    body: String,
    kind: Option<FailureKind>,
    parameter: Option<String>,
}

impl Case {
    fn failure(&self) -> Failure {
        let secrets = Secrets::default();
        let context = ErrorContext { headers: &[], secrets: &secrets, now: Duration::ZERO };
        match self.status {
            200 => {
                let envelope: Value = serde_json::from_str(&self.body).expect("JSON");
                error_object(&error_of(&envelope), &envelope, context)
            }
            status => response(status, self.body.as_bytes(), context),
        }
    }
}

fn name(row: &Phrase) -> String {
    match row.says {
        PhraseMatch::Code(code) => code.to_owned(),
        PhraseMatch::Words(all) | PhraseMatch::AboutParameter(all) => all.join(" + "),
    }
}

fn fits(row: &Phrase, words: &str, types: &[Option<&str>]) -> bool {
    match row.says {
        PhraseMatch::Code(code) => types.iter().flatten().any(|word| word.eq_ignore_ascii_case(code)),
        PhraseMatch::Words(all) | PhraseMatch::AboutParameter(all) => all.iter().all(|phrase| words.contains(phrase)),
    }
}

#[test]
fn every_row_has_a_response_that_it_decides_and_neighbours_mean_something_else() {
    let cases: Cases = toml::from_str(include_str!("../../../../tests/cases/phrases.toml")).expect("the cases");
    let mut wrong = Vec::new();
    let mut shown = BTreeSet::new();
    for case in &cases.response {
        let failure = case.failure();
        let error = error_of(&serde_json::from_str(&case.body).expect("JSON"));
        let (words, types) = words_and_types(&error);
        let row = PHRASES.iter().position(|row| name(row) == case.row && fits(row, &words, &types));
        let Some(index) = row else {
            wrong.push(format!("{}: no such row, or the response does not say that", case.row));
            continue;
        };
        let row = &PHRASES[index];
        let earlier = PHRASES[..index].iter().find(|earlier| {
            let code = |row: &Phrase| matches!(row.says, PhraseMatch::Code(_));
            earlier.kind == row.kind && code(earlier) == code(row) && fits(earlier, &words, &types)
        });
        if let Some(earlier) = earlier {
            wrong.push(format!("{}: {} decides it", case.row, name(earlier)));
        }
        if (failure.kind, &failure.parameter) != (row.kind, &case.parameter) {
            wrong.push(format!("{} ({}): {:?} {:?}", case.row, row.source, failure.kind, failure.parameter));
        }
        shown.insert(index);
    }
    let without = (0..PHRASES.len()).filter(|index| !shown.contains(index));
    wrong.extend(without.map(|index| format!("{}: has no response", name(&PHRASES[index]))));
    for case in &cases.neighbour {
        let failure = case.failure();
        if (Some(failure.kind), &failure.parameter) != (case.kind, &case.parameter) {
            wrong.push(format!("{}: {:?} {:?}", case.row, failure.kind, failure.parameter));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_parameter_is_named_by_a_whole_word() {
    for (words, parameter) in [
        ("unsupported: 'top_p'", Some("top_p")),
        ("stream_options: no", Some("stream_options")),
        ("upstream says no", None),
        ("nonstop", None),
        ("max_tokens_to_sample", None),
        ("`temperature` is deprecated", Some("temperature")),
    ] {
        assert_eq!(parameter_in(words), parameter, "{words}");
    }
}
