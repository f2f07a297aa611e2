//! Types in a signature, and how they nest.

use super::super::python_text::repr;
use super::super::syntax::SyntaxError;
use super::super::types::FieldType;
use super::FieldParser;
use super::names::{LIKE, NAMED, unknown};
use super::token::{self, Token};
use serde_json::Value;

/// Nesting beyond this is refused, before the stack is in danger.
pub(super) const DEEPEST: usize = 100;

impl FieldParser<'_> {
    /// A type: one or several with `|` between.
    pub(super) fn field_type(&mut self, depth: usize) -> Result<FieldType, SyntaxError> {
        if depth > DEEPEST {
            return Err(self.error("types nested more than 100 deep", "a simpler type"));
        }
        let mut types = vec![self.one_type(depth)?];
        while self.take("|") {
            types.push(self.one_type(depth + 1)?);
        }
        if types.len() == 1 { Ok(types.remove(0)) } else { Ok(FieldType::union(types)) }
    }

    pub(super) fn one_type(&mut self, depth: usize) -> Result<FieldType, SyntaxError> {
        let start = self.span();
        if self.take("(") {
            let field_type = self.field_type(depth + 1)?;
            self.close(")", "a type in brackets")?;
            return Ok(field_type);
        }
        match self.peek() {
            Some(Token::Text(text)) => {
                let text = text.clone();
                self.at += 1;
                let readable = depth == 0 && text.parse::<FieldType>().is_ok();
                if depth == 0 && !(readable && self.next_is("|")) {
                    let mut error = SyntaxError::new(start, "a quoted type", "a type without quotes");
                    if self.next_is("|") || !readable {
                        error.expected.push_str("; choices are written as Literal['a', 'b']");
                    } else {
                        error = error.suggest(Some(text));
                    }
                    return Err(error);
                }
                // Within another type Python takes quoted types for what they say.
                let tokens = token::tokens(&text, 0..text.len()).map_err(|e| SyntaxError { at: start.clone(), ..e })?;
                let mut inner =
                    FieldParser { source: &text, end: text.len(), tokens: &tokens, at: 0, printed: self.printed };
                let field_type = inner.field_type(depth + 1).map_err(|e| SyntaxError { at: start.clone(), ..e })?;
                if inner.peek().is_some() {
                    return Err(SyntaxError::new(start, "a quoted type that goes on after the type", "a type"));
                }
                Ok(field_type)
            }
            Some(Token::Name(_)) => {
                let name = self.dotted()?;
                let at = start.start..self.tokens[self.at - 1].1.end;
                let field_type = self.resolve(&name, at, depth)?;
                if self.next_is("[") {
                    return Err(self.error(
                        &format!("`{}` takes no types in brackets", field_type.inline()),
                        "the end of the type",
                    ));
                }
                if self.next_is("(") {
                    return Err(self.error("a call in a type", "types take square brackets"));
                }
                Ok(field_type)
            }
            Some(Token::Sign("[")) => {
                Err(self.error("a list where a type should be", "list[…], or Literal['a', 'b'] for choices"))
            }
            _ => Err(self.error(&format!("{} where a type should be", self.found()), "a type")),
        }
    }

    /// `a.b.c`, joined.
    fn dotted(&mut self) -> Result<String, SyntaxError> {
        let mut name = String::new();
        loop {
            let Some(Token::Name(part)) = self.peek() else {
                return Err(self.error(&format!("{} after a `.`", self.found()), "a name"));
            };
            name.push_str(part);
            self.at += 1;
            if !self.take(".") {
                return Ok(name);
            }
            name.push('.');
        }
    }

    fn resolve(&mut self, name: &str, at: std::ops::Range<usize>, depth: usize) -> Result<FieldType, SyntaxError> {
        let typing = name.strip_prefix("typing.");
        let plain = typing.or(name.strip_prefix("builtins.")).unwrap_or(name);
        let plain = plain.strip_prefix("collections.abc.").or(plain.strip_prefix("collections.")).unwrap_or(plain);
        let capital = matches!(plain, "List" | "Dict" | "Set" | "Tuple");
        let open = self.next_is("[");
        if (capital || LIKE.iter().any(|like| like.0 == plain && plain != "frozenset")) && !open {
            let error = SyntaxError::new(at, format!("`{name}` needs its types in brackets"), "a type");
            let like = LIKE.iter().find(|like| like.0 == plain).map_or(plain, |like| like.2);
            return Err(error.suggest(Some(like.to_lowercase())));
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
                let inner = inner.ok_or_else(|| needs_brackets(&at, "Optional", "Optional[str]"))?;
                FieldType::union([inner, FieldType::None])
            }
            "Union" if open => FieldType::union(self.arguments(depth)?),
            "Literal" if open => self.literal(depth)?,
            "Annotated" if open => self.annotated(depth)?,
            "Union" => return Err(needs_brackets(&at, "Union", "Union[int, str]")),
            "Literal" => return Err(needs_brackets(&at, "Literal", "Literal['a', 'b']")),
            "Annotated" => return Err(needs_brackets(&at, "Annotated", "Annotated[str, 'note']")),
            _ => {
                if let Some((_, printed, like)) =
                    LIKE.iter().find(|like| like.0 == plain || (self.printed && like.1 == plain))
                {
                    let inner = match *like {
                        "dict" => FieldType::Dict(self.pair(depth)?.map(Box::new)),
                        "set" => FieldType::Set(self.only_argument(printed, depth)?.map(Box::new)),
                        _ => FieldType::List(self.only_argument(printed, depth)?.map(Box::new)),
                    };
                    return Ok(FieldType::Like((*printed).to_owned(), Box::new(inner)));
                }
                let known = NAMED
                    .iter()
                    .find(|named| **named == name || (self.printed && named.ends_with(&format!(".{name}"))));
                if let Some(known) = known {
                    return Ok(FieldType::Named((*known).to_owned()));
                }
                return Err(unknown(name, at));
            }
        })
    }

    /// The types in brackets; at least one.
    fn arguments(&mut self, depth: usize) -> Result<Vec<FieldType>, SyntaxError> {
        self.take("[");
        let mut types = vec![self.field_type(depth + 1)?];
        while self.take(",") && !self.next_is("]") {
            types.push(self.field_type(depth + 1)?);
        }
        self.close("]", "the types in brackets")?;
        Ok(types)
    }

    fn only_argument(&mut self, of: &str, depth: usize) -> Result<Option<FieldType>, SyntaxError> {
        if !self.next_is("[") {
            return Ok(None);
        }
        let start = self.span().start;
        let mut types = self.arguments(depth)?;
        if types.len() > 1 {
            let at = start..self.tokens[self.at - 1].1.end;
            let any = types.iter().map(FieldType::inline).collect::<Vec<_>>().join(" | ");
            return Err(SyntaxError::new(at, format!("`{of}` takes one type, not {}", types.len()), "one type")
                .suggest(Some(format!("[{any}]"))));
        }
        Ok(types.pop())
    }

    fn pair(&mut self, depth: usize) -> Result<Option<(FieldType, FieldType)>, SyntaxError> {
        if !self.next_is("[") {
            return Ok(None);
        }
        let start = self.span().start;
        let types = self.arguments(depth)?;
        let at = start..self.tokens[self.at - 1].1.end;
        let given = types.len();
        let [key, value]: [FieldType; 2] = types.try_into().map_err(|types: Vec<FieldType>| {
            let error =
                SyntaxError::new(at, format!("`dict` takes two types, not {given}"), "a key's type and a value's");
            error.suggest((given == 1).then(|| format!("[str, {}]", types[0].inline())))
        })?;
        Ok(Some((key, value)))
    }

    fn tuple(&mut self, depth: usize) -> Result<FieldType, SyntaxError> {
        if !self.take("[") {
            return Ok(FieldType::Tuple(None));
        }
        if self.next_is("(") && matches!(self.tokens.get(self.at + 1), Some((Token::Sign(")"), _))) {
            self.at += 2;
            self.close("]", "the tuple's types")?;
            return Ok(FieldType::Tuple(Some(Vec::new())));
        }
        let mut types = vec![self.field_type(depth + 1)?];
        while self.take(",") && !self.next_is("]") {
            let rest =
                self.next_is("...") || (self.printed && matches!(self.peek(), Some(Token::Name(n)) if n == "Ellipsis"));
            if rest && types.len() == 1 {
                self.at += 1;
                self.close("]", "`...`")?;
                return Ok(FieldType::TupleOf(Box::new(types.remove(0))));
            }
            types.push(self.field_type(depth + 1)?);
        }
        self.close("]", "the tuple's types")?;
        Ok(FieldType::Tuple(Some(types)))
    }

    /// `dspy.Code['python']`
    fn code(&mut self) -> Result<FieldType, SyntaxError> {
        self.take("[");
        let Some(Token::Text(language)) = self.peek() else {
            return Err(self.error("a language without quotes", "a language's name in quotes"));
        };
        let name = format!("dspy.Code[{}]", repr(&Value::from(language.as_str())));
        self.at += 1;
        self.close("]", "the language")?;
        Ok(FieldType::Named(name))
    }

    fn annotated(&mut self, depth: usize) -> Result<FieldType, SyntaxError> {
        self.take("[");
        let field_type = self.field_type(depth + 1)?;
        if !self.next_is(",") {
            return Err(self.error("`Annotated` without an annotation", "`,` and an annotation"));
        }
        let mut open = 0;
        while let Some(token) = self.peek() {
            match token {
                Token::Sign("[" | "(" | "{") => open += 1,
                Token::Sign("]") if open == 0 => break,
                Token::Sign("]" | ")" | "}") => open -= 1,
                _ => {}
            }
            self.at += 1;
        }
        self.close("]", "the annotation")?;
        Ok(field_type)
    }

    pub(super) fn close(&mut self, sign: &str, what: &str) -> Result<(), SyntaxError> {
        if self.take(sign) {
            return Ok(());
        }
        let message =
            if self.peek().is_none() { format!("{what}: not closed") } else { format!("unexpected {}", self.found()) };
        Err(self.error(&message, &format!("`{sign}` or `,`")))
    }
}

fn needs_brackets(at: &std::ops::Range<usize>, name: &str, example: &str) -> SyntaxError {
    SyntaxError::new(at.clone(), format!("`{name}` on its own says nothing"), format!("`{example}`"))
}
