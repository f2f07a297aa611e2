//! Signatures: classes, and expressions that make one from a text, from a dict or from another signature.

use super::constants::text;
use super::declarations::{Declaration, Meaning, Scope};
use super::fields::SideField;
use super::reader::Reader;
use super::syntax::{Arguments, MAX_DEPTH, call, children, line};
use super::texts::clean_doc;
use crate::dspy::signature::Signature;
use tree_sitter::Node;

/// A signature as the source has it.
#[derive(Clone, Debug, Default)]
pub(super) struct Draft {
    pub fields: Vec<SideField>,
    /// The docstring; `None` if there is none.
    pub instructions: Option<String>,
    /// The name that the source gives with `signature_name`.
    pub name: Option<String>,
}

impl Draft {
    /// The signature, with the inputs before the outputs.
    pub(super) fn signature(&self) -> Signature {
        let side = |inputs: bool| {
            self.fields.iter().filter(|field| field.is_input == inputs).map(|field| field.field.clone()).collect()
        };
        let mut signature = Signature::new(side(true), side(false));
        signature.instructions = clean_doc(self.instructions.as_deref().unwrap_or_default());
        signature
    }

    /// Adds a field, or replaces the one of the same name in its place.
    fn put(&mut self, field: SideField) {
        match self.fields.iter_mut().find(|other| other.field.name == field.field.name) {
            Some(other) => *other = field,
            None => self.fields.push(field),
        }
    }

    /// Inserts a field at an index of its side; a negative index counts from behind the last.
    fn insert(&mut self, index: i64, field: SideField) {
        let same: Vec<usize> = (0..self.fields.len()).filter(|&i| self.fields[i].is_input == field.is_input).collect();
        let from_end = usize::try_from(-(index + 1)).ok();
        let index =
            from_end.map_or_else(|| usize::try_from(index).unwrap_or(0), |back| same.len().saturating_sub(back));
        let at = same.get(index).copied();
        self.fields.insert(at.unwrap_or(self.fields.len()), field);
    }
}

impl<'t> Reader<'t> {
    /// The signature that a declaration makes; nothing if it makes none.
    pub(super) fn declared(&mut self, declaration: &Declaration<'t>, depth: usize) -> Option<Draft> {
        let key = match declaration.meaning {
            Meaning::Class(node, _) | Meaning::Value(node) => node.start_byte(),
        };
        if let Some(known) = self.drafts.get(&key) {
            return known.clone();
        }
        // While it is being read it counts as none, so that a circle ends.
        self.drafts.insert(key, None);
        let draft = match declaration.meaning {
            Meaning::Class(node, inner) => self.class(declaration, node, inner, depth),
            Meaning::Value(node) => self.expression(node, declaration.name, declaration.scope, depth),
        };
        self.drafts.insert(key, draft.clone());
        draft
    }

    /// The signature that an expression makes. `place` names it in notes.
    pub(super) fn expression(&mut self, node: Node<'t>, place: &str, scope: Scope, depth: usize) -> Option<Draft> {
        if depth > MAX_DEPTH {
            return None;
        }
        match node.kind() {
            "identifier" | "attribute" => {
                let name = self.names.source.text(node);
                let found = self.names.find_dotted(name, scope, node.start_byte())?;
                self.declared(&found, depth + 1)
            }
            "parenthesized_expression" => self.expression(*children(node).first()?, place, scope, depth + 1),
            "call" => {
                let (function, arguments) = call(self.names.source, node)?;
                let made = self.names.of_dspy(function, scope);
                if matches!(made.as_deref(), Some("Signature" | "make_signature" | "ensure_signature")) {
                    return self.made(&arguments, place, scope, depth);
                }
                let object = function.child_by_field_name("object")?;
                let method = self.names.source.text(function.child_by_field_name("attribute")?);
                let base = self.expression(object, place, scope, depth + 1)?;
                self.changed(base, method, &arguments, place, (scope, node))
            }
            _ => None,
        }
    }

