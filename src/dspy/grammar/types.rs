//! Types in a signature: the names that mean something, and how they nest.

use super::super::value::repr;
use super::super::{Kind, SyntaxError};
use super::token::{self, Token};
use super::{Reader, guess};
use serde_json::Value;

/// Nesting beyond this is refused, before the stack is in danger.
const DEEPEST: usize = 100;

/// Types that can be named, for suggestions.
pub(super) const NAMES: [&str; 19] = [
    "str",
    "int",
    "float",
    "bool",
    "list",
    "dict",
    "tuple",
    "set",
    "bytes",
    "complex",
    "Any",
    "None",
    "Optional",
    "Union",
    "Literal",
    "datetime.datetime",
    "datetime.date",
    "dspy.History",
    "dspy.Code",
];

/// What people from other languages write, and what they mean.
pub(super) const MEANT: [(&str, &str); 25] = [
    ("string", "str"),
    ("text", "str"),
    ("char", "str"),
    ("integer", "int"),
    ("long", "int"),
    ("number", "float"),
    ("num", "float"),
    ("double", "float"),
    ("real", "float"),
    ("decimal", "decimal.Decimal"),
    ("boolean", "bool"),
    ("array", "list"),
    ("vec", "list"),
    ("vector", "list"),
    ("sequence", "list"),
    ("object", "dict"),
    ("json", "dict"),
    ("map", "dict"),
    ("mapping", "dict"),
    ("hashmap", "dict"),
    ("enum", "Literal"),
    ("null", "None"),
    ("datetime", "datetime.datetime"),
    ("date", "datetime.date"),
    ("uuid", "uuid.UUID"),
];

/// Types of Python's library and DSPy's that travel as text or JSON, by dotted name; DSPy prints the last part.
const NAMED: [&str; 9] = [
    "datetime.datetime",
    "datetime.date",
    "datetime.time",
    "datetime.timedelta",
    "decimal.Decimal",
    "uuid.UUID",
    "pathlib.Path",
    "dspy.History",
    "dspy.Code",
];

/// DSPy types that need more than text.
const BEYOND: [(&str, &str); 8] = [
    ("Image", "an image"),
    ("Audio", "sound"),
    ("File", "a file"),
    ("Document", "a document"),
    ("Tool", "a Python function"),
    ("ToolCalls", "tool calls"),
    ("Signature", "a Python class"),
    ("Type", "a Python class"),
];

/// Containers by other names: `typing`'s spelling, what DSPy prints, and what they are read as.
const LIKE: [(&str, &str, &str); 11] = [
    ("frozenset", "frozenset", "set"),
    ("FrozenSet", "frozenset", "set"),
    ("Sequence", "Sequence", "list"),
    ("Iterable", "Iterable", "list"),
    ("Deque", "deque", "list"),
    ("deque", "deque", "list"),
    ("Mapping", "Mapping", "dict"),
    ("MutableMapping", "MutableMapping", "dict"),
    ("OrderedDict", "OrderedDict", "dict"),
    ("DefaultDict", "defaultdict", "dict"),
    ("defaultdict", "defaultdict", "dict"),
];

