use super::*;
use proptest::prelude::*;

/// What the bytes are, in words, cut into pieces of this size; then nothing more comes.
fn decoded(bytes: &[u8], size: usize) -> Vec<String> {
    let (mut decoder, mut out) = (Decoder::default(), Vec::new());
    for piece in bytes.chunks(size.max(1)) {
        decoder.push(piece, &mut out);
    }
    decoder.expire(&mut out);
    let word = |input: &TerminalInput| match input {
        TerminalInput::Event(Event::Key(key)) => crate::tui::keymap::Chord::of(*key).to_string(),
        TerminalInput::Event(Event::Paste(text)) => format!("paste {text:?}"),
        TerminalInput::Event(Event::Mouse(mouse)) => format!("{:?}", mouse.kind),
        TerminalInput::Event(other) => format!("{other:?}"),
        Background(colour) => colour.clone(),
    };
    out.iter().map(word).collect()
}

#[test]
fn keys_of_every_terminal_are_read() {
    for (bytes, keys) in [
        ("aB é東", "a B Space é 東"),
        ("\r\t\x7f\x01\x1a\0\x1c", "Enter Tab Backspace Ctrl+A Ctrl+Z Ctrl+Space Ctrl+4"),
        ("\x1b[A\x1bOB\x1b[1;5C\x1b[3~\x1b[5~\x1b[H", "Up Down Ctrl+Right Delete PgUp Home"),
        ("\x1bOP\x1b[11~\x1b[15~\x1b[24~\x1b[1;2S\x1b[[C\x1b[13~", "F1 F1 F5 F12 Shift+F4 F3 F3"),
        ("\x1b[Z\x1b[9;2u", "Shift+Tab Shift+Tab"),
        ("\x1bp\x1bé\x1b\r\x1bO\x1b", "Alt+P Alt+é Alt+Enter Alt+Shift+O Esc"),
        ("\x1b\x1b[A", "Esc Up"),
        // The kitty protocol: Num Lock, Caps Lock, the keypad, a release, a repeat.
        ("\x1b[99;133u\x1b[99;69u\x1b[57414u\x1b[97;1:3u\x1b[97;1:2u\x1b[27u", "Ctrl+C Ctrl+C Enter a Esc"),
        ("\x1b[97:65;2u\x1b[49:33;2u\x1b[122;6u", "A ! Ctrl+Shift+Z"),
        ("\x1b[57441;2u\x1b[57439u", ""),
        // Cyrillic, Greek and Hebrew layouts, and Dvorak.
        ("\x1b[1089::99;5u\x1b[1079::112;5u\x1b[968::99;5u\x1b[1489::99;5u", "Ctrl+C Ctrl+P Ctrl+C Ctrl+C"),
        ("\x1b[1079::112;3u\x1b[1089::99u\x1b[1089:1057:99;2u", "Alt+P с С"),
        ("\x1b[107::118;5u\x1b[1089;5u", "Ctrl+K Ctrl+с"),
        // xterm's modifyOtherKeys.
        ("\x1b[27;5;99~\x1b[27;2;13~", "Ctrl+C Shift+Enter"),
        ("\x1b[<64;1;1M\x1b[<65;1;1M\x1b[<0;1;1M\x1b[<35;1;1m", "ScrollUp ScrollDown"),
    ] {
        for size in [1, 3, bytes.len()] {
            let found = decoded(bytes.as_bytes(), size).join(" ");
            // An ESC before another sequence is a key only where nothing else can follow.
            assert_eq!(found, keys, "{bytes:?} in pieces of {size}");
        }
    }
}

