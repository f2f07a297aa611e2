//! Python source as a syntax tree. The parser recovers after errors: what stands around an error is still a tree.

use super::texts::dedent;
use crate::dspy::import::ImportError;
use std::ops::Range;
use tree_sitter::{Node, Parser, Tree};

/// The number of lines of comments, one after the other, that the parser gets.
const MAX_COMMENTS: usize = 1000;

/// The number of statements that get the brackets that they lack.
const MAX_REPAIRS: usize = 100;

/// How deep an expression may nest. A deeper one has no value here, so that the call stack stays small.
pub(super) const MAX_DEPTH: usize = 50;

/// A source in which every statement can be parsed.
pub(super) struct Parsed {
    pub text: String,
    pub tree: Tree,
    /// The lines of what was taken out or closed.
    pub removed: Vec<usize>,
}

/// Parses Python source. The parser recovers from errors within a statement. A statement that it cannot recognize could
/// swallow what follows, so it is taken out, and a bracket that a statement does not close is closed.
///
/// # Errors
/// There is no syntax tree, because the parser gave up.
pub(super) fn parse(text: String) -> Result<Parsed, ImportError> {
    let text = without_long_comments(text);
    let mut parser = Parser::new();
    let known = parser.set_language(&tree_sitter_python::LANGUAGE.into());
    known.map_err(|error| ImportError::new(error.to_string()))?;
    let mut tree =
        |text: &str| parser.parse(text, None).ok_or_else(|| ImportError::new("the Python source cannot be parsed"));
    let whole = tree(&text)?;
    if !whole.root_node().has_error() {
        return Ok(Parsed { text, tree: whole, removed: Vec::new() });
    }
    let mut removed = Vec::new();
    let kept = without_errors(&text, 1, &mut tree, &mut removed)?;
    let tree = tree(&kept)?;
    Ok(Parsed { text: kept, tree, removed })
}

/// The text with empty lines in place of the statements that the parser cannot recognize, also of those in the body of
/// a class. Adds their lines to `removed`; `line` is the first line of the text.
fn without_errors(
    text: &str,
    mut line: usize,
    tree: &mut impl FnMut(&str) -> Result<Tree, ImportError>,
    removed: &mut Vec<usize>,
) -> Result<String, ImportError> {
    let mut kept = String::with_capacity(text.len());
    for statement in statements(text) {
        let lines = statement.matches('\n').count();
        let parsed = tree(statement)?;
        let root = parsed.root_node();
        let class = statement.strip_prefix("class ").and_then(|rest| rest.split_once('\n'));
        match class {
            _ if !root.has_error() => kept.push_str(statement),
            Some((head, body)) => {
                let body = without_errors(&dedent(body), line + 1, tree, removed)?;
                kept.extend(["class ", head, "\n"]);
                kept.extend(body.split_inclusive('\n').flat_map(|line| ["    ", line]));
            }
            None => {
                removed.push(line);
                let repaired = if removed.len() < MAX_REPAIRS { closed(statement, tree)? } else { None };
                match repaired {
                    Some(closed) => kept.push_str(&closed),
                    // What is inside of a statement that the parser recognizes stays.
                    None if !root.is_error() && !children(root).iter().any(Node::is_error) => kept.push_str(statement),
                    None => kept.extend(std::iter::repeat_n('\n', lines)),
                }
            }
        }
        line += lines;
    }
    Ok(kept)
}

/// A statement with the closing brackets that it lacks at its end, if that makes it right.
fn closed(
    statement: &str,
    tree: &mut impl FnMut(&str) -> Result<Tree, ImportError>,
) -> Result<Option<String>, ImportError> {
    let end = statement.trim_end().len();
    for brackets in [")", "]", "))", "])", "]))"] {
        let closed = format!("{}{brackets}{}", &statement[..end], &statement[end..]);
        if !tree(&closed)?.root_node().has_error() {
            return Ok(Some(closed));
        }
    }
    Ok(None)
}

/// The text with empty lines in place of very many lines of comments: the parser's time grows with their square.
fn without_long_comments(text: String) -> String {
    let lines: Vec<&str> = text.split('\n').collect();
    let runs = lines.chunk_by(|a, b| a.trim_start().starts_with('#') == b.trim_start().starts_with('#'));
    if runs.clone().all(|run| run.len() <= MAX_COMMENTS) {
        return text;
    }
    let is_long = |run: &&[&str]| run.len() > MAX_COMMENTS && run[0].trim_start().starts_with('#');
    let kept = runs.flat_map(|run| run.iter().map(move |line| if is_long(&run) { "" } else { line }));
    kept.collect::<Vec<_>>().join("\n")
}