    /// `dspy.Signature("question -> answer", "instructions")`, or with a dict of fields.
    fn made(&mut self, arguments: &Arguments<'t>, place: &str, scope: Scope, depth: usize) -> Option<Draft> {
        let fields = arguments.at(0, "signature")?;
        let name = arguments.named("signature_name").and_then(|name| text(&self.names, name, scope).ok());
        let mut draft = match text(&self.names, fields, scope) {
            Ok(inline) => self.inline(&inline, fields, place, scope)?,
            Err(_) if fields.kind() == "dictionary" => self.dictionary(fields, place, scope),
            Err(reason) => {
                let base = self.expression(fields, place, scope, depth + 1);
                if base.is_none() {
                    self.note(line(fields), format!("{place} is left out: {reason}"));
                }
                base?
            }
        };
        if let Some(instructions) = arguments.at(1, "instructions").filter(|node| node.kind() != "none") {
            draft.instructions = self.instructions(instructions, place, scope);
        }
        draft.name = name.or(draft.name);
        Some(draft)
    }

    /// Instructions given as an expression.
    pub(super) fn instructions(&mut self, node: Node<'t>, place: &str, scope: Scope) -> Option<String> {
        let value = text(&self.names, node, scope);
        value
            .map_err(|reason| self.note(line(node), format!("the instructions of {place} are left out: {reason}")))
            .ok()
    }

    /// A dict of fields: `{"question": dspy.InputField(), "answer": (str, dspy.OutputField())}`.
    fn dictionary(&mut self, node: Node<'t>, place: &str, scope: Scope) -> Draft {
        let mut draft = Draft::default();
        for pair in children(node) {
            let (Some(key), Some(value)) = (pair.child_by_field_name("key"), pair.child_by_field_name("value")) else {
                continue;
            };
            let Ok(name) = text(&self.names, key, scope) else { continue };
            let parts = if value.kind() == "tuple" { children(value) } else { vec![value] };
            let (field_type, field) = match parts.as_slice() {
                [field] => (None, *field),
                [field_type, field] => (Some(*field_type), *field),
                _ => continue,
            };
            if let Some((is_input, arguments)) = self.field_call(field, scope) {
                let field = self.field(place, &name, field_type, (is_input, &arguments), (scope, pair));
                draft.fields.extend(field);
            }
        }
        draft
    }

