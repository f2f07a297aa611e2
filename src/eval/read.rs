//! Reads a file of cases: JSON lines, CSV, or an array of TOML tables. All of them give rows of named values; the
//! signature says which are inputs and which are expected outputs.

use super::case::{Case, CaseError, CaseErrors};
use crate::dspy::{Field, FieldType, Signature, Values};
use crate::nearest::nearest;
use crate::text::{clean, clean_line, clean_value};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::Path;
use toml::Spanned;

/// The format of a file of cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaseFormat {
    /// One JSON object per line.
    JsonLines,
    /// Values separated by commas, semicolons or tabs; the first line names the columns.
    Csv,
    /// `[[case]]` tables.
    Toml,
}

impl CaseFormat {
    /// The formats with the endings of their files, for people.
    pub const KNOWN: &str = "JSON lines (.jsonl), CSV with a header (.csv, .tsv) or TOML (.toml)";

    /// The format that a file's name says; JSON lines if the name has no ending, none for an unknown ending.
    pub fn of_name(name: &str) -> Option<Self> {
        let ending = Path::new(name).extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
        match ending.as_deref() {
            None | Some("jsonl" | "ndjson" | "json") => Some(Self::JsonLines),
            Some("csv" | "tsv") => Some(Self::Csv),
            Some("toml") => Some(Self::Toml),
            Some(_) => None,
        }
    }

    /// Whether a text can only be JSON lines.
    pub fn is_json_lines(text: &str) -> bool {
        text.trim_start_matches('\u{feff}').trim_start().starts_with('{')
    }
}

/// Reads all cases.
///
/// # Errors
/// What is wrong in it. A file without a case is a problem, too.
pub fn read(text: &str, format: CaseFormat, signature: &Signature) -> Result<Vec<Case>, CaseErrors> {
    let text = text.trim_start_matches('\u{feff}');
    let (rows, mut errors) = match format {
        CaseFormat::JsonLines => json_rows(text),
        CaseFormat::Csv => csv_rows(text, separator(text, signature)),
        CaseFormat::Toml => toml_rows(text),
    };
    let mut cases = Vec::new();
    let mut lines: BTreeMap<String, usize> = BTreeMap::new();
    for (index, row) in rows.into_iter().enumerate() {
        let line = row.line;
        match row.case(index + 1, signature) {
            Ok(case) => match lines.insert(case.id.clone(), line) {
                None => cases.push(case),
                Some(other) => errors.push(CaseError {
                    line,
                    column: None,
                    what: format!("the id `{}` is taken by line {other}", case.id),
                }),
            },
            Err(error) => errors.push(error),
        }
    }
    if cases.is_empty() && errors.is_empty() {
        errors.push(CaseError { line: 1, column: None, what: "the file has no cases".to_owned() });
    }
    if errors.is_empty() { Ok(cases) } else { Err(CaseErrors::of(errors)) }
}

/// A value as it is written.
enum Written {
    /// Text of a format without types.
    Text(String),
    /// A value with a type.
    Json(Value),
}

/// One row: each value with its column, where that is known.
struct Row {
    line: usize,
    values: Vec<(String, Option<usize>, Written)>,
}

type Rows = (Vec<Row>, Vec<CaseError>);

fn json_rows(text: &str) -> Rows {
    if text.trim_start().starts_with('[') {
        let what = "not a JSON object: a list; write one object per line, as `jq -c '.[]'` does".to_owned();
        return (Vec::new(), vec![CaseError { line: 1, column: Some(1), what }]);
    }
    let (mut rows, mut errors) = (Vec::new(), Vec::new());
    for (index, source) in text.lines().enumerate() {
        let line = index + 1;
        if source.trim().is_empty() {
            continue;
        }
        match serde_json::from_str::<Map<String, Value>>(source) {
            Ok(object) => {
                let column = |name: &str| source.find(&format!("\"{name}\"")).map(|at| at + 1);
                let values =
                    object.into_iter().map(|(name, value)| (name.clone(), column(&name), Written::Json(value)));
                rows.push(Row { line, values: values.collect() });
            }
            Err(error) => errors.push(CaseError {
                line,
                column: Some(error.column().max(1)),
                what: format!("not a JSON object: {}", without_place(&error)),
            }),
        }
    }
    (rows, errors)
}

