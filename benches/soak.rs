//! 20,000 runs in one `plain` process, 20,000 in one playground, and 100,000 requests to one gateway, with faults that
//! change: memory and open files stay as they are after the first runs, no run is lost, and each keeps the invariants.
//! `docs/reliability.md` has results. `cargo bench --bench soak`, or `cargo bench --bench soak -- [RUNS] [plain |
//! playground | gateway]`. Needs Linux.

#[cfg(target_os = "linux")]
#[path = "../tests/shared/faulty.rs"]
mod faulty;
#[cfg(target_os = "linux")]
#[path = "../tests/shared/gateway_clients.rs"]
mod gateway_clients;
#[cfg(target_os = "linux")]
#[path = "shared/measure.rs"]
#[expect(dead_code, reason = "other benchmarks use the rest")]
mod measure;
#[cfg(target_os = "linux")]
#[path = "shared/pty.rs"]
#[expect(dead_code, reason = "other benchmarks use the rest")]
mod pty;
#[cfg(target_os = "linux")]
#[path = "../tests/shared/stored_runs.rs"]
mod stored_runs;

#[cfg(not(target_os = "linux"))]
fn main() {}

#[cfg(target_os = "linux")]
fn main() {
    linux::main();
}

#[cfg(target_os = "linux")]
mod linux {
    use super::gateway_clients::{self, BY_CHANCE, GatewayProcess, Replies};
    use super::measure::now;
    use super::pty::Playground;
    use super::{faulty, stored_runs};
    use rusqlite::{Connection, OpenFlags, OptionalExtension as _};
    use std::collections::BTreeMap;
    use std::io::Write as _;
    use std::path::{Path, PathBuf};
    use std::process::{Command, Stdio};
    use std::sync::atomic::Ordering;
    use std::time::Duration;
    use switchover::history::History;

    const BINARY: &str = env!("CARGO_BIN_EXE_switchover");
    /// The clients that send at the same time.
    const CLIENTS: u64 = 32;
    const KEY: &str = "sk-or-v1-9f8e7d6c5b4a39281706f5e4d3c2b1a0";
    pub(super) fn main() {
        let runs = std::env::args().find_map(|word| word.parse().ok());
        let one = std::env::args().find(|word| ["plain", "playground", "gateway"].contains(&word.as_str()));
        let is_asked = |name: &str| one.as_deref().is_none_or(|one| one == name);
        if is_asked("plain") {
            plain(runs.unwrap_or(20_000));
        }
        if is_asked("playground") {
            playground(runs.unwrap_or(20_000));
        }
        if is_asked("gateway") {
            gateway(runs.unwrap_or(100_000));
        }
    }

    /// An empty home directory, and the history in it.
    fn home(name: &str) -> (PathBuf, PathBuf) {
        let home = std::env::temp_dir().join(format!("switchover-soak-{}-{name}", std::process::id()));
        (home.clone(), home.join(".local/share/switchover"))
    }

    /// Memory in KiB, and the number of open files.
    fn usage(pid: u32) -> Option<(u64, usize)> {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let memory =
            status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.split_whitespace().next()?.parse().ok()?;
        Some((memory, std::fs::read_dir(format!("/proc/{pid}/fd")).ok()?.count()))
    }

    /// The number of runs that have ended, of those after `from`, and the latest of them.
    fn ended(database: &Connection, from: i64) -> (usize, i64) {
        let sql = "SELECT count(*), coalesce(max(run), ?1) FROM runs WHERE run > ?1 AND outcome IS NOT NULL";
        let row = database.query_row(sql, [from], |row| Ok((row.get::<_, u32>(0)?, row.get(1)?)));
        row.optional().ok().flatten().map_or((0, from), |(number, last)| (number as usize, last))
    }

