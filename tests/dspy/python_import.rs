//! Python source: what comes of each file in `cases/import`, as JSON beside it. `UPDATE=1` writes the JSON files.
//! `tests/dspy_import.py` compares them with an installed DSPy.

use crate::update::golden;
use std::fs;
use std::path::PathBuf;
use switchover::dspy::import::{self, python};
use switchover::dspy::{Module, explain_signature, library};

fn cases() -> Vec<PathBuf> {
    let files = fs::read_dir("tests/cases/import").unwrap().map(|file| file.unwrap().path());
    let mut files: Vec<_> = files.filter(|path| path.extension().is_some_and(|ending| ending == "py")).collect();
    files.sort();
    assert!(!files.is_empty(), "there are cases");
    files
}

#[test]
fn each_file_gives_the_signatures_beside_it() {
    for path in cases() {
        let source = fs::read_to_string(&path).unwrap();
        let read = serde_json::to_string_pretty(&explain_signature(&source)).unwrap() + "\n";
        golden(path.with_extension("json").to_str().unwrap(), &read);
    }
}

#[test]
fn what_was_imported_is_the_same_after_it_was_saved() {
    for path in cases() {
        let imported = python::read(&fs::read_to_string(&path).unwrap()).unwrap();
        let saved = library::to_toml(&imported.entries);
        let entries = library::parse(&saved).unwrap_or_else(|error| panic!("{}: {error}\n{saved}", path.display()));
        assert_eq!(entries.len(), imported.entries.len(), "{}", path.display());
        for (saved, mut entry) in entries.into_iter().zip(imported.entries) {
            entry.signature.instructions = entry.signature.instructions.trim().to_owned();
            assert_eq!(saved, entry, "{}", path.display());
        }
    }
}

#[test]
fn a_notebook_is_read_like_the_source_in_its_cells() {
    let notebook = r##"{"cells": [
        {"cell_type": "markdown", "source": ["# import dspy"]},
        {"cell_type": "code", "source": ["%pip install dspy\n", "!ls\n", "import dspy"]},
        {"cell_type": "code", "source": "qa = dspy.Predict('question -> answer')"}
    ]}"##;
    let imported = import::read(notebook, "name", None).unwrap();
    let found: Vec<_> = imported.entries.iter().map(|e| (e.signature.name.as_str(), e.module)).collect();
    assert_eq!(found, [("qa", Module::Predict)]);
    assert_eq!(imported.notes, [""; 0]);
}

#[test]
fn a_source_without_signatures_is_an_error_that_says_what_is_expected() {
    for source in ["", "import dspy\n", "x = 1", "class A:\n    a: str = 1\n", "class A(BaseModel):\n    a: str\n"] {
        let error = python::read(source).unwrap_err().to_string();
        assert!(error.contains("class X(dspy.Signature)"), "{source}: {error}");
    }
    let pictures = "class A(dspy.Signature):\n    a: str = dspy.InputField()\n    b: dspy.Image = dspy.OutputField()\n";
    let error = python::read(pictures).unwrap_err().to_string();
    assert!(error.contains("line 3") && error.contains("dspy.Image"), "{error}");
    let huge = " ".repeat((16 << 20) + 1);
    assert!(python::read(&huge).unwrap_err().to_string().contains("16 MiB"));
}

#[test]
fn deep_and_circular_sources_end() {
    let signature = "class A(dspy.Signature):\n    q: str = dspy.InputField()\n    a: str = dspy.OutputField()\n";
    let nest = |open: &str, close: &str| format!("{}1{}", open.repeat(20_000), close.repeat(20_000));
    let many = |line: &dyn Fn(usize) -> String| (1..2000).map(line).collect::<String>();
    let sources = [
        format!("x = {}\n", nest("(", ")")),
        format!("x = {}\n", nest("f(", ")")),
        format!("x = {}\n", nest("[", "]")),
        format!("x = {}\n", "(".repeat(20_000)),
        format!("x = {}\n", nest("not ", "")),
        format!("s = dspy.Signature({})\n", nest("'a' + ", "")),
        format!("s = dspy.Signature{}\n", ".append()".repeat(20_000)),
        format!("class B(dspy.Signature):\n    q: {} = dspy.InputField()\n", nest("list[", "]")),
        "t0 = int\n".to_owned()
            + &many(&|n| format!("t{n} = tuple[t{0}, t{0}]\n", n - 1))
            + "class B(dspy.Signature):\n    q: t1999 = dspy.InputField()\n",
        "a0 = 'x'\n".to_owned()
            + &many(&|n| format!("a{n} = a{0} + a{0}\n", n - 1))
            + "s = dspy.Signature('q -> a', a1999)\n",
        "a = b + b\nb = a + a\ns = dspy.Signature('q -> a', a)\n".to_owned(),
        "class B(C): pass\nclass C(B): pass\nT = U\nU = T\nclass D(dspy.Signature):\n    q: T = dspy.InputField()\n"
            .to_owned(),
        many(&|n| format!("class M{n}(BaseModel):\n    x: 'M{0}'\n    y: 'M{0}'\n", n + 1))
            + "class B(dspy.Signature):\n    q: M1 = dspy.InputField()\n",
        "# comment\n".repeat(20_000),
        "@d\n".repeat(20_000),
    ];
    for source in sources {
        let imported = python::read(&format!("import dspy\n{source}{signature}"));
        let names = imported.as_ref().map(|imported| imported.entries.iter().any(|e| e.signature.name == "A"));
        assert_eq!(names, Ok(true), "{}", &source[..60.min(source.len())]);
    }
}
