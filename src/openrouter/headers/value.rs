//! A header's value: whether it may be shown, and where it comes from.

use crate::secret::Secret;
use std::fmt;
use std::path::PathBuf;

/// A header's value. `Display` and `Debug` mask a secret one, so that no output can show it.
#[derive(Clone)]
pub enum HeaderValue {
    /// May be shown, kept and exported.
    Public(String),
    /// Is sent to the server, and masked everywhere else.
    Secret(Secret),
}

impl HeaderValue {
    /// A value of this visibility, without white space at its ends.
    pub fn new(value: &str, visibility: Visibility) -> Self {
        match visibility {
            Visibility::Public => Self::Public(value.trim().to_owned()),
            Visibility::Secret => Self::Secret(Secret::new(value)),
        }
    }

    /// The value as it is sent. Only for the socket, and for checks that report nothing of it.
    pub fn expose(&self) -> &str {
        match self {
            Self::Public(value) => value,
            Self::Secret(secret) => secret.expose(),
        }
    }

    /// The secret, to be removed from texts; none if the value is public.
    pub fn secret(&self) -> Option<&Secret> {
        match self {
            Self::Public(_) => None,
            Self::Secret(secret) => Some(secret),
        }
    }

    /// Whether the value may be shown.
    pub fn visibility(&self) -> Visibility {
        match self {
            Self::Public(_) => Visibility::Public,
            Self::Secret(_) => Visibility::Secret,
        }
    }
}

/// Whether a header's value may be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// Shown, kept and exported as it is.
    Public,
    /// Masked wherever it is shown, kept or exported.
    Secret,
}

/// The visibility of an extra header: public if its name is in the list, in any case.
pub fn visibility(name: &str, public: &[String]) -> Visibility {
    if public.iter().any(|listed| listed.trim().eq_ignore_ascii_case(name.trim())) {
        Visibility::Public
    } else {
        Visibility::Secret
    }
}

impl fmt::Display for HeaderValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Public(value) => f.write_str(value),
            Self::Secret(secret) => f.write_str(&secret.masked()),
        }
    }
}

impl fmt::Debug for HeaderValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}({:?})", self.visibility(), self.to_string())
    }
}

impl PartialEq for HeaderValue {
    fn eq(&self, other: &Self) -> bool {
        self.visibility() == other.visibility() && self.expose() == other.expose()
    }
}

impl Eq for HeaderValue {}

/// The place that set a value. The order is the order of precedence: a later one replaces an earlier one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ValueOrigin {
    /// The program's default.
    Default,
    /// This configuration file.
    File(PathBuf),
    /// This `.env` or `.env.local` file.
    EnvFile(PathBuf),
    /// The environment variable of this name.
    Env(String),
    /// The command line.
    Flag,
    /// Typed in the running program.
    Session,
    /// Sent by a client of the gateway.
    Client,
}

impl fmt::Display for ValueOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) | Self::EnvFile(path) => write!(f, "{}", path.display()),
            Self::Env(name) => write!(f, "${name}"),
            Self::Flag => f.write_str("command line"),
            Self::Session => f.write_str("session"),
            Self::Client => f.write_str("client"),
        }
    }
}

/// A public value and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChosenValue {
    /// The value as the user wrote it.
    pub value: String,
    /// The place that set it.
    pub from: ValueOrigin,
}

/// A header of the user's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtraHeader {
    /// The name as the user wrote it.
    pub name: String,
    /// The value, secret unless the user made it public.
    pub value: HeaderValue,
    /// The place that set it.
    pub from: ValueOrigin,
}

/// One header as it will be sent, and the place that set it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderLine {
    /// The name, spelt as in the documentation.
    pub name: String,
    /// The value, without white space at its ends.
    pub value: HeaderValue,
    /// The place that set it.
    pub from: ValueOrigin,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_value_is_masked_by_its_type() {
        let value = HeaderValue::new(" hunter2-hunter2-hunter2 ", Visibility::Secret);
        let extra = ExtraHeader { name: "X-Api-Key".into(), value: value.clone(), from: ValueOrigin::Flag };
        assert_eq!(value.expose(), "hunter2-hunter2-hunter2");
        for shown in [value.to_string(), format!("{value:?}"), format!("{extra:?}")] {
            assert!(!shown.contains("hunter2-"), "{shown}");
        }
        assert_eq!(HeaderValue::new("short", Visibility::Secret).to_string(), "***");
        assert_eq!(HeaderValue::new(" a b ", Visibility::Public).to_string(), "a b");
        assert_ne!(value, HeaderValue::new(value.expose(), Visibility::Public));
    }
}
