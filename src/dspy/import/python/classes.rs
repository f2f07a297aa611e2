//! Classes as types: models of pydantic, dataclasses and `TypedDict`s are objects, a `NamedTuple` is a tuple, and enums
//! are enums.

use super::constants::{constant, text};
use super::declarations::{Declaration, Scope};
use super::reader::Reader;
use super::signatures::doc_node;
use super::syntax::{Arguments, call, children, line, walk};
use super::texts::clean_doc;
use crate::dspy::types::{CONSTRAINTS, EnumType, FieldType, ObjectField, ObjectType};
use serde_json::{Value, json};
use std::sync::Arc;
use tree_sitter::Node;

/// What a class is, by its bases and decorators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ClassKind {
    Object,
    Tuple,
    Enum,
    /// An enum with texts, in which `auto()` is the name in lower case.
    StrEnum,
}

/// Bases and decorators that make a class a type, by the last part of their names.
const CLASS_KINDS: [(&str, ClassKind); 8] = [
    ("BaseModel", ClassKind::Object),
    ("TypedDict", ClassKind::Object),
    ("dataclass", ClassKind::Object),
    ("NamedTuple", ClassKind::Tuple),
    ("StrEnum", ClassKind::StrEnum),
    ("IntEnum", ClassKind::Enum),
    ("Enum", ClassKind::Enum),
    ("Flag", ClassKind::Enum),
];

impl<'t> Reader<'t> {
    /// The type that a class is.
    ///
    /// # Errors
    /// Why it cannot be imported.
    pub(super) fn class_type(
        &mut self,
        declaration: &Declaration<'t>,
        node: Node<'t>,
        inner: Scope,
    ) -> Result<FieldType, String> {
        let name = declaration.name;
        let source = self.names.source;
        let bases = Arguments::of(source, node.child_by_field_name("superclasses"));
        let (mut kind, mut fields) = (None, Vec::new());
        for base in &bases.plain {
            // Of `Generic[T]`, the part before the bracket.
            let base_name = source.text(*base).split('[').next().unwrap_or_default();
            let found = self.names.find_dotted(base_name, declaration.scope, node.start_byte());
            kind = kind.or(self.kind(base_name));
            if let Some(found) = found.filter(|found| found.name != name) {
                match self.declared_type(&found) {
                    Ok(FieldType::Object(class)) => {
                        kind = kind.or(Some(ClassKind::Object));
                        fields.extend(class.fields.clone());
                    }
                    Ok(FieldType::Enum(_)) => kind = Some(ClassKind::Enum),
                    Ok(_) => {}
                    Err(reason) => return Err(format!("`{name}`: {reason}")),
                }
            }
        }
        let decorators = node.parent().filter(|parent| parent.kind() == "decorated_definition");
        for decorator in decorators.map(children).unwrap_or_default() {
            let word = source.text(decorator).trim_start_matches('@').split('(').next().unwrap_or_default();
            kind = kind.or(self.kind(word.trim()));
        }
        let kind = kind.ok_or_else(|| {
            format!("`{name}` is neither a model of pydantic, a dataclass, a TypedDict, a NamedTuple nor an enum")
        })?;
        let body = node.child_by_field_name("body").map(children).unwrap_or_default();
        let field_type = match kind {
            ClassKind::Enum | ClassKind::StrEnum => self.enumeration(name, kind, &body, (node, inner))?,
            ClassKind::Object | ClassKind::Tuple => {
                let optional = bases.named("total").is_some_and(|total| source.text(total) == "False");
                self.object_fields(name, &body, (inner, optional), &mut fields)?;
                match kind {
                    ClassKind::Tuple => {
                        FieldType::Tuple(Some(fields.into_iter().map(|field| field.field_type).collect()))
                    }
                    _ => FieldType::Object(Arc::new(ObjectType {
                        name: self.class_name(name),
                        description: self.class_doc(node, inner),
                        fields,
                    })),
                }
            }
        };
        if crate::dspy::grammar::is_type_name(name) {
            return Err(format!("`{name}` has the name of another type"));
        }
        if field_type.is_too_large() {
            return Err(format!("`{name}` is too large"));
        }
        Ok(field_type)
    }

    fn kind(&self, name: &str) -> Option<ClassKind> {
        let full = self.names.full_name(name);
        let last = full.rsplit('.').next()?;
        CLASS_KINDS.iter().find(|(word, _)| *word == last).map(|(_, kind)| *kind)
    }

    /// A name that no other class of the source has got.
    fn class_name(&mut self, name: &str) -> String {
        let used = self.class_names.entry(name.to_owned()).or_default();
        *used += 1;
        if *used == 1 { name.to_owned() } else { format!("{name}_{used}") }
    }

    fn class_doc(&self, node: Node<'t>, scope: Scope) -> Option<String> {
        let doc = text(&self.names, doc_node(node.child_by_field_name("body")?)?, scope).ok()?;
        Some(clean_doc(&doc)).filter(|doc| !doc.is_empty())
    }

