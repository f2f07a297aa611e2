//! Parses the type of a field.

use super::super::python_text::repr;
use super::super::syntax::SyntaxError;
use super::super::types::FieldType;
use super::FieldParser;
use super::names::{ALIASES, NAMED, unknown_type};
use super::token::{self, Token};
use serde_json::Value;

/// The maximum nesting of types. More is an error, so that the call stack stays small.
pub(super) const MAX_DEPTH: usize = 100;

impl FieldParser<'_> {
    /// Parses a type: one, or several with `|` between them.
    pub(super) fn field_type(&mut self, depth: usize) -> Result<FieldType, SyntaxError> {
        if depth > MAX_DEPTH {
            return Err(self.error("types are nested more than 100 levels deep", "less nesting"));
        }
        let mut types = vec![self.one_type(depth)?];
        while self.accept("|") {
            types.push(self.one_type(depth + 1)?);
        }
        if types.len() == 1 { Ok(types.remove(0)) } else { Ok(FieldType::union(types)) }
    }

    /// Parses a type without `|`: a name with its arguments, a type in parentheses, or a quoted type.
    pub(super) fn one_type(&mut self, depth: usize) -> Result<FieldType, SyntaxError> {
        let start = self.span();
        if self.accept("(") {
            let field_type = self.field_type(depth + 1)?;
            self.expect_close(")")?;
            return Ok(field_type);
        }
        match self.peek() {
            Some(Token::Text(text)) => {
                let text = text.clone();
                self.next += 1;
                let readable = depth == 0 && super::parse_type_with(&text, self.scope).is_ok();
                if depth == 0 && !(readable && self.next_is("|")) {
                    let mut error = SyntaxError::new(start, "the type is in quotes", "a type without quotes");
                    if self.next_is("|") || !readable {
                        error.expected.push_str("; for choices, write Literal['a', 'b']");
                    } else {
                        error = error.suggest(Some(text));
                    }
                    return Err(error);
                }
                // Inside another type, Python evaluates a quoted type.
                let tokens =
                    token::tokens(&text, 0..text.len()).map_err(|e| SyntaxError { span: start.clone(), ..e })?;
                let mut inner = FieldParser { source: &text, end: text.len(), tokens: &tokens, next: 0, ..*self };
                let field_type = inner.field_type(depth + 1).map_err(|e| SyntaxError { span: start.clone(), ..e })?;
                if inner.peek().is_some() {
                    return Err(SyntaxError::new(start, "there is text after the type in quotes", "a type"));
                }
                Ok(field_type)
            }
            Some(Token::Name(_)) => {
                let name = self.dotted()?;
                let span = start.start..self.tokens[self.next - 1].1.end;
                let field_type = self.resolve(&name, span, depth)?;
                if self.next_is("[") {
                    return Err(self.error(
                        &format!("`{}` does not take types in brackets", field_type.inline()),
                        "the end of the type",
                    ));
                }
                if self.next_is("(") {
                    return Err(self.error("a type cannot be called", "types in square brackets"));
                }
                Ok(field_type)
            }
            Some(Token::Sign("[")) => {
                Err(self.error("there is a list where a type should be", "list[…], or Literal['a', 'b'] for choices"))
            }
            _ => Err(self.error(&format!("{} where a type should be", self.describe_next()), "a type")),
        }
    }

    /// Parses a dotted name: `a.b.c`.
    fn dotted(&mut self) -> Result<String, SyntaxError> {
        let mut name = String::new();
        loop {
            let Some(Token::Name(part)) = self.peek() else {
                return Err(self.error(&format!("{} after a `.`", self.describe_next()), "a name"));
            };
            name.push_str(part);
            self.next += 1;
            if !self.accept(".") {
                return Ok(name);
            }
            name.push('.');
        }
    }

    /// The type with this name. Parses its arguments, if there are any. `span`: the bytes of the name.
    fn resolve(&mut self, name: &str, span: std::ops::Range<usize>, depth: usize) -> Result<FieldType, SyntaxError> {
        if let Some(known) = self.scope.get(name) {
            return Ok(known.clone());
        }
        let typing = name.strip_prefix("typing.");
        let plain = typing.or(name.strip_prefix("builtins.")).unwrap_or(name);
        let plain = plain.strip_prefix("collections.abc.").or(plain.strip_prefix("collections.")).unwrap_or(plain);
        let capital = matches!(plain, "List" | "Dict" | "Set" | "Tuple");
        let open = self.next_is("[");
        let bare_class = matches!(name, "frozenset" | "collections.OrderedDict" | "collections.deque")
            || (self.printed && matches!(name, "OrderedDict" | "deque"));
        if (capital || ALIASES.iter().any(|alias| alias.0 == plain && !bare_class)) && !open {
            let error = SyntaxError::new(span, format!("`{name}` needs types in brackets"), "a type");
            let builtin = ALIASES.iter().find(|alias| alias.0 == plain).map_or(plain, |alias| alias.2);
            return Err(error.suggest(Some(builtin.to_lowercase())));
        }
        Ok(match plain {
            "str" | "Text" | "dspy.Reasoning" => FieldType::Str,
            "int" => FieldType::Int,
            "float" => FieldType::Float,
            "bool" => FieldType::Bool,
            "bytes" => FieldType::Bytes,
            "complex" => FieldType::Complex,
            "Any" => FieldType::Any,
            "None" | "NoneType" | "types.NoneType" if typing.is_none() => FieldType::None,
            "dspy.Code" if open => self.code()?,
            "list" | "List" => FieldType::List(self.only_argument("list", depth)?.map(Box::new)),
            "set" | "Set" => FieldType::Set(self.only_argument("set", depth)?.map(Box::new)),
            "dict" | "Dict" => FieldType::Dict(self.pair(depth)?.map(Box::new)),
            "tuple" | "Tuple" => self.tuple(depth)?,
            "Optional" => {
                let inner = self.only_argument("Optional", depth)?;
                let inner = inner.ok_or_else(|| needs_brackets(&span, "Optional", "Optional[str]"))?;
                FieldType::union([inner, FieldType::None])
            }
            "Union" if open => FieldType::union(self.arguments(depth)?),
            "Literal" if open => self.literal(depth)?,
            "Annotated" if open => self.annotated(depth)?,
            "Union" => return Err(needs_brackets(&span, "Union", "Union[int, str]")),
            "Literal" => return Err(needs_brackets(&span, "Literal", "Literal['a', 'b']")),
            "Annotated" => return Err(needs_brackets(&span, "Annotated", "Annotated[str, 'note']")),
            _ => {
                if let Some((_, printed, builtin)) =
                    ALIASES.iter().find(|alias| alias.0 == plain || (self.printed && alias.1 == plain))
                {
                    let inner = match *builtin {
                        "dict" => FieldType::Dict(self.pair(depth)?.map(Box::new)),
                        "set" => FieldType::Set(self.only_argument(printed, depth)?.map(Box::new)),
                        _ => FieldType::List(self.only_argument(printed, depth)?.map(Box::new)),
                    };
                    return Ok(FieldType::Alias((*printed).to_owned(), Box::new(inner)));
                }
                let known = NAMED
                    .iter()
                    .find(|named| **named == name || (self.printed && named.ends_with(&format!(".{name}"))));
                if let Some(known) = known {
                    return Ok(FieldType::Named((*known).to_owned()));
                }
                return Err(unknown_type(name, span));
            }
        })
    }

    /// Parses one or more types in brackets.
    fn arguments(&mut self, depth: usize) -> Result<Vec<FieldType>, SyntaxError> {
        self.accept("[");
        let mut types = vec![self.field_type(depth + 1)?];
        while self.accept(",") && !self.next_is("]") {
            types.push(self.field_type(depth + 1)?);
        }
        self.expect_close("]")?;
        Ok(types)
    }

    /// Parses the brackets of a container that takes one type; nothing if there are no brackets.
    fn only_argument(&mut self, of: &str, depth: usize) -> Result<Option<FieldType>, SyntaxError> {
        if !self.next_is("[") {
            return Ok(None);
        }
        let start = self.span().start;
        let mut types = self.arguments(depth)?;
        if types.len() > 1 {
            let span = start..self.tokens[self.next - 1].1.end;
            let union = types.iter().map(FieldType::inline).collect::<Vec<_>>().join(" | ");
            return Err(SyntaxError::new(span, format!("`{of}` takes one type, not {}", types.len()), "one type")
                .suggest(Some(format!("[{union}]"))));
        }
        Ok(types.pop())
    }

    /// Parses the brackets of a `dict`; nothing if there are no brackets.
    fn pair(&mut self, depth: usize) -> Result<Option<(FieldType, FieldType)>, SyntaxError> {
        if !self.next_is("[") {
            return Ok(None);
        }
        let start = self.span().start;
        let types = self.arguments(depth)?;
        let span = start..self.tokens[self.next - 1].1.end;
        let given = types.len();
        let [key, value]: [FieldType; 2] = types.try_into().map_err(|types: Vec<FieldType>| {
            let error = SyntaxError::new(
                span,
                format!("`dict` takes two types, not {given}"),
                "the type of the keys and the type of the values",
            );
            error.suggest((given == 1).then(|| format!("[str, {}]", types[0].inline())))
        })?;
        Ok(Some((key, value)))
    }

    /// Parses what follows `tuple`: nothing, `[()]`, `[A, B]` or `[X, ...]`.
    fn tuple(&mut self, depth: usize) -> Result<FieldType, SyntaxError> {
        if !self.accept("[") {
            return Ok(FieldType::Tuple(None));
        }
        if self.next_is("(") && matches!(self.tokens.get(self.next + 1), Some((Token::Sign(")"), _))) {
            self.next += 2;
            self.expect_close("]")?;
            return Ok(FieldType::Tuple(Some(Vec::new())));
        }
        let mut types = vec![self.field_type(depth + 1)?];
        while self.accept(",") && !self.next_is("]") {
            let ellipsis =
                self.next_is("...") || (self.printed && matches!(self.peek(), Some(Token::Name(n)) if n == "Ellipsis"));
            if ellipsis && types.len() == 1 {
                self.next += 1;
                self.expect_close("]")?;
                return Ok(FieldType::TupleOf(Box::new(types.remove(0))));
            }
            types.push(self.field_type(depth + 1)?);
        }
        self.expect_close("]")?;
        Ok(FieldType::Tuple(Some(types)))
    }

    /// Parses the brackets of `dspy.Code['python']`.
    fn code(&mut self) -> Result<FieldType, SyntaxError> {
        self.accept("[");
        let Some(Token::Text(language)) = self.peek() else {
            return Err(
                self.error("the language of `dspy.Code` must be in quotes", "a name in quotes, such as 'python'")
            );
        };
        let name = format!("dspy.Code[{}]", repr(&Value::from(language.as_str())));
        self.next += 1;
        self.expect_close("]")?;
        Ok(FieldType::Named(name))
    }

    /// Parses the brackets of `Annotated[X, …]` and ignores everything after the type.
    fn annotated(&mut self, depth: usize) -> Result<FieldType, SyntaxError> {
        self.accept("[");
        let field_type = self.field_type(depth + 1)?;
        if !self.next_is(",") {
            return Err(self.error("there is no annotation after the type", "`,` and an annotation"));
        }
        let mut open = 0;
        while let Some(token) = self.peek() {
            match token {
                Token::Sign("[" | "(" | "{") => open += 1,
                Token::Sign("]") if open == 0 => break,
                Token::Sign("]" | ")" | "}") => open -= 1,
                _ => {}
            }
            self.next += 1;
        }
        self.expect_close("]")?;
        Ok(field_type)
    }

    /// Consumes a closing bracket or parenthesis.
    pub(super) fn expect_close(&mut self, sign: &str) -> Result<(), SyntaxError> {
        if self.accept(sign) {
            return Ok(());
        }
        let message = if self.peek().is_none() {
            format!("there is no closing `{sign}`")
        } else {
            format!("unexpected {}", self.describe_next())
        };
        Err(self.error(&message, &format!("`{sign}` or `,`")))
    }
}

fn needs_brackets(span: &std::ops::Range<usize>, name: &str, example: &str) -> SyntaxError {
    SyntaxError::new(span.clone(), format!("`{name}` needs types in brackets"), format!("`{example}`"))
}
