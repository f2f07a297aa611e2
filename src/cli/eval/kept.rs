//! The finished cells of an evaluation on disk, so that it can be resumed after it was stopped: a file of JSON lines for each
//! evaluation, written as the cells end. A torn last line costs that cell only.

use crate::config::{Config, Environment};
use crate::eval::{CellId, Evaluation, Scored};
use crate::history::Keep;
use crate::private;
use anyhow::{Context as _, Result};
use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};

/// The file, and what it held.
pub(super) struct KeptCells {
    file: Option<File>,
    cells: Vec<(usize, Scored)>,
}

impl KeptCells {
    /// Opens the file of this evaluation. `resume`: its cells count; otherwise it begins empty. Without a history nothing is
    /// kept.
    pub(super) fn open(config: &Config, env: &Environment, evaluation: &Evaluation, resume: bool) -> Result<Self> {
        if matches!(crate::cli::setup::keep(config)?, Keep::Nothing) {
            if resume {
                anyhow::bail!("--resume: nothing is kept while history.keep is `nothing`");
            }
            return Ok(Self { file: None, cells: Vec::new() });
        }
        let folder = folder(env);
        let path = folder.join(format!("{:016x}.jsonl", evaluation.fingerprint()));
        let cells = if resume { read(&path, evaluation) } else { Vec::new() };
        private::create_folder(&folder).with_context(|| folder.display().to_string())?;
        let mut file = private::file_options()
            .create(true)
            .append(true)
            .open(&path)
            .with_context(|| path.display().to_string())?;
        if resume {
            // The last line may be torn.
            _ = file.write_all(b"\n");
        } else {
            file.set_len(0).with_context(|| path.display().to_string())?;
        }
        Ok(Self { file: Some(file), cells })
    }

    /// Whether cells are kept.
    pub(super) fn is_on(&self) -> bool {
        self.file.is_some()
    }

    /// The cells that the file held.
    pub(super) fn take(&mut self) -> Vec<(usize, Scored)> {
        std::mem::take(&mut self.cells)
    }

    /// Keeps a finished cell. With a full disk, only --resume has fewer of them.
    pub(super) fn keep(&mut self, scored: &Scored) {
        if let Some(file) = &mut self.file
            && let Ok(mut line) = serde_json::to_vec(scored)
        {
            line.push(b'\n');
            _ = file.write_all(&line);
        }
    }
}

fn folder(env: &Environment) -> PathBuf {
    env.data_dir.join("evaluations")
}

/// Deletes the kept cells of these runs.
///
/// # Errors
/// A file that cannot be written.
pub(in crate::cli) fn forget(env: &Environment, is_forgotten: impl Fn(u64) -> bool) -> std::io::Result<()> {
    let files = std::fs::read_dir(folder(env)).into_iter().flatten().filter_map(|file| Some(file.ok()?.path()));
    for path in files.filter(|path| path.extension().is_some_and(|ending| ending == "jsonl")) {
        let text = std::fs::read_to_string(&path)?;
        let stays = |line: &&str| serde_json::from_str::<Scored>(line).is_ok_and(|scored| !is_forgotten(scored.run));
        let left: Vec<&str> = text.lines().filter(stays).collect();
        match left.len() {
            0 => std::fs::remove_file(&path)?,
            count if count < text.lines().count() => private::replace(&path, &(left.join("\n") + "\n"))?,
            _ => {}
        }
    }
    Ok(())
}

/// The cells of a file, by their places.
fn read(path: &Path, evaluation: &Evaluation) -> Vec<(usize, Scored)> {
    let place = |names: Vec<&str>| -> HashMap<String, usize> {
        names.into_iter().enumerate().map(|(at, name)| (name.to_owned(), at)).collect()
    };
    let cases = place(evaluation.cases.iter().map(|case| case.id.as_str()).collect());
    let variants = place(evaluation.variants.iter().map(|variant| variant.name.as_str()).collect());
    let plans = place(evaluation.plans.iter().map(|plan| plan.name.as_str()).collect());
    let mut cells: HashMap<usize, Scored> = HashMap::new();
    let lines = File::open(path).map(|file| BufReader::new(file).lines()).into_iter().flatten();
    for line in lines.map_while(Result::ok) {
        let Ok(scored) = serde_json::from_str::<Scored>(&line) else { continue };
        let cell = || {
            Some(CellId {
                case: *cases.get(&scored.case)?,
                repeat: scored.repeat.checked_sub(1).filter(|repeat| *repeat < evaluation.repeat)?,
                variant: *variants.get(&scored.variant)?,
                plan: *plans.get(&scored.faults)?,
            })
        };
        if let Some(cell) = cell() {
            cells.insert(evaluation.index(cell), scored);
        }
    }
    let mut cells: Vec<_> = cells.into_iter().collect();
    cells.sort_by_key(|(index, _)| *index);
    cells
}
