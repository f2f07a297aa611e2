//! From settings to run specs and services.

use super::GlobalOptions;
use super::print::note;
use super::signatures::library;
use crate::config::{Config, DEFAULT_CHAIN, Environment};
use crate::dspy::import::python;
use crate::dspy::library::LibraryEntry;
use crate::dspy::{Adapter, Field, Module, Signature, Values, is_identifier};
use crate::history::{HistoryWriter, Keep, Retention};
use crate::nearest::nearest;
use crate::openrouter::client::{Client, Endpoint};
use crate::openrouter::headers::{ChosenValue, Headers};
use crate::openrouter::{BaseUrl, OPENROUTER};
use crate::simulator::{self, Simulator};
use crate::spec::{RunSpec, SignatureTask, Task};
use crate::text::{clean_line, value_text};
use crate::worker::{Service, ServiceOptions};
use anyhow::{Context as _, Result, anyhow, bail};
use serde_json::Value;

/// The library's signature that is used if none is set.
const DEFAULT_SIGNATURE: &str = "question";

/// The signature of the settings with its module and adapter, without inputs.
pub(super) fn task(config: &Config, env: &Environment) -> Result<SignatureTask> {
    let entry = entry_of(config, env)?;
    let module = match config.read::<String>("module")? {
        Some(word) => word.parse::<Module>()?,
        None => entry.module,
    };
    if entry.signature.outputs.is_empty() {
        bail!(
            "the signature `{}` has no output, so nothing would be asked; for example `question -> answer`",
            entry.signature.inline()
        );
    }
    let adapter = config.read::<String>("adapter")?.map_or(Ok(Adapter::default()), |word| word.parse::<Adapter>())?;
    let reasoning = config.read("reasoning")?.unwrap_or_default();
    Ok(SignatureTask {
        module,
        adapter,
        reasoning,
        demos: entry.demos,
        ..SignatureTask::new(entry.signature, Values::new())
    })
}

/// The signature of the settings as a library entry.
pub(super) fn entry_of(config: &Config, env: &Environment) -> Result<LibraryEntry> {
    let source = config.read::<String>("signature")?;
    signature(source.as_deref().unwrap_or(DEFAULT_SIGNATURE), config, env)
}

/// A task with the chain, the policy and the request fields of the settings.
pub(super) fn spec(config: &Config, task: impl Into<Task>) -> Result<RunSpec> {
    let chain = match config.chain()? {
        Some(chain) => chain,
        None => match other_server(config)? {
            Some(url) => bail!(
                "choose a model of that server with --model; `switchover models --base-url {}` lists them",
                clean_line(url.as_str(), 200)
            ),
            None => DEFAULT_CHAIN.iter().map(|model| (*model).to_owned()).collect(),
        },
    };
    Ok(RunSpec {
        policy: config.policy(fastrand::u64(..))?,
        settings: config.read("request")?.unwrap_or_default(),
        ..RunSpec::new(task, chain)
    })
}

/// Checks that the faults of the command line are those of models that can be asked: a fault of a mistyped model would
/// break nothing.
pub(super) fn check_faults(settings: &GlobalOptions, spec: &RunSpec) -> Result<()> {
    let models: Vec<&str> = spec.chain.iter().map(|route| route.model.as_str()).collect();
    for (model, _) in settings.faults()? {
        if let Some(hint) = not_asked(&model, &models) {
            bail!("--fault: the chain has no model `{model}`{hint}");
        }
    }
    Ok(())
}

/// If a model is not among those that are asked: the end of the message, with the name that was probably meant.
pub(super) fn not_asked(model: &str, asked: &[&str]) -> Option<String> {
    let hint = || nearest(model, asked.iter().copied()).map(|near| format!("; did you mean `{near}`?"));
    (!asked.contains(&model)).then(|| hint().unwrap_or_default())
}

/// The server that is set, if it is not OpenRouter. The default chain does not work there.
fn other_server(config: &Config) -> Result<Option<BaseUrl>> {
    let base = config.read::<String>("base_url")?.map(|url| url.parse::<BaseUrl>()).transpose()?;
    Ok(base.filter(|base| !base.is_openrouter()))
}

