//! A DSPy program that asks cases and scores the answers with `dspy.Evaluate`, so that a score can be checked in DSPy
//! itself. One thread: the loop over the chain reads the last response of its LM.

use super::{Export, python, python_literal, python_text};
use crate::dspy::{FieldType, Module};
use crate::eval::{Case, Judge, JudgeInput, Metric, Tolerance};
use crate::spec::SignatureTask;
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A Python program with these cases, and with the metrics of these outputs. `judges` has the judge of each output that
/// one scores.
///
/// # Errors
/// A judge that is not exported: one of several chains, or with a class of a name that means another one.
pub fn evaluate(
    export: &Export<'_>,
    task: &SignatureTask,
    cases: &[Case],
    metrics: &[(String, Metric)],
    judges: &BTreeMap<String, Judge>,
) -> Result<String, String> {
    let mut text = python::program_text(export, task, &classes(task, judges)?);
    let kinds: Vec<&Metric> = metrics.iter().map(|(_, metric)| metric).collect();
    let uses = |kind: fn(&Metric) -> bool| kinds.iter().any(|metric| kind(metric));
    let of_text = uses(|it| matches!(it, Metric::Normalized | Metric::Contains | Metric::F1));
    let (of_command, of_number) =
        (uses(|it| matches!(it, Metric::Command(_))), uses(|it| matches!(it, Metric::Number(_))));
    let of_set = uses(|it| matches!(it, Metric::Set));
    let imports = [
        ("collections", of_set),
        ("json", of_text || of_command),
        ("math", of_number),
        ("re", of_number),
        ("subprocess", of_command),
    ];
    text.push('\n');
    for (module, _) in imports.into_iter().filter(|(_, is_used)| *is_used) {
        _ = writeln!(text, "import {module}  # noqa: E402");
    }
    text.push_str("\n# The cases: inputs, and expected values of outputs.\nCASES = [\n");
    for case in cases {
        _ = writeln!(text, "    ({}, {}),", python_literal(&json!(case.inputs)), python_literal(&json!(case.expected)));
    }
    text.push_str("]\n");
    let pieces = [
        (SAME, uses(|it| matches!(it, Metric::Exact | Metric::Json))),
        (TEXT, of_text),
        (CONTAINS, uses(|it| matches!(it, Metric::Contains))),
        (NUMBER, of_number),
        (SET, of_set),
        (JSON, uses(|it| matches!(it, Metric::Json))),
        (COMMAND, of_command),
        (JUDGE, !judges.is_empty()),
    ];
    pieces.into_iter().filter(|(_, is_used)| *is_used).for_each(|(piece, _)| text.push_str(piece));
    for (number, judge) in judges.values().enumerate() {
        let Some(task) = judge.spec.task.signature() else { continue };
        _ = write!(text, "\n\n{}", python::module(task, &format!("judged_{number}"), &format!("judge_{number}")));
    }
    text.push_str("\n\n# How each output is scored, 0 to 1.\nMETRICS = {\n");
    for (output, metric) in metrics {
        let function = match judges.iter().enumerate().find(|(_, (of, _))| *of == output) {
            Some((number, (_, judge))) => judgement(number, judge),
            None => function(metric),
        };
        _ = writeln!(text, "    {}: {function},", python_text(output));
    }
    text.push_str("}\n# These need no expected value.\n");
    let needs_none = metrics.iter().filter(|(_, metric)| !metric.needs_expected()).map(|(name, _)| name.as_str());
    _ = writeln!(text, "SCORED = {}", python_literal(&json!(needs_none.collect::<Vec<_>>())));
    text.push_str(EVALUATE);
    if !judges.is_empty() {
        text.push_str(
            "    if NO_SCORE:\n        sys.exit(f\"{len(NO_SCORE)} answers without a score: {NO_SCORE[0]}\")\n",
        );
    }
    Ok(text)
}

/// The classes of the signature and of the judges, each once.
fn classes<'a>(task: &'a SignatureTask, judges: &'a BTreeMap<String, Judge>) -> Result<Vec<&'a FieldType>, String> {
    let mut classes = task.signature.classes();
    for (output, judge) in judges {
        let Some(task) = judge.spec.task.signature() else { continue };
        if !matches!(task.module, Module::Predict | Module::ChainOfThought) {
            return Err(format!("the judge of `{output}` has the module {}, which is not exported", task.module));
        }
        for class in task.signature.classes() {
            match classes.iter().find(|known| known.inline() == class.inline()) {
                None => classes.push(class),
                Some(known) if **known == *class => {}
                Some(_) => return Err(format!("the judge of `{output}` has another class `{}`", class.inline())),
            }
        }
    }
    Ok(classes)
}

/// The call of a judge, as a Python function like those of [`function`].
fn judgement(number: usize, judge: &Judge) -> String {
    let from = |(name, source): &(String, JudgeInput)| {
        let (table, of) = match source {
            JudgeInput::Input(of) => ("inputs", of),
            JudgeInput::Predicted(of) => ("given", of),
            JudgeInput::Expected(of) => ("expected", of),
        };
        format!("{}: ({table}, {})", python_text(name), python_text(of))
    };
    let inputs = judge.inputs().iter().map(from).collect::<Vec<_>>().join(", ");
    let verdict = python_text(judge.verdict());
    format!("lambda inputs, expected, name, given: judged(judge_{number}, {verdict}, {{{inputs}}})")
}

