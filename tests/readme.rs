//! Runs every command of the README and of the pages in `docs/`, and holds what else they show. A server that a page starts gets a free port; a socket of this test takes the
//! place of the reader's Ollama.
//! The Python blocks are run by `tests/exports.py`, which needs DSPy.
#![cfg(unix)]

#[path = "readme/configs.rs"]
mod configs;
#[path = "readme/examples.rs"]
mod examples;
#[path = "readme/links.rs"]
mod links;
#[path = "readme/log_lines.rs"]
mod log_lines;
#[path = "readme/outputs.rs"]
mod outputs;
#[path = "shared/page.rs"]
mod page;
#[path = "readme/tables.rs"]
mod tables;

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

const README: &str = include_str!("../README.md");
/// Commands that are not run here: this test is part of `cargo test`, and the test `terminal` runs the playground.
const NOT_RUN: [&str; 2] = ["cargo run --release", "cargo test"];
/// The address of Ollama in the pages.
const OLLAMA: &str = "localhost:11434";
/// The addresses of `switchover serve` and `switchover gateway` in the pages.
const SERVED: [&str; 2] = ["127.0.0.1:8383", "127.0.0.1:4141"];

/// An empty folder for the commands of one block.
fn fresh(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir(&folder).unwrap();
    folder
}

/// A shell command with an empty environment and the program in its `PATH`. The folder is also the home directory.
fn shell(line: &str, folder: &Path) -> Command {
    let binary = Path::new(env!("CARGO_BIN_EXE_switchover"));
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", binary.parent().unwrap().display());
    let mut command = Command::new("sh");
    command.args(["-c", line]).env_clear().current_dir(folder).stdin(Stdio::null());
    command.envs([("PATH", path.as_str()), ("HOME", &folder.display().to_string()), ("SWITCHOVER_PACE", "0")]);
    command
}

/// Runs a line. It must succeed and print something, unless it writes a file.
fn runs(line: &str, folder: &Path) -> Result<(), String> {
    let output = shell(line, folder).output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(format!("{line}: {}", String::from_utf8_lossy(&output.stderr)));
    }
    // curl succeeds with every status. A 503 may be on purpose; a refusal is not.
    let refused = ["\"code\":401", "\"code\":415"]
        .into_iter()
        .find(|code| memchr::memmem::find(&output.stdout, code.as_bytes()).is_some());
    if let Some(code) = refused {
        return Err(format!("{line}: {code}"));
    }
    if output.stdout.is_empty() && !line.contains(" > ") && !line.contains(" >> ") {
        Err(format!("{line}: prints nothing"))
    } else {
        Ok(())
    }
}

/// A server that the README starts, on a free port. It ends when this value is dropped.
struct Served(Child, String);

impl Served {
    fn start(line: &str, folder: &Path) -> Result<Self, String> {
        let port = if line.contains("gateway") { "--listen 127.0.0.1:0" } else { "--port 0" };
        let mut child =
            shell(&format!("exec {line} {port}"), folder).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut first_line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut first_line).unwrap();
        let address = first_line.split("http://").nth(1).and_then(|rest| rest.split('/').next());
        Ok(Self(child, address.ok_or_else(|| format!("{line}: {first_line}"))?.to_owned()))
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

/// Starts a server of the model llama3.2 that gives every request the same answer, and returns its address.
fn model_server() -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let mut socket = socket.unwrap();
            let mut request = BufReader::new(&socket);
            let (mut line, mut length) = (String::new(), 0);
            while request.read_line(&mut line).unwrap() > 2 {
                if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                line.clear();
            }
            request.read_exact(&mut vec![0; length]).unwrap();
            let chunk = r#"{"model":"llama3.2","choices":[{"delta":{"content":"[[ ## reasoning ## ]]\nIt says so.\n\n[[ ## answer ## ]]\nA framework.\n\n[[ ## completed ## ]]"},"finish_reason":"stop"}]}"#;
            let body = format!("data: {chunk}\n\ndata: [DONE]\n\n");
            let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close";
            write!(socket, "{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).unwrap();
        }
    });
    address
}

