//! The functions of a register.

/// What a client asks of a register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Function {
    /// Return the value.
    Read,
    /// Replace the value.
    Write,
    /// Replace the value if it equals the expected one.
    Cas,
}

impl Function {
    /// The name in a history.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Cas => "cas",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::Read, Self::Write, Self::Cas].into_iter().find(|f| f.name() == name)
    }
}
