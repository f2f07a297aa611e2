//! White space in texts, as Python's library handles it, and what is around pasted source.

use std::borrow::Cow;

/// `textwrap.dedent`: without the white space that all lines begin with. Lines of white space become empty.
pub(super) fn dedent(text: &str) -> String {
    let lines: Vec<&str> = text.split('\n').map(|line| if line.trim().is_empty() { "" } else { line }).collect();
    let indent = |line: &&str| line[..line.len() - line.trim_start_matches([' ', '\t']).len()].to_owned();
    let common = |a: String, b: String| a.chars().zip(b.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a).collect();
    let margin = lines.iter().filter(|line| !line.is_empty()).map(indent).reduce(common).unwrap_or_default();
    lines.iter().map(|line| line.strip_prefix(&margin).unwrap_or(line)).collect::<Vec<_>>().join("\n")
}

/// `inspect.cleandoc`: a docstring without its indentation and without empty lines around it.
pub(super) fn clean_doc(text: &str) -> String {
    let text = expand_tabs(text);
    let mut lines: Vec<&str> = text.split('\n').collect();
    let spaces = |line: &str| line.len() - line.trim_start().len();
    let margin = lines[1..].iter().filter(|line| !line.trim().is_empty()).map(|line| spaces(line)).min().unwrap_or(0);
    lines[0] = lines[0].trim_start();
    for line in &mut lines[1..] {
        *line = line.get(margin..).unwrap_or_default();
    }
    while lines.last().is_some_and(|line| line.is_empty()) {
        lines.pop();
    }
    let first = lines.iter().position(|line| !line.is_empty()).unwrap_or(lines.len());
    lines[first..].join("\n")
}

/// Tabs as spaces up to the next multiple of eight columns.
fn expand_tabs(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut column = 0;
    for c in text.chars() {
        match c {
            '\t' => {
                let width = 8 - column % 8;
                out.extend(std::iter::repeat_n(' ', width));
                column += width;
            }
            '\n' => {
                out.push(c);
                column = 0;
            }
            c => {
                out.push(c);
                column += 1;
            }
        }
    }
    out
}

/// A text without the lines of Markdown's code fences, if it begins with one. The number of lines stays.
pub(super) fn without_fences(text: &str) -> Cow<'_, str> {
    let is_fence = |line: &str| line.trim_start().starts_with("```");
    if !text.lines().find(|line| !line.trim().is_empty()).is_some_and(is_fence) {
        return Cow::Borrowed(text);
    }
    let lines = text.split('\n').map(|line| if is_fence(line) { "" } else { line });
    Cow::Owned(lines.collect::<Vec<_>>().join("\n"))
}