    /// The database, as soon as there is one.
    fn database(data: &Path) -> Connection {
        loop {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
            if let Ok(database) = Connection::open_with_flags(History::of(data).path(), flags)
                && database.prepare("SELECT outcome FROM runs").is_ok()
            {
                return database;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn plain(runs: usize) {
        let (home, data) = home("plain");
        let mut command = Command::new(BINARY);
        command.arg("plain").args(faulty::OPTIONS).env_clear().env("HOME", &home).env("OPENROUTER_API_KEY", KEY);
        command.current_dir(std::env::temp_dir()).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let began = now();
        let mut child = command.spawn().expect("a process");
        let (mut input, pid) = (child.stdin.take().expect("a pipe"), child.id());
        std::thread::spawn(move || input.write_all(faulty::session(runs, 1).as_bytes()));
        let database = database(&data);
        let (mut samples, mut number, mut last) = (Vec::new(), 0, 0);
        while child.try_wait().expect("a state").is_none() {
            std::thread::sleep(Duration::from_millis(50));
            let (more, latest) = ended(&database, last);
            (number, last) = (number + more, latest);
            samples.extend(usage(pid).map(|usage| (number, usage)));
        }
        assert!(child.wait().expect("a status").success());
        report("plain", &data, runs, &samples, began.elapsed());
        std::fs::remove_dir_all(home).expect("the files of this benchmark");
    }

    fn playground(runs: usize) {
        let (home, data) = home("playground");
        let (home_variable, key) = (format!("HOME={}", home.display()), format!("OPENROUTER_API_KEY={KEY}"));
        let mut arguments: Vec<&str> = vec![&home_variable, &key, BINARY];
        arguments.extend(faulty::OPTIONS);
        arguments.extend(BY_CHANCE.iter().flat_map(|fault| ["--fault", fault]));
        let began = now();
        let mut playground = Playground::start("/usr/bin/env", &arguments);
        playground.wait_for("SIMULATOR");
        playground.type_keys("What is 2 + 2?\r");
        let database = database(&data);
        let (mut samples, mut number, mut last) = (Vec::new(), 0, 0);
        while number < runs {
            let sent = now();
            // The database has a run's end before the screen does; until then the screen ignores the key.
            loop {
                playground.idle_for(Duration::from_millis(2));
                let (more, latest) = ended(&database, last);
                (number, last) = (number + more, latest);
                if more > 0 {
                    break;
                }
                if sent.elapsed() > Duration::from_millis(300) {
                    playground.type_keys("\r");
                    playground.idle_for(Duration::from_millis(200));
                }
            }
            if number % 10 == 0 {
                samples.extend(usage(playground.pid()).map(|usage| (number, usage)));
            }
            if number < runs {
                playground.type_keys("\r");
                if number % 97 == 0 {
                    playground.type_keys("\x1b");
                }
            }
        }
        playground.idle_for(Duration::from_millis(500));
        playground.close();
        report("playground", &data, number + ended(&database, last).0, &samples, began.elapsed());
        std::fs::remove_dir_all(home).expect("the files of this benchmark");
    }

    fn gateway(requests: usize) {
        let (home, data) = home("gateway");
        let mut command = Command::new(BINARY);
        command.env_clear().env("HOME", &home).env("OPENROUTER_API_KEY", KEY).current_dir(std::env::temp_dir());
        let began = now();
        // How a slow client waits.
        let wait: fn() = || std::thread::sleep(Duration::from_millis(10));
        let gateway = GatewayProcess::start(&mut command);
        println!("gateway: listens {:.1?} after its start", began.elapsed());
        let GatewayProcess { mut child, address, served, log } = gateway;
        let (replies, pid) = (Replies::default(), child.id());
        let mut samples = Vec::new();
        std::thread::scope(|scope| {
            let clients = scope.spawn(|| {
                gateway_clients::send(address, requests, CLIENTS, &replies, wait);
            });
            while !clients.is_finished() {
                std::thread::sleep(Duration::from_millis(100));
                samples.extend(usage(pid).map(|usage| (served.load(Ordering::SeqCst), usage)));
            }
        });
        let took = began.elapsed();
        let pid = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("a signal");
        assert!(child.wait().expect("a status").success());
        log.join().expect("no panic");
        println!("  {replies:?}");
        assert!(replies.wrong.lock().expect("no panic").is_empty());
        if let Some((number, (memory, _))) = samples.iter().find(|(number, _)| *number >= 20_000) {
            println!("  {:.1} MiB after {number} requests", *memory as f64 / 1024.0);
        }
        let whole = |counter: &std::sync::atomic::AtomicUsize| counter.load(Ordering::SeqCst);
        let (runs, answered) = (ended(&database(&data), 0).0, whole(&replies.good) + whole(&replies.errors));
        assert!(answered <= runs && runs <= requests, "{answered} replies, {runs} runs, {requests} requests");
        report("gateway", &data, runs, &samples, took);
        std::fs::remove_dir_all(home).expect("the files of this benchmark");
    }

    /// Checks every run and what the process used, and prints both.
    fn report(name: &str, data: &Path, runs: usize, samples: &[(usize, (u64, usize))], took: Duration) {
        let mut outcomes: BTreeMap<String, usize> = BTreeMap::new();
        let mut stored = 0;
        let all = History::of(data).each_run(|run| {
            stored += 1;
            match stored_runs::check(&run, KEY) {
                Ok(outcome) => *outcomes.entry(format!("{outcome:?}")).or_default() += 1,
                Err(broken) => panic!("run {}: {broken}", run.first().map_or(0, |report| report.run)),
            }
            true
        });
        all.expect("a history");
        assert_eq!(stored, runs, "runs were lost");
        println!("{name}: {runs} runs in {took:.1?}, all stored, the invariants hold; {outcomes:?}");
        let at = |share: f64| {
            let from = samples.iter().find(|(number, _)| *number as f64 >= runs as f64 * share).or(samples.last());
            from.expect("a sample").1
        };
        for share in [0.1, 0.25, 0.5, 0.75, 0.99] {
            let (memory, files) = at(share);
            println!("  after {:.0} runs: {:.1} MiB, {files} open files", share * runs as f64, memory as f64 / 1024.0);
        }
        let size = History::of(data).path().metadata().expect("a database").len();
        println!("  {:.0} bytes a run on the disk", size as f64 / runs as f64);
        let ((warm, files), (late, open)) = (at(0.25), at(0.99));
        assert!(late <= warm + warm / 10 + 2048, "memory grows: {warm} KiB, {late} KiB");
        assert!(open <= files + 2, "open files grow: {files}, {open}");
    }
}