    /// A signature with one of the changes that DSPy has methods for.
    fn changed(
        &mut self,
        mut draft: Draft,
        method: &str,
        arguments: &Arguments<'t>,
        place: &str,
        (scope, at): (Scope, Node<'t>),
    ) -> Option<Draft> {
        if method == "with_instructions" {
            draft.instructions = self.instructions(arguments.at(0, "instructions")?, place, scope);
            return Some(draft);
        }
        let inserted = usize::from(method == "insert");
        let name = text(&self.names, arguments.at(inserted, "name")?, scope).ok()?;
        match method {
            "delete" => draft.fields.retain(|field| field.field.name != name),
            "with_updated_fields" => {
                let index = draft.fields.iter().position(|field| field.field.name == name)?;
                let mut field = draft.fields[index].field.clone();
                if let Some(node) = arguments.at(1, "type_").filter(|node| node.kind() != "none") {
                    match self.field_type(node, scope) {
                        Ok(field_type) => field.field_type = field_type,
                        Err(reason) => self.note(line(node), format!("the type of {place}.{name} stays: {reason}")),
                    }
                }
                let named = Arguments { plain: Vec::new(), named: arguments.named.clone() };
                self.describe(place, &mut field, &named, scope);
                draft.fields[index].field = field;
            }
            "append" | "prepend" | "insert" => {
                let (is_input, of_field) = self.field_call(arguments.at(1 + inserted, "field")?, scope)?;
                let field_type = arguments.at(2 + inserted, "type_").filter(|node| node.kind() != "none");
                let field = self.field(place, &name, field_type, (is_input, &of_field), (scope, at));
                let index = match method {
                    "append" => -1,
                    "prepend" => 0,
                    _ => super::constants::constant(&self.names, arguments.at(0, "index")?, scope).ok()?.as_i64()?,
                };
                if let Some(field) = field {
                    draft.insert(index, field);
                }
            }
            _ => return None,
        }
        Some(draft)
    }

    /// The signature that a class is: it inherits from `dspy.Signature` or from another signature.
    fn class(&mut self, declaration: &Declaration<'t>, node: Node<'t>, inner: Scope, depth: usize) -> Option<Draft> {
        let (place, scope) = (declaration.name, declaration.scope);
        let body = node.child_by_field_name("body")?;
        let bases = Arguments::of(self.names.source, node.child_by_field_name("superclasses")).plain;
        let (mut draft, mut foreign) = (None, None);
        for base in bases {
            if self.names.of_dspy(base, scope).as_deref() == Some("Signature") {
                draft.get_or_insert_with(Draft::default);
            } else if let Some(inherited) = self.expression(base, place, scope, depth + 1) {
                self.bases.extend(self.meant(base, scope));
                let draft = draft.get_or_insert_with(Draft::default);
                draft.instructions = draft.instructions.take().or(inherited.instructions);
                inherited.fields.into_iter().for_each(|field| draft.put(field));
            } else if self.names.find_dotted(self.names.source.text(base), scope, base.start_byte()).is_none() {
                foreign = Some(base);
            }
        }
        let assignments: Vec<Node<'t>> = children(body)
            .into_iter()
            .filter(|statement| statement.kind() == "expression_statement")
            .filter_map(|statement| children(statement).first().copied())
            .collect();
        let is_field = |reader: &Self, node: &Node<'t>| {
            node.child_by_field_name("right").is_some_and(|right| reader.field_call(right, inner).is_some())
        };
        if let (None, Some(base)) = (&draft, foreign) {
            if !assignments.iter().any(|node| is_field(self, node)) || self.is_model(base) {
                return None;
            }
            let base_name = self.names.source.text(base);
            self.note(
                line(base),
                format!("{place}: `{base_name}` comes from elsewhere, so fields that it may have are missing"),
            );
            draft = Some(Draft::default());
        }
        let mut draft = draft?;
        if let Some(doc) = doc_node(body) {
            draft.instructions = self.docstring(doc, place, inner).or(draft.instructions);
        }
        for node in assignments.into_iter().filter(|node| node.kind() == "assignment") {
            self.body_assignment(&mut draft, node, place, inner);
        }
        Some(draft)
    }

    /// A docstring. An f-string is none, in Python.
    fn docstring(&mut self, node: Node<'t>, place: &str, scope: Scope) -> Option<String> {
        let is_format =
            self.names.source.text(node).split(['"', '\'']).next().is_some_and(|prefix| prefix.contains(['f', 'F']));
        if is_format {
            let reason = "an f-string is not a docstring in Python";
            self.note(line(node), format!("the instructions of {place} are left out: {reason}"));
            return None;
        }
        text(&self.names, node, scope).ok()
    }

    /// An assignment in the body of a signature class.
    fn body_assignment(&mut self, draft: &mut Draft, node: Node<'t>, place: &str, scope: Scope) {
        let part = |name| node.child_by_field_name(name);
        let Some(left) = part("left").filter(|left| left.kind() == "identifier") else { return };
        let name = self.names.source.text(left);
        let (field_type, right) = (part("type"), part("right"));
        if name == "__doc__" {
            draft.instructions =
                right.and_then(|right| self.instructions(right, place, scope)).or(draft.instructions.take());
        } else if let Some((is_input, arguments)) = right.and_then(|right| self.field_call(right, scope)) {
            if let Some(field) = self.field(place, name, field_type, (is_input, &arguments), (scope, node)) {
                draft.put(field);
            }
        } else if let Some(field_type) = field_type
            && !name.starts_with('_')
            && name != "model_config"
            && !self.names.source.text(field_type).contains("ClassVar")
        {
            let reason = "it is neither an InputField nor an OutputField";
            self.note(line(node), format!("{place}.{name} is left out: {reason}"));
        }
    }
}

/// The docstring of a class body: its first statement, if that is a string literal.
pub(super) fn doc_node(body: Node<'_>) -> Option<Node<'_>> {
    let mut node = children(body).into_iter().next().filter(|first| first.kind() == "expression_statement")?;
    while matches!(node.kind(), "expression_statement" | "parenthesized_expression") {
        [node] = children(node).try_into().ok()?;
    }
    node.kind().ends_with("string").then_some(node)
}
