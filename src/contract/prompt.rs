//! The signature that a prompt states in DSPy's form: two numbered lists of fields with their types, and then the shape
//! of the answer. Source: DSPy 3.4.1, observed; `docs/dspy.md` describes the form.

use crate::dspy::{Adapter, Field, FieldType, Signature};
use serde_json::Value;
use std::borrow::Cow;

/// The longest prompt that is looked at, in bytes: the form stands at its beginning.
const MAX_PROMPT: usize = 256 << 10;

/// The signature of a request's messages, and how its answer is written. `None`: they state none.
pub(super) fn signature(messages: &Value) -> Option<(Adapter, Signature)> {
    let first = messages.as_array()?.first()?;
    let text = text(&first["content"])?;
    if text.len() > MAX_PROMPT {
        return None;
    }
    let (inputs, outputs, rest) = lists(&text)?;
    let name = &outputs.first()?.name;
    let adapter = if rest.contains(&format!("[[ ## {name} ## ]]\n")) {
        Adapter::Chat
    } else if rest.contains(&format!("<{name}>\n")) {
        Adapter::Xml
    } else if rest.contains(&format!("\"{name}\":")) {
        Adapter::Json
    } else {
        return None;
    };
    Some((adapter, Signature::new(inputs, outputs)))
}

/// The text of a message: a string, or the texts of its parts.
fn text(content: &Value) -> Option<Cow<'_, str>> {
    match content {
        Value::String(text) => Some(text.into()),
        Value::Array(parts) => Some(parts.iter().filter_map(|part| part["text"].as_str()).collect()),
        _ => None,
    }
}

/// The inputs, the outputs, and the text behind them. A list begins with number 1, and its numbers follow each other.
fn lists(text: &str) -> Option<(Vec<Field>, Vec<Field>, &str)> {
    let mut lists: Vec<Vec<Field>> = Vec::new();
    let mut end = 0;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let from = at;
        at += line.len();
        // The shape of the messages begins: no list follows it.
        if line.starts_with("[[ ## ") || line.starts_with('<') || line.starts_with('{') {
            break;
        }
        let Some((number, field)) = item(line.trim_end()) else { continue };
        let next = lists.last().map_or(1, |list| list.len() + 1);
        match number {
            1 => lists.push(vec![field]),
            n if n == next => lists.last_mut()?.push(field),
            _ => continue,
        }
        end = from + line.len();
    }
    // A signature may have no inputs; then its only list is that of the outputs.
    match lists.len() {
        1 => Some((Vec::new(), lists.pop()?, &text[end..])),
        2 => {
            let outputs = lists.pop()?;
            Some((lists.pop()?, outputs, &text[end..]))
        }
        _ => None,
    }
}

/// A line ``2. `answer` (int): …`` as its number and field. A type that is not known here is any type.
fn item(line: &str) -> Option<(usize, Field)> {
    let line = line.trim_start();
    // Most lines are none.
    if !line.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let (number, rest) = line.split_once(". `")?;
    let (name, rest) = rest.split_once("` (")?;
    let number = number.trim_end().parse().ok()?;
    let close = closing(rest)?;
    if !rest[close + 1..].starts_with(':') {
        return None;
    }
    let field_type = rest[..close].parse::<FieldType>().unwrap_or(FieldType::Any);
    crate::dspy::is_identifier(name).then(|| (number, Field::new(name, field_type)))
}

