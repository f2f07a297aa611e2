//! What a file declares: imports, classes, names with a value, and the calls in it. Finds what a name means at a place.

use super::syntax::{Source, children};
use std::collections::HashMap;
use tree_sitter::Node;

/// The index of a scope; 0 is the module.
pub(super) type Scope = usize;

/// What a name stands for.
#[derive(Clone, Copy)]
pub(super) enum Meaning<'t> {
    /// A class: its definition and its scope.
    Class(Node<'t>, Scope),
    /// A value: the right side of an assignment or of a `type` statement.
    Value(Node<'t>),
}

/// A name that the file gives a meaning.
#[derive(Clone, Copy)]
pub(super) struct Declaration<'t> {
    pub name: &'t str,
    pub meaning: Meaning<'t>,
    pub scope: Scope,
    /// The byte at which it stands.
    pub at: usize,
}

/// A call, with the name that its value gets (`x = …`, `self.x = …`).
#[derive(Clone, Copy)]
pub(super) struct Call<'t> {
    pub node: Node<'t>,
    pub scope: Scope,
    pub label: Option<&'t str>,
}

/// The declarations of a file.
pub(super) struct Declarations<'t> {
    pub source: Source<'t>,
    /// In the order of the source.
    pub all: Vec<Declaration<'t>>,
    pub calls: Vec<Call<'t>>,
    /// What `X.__doc__` and `X.instructions` are set to: `X`, the value, and the scope.
    pub instructions: Vec<(Node<'t>, Node<'t>, Scope)>,
    by_name: HashMap<&'t str, Vec<usize>>,
    /// Full names by local names.
    imports: HashMap<&'t str, String>,
    /// The scope around each scope.
    around: Vec<Option<Scope>>,
}

impl<'t> Declarations<'t> {
    /// Collects the declarations of a file.
    pub(super) fn of(source: Source<'t>) -> Self {
        let mut found = Self {
            source,
            all: Vec::new(),
            calls: Vec::new(),
            instructions: Vec::new(),
            by_name: HashMap::new(),
            imports: HashMap::new(),
            around: vec![None],
        };
        let mut open = vec![(source.root, 0, None)];
        while let Some((node, scope, label)) = open.pop() {
            let inner = found.enter(node, scope, label);
            let from = open.len();
            for child in children(node) {
                let right = node.kind() == "assignment" && node.child_by_field_name("right") == Some(child);
                let label = right.then(|| found.target(node)).flatten();
                open.push((child, inner, label));
            }
            open[from..].reverse();
        }
        for (index, declaration) in found.all.iter().enumerate() {
            found.by_name.entry(declaration.name).or_default().push(index);
        }
        found
    }

    /// Notes what a node declares. Returns the scope of what is inside of it.
    fn enter(&mut self, node: Node<'t>, scope: Scope, label: Option<&'t str>) -> Scope {
        match node.kind() {
            "import_statement" => self.import(node, ""),
            "import_from_statement" => {
                let module = node.child_by_field_name("module_name").map_or("", |module| self.source.text(module));
                self.import(node, module);
            }
            "class_definition" | "function_definition" => {
                let inner = self.around.len();
                self.around.push(Some(scope));
                if let (Some(name), "class_definition") = (node.child_by_field_name("name"), node.kind()) {
                    self.declare(name, Meaning::Class(node, inner), scope, node.start_byte());
                }
                return inner;
            }
            "assignment" => {
                if let (Some(left), Some(right)) = (node.child_by_field_name("left"), node.child_by_field_name("right"))
                {
                    match left.kind() {
                        "identifier" => self.declare(left, Meaning::Value(right), scope, right.start_byte()),
                        "attribute" => self.set_attribute(left, right, scope),
                        _ => {}
                    }
                }
            }
            "type_alias_statement" => {
                if let (Some(left), Some(right)) = (node.child_by_field_name("left"), node.child_by_field_name("right"))
                {
                    self.declare(left, Meaning::Value(right), scope, right.start_byte());
                }
            }
            "call" => self.calls.push(Call { node, scope, label }),
            _ => {}
        }
        scope
    }