    /// Adds the fields in the body of a class.
    fn object_fields(
        &mut self,
        class: &str,
        body: &[Node<'t>],
        (scope, optional): (Scope, bool),
        fields: &mut Vec<ObjectField>,
    ) -> Result<(), String> {
        for statement in body {
            if statement.kind() == "decorated_definition" && self.names.source.text(*statement).contains("validator") {
                self.note(line(*statement), format!("a validator of {class} is left out"));
            }
            let Some(node) = children(*statement).first().copied().filter(|node| node.kind() == "assignment") else {
                continue;
            };
            let part = |name| node.child_by_field_name(name);
            let (Some(left), Some(annotation)) = (part("left"), part("type")) else { continue };
            let name = self.names.source.text(left);
            let written = self.names.source.text(annotation);
            if name.starts_with('_') || name == "model_config" || written.contains("ClassVar") {
                continue;
            }
            let not_required = written.strip_prefix("NotRequired[").and_then(|inner| inner.strip_suffix(']'));
            let field_type = match not_required {
                Some(inner) => self.written_type(inner, scope, node.start_byte()),
                None => self.field_type(annotation, scope),
            };
            let field_type = field_type.map_err(|reason| {
                format!("`{class}.{name}` in line {} cannot be imported: {reason}", line(annotation))
            })?;
            let mut field = ObjectField::new(name, field_type);
            field.default = (optional || not_required.is_some()).then_some(Value::Null);
            let mut in_annotation = None;
            walk(annotation, |inner| {
                in_annotation = in_annotation.take().or_else(|| self.field_arguments(inner));
                in_annotation.is_none()
            });
            if let Some(arguments) = in_annotation {
                self.describe_member(class, &mut field, &arguments, scope);
            }
            match part("right") {
                None => {}
                Some(right) => match self.field_arguments(right) {
                    Some(arguments) => self.describe_member(class, &mut field, &arguments, scope),
                    None => field.default = Some(self.default(right, scope)),
                },
            }
            match fields.iter_mut().find(|other| other.name == field.name) {
                Some(other) => *other = field,
                None => fields.push(field),
            }
        }
        Ok(())
    }

    /// The arguments of `Field(…)`, `field(…)`, and of DSPy's own.
    fn field_arguments(&self, node: Node<'t>) -> Option<Arguments<'t>> {
        let (function, arguments) = call(self.names.source, node)?;
        let full = self.names.full_name(self.names.source.text(function));
        let last = full.rsplit('.').next()?;
        matches!(last, "Field" | "field" | "InputField" | "OutputField").then_some(arguments)
    }

    /// Sets description, default and constraints of a member.
    fn describe_member(&mut self, class: &str, field: &mut ObjectField, arguments: &Arguments<'t>, scope: Scope) {
        let given = arguments.at(0, "default").filter(|node| node.kind() != "ellipsis");
        if let Some(node) = given {
            field.default = Some(self.default(node, scope));
        }
        for (name, node) in &arguments.named {
            let label = format!("{class}.{}", field.name);
            match *name {
                "description" | "desc" => match text(&self.names, *node, scope) {
                    Ok(text) => field.description = Some(text),
                    Err(reason) => self.note(line(*node), format!("the description of {label} is left out: {reason}")),
                },
                "default_factory" => {
                    field.default = Some(match self.names.source.text(*node) {
                        "list" | "set" | "tuple" => json!([]),
                        "dict" => json!({}),
                        "str" => json!(""),
                        _ => Value::Null,
                    });
                }
                // The key in JSON, also in the schema that DSPy shows.
                "alias" => field.name = text(&self.names, *node, scope).unwrap_or(std::mem::take(&mut field.name)),
                name if CONSTRAINTS.contains(&name) => match constant(&self.names, *node, scope) {
                    Ok(value) => _ = field.constraints.insert(name.to_owned(), value),
                    Err(reason) => self.note(line(*node), format!("`{name}` of {label} is left out: {reason}")),
                },
                _ => {}
            }
        }
    }

    /// A default; null if only running the program could tell it.
    fn default(&self, node: Node<'t>, scope: Scope) -> Value {
        let node = match node.kind() {
            // The value of an enum's member.
            "attribute"
                if node
                    .child_by_field_name("attribute")
                    .is_some_and(|name| self.names.source.text(name) == "value") =>
            {
                node.child_by_field_name("object").unwrap_or(node)
            }
            _ => node,
        };
        constant(&self.names, node, scope).unwrap_or_default()
    }

    /// An enum with the members in a class body.
    fn enumeration(
        &mut self,
        name: &str,
        kind: ClassKind,
        body: &[Node<'t>],
        (class, scope): (Node<'t>, Scope),
    ) -> Result<FieldType, String> {
        let mut members: Vec<(String, Value)> = Vec::new();
        let mut last = 0;
        for statement in body {
            let Some(node) = children(*statement).first().copied().filter(|node| node.kind() == "assignment") else {
                continue;
            };
            let part = |name| node.child_by_field_name(name);
            let (Some(left), Some(right)) = (part("left"), part("right")) else { continue };
            let member = self.names.source.text(left);
            if member.starts_with('_') {
                continue;
            }
            let is_auto = call(self.names.source, right)
                .is_some_and(|(function, _)| self.names.source.text(function).rsplit('.').next() == Some("auto"));
            let value = match constant(&self.names, right, scope) {
                _ if is_auto && kind == ClassKind::StrEnum => member.to_lowercase().into(),
                _ if is_auto => (last + 1).into(),
                Ok(value) if !value.is_array() && !value.is_object() => value,
                Ok(_) => return Err(format!("`{name}.{member}` is neither a text nor a number")),
                Err(reason) => return Err(format!("`{name}.{member}` cannot be imported: {reason}")),
            };
            last = value.as_i64().unwrap_or(last);
            // A second name of a value is an alias.
            if !members.iter().any(|(_, other)| *other == value) {
                members.push((member.to_owned(), value));
            }
        }
        if members.is_empty() {
            return Err(format!("`{name}` has no members"));
        }
        let description = self.class_doc(class, scope);
        Ok(FieldType::Enum(Arc::new(EnumType { name: self.class_name(name), description, members })))
    }
}
