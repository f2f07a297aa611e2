//! Every `switchover …` command of the README runs, as it is written there.
#![cfg(unix)]

use std::path::Path;
use std::process::{Command, Stdio};

/// The lines of all `sh` blocks.
fn commands(text: &str) -> Vec<&str> {
    let blocks = text.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.flat_map(str::lines).map(str::trim).filter(|line| !line.is_empty()).collect()
}

#[test]
fn every_command_of_the_readme_runs() {
    let binary = Path::new(env!("CARGO_BIN_EXE_switchover"));
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", binary.parent().unwrap().display());
    let commands = commands(include_str!("../README.md"));
    assert!(commands.iter().any(|line| line.starts_with("switchover ask")), "the README has commands");
    for line in commands {
        if line.starts_with("cargo ") {
            // This test is what `cargo test` runs, and the other one opens the playground; `terminal` tries that.
            assert!(["cargo run --release", "cargo test"].contains(&line) || line.starts_with("cargo bench"), "{line}");
            continue;
        }
        let output = Command::new("sh")
            .args(["-c", line])
            .env_clear()
            .envs([("PATH", path.as_str()), ("HOME", env!("CARGO_TARGET_TMPDIR")), ("SWITCHOVER_PACE", "0")])
            .current_dir(env!("CARGO_TARGET_TMPDIR"))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(!output.stdout.is_empty(), "{line} says nothing");
    }
}