/// The statements of a module: each begins at the start of a line. Decorators stay with what they decorate.
fn statements(text: &str) -> Vec<&str> {
    let (mut parts, mut from, mut at) = (Vec::new(), 0, 0);
    let mut quote: Option<&str> = None;
    let mut decorated = false;
    for line in text.split_inclusive('\n') {
        let continues = line.starts_with([' ', '\t', '\n', '#', ')', ']', '}'])
            || ["else", "elif", "except", "finally"].iter().any(|word| line.starts_with(word));
        if quote.is_none() && !continues {
            if !decorated && from < at {
                parts.push(&text[from..at]);
                from = at;
            }
            decorated = line.starts_with('@');
        }
        let mut rest = line;
        while let Some(found) = rest
            .find(quote.unwrap_or("\"\"\""))
            .into_iter()
            .chain(quote.is_none().then(|| rest.find("'''")).flatten())
            .min()
        {
            quote = match quote {
                Some(_) => None,
                None => Some(if rest[found..].starts_with('"') { "\"\"\"" } else { "'''" }),
            };
            rest = &rest[found + 3..];
        }
        at += line.len();
    }
    parts.push(&text[from..]);
    parts
}

/// The source that nodes belong to.
#[derive(Clone, Copy)]
pub(super) struct Source<'t> {
    pub text: &'t str,
    pub root: Node<'t>,
}

impl<'t> Source<'t> {
    /// The source text of a node.
    pub(super) fn text(&self, node: Node<'_>) -> &'t str {
        self.text.get(node.byte_range()).unwrap_or_default()
    }

    /// The text of a part of the tree without its comments, on one line.
    pub(super) fn without_comments(&self, node: Node<'t>) -> String {
        let mut out = String::new();
        let mut last = node.start_byte();
        walk(node, |inner| {
            let comment = inner.kind() == "comment";
            if comment {
                out.push_str(self.text.get(last..inner.start_byte()).unwrap_or_default());
                last = inner.end_byte();
            }
            !comment
        });
        out.push_str(self.text.get(last..node.end_byte()).unwrap_or_default());
        out
    }

    /// The lines of syntax errors, in order.
    pub(super) fn errors(&self) -> Vec<usize> {
        let mut lines = Vec::new();
        walk(self.root, |node| {
            if node.is_error() || node.is_missing() {
                lines.push(line(node));
            }
            node.has_error()
        });
        lines.dedup();
        lines
    }
}

/// The line of a node, from 1.
pub(super) fn line(node: Node<'_>) -> usize {
    node.start_position().row + 1
}

/// The named children of a node, without comments.
pub(super) fn children(node: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor).filter(|child| child.kind() != "comment").collect()
}

/// Visits a node and all nodes inside of it, in the order of the source. `visit` says whether to go into a node. Needs
/// no call stack, so any depth is fine.
pub(super) fn walk<'t>(node: Node<'t>, mut visit: impl FnMut(Node<'t>) -> bool) {
    let mut open = vec![node];
    while let Some(node) = open.pop() {
        if visit(node) {
            let from = open.len();
            let mut cursor = node.walk();
            open.extend(node.children(&mut cursor));
            open[from..].reverse();
        }
    }
}

/// Whether one range of bytes lies within another.
pub(super) fn lies_in(inner: &Range<usize>, outer: &Range<usize>) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

/// The arguments of a call: those without a name, and those with one.
#[derive(Clone, Default)]
pub(super) struct Arguments<'t> {
    pub plain: Vec<Node<'t>>,
    pub named: Vec<(&'t str, Node<'t>)>,
}

impl<'t> Arguments<'t> {
    /// The arguments in an argument list: of a call, or the bases of a class.
    pub(super) fn of(source: Source<'t>, list: Option<Node<'t>>) -> Self {
        let mut arguments = Self::default();
        for node in list.map(children).unwrap_or_default() {
            let part = |name| node.child_by_field_name(name);
            match (part("name"), part("value")) {
                (Some(name), Some(value)) if node.kind() == "keyword_argument" => {
                    arguments.named.push((source.text(name), value));
                }
                _ => arguments.plain.push(node),
            }
        }
        arguments
    }

    /// The argument with this name.
    pub(super) fn named(&self, name: &str) -> Option<Node<'t>> {
        self.named.iter().find(|(other, _)| *other == name).map(|(_, value)| *value)
    }

    /// The argument at this place, or with this name.
    pub(super) fn at(&self, place: usize, name: &str) -> Option<Node<'t>> {
        self.plain.get(place).copied().or_else(|| self.named(name))
    }
}

/// A call: what is called, and its arguments.
pub(super) fn call<'t>(source: Source<'t>, node: Node<'t>) -> Option<(Node<'t>, Arguments<'t>)> {
    let function = node.child_by_field_name("function").filter(|_| node.kind() == "call")?;
    Some((function, Arguments::of(source, node.child_by_field_name("arguments"))))
}
