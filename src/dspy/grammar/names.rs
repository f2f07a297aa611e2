//! Names of types: those that mean something here, those that cannot, and those that people mean by others.

use super::super::syntax::SyntaxError;
use super::super::syntax::closest;

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
const MEANT: [(&str, &str); 25] = [
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
pub(super) const LIKE: [(&str, &str, &str); 11] = [
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

/// What is wrong with a name that is no type.
pub(super) fn unknown(name: &str, at: std::ops::Range<usize>) -> SyntaxError {
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

/// A guess at the type that a word stands for: what another language calls it, or the nearest of all such words.
fn guess(word: &str) -> Option<&'static str> {
    let last = word.rsplit('.').next().unwrap_or(word);
    let means = |word: &str| MEANT.iter().find(|(from, _)| from.eq_ignore_ascii_case(word)).map(|&(_, to)| to);
    means(last).or_else(|| {
        let near = closest(last, NAMES.into_iter().chain(MEANT.into_iter().map(|(from, _)| from)))?;
        means(near).or(Some(near))
    })
}
