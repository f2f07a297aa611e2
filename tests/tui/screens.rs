//! Every screen of `cases/screens.toml` against its picture.

use crate::stage::Stage;
use serde::Deserialize;
use std::fs;
use std::time::Duration;
use switchover::tui::theme::Theme;

#[derive(Deserialize)]
struct Cases {
    screen: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    size: [u16; 2],
    run: Option<String>,
    until_ms: Option<u64>,
    #[serde(default)]
    runs_before: Vec<String>,
    #[serde(default)]
    keys: String,
    theme: Option<String>,
}

#[test]
fn screens_look_as_they_should() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases");
    let cases: Cases = toml::from_str(&fs::read_to_string(format!("{root}/screens.toml")).unwrap()).unwrap();
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(format!("{root}/screens"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for case in &cases.screen {
            let theme = case.theme.as_deref().map_or(Theme::Dark, |name| Theme::named(name).expect("a theme"));
            let past: Vec<_> = case.runs_before.iter().map(String::as_str).collect();
            let mut stage = Stage::new(case.size[0], case.size[1], theme, &past);
            if let Some(run) = &case.run {
                stage.play(run, Duration::from_millis(case.until_ms.unwrap_or(u64::MAX / 2)));
            }
            stage.script(&case.keys);
            insta::assert_snapshot!(case.name.as_str(), stage.screen());
        }
    });
}
