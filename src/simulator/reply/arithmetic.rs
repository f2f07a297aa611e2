//! Sums in words and signs, really computed: `17 * 23`, `15% of 80`, `2 to the power of 10`, `(1 + 2) / 3`.

use std::fmt;

/// An exact integer as long as possible.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Number {
    Int(i128),
    Real(f64),
}

impl Number {
    pub(super) fn real(self) -> f64 {
        match self {
            Self::Int(n) => n as f64,
            Self::Real(x) => x,
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(n) => n.fmt(f),
            Self::Real(x) if x.abs() >= 1e15 || (*x != 0.0 && x.abs() < 1e-6) => write!(f, "{x:e}"),
            Self::Real(x) => {
                let text = format!("{x:.10}");
                f.write_str(text.trim_end_matches('0').trim_end_matches('.'))
            }
        }
    }
}

/// A sum that was found in a text, and its result.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sum {
    /// As it was computed, signs for words.
    pub text: String,
    pub result: Number,
}

/// Longest text that is searched.
const LONGEST: usize = 2000;

/// The longest sum in a text. A text that is nothing but a sum may do without spaces;
/// elsewhere `2020-2026` and `1/2` are a span and a date, not sums.
pub(super) fn find(text: &str) -> Option<Sum> {
    if text.len() > LONGEST {
        return None;
    }
    // A full stop ends a sentence, and a sum with it.
    let signs = in_signs(text).replace(". ", "; ");
    let bare = signs.trim().trim_end_matches(['?', '=', '.', '!', ' ']).trim();
    if let Some(sum) = sum(bare) {
        return Some(sum);
    }
    let mut best: Option<Sum> = None;
    for run in signs.split(|c: char| !(c.is_ascii_digit() || " .+-*/^%()√".contains(c))) {
        let run = run.trim().trim_end_matches(['.', ' ']);
        let spaced = run.char_indices().all(|(i, c)| {
            !matches!(c, '-' | '/') || i == 0 || run[..i].ends_with([' ', '(']) || run[..i].ends_with(['*', '/', '^'])
        });
        if let Some(found) = sum(run).filter(|_| spaced)
            && best.as_ref().is_none_or(|best| best.text.len() < found.text.len())
        {
            best = Some(found);
        }
    }
    best
}

fn sum(text: &str) -> Option<Sum> {
    let mut parser = Parser { rest: text, depth: 0, operators: 0 };
    let result = parser.sum()?;
    let done = parser.rest.trim().is_empty() && parser.operators > 0;
    let finite = result.real().is_finite();
    (done && finite).then(|| Sum { text: text.split_whitespace().collect::<Vec<_>>().join(" "), result })
}

/// Words to signs, and the words around a sum away.
fn in_signs(text: &str) -> String {
    const WORDS: [(&str, &str); 24] = [
        ("square root of", "√"),
        ("sqrt", "√"),
        ("to the power of", "^"),
        ("raised to", "^"),
        ("multiplied by", "*"),
        ("divided by", "/"),
        ("percent of", "% *"),
        ("per cent of", "% *"),
        ("% of", "% *"),
        ("percent", "%"),
        (" squared", "^2"),
        (" cubed", "^3"),
        (" plus ", " + "),
        (" minus ", " - "),
        (" times ", " * "),
        (" over ", " / "),
        (" mod ", " % "),
        (" x ", " * "),
        ("×", "*"),
        ("·", "*"),
        ("÷", "/"),
        ("−", "-"),
        ("**", "^"),
        ("half of", "0.5 *"),
    ];
    const AROUND: [&str; 10] = [
        "what is the result of",
        "what's",
        "what is",
        "calculate",
        "compute",
        "evaluate",
        "how much is",
        "solve",
        "the result of",
        "please",
    ];
    let mut text = text.to_lowercase();
    for (word, sign) in WORDS {
        text = text.replace(word, sign);
    }
    for word in AROUND {
        text = text.replace(word, " ");
    }
    without_thousands(&text)
}

/// `1,000` is a thousand; `1, 2` is a list.
fn without_thousands(text: &str) -> String {
    let bytes = text.as_bytes();
    let digit = |i: usize| bytes.get(i).is_some_and(u8::is_ascii_digit);
    let separator =
        |i: usize| bytes[i] == b',' && i > 0 && digit(i - 1) && (1..=3).all(|k| digit(i + k)) && !digit(i + 4);
    text.char_indices().filter(|(i, _)| !separator(*i)).map(|(_, c)| c).collect()
}

/// Recursive descent: sum, product, sign, power, percent, atom.
struct Parser<'a> {
    rest: &'a str,
    depth: u32,
    operators: u32,
}

