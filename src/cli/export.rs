//! `export` and `import`: programs for other tools, and what was written with DSPy.

use super::eval::{cases_and_metrics, judges};
use super::print::{self, note, out};
use super::signatures::{self, Folders};
use super::{GlobalOptions, exit, history, setup};
use crate::config::{Config, Environment};
use crate::dspy::LibraryEntry;
use crate::dspy::import::{self, saved_program};
use crate::export::{self, Export};
use crate::openrouter::headers::{ATTRIBUTION, CLIENT, is_header_name};
use crate::openrouter::{BaseUrl, OPENROUTER, RequestHeader};
use crate::report::Report;
use crate::spec::{RunSpec, Task};
use crate::transcript::Transcript;
use anyhow::{Context as _, Result, anyhow, bail};
use clap::{Args, ValueEnum};
use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// What an export produces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ExportTarget {
    /// A DSPy program that asks the models of the chain in order; works with and without LiteLLM
    Python,
    /// A LiteLLM Router in Python
    LitellmRouter,
    /// The LiteLLM proxy's configuration
    LitellmProxy,
    /// A curl command, with OpenRouter's own `models` list; checks that the answer is complete
    Curl,
    /// A program for OpenAI's Python library, with OpenRouter's own `models` list
    Openai,
    /// A saved program that DSPy's load() reads
    DspyState,
    /// A page for a browser: question, answer, log and headers of a run; several runs side by side
    Html,
}

/// Print the current settings, or a stored run, as a DSPy, LiteLLM, OpenAI or curl program.
#[derive(Args, Debug)]
#[command(after_help = super::examples::EXPORT)]
pub(super) struct ExportArgs {
    /// Inputs: a plain text is the next input, name=value sets one by name; without any, the examples are used
    #[arg(value_name = "INPUT", conflicts_with = "runs")]
    inputs: Vec<String>,
    /// The kind of program
    #[arg(long)]
    to: ExportTarget,
    /// With `--to python`: a program that asks the cases of this file and scores them with dspy.Evaluate, as `eval` does
    #[arg(long, value_name = "FILE", conflicts_with_all = ["runs", "inputs"])]
    with_cases: Option<PathBuf>,
    /// With --with-cases: how an output is scored, as in `eval`
    #[arg(long = "metric", value_name = "OUTPUT=METRIC", requires = "with_cases")]
    metrics: Vec<String>,
    /// A stored run: its id, the last digits of its id, `last`, or a file of JSON lines; with `--to html` several
    #[arg(long = "run", value_name = "RUN|FILE")]
    runs: Vec<String>,
}

impl ExportArgs {
    pub(super) fn run(self, settings: &GlobalOptions, env: &Environment) -> Result<u8> {
        match self.runs.as_slice() {
            [] if self.to == ExportTarget::Html => bail!("--to html shows stored runs; name them with --run"),
            [] => {}
            [run] => return run_as(&history::reports(run, env)?, self.to, settings, env),
            runs if self.to == ExportTarget::Html => {
                let runs: Result<Vec<Transcript>> =
                    runs.iter().map(|run| Ok(Transcript::of(&history::reports(run, env)?))).collect();
                print::text(&export::runs(&runs?));
                return Ok(exit::OK);
            }
            _ => bail!("only --to html takes several runs"),
        }
        let config = settings.config(env)?;
        let mut task = setup::task(&config, env)?;
        task.inputs = match self.inputs.as_slice() {
            [] => setup::example_inputs(&task.signature)?,
            words => setup::inputs_from_words(&task.signature, words)?,
        };
        let spec = setup::spec(&config, task)?;
        let base: BaseUrl = named(&config)?.unwrap_or_else(|| OPENROUTER.to_owned()).parse()?;
        let lines = setup::headers(&config)?.lines(&base)?;
        let headers = chosen(lines.iter().map(RequestHeader::from));
        let chains = config.chains()?;
        let Some(cases) = &self.with_cases else {
            print::text(&text(&spec, (&base, &headers), &chains, self.to)?);
            return Ok(exit::OK);
        };
        if self.to != ExportTarget::Python {
            bail!("--with-cases makes a DSPy program; use --to python");
        }
        let export = Export { spec: &spec, base: &base, headers: &headers, chains: &chains };
        let task = spec.task.signature().context("cases are asked with a signature")?;
        let (cases, metrics) = cases_and_metrics(cases, &self.metrics, &config, &task.signature)?;
        let judges = judges(task, &metrics, &config, env)?;
        let program = export::evaluate(&export, task, &cases, &metrics, &judges).map_err(|why| anyhow!("{why}"))?;
        print::text(&program);
        Ok(exit::OK)
    }
}

/// Exports a run for the server that it used; a simulated run is exported for OpenRouter.
pub(super) fn run_as(run: &[Report], to: ExportTarget, settings: &GlobalOptions, env: &Environment) -> Result<u8> {
    let config = settings.config(env)?;
    let run = Transcript::of(run);
    if to == ExportTarget::Html {
        print::text(&export::runs(&[run]));
        return Ok(exit::OK);
    }
    let spec = run.spec.as_deref().context("the run's first line (`begun`) is missing, so its inputs are unknown")?;
    let request = run.attempts.iter().find_map(|attempt| attempt.request.as_ref().filter(|_| !attempt.simulated));
    let used = request.and_then(|request| request.url.strip_suffix("/chat/completions")).map(str::to_owned);
    let base: BaseUrl = named(&config)?.or(used).unwrap_or_else(|| OPENROUTER.to_owned()).parse()?;
    let sent = run.attempts.iter().find_map(|attempt| attempt.request.as_ref());
    let headers = chosen(sent.into_iter().flat_map(|request| request.headers.clone()));
    print::text(&text(spec, (&base, &headers), &config.chains()?, to)?);
    Ok(exit::OK)
}