/// A signature: inline, or by its name in the library.
pub(super) fn signature(word: &str, config: &Config, env: &Environment) -> Result<LibraryEntry> {
    // Only an inline signature contains an arrow, so the library need not be read.
    if let (true, Ok(signature)) = (word.contains("->"), word.parse()) {
        return Ok(entry(signature));
    }
    if python::is_source(word) {
        let mut imported = python::read(word)?;
        imported.notes.iter().for_each(|line| note!("note: {line}"));
        return match imported.entries.len() {
            1 => Ok(imported.entries.remove(0)),
            count => {
                bail!("the Python source has {count} signatures; `switchover import FILE.py` adds them to your library")
            }
        };
    }
    let library = library(config, env);
    if let Some(entry) = library.iter().find(|entry| entry.signature.name == word) {
        return Ok(entry.clone());
    }
    match word.parse::<Signature>() {
        Ok(signature) => Ok(entry(signature)),
        Err(error) if word.contains("->") => bail!("invalid signature\n{}", error.annotate(word)),
        Err(_) => {
            let names: Vec<&str> = library.iter().map(|entry| entry.signature.name.as_str()).collect();
            match nearest(word, names.iter().copied()) {
                Some(near) => bail!("no signature is named `{word}`; did you mean `{near}`?"),
                None => bail!(
                    "no signature is named `{word}`; the library has {}; an inline signature needs an arrow, \
                     for example \"question -> answer\"",
                    names.join(", ")
                ),
            }
        }
    }
}

/// A library entry for an inline signature.
pub(super) fn entry(signature: Signature) -> LibraryEntry {
    LibraryEntry { signature, description: String::new(), module: Module::default(), demos: Vec::new() }
}

/// Inputs as typed: `name=value` if the signature has that input, else the value of the next input that is not set.
/// A conversation's history is taken only by its name.
pub(super) fn inputs_from_words(signature: &Signature, words: &[String]) -> Result<Values> {
    let mut values = Values::new();
    let mut unnamed = Vec::new();
    for word in words {
        match word.split_once('=').and_then(|(name, text)| Some((signature.input(name)?, text))) {
            Some((field, text)) => _ = values.insert(field.name.clone(), field.parse(text)?),
            None => match mistyped(signature, word) {
                Some((name, near)) => {
                    bail!("the signature has no input `{name}`; did you mean `{near}=…`? As a text: {near}='{name}=…'")
                }
                None => unnamed.push(word),
            },
        }
    }
    let unset = signature
        .inputs
        .iter()
        .filter(|field| !values.contains_key(&field.name) && !field.is_history())
        .collect::<Vec<_>>();
    let mut unset = unset.into_iter();
    for word in unnamed {
        let Some(field) = unset.next() else {
            bail!(
                "too many inputs at `{word}`: the signature has {}; a text with spaces, and an inline signature, need quotes",
                names(signature)
            );
        };
        values.insert(field.name.clone(), field.parse(word)?);
    }
    require_all(signature, values)
}

/// The mistyped name of an input before a `=`, and the name that was probably meant.
fn mistyped<'a>(signature: &'a Signature, word: &'a str) -> Option<(&'a str, &'a str)> {
    let (name, _) = word.split_once('=').filter(|(name, _)| is_identifier(name))?;
    Some((name, nearest(name, signature.inputs.iter().map(|field| field.name.as_str()))?))
}

/// Inputs as one JSON object.
pub(super) fn inputs_from_json(signature: &Signature, json: &str) -> Result<Values> {
    let given: Values = serde_json::from_str(json).context("--inputs-json: expected an object of inputs")?;
    let mut values = Values::new();
    for (name, value) in given {
        let Some(field) = signature.input(&name) else {
            bail!("the signature has no input `{name}`; it has {}", names(signature));
        };
        values.insert(name, field.parse_json(&value)?);
    }
    require_all(signature, values)
}

fn require_all(signature: &Signature, values: Values) -> Result<Values> {
    let required = |field: &&Field| !field.field_type.is_optional() && !field.is_history();
    match signature.inputs.iter().filter(required).find(|field| !values.contains_key(&field.name)) {
        Some(missing) => bail!("the input `{}` is missing; set it with {}=…", missing.name, missing.name),
        None => Ok(values),
    }
}

fn names(signature: &Signature) -> String {
    match signature.inputs.as_slice() {
        [] => "no inputs".to_owned(),
        inputs => inputs.iter().map(|field| format!("`{}`", field.name)).collect::<Vec<_>>().join(", "),
    }
}