/// The message of a JSON error without its line and column, which are those of one line only.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split_once(" at line ").map_or(text.clone(), |(message, _)| message.to_owned())
}

/// What separates the values: the one of a comma, a semicolon (as Excel writes where the comma is decimal) and a tab with
/// which the first line names most fields of the signature.
fn separator(text: &str, signature: &Signature) -> u8 {
    let fields = |separator: u8| {
        let mut reader = csv::ReaderBuilder::new().delimiter(separator).from_reader(text.as_bytes());
        let names = reader.headers().cloned().unwrap_or_default();
        let is_field = |name: &str| signature.input(name).or_else(|| signature.output(name)).is_some();
        names.iter().filter(|name| is_field(name.trim())).count()
    };
    // Of equal ones, the last is taken.
    b"\t;,".iter().copied().max_by_key(|separator| fields(*separator)).unwrap_or(b',')
}

fn csv_rows(text: &str, separator: u8) -> Rows {
    if let Some(line) = open_quote(text, separator) {
        let what = "the quote that opens a value here is never closed".to_owned();
        return (Vec::new(), vec![CaseError { line, column: None, what }]);
    }
    let mut reader = csv::ReaderBuilder::new().delimiter(separator).flexible(false).from_reader(text.as_bytes());
    let (mut rows, mut errors) = (Vec::new(), Vec::new());
    let place = |error: &csv::Error| error.position().map_or(1, |position| position.line() as usize);
    let names: Vec<String> = match reader.headers() {
        Ok(names) => names.iter().map(|name| name.trim().to_owned()).collect(),
        Err(error) => {
            errors.push(CaseError { line: place(&error), column: None, what: error.to_string() });
            return (rows, errors);
        }
    };
    if let Some(twice) = names.iter().enumerate().find_map(|(at, name)| names[..at].contains(name).then_some(name)) {
        errors.push(CaseError { line: 1, column: None, what: format!("two columns are named `{twice}`") });
        return (rows, errors);
    }
    for record in reader.records() {
        match record {
            Ok(record) => {
                let line = record.position().map_or(1, |position| position.line() as usize);
                let cells = names.iter().zip(record.iter()).enumerate();
                let values = cells
                    .map(|(at, (name, cell))| (name.clone(), Some(at + 1), Written::Text(clean(cell).into_owned())));
                rows.push(Row { line, values: values.collect() });
            }
            Err(error) => errors.push(csv_error(&error, place(&error))),
        }
    }
    (rows, errors)
}

/// The line of a quote that opens a value and is never closed. A reader would take the rest of the file for its value.
fn open_quote(text: &str, separator: u8) -> Option<usize> {
    /// Where in a value a byte stands, with the line of its opening quote.
    enum At {
        Begin,
        Plain,
        Quoted(usize),
        Closed(usize),
    }
    let (mut line, mut at) = (1, At::Begin);
    for byte in text.bytes() {
        at = match (at, byte) {
            (At::Begin, b'"') => At::Quoted(line),
            (At::Quoted(opened), b'"') => At::Closed(opened),
            // A doubled quote is a quote of the value.
            (At::Closed(opened), b'"') => At::Quoted(opened),
            (At::Quoted(opened), _) => At::Quoted(opened),
            (_, b'\n' | b'\r') => At::Begin,
            (_, byte) if byte == separator => At::Begin,
            _ => At::Plain,
        };
        line += usize::from(byte == b'\n');
    }
    if let At::Quoted(opened) = at { Some(opened) } else { None }
}

fn csv_error(error: &csv::Error, line: usize) -> CaseError {
    let what = match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("{len} values, but the first line names {expected_len} columns")
        }
        _ => error.to_string(),
    };
    CaseError { line, column: None, what }
}

fn toml_rows(text: &str) -> Rows {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct CaseFile {
        #[serde(alias = "cases")]
        case: Vec<Spanned<toml::Table>>,
    }
    let line_of = |offset: usize| text.as_bytes().iter().take(offset).filter(|byte| **byte == b'\n').count() + 1;
    match toml::from_str::<CaseFile>(text) {
        Ok(file) => {
            let rows = file.case.into_iter().map(|table| {
                let line = line_of(table.span().start);
                let values = table
                    .into_inner()
                    .into_iter()
                    .map(|(name, value)| (name, None, Written::Json(serde_json::to_value(value).unwrap_or_default())));
                Row { line, values: values.collect() }
            });
            (rows.collect(), Vec::new())
        }
        Err(error) => {
            let line = line_of(error.span().map_or(0, |span| span.start));
            let what = format!("expected [[case]] tables: {}", error.message().trim());
            (Vec::new(), vec![CaseError { line, column: None, what }])
        }
    }
}