#[test]
fn replies_are_dropped_however_they_are_cut_and_the_keys_around_them_stay() {
    for reply in [
        "\x1b]10;rgb:c5c5/c8c8/c6c6\x1b\\",
        "\x1b]10;rgb:c5c5/c8c8/c6c6\x07",
        "\x1b]4;7;rgb:aaaa/aaaa/aaaa\x1b\\",
        "\x1b]52;c;aGk=\x07",
        "\x1b]l title\x1b\\",
        "\x1bP>|WezTerm 20260401\x1b\\",
        "\x1bP1$r0m\x1b\\",
        "\x1bP!|00000000\x1b\\",
        "\x1bP1+r544e=787465726d\x1b\\",
        "\x1b_Gi=31;OK\x1b\\",
        "\x1b^private\x1b\\",
        "\x1bXstart of string\x1b\\",
        "\x1b[?61;4;6;7c",
        "\x1b[>1;10;0c",
        "\x1b[=1;2c",
        "\x1b[?2026;2$y",
        "\x1b[?997;1n",
        "\x1b[0n",
        "\x1b[12;40R",
        "\x1b[?12;40;1R",
        "\x1b[?0u",
        "\x1b[8;40;120t",
        "\x1b[?1;0;256S",
        "\x1b[M !!",
        "\x1b[I\x1b[O",
        "\x1b[<35;62;19M",
    ] {
        for size in [1, 2, 5, 100] {
            let bytes = format!("a{reply}b{reply}{reply}c");
            assert_eq!(decoded(bytes.as_bytes(), size), ["a", "b", "c"], "{reply:?} in pieces of {size}");
        }
    }
}

#[test]
fn the_background_is_found_and_a_sequence_without_an_end_hides_nothing_for_long() {
    assert_eq!(decoded(b"a\x1b]11;rgb:1e/1e/2e\x1b\\b", 4), ["a", "rgb:1e/1e/2e", "b"]);
    assert_eq!(decoded(b"\x1b]11;rgb:1e/1e/2e\x07", 1), ["rgb:1e/1e/2e"]);
    for bytes in ["\x1b]11;rgb", "\x1b[12;4", "\x1bP>|x"] {
        let (mut decoder, mut out) = (Decoder::default(), Vec::new());
        decoder.push(bytes.as_bytes(), &mut out);
        assert_eq!(decoder.patience(), Some(SEQUENCE), "{bytes:?}");
        decoder.expire(&mut out);
        decoder.push(b"x", &mut out);
        assert_eq!((out.len(), decoder.patience()), (1, None), "{bytes:?}");
    }
    // Keys that only look like the beginning.
    for (bytes, key) in [("\x1b", "Esc"), ("\x1b]", "Alt+]"), ("\x1bP", "Alt+Shift+P"), ("\x1b[", "Alt+[")] {
        assert_eq!(decoded(bytes.as_bytes(), 9), [key], "{bytes:?}");
    }
    assert_eq!(decoded(b"\x1b]\x1bPq", 9), ["Alt+]", "Alt+Shift+P", "q"]);
}

#[test]
fn a_paste_is_one_text_whatever_is_in_it() {
    assert_eq!(decoded("\x1b[200~é\r\x1b[A\x1b]x\x1b[201~y".as_bytes(), 1), ["paste \"é\\r\\u{1b}[A\\u{1b}]x\"", "y"]);
}

proptest! {
    #[test]
    fn any_bytes_are_decoded_the_same_however_they_are_cut(
        parts in prop::collection::vec(prop_oneof![
            Just(b"\x1b".to_vec()), Just(b"[".to_vec()), Just(b"]1".to_vec()), Just(b"\x1b\\".to_vec()), Just(b"\x07".to_vec()),
            Just(b"\x1b[200~".to_vec()), Just(b"\x1b[201~".to_vec()), Just(b"99;5u".to_vec()), Just("é".as_bytes().to_vec()),
            prop::collection::vec(any::<u8>(), 0..4),
        ], 0..12),
        size in 1..5_usize,
    ) {
        let bytes = parts.concat();
        prop_assert_eq!(decoded(&bytes, size), decoded(&bytes, usize::MAX));
    }
}
