//! Quorums as people write them: `a*b + c*d`, `majority(a, b, c)`, `choose 2 of (a, b, c*d)`,
//! `weighted 3 of (a: 2, b: 1, c: 1)`.
//!
//! `*` is "and", `+` is "or", and `*` binds tighter. Names are letters, digits, `_`, `-` and `.`.

use thiserror::Error;

use super::names::Names;
use super::rule::Rule;
use super::set::NODES_MAX;

/// How deep parentheses may stand in each other.
const DEPTH_MAX: usize = 100;
/// The largest weight; shares finer than that make no difference to anyone.
const WEIGHT_MAX: u64 = 10_000;

/// What is wrong with an expression, and where.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("column {column}: {problem}")]
pub struct ExpressionError {
    /// The character at which it goes wrong, counted from 1.
    pub column: usize,
    /// What was found and what would be right.
    pub problem: String,
}

/// Whether nodes may be named that are not known yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    /// They are new nodes.
    Added,
    /// They are mistakes.
    Refused,
}

/// Reads an expression over `names`.
pub fn parse(text: &str, names: &mut Names, unknown: Unknown) -> Result<Rule, ExpressionError> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0, depth: 0, names, unknown };
    let rule = parser.sum()?;
    match parser.peek() {
        Token::End => Ok(rule),
        _ => Err(parser.unexpected("`*`, `+` or the end")),
    }
}

/// A piece of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    Symbol(char),
    End,
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.')
}

/// The pieces, each with its column.
fn tokens(text: &str) -> Result<Vec<(usize, Token)>, ExpressionError> {
    let mut tokens = Vec::new();
    let mut characters = text.chars().zip(1..).peekable();
    let mut end = 1;
    while let Some((c, column)) = characters.next() {
        end = column + 1;
        if c.is_whitespace() {
            continue;
        }
        if matches!(c, '*' | '+' | '(' | ')' | ',' | ':') {
            tokens.push((column, Token::Symbol(c)));
            continue;
        }
        if !is_word(c) {
            let problem = format!("`{c}` means nothing here; expected nodes, `*` and `+`");
            return Err(ExpressionError { column, problem });
        }
        let mut word = String::from(c);
        while let Some((c, column)) = characters.next_if(|(c, _)| is_word(*c)) {
            word.push(c);
            end = column + 1;
        }
        tokens.push((column, Token::Word(word)));
    }
    tokens.push((end, Token::End));
    Ok(tokens)
}

/// Where the reader is.
struct Parser<'a> {
    tokens: Vec<(usize, Token)>,
    at: usize,
    depth: usize,
    names: &'a mut Names,
    unknown: Unknown,
}

type Parsed<T> = Result<T, ExpressionError>;

