use super::*;
use std::collections::HashSet;
use std::time::Duration;

#[test]
fn every_example_round_trips_and_fits_into_a_path_segment() {
    let (mut names, mut examples) = (HashSet::new(), HashSet::new());
    for row in TABLE {
        let fault: Fault = row.example.parse().unwrap();
        assert_eq!(fault.to_string(), row.example, "{} is not written in the form that is read", row.name);
        assert!(row.example.chars().all(|c| c.is_ascii_alphanumeric() || "-.:=,@~".contains(c)), "{}", row.example);
        assert_eq!(row.name.split(':').next(), Some(fault.kind.name().as_str()), "{}", row.name);
        assert!(names.insert(row.name) && examples.insert(row.example), "{} twice", row.name);
        let json = serde_json::to_string(&fault).unwrap();
        assert_eq!(json, format!("\"{}\"", row.example));
        assert_eq!(serde_json::from_str::<Fault>(&json).unwrap(), fault);
    }
}

#[test]
fn every_kind_is_in_the_table() {
    // The names are read from the source, so that a new variant cannot be forgotten.
    let source = include_str!("kind.rs");
    let body = source.split("pub enum FaultKind {").nth(1).unwrap().split("\n}").next().unwrap();
    let variants: HashSet<String> = body
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with(char::is_uppercase))
        .map(|line| line.split(['(', ',']).next().unwrap().to_owned())
        .collect();
    let listed: HashSet<String> = TABLE
        .iter()
        .map(|row| format!("{:?}", row.example.parse::<Fault>().unwrap().kind))
        .map(|debug| debug.split('(').next().unwrap().to_owned())
        .collect();
    assert_eq!(variants, listed);
}

#[test]
fn aliases_are_read_as_their_words() {
    for (alias, word) in [
        ("blackhole", "black-hole"),
        ("black_hole", "black-hole"),
        ("BLACK-HOLE", "black-hole"),
        ("error", "error-event:8"),
        ("error:3", "error-event:3"),
        ("429:2", "429:retry-after=2"),
        ("429:2s", "429:retry-after=2"),
        ("reset:4", "reset-after:4"),
        ("stall", "stall:8"),
        ("slow:1.5s", "slow:1500ms"),
        ("drip:500ms", "drip:500ms"),
        ("bad-json", "bad-json:1"),
        ("503@always", "503"),
        ("503@first=1", "503@once"),
        ("418", "418"),
        (" 503 ", "503"),
        ("403:region,retry-after=2,html", "403:region,retry-after=2,html"),
        ("cut:8@p=0.25", "cut:8@p=0.25,seed=0"),
        ("cut:75%", "cut:75%"),
        ("stall:0%@once", "stall:0%@once"),
        ("503@window=10s..2m", "503@window=10s..120s"),
        ("503@flap=500ms,5s", "503@flap=500ms,5s"),
    ] {
        assert_eq!(alias.parse::<Fault>().unwrap().to_string(), word, "{alias}");
    }
}

#[test]
fn a_wrong_word_gets_a_suggestion() {
    for (word, suggestion) in [
        ("refuse", Some("refused")),
        ("refused:2", Some("refused")),
        ("stal", Some("stall:8")),
        ("garbeled", Some("garbled")),
        ("blak-hole@once", Some("black-hole@once")),
        ("mispelt-marker", Some("misspelt-marker")),
        ("elephant", None),
        ("", None),
        ("200", None),
        ("700", None),
        ("99999999999", None),
        ("503:soon", None),
        ("503@sometimes", None),
        ("503@first=0", None),
        ("503@p=2", None),
        ("503@p=NaN", None),
        ("503@window=20s..10s", None),
        ("503@flap=0s,0s", None),
        ("slow:-1s", Some("slow:15s")),
        ("slow:1e300s", Some("slow:15s")),
        ("stall:-1", Some("stall:8")),
        ("\u{1b}[31m", None),
    ] {
        let error = word.parse::<Fault>().unwrap_err();
        assert_eq!(error.suggestion.as_deref(), suggestion, "{word}: {error}");
        assert!(!error.to_string().contains('\u{1b}'));
        if let Some(suggestion) = suggestion {
            suggestion.parse::<Fault>().unwrap();
            assert!(error.to_string().contains(suggestion), "{error}");
        }
    }
}

fn fired(schedule: &str, at_seconds: &[u64]) -> Vec<bool> {
    let schedule: Schedule = schedule.parse().unwrap();
    let mut state = ScheduleState::default();
    at_seconds.iter().map(|s| schedule.fires(&mut state, Duration::from_secs(*s))).collect()
}

#[test]
fn schedules_fire_on_their_requests() {
    let (t, f) = (true, false);
    assert_eq!(fired("@always", &[0, 0, 9]), [t, t, t]);
    assert_eq!(fired("@once", &[0, 0, 9]), [t, f, f]);
    assert_eq!(fired("@first=2", &[0, 0, 9]), [t, t, f]);
    assert_eq!(fired("@every=2", &[0, 0, 0, 0, 0]), [f, t, f, t, f]);
    assert_eq!(fired("@window=10s..20s", &[0, 9, 10, 19, 20]), [f, f, t, t, f]);
    assert_eq!(fired("@flap=5s,3s", &[0, 4, 5, 7, 8, 12, 13]), [t, t, f, f, t, t, f]);
    assert_eq!(fired("@p=0", &[0; 50]), [f; 50]);
    assert_eq!(fired("@p=1", &[0; 50]), [t; 50]);
}

#[test]
fn chance_repeats_with_its_seed_and_fires_at_its_rate() {
    let draws = fired("@p=0.3,seed=7", &[0; 2000]);
    assert_eq!(draws, fired("@p=0.3,seed=7", &[0; 2000]));
    assert_ne!(draws, fired("@p=0.3,seed=8", &[0; 2000]));
    let hits = draws.iter().filter(|hit| **hit).count();
    assert!((500..700).contains(&hits), "{hits} of 2000 at 0.3");
}
