//! Snapshots of every export for each case of `cases/export/cases.toml`. `exports.py` runs the exported programs.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use switchover::dspy::{Signature, Values, library};
use switchover::export::{Export, curl, dspy, openai, proxy, router};
use switchover::openrouter::{OPENROUTER, RequestHeader};
use switchover::spec::{ChatTask, RunSpec, SignatureTask};

#[derive(Deserialize)]
struct Cases {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(default)]
    signature: String,
    /// Objects and enums, as in a library file.
    #[serde(default)]
    types: toml::Table,
    #[serde(default)]
    instructions: String,
    #[serde(default)]
    module: String,
    #[serde(default)]
    adapter: Option<String>,
    #[serde(default)]
    base: Option<String>,
    models: Vec<String>,
    #[serde(default)]
    inputs: Values,
    #[serde(default)]
    demos: Vec<Values>,
    #[serde(default)]
    request: Option<toml::Table>,
    #[serde(default)]
    headers: Vec<(String, String)>,
    #[serde(default)]
    secret_headers: Vec<String>,
    #[serde(default)]
    chains: BTreeMap<String, Vec<String>>,
    /// The body of a chat, as JSON, in place of the signature.
    #[serde(default)]
    chat: Option<String>,
}

impl Case {
    fn signature(&self) -> Signature {
        let mut entry = toml::Table::new();
        entry.insert("name".into(), "case".into());
        entry.insert("inline".into(), self.signature.as_str().into());
        entry.insert("types".into(), self.types.clone().into());
        let file = toml::Table::from_iter([("signature".to_owned(), vec![entry].into())]);
        let entry = library::parse(&toml::to_string(&file).unwrap()).unwrap().remove(0);
        Signature { name: String::new(), ..entry.signature }
    }

    fn spec(&self) -> RunSpec {
        if let Some(chat) = &self.chat {
            return RunSpec::new(ChatTask::new(serde_json::from_str(chat).unwrap()), &self.models);
        }
        let mut signature = self.signature();
        signature.instructions.clone_from(&self.instructions);
        let task = SignatureTask {
            module: self.module.parse().unwrap(),
            adapter: self.adapter.as_deref().unwrap_or("chat").parse().unwrap(),
            demos: self.demos.clone(),
            ..SignatureTask::new(signature, self.inputs.clone())
        };
        let settings = self.request.clone().map(|table| table.try_into().unwrap()).unwrap_or_default();
        RunSpec { settings, ..RunSpec::new(task, &self.models) }
    }
}

#[test]
fn exports_match_their_snapshots() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/export");
    let cases: Cases = toml::from_str(&fs::read_to_string(format!("{root}/cases.toml")).unwrap()).unwrap();
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(root);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for case in &cases.case {
            let spec = case.spec();
            let base = case.base.as_deref().unwrap_or(OPENROUTER).parse().unwrap();
            let public = case.headers.iter().map(|(name, value)| RequestHeader::public(name, value));
            let secret = case.secret_headers.iter().map(|name| RequestHeader::secret(name, "hunter2-hunter2-hunter2"));
            let headers: Vec<RequestHeader> = public.chain(secret).collect();
            let chains = case.chains.clone();
            let export = Export { spec: &spec, base: &base, headers: &headers, chains: &chains };
            let python = spec.task.signature().map(|task| dspy(&export, task));
            let others = [
                ("litellm-router", router(&export)),
                ("litellm-proxy", proxy(&export)),
                ("curl", curl(&export)),
                ("openai", openai(&export)),
            ];
            for (target, text) in python.into_iter().map(|text| ("python", text)).chain(others) {
                insta::assert_snapshot!(format!("{}.{target}", case.name), text);
            }
        }
    });
}