impl Reader<'_> {
    /// A type: one or several with `|` between.
    pub(super) fn kind(&mut self, depth: usize) -> Result<Kind, SyntaxError> {
        if depth > DEEPEST {
            return Err(self.error("types nested more than 100 deep", "a simpler type"));
        }
        let mut kinds = vec![self.one_kind(depth)?];
        while self.take("|") {
            kinds.push(self.one_kind(depth + 1)?);
        }
        if kinds.len() == 1 { Ok(kinds.remove(0)) } else { Ok(Kind::union(kinds)) }
    }

    fn one_kind(&mut self, depth: usize) -> Result<Kind, SyntaxError> {
        let start = self.span();
        if self.take("(") {
            let kind = self.kind(depth + 1)?;
            self.close(")", "a type in brackets")?;
            return Ok(kind);
        }
        match self.peek() {
            Some(Token::Text(text)) => {
                let text = text.clone();
                self.at += 1;
                if depth == 0 {
                    let mut error = SyntaxError::new(start, "a quoted type", "a type without quotes");
                    if self.next_is("|") || text.parse::<Kind>().is_err() {
                        error.expected.push_str("; choices are written as Literal['a', 'b']");
                    } else {
                        error = error.suggest(Some(text));
                    }
                    return Err(error);
                }
                // Within another type Python takes quoted types for what they say.
                let tokens = token::tokens(&text, 0..text.len()).map_err(|e| SyntaxError { at: start.clone(), ..e })?;
                let mut inner =
                    Reader { source: &text, end: text.len(), tokens: &tokens, at: 0, printed: self.printed };
                let kind = inner.kind(depth + 1).map_err(|e| SyntaxError { at: start.clone(), ..e })?;
                if inner.peek().is_some() {
                    return Err(SyntaxError::new(start, "a quoted type that goes on after the type", "a type"));
                }
                Ok(kind)
            }
            Some(Token::Name(_)) => {
                let name = self.dotted()?;
                let at = start.start..self.tokens[self.at - 1].1.end;
                let kind = self.resolve(&name, at, depth)?;
                if self.next_is("[") {
                    return Err(
                        self.error(&format!("`{}` takes no types in brackets", kind.inline()), "the end of the type")
                    );
                }
                if self.next_is("(") {
                    return Err(self.error("a call in a type", "types take square brackets"));
                }
                Ok(kind)
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

    fn resolve(&mut self, name: &str, at: std::ops::Range<usize>, depth: usize) -> Result<Kind, SyntaxError> {
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
            "str" | "Text" | "dspy.Reasoning" => Kind::Str,
            "int" => Kind::Int,
            "float" => Kind::Float,
            "bool" => Kind::Bool,
            "bytes" => Kind::Bytes,
            "complex" => Kind::Complex,
            "Any" => Kind::Any,
            "None" | "NoneType" | "types.NoneType" if typing.is_none() => Kind::None,
            "dspy.Code" if open => self.code()?,
            "list" | "List" => Kind::List(self.only_argument("list", depth)?.map(Box::new)),
            "set" | "Set" => Kind::Set(self.only_argument("set", depth)?.map(Box::new)),
            "dict" | "Dict" => Kind::Dict(self.pair(depth)?.map(Box::new)),
            "tuple" | "Tuple" => self.tuple(depth)?,
            "Optional" => {
                let inner = self.only_argument("Optional", depth)?;
                let inner = inner.ok_or_else(|| needs_brackets(&at, "Optional", "Optional[str]"))?;
                Kind::union([inner, Kind::None])
            }
            "Union" if open => Kind::union(self.arguments(depth)?),
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
                        "dict" => Kind::Dict(self.pair(depth)?.map(Box::new)),
                        "set" => Kind::Set(self.only_argument(printed, depth)?.map(Box::new)),
                        _ => Kind::List(self.only_argument(printed, depth)?.map(Box::new)),
                    };
                    return Ok(Kind::Like((*printed).to_owned(), Box::new(inner)));
                }
                let known = NAMED
                    .iter()
                    .find(|named| **named == name || (self.printed && named.ends_with(&format!(".{name}"))));
                if let Some(known) = known {
                    return Ok(Kind::Named((*known).to_owned()));
                }
                return Err(unknown(name, at));
            }
        })
    }

    /// The types in brackets; at least one.
    fn arguments(&mut self, depth: usize) -> Result<Vec<Kind>, SyntaxError> {
        self.take("[");
        let mut kinds = vec![self.kind(depth + 1)?];
        while self.take(",") && !self.next_is("]") {
            kinds.push(self.kind(depth + 1)?);
        }
        self.close("]", "the types in brackets")?;
        Ok(kinds)
    }

    fn only_argument(&mut self, of: &str, depth: usize) -> Result<Option<Kind>, SyntaxError> {
        if !self.next_is("[") {
            return Ok(None);
        }
        let start = self.span().start;
        let mut kinds = self.arguments(depth)?;
        if kinds.len() > 1 {
            let at = start..self.tokens[self.at - 1].1.end;
            let any = kinds.iter().map(Kind::inline).collect::<Vec<_>>().join(" | ");
            return Err(SyntaxError::new(at, format!("`{of}` takes one type, not {}", kinds.len()), "one type")
                .suggest(Some(format!("[{any}]"))));
        }
        Ok(kinds.pop())
    }

    fn pair(&mut self, depth: usize) -> Result<Option<(Kind, Kind)>, SyntaxError> {
        if !self.next_is("[") {
            return Ok(None);
        }
        let start = self.span().start;
        let kinds = self.arguments(depth)?;
        let at = start..self.tokens[self.at - 1].1.end;
        let given = kinds.len();
        let [key, value]: [Kind; 2] = kinds.try_into().map_err(|kinds: Vec<Kind>| {
            let error =
                SyntaxError::new(at, format!("`dict` takes two types, not {given}"), "a key's type and a value's");
            error.suggest((given == 1).then(|| format!("[str, {}]", kinds[0].inline())))
        })?;
        Ok(Some((key, value)))
    }

    fn tuple(&mut self, depth: usize) -> Result<Kind, SyntaxError> {
        if !self.take("[") {
            return Ok(Kind::Tuple(None));
        }
        if self.next_is("(") && matches!(self.tokens.get(self.at + 1), Some((Token::Sign(")"), _))) {
            self.at += 2;
            self.close("]", "the tuple's types")?;
            return Ok(Kind::Tuple(Some(Vec::new())));
        }
        let mut kinds = vec![self.kind(depth + 1)?];
        while self.take(",") && !self.next_is("]") {
            let rest =
                self.next_is("...") || (self.printed && matches!(self.peek(), Some(Token::Name(n)) if n == "Ellipsis"));
            if rest && kinds.len() == 1 {
                self.at += 1;
                self.close("]", "`...`")?;
                return Ok(Kind::TupleOf(Box::new(kinds.remove(0))));
            }
            kinds.push(self.kind(depth + 1)?);
        }
        self.close("]", "the tuple's types")?;
        Ok(Kind::Tuple(Some(kinds)))
    }

    /// `dspy.Code['python']`
    fn code(&mut self) -> Result<Kind, SyntaxError> {
        self.take("[");
        let Some(Token::Text(language)) = self.peek() else {
            return Err(self.error("a language without quotes", "a language's name in quotes"));
        };
        let name = format!("dspy.Code[{}]", repr(&Value::from(language.as_str())));
        self.at += 1;
        self.close("]", "the language")?;
        Ok(Kind::Named(name))
    }

    fn annotated(&mut self, depth: usize) -> Result<Kind, SyntaxError> {
        self.take("[");
        let kind = self.kind(depth + 1)?;
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
        Ok(kind)
    }

    /// `[…]` of a `Literal`: constants, constants in round brackets, other `Literal`s; each once.
    fn literal(&mut self, depth: usize) -> Result<Kind, SyntaxError> {
        self.take("[");
        let mut values = Vec::new();
        self.constants("]", &mut values, depth)?;
        if values.is_empty() {
            return Err(self.error("a `Literal` without a choice", "Literal['a', 'b']"));
        }
        self.close("]", "the choices")?;
        Ok(Kind::Literal(values))
    }

    fn constants(&mut self, end: &str, values: &mut Vec<Value>, depth: usize) -> Result<(), SyntaxError> {
        if depth > DEEPEST {
            return Err(self.error("choices nested more than 100 deep", "simple choices"));
        }
        while self.peek().is_some() && !self.next_is(end) {
            let value = match self.peek() {
                Some(Token::Text(text)) => {
                    let mut text = text.clone();
                    // Python joins neighbouring strings.
                    while let Some((Token::Text(more), _)) = self.tokens.get(self.at + 1) {
                        text.push_str(more);
                        self.at += 1;
                    }
                    Value::String(text)
                }
                Some(Token::Number(number)) => {
                    let value = token::value(number);
                    value.ok_or_else(|| self.error("a number that JSON cannot hold", "a smaller number"))?
                }
                Some(Token::Name(word)) if matches!(word.as_str(), "True" | "False") => Value::Bool(word == "True"),
                Some(Token::Name(word)) if word == "None" => Value::Null,
                Some(Token::Sign("(")) => {
                    self.at += 1;
                    self.constants(")", values, depth + 1)?;
                    self.close(")", "the choices")?;
                    if !self.take(",") {
                        break;
                    }
                    continue;
                }
                Some(Token::Name(word)) if word == "Literal" || word == "typing" => {
                    let Kind::Literal(inner) = self.one_kind(depth + 1)? else {
                        return Err(self.error("a type among the choices", "strings, numbers, True, False or None"));
                    };
                    for value in inner {
                        once(values, value);
                    }
                    if !self.take(",") {
                        break;
                    }
                    continue;
                }
                Some(Token::Name(word)) => {
                    let error =
                        self.error(&format!("`{word}` without quotes"), "strings, numbers, True, False or None");
                    return Err(error.suggest(Some(format!("'{word}'"))));
                }
                _ => {
                    return Err(self.error(
                        &format!("{} among the choices", self.found()),
                        "strings, numbers, True, False or None",
                    ));
                }
            };
            self.at += 1;
            once(values, value);
            if !self.take(",") {
                break;
            }
        }
        Ok(())
    }

    fn close(&mut self, sign: &str, what: &str) -> Result<(), SyntaxError> {
        if self.take(sign) {
            return Ok(());
        }
        let message =
            if self.peek().is_none() { format!("{what}: not closed") } else { format!("unexpected {}", self.found()) };
        Err(self.error(&message, &format!("`{sign}` or `,`")))
    }
}

fn once(values: &mut Vec<Value>, value: Value) {
    if !values.contains(&value) {
        values.push(value);
    }
}

fn needs_brackets(at: &std::ops::Range<usize>, name: &str, example: &str) -> SyntaxError {
    SyntaxError::new(at.clone(), format!("`{name}` on its own says nothing"), format!("`{example}`"))
}

fn unknown(name: &str, at: std::ops::Range<usize>) -> SyntaxError {
    let dspy = name.strip_prefix("dspy.");
    if let Some((_, what)) = BEYOND.iter().find(|(beyond, _)| dspy == Some(beyond)) {
        return SyntaxError::new(
            at,
            format!("`{name}` is {what}, which a terminal cannot serve"),
            "a type of text, numbers or lists",
        );
    }
    if name.contains('.') && guess(name).is_none_or(|guess| guess == name) {
        let message = format!("`{name}` is a Python class, which cannot be imported here");
        return SyntaxError::new(at, message, "a type that travels as text or JSON");
    }
    SyntaxError::new(at, format!("unknown type `{name}`"), "a type").suggest(guess(name))
}