/// A metric as a Python function of the case's inputs, its expected values, the output's name and the prediction.
fn function(metric: &Metric) -> String {
    let of_values = |call: &str| format!("lambda inputs, expected, name, given: {call}");
    match metric {
        Metric::Exact => of_values("any_of(same, expected[name], given[name])"),
        Metric::Normalized => of_values("EM(text(given[name]), texts(expected[name]))"),
        Metric::Contains => of_values("contains(texts(expected[name]), text(given[name]))"),
        Metric::F1 => of_values("F1(text(given[name]), texts(expected[name]))"),
        Metric::Number(Tolerance::Absolute(size)) => of_values(&format!("within(expected[name], given[name], {size})")),
        Metric::Number(Tolerance::Percent(size)) => {
            of_values(&format!("within(expected[name], given[name], {size} / 100 * abs(number(expected[name])))"))
        }
        Metric::Set => of_values("set_f1(expected[name], given[name])"),
        Metric::Json => of_values("share(expected[name], given[name])"),
        Metric::Command(program) => of_values(&format!("command({}, inputs, expected, given)", python_text(program))),
        // Each has a function of its own.
        Metric::Judge(name) => format!("judge:{name}"),
    }
}

const SAME: &str = r"

def same(a, b):
    if isinstance(a, str) and isinstance(b, str):
        return a.strip() == b.strip()
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[name], b[name]) for name in a)
    return a == b


def any_of(metric, expected, given):
    if isinstance(expected, list) and isinstance(given, str):
        return any(metric(one, given) for one in expected)
    return metric(expected, given)
";

const TEXT: &str = r"

from dspy.evaluate.metrics import EM, F1, normalize_text  # noqa: E402


def text(value):
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def texts(expected):
    return [text(one) for one in expected] if isinstance(expected, list) else [text(expected)]
";

const CONTAINS: &str = r"

from dspy.dsp.utils import DPR_normalize, has_answer  # noqa: E402


def contains(expected, given):
    return has_answer([DPR_normalize(normalize_text(one)) for one in expected], normalize_text(given))
";

const NUMBER: &str = r#"

def number(value):
    if isinstance(value, str):
        if not re.fullmatch(r"[+-]?(\d{1,3}(,\d{3})+|\d+)(\.\d*)?([eE][+-]?\d+)?", value.strip()):
            return math.nan
        value = float(value.strip().replace(",", ""))
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else math.nan


def within(expected, given, size):
    expected, given = number(expected), number(given)
    return abs(expected - given) <= size + 1e-9 * max(abs(expected), 1)
"#;

const SET: &str = r"

def set_f1(expected, given):
    def bag(value):
        items = [] if value is None else value if isinstance(value, (list, tuple, set)) else [value]
        return collections.Counter(repr(item.strip() if isinstance(item, str) else float(item)
                                        if isinstance(item, (int, float)) and not isinstance(item, bool) else item)
                                   for item in items)

    expected, given = bag(expected), bag(given)
    total = expected.total() + given.total()
    return 2 * (expected & given).total() / total if total else 1.0
";

const JSON: &str = r"

def leaves(value, path=()):
    if isinstance(value, (list, tuple)) and value:
        return {key: leaf for at, item in enumerate(value) for key, leaf in leaves(item, path + (at,)).items()}
    if isinstance(value, dict) and value:
        return {key: leaf for name in value for key, leaf in leaves(value[name], path + (name,)).items()}
    return {path: value}


def share(expected, given):
    expected, given = leaves(expected), leaves(given)
    missing = object()
    right = sum(same(leaf, given.get(path, missing)) for path, leaf in expected.items())
    return right / len(expected.keys() | given.keys())
";

const COMMAND: &str = r#"

def command(program, inputs, expected, given):
    question = {"case": {"inputs": inputs, "expected": expected}, "prediction": given}
    done = subprocess.run(program, shell=True, input=json.dumps(question), capture_output=True, text=True, check=True)
    return float(done.stdout)
"#;

const JUDGE: &str = r#"

NO_SCORE = []


def judged(judge, verdict, sources):
    asked = {name: table[of] for name, (table, of) in sources.items() if table.get(of) is not None}
    try:
        score = getattr(first_answer(judge, **asked), verdict)
    except SystemExit as no_answer:
        NO_SCORE.append(str(no_answer))
        return 0.0
    if not 0 <= score <= 1:
        NO_SCORE.append(f"{verdict} must be a number from 0 to 1, found {score}")
    return float(score)
"#;

const EVALUATE: &str = r#"

def metric(example, prediction, trace=None):
    given = dict(prediction.items())
    expected = example.expected
    inputs = example.inputs().toDict()
    scores = [score(inputs, expected, name, given) for name, score in METRICS.items() if name in SCORED or name in expected]
    return sum(map(float, scores)) / len(scores)


def answer(**inputs):
    try:
        return ask(**inputs)
    except SystemExit as no_answer:
        # A run without an answer scores 0 and is counted.
        raise RuntimeError(str(no_answer)) from None


if __name__ == "__main__":
    devset = [dspy.Example(**inputs, expected=expected).with_inputs(*inputs) for inputs, expected in CASES]
    evaluate = dspy.Evaluate(devset=devset, metric=metric, num_threads=1, max_errors=len(devset) + 1, failure_score=0.0)
    print("score:", evaluate(answer).score / 100)
"#;
