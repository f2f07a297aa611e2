//! `--bootstrap`: demos from the training cases, tried on the others, and kept only if they help.

use super::output::{Output, Style};
use super::session::{Answers, Session};
use crate::cli::print::{note, out};
use crate::cli::setup;
use crate::cli::signatures::{self, Folders};
use crate::dspy::Demo;
use crate::dspy::library::to_toml;
use crate::eval::{Evaluation, FaultPlan, Variant, demos};
use crate::worker::EvaluateEnd;
use anyhow::{Result, bail};
use serde_json::json;

/// The splits that give demos and that try them.
const TRAIN: &str = "train";
const DEV: &str = "dev";

/// The part of an evaluation with the cases of one split, asked once by these variants without faults.
fn part(evaluation: &Evaluation, split: &str, variants: Vec<Variant>) -> Evaluation {
    let mut part = Evaluation { variants, plans: vec![FaultPlan::none()], repeat: 1, ..evaluation.clone() };
    part.cases.retain(|case| case.split.as_deref() == Some(split));
    part
}

/// Checks that an evaluation can be bootstrapped.
pub(super) fn check(evaluation: &Evaluation) -> Result<()> {
    for split in [TRAIN, DEV] {
        if !evaluation.cases.iter().any(|case| case.split.as_deref() == Some(split)) {
            bail!("--bootstrap needs cases with the splits train and dev; no case has `split` {split}");
        }
    }
    if evaluation.variants.len() > 1 || evaluation.plans.iter().any(|plan| !plan.faults.is_empty()) {
        bail!("--bootstrap tries demos for one variant, without faults");
    }
    Ok(())
}

/// The parts that are asked: the training cases, and the others by two variants.
pub(super) fn parts(evaluation: &Evaluation) -> [Evaluation; 2] {
    let base = &evaluation.variants[0];
    let both = ["before", "after"].map(|name| Variant { name: name.to_owned(), ..base.clone() });
    [part(evaluation, TRAIN, vec![base.clone()]), part(evaluation, DEV, both.to_vec())]
}

/// Asks the training cases, chooses up to `most` demos of the accepted answers, asks the other cases with and without
/// them, and keeps them in the signature's library entry if the score is better beyond doubt.
pub(super) async fn run(
    session: &Session<'_>,
    evaluation: &Evaluation,
    most: usize,
    style: Style,
) -> Result<(Evaluation, super::session::Asked)> {
    let [train, mut dev] = parts(evaluation);
    let asked = session.ask(&train, 0.0, Answers::Kept, |_, _| {}).await?;
    if asked.end != EvaluateEnd::Complete {
        return Ok((train, asked));
    }
    let (accepted, chosen) = demos(&train, &asked.cells, most);
    note!("{accepted} of {} training answers are accepted; {} are tried as demos", train.cases.len(), chosen.len());
    if chosen.is_empty() {
        bail!("no training answer is accepted by the metrics, so there are no demos to try");
    }
    if let Some(task) = dev.variants[1].spec.task.signature_mut() {
        task.demos.clone_from(&chosen);
    }
    let mut output = Output::new(style, &dev);
    let asked = session.ask(&dev, asked.spent, Answers::Dropped, |index, scored| output.scored(index, scored)).await?;
    output.finish(&asked.results);
    let difference = asked.results.differences(&dev).into_iter().next();
    let helps = asked.end == EvaluateEnd::Complete && difference.is_some_and(|it| it.certain && it.difference > 0.0);
    if style == Style::Json {
        out!("{}", json!({"event": "bootstrapped", "accepted": accepted, "demos": chosen, "kept": helps}));
    }
    if helps {
        keep(session, &dev, chosen)?;
    } else {
        note!("the demos are not kept: it is not certain that they help");
    }
    Ok((dev, asked))
}

/// Keeps the demos in the library; an inline signature is printed with them instead.
fn keep(session: &Session<'_>, evaluation: &Evaluation, demos: Vec<Demo>) -> Result<()> {
    let word: Option<String> = session.config.read("signature")?;
    let is_named = word.is_none_or(|word| !word.contains("->"));
    let entry = setup::entry_of(session.config, session.env)?;
    let module = evaluation.variants[0].spec.task.signature().map_or(entry.module, |task| task.module);
    let entry = crate::dspy::library::LibraryEntry { module, demos, ..entry };
    if is_named {
        let path = signatures::save(&Folders::of(session.env), &entry)?;
        note!("the demos are kept in {}", path.display());
    } else {
        note!("the demos help; save this in your signature library to keep them:");
        note!("{}", to_toml(std::slice::from_ref(&entry)));
    }
    Ok(())
}