    fn declare(&mut self, name: Node<'t>, meaning: Meaning<'t>, scope: Scope, at: usize) {
        self.all.push(Declaration { name: self.source.text(name), meaning, scope, at });
    }

    /// Notes `X.__doc__ = …` and `X.instructions = …`.
    fn set_attribute(&mut self, left: Node<'t>, right: Node<'t>, scope: Scope) {
        if let (Some(object), Some(name)) = (left.child_by_field_name("object"), left.child_by_field_name("attribute"))
            && matches!(self.source.text(name), "__doc__" | "instructions")
        {
            self.instructions.push((object, right, scope));
        }
    }

    /// The last name on the left side of an assignment: `x` of `self.x = …`.
    fn target(&self, assignment: Node<'t>) -> Option<&'t str> {
        let left = assignment.child_by_field_name("left")?;
        match left.kind() {
            "identifier" => Some(self.source.text(left)),
            "attribute" => left.child_by_field_name("attribute").map(|name| self.source.text(name)),
            _ => None,
        }
    }

    fn import(&mut self, statement: Node<'t>, module: &str) {
        let mut cursor = statement.walk();
        for item in statement.children_by_field_name("name", &mut cursor) {
            let part = |name| item.child_by_field_name(name).map(|node| self.source.text(node));
            let name = part("name").unwrap_or(self.source.text(item));
            let (local, full) = match (part("alias"), module) {
                (Some(alias), "") => (alias, name.to_owned()),
                // `import a.b` makes the name `a`.
                (None, "") => {
                    (name.split('.').next().unwrap_or(name), name.split('.').next().unwrap_or(name).to_owned())
                }
                (alias, module) => (alias.unwrap_or(name), format!("{module}.{name}")),
            };
            self.imports.insert(local, full);
        }
    }

    /// What a name means at a place: the declaration in the nearest scope, and there the last one before the place, or
    /// else the first one after it.
    pub(super) fn find(&self, name: &str, scope: Scope, before: usize) -> Option<Declaration<'t>> {
        let same_name = self.by_name.get(name)?;
        let mut at = Some(scope);
        while let Some(scope) = at {
            let here = same_name.iter().map(|&index| self.all[index]).filter(|declaration| declaration.scope == scope);
            if let Some(found) = here.clone().rfind(|found| found.at < before).or_else(|| here.clone().next()) {
                return Some(found);
            }
            at = self.around[scope];
        }
        None
    }

    /// The declaration that a dotted name means: `Outer.Inner` is in the scope of `Outer`.
    pub(super) fn find_dotted(&self, name: &str, scope: Scope, before: usize) -> Option<Declaration<'t>> {
        let mut parts = name.split('.');
        let mut found = self.find(parts.next()?, scope, before)?;
        for part in parts {
            let Meaning::Class(_, inner) = found.meaning else { return None };
            found = self.find(part, inner, usize::MAX).filter(|found| found.scope == inner)?;
        }
        Some(found)
    }

    /// The full name of what a dotted name means, with imports and their aliases resolved: `d.InputField` after
    /// `import dspy as d` is `dspy.InputField`. A name that is not imported stays as it is.
    pub(super) fn full_name(&self, name: &str) -> String {
        let (first, rest) = name.split_once('.').map_or((name, None), |(first, rest)| (first, Some(rest)));
        let full = self.imports.get(first).map_or(first, String::as_str);
        rest.map_or_else(|| full.to_owned(), |rest| format!("{full}.{rest}"))
    }

    /// The name of something of DSPy: `Predict` for `dspy.Predict`, an alias of it, and, in a snippet without imports,
    /// `Predict` alone.
    pub(super) fn of_dspy(&self, node: Node<'t>, scope: Scope) -> Option<String> {
        if !matches!(node.kind(), "identifier" | "attribute") {
            return None;
        }
        let written = self.source.text(node);
        let full = self.full_name(written);
        let last = full.rsplit('.').next().unwrap_or(&full).to_owned();
        let is_dspy = full.starts_with("dspy.")
            || (full == written
                && node.kind() == "identifier"
                && self.find(written, scope, node.start_byte()).is_none());
        is_dspy.then_some(last)
    }
}
