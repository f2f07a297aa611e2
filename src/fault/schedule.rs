//! When a fault fires.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// On which requests a fault fires. Times are counted by the caller: from the first
/// request, where the simulator asks.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Schedule {
    /// Every request. Written as nothing at all.
    #[default]
    Always,
    /// The first so many requests; `@once` is `@first=1`.
    First(u32),
    /// Every Nth request: with 2, the second, fourth, sixth…
    Every(u32),
    /// Each request with this probability, drawn from the seed.
    Chance {
        /// From 0 to 1.
        p: f64,
        /// The same seed gives the same draws.
        seed: u64,
    },
    /// Requests from the first time on, and before the second.
    Window(Duration, Duration),
    /// Down for the first time, up for the second, down again…
    Flap(Duration, Duration),
}

/// What a schedule has to remember.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScheduleState {
    /// How many times it was asked.
    pub asked: u64,
}

impl Schedule {
    /// Whether this request, at `now`, is hit.
    pub fn fires(&self, state: &mut ScheduleState, now: Duration) -> bool {
        state.asked += 1;
        match *self {
            Self::Always => true,
            Self::First(n) => state.asked <= u64::from(n),
            Self::Every(n) => state.asked.is_multiple_of(u64::from(n)),
            Self::Chance { p, seed } => {
                let draw = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(state.asked);
                fastrand::Rng::with_seed(draw).f64() < p
            }
            Self::Window(from, to) => (from..to).contains(&now),
            Self::Flap(down, up) => now.as_nanos() % (down + up).as_nanos().max(1) < down.as_nanos(),
        }
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Always => Ok(()),
            Self::First(1) => f.write_str("@once"),
            Self::First(n) => write!(f, "@first={n}"),
            Self::Every(n) => write!(f, "@every={n}"),
            Self::Chance { p, seed } => write!(f, "@p={p},seed={seed}"),
            Self::Window(from, to) => write!(f, "@window={}..{}", time_word(from), time_word(to)),
            Self::Flap(down, up) => write!(f, "@flap={},{}", time_word(down), time_word(up)),
        }
    }
}

impl FromStr for Schedule {
    type Err = String;

    /// Reads what stands after the `@`, or a whole `@…` word.
    fn from_str(word: &str) -> Result<Self, String> {
        let word = word.strip_prefix('@').unwrap_or(word);
        let (name, value) = word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value)));
        match (name, value) {
            ("always", None) => Ok(Self::Always),
            ("once", None) => Ok(Self::First(1)),
            ("first", Some(n)) => positive(n).map(Self::First),
            ("every", Some(n)) => positive(n).map(Self::Every),
            ("p", Some(value)) => chance(value),
            ("window", Some(value)) => {
                let (from, to) = value.split_once("..").ok_or("a window is `@window=10s..20s`")?;
                let (from, to) = (read_time(from)?, read_time(to)?);
                if from < to { Ok(Self::Window(from, to)) } else { Err("a window must end after it begins".into()) }
            }
            ("flap", Some(value)) => {
                let (down, up) = value.split_once(',').ok_or("flapping is `@flap=5s,5s`: down, then up")?;
                let (down, up) = (read_time(down)?, read_time(up)?);
                let some = !down.is_zero() && !up.is_zero();
                if some { Ok(Self::Flap(down, up)) } else { Err("flapping needs two times above 0".into()) }
            }
            _ => Err(format!(
                "`@{}` is no schedule: it is @once, @first=3, @every=2, @p=0.3,seed=7, @window=10s..20s or @flap=5s,5s",
                word.escape_debug()
            )),
        }
    }
}

fn positive(text: &str) -> Result<u32, String> {
    text.parse().ok().filter(|n| *n > 0).ok_or_else(|| format!("`{}` is no count of 1 or more", text.escape_debug()))
}

fn chance(value: &str) -> Result<Schedule, String> {
    let (p, seed) = match value.split_once(",seed=") {
        Some((p, seed)) => (p, seed.parse().map_err(|_| format!("`{}` is no seed", seed.escape_debug()))?),
        None => (value, 0),
    };
    let p: f64 = p.parse().ok().filter(|p| (0.0..=1.0).contains(p)).ok_or("a probability is from 0 to 1")?;
    Ok(Schedule::Chance { p, seed })
}

/// A time as it is written in a word: `8s`, `500ms`; `2m` and `1.5s` are read as well.
pub(super) fn read_time(text: &str) -> Result<Duration, String> {
    let fail = || format!("`{}` is no time such as 500ms or 8s", text.escape_debug());
    let digits = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let number: f64 = text[..digits].parse().map_err(|_| fail())?;
    let scale = match &text[digits..] {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" | "min" => 60.0,
        _ => return Err(fail()),
    };
    let micros = (number * scale * 1e6).round();
    // A day is more than anyone waits, and far from where arithmetic could overflow.
    if (0.0..=86_400e6).contains(&micros) { Ok(Duration::from_micros(micros as u64)) } else { Err(fail()) }
}

/// The shortest word for a time.
pub(super) fn time_word(time: Duration) -> String {
    if time.subsec_nanos() == 0 { format!("{}s", time.as_secs()) } else { format!("{}ms", time.as_secs_f64() * 1000.0) }
}
