//! Scripts: interleavings that people write and read, a step a line.

use std::fmt;

use super::Cue;
use crate::client::Action;
use crate::protocol::NodeId;

/// What happens on a stage, line by line. A `#` and what follows it is a comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// As it was written, without blanks and empty lines around it.
    text: String,
    /// The lines that say something, each with its place in the text, from 0.
    pub(super) cues: Vec<(usize, Cue)>,
}

/// What is wrong with a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// In which line, from 0.
    pub line: usize,
    /// What is wrong, and what would be right.
    pub problem: String,
}

impl Script {
    /// Reads a script about the nodes with these names.
    pub fn parse(text: &str, names: &[String]) -> Result<Self, Mistake> {
        let mut cues = Vec::new();
        for (line, text) in text.lines().enumerate() {
            let cue = parse_line(text, Names(names));
            if let Some(cue) = cue.map_err(|problem| Mistake { line, problem })? {
                cues.push((line, cue));
            }
        }
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        Ok(Self { text: lines.join("\n"), cues })
    }

    /// The script that says this.
    pub fn of_cues(cues: impl IntoIterator<Item = Cue>, names: &[String]) -> Self {
        let cues: Vec<(usize, Cue)> = cues.into_iter().enumerate().collect();
        let lines: Vec<String> = cues.iter().map(|(_, cue)| cue.show(Names(names))).collect();
        Self { text: lines.join("\n"), cues }
    }

    /// Its text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What clients ask for, each with its line, from 0.
    pub fn actions(&self) -> impl Iterator<Item = (usize, Action)> {
        self.cues.iter().filter_map(|(line, cue)| match cue {
            Cue::Begin { operation, .. } => Some((*line, operation.action)),
            _ => None,
        })
    }

    /// What its lines say.
    pub fn cues(&self) -> impl Iterator<Item = &Cue> {
        self.cues.iter().map(|(_, cue)| cue)
    }
}

fn parse_line(line: &str, names: Names<'_>) -> Result<Option<Cue>, String> {
    let words = words(line)?;
    if words.is_empty() {
        return Ok(None);
    }
    let mut words = Words { words: &words };
    let cue = Cue::parse(&mut words, names)?;
    match words.peek() {
        None => Ok(Some(cue)),
        Some(word) => Err(format!("found \"{word}\"; expected the end of the line")),
    }
}

/// Splits a line into words: arrows and commas stand for themselves, and names with blanks in quotes.
fn words(line: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut rest = line.trim_start();
    while !rest.is_empty() && !rest.starts_with('#') {
        let (word, after) = if let Some(quoted) = rest.strip_prefix('"') {
            quoted.split_once('"').ok_or("a quote that does not end; expected a second one")?
        } else if let Some(sign) = ["->", ","].into_iter().find(|sign| rest.starts_with(sign)) {
            rest.split_at(sign.len())
        } else {
            let arrow = rest.find("->").unwrap_or(rest.len());
            let ends = |c: char| c.is_whitespace() || c == ',';
            rest.split_at(rest.find(ends).unwrap_or(rest.len()).min(arrow))
        };
        words.push(word.to_owned());
        rest = after.trim_start();
    }
    Ok(words)
}

/// The words of a line that are still to be read.
pub(super) struct Words<'w> {
    words: &'w [String],
}

impl<'w> Words<'w> {
    /// The next word.
    pub(super) fn peek(&self) -> Option<&'w str> {
        self.words.first().map(String::as_str)
    }

    /// The word after the next.
    pub(super) fn peek_second(&self) -> Option<&'w str> {
        self.words.get(1).map(String::as_str)
    }

    /// The next word, which should be `what`.
    pub(super) fn next(&mut self, what: &str) -> Result<&'w str, String> {
        let (first, rest) =
            self.words.split_first().ok_or_else(|| format!("the line ends; expected {what}"))?;
        self.words = rest;
        Ok(first)
    }

    /// Reads on if this word comes next.
    pub(super) fn take(&mut self, word: &str) -> bool {
        let comes = self.peek() == Some(word);
        if comes {
            self.words = &self.words[1..];
        }
        comes
    }

    /// Reads on over this word.
    pub(super) fn expect(&mut self, word: &str) -> Result<(), String> {
        match self.next(word)? {
            found if found == word => Ok(()),
            found => Err(format!("found \"{found}\"; expected {word}")),
        }
    }
}

/// The names of the nodes.
#[derive(Clone, Copy)]
pub(super) struct Names<'n>(pub(super) &'n [String]);

impl Names<'_> {
    /// The next word as the name of a node.
    pub(super) fn node(self, words: &mut Words<'_>) -> Result<NodeId, String> {
        let word = words.next(&self.expected())?;
        self.find(word).ok_or_else(|| format!("no node \"{word}\"; expected {}", self.expected()))
    }

    /// One node after the other, at least one.
    pub(super) fn some(self, words: &mut Words<'_>) -> Result<Vec<NodeId>, String> {
        let mut nodes = vec![self.node(words)?];
        while words.take(",") || words.peek().is_some_and(|word| self.find(word).is_some()) {
            nodes.push(self.node(words)?);
        }
        Ok(nodes)
    }

    /// A name as a script has it.
    pub(super) fn show(self, node: NodeId) -> String {
        let name = &self.0[usize::from(node)];
        let is_word =
            !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || ",#".contains(c));
        if is_word && !name.contains("->") { name.clone() } else { format!("\"{name}\"") }
    }

    pub(super) fn list(self, nodes: &[NodeId]) -> String {
        let names: Vec<String> = nodes.iter().map(|node| self.show(*node)).collect();
        names.join(" ")
    }

    fn find(self, word: &str) -> Option<NodeId> {
        self.0.iter().position(|name| name == word).map(|place| place as NodeId)
    }

    fn expected(self) -> String {
        format!("the name of a node: {}", self.0.join(", "))
    }
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
