//! `.env` files: lines of `NAME=value`, with `#` comments, an optional `export`, and quotes that may span lines.
//! Variables in values are not expanded. Such a file often belongs to another program, so nothing in it is an error:
//! what can be read is read, and notes say the rest.

use crate::config::special::read_special;
use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

/// The part of a file that is read: 16 MiB.
const CAP: u64 = 16 << 20;

/// The content of a `.env` file.
#[derive(Debug, Default, PartialEq)]
pub(super) struct DotEnv {
    /// The assignments. Of two with one name, the later one counts.
    pub(super) vars: BTreeMap<String, String>,
    /// What cannot be read, a phrase each. No line is quoted, because it may hold a secret.
    pub(super) notes: Vec<String>,
}

/// Reads one file; none if it does not exist.
pub(super) fn read(path: &Path) -> Option<DotEnv> {
    let noted = |note: String| Some(DotEnv { notes: vec![note], ..DotEnv::default() });
    let bytes = match std::fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
        Err(error) => return noted(format!("cannot be read: {error}")),
        Ok(data) if data.is_dir() => return noted("is a directory, so it sets nothing".to_owned()),
        Ok(data) if data.is_file() => std::fs::File::open(path).and_then(|file| {
            let mut bytes = Vec::new();
            file.take(CAP).read_to_end(&mut bytes).map(|_| bytes)
        }),
        Ok(_) => read_special(path, CAP),
    };
    match bytes {
        Ok(bytes) => {
            let mut file = parse(&decode(&bytes));
            if bytes.len() as u64 == CAP {
                file.notes.push(format!("is longer than {} MiB; the rest is not read", CAP >> 20));
            }
            Some(file)
        }
        Err(error) => noted(format!("cannot be read: {error}")),
    }
}

/// The text of a file in UTF-8 or UTF-16, with or without a mark. A line that is neither is read as Latin-1.
fn decode(bytes: &[u8]) -> String {
    let utf16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
        char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => return utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => return utf16(rest, u16::from_be_bytes),
        // ASCII in UTF-16 without a mark: each second byte is zero.
        [a, 0, b, 0, ..] if *a != 0 && *b != 0 => return utf16(bytes, u16::from_le_bytes),
        [0, a, 0, b, ..] if *a != 0 && *b != 0 => return utf16(bytes, u16::from_be_bytes),
        _ => {}
    }
    let line = |line: &[u8]| match std::str::from_utf8(line) {
        Ok(line) => line.to_owned(),
        Err(_) => line.iter().copied().map(char::from).collect(),
    };
    bytes.split_inclusive(|byte| *byte == b'\n').map(line).collect()
}

/// The assignments of a text.
fn parse(text: &str) -> DotEnv {
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n").replace('\r', "\n");
    let mut file = DotEnv::default();
    let (mut unread, mut number, mut rest) = (Vec::new(), 0, text.as_str());
    while !rest.is_empty() {
        let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
        number += 1;
        let blank = line.trim().is_empty() || line.trim_start().starts_with('#');
        let Some((name, from)) = assignment(line).filter(|_| !blank) else {
            if !blank {
                unread.push(number);
            }
            rest = after;
            continue;
        };
        match quoted(&rest[line.len() - from.len()..]) {
            Some((value, length)) => {
                let end = line.len() - from.len() + length;
                number += rest[..end].matches('\n').count();
                rest = rest[end..].split_once('\n').map_or("", |(_, after)| after);
                file.vars.insert(name.to_owned(), value);
            }
            // A quote that is never closed: its line says nothing, and the next lines are read by themselves.
            None if from.trim_start().starts_with(['"', '\'', '`']) => {
                unread.push(number);
                rest = after;
            }
            None => {
                file.vars.insert(name.to_owned(), unquoted(from).to_owned());
                rest = after;
            }
        }
    }
    match unread.as_slice() {
        [] => {}
        [line] => file.notes.push(format!("line {line} is not NAME=value, so it sets nothing")),
        [first, ..] => file
            .notes
            .push(format!("{} lines are not NAME=value, so they set nothing; the first is line {first}", unread.len())),
    }
    file
}

/// The name of an assignment, and the text after its sign: `NAME=…`, or `NAME: …` as in YAML.
fn assignment(line: &str) -> Option<(&str, &str)> {
    let line = line.trim_start();
    let exported = line.strip_prefix("export").filter(|rest| rest.starts_with([' ', '\t'])).map(str::trim_start);
    let line = exported.unwrap_or(line);
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-');
    let end = line.find(|c| !is_name(c)).filter(|end| *end > 0)?;
    let (name, rest) = line.split_at(end);
    let after = rest.trim_start_matches([' ', '\t']);
    let value = after
        .strip_prefix('=')
        .or_else(|| rest.strip_prefix(':').filter(|value| value.is_empty() || value.starts_with([' ', '\t'])))?;
    Some((name, value))
}