impl Parser<'_> {
    fn column(&self) -> usize {
        self.tokens[self.at].0
    }

    fn peek(&self) -> &Token {
        &self.tokens[self.at].1
    }

    /// Steps over the next token; the end stays.
    fn advance(&mut self) -> Token {
        let token = self.peek().clone();
        self.at = (self.at + 1).min(self.tokens.len() - 1);
        token
    }

    /// Steps over this symbol, if it comes next.
    fn takes(&mut self, symbol: char) -> bool {
        let found = *self.peek() == Token::Symbol(symbol);
        if found {
            self.advance();
        }
        found
    }

    fn expect(&mut self, symbol: char, expected: &str) -> Parsed<()> {
        if self.takes(symbol) { Ok(()) } else { Err(self.unexpected(expected)) }
    }

    fn error<T>(column: usize, problem: impl Into<String>) -> Parsed<T> {
        Err(ExpressionError { column, problem: problem.into() })
    }

    fn unexpected(&self, expected: &str) -> ExpressionError {
        let found = match self.peek() {
            Token::Word(word) => format!("`{word}`"),
            Token::Symbol(symbol) => format!("`{symbol}`"),
            Token::End => "the end".to_owned(),
        };
        ExpressionError {
            column: self.column(),
            problem: format!("found {found}; expected {expected}"),
        }
    }

    fn sum(&mut self) -> Parsed<Rule> {
        let mut parts = vec![self.product()?];
        while self.takes('+') {
            parts.push(self.product()?);
        }
        Ok(Rule::any(parts))
    }

    fn product(&mut self) -> Parsed<Rule> {
        let mut parts = vec![self.factor()?];
        while self.takes('*') {
            parts.push(self.factor()?);
        }
        Ok(Rule::all(parts))
    }

    fn factor(&mut self) -> Parsed<Rule> {
        let column = self.column();
        if self.depth == DEPTH_MAX {
            return Self::error(column, format!("nested deeper than {DEPTH_MAX}"));
        }
        self.depth += 1;
        let rule = if self.takes('(') {
            let rule = self.sum()?;
            self.expect(')', "`*`, `+` or `)`")?;
            rule
        } else {
            let Token::Word(word) = self.peek().clone() else {
                return Err(self.unexpected(
                    "a node, `(`, `majority(…)`, `choose K of (…)` or `weighted K of (…)`",
                ));
            };
            self.advance();
            match &word[..] {
                "majority" => self.majority()?,
                "choose" => self.choose()?,
                "weighted" => self.weighted()?,
                _ => self.node(column, &word)?,
            }
        };
        self.depth -= 1;
        Ok(rule)
    }

    fn node(&mut self, column: usize, name: &str) -> Parsed<Rule> {
        let node = match self.unknown {
            Unknown::Added => self.names.find_or_add(name),
            Unknown::Refused => self.names.find(name),
        };
        match node {
            Some(node) => Ok(Rule::node(node)),
            None if self.unknown == Unknown::Added => {
                Self::error(column, format!("`{name}` is one node too many; {NODES_MAX} at most"))
            }
            None => {
                let known: Vec<&str> = self.names.iter().collect();
                let known = known.join(", ");
                Self::error(column, format!("no node `{name}`; expected one of {known}"))
            }
        }
    }

    fn majority(&mut self) -> Parsed<Rule> {
        self.expect('(', "`(` after `majority`")?;
        let parts = self.list(Self::sum)?;
        Ok(Rule::choose(parts.len() as u32 / 2 + 1, parts))
    }

    fn choose(&mut self) -> Parsed<Rule> {
        let (column, needed) = self.needed()?;
        let parts = self.list(Self::sum)?;
        if needed > parts.len() as u64 {
            let problem =
                format!("{needed} of {} can never be reached; no set is a quorum", parts.len());
            return Self::error(column, problem);
        }
        Ok(Rule::choose(needed as u32, parts))
    }

    fn weighted(&mut self) -> Parsed<Rule> {
        let (column, needed) = self.needed()?;
        let parts = self.list(|parser| {
            let part = parser.sum()?;
            parser.expect(':', "`:` and a weight")?;
            let (column, weight) = parser.number("a weight")?;
            if weight == 0 || weight > WEIGHT_MAX {
                let problem = format!("a weight of {weight}; expected 1 to {WEIGHT_MAX}");
                return Self::error(column, problem);
            }
            Ok((part, weight))
        })?;
        let sum: u64 = parts.iter().map(|(_, weight)| weight).sum();
        if needed > sum {
            let problem =
                format!("the weights sum to {sum} and cannot reach {needed}; no set is a quorum");
            return Self::error(column, problem);
        }
        Ok(Rule::weighted(needed, parts))
    }

    /// `K of (`, as after `choose` and `weighted`.
    fn needed(&mut self) -> Parsed<(usize, u64)> {
        let (column, needed) = self.number("how many are needed, as in `choose 2 of (a, b, c)`")?;
        if needed == 0 {
            return Self::error(
                column,
                "0 are needed, so no node at all is a quorum; expected 1 or more",
            );
        }
        if *self.peek() != Token::Word("of".to_owned()) {
            return Err(self.unexpected("`of (`"));
        }
        self.advance();
        self.expect('(', "`(` after `of`")?;
        Ok((column, needed))
    }

    fn number(&mut self, expected: &str) -> Parsed<(usize, u64)> {
        let column = self.column();
        let number = match self.peek() {
            Token::Word(word) => word.parse().ok(),
            Token::Symbol(_) | Token::End => None,
        };
        let number = number.ok_or_else(|| self.unexpected(expected))?;
        self.advance();
        Ok((column, number))
    }

    /// Items between commas, up to the parenthesis that closes.
    fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Parsed<T>) -> Parsed<Vec<T>> {
        let mut items = vec![item(self)?];
        while self.takes(',') {
            items.push(item(self)?);
        }
        self.expect(')', "`,` or `)`")?;
        Ok(items)
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn read(text: &str) -> Result<(Rule, Names), ExpressionError> {
        let mut names = Names::default();
        let rule = parse(text, &mut names, Unknown::Added)?;
        Ok((rule, names))
    }

    #[track_caller]
    fn check(text: &str, expected: &Expect) {
        let shown = match read(text) {
            Ok((rule, names)) => rule.show(&names).to_string(),
            Err(error) => error.to_string(),
        };
        expected.assert_eq(&shown);
    }

    #[test]
    fn expressions_are_written_as_they_are_read() {
        for text in [
            "a",
            "a*b + c*d",
            "(a + b)*(c + d)",
            "a + (b + c*d)",
            "(a*b)*c*d",
            "majority(a, b, c)",
            "majority(a*b, c + d, choose 4 of (e, f, g, h, i*j))",
            "weighted 3 of (a: 2, b: 1, c*d: 1)",
            "weighted 2 of (a + b: 2, c: 1) + d",
            "a*a",
            "10.0.0.1 + node-2*node_3",
        ] {
            let (rule, names) = read(text).unwrap();
            assert_eq!(rule.show(&names).to_string(), text);
        }
        check("choose 3 of (a, b, c)", &expect!["a*b*c"]);
        check("majority(a)", &expect!["a"]);
        check("  ( a+b )  ", &expect!["a + b"]);
    }

    #[test]
    fn errors_point_at_the_place() {
        check(
            "",
            &expect![
                "column 1: found the end; expected a node, `(`, `majority(…)`, `choose K of (…)` or `weighted K of (…)`"
            ],
        );
        check(
            "a * + b",
            &expect![
                "column 5: found `+`; expected a node, `(`, `majority(…)`, `choose K of (…)` or `weighted K of (…)`"
            ],
        );
        check("a b", &expect!["column 3: found `b`; expected `*`, `+` or the end"]);
        check("(a + b", &expect!["column 7: found the end; expected `*`, `+` or `)`"]);
        check("a & b", &expect!["column 3: `&` means nothing here; expected nodes, `*` and `+`"]);
        check(
            "choose 3 of (a, b)",
            &expect!["column 8: 3 of 2 can never be reached; no set is a quorum"],
        );
        check(
            "choose 0 of (a, b)",
            &expect!["column 8: 0 are needed, so no node at all is a quorum; expected 1 or more"],
        );
        check(
            "choose two of (a, b)",
            &expect![
                "column 8: found `two`; expected how many are needed, as in `choose 2 of (a, b, c)`"
            ],
        );
        check("choose 2 (a, b)", &expect!["column 10: found `(`; expected `of (`"]);
        check(
            "weighted 5 of (a: 2, b: 1)",
            &expect!["column 10: the weights sum to 3 and cannot reach 5; no set is a quorum"],
        );
        check(
            "weighted 1 of (a: 2, b)",
            &expect!["column 23: found `)`; expected `:` and a weight"],
        );
        check(
            "weighted 1 of (a: 0, b: 1)",
            &expect!["column 19: a weight of 0; expected 1 to 10000"],
        );
        check(&"(".repeat(200), &expect!["column 101: nested deeper than 100"]);
        check(
            "majority()",
            &expect![
                "column 10: found `)`; expected a node, `(`, `majority(…)`, `choose K of (…)` or `weighted K of (…)`"
            ],
        );

        let mut names: Names = ["a", "b"].map(str::to_owned).into_iter().collect();
        let error = parse("a*é", &mut names, Unknown::Refused).unwrap_err();
        expect!["column 3: no node `é`; expected one of a, b"].assert_eq(&error.to_string());
        let many: Vec<String> = (0..65).map(|node| format!("x{node}")).collect();
        check(&many.join("+"), &expect!["column 247: `x64` is one node too many; 64 at most"]);
    }
}
