//! Finds pieces of a secret in a text, in upper or lower case. A piece is any eight bytes in a row of the secret or of
//! one of its encodings; a secret of fewer than eight bytes is searched as a whole.

use super::MASK;
use super::encode::encodings;
use std::borrow::Cow;
use std::ops::Range;
use zeroize::Zeroizing;

/// The number of bytes in a row that counts as a leak.
const PIECE: usize = 8;
/// The bits of the trigram filter. A key sets a few hundred of them.
const FILTER_BITS: usize = 1 << 14;

/// The pieces of one secret.
pub(super) struct Pattern {
    /// The length of a piece, 4 to 8 bytes. Shorter secrets have no pieces.
    width: usize,
    /// The pieces, each packed into an integer, sorted.
    pieces: Zeroizing<Vec<u64>>,
    /// A bit for every three bytes in a row of a piece. It rules out nearly all other text without a search.
    trigrams: Zeroizing<[u64; FILTER_BITS / 64]>,
}

impl Pattern {
    /// The pieces of a secret. One of up to three characters has none: to mask it would shred every text.
    pub(super) fn new(secret: &str) -> Self {
        let width = secret.len().min(PIECE);
        let mut pieces = Zeroizing::new(Vec::new());
        if width > 3 {
            for form in encodings(secret) {
                pieces.extend(form.as_bytes().windows(width).map(pack));
            }
            pieces.sort_unstable();
            pieces.dedup();
        }
        let mut trigrams = Zeroizing::new([0; FILTER_BITS / 64]);
        for shift in (0..=8 * width.saturating_sub(3)).step_by(8) {
            for &piece in pieces.iter() {
                let (word, bit) = filter_bit(piece >> shift);
                trigrams[word] |= bit;
            }
        }
        Self { width, pieces, trigrams }
    }

    /// True when nothing can be found.
    pub(super) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// The length of a piece in bytes.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// Keeps the last bytes of a register that text is shifted into: as many as a piece has.
    pub(super) fn mask(&self) -> u64 {
        if self.width == PIECE { u64::MAX } else { (1 << (8 * self.width)) - 1 }
    }

    /// The beginning of the part of a text's end that more text could make a piece of, or that is one already.
    pub(super) fn open_end(&self, text: &str) -> usize {
        let bytes = text.as_bytes();
        let begins = |from: usize| {
            let (length, start) = (bytes.len() - from, pack(&bytes[from..]));
            self.pieces.iter().any(|piece| piece >> (8 * (self.width - length)) == start)
        };
        let earliest = bytes.len().saturating_sub(self.width - 1);
        let mut open = (earliest..bytes.len()).find(|from| begins(*from)).unwrap_or(bytes.len());
        // A piece that overlaps or touches it belongs to it.
        while let Some(from) = (0..open)
            .rev()
            .take(self.width)
            .filter(|from| from + self.width <= bytes.len())
            .find(|from| from + self.width >= open && self.contains(pack(&bytes[*from..from + self.width])))
        {
            open = from;
        }
        while !text.is_char_boundary(open) {
            open -= 1;
        }
        open
    }

    /// Whether these packed bytes are a piece of the secret.
    pub(super) fn contains(&self, piece: u64) -> bool {
        self.may_contain(piece) && self.pieces.binary_search(&piece).is_ok()
    }

    /// Whether the last three bytes may belong to a piece.
    fn may_contain(&self, piece: u64) -> bool {
        let (word, bit) = filter_bit(piece);
        self.trigrams[word] & bit != 0
    }

    /// Replaces every piece in a text.
    pub(super) fn scrub<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let bytes = text.as_bytes();
        if !self.is_in(bytes) {
            return Cow::Borrowed(text);
        }
        let (mut clean, mut from, mut hidden) = (String::new(), 0, 0..0);
        let mut last = 0;
        for (end, &byte) in (1..).zip(bytes) {
            last = shift(last, byte) & self.mask();
            if end < self.width || !self.contains(last) {
                continue;
            }
            if end - self.width > hidden.end || hidden.is_empty() {
                cut(text, &mut clean, &mut from, &hidden);
                hidden.start = end - self.width;
            }
            hidden.end = end;
        }
        cut(text, &mut clean, &mut from, &hidden);
        clean.push_str(&text[from..]);
        Cow::Owned(clean)
    }

    /// Whether a text holds a piece. A piece holds `width - 2` trigrams at consecutive places, so one of them is at a
    /// multiple of that number: the filter checks only these places.
    fn is_in(&self, bytes: &[u8]) -> bool {
        let stride = self.width.saturating_sub(2).max(1);
        !self.is_empty()
            && (0..bytes.len().saturating_sub(2)).step_by(stride).any(|at| {
                self.may_contain(pack(&bytes[at..at + 3])) && {
                    let near = &bytes[(at + 1).saturating_sub(stride)..(at + 2 + stride).min(bytes.len())];
                    near.windows(self.width).any(|piece| self.contains(pack(piece)))
                }
            })
    }
}

/// Copies the text before the hidden range, then the mask. A range that splits characters, which only a secret
/// with non-ASCII characters can have, grows to whole characters.
fn cut(text: &str, clean: &mut String, from: &mut usize, hidden: &Range<usize>) {
    if hidden.is_empty() {
        return;
    }
    let (mut start, mut end) = (hidden.start.max(*from), hidden.end);
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    while !text.is_char_boundary(end) {
        end += 1;
    }
    clean.push_str(&text[*from..start]);
    clean.push_str(MASK);
    *from = end;
}

/// The filter's word and bit for the last three bytes: Fibonacci hashing.
fn filter_bit(piece: u64) -> (usize, u64) {
    let hash = (piece << 40).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - FILTER_BITS.ilog2());
    ((hash >> 6) as usize, 1 << (hash & 63))
}

fn pack(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |packed, &byte| shift(packed, byte))
}

/// Shifts a byte into a register, ASCII letters in lower case.
pub(super) fn shift(register: u64, byte: u8) -> u64 {
    (register << 8) | u64::from(byte.to_ascii_lowercase())
}
