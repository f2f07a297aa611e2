//! Removes secrets from a text that comes in pieces. The result does not depend on how it is cut.

use super::pattern::shift;
use super::{MASK, Secret, Secrets};
use zeroize::Zeroizing;

/// Of a shorter secret, seven characters are too much to let pass.
const SHORT: usize = 16;

/// Scrubs a stream. Of a piece of a secret the first seven characters pass and the rest is masked, so nothing is held
/// back and no eight characters of a secret ever stand in a row. Of a secret of up to 15 bytes nothing passes: what may
/// become a piece of it is held back until more text comes, or the end.
#[derive(Clone)]
pub struct Scrubber {
    secrets: Vec<SecretScrubber>,
    /// The text on its way from one secret's scrubber to the next one's.
    between: [String; 2],
}

impl Scrubber {
    /// A scrubber at the beginning of a text.
    pub fn new(secrets: &Secrets) -> Self {
        Self { secrets: secrets.iter().cloned().map(SecretScrubber::new).collect(), between: Default::default() }
    }

    /// True when there is no secret to look for.
    pub fn is_idle(&self) -> bool {
        self.secrets.is_empty()
    }

    /// Scrubs the next piece of the text onto `out`.
    pub fn push(&mut self, piece: &str, out: &mut String) {
        let Some((last, others)) = self.secrets.split_last_mut() else { return out.push_str(piece) };
        if others.is_empty() {
            return last.push(piece, out);
        }
        let [text, next] = &mut self.between;
        text.clear();
        text.push_str(piece);
        for secret in others {
            next.clear();
            secret.push(text, next);
            std::mem::swap(text, next);
        }
        last.push(text, out);
    }

    /// Ends the text: appends what was held back.
    pub fn finish(&mut self, out: &mut String) {
        let mut text = String::new();
        for secret in &mut self.secrets {
            let mut next = String::new();
            secret.push(&text, &mut next);
            secret.finish(&mut next);
            text = next;
        }
        out.push_str(&text);
    }
}

/// Scrubs a stream of one secret.
#[derive(Clone)]
struct SecretScrubber {
    secret: Secret,
    /// The last bytes of the text, packed.
    last: u64,
    /// The number of bytes so far.
    seen: usize,
    hiding: bool,
    /// The end of the text that may become a piece of a short secret.
    held: Zeroizing<String>,
}

impl SecretScrubber {
    fn new(secret: Secret) -> Self {
        Self { secret, last: 0, seen: 0, hiding: false, held: Zeroizing::default() }
    }

    fn is_short(&self) -> bool {
        self.secret.expose().len() < SHORT
    }

    fn finish(&mut self, out: &mut String) {
        out.push_str(&self.secret.scrub(&std::mem::take(&mut self.held)));
    }

    fn push_short(&mut self, piece: &str, out: &mut String) {
        self.held.push_str(piece);
        let open = self.secret.pattern().open_end(&self.held);
        out.push_str(&self.secret.scrub(&self.held[..open]));
        self.held.drain(..open);
    }

    fn push(&mut self, piece: &str, out: &mut String) {
        if self.is_short() {
            return self.push_short(piece, out);
        }
        let pattern = self.secret.pattern();
        let (mask, width) = (pattern.mask(), pattern.width());
        let (mut last, mut seen) = (self.last, self.seen);
        let mut passes = |byte: u8| {
            last = shift(last, byte) & mask;
            seen += 1;
            seen < width || !pattern.contains(last)
        };
        // Nearly every piece has nothing of the secret in it and is copied whole.
        if !self.hiding && piece.bytes().all(&mut passes) {
            (self.last, self.seen) = (last, seen);
            return out.push_str(piece);
        }
        let mut bytes = [0; 4];
        for c in piece.chars() {
            for &byte in c.encode_utf8(&mut bytes).as_bytes() {
                self.last = shift(self.last, byte) & mask;
                self.seen += 1;
            }
            let hide = self.seen >= width && pattern.contains(self.last);
            match (hide, std::mem::replace(&mut self.hiding, hide)) {
                (true, false) => out.push_str(MASK),
                (true, true) => {}
                (false, _) => out.push(c),
            }
        }
    }
}
