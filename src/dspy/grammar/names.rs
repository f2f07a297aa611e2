//! Names of types: those that are supported, those that are not, and the names that other languages use.

use super::super::syntax::SyntaxError;

/// The names that an error may suggest.
pub(super) const SUGGESTED: [&str; 19] = [
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

/// Names of types in other languages, and their Python names.
const SYNONYMS: [(&str, &str); 25] = [
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

/// Classes of Python's library and of DSPy that JSON can carry, by dotted name. DSPy prints the last part.
pub(super) const NAMED: [&str; 9] = [
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

/// DSPy types that are not supported because they need more than text, and what they hold.
const UNSUPPORTED: [(&str, &str); 8] = [
    ("Image", "an image"),
    ("Audio", "audio"),
    ("File", "a file"),
    ("Document", "a document"),
    ("Tool", "a Python function"),
    ("ToolCalls", "tool calls"),
    ("Signature", "a Python class"),
    ("Type", "a Python class"),
];

/// Containers with another name: the name in a signature, the name that DSPy prints, and the type that values have.
pub(super) const ALIASES: [(&str, &str, &str); 11] = [
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

/// Whether a single name stands for a type, or for a module of types, in an inline signature.
pub(in crate::dspy) fn is_type_name(name: &str) -> bool {
    let module = |dotted: &str| dotted.split_once('.').is_some_and(|(module, _)| module == name);
    matches!(name, "NoneType" | "Annotated")
        || SUGGESTED.contains(&name)
        || SUGGESTED.iter().chain(&NAMED).any(|dotted| module(dotted))
        || ALIASES.iter().any(|alias| alias.0 == name || alias.1 == name)
}

/// The error for a name that is not a supported type.
pub(super) fn unknown_type(name: &str, span: std::ops::Range<usize>) -> SyntaxError {
    let dspy = name.strip_prefix("dspy.");
    if let Some((_, what)) = UNSUPPORTED.iter().find(|(unsupported, _)| dspy == Some(unsupported)) {
        return SyntaxError::new(
            span,
            format!("`{name}` is {what}; a terminal supports only text and JSON"),
            "a type that JSON can carry",
        );
    }
    if name.contains('.') && suggestion(name).is_none_or(|suggestion| suggestion == name) {
        let message = format!("`{name}` is a Python class; classes cannot be imported here");
        return SyntaxError::new(span, message, "a type that JSON can carry");
    }
    SyntaxError::new(span, format!("unknown type `{name}`"), "a type").suggest(suggestion(name))
}

/// The type that a word probably means: the Python name of another language's type, or the name with the fewest
/// edits.
fn suggestion(word: &str) -> Option<&'static str> {
    let last = word.rsplit('.').next().unwrap_or(word);
    let synonym = |word: &str| SYNONYMS.iter().find(|(from, _)| from.eq_ignore_ascii_case(word)).map(|&(_, to)| to);
    synonym(last).or_else(|| {
        let near = closest(last, SUGGESTED.into_iter().chain(SYNONYMS.into_iter().map(|(from, _)| from)))?;
        synonym(near).or(Some(near))
    })
}

/// The name with the fewest edits from `word`, ignoring case, if at most a third of the letters of `word` (and at least
/// one) have to change. Stricter than `nearest`, because class names of other libraries must not become types.
fn closest<'a>(word: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let (word, length) = (word.to_lowercase(), word.chars().count());
    // The time grows with the length of the word, and no name is near a very long one.
    let names = names.filter(|_| length <= 40);
    names
        .map(|name| (strsim::osa_distance(&word, &name.to_lowercase()), name))
        .filter(|&(edits, name)| edits <= (length / 3).max(1) && edits < name.chars().count())
        .min_by_key(|&(edits, _)| edits)
        .map(|(_, name)| name)
}
