//! Files of other programs in the working directory: they stop nothing, and decide nothing about the key.

use super::*;
use std::fs;
use std::path::PathBuf;

pub(super) const KEY: &str = "sk-or-v1-0123456789abcdef0123456789abcdef";
pub(super) const OTHER: &str = "http://127.0.0.1:9/v1";

/// A working directory and a home of its own.
pub(super) struct Folder {
    pub(super) cwd: PathBuf,
    pub(super) home: PathBuf,
}

impl Folder {
    pub(super) fn new(name: &str) -> Self {
        let root = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("foreign-{name}"));
        _ = fs::remove_dir_all(&root);
        let folder = Self { cwd: root.join("cwd"), home: root.join("home") };
        fs::create_dir_all(&folder.cwd).unwrap();
        fs::create_dir_all(folder.home.join(".config/switchover")).unwrap();
        folder
    }

    pub(super) fn file(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.cwd.join(name), text).unwrap();
    }

    /// The same home, and a folder below the working directory.
    pub(super) fn below(&self, path: &str) -> Self {
        let cwd = self.cwd.join(path);
        fs::create_dir_all(&cwd).unwrap();
        Self { cwd, home: self.home.clone() }
    }

    /// The user's own configuration file.
    pub(super) fn config(&self, text: &str) {
        fs::write(self.home.join(".config/switchover/config.toml"), text).unwrap();
    }

    /// The user's own `.env`.
    pub(super) fn own(&self, text: &str) {
        fs::write(self.home.join(".config/switchover/.env"), text).unwrap();
    }

    pub(super) fn run(&self, args: &[&str], env: &[(&str, &str)]) -> Output {
        let mut command = switchover(args);
        command.env("HOME", &self.home).current_dir(&self.cwd).envs(env.iter().copied()).output().unwrap()
    }

    /// The request that would be sent, with its headers, and what is said about it.
    pub(super) fn request(&self, env: &[(&str, &str)]) -> String {
        let output = self.run(&["ask", "x", "--dry-run", "-m", "a/b"], env);
        assert_eq!(output.status.code(), Some(0), "{}", err(&output));
        out(&output) + &err(&output)
    }
}

pub(super) fn env_key() -> [(&'static str, &'static str); 1] {
    [("OPENROUTER_API_KEY", KEY)]
}

#[test]
fn a_file_of_the_working_directory_does_not_decide_where_a_key_goes_that_it_did_not_bring() {
    let base = format!("SWITCHOVER_BASE_URL={OTHER}\n");
    let with_key = format!("{base}OPENROUTER_API_KEY=sk-or-v1-of-this-file-aaaaaaaaaaaa\n");
    let own_key = format!("OPENROUTER_API_KEY={KEY}\n");
    // The files of the working directory, the user's own file, the environment, and whether the server is used.
    for (what, files, own, env, used) in [
        ("the key is in the environment", &[(".env", base.as_str())][..], "", &env_key()[..], false),
        ("the key is the user's own", &[(".env", &base)], own_key.as_str(), &[], false),
        ("the key is in another file", &[(".env", &base), (".env.local", &own_key)], "", &[], false),
        ("the environment's key is used", &[(".env", &with_key)], "", &env_key(), false),
        ("there is no key", &[(".env", &base)], "", &[], false),
        ("the file brings its key", &[(".env", &with_key)], "", &[], true),
        ("the file brings its key", &[(".env.local", &with_key)], own_key.as_str(), &[], true),
        ("the user's own file", &[], &with_key, &[], true),
    ] {
        let folder = Folder::new("decides");
        for (name, text) in files {
            folder.file(name, text);
        }
        folder.own(own);
        let text = folder.request(env);
        assert_eq!(text.contains(&format!("POST {OTHER}/chat")), used, "{what}: {text}");
        assert_eq!(text.contains("base_url is ignored") && text.contains("switchover trust"), !used, "{what}: {text}");
    }
    let folder = Folder::new("overridden");
    folder.file(".env", &base);
    let text = folder.request(&[("OPENROUTER_API_KEY", KEY), ("SWITCHOVER_BASE_URL", "http://127.0.0.1:8/v1")]);
    assert!(text.contains("POST http://127.0.0.1:8/v1/") && !text.contains("ignored"), "{text}");
}

