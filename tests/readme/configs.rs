//! Each `toml` block of the pages is a configuration, or a file of the signature library, that the program reads.

use crate::{blocks, fresh, pages, shell};
use std::path::Path;

/// Writes a block where it belongs, and returns the command that reads it.
fn write(block: &str, folder: &Path) -> String {
    let Some((_, signature)) = block.split_once("[[signature]]") else {
        std::fs::write(folder.join("config.toml"), block).unwrap();
        return "SWITCHOVER_CONFIG=config.toml switchover config".to_owned();
    };
    let library = folder.join(".config/switchover/signatures");
    std::fs::create_dir_all(&library).unwrap();
    std::fs::write(library.join("block.toml"), block).unwrap();
    let name = signature.lines().find_map(|line| line.strip_prefix("name = ")).expect("its name");
    format!("switchover export --to curl --signature {name} notes='Buy milk.'")
}

#[test]
fn every_configuration_of_the_pages_is_read() {
    let mut read = 0;
    for (name, page) in pages() {
        for block in blocks(&page, "toml") {
            let (block, folder) = (block.collect::<Vec<_>>().join("\n"), fresh("page-toml"));
            let output = shell(&write(&block, &folder), &folder).output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success() && said.is_empty(), "{name}.md: {block}\n{said}");
            assert!(!String::from_utf8_lossy(&output.stdout).contains(" is ignored"), "{name}.md: {block}");
            read += 1;
        }
    }
    assert!(read > 4, "only {read} blocks were found");
}
