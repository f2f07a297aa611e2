//! Highlights code: strings, comments, numbers and keywords, with the same few rules for every language. Works line by
//! line and remembers whether a comment or string is open.

use crate::tui::theme::StyleRole;

/// Keywords of the common languages. A word is highlighted in every language.
const KEYWORDS: &[&str] = &[
    "abstract",
    "and",
    "as",
    "assert",
    "async",
    "await",
    "begin",
    "break",
    "case",
    "catch",
    "class",
    "const",
    "continue",
    "crate",
    "def",
    "default",
    "defer",
    "del",
    "do",
    "elif",
    "else",
    "end",
    "enum",
    "esac",
    "except",
    "export",
    "extends",
    "extern",
    "false",
    "False",
    "fi",
    "final",
    "finally",
    "fn",
    "for",
    "from",
    "func",
    "function",
    "global",
    "go",
    "goto",
    "if",
    "impl",
    "import",
    "in",
    "interface",
    "is",
    "lambda",
    "let",
    "loop",
    "match",
    "mod",
    "module",
    "move",
    "mut",
    "namespace",
    "new",
    "nil",
    "None",
    "not",
    "null",
    "or",
    "package",
    "pass",
    "private",
    "pub",
    "public",
    "raise",
    "ref",
    "return",
    "select",
    "self",
    "Self",
    "SELECT",
    "FROM",
    "WHERE",
    "static",
    "struct",
    "super",
    "switch",
    "then",
    "this",
    "throw",
    "trait",
    "true",
    "True",
    "try",
    "type",
    "typeof",
    "union",
    "unsafe",
    "use",
    "using",
    "var",
    "void",
    "where",
    "while",
    "with",
    "yield",
];

/// Highlights the lines of one code block in order.
#[derive(Clone, Debug)]
pub(super) struct Highlighter {
    syntax: Syntax,
    open: OpenToken,
}

/// How a language writes comments and long strings.
#[derive(Clone, Copy, Debug)]
struct Syntax {
    /// What starts a comment up to the end of the line; empty if nothing does.
    line_comment: &'static str,
    /// Whether `/* … */` is a comment.
    block_comments: bool,
    /// Whether `"""` starts a string of several lines.
    triple_quotes: bool,
}

impl Syntax {
    fn of(language: &str) -> Self {
        let comments = |line_comment| Self { line_comment, block_comments: false, triple_quotes: false };
        match language.to_ascii_lowercase().as_str() {
            "python" | "py" => Self { triple_quotes: true, ..comments("#") },
            "sh" | "bash" | "shell" | "zsh" | "console" | "yaml" | "yml" | "toml" | "ruby" | "rb" | "r" | "make" => {
                comments("#")
            }
            "sql" | "lua" | "haskell" => comments("--"),
            "json" | "text" | "txt" | "markdown" | "md" | "diff" => comments(""),
            _ => Self { block_comments: true, ..comments("//") },
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OpenToken {
    Nothing,
    Comment,
    Triple,
}

impl Highlighter {
    /// A highlighter for the language that a code fence names. Unknown languages have `//` and `/* … */` comments.
    pub(super) fn new(language: &str) -> Self {
        Self { syntax: Syntax::of(language), open: OpenToken::Nothing }
    }

    /// Splits a line into pieces with their roles. The pieces together are the line.
    pub(super) fn highlight<'t>(&mut self, line: &'t str) -> impl Iterator<Item = (&'t str, StyleRole)> + use<'t> {
        let mut pieces = Vec::new();
        let mut rest = line;
        while !rest.is_empty() {
            let (length, role) = self.token(rest);
            let (piece, after) = rest.split_at(length);
            pieces.push((piece, role));
            rest = after;
        }
        pieces.into_iter()
    }

    /// The length in bytes and the role of the first token. A token has at least one character.
    fn token(&mut self, rest: &str) -> (usize, StyleRole) {
        let until = |mark: &str, from: usize| rest[from..].find(mark).map(|at| from + at + mark.len());
        match self.open {
            OpenToken::Comment => return self.close(until("*/", 0), rest, StyleRole::Comment),
            OpenToken::Triple => return self.close(until("\"\"\"", 0), rest, StyleRole::Literal),
            OpenToken::Nothing => {}
        }
        if !self.syntax.line_comment.is_empty() && rest.starts_with(self.syntax.line_comment) {
            return (rest.len(), StyleRole::Comment);
        }
        if self.syntax.block_comments && rest.starts_with("/*") {
            self.open = OpenToken::Comment;
            return self.close(until("*/", 2), rest, StyleRole::Comment);
        }
        if self.syntax.triple_quotes && rest.starts_with("\"\"\"") {
            self.open = OpenToken::Triple;
            return self.close(until("\"\"\"", 3), rest, StyleRole::Literal);
        }
        let first = rest.chars().next().unwrap_or(' ');
        match first {
            '"' | '\'' | '`' => match string(rest, first) {
                Some(length) => (length, StyleRole::Literal),
                None => (1, StyleRole::Text),
            },
            c if c.is_ascii_digit() => {
                (run(rest, |c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_')), StyleRole::Number)
            }
            c if c.is_alphabetic() || c == '_' => {
                let length = run(rest, |c| c.is_alphanumeric() || c == '_');
                (length, if KEYWORDS.contains(&&rest[..length]) { StyleRole::Keyword } else { StyleRole::Text })
            }
            _ => (first.len_utf8(), StyleRole::Text),
        }
    }

    fn close(&mut self, end: Option<usize>, rest: &str, role: StyleRole) -> (usize, StyleRole) {
        if end.is_some() {
            self.open = OpenToken::Nothing;
        }
        (end.unwrap_or(rest.len()), role)
    }
}

fn run(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|c| !belongs(c)).unwrap_or(text.len())
}

/// The length of the string at the start, if it ends in this line. An apostrophe alone does not start a string.
fn string(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return Some(at + 1),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roles(language: &str, lines: &[&str]) -> Vec<(String, StyleRole)> {
        let mut highlighter = Highlighter::new(language);
        lines
            .iter()
            .flat_map(|line| highlighter.highlight(line).collect::<Vec<_>>())
            .filter(|(_, role)| *role != StyleRole::Text)
            .map(|(piece, role)| (piece.to_owned(), role))
            .collect()
    }

    #[test]
    fn strings_comments_numbers_and_keywords_are_highlighted() {
        assert_eq!(
            roles("rust", &["let x = \"a\\\"b\"; // 1", "/* over", "lines */ 42 it's"]),
            [
                ("let".to_owned(), StyleRole::Keyword),
                ("\"a\\\"b\"".to_owned(), StyleRole::Literal),
                ("// 1".to_owned(), StyleRole::Comment),
                ("/* over".to_owned(), StyleRole::Comment),
                ("lines */".to_owned(), StyleRole::Comment),
                ("42".to_owned(), StyleRole::Number),
            ]
        );
        assert_eq!(roles("python", &["\"\"\"doc", "x\"\"\"  # y"]).len(), 3);
    }

    #[test]
    fn the_pieces_of_a_line_are_the_line() {
        let line = "fn f<'a>(x: &'a str) -> \"ü\" { 0xff_u8 /* 世 */ }";
        let joined: String = Highlighter::new("rust").highlight(line).map(|(piece, _)| piece).collect();
        assert_eq!(joined, line);
    }
}
