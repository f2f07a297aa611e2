//! The question whether to keep what was set on the screen: which file, and which of its lines change.

use super::compare::words::new_words;
use crate::config::edit::Change;
use std::path::PathBuf;

/// A configuration file with the changes.
#[derive(Clone, Debug, PartialEq)]
pub struct SavePlan {
    /// The file.
    pub path: PathBuf,
    /// Whose file it is: "your configuration".
    pub owner: &'static str,
    /// Its text now; `None` if there is no such file.
    pub before: Option<String>,
    /// Its text with the changes, or why it cannot be changed.
    pub after: Result<String, String>,
    /// What keeps a change from having an effect, such as a variable that wins over the file.
    pub warnings: Vec<String>,
}

/// What the answer to the question asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct SaveRequest {
    /// The file.
    pub path: PathBuf,
    /// The text that it must still have.
    pub before: Option<String>,
    /// Its new text.
    pub after: String,
    /// The changes in it.
    pub changes: Vec<Change>,
}

/// The open question.
#[derive(Clone, Debug)]
pub struct SaveDialog {
    /// The files that can hold the changes. Never empty.
    plans: Vec<SavePlan>,
    /// Index of the chosen file.
    chosen: usize,
    /// The changes.
    changes: Vec<Change>,
    /// Index of the first line that is shown.
    pub top: usize,
}

impl SaveDialog {
    /// The question about these changes; `None` without a file.
    pub fn new(plans: Vec<SavePlan>, changes: Vec<Change>) -> Option<Self> {
        (!plans.is_empty()).then_some(Self { plans, chosen: 0, changes, top: 0 })
    }

    /// The chosen file.
    pub fn plan(&self) -> &SavePlan {
        &self.plans[self.chosen]
    }

    /// Chooses the next file.
    pub fn choose_next(&mut self) {
        self.chosen = (self.chosen + 1) % self.plans.len();
        self.top = 0;
    }

    /// What is to be written; `None` if nothing would change or the file cannot be changed.
    pub fn request(&self) -> Option<SaveRequest> {
        let plan = self.plan();
        let after = plan.after.clone().ok().filter(|after| Some(after) != plan.before.as_ref())?;
        Some(SaveRequest { path: plan.path.clone(), before: plan.before.clone(), after, changes: self.changes.clone() })
    }

    /// The lines of the file that go (`-`) and come (`+`), and tables around them (a space).
    pub fn lines(&self) -> Vec<(char, String)> {
        let plan = self.plan();
        let Ok(after) = &plan.after else { return Vec::new() };
        let (old, new): (Vec<&str>, Vec<&str>) =
            (plan.before.as_deref().unwrap_or_default().lines().collect(), after.lines().collect());
        let (gone, come) = (new_words(&new, &old), new_words(&old, &new));
        let mut lines = Vec::new();
        let mut table = None;
        let mut i = 0;
        let mut push = |mark, line: &str, table: &mut Option<String>| {
            lines.extend(table.take().map(|table| (' ', table)));
            lines.push((mark, line.to_owned()));
        };
        for (line, is_new) in new.iter().zip(come) {
            while i < old.len() && gone[i] {
                push('-', old[i], &mut table);
                i += 1;
            }
            if is_new && line.trim().is_empty() {
                continue;
            }
            if is_new {
                // A new table stands by itself.
                table = table.filter(|_| !line.starts_with('['));
                push('+', line, &mut table);
                continue;
            }
            i += 1;
            // The header of the table in which the next change is.
            if line.starts_with('[') {
                table = Some((*line).to_owned());
            }
        }
        for (line, _) in old.iter().zip(&gone).skip(i).filter(|(_, gone)| **gone) {
            push('-', line, &mut table);
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_that_change_are_shown_with_their_table() {
        let plan = SavePlan {
            path: "config.toml".into(),
            owner: "your configuration",
            before: Some("models = [\"a\"]\n[ui]\ntheme = \"dark\"\n[request]\nseed = 1\ntop_p = 0.5\n".to_owned()),
            after: Ok("models = [\"b\"]\n[ui]\ntheme = \"dark\"\n[request]\nseed = 2\n\n[chains]\nc = []\n".to_owned()),
            warnings: Vec::new(),
        };
        let dialog = SaveDialog::new(vec![plan], Vec::new()).expect("a plan");
        let lines: Vec<String> = dialog.lines().iter().map(|(mark, line)| format!("{mark}{line}")).collect();
        assert_eq!(
            lines,
            [
                "-models = [\"a\"]",
                "+models = [\"b\"]",
                " [request]",
                "-seed = 1",
                "-top_p = 0.5",
                "+seed = 2",
                "+[chains]",
                "+c = []"
            ]
        );
    }
}