/// Example inputs: the placeholders of the signature's fields.
pub(super) fn example_inputs(signature: &Signature) -> Result<Values> {
    let text = |field: &Field| field.placeholder.clone().unwrap_or_else(|| "What is DSPy?".to_owned());
    let fields = signature.inputs.iter().filter(|field| !field.is_history());
    fields.map(|field| Ok((field.name.clone(), field.parse(&text(field))?))).collect()
}

/// Checks that the run will have this output field.
pub(super) fn require_output(task: &SignatureTask, name: &str) -> Result<()> {
    let expanded = task.expanded();
    if expanded.output(name).is_some() {
        return Ok(());
    }
    let outputs: Vec<&str> = expanded.outputs.iter().map(|field| field.name.as_str()).collect();
    match nearest(name, outputs.iter().copied()) {
        Some(near) => bail!("--field {name}: no such output; did you mean `{near}`?"),
        None => bail!("--field {name}: no such output; expected one of {}", outputs.join(", ")),
    }
}

/// The service options of the settings: server, headers, cached list of models, faults. History and cost lookup are
/// off.
pub(super) async fn service_options(
    config: &Config,
    settings: &GlobalOptions,
    env: &Environment,
) -> Result<ServiceOptions> {
    for notice in config.withheld() {
        note!("switchover: {}", clean_line(&notice.to_string(), 400));
    }
    let service = service(config, settings)?;
    let pace = config.read("simulator.pace")?.unwrap_or(1.0);
    let simulator = Simulator::start(simulator::SimulatorOptions { pace, ..simulator::SimulatorOptions::default() })
        .await
        .context("the simulator cannot listen on 127.0.0.1")?;
    let client = Client::new(config.policy(0)?.timeouts.connect);
    Ok(ServiceOptions {
        headers: headers(config)?,
        chains: config.chains()?.into_keys().collect(),
        model_cache: Some(env.cache_dir.clone()),
        faults: settings.faults()?,
        ..ServiceOptions::new(client, service, simulator)
    })
}

/// The same with the history of the settings, which gets every run. `on_error` receives its first error as text.
pub(super) async fn storing_service_options(
    config: &Config,
    settings: &GlobalOptions,
    env: &Environment,
    on_error: impl Fn(String) + Send + 'static,
) -> Result<ServiceOptions> {
    let history = history(config, env, on_error)?;
    Ok(ServiceOptions { history, ..service_options(config, settings, env).await? })
}

/// The writer of the history in the data directory, or one that stores nothing if `history.keep` says so. `on_error`
/// receives the first error as text.
fn history(config: &Config, env: &Environment, on_error: impl Fn(String) + Send + 'static) -> Result<HistoryWriter> {
    match keep(config)? {
        Keep::Nothing => Ok(HistoryWriter::none()),
        Keep::Runs(retention) => {
            HistoryWriter::start(&env.data_dir, retention, on_error).context("cannot start the history thread")
        }
    }
}

/// The server to use: the configured one; OpenRouter if there is a key; else the simulator.
pub(super) fn service(config: &Config, settings: &GlobalOptions) -> Result<Service> {
    let configured = config.read::<String>("base_url")?.filter(|_| !settings.simulate);
    let key = config.secret().map(|(secret, _)| secret.clone());
    let base: BaseUrl = match (configured, &key) {
        (Some(url), _) => url.parse()?,
        (None, Some(_)) if !settings.simulate => OPENROUTER.parse()?,
        _ => return Ok(Service::Simulator),
    };
    Ok(Service::Server(Box::new(Endpoint { base, key })))
}

/// What the settings keep of runs.
pub(super) fn keep(config: &Config) -> Result<Keep> {
    match config.read::<Value>("history.keep")? {
        None => Ok(Keep::Runs(Retention::default())),
        Some(words) => value_text(&words).parse().map_err(|error: String| anyhow!(error)),
    }
}

/// Attribution and extra headers, each with its origin.
pub(super) fn headers(config: &Config) -> Result<Headers> {
    let chosen = |name: &str| {
        let set = config.get(name)?;
        let value = match &set.value {
            Value::Array(parts) => parts.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(","),
            value => value.as_str()?.to_owned(),
        };
        // An empty value turns the header off.
        (!value.is_empty()).then(|| ChosenValue { value, from: set.origin.clone() })
    };
    let headers = Headers {
        referer: chosen("attribution.referer"),
        title: chosen("attribution.title"),
        categories: chosen("attribution.categories"),
        extras: config.headers().to_vec(),
    };
    match headers.check().into_iter().next() {
        Some(bad) => Err(bad.into()),
        None => Ok(headers),
    }
}