/// Where the parenthesis that was opened before the text is closed; parentheses in quotes do not count.
fn closing(text: &str) -> Option<usize> {
    let (mut depth, mut quote) = (1_usize, None);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None, '(') => depth += 1,
            (None, ')') => {
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dspy::Values;
    use serde_json::json;

    #[test]
    fn what_our_own_adapters_write_is_read_again() {
        let inline = "question, ctx: list[str] -> reasoning, answer: int, label: Literal['a)', 'b'], note: str | None";
        for (inline, adapter) in
            [inline, "-> answer"].into_iter().flat_map(|it| Adapter::ALL.map(|adapter| (it, adapter)))
        {
            let asked: Signature = inline.parse().expect("a signature");
            let messages = adapter.messages(&asked, &Values::new(), &[], &[]);
            let (found, read) =
                signature(&json!(messages)).unwrap_or_else(|| panic!("{adapter}: {}", messages[0].content));
            assert_eq!((found, read.inline()), (adapter, asked.inline()), "{}", messages[0].content);
        }
    }

    #[test]
    fn what_dspy_writes_is_read() {
        let head = "Your input fields are:\n1. `question` (str): \nYour output fields are:\n1. `people` (list[Person]): all of them\n2. `n` (Union[int, NoneType]):\nAll interactions will be structured in the following way, with the appropriate values filled in.\n\n";
        let chat =
            "[[ ## question ## ]]\n{question}\n\n[[ ## people ## ]]\n{people}        # note: x\n\n[[ ## n ## ]]\n{n}\n";
        let (adapter, read) =
            signature(&json!([{"role": "system", "content": format!("{head}{chat}")}])).expect("a form");
        assert_eq!((adapter, read.inline().as_str()), (Adapter::Chat, "question -> people: Any, n: int | None"));
        let xml = "<question>\n{question}\n</question>\n\n<people>\n{people}\n</people>\n";
        let (adapter, _) = signature(&json!([{"role": "system", "content": format!("{head}{xml}")}])).expect("a form");
        assert_eq!(adapter, Adapter::Xml);
        let object = "Inputs will have the following structure:\n\n[[ ## question ## ]]\n{question}\n\nOutputs will be a JSON object with the following fields.\n\n{\n  \"people\": \"{people}\",\n  \"n\": \"{n}\"\n}\n";
        let (adapter, _) =
            signature(&json!([{"role": "system", "content": format!("{head}{object}")}])).expect("a form");
        assert_eq!(adapter, Adapter::Json);
    }

    /// The two lists of a prompt, and three shapes of the answer.
    const HEAD: &str = "Your input fields are:\n1. `q` (str): x\nYour output fields are:\n1. `n` (int): as <n>\n";
    const SHAPES: [(Adapter, &str); 3] = [
        (Adapter::Chat, "[[ ## q ## ]]\n{q}\n\n[[ ## n ## ]]\n{n}\n"),
        (Adapter::Xml, "<q>\n{q}\n</q>\n\n<n>\n{n}\n</n>\n"),
        (Adapter::Json, "{\n  \"n\": \"{n}\"\n}\n"),
    ];

    fn of_text(text: &str) -> Option<(Adapter, String)> {
        let (adapter, read) = signature(&json!([{"role": "system", "content": text}]))?;
        Some((adapter, read.inline()))
    }

    #[test]
    fn only_the_lists_before_the_shape_are_fields_and_only_what_follows_them_is_the_shape() {
        for (adapter, shape) in SHAPES {
            let expected = Some((adapter, "q -> n: int".to_owned()));
            assert_eq!(of_text(&format!("{HEAD}{shape}")), expected);
            // A list in the task that is stated behind the shape.
            assert_eq!(of_text(&format!("{HEAD}{shape}1. `a` (int): b\n1. `c` (int): d\n")), expected);
            // A number that does not follow the last one.
            assert_eq!(of_text(&format!("{HEAD}4. `x` (int): y\n{shape}")), expected);
            let parts = json!([{"type": "text", "text": HEAD}, {"type": "image_url"}, {"type": "text", "text": shape}]);
            let (found, _) = signature(&json!([{"role": "system", "content": parts}])).expect("a form");
            assert_eq!(found, adapter, "the text of a message may come in parts");
        }
        let (_, shape) = SHAPES[0];
        let called = HEAD.replace("(int)", "(Callable[[(int)], str])");
        assert_eq!(of_text(&format!("{called}{shape}")), Some((Adapter::Chat, "q -> n: Any".to_owned())));
    }

    #[test]
    fn a_prompt_is_looked_at_if_it_is_at_most_256_kib_long() {
        let (adapter, shape) = SHAPES[0];
        let whole = format!("{HEAD}{shape}");
        let with = |size: usize| of_text(&format!("{whole}{}", "x".repeat(size - whole.len())));
        assert_eq!(with(MAX_PROMPT).map(|(found, _)| found), Some(adapter));
        assert_eq!(with(MAX_PROMPT + 1), None);
    }

    #[test]
    fn other_prompts_state_no_signature() {
        for text in [
            "You are helpful.",
            "Do this:\n1. `ls` (list): the files\n2. `cat` (print): a file\nThen answer.",
            "1. `a` (str): x\n1. `b` (str): y\n1. `c` (str): z\n[[ ## c ## ]]\n",
            "",
        ] {
            assert_eq!(signature(&json!([{"role": "system", "content": text}])), None, "{text}");
        }
        assert_eq!(signature(&json!([])), None);
    }
}
