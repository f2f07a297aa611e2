//! Reads the file of cases.

use super::setting;
use crate::cli::input::text_of;
use crate::config::Config;
use crate::dspy::Signature;
use crate::eval::{Case, CaseFormat, Metric, read};
use anyhow::{Context as _, Result, anyhow, bail};
use std::path::{Path, PathBuf};

/// The file of cases: this one, or that of the configuration. A path in a configuration file is relative to that file.
pub(in crate::cli) fn cases_file(path: Option<&Path>, config: &Config) -> Result<PathBuf> {
    if let Some(path) = path {
        return Ok(path.to_owned());
    }
    config.path("eval.cases")?.context("which cases? Name a file (switchover eval cases.jsonl), or set eval.cases")
}

/// The cases of a file.
pub(super) fn cases(path: &Path, signature: &Signature) -> Result<Vec<Case>> {
    let place = path.display().to_string();
    let text = text_of(path).with_context(|| place.clone());
    let format = match (CaseFormat::of_name(&place), &text) {
        (Some(format), _) => format,
        (None, Ok(text)) if CaseFormat::is_json_lines(text) => CaseFormat::JsonLines,
        (None, _) if path.is_file() => bail!("{place}: expected cases as {}", CaseFormat::KNOWN),
        (None, _) => CaseFormat::JsonLines,
    };
    read(&text?, format, signature).map_err(|errors| {
        let more = (errors.more > 0).then(|| format!("and {} more", errors.more));
        let lines = errors.first.iter().map(|error| format!("{place}, {error}"));
        anyhow!("{}", lines.chain(more).collect::<Vec<_>>().join("\nswitchover: "))
    })
}

/// Outputs, each with its metric.
type OutputMetrics = Vec<(String, Metric)>;

/// The cases of a file, and how their outputs are scored.
pub(in crate::cli) fn cases_and_metrics(
    path: &Path,
    words: &[String],
    config: &Config,
    signature: &Signature,
) -> Result<(Vec<Case>, OutputMetrics)> {
    let cases = cases(path, signature)?;
    let metrics = setting::metrics(words, config, signature, &cases)?;
    Ok((cases, metrics))
}