impl Parser<'_> {
    fn eat(&mut self, sign: char) -> bool {
        let rest = self.rest.trim_start();
        let eaten = rest.strip_prefix(sign);
        self.rest = eaten.unwrap_or(rest);
        eaten.is_some()
    }

    fn sum(&mut self) -> Option<Number> {
        let mut left = self.product()?;
        loop {
            let sign = if self.eat('+') {
                1
            } else if self.eat('-') {
                -1
            } else {
                return Some(left);
            };
            self.operators += 1;
            let right = self.product()?;
            left = match (left, right) {
                (Number::Int(a), Number::Int(b)) => match b.checked_mul(sign).and_then(|b| a.checked_add(b)) {
                    Some(n) => Number::Int(n),
                    None => Number::Real(a as f64 + sign as f64 * b as f64),
                },
                (a, b) => Number::Real(a.real() + sign as f64 * b.real()),
            };
        }
    }

    fn product(&mut self) -> Option<Number> {
        let mut left = self.signed()?;
        loop {
            let sign = ['*', '/', '%'].into_iter().find(|sign| self.eat(*sign));
            let Some(sign) = sign else { return Some(left) };
            self.operators += 1;
            let right = self.signed()?;
            left = match (sign, left, right) {
                ('*', Number::Int(a), Number::Int(b)) => {
                    a.checked_mul(b).map_or(Number::Real(a as f64 * b as f64), Number::Int)
                }
                ('*', a, b) => Number::Real(a.real() * b.real()),
                (_, _, b) if b.real() == 0.0 => return None,
                ('/', Number::Int(a), Number::Int(b)) if a % b == 0 => Number::Int(a / b),
                ('/', a, b) => Number::Real(a.real() / b.real()),
                (_, Number::Int(a), Number::Int(b)) => Number::Int(a.checked_rem_euclid(b)?),
                (_, a, b) => Number::Real(a.real().rem_euclid(b.real())),
            };
        }
    }

    fn signed(&mut self) -> Option<Number> {
        self.depth += 1;
        if self.depth > 64 {
            return None;
        }
        let value = if self.eat('-') {
            match self.signed()? {
                Number::Int(n) => n.checked_neg().map(Number::Int),
                Number::Real(x) => Some(Number::Real(-x)),
            }
        } else if self.eat('√') {
            self.operators += 1;
            let x = self.signed()?.real().sqrt();
            Some(whole(x))
        } else {
            self.power()
        };
        self.depth -= 1;
        value
    }

    fn power(&mut self) -> Option<Number> {
        let base = self.percent()?;
        if !self.eat('^') {
            return Some(base);
        }
        self.operators += 1;
        // To the right first: 2^3^2 is 2^9.
        let exponent = self.signed()?;
        if let (Number::Int(base), Number::Int(n)) = (base, exponent)
            && let Ok(n) = u32::try_from(n)
            && let Some(power) = base.checked_pow(n)
        {
            return Some(Number::Int(power));
        }
        Some(Number::Real(base.real().powf(exponent.real())))
    }

    /// `15%` is 0.15, unless a number follows: `17 % 5` is 2.
    fn percent(&mut self) -> Option<Number> {
        let value = self.atom()?;
        let rest = self.rest.trim_start();
        let Some(after) = rest.strip_prefix('%') else { return Some(value) };
        if after.trim_start().starts_with(|c: char| c.is_ascii_digit() || c == '(') {
            return Some(value);
        }
        self.rest = after;
        self.operators += 1;
        Some(whole(value.real() / 100.0))
    }

    fn atom(&mut self) -> Option<Number> {
        if self.eat('(') {
            let value = self.sum()?;
            return self.eat(')').then_some(value);
        }
        let rest = self.rest.trim_start();
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (digits, rest) = rest.split_at(end);
        self.rest = rest;
        match digits.parse::<i128>() {
            Ok(n) => Some(Number::Int(n)),
            Err(_) => digits.parse().ok().map(Number::Real),
        }
    }
}

/// A real number that is an integer, as one.
fn whole(x: f64) -> Number {
    if x.fract() == 0.0 && x.abs() < 1e15 { Number::Int(x as i128) } else { Number::Real(x) }
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn sums_are_computed() {
        for (text, result) in [
            ("17 * 23", "391"),
            ("What is 17 * 23?", "391"),
            ("what's 2+2", "4"),
            ("Please calculate 15% of 80.", "12"),
            ("20 percent of 50", "10"),
            ("What is 12 times 7 plus 1?", "85"),
            ("2 to the power of 10", "1024"),
            ("2^3^2", "512"),
            ("-3^2", "-9"),
            ("(1 + 2) * (3 + 4) / 7", "3"),
            ("10 / 4", "2.5"),
            ("1/3", "0.3333333333"),
            ("1,000 + 2,500", "3500"),
            ("17 % 5", "2"),
            ("0.1 + 0.2", "0.3"),
            ("square root of 144", "12"),
            ("5 squared", "25"),
            ("7 x 8", "56"),
            ("1e", ""),
            ("999999999999999999 * 999999999999999999", "999999999999999998000000000000000001"),
            ("A shop sells 12 boxes. What is 12 * 9.5 in total?", "114"),
            ("If it costs 3 + 4 * 2 dollars, then?", "11"),
            ("1 / 0", ""),
            ("From 2020-2026 there were 3", ""),
            ("the 1/2 of it and 22", ""),
            ("call 555-1234", ""),
            ("What is DSPy?", ""),
            ("42", ""),
            ("", ""),
            ("+ - *", ""),
            ("(((((1", ""),
        ] {
            let found = find(text).map_or(String::new(), |sum| sum.result.to_string());
            assert_eq!(found, result, "{text}");
        }
        assert_eq!(find(&"(".repeat(1900)), None);
        assert_eq!(find(&"-".repeat(1900)), None);
    }
}