impl Row {
    fn case(self, number: usize, signature: &Signature) -> Result<Case, CaseError> {
        let line = self.line;
        let mut case = Case {
            id: number.to_string(),
            inputs: Values::new(),
            expected: Values::new(),
            notes: Map::new(),
            split: None,
            tags: Vec::new(),
        };
        let names: Vec<String> = self.values.iter().map(|(name, ..)| name.clone()).collect();
        for (name, column, written) in self.values {
            let fail = |what: String| CaseError { line, column, what: clean_line(&what, 300) };
            if let Some(field) = signature.input(&name) {
                if let Some(value) = written.input(field).map_err(fail)? {
                    case.inputs.insert(name, value);
                }
            } else if let Some(field) = signature.output(&name) {
                if let Some(value) = written.expected(field).map_err(fail)? {
                    case.expected.insert(name, value);
                }
            } else {
                match (name.as_str(), written.note()) {
                    ("id", Value::String(text)) if !text.is_empty() => case.id = clean_line(&text, 100),
                    ("id", id @ Value::Number(_)) => case.id = id.to_string(),
                    ("split", Value::String(text)) if !text.is_empty() => case.split = Some(text),
                    ("tags", Value::Array(tags)) => {
                        case.tags = tags.iter().filter_map(Value::as_str).map(str::to_owned).collect();
                    }
                    ("tags", Value::String(text)) => {
                        case.tags = text
                            .split([',', ';'])
                            .map(str::trim)
                            .filter(|tag| !tag.is_empty())
                            .map(str::to_owned)
                            .collect();
                    }
                    ("id" | "split" | "tags", Value::Null | Value::String(_)) => {}
                    ("id" | "split" | "tags", other) => {
                        return Err(fail(format!("{name}: expected text, got {other}")));
                    }
                    (_, note) => _ = case.notes.insert(name, note),
                }
            }
        }
        let missing = signature
            .inputs
            .iter()
            .find(|field| !case.inputs.contains_key(&field.name) && !field.field_type.is_optional());
        if let Some(field) = missing {
            let near = nearest(&field.name, case.notes.keys().map(String::as_str));
            let hint = near.map_or_else(
                || format!("the row has {}", if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }),
                |near| format!("did you mean the column `{near}`?"),
            );
            let what = clean_line(&format!("the input `{}` is missing; {hint}", field.name), 300);
            return Err(CaseError { line, column: None, what });
        }
        Ok(case)
    }
}

impl Written {
    /// The value of an input; none if it is left out.
    fn input(self, field: &Field) -> Result<Option<Value>, String> {
        match self {
            Self::Text(text) if text.trim().is_empty() && field.field_type != FieldType::Str => {
                if field.field_type.is_optional() {
                    Ok(None)
                } else {
                    Err(format!("the input `{}` is empty", field.name))
                }
            }
            Self::Json(Value::Null) => Ok(None),
            written => written.value(field).map(Some),
        }
    }

    /// The expected value of an output; none if it is left out. For a text, a list of texts says that any of them is right.
    fn expected(self, field: &Field) -> Result<Option<Value>, String> {
        match self {
            Self::Text(text) if text.trim().is_empty() => Ok(None),
            Self::Json(Value::Null) if !field.field_type.is_optional() => Ok(None),
            written => written.value(field).map(Some),
        }
    }

    /// The value as one of the field's type.
    fn value(self, field: &Field) -> Result<Value, String> {
        let value = match self {
            Self::Text(text) => field.parse(&text),
            Self::Json(value) => field.parse_json(&value).map(clean_value),
        };
        value.map_err(|problem| problem.to_string())
    }

    fn note(self) -> Value {
        match self {
            Self::Text(text) => Value::from(text),
            Self::Json(value) => clean_value(value),
        }
    }
}
