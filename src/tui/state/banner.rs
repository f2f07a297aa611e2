//! Height and text of the banner that shows a switch to another model.

use crate::transcript::{Switch, SwitchCause, Transcript, model_name, seconds};

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
    let after = switch.waited.map(time);
    let Some(after) = after else {
        return match (switch.cause, switch.attempt.ended) {
            (SwitchCause::Skipped(skipped), None) => format!("⇄ {from} is skipped, {}: asking {to} …", skipped.why),
            (SwitchCause::Skipped(skipped), Some(_)) => format!("⇄ {from} is skipped, {}; {to} failed", skipped.why),
            (_, None) => format!("⇄ {from} failed: asking {to} …"),
            (_, Some(_)) => format!("⇄ {from} failed, and so did {to}"),
        };
    };
    match switch.cause {
        SwitchCause::Service => format!("⇄ {to} took over from {from} inside the service, after {after}"),
        SwitchCause::Failed { gap: Some(gap), .. } => {
            format!("⇄ {to} took over after {after}, {} after {from} failed", time(gap))
        }
        SwitchCause::Failed { gap: None, .. } => format!("⇄ {to} took over from {from} after {after}"),
        SwitchCause::Skipped(skipped) => format!("⇄ {from} is skipped, {}: {to} answers", skipped.why),
    }
}