fn named(config: &Config) -> Result<Option<String>> {
    Ok(config.read::<String>("base_url")?)
}

fn text(
    spec: &RunSpec,
    (base, headers): (&BaseUrl, &[RequestHeader]),
    chains: &BTreeMap<String, Vec<String>>,
    to: ExportTarget,
) -> Result<String> {
    if let Task::Chat(task) = &spec.task
        && !task.api.is_chat()
    {
        bail!("this request went to {}; only chat completions are exported", task.api.path());
    }
    let export = Export { spec, base, headers, chains };
    let task = || {
        let why = "a chat has no signature for DSPy; --to openai, curl, litellm-router and litellm-proxy export it";
        spec.task.signature().context(why)
    };
    Ok(match to {
        ExportTarget::Python => export::dspy(&export, task()?),
        ExportTarget::LitellmRouter => export::router(&export),
        ExportTarget::LitellmProxy => export::proxy(&export),
        ExportTarget::Curl => export::curl(&export),
        ExportTarget::Openai => export::openai(&export),
        ExportTarget::Html => bail!("--to html shows stored runs; name them with --run"),
        ExportTarget::DspyState => {
            let task = task()?;
            saved_program::write(&LibraryEntry {
                signature: task.signature.clone(),
                description: String::new(),
                module: task.module,
                demos: task.demos.clone(),
            })
        }
    })
}

/// The headers that the user chose. Attribution names are written as in OpenRouter's documentation, because LiteLLM
/// adds its own headers next to other spellings. Left out: headers that the client sets itself, public headers that
/// contained the key, and what HTTP does not allow, which only a file that was changed can hold.
fn chosen(headers: impl IntoIterator<Item = RequestHeader>) -> Vec<RequestHeader> {
    let by_client = |name: &str| CLIENT.iter().chain(&["authorization"]).any(|own| name.eq_ignore_ascii_case(own));
    let kept = headers.into_iter().filter(|header| {
        !by_client(header.name())
            && is_header_name(header.name())
            && !header.value().contains(char::is_control)
            && (header.is_secret() || !header.value().contains(crate::secret::MASK))
    });
    kept.map(|header| match ATTRIBUTION.iter().find(|name| header.name().eq_ignore_ascii_case(name)) {
        Some(name) => header.renamed(*name),
        None => header,
    })
    .collect()
}

/// Add the signatures of Python source, or a program that DSPy saved, to your signature library. A saved program has no
/// types and no field names: --signature gives them.
#[derive(Args, Debug)]
pub(super) struct ImportArgs {
    /// A .py file or notebook with DSPy signatures, or the .json file that DSPy's save() wrote; `-` reads standard input
    file: PathBuf,
    /// Name of the signature if there is only one [default: its name in Python, or the file's name]
    #[arg(long)]
    name: Option<String>,
    /// Replace signatures of the same names
    #[arg(long)]
    force: bool,
}

/// The longest file that is imported, in bytes.
const MAX_IMPORT: u64 = 16 << 20;

/// The text of the file to import. Bytes that are not UTF-8 are replaced.
fn source(file: &Path) -> Result<String> {
    let mut bytes = Vec::new();
    if file.as_os_str() == "-" {
        std::io::stdin().lock().take(MAX_IMPORT + 1).read_to_end(&mut bytes)?;
    } else {
        let open = std::fs::File::open(file)?;
        if !open.metadata()?.is_file() {
            bail!("not a regular file");
        }
        open.take(MAX_IMPORT + 1).read_to_end(&mut bytes)?;
    }
    if bytes.len() as u64 > MAX_IMPORT {
        bail!("the file is longer than 16 MiB");
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

impl ImportArgs {
    pub(super) fn run(self, settings: &GlobalOptions, env: &Environment) -> Result<u8> {
        let known = match settings.signature.as_deref() {
            Some(word) => Some(setup::signature(word, &settings.config(env)?, env)?),
            None => None,
        };
        let known = known.map(|entry| entry.signature);
        let place = self.file.display().to_string();
        let text = source(&self.file).with_context(|| place.clone())?;
        let stem = self.file.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        let stem = stem.filter(|stem| stem != "-").unwrap_or_else(|| "imported".to_owned());
        let mut imported = import::read(&text, &stem, known.as_ref()).map_err(|error| anyhow!("{place}: {error}"))?;
        if let Some(name) = self.name {
            let [only] = imported.entries.as_mut_slice() else {
                bail!("{place} has {} signatures, so --name cannot name them; leave it out", imported.entries.len());
            };
            only.signature.name = name;
        }
        for note in &imported.notes {
            note!("note: {note}");
        }
        let folders = Folders::of(env);
        if !self.force {
            let built_in = crate::dspy::library::built_in();
            let own = folders.names();
            // Several signatures have the names that they have in the source.
            let other = if imported.entries.len() == 1 { ", --name chooses another name" } else { "" };
            for name in imported.entries.iter().map(|entry| &entry.signature.name) {
                if let Some(path) = own.get(name) {
                    bail!("`{name}` is in {}; --force replaces it{other}", path.display());
                }
                if built_in.iter().any(|entry| entry.signature.name == *name) {
                    bail!("`{name}` is a built-in signature; --force replaces it{other}");
                }
            }
        }
        for entry in &imported.entries {
            let path = signatures::save(&folders, entry)?;
            out!("{}: {}   saved in {}", entry.signature.name, entry.signature.inline(), path.display());
        }
        Ok(exit::OK)
    }
}
