//! Height and text of the banner that shows a switch to another model.

use crate::transcript::{Switch, Transcript, model_name, seconds};

/// Rows of the banner on a screen of this height; 0 if the run has not switched models.
pub fn rows(run: Option<&Transcript>, height: u16) -> u16 {
    match (run.and_then(Transcript::switch), height) {
        (None, _) => 0,
        (Some(_), 28..) => 7,
        (Some(_), 20..) => 5,
        (Some(_), _) => 2,
    }
}

/// Which model took over from which, and after what time, in one line.
pub fn line(switch: &Switch<'_>) -> String {
    let (from, to) = (model_name(switch.from), model_name(switch.to));
    // A number stays with its unit.
    let time = |time| seconds(time).replace(' ', "\u{a0}");
    let Some(waited) = switch.waited.map(time) else {
        return match switch.attempt.ended {
            None => format!("⇄ {from} failed: asking {to} …"),
            Some(_) => format!("⇄ {from} failed, and so did {to}"),
        };
    };
    match (switch.failed, switch.gap.map(time)) {
        (None, _) => format!("⇄ {to} took over from {from} inside the service, after {waited}"),
        (Some(_), Some(gap)) => format!("⇄ {to} took over after {waited}, {gap} after {from} failed"),
        (Some(_), None) => format!("⇄ {to} took over from {from} after {waited}"),
    }
}
