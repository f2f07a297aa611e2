//! The types of fields: names are resolved through imports, aliases and classes, then the grammar of inline signatures
//! parses the type.

use super::declarations::{Declaration, Meaning, Scope};
use super::reader::Reader;
use super::syntax::{MAX_DEPTH, call};
use crate::dspy::grammar::rename_types;
use crate::dspy::types::{FieldType, TypeScope};
use tree_sitter::Node;

/// Modules with types that the grammar knows, or explains.
const KNOWN_MODULES: [&str; 10] =
    ["typing", "builtins", "types", "datetime", "decimal", "uuid", "pathlib", "collections", "dspy", "numbers"];

/// Types of pydantic and the type that JSON has for them.
const PYDANTIC: [(&str, &str); 20] = [
    ("EmailStr", "str"),
    ("NameEmail", "str"),
    ("HttpUrl", "str"),
    ("AnyUrl", "str"),
    ("AnyHttpUrl", "str"),
    ("StrictStr", "str"),
    ("SecretStr", "str"),
    ("StrictInt", "int"),
    ("PositiveInt", "int"),
    ("NonNegativeInt", "int"),
    ("NegativeInt", "int"),
    ("NonPositiveInt", "int"),
    ("StrictFloat", "float"),
    ("PositiveFloat", "float"),
    ("NonNegativeFloat", "float"),
    ("NegativeFloat", "float"),
    ("NonPositiveFloat", "float"),
    ("FiniteFloat", "float"),
    ("StrictBool", "bool"),
    ("JsonValue", "Any"),
];

/// The longest spelling of an alias, in bytes: aliases of aliases could grow without end.
const MAX_LENGTH: usize = 16 * 1024;

impl<'t> Reader<'t> {
    /// The type that an annotation means.
    ///
    /// # Errors
    /// Why the type cannot be imported.
    pub(super) fn field_type(&mut self, node: Node<'t>, scope: Scope) -> Result<FieldType, String> {
        let written = self.names.source.without_comments(node);
        self.written_type(&written, scope, node.start_byte())
    }

    /// The type that a text means at a place.
    ///
    /// # Errors
    /// As [`Self::field_type`].
    pub(super) fn written_type(&mut self, written: &str, scope: Scope, at: usize) -> Result<FieldType, String> {
        let mut local = TypeScope::new();
        let renamed = rename_types(written, &mut |name, opens| self.type_name(name, opens, (scope, at), &mut local))?;
        crate::dspy::grammar::parse_type_with(&renamed, &local).map_err(|error| error.message)
    }

    /// The name by which the grammar knows a type.
    fn type_name(
        &mut self,
        name: &str,
        opens: bool,
        (scope, at): (Scope, usize),
        local: &mut TypeScope,
    ) -> Result<String, String> {
        let full = self.names.full_name(name);
        if full == name
            && let Some(found) = self.names.find_dotted(name, scope, at)
        {
            let field_type = self.declared_type(&found)?;
            let key = format!("t{}", local.len());
            local.insert(key.clone(), field_type);
            return Ok(key);
        }
        let (module, last) = full.rsplit_once('.').unwrap_or(("", &full));
        let root = module.split('.').next().unwrap_or(module);
        let known = match root {
            "" => full.clone(),
            "typing_extensions" => format!("typing.{last}"),
            // `dspy.adapters.types.Image` is `dspy.Image`.
            "dspy" => format!("dspy.{last}"),
            "pydantic" => {
                PYDANTIC.iter().find(|(name, _)| *name == last).map_or(full.clone(), |(_, known)| (*known).to_owned())
            }
            _ => full.clone(),
        };
        if known == full && !module.is_empty() && !KNOWN_MODULES.contains(&root) {
            return Err(format!("`{name}` comes from `{module}`"));
        }
        // Without brackets, the grammar has only the lower-case names.
        let bare = known.strip_prefix("typing.").unwrap_or(&known);
        Ok(match bare {
            "List" | "Dict" | "Set" | "Tuple" if !opens => bare.to_lowercase(),
            _ => known,
        })
    }

    /// The type that a class or an alias of the source is.
    ///
    /// # Errors
    /// Why it cannot be imported.
    pub(super) fn declared_type(&mut self, declaration: &Declaration<'t>) -> Result<FieldType, String> {
        let (name, scope) = (declaration.name, declaration.scope);
        let (Meaning::Class(node, _) | Meaning::Value(node)) = declaration.meaning;
        let key = node.start_byte();
        if let Some(known) = self.types.get(&key) {
            return known.clone();
        }
        if self.depth > MAX_DEPTH {
            return Err("its types are nested too deep".to_owned());
        }
        // A type that contains itself meets this.
        self.types.insert(key, Err(format!("`{name}` contains itself")));
        self.depth += 1;
        let field_type = match declaration.meaning {
            Meaning::Class(_, inner) => self.class_type(declaration, node, inner),
            Meaning::Value(value) => self.alias(value, name, scope),
        };
        self.depth -= 1;
        self.types.insert(key, field_type.clone());
        field_type
    }

    /// The type that an assigned name is an alias of; `NewType("X", Y)` is `Y`.
    fn alias(&mut self, value: Node<'t>, name: &str, scope: Scope) -> Result<FieldType, String> {
        let of_typing = |node: Node<'t>| self.names.full_name(self.names.source.text(node));
        let value = match call(self.names.source, value) {
            Some((function, arguments)) if of_typing(function).ends_with("NewType") => {
                arguments.plain.get(1).copied().unwrap_or(value)
            }
            _ => value,
        };
        let field_type = self.field_type(value, scope).map_err(|reason| format!("`{name}`: {reason}"))?;
        if field_type.inline().len() > MAX_LENGTH {
            return Err(format!("`{name}` is too long"));
        }
        Ok(field_type)
    }

    /// Whether a class is a model of pydantic.
    pub(super) fn is_model(&self, base: Node<'t>) -> bool {
        self.names.full_name(self.names.source.text(base)).ends_with("BaseModel")
    }
}
