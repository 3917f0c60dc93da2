//! A program of somebody else's as a node: what it is asked in a contract of few words, and what its answers
//! mean.
//!
//! Nothing in here starts it or carries a message: a world does. What its answers mean is decided by the one
//! table of each contract; what no row of it knows is information that nobody has: info.

pub mod http;
pub mod maelstrom;

use std::fmt;

use crate::promise::{Condition, Promise};

/// A program that is a node, and what is said of it by whoever runs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// How it is talked to.
    pub contract: Contract,
    /// The command that is a node, for a shell.
    pub start: String,
    /// The command that ends a node in good order, before it is ended in any case.
    pub stop: Option<String>,
    /// The command that ends a node at once, likewise.
    pub kill: Option<String>,
    /// What it promises.
    pub promised: Condition,
}

/// How a program is talked to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contract {
    /// In Maelstrom's messages, over its standard input and output.
    Maelstrom,
    /// By HTTP.
    Http,
}

impl Contract {
    /// The word of workloads.
    pub fn name(self) -> &'static str {
        match self {
            Self::Maelstrom => "maelstrom",
            Self::Http => "http",
        }
    }
}

impl Program {
    /// What it promises: nobody knows but whoever runs it.
    pub fn promise(&self) -> Promise {
        Promise {
            condition: self.promised,
            because: "so says the workload".to_owned(),
            reason: "How the program works is not known here.".to_owned(),
            remedy: String::new(),
            source: "whoever runs it",
        }
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` ({})", self.start, self.contract.name())
    }
}