/// The value in quotes at the beginning of a text, and the length up to its closing quote. A value of several lines
/// ends its last line; else the quote that seems to close it belongs to another value. `\"` and `\n` are read in double
/// quotes.
fn quoted(text: &str) -> Option<(String, usize)> {
    let start = text.len() - text.trim_start_matches([' ', '\t']).len();
    let quote = text[start..].chars().next().filter(|c| matches!(c, '"' | '\'' | '`'))?;
    let (mut value, mut escaped) = (String::new(), false);
    for (at, c) in text[start + 1..].char_indices() {
        match c {
            _ if escaped => {
                escaped = false;
                match c {
                    'n' => value.push('\n'),
                    '"' | '\\' => value.push(c),
                    _ => value.extend(['\\', c]),
                }
            }
            '\\' if quote == '"' => escaped = true,
            c if c == quote => {
                let after = text[start + 1 + at + 1..].lines().next().unwrap_or_default().trim_start();
                let whole = after.is_empty() || after.starts_with('#') || !text[..start + 1 + at].contains('\n');
                return whole.then_some((value, start + 1 + at + 1));
            }
            c => value.push(c),
        }
    }
    None
}

/// The text before a comment, which begins with `#` after white space.
fn unquoted(value: &str) -> &str {
    let comment = value.char_indices().find(|(at, c)| *c == '#' && value[..*at].ends_with(char::is_whitespace));
    value[..comment.map_or(value.len(), |(at, _)| at)].trim()
}

#[cfg(test)]
mod tests {
    use super::{decode, parse};

    /// The assignments as `NAME=value`, then the notes.
    fn read(bytes: &[u8]) -> Vec<String> {
        let file = parse(&decode(bytes));
        file.vars.iter().map(|(name, value)| format!("{name}={value}")).chain(file.notes).collect()
    }

    #[test]
    fn assignments_are_read_as_other_tools_write_them() {
        for (text, expected) in [
            ("\u{feff}# c\nexport A=1\nB=\"two # words\" # why\n", &["A=1", "B=two # words"][..]),
            ("C='x'\nD = a b # c\n\nE=\n", &["C=x", "D=a b", "E="]),
            ("A=1\t# mine\nB= # nothing\nC=#x\nD=a#b\n", &["A=1", "B=", "C=#x", "D=a#b"]),
            ("export\tA=1\n  B=2\nexporter=3\n", &["A=1", "B=2", "exporter=3"]),
            ("A=1\r\nB='2'\r\n", &["A=1", "B=2"]),
            ("A=1\rB=2", &["A=1", "B=2"]),
            ("a.b=1\nnpm-token=y\nA=2", &["A=2", "a.b=1", "npm-token=y"]),
            ("A: 1\nB: \"x\" # y\n", &["A=1", "B=x"]),
            (r#"A="{\"X\": \"y\"}""#, &[r#"A={"X": "y"}"#]),
            (r#"A="a\nb\t""#, &["A=a\nb\\t"]),
            ("A=it's\nB=it's", &["A=it's", "B=it's"]),
            ("A=1\nA=2", &["A=2"]),
        ] {
            assert_eq!(read(text.as_bytes()), expected, "{text:?}");
        }
    }

    #[test]
    fn a_value_may_have_several_lines_and_a_stray_quote_hides_no_other_value() {
        let pem = "PEM=\"-----BEGIN-----\nx=1\n-----END-----\" # key\nA=1";
        assert_eq!(read(pem.as_bytes()), ["A=1", "PEM=-----BEGIN-----\nx=1\n-----END-----"]);
        assert_eq!(read(b"X=\"abc\nA=\"1\"\n"), ["A=1", "line 1 is not NAME=value, so it sets nothing"]);
        assert_eq!(read(b"X='abc\nA=1\n"), ["A=1", "line 1 is not NAME=value, so it sets nothing"]);
        let note = "line 4 is not NAME=value, so it sets nothing";
        assert_eq!(read(b"X='a\nb\nc'\nsource ./other\nA=1"), ["A=1", "X=a\nb\nc", note], "lines are counted");
    }

    #[test]
    fn what_is_not_an_assignment_is_a_note_without_its_text() {
        let note = "3 lines are not NAME=value, so they set nothing; the first is line 1";
        assert_eq!(read(b"DEBUG\nA=1\nsk-or-v1-secret\n- A=2\n"), ["A=1", note]);
        assert_eq!(read(b"https://example.org/\n: 1\n=2").len(), 1);
    }

    #[test]
    fn every_encoding_is_read() {
        assert_eq!(read(b"# cl\xe9\nA=caf\xe9\nB=\xc3\xa9"), ["A=café", "B=é"]);
        let le: Vec<u8> = "A=é\nB=1".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let be: Vec<u8> = "A=é\nB=1".encode_utf16().flat_map(u16::to_be_bytes).collect();
        for (mark, text) in [(&[0xff, 0xfe][..], &le), (&[0xfe, 0xff], &be)] {
            assert_eq!(read(&[mark, text].concat()), ["A=é", "B=1"]);
        }
        let plain: Vec<u8> = "AB=1\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(read(&plain), ["AB=1"]);
        assert_eq!(read(b"\x00\xff\xfe\x80"), ["line 1 is not NAME=value, so it sets nothing"]);
    }
}