#[test]
fn headers_stay_with_the_server_that_they_were_meant_for() {
    let folder = Folder::new("headers");
    folder.file(".env", "SWITCHOVER_HEADERS={\"X-Theirs\": \"1\"}\n");
    let mine = ("SWITCHOVER_HEADERS", r#"{"X-Mine": "1"}"#);
    let text = folder.request(&env_key());
    assert!(!text.to_lowercase().contains("x-theirs: ") && text.contains("headers is ignored"), "{text}");
    folder.file(".env", format!("SWITCHOVER_BASE_URL={OTHER}\nOPENROUTER_API_KEY=sk-their-own-key-1234\n"));
    let text = folder.request(&[mine]);
    assert!(text.contains(OTHER) && !text.contains("x-mine: "), "{text}");
    assert!(text.contains("the header X-Mine is not sent"), "{text}");
    folder.file(".env", "SWITCHOVER_TITLE=Theirs\nSWITCHOVER_MODELS=c/d\n");
    let text = folder.request(&[mine, env_key()[0]]);
    assert!(text.contains("x-mine: ") && text.contains("x-title: Theirs") && !text.contains("ignored"), "{text}");
}

#[test]
fn permission_is_for_one_folder_and_one_server() {
    let folder = Folder::new("trust");
    folder.file(".env", format!("SWITCHOVER_BASE_URL={OTHER}\n"));
    let allowed = folder.run(&["trust"], &[]);
    assert!(out(&allowed).contains(OTHER), "{}", out(&allowed));
    let text = folder.request(&env_key());
    assert!(text.contains(OTHER) && !text.contains("ignored"), "{text}");
    folder.file(".env", "SWITCHOVER_BASE_URL=http://127.0.0.1:7/v1\n");
    let text = folder.request(&env_key());
    assert!(!text.contains("POST http://127.0.0.1:7") && text.contains("base_url is ignored"), "{text}");
    folder.file(".env", format!("SWITCHOVER_BASE_URL={OTHER}\n"));
    folder.run(&["trust", "--undo"], &[]);
    assert!(folder.request(&env_key()).contains("base_url is ignored"));
}

#[test]
fn without_a_home_directory_the_configuration_of_the_working_directory_is_foreign_too() {
    let folder = Folder::new("homeless");
    fs::create_dir(folder.cwd.join(".switchover")).unwrap();
    folder.file(".switchover/config.toml", format!("base_url = \"{OTHER}\"\n[headers]\nX-A = \"1\"\n"));
    let mut command = switchover(&["ask", "x", "--dry-run", "-m", "a/b"]);
    let output = command.env_remove("HOME").env("OPENROUTER_API_KEY", KEY).current_dir(&folder.cwd).output().unwrap();
    let text = out(&output) + &err(&output);
    assert!(!text.contains(&format!("POST {OTHER}")), "{text}");
}

#[test]
fn another_programs_env_file_stops_nothing() {
    let key = format!("OPENROUTER_API_KEY={KEY}\n");
    let utf16: Vec<u8> = [0xfeff].into_iter().chain(key.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let huge = "X=1\n".repeat(1 << 18) + &key;
    for (what, text) in [
        ("a bare name", format!("DEBUG\n{key}").into_bytes()),
        ("names with a dot and a hyphen", format!("a.b=x\nnpm-token=y\n{key}").into_bytes()),
        ("a value of several lines", format!("PEM=\"-----BEGIN\nxyz=\n-----END\"\n{key}").into_bytes()),
        ("a quote that is never closed", format!("X=\"abc\n{key}").into_bytes()),
        ("Latin-1", [b"# cl\xe9\n".as_slice(), key.as_bytes()].concat()),
        ("UTF-16", utf16),
        ("YAML", format!("a:\n  - b\n{}", key.replacen('=', ": ", 1)).into_bytes()),
        ("a huge file", huge.into_bytes()),
        ("a shell script", format!("#!/bin/sh\nset -e\nif true; then\n  export {key}fi\n").into_bytes()),
    ] {
        let folder = Folder::new("env");
        folder.file(".env", text);
        let text = folder.request(&[]);
        assert!(text.contains("POST https://openrouter.ai/api/v1/chat/completions"), "{what}: {text}");
        assert!(!text.contains(".env"), "{what}: nothing is said about it: {text}");
    }
    let folder = Folder::new("env");
    folder.file(".env", format!("DEBUG\n{key}"));
    let doctor = out(&folder.run(&["doctor", "--offline"], &[]));
    assert!(doctor.contains("line 1 is not NAME=value"), "{doctor}");
    let folder = Folder::new("env");
    fs::create_dir_all(folder.cwd.join(".env/bin")).unwrap();
    assert!(folder.request(&env_key()).contains("POST https://openrouter.ai"));
    assert!(out(&folder.run(&["doctor", "--offline"], &[])).contains("is a directory"));
}