/// The README and the pages in `docs/`, by name.
fn pages() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let page = |path: PathBuf| {
        (path.file_stem().unwrap().to_string_lossy().into_owned(), std::fs::read_to_string(&path).unwrap())
    };
    let mut pages: Vec<(String, String)> =
        paths.filter(|path| path.extension().is_some_and(|ending| ending == "md")).map(page).collect();
    pages.push(("readme".to_owned(), README.to_owned()));
    pages.sort();
    pages
}

/// The lines of each code block of one language.
fn blocks<'a>(page: &'a str, language: &'a str) -> impl Iterator<Item = impl Iterator<Item = &'a str>> {
    let blocks = page.split("\n```").filter_map(move |block| block.strip_prefix(language)?.strip_prefix('\n'));
    blocks.map(|block| block.lines().map(str::trim).filter(|line| !line.is_empty()))
}

#[test]
fn every_command_of_the_pages_runs() {
    let ollama = model_server();
    let pages = pages();
    let blocks = pages.iter().flat_map(|(name, page)| blocks(page, "sh").map(move |block| (name, block)));
    let (mut ran, mut last, mut folder, mut served) = (0, "", PathBuf::new(), None);
    for (name, block) in blocks {
        // The blocks of a page build on each other.
        if name != last {
            (last, folder, served) = (name, fresh(&format!("page-{name}")), None);
        }
        for line in block.filter(|line| !NOT_RUN.contains(line)) {
            ran += 1;
            if line.starts_with("switchover serve") || line.starts_with("switchover gateway") {
                served = Some(Served::start(line, &folder).unwrap());
                continue;
            }
            let mut line = line.replace(OLLAMA, &ollama);
            if let Some(Served(_, address)) = &served {
                for written in SERVED {
                    line = line.replace(written, address);
                }
            }
            runs(&line, &folder).unwrap();
        }
    }
    assert!(ran > 15, "only {ran} commands were found");
}

/// What the text writes in place of a word of the reader's choice, and a word.
const CHOICES: [(&str, &str); 2] = [("COMMAND", "ask"), ("SHELL", "bash")];

#[test]
fn every_command_in_the_text_exists() {
    let (folder, mut named) = (fresh("page-help"), BTreeSet::new());
    for (_, page) in pages() {
        let text: String = page.split("\n```").step_by(2).collect();
        let code = text.split('`').skip(1).step_by(2).filter(|code| code.starts_with("switchover "));
        named
            .extend(code.map(|code| CHOICES.iter().fold(code.to_owned(), |code, (word, one)| code.replace(word, one))));
    }
    let wrong: Vec<String> = named.iter().filter_map(|code| runs(&format!("{code} --help"), &folder).err()).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(named.len() > 20, "only {} commands were found", named.len());
}

#[test]
fn the_compared_versions_are_those_of_the_exports() {
    use switchover::openrouter::headers::{DSPY_VERSION, LITELLM_VERSION};
    assert!(README.contains(&format!("DSPy {DSPY_VERSION} and LiteLLM {LITELLM_VERSION}")));
    let peers = include_str!("../benches/peers.py");
    let version = |name: &str| {
        peers
            .split_once(&format!("{name}=="))
            .and_then(|(_, rest)| rest.split([' ', '\'']).next())
            .expect("its version")
    };
    let measured = format!("dspy {} and litellm {}", version("dspy"), version("litellm[proxy]"));
    assert!(include_str!("../docs/performance.md").contains(&measured), "{measured}");
}

#[test]
fn a_wrong_command_fails_the_test() {
    let folder = fresh("page-wrong");
    for line in [
        "swichover config",
        "switchover aks hello",
        "switchover config --nothing",
        "switchover signature 'a - b'",
        "true",
    ] {
        assert!(runs(line, &folder).is_err(), "{line}");
    }
    assert!(Served::start("switchover serv", &folder).is_err());
}
