//! The entries of a source: its signatures, each with the module that the source uses it with.

use super::constants::{constant, text};
use super::declarations::{Call, Meaning, Scope};
use super::reader::Reader;
use super::signatures::Draft;
use super::syntax::{Arguments, call, lies_in, line};
use crate::dspy::Module;
use crate::dspy::library::LibraryEntry;
use std::ops::Range;
use tree_sitter::Node;

/// The modules of DSPy that take a signature, and the module here; `None` if there is none like it.
const MODULES: [(&str, Option<Module>); 11] = [
    ("Predict", Some(Module::Predict)),
    ("ChainOfThought", Some(Module::ChainOfThought)),
    ("MultiChainComparison", Some(Module::MultiChainComparison(3))),
    ("TypedPredictor", Some(Module::Predict)),
    ("TypedChainOfThought", Some(Module::ChainOfThought)),
    ("ChainOfThoughtWithHint", Some(Module::ChainOfThought)),
    ("ReAct", None),
    ("ReActV2", None),
    ("ProgramOfThought", None),
    ("CodeAct", None),
    ("RLM", None),
];

/// A signature of the source.
struct Found {
    /// The byte at which its meaning stands.
    key: usize,
    line: usize,
    name: String,
    draft: Draft,
    module: Option<Module>,
}

impl Found {
    /// A signature without a declaration of its own. Without a label it is named after its outputs.
    fn of_call(made: Call<'_>, draft: Draft, module: Option<Module>) -> Self {
        let outputs = || {
            let outputs = draft.fields.iter().filter(|field| !field.is_input).map(|field| field.field.name.as_str());
            outputs.collect::<Vec<_>>().join("_")
        };
        let name = draft.name.clone().or(made.label.map(str::to_owned)).unwrap_or_else(outputs);
        Self { key: made.node.start_byte(), line: line(made.node), name, draft, module }
    }
}

impl<'t> Reader<'t> {
    /// The entries in the order of the source.
    pub(super) fn entries(&mut self) -> Vec<LibraryEntry> {
        let (mut found, mut used) = self.declared_signatures();
        for call in self.names.calls.clone() {
            if !used.iter().any(|range| lies_in(&call.node.byte_range(), range)) {
                self.called(call, &mut found, &mut used);
            }
        }
        found.sort_by_key(|found| found.key);
        self.named(found)
    }

    /// The signatures with names: classes, and values that are made by a call. Also returns the bytes of those calls.
    fn declared_signatures(&mut self) -> (Vec<Found>, Vec<Range<usize>>) {
        let (mut found, mut used) = (Vec::new(), Vec::new());
        for declaration in self.names.all.clone() {
            let (Meaning::Class(node, _) | Meaning::Value(node)) = declaration.meaning;
            if !matches!(node.kind(), "class_definition" | "call") {
                continue;
            }
            if let Some(draft) = self.declared(&declaration, 0) {
                if node.kind() == "call" {
                    used.push(node.byte_range());
                }
                let name = draft.name.clone().unwrap_or_else(|| declaration.name.to_owned());
                found.push(Found { key: node.start_byte(), line: line(node), name, draft, module: None });
            }
        }
        for (object, instructions, scope) in self.names.instructions.clone() {
            let key = self.meant(object, scope);
            if let Some(found) = found.iter_mut().find(|found| Some(found.key) == key)
                && let Some(text) = self.instructions(instructions, &found.name, scope)
            {
                found.draft.instructions = Some(text);
            }
        }
        (found, used)
    }

