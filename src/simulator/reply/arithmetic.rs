//! A small evaluator for sums in signs and words: `17 * 23`, `15% of 80`, `2 to the power of 10`, `(1 + 2) / 3`.
//! It computes with exact fractions; what does not fit into 128 bits has no result.

use std::fmt;

/// An exact fraction in lowest terms, with a positive denominator.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Fraction(i128, i128);

impl Fraction {
    /// `None` for a denominator of zero.
    fn new(numerator: i128, denominator: i128) -> Option<Self> {
        let (mut divisor, mut rest) = (numerator, denominator);
        while rest != 0 {
            (divisor, rest) = (rest, divisor.checked_rem(rest)?);
        }
        let divisor = divisor.checked_abs()?.checked_mul(denominator.signum())?;
        Some(Self(numerator.checked_div(divisor)?, denominator.checked_div(divisor)?))
    }

    fn compute(self, sign: char, other: Self) -> Option<Self> {
        let product = |a: Self, b: Self| Self::new(a.0.checked_mul(b.0)?, a.1.checked_mul(b.1)?);
        let whole = self.1 == 1 && other.1 == 1;
        match sign {
            '+' => {
                let numerator = self.0.checked_mul(other.1)?.checked_add(other.0.checked_mul(self.1)?)?;
                Self::new(numerator, self.1.checked_mul(other.1)?)
            }
            '-' => self.compute('+', Self(other.0.checked_neg()?, other.1)),
            '*' => product(self, other),
            '/' => product(self, Self::new(other.1, other.0)?),
            // A remainder is never negative.
            '%' if whole => Some(Self(self.0.checked_rem_euclid(other.0)?, 1)),
            '^' if other.1 == 1 => {
                let times = u32::try_from(other.0.unsigned_abs()).ok()?;
                let power = Self(self.0.checked_pow(times)?, self.1.checked_pow(times)?);
                if other.0 < 0 { Self::new(power.1, power.0) } else { Some(power) }
            }
            _ => None,
        }
    }

    /// The square root, if it is a whole number.
    fn root(self) -> Option<Self> {
        let root = self.0.checked_isqrt().filter(|root| self.1 == 1 && root * root == self.0)?;
        Some(Self(root, 1))
    }
}

impl fmt::Display for Fraction {
    /// A decimal number, with at most ten places.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.1 == 1 {
            return self.0.fmt(f);
        }
        let text = format!("{:.10}", self.0 as f64 / self.1 as f64);
        f.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

/// A longer text is not searched, in bytes.
const MAX_TEXT: usize = 2000;
/// Signs and parentheses nest at most this deep.
const MAX_DEPTH: u32 = 64;

/// Finds the longest sum in a text, and returns it in signs, such as `15% * 80`, with its result. Inside other text,
/// `-` and `/` count only after a space: `2020-2026` is a span of years, and `1/2` may be a date.
pub(super) fn find(text: &str) -> Option<(String, Fraction)> {
    if text.len() > MAX_TEXT {
        return None;
    }
    // A full stop ends a sentence, and so it ends a sum.
    let signs = in_signs(text).replace(". ", "; ");
    if let Some(sum) = evaluate(signs.trim_end_matches(['?', '=', '.', '!', ' '])) {
        return Some(sum);
    }
    let spaced = |run: &&str| {
        let after = |i: usize| i == 0 || run[..i].ends_with([' ', '(', '*', '/', '^']);
        run.char_indices().all(|(i, c)| !matches!(c, '-' | '/') || after(i))
    };
    let runs = signs.split(|c: char| !(c.is_ascii_digit() || " .+-*/^%()√".contains(c)));
    let runs = runs.map(|run| run.trim().trim_end_matches(['.', ' '])).filter(spaced);
    runs.rev().filter_map(evaluate).max_by_key(|(sum, _)| sum.len())
}

/// The value of a text that is one sum, with at least one operator.
fn evaluate(text: &str) -> Option<(String, Fraction)> {
    let mut parser = SumParser { rest: text, depth: 0, operators: 0 };
    let result = parser.expression(0)?;
    let complete = parser.rest.trim().is_empty() && parser.operators > 0;
    complete.then(|| (text.split_whitespace().collect::<Vec<_>>().join(" "), result))
}

