//! Which models a request is for.

use super::refusal::Refusal;
use crate::openrouter::Chains;
use crate::openrouter::catalogue::Catalogue;
use crate::openrouter::model::without_prefix;
use crate::spec::ChatTask;
use crate::text::clean_line;
use hyper::StatusCode;

/// The header that names a chain: `a/b, c/d`.
pub(super) const CHAIN: &str = "x-switchover-chain";
/// The longest name of a model, in characters.
const MAX_NAME: usize = 200;

/// The first name of a model or a chain that the client wrote.
pub(super) fn asked<'a>(task: &'a ChatTask, header: Option<&'a str>) -> Option<&'a str> {
    listed(header).next().or_else(|| task.names().next())
}

/// The names in the header.
fn listed(header: Option<&str>) -> impl Iterator<Item = &str> {
    header.unwrap_or_default().split(',').map(str::trim).filter(|name| !name.is_empty())
}

/// The fallback chain of a request: that of its header, or of its body.
pub(super) fn choose(
    task: &ChatTask,
    header: Option<&str>,
    chains: Chains<'_>,
    catalogue: &Catalogue,
) -> Result<Vec<String>, Refusal> {
    let listed: Vec<&str> = listed(header).collect();
    let id = |name: &str| full_name(name, catalogue);
    let chain = if listed.is_empty() { task.chain(chains, id) } else { chains.expand(listed, id) }?;
    if chain.is_empty() {
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "the request names no model, and no chain is configured"));
    }
    Ok(chain)
}

/// A model's id: as it is, or the only one in the catalogue that ends in `/name`. A name that nobody knows is sent as it
/// is: the server may know it.
fn full_name(model: &str, catalogue: &Catalogue) -> Result<String, Refusal> {
    let model = clean_line(without_prefix(model.trim()), MAX_NAME);
    let model = model.as_str();
    if model.contains('/') || catalogue.find(model).is_some() {
        return Ok(model.to_owned());
    }
    let ends = |id: &&str| id.strip_suffix(model).is_some_and(|author| author.ends_with('/'));
    let found: Vec<&str> = catalogue.models.iter().map(|known| known.id.as_str()).filter(ends).collect();
    match found.as_slice() {
        [] => Ok(model.to_owned()),
        [only] => Ok((*only).to_owned()),
        several => {
            let why = format!("several models are named `{model}`: {}", several.join(", "));
            Err(Refusal::new(StatusCode::BAD_REQUEST, why))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use std::collections::BTreeMap;

    fn chosen(body: Value, header: Option<&str>) -> Result<Vec<String>, String> {
        let Value::Object(body) = body else { panic!("an object") };
        let listing = json!({"data": [{"id": "a/one"}, {"id": "b/two"}, {"id": "c/two"}, {"id": "local"}]});
        let catalogue = Catalogue::from_answer(&listing, std::time::Duration::ZERO).expect("models");
        let configured = ["a/one".to_owned(), "z/last".to_owned()];
        let named = BTreeMap::from([("cheap".to_owned(), vec!["b/two".to_owned(), "a/one".to_owned()])]);
        let chains = Chains { configured: &configured, named: &named };
        choose(&ChatTask::new(body), header, chains, &catalogue).map_err(|refusal| refusal.error().to_string())
    }

    #[test]
    fn a_request_names_its_chain_in_several_ways() {
        for (body, header, chain) in [
            (json!({}), None, vec!["a/one", "z/last"]),
            (json!({"model": "switchover"}), None, vec!["a/one", "z/last"]),
            (json!({"model": "openrouter/b/two"}), None, vec!["b/two", "a/one", "z/last"]),
            (json!({"model": "one"}), None, vec!["a/one", "z/last"]),
            (json!({"model": "local"}), None, vec!["local", "a/one", "z/last"]),
            (json!({"model": "unknown"}), None, vec!["unknown", "a/one", "z/last"]),
            (json!({"model": "a/one", "models": ["b/two"]}), None, vec!["a/one", "b/two"]),
            (json!({"model": "cheap"}), None, vec!["b/two", "a/one"]),
            (json!({"model": "x/y"}), Some("cheap, switchover"), vec!["b/two", "a/one", "z/last"]),
            (json!({"model": "x/y"}), Some(" c/two , one"), vec!["c/two", "a/one"]),
            (json!({"model": "x/y"}), Some("c/two, switchover"), vec!["c/two", "a/one", "z/last"]),
        ] {
            assert_eq!(
                chosen(body.clone(), header).as_deref(),
                Ok(&chain.iter().map(|m| (*m).to_owned()).collect::<Vec<_>>()[..]),
                "{body}"
            );
        }
        assert!(chosen(json!({"model": "two"}), None).unwrap_err().contains("b/two, c/two"));
    }
}