    /// Reads a call that makes a signature, or a module with one.
    fn called(&mut self, made: Call<'t>, found: &mut Vec<Found>, used: &mut Vec<Range<usize>>) {
        let source = self.names.source;
        let Some((function, arguments)) = call(source, made.node) else { return };
        let name = self.names.of_dspy(function, made.scope);
        let known = MODULES.iter().find(|(module, _)| Some(*module) == name.as_deref());
        if known.is_none()
            && !matches!(name.as_deref(), Some("Signature" | "make_signature"))
            && !is_change(source.text(function))
        {
            return;
        }
        let place = made.label.unwrap_or("signature");
        let Some((word, module)) = known else {
            if let Some(draft) = self.expression(made.node, place, made.scope, 0) {
                used.push(made.node.byte_range());
                found.push(Found::of_call(made, draft, None));
            }
            return;
        };
        let Some(signature) = arguments.at(0, "signature") else { return };
        let module = module.map(|module| self.with_count(module, &arguments, made));
        if module.is_none() {
            let reason = "there is no module like it; only its signature comes";
            self.note(line(made.node), format!("dspy.{word}: {reason}"));
        }
        if let Some(known) =
            self.meant(signature, made.scope).and_then(|key| found.iter_mut().find(|found| found.key == key))
        {
            match (known.module, module) {
                (Some(first), Some(other)) if first != other => {
                    let text = format!("{} is used with {first} and {other}; {first} is kept", known.name);
                    self.note(line(made.node), text);
                }
                _ => known.module = known.module.or(module),
            }
            return;
        }
        let draft = if let Ok(inline) = text(&self.names, signature, made.scope) {
            self.inline(&inline, signature, place, made.scope)
        } else {
            let draft = self.expression(signature, place, made.scope, 0);
            if draft.is_none() {
                let written = source.text(signature);
                self.note(line(signature), format!("dspy.{word}: its signature `{written}` is not in this source"));
            }
            draft
        };
        used.push(signature.byte_range());
        if let Some(draft) = draft {
            found.push(Found::of_call(made, draft, module));
        }
    }

    /// The byte at which the meaning of a name stands, aliases resolved.
    pub(super) fn meant(&self, mut name: Node<'t>, mut scope: Scope) -> Option<usize> {
        for _ in 0..10 {
            if !matches!(name.kind(), "identifier" | "attribute") {
                return Some(name.start_byte());
            }
            let found = self.names.find_dotted(self.names.source.text(name), scope, name.start_byte())?;
            scope = found.scope;
            match found.meaning {
                Meaning::Class(node, _) => return Some(node.start_byte()),
                Meaning::Value(node) => name = node,
            }
        }
        None
    }

    /// `MultiChainComparison` with its number of chains, `M`.
    fn with_count(&self, module: Module, arguments: &Arguments<'t>, made: Call<'t>) -> Module {
        let (Module::MultiChainComparison(_), Some(count)) = (module, arguments.named("M")) else { return module };
        let count = constant(&self.names, count, made.scope).ok();
        let word = count.map(|count| format!("multi_chain_comparison:{count}"));
        word.and_then(|word| word.parse().ok()).unwrap_or(module)
    }

    /// The entries, each with a name of its own. A signature without outputs is left out.
    fn named(&mut self, found: Vec<Found>) -> Vec<LibraryEntry> {
        let mut entries: Vec<LibraryEntry> = Vec::new();
        for Found { key, line, name, draft, module } in found {
            let mut signature = draft.signature();
            if signature.outputs.is_empty() {
                if !self.bases.contains(&key) {
                    self.note(line, format!("{name} is left out: it has no output"));
                }
                continue;
            }
            let taken = |name: &str| entries.iter().any(|entry| entry.signature.name == name);
            signature.name.clone_from(&name);
            let mut number = 2;
            while taken(&signature.name) {
                signature.name = format!("{name}_{number}");
                number += 1;
            }
            if signature.name != name {
                self.note(line, format!("a second {name} is named {}", signature.name));
            }
            for field in signature.inputs.iter_mut().chain(&mut signature.outputs) {
                field.description = field.description.take().map(|text| crate::text::clean(&text).into_owned());
            }
            signature.instructions = crate::text::clean(&signature.instructions).into_owned();
            entries.push(LibraryEntry {
                signature,
                description: String::new(),
                module: module.unwrap_or_default(),
                demos: Vec::new(),
            });
        }
        entries
    }
}

/// Whether a function is a method that changes a signature.
fn is_change(function: &str) -> bool {
    matches!(function.rsplit('.').next(), Some("with_instructions" | "with_updated_fields"))
}