/// Replaces words by signs, and drops the words that introduce a sum.
fn in_signs(text: &str) -> String {
    #[rustfmt::skip]
    const WORDS: [(&str, &str); 33] = [
        ("square root of", "√"), ("sqrt", "√"), ("to the power of", "^"), ("raised to", "^"), ("multiplied by", "*"),
        ("divided by", "/"), ("percent of", "% *"), ("per cent of", "% *"), ("% of", "% *"), ("percent", "%"),
        (" squared", "^2"), (" cubed", "^3"), (" plus ", " + "), (" minus ", " - "), (" times ", " * "),
        (" over ", " / "), (" mod ", " % "), (" x ", " * "), ("×", "*"), ("·", "*"), ("÷", "/"), ("−", "-"),
        ("**", "^"), ("half of", "0.5 *"), ("what is", " "), ("what's", " "), ("how much is", " "),
        ("calculate", " "), ("compute", " "), ("evaluate", " "), ("solve", " "), ("the result of", " "), ("please", " "),
    ];
    let text = WORDS.iter().fold(text.to_lowercase(), |text, (word, sign)| text.replace(word, sign));
    // `1,000` is a thousand; `1, 2` and `1,2` are lists.
    let bytes = text.as_bytes();
    let digit = |i: usize| bytes.get(i).is_some_and(u8::is_ascii_digit);
    let thousands = |i: usize| i > 0 && digit(i - 1) && (1..=3).all(|k| digit(i + k)) && !digit(i + 4);
    text.char_indices().filter(|(i, c)| *c != ',' || !thousands(*i)).map(|(_, c)| c).collect()
}

struct SumParser<'a> {
    rest: &'a str,
    depth: u32,
    /// How many operators were read: a text without any is a number and not a sum.
    operators: u32,
}

impl SumParser<'_> {
    fn eat(&mut self, sign: char) -> bool {
        let rest = self.rest.trim_start();
        let eaten = rest.strip_prefix(sign);
        self.rest = eaten.unwrap_or(rest);
        eaten.is_some()
    }

    /// Operators of this precedence and higher: 1 for `+` and `-`, 2 for `*`, `/` and `%`, 3 for `^`.
    fn expression(&mut self, precedence: u8) -> Option<Fraction> {
        self.depth += 1;
        let mut left = self.operand()?;
        while let Some((sign, own)) = [('+', 1), ('-', 1), ('*', 2), ('/', 2), ('%', 2), ('^', 3)]
            .into_iter()
            .find(|(sign, own)| *own >= precedence && self.eat(*sign))
        {
            self.operators += 1;
            // `2^3^2` is `2^9`; the others are computed from left to right.
            let right = self.expression(if sign == '^' { own } else { own + 1 })?;
            left = left.compute(sign, right)?;
        }
        self.depth -= 1;
        Some(left)
    }

    fn operand(&mut self) -> Option<Fraction> {
        if self.depth >= MAX_DEPTH {
            return None;
        }
        if self.eat('-') {
            return Fraction(0, 1).compute('-', self.expression(3)?);
        }
        if self.eat('√') {
            self.operators += 1;
            return self.expression(3)?.root();
        }
        let value = if self.eat('(') { self.expression(0).filter(|_| self.eat(')'))? } else { self.number()? };
        // `15%` is 0.15, unless a number follows: `17 % 5` is 2.
        match self.rest.trim_start().strip_prefix('%').map(str::trim_start) {
            Some(after) if !after.starts_with(|c: char| c.is_ascii_digit() || c == '(') => {
                self.rest = after;
                self.operators += 1;
                value.compute('/', Fraction(100, 1))
            }
            _ => Some(value),
        }
    }

    fn number(&mut self) -> Option<Fraction> {
        let rest = self.rest.trim_start();
        let (digits, rest) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len()));
        self.rest = rest;
        let (whole, places) = digits.split_once('.').unwrap_or((digits, ""));
        let scale = 10_i128.checked_pow(u32::try_from(places.len()).ok()?)?;
        Fraction::new(format!("{whole}{places}").parse().ok()?, scale)
    }
}
