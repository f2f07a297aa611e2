//! The program as a process: the time from its start to an answer or to the first frame, memory, idle wake-ups, key
//! latency and size. The floor is this benchmark program doing the least possible. `cargo bench --bench process`.

#[cfg(unix)]
#[path = "shared/canned.rs"]
mod canned;
#[cfg(unix)]
#[path = "shared/measure.rs"]
mod measure;
#[cfg(unix)]
#[path = "shared/pty.rs"]
mod pty;

#[cfg(not(unix))]
fn main() {}

#[cfg(unix)]
fn main() {
    unix::main();
}

#[cfg(unix)]
mod unix {
    use super::canned::{self, Reply};
    use super::measure::{Samples, now, print_result};
    use super::pty::Playground;
    use std::io::{Read as _, Write as _};
    use std::net::TcpStream;
    use std::process::{Command, Stdio};
    use std::time::Duration;

    const BINARY: &str = env!("CARGO_BIN_EXE_switchover");
    const FLOOR: &str = "as-the-floor";
    /// Letters that appear nowhere else on the screen. With five, no two rows of the prompt are equal: equal rows would
    /// not be drawn when the prompt scrolls.
    const KEYS: [&str; 5] = ["Q", "Z", "X", "V", "W"];

    pub(super) fn main() {
        let arguments: Vec<String> = std::env::args().collect();
        if arguments.get(1).is_some_and(|word| word == FLOOR) {
            return raw_socket(&arguments[2]);
        }
        let url = canned::serve(answer);
        headless(&url);
        first_frame();
        idle();
        keys(&url);
        long_run(&url);
        let size = std::fs::metadata(BINARY).expect("the binary").len();
        println!("binary\n  {:.2} MB; target ≤ 9 MB", size as f64 / 1e6);
    }

    /// A stream of 5000 tokens a second, a long answer, or a short one.
    fn answer(request: &str) -> Reply {
        let open = "[[ ## reasoning ## ]]\nwell\n\n[[ ## answer ## ]]\n";
        if request.starts_with("GET") {
            canned::whole(404, "{}")
        } else if request.contains("bench/stream") {
            // Ten tokens in each write, 500 writes a second.
            let words = ["so", " it", " goes", " on", " and", " on", " and", " on", " and", " on"].concat();
            let words: Vec<String> = (0..3000).map(|_| words.clone()).collect();
            canned::stream([open].into_iter().chain(words.iter().map(String::as_str)), Duration::from_millis(2))
        } else if request.contains("bench/long") {
            let line =
                "the river rises in the mountains and runs to the sea, past towns and fields. ".repeat(13) + "\n\n";
            let lines = std::iter::repeat_n(line.as_str(), 8 << 10);
            canned::stream([open].into_iter().chain(lines).chain(["over and out"]), Duration::ZERO)
        } else {
            canned::stream([open, "The Nile."], Duration::ZERO)
        }
    }

    /// The floor of a call: open a socket, send a request, read the answer to its end.
    fn raw_socket(address: &str) {
        let mut stream = TcpStream::connect(address).expect("a server");
        let body = r#"{"model":"a/b","messages":[],"stream":true}"#;
        let length = body.len();
        write!(stream, "POST /api/v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-length: {length}\r\n\r\n{body}")
            .expect("sent");
        let (mut answer, mut piece) = (Vec::new(), [0; 4096]);
        while !answer.ends_with(b"0\r\n\r\n") {
            let n = stream.read(&mut piece).expect("an answer");
            answer.extend_from_slice(&piece[..n]);
        }
        println!("{}", answer.len());
    }

    fn run(command: &mut Command) {
        let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
        assert!(status.expect("a process").success(), "{command:?}");
    }

    fn headless(url: &str) {
        let address = url.trim_start_matches("http://").trim_end_matches("/api/v1");
        let me = std::env::current_exe().expect("this program");
        let base = |command: &mut Command| {
            command.env_clear().current_dir(std::env::temp_dir()).args(["ask", "Which river is the longest?"]);
            command.args(["--signature", "question -> answer"]);
        };
        let mut served = Command::new(BINARY);
        base(&mut served);
        served.args(["--base-url", url, "--model", "a/b"]);
        let mut simulated = Command::new(BINARY);
        base(&mut simulated);
        simulated.args(["--simulate", "--set", "simulator.pace=0"]);
        let mut least = Command::new(me);
        least.env_clear().args([FLOOR, address]);
        let [mut floor, mut ours, mut own] = <[Samples; 3]>::default();
        for _ in 0..200 {
            for (samples, command) in [(&mut floor, &mut least), (&mut ours, &mut served), (&mut own, &mut simulated)] {
                let began = now();
                run(command);
                samples.add(began.elapsed());
            }
        }
        print_result("process start to one ChainOfThought answer, from a server", &ours, &floor, "≤ 15 ms");
        print_result("the same from the built-in simulator", &own, &floor, "≤ 15 ms");
        // Read until the process ends: the last value is the peak.
        let mut child =
            simulated.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a process");
        let mut most = 0;
        while child.try_wait().expect("a state").is_none() {
            most = most.max(memory(child.id(), "VmHWM:"));
        }
        println!("  memory {:.1} MiB at its highest; target ≤ 15 MiB", most as f64 / 1024.0);
    }

    /// A value of `/proc/PID/status`, in KiB; 0 if there is none.
    fn memory(pid: u32, line: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let value = status.lines().find_map(|l| l.strip_prefix(line));
        value.and_then(|v| v.split_whitespace().next()?.parse().ok()).unwrap_or_default()
    }

    /// The number of context switches of all threads of a process.
    fn switches(pid: u32) -> u64 {
        let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).expect("Linux").flatten();
        let statuses = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("status")).ok());
        let count = |status: String| -> u64 {
            let numbers =
                status.lines().filter_map(|line| line.split_once("ctxt_switches:")?.1.trim().parse::<u64>().ok());
            numbers.sum()
        };
        statuses.map(count).sum()
    }

    fn first_frame() {
        let (mut ours, mut floor) = (Samples::default(), Samples::default());
        let mut memories = Vec::new();
        for _ in 0..60 {
            let began = now();
            run(&mut Command::new("/bin/true"));
            floor.add(began.elapsed());
            let began = now();
            let mut playground = Playground::start(BINARY, &["--simulate"]);
            ours.add(playground.wait_for("SIMULATOR") - began);
            playground.idle_for(Duration::from_millis(50));
            memories.push(memory(playground.pid(), "VmRSS:"));
            playground.close();
        }
        print_result("start to first frame, 120×36", &ours, &floor, "≤ 10 ms");
        memories.sort_unstable();
        println!("  memory {:.1} MiB at the first frame; target ≤ 10 MiB", memories[30] as f64 / 1024.0);
    }

    fn idle() {
        let mut playground = Playground::start(BINARY, &["--simulate"]);
        playground.wait_for("SIMULATOR");
        playground.idle_for(Duration::from_secs(1));
        let before = switches(playground.pid());
        let bytes = playground.idle_for(Duration::from_secs(10));
        let wake_ups = switches(playground.pid()).saturating_sub(before);
        println!("idle for 10 s\n  {wake_ups} context switches, {bytes} bytes; target 0 and 0");
        playground.close();
    }

    fn keys(url: &str) {
        let mut playground = Playground::start(BINARY, &["--base-url", url, "--model", "bench/stream"]);
        playground.wait_for("question");
        playground.idle_for(Duration::from_millis(500));
        let mut cat = Playground::start("/bin/sh", &["-c", "stty raw -echo; echo ready; exec cat"]);
        cat.wait_for("ready");
        cat.idle_for(Duration::from_millis(100));
        let (mut ours, mut floor, mut bytes) = (Samples::default(), Samples::default(), 0);
        for key in KEYS.into_iter().cycle().take(300) {
            let began = now();
            cat.type_keys(key);
            floor.add(cat.wait_for(key) - began);
            let began = now();
            playground.type_keys(key);
            ours.add(playground.wait_for(key) - began);
            bytes += playground.output_len() + playground.idle_for(Duration::from_millis(3));
        }
        print_result("key to screen, idle; the floor is cat in raw mode", &ours, &floor, "p95 ≤ 1.5 ms");
        println!("  p95 {:.3} ms; {} bytes a key; target ≤ 200", ours.at(0.95), bytes / 300);
        playground.type_keys("\r");
        playground.wait_for("goes");
        playground.take_frames();
        let (mut busy, began, mut frames) = (Samples::default(), now(), 0);
        for key in KEYS.into_iter().cycle().take(200) {
            let pressed = now();
            playground.type_keys(key);
            busy.add(playground.wait_for(key) - pressed);
            frames += playground.take_frames();
            playground.idle_for(Duration::from_millis(10));
            frames += playground.take_frames();
        }
        let seconds = began.elapsed().as_secs_f64();
        print_result("key to screen while 5000 tokens a second arrive", &busy, &floor, "p99 ≤ 16 ms");
        println!(
            "  p99 {:.3} ms; {:.0} frames a second, including those for 200 keys",
            busy.at(0.99),
            f64::from(frames) / seconds
        );
        playground.close();
        cat.close();
    }

    fn long_run(url: &str) {
        let mut playground = Playground::start(BINARY, &["--base-url", url, "--model", "bench/long"]);
        playground.wait_for("question");
        playground.idle_for(Duration::from_millis(200));
        let before = memory(playground.pid(), "VmRSS:");
        playground.type_keys("x\r");
        let began = now();
        playground.wait_for("answered");
        let took = began.elapsed();
        playground.idle_for(Duration::from_millis(500));
        let grown = memory(playground.pid(), "VmRSS:") - before;
        let most = memory(playground.pid(), "VmHWM:") - before;
        let [kept, most] = [grown, most].map(|kib| kib as f64 / f64::from(8 << 10));
        println!(
            "memory after an answer of 8 MiB\n  {kept:.1} × its bytes kept, {most:.1} × at the peak, {took:.1?}; target ≤ 3 ×"
        );
        playground.close();
    }
}
