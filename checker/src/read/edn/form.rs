//! Where an EDN form ends and how deep it goes, told character by character, before it is parsed.
//!
//! Tags and discards nest like brackets: `#a #a 1` is as deep as `[[1]]`. What begins and ends a token
//! is what the parser takes for it, so that nothing can be deeper there than it was found to be here.

/// A form while it is read.
#[derive(Debug, Default)]
pub(super) struct Form {
    /// What is open, outermost first.
    open: Vec<Open>,
    token: Token,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Open {
    Bracket,
    /// `#tag`, whose form comes next.
    Tag,
    /// `#_`, whose form comes next.
    Discard,
}

/// What the next character belongs to.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
enum Token {
    /// Nothing yet.
    #[default]
    Between,
    Comment,
    Text,
    /// A string, right after a backslash.
    Escape,
    /// A character literal, right after its backslash: whatever comes belongs to it.
    Char,
    /// A number, a symbol, a keyword, or the rest of a character literal.
    Atom,
    /// Right after `#`.
    Hash,
    /// The name of a tag.
    Tag,
}

/// What a whole form was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    Value,
    Discarded,
}

impl Form {
    /// How many brackets, tags and discards are open.
    pub(super) fn depth(&self) -> usize {
        self.open.len()
    }

    /// Whether nothing but tags came so far, so that the next token is the tagged form.
    pub(super) fn is_only_tagged(&self) -> bool {
        matches!(self.token, Token::Between | Token::Tag)
            && !self.open.is_empty()
            && self.open.iter().all(|open| *open == Open::Tag)
    }

    /// Whether letters and digits change nothing.
    #[inline]
    pub(super) fn is_in_word(&self) -> bool {
        matches!(self.token, Token::Atom | Token::Tag | Token::Text | Token::Comment)
    }

    /// Whether the form ends before `next`, as a number does before a bracket.
    #[inline]
    pub(super) fn ends_before(&mut self, next: char) -> Option<Ended> {
        if self.token != Token::Atom || !is_boundary(next) {
            return None;
        }
        self.token = Token::Between;
        self.complete()
    }

    /// Takes the next character. Returns whether the form ends with it, or has ended before it.
    #[inline]
    pub(super) fn push(&mut self, next: char) -> Option<Ended> {
        if let Some(ended) = self.ends_before(next) {
            return Some(ended);
        }
        match self.token {
            Token::Text if next == '"' => {
                self.token = Token::Between;
                return self.complete();
            }
            Token::Text if next == '\\' => self.token = Token::Escape,
            Token::Text => {}
            Token::Escape => self.token = Token::Text,
            Token::Comment if matches!(next, '\n' | '\r') => self.token = Token::Between,
            Token::Comment => {}
            Token::Char => self.token = Token::Atom,
            Token::Hash if next == '_' => self.begin(Open::Discard),
            Token::Hash if next != '{' && !is_boundary(next) => {
                self.begin(Open::Tag);
                self.token = Token::Tag;
            }
            Token::Atom | Token::Tag if !is_boundary(next) => {}
            Token::Between | Token::Hash | Token::Atom | Token::Tag => return self.start(next),
        }
        None
    }

    /// A character that begins a token, or closes a bracket.
    fn start(&mut self, next: char) -> Option<Ended> {
        self.token = match next {
            ';' => Token::Comment,
            '"' => Token::Text,
            '\\' => Token::Char,
            '#' => Token::Hash,
            '{' | '[' | '(' => {
                self.begin(Open::Bracket);
                return None;
            }
            '}' | ']' | ')' => {
                self.token = Token::Between;
                while self.open.pop().is_some_and(|open| open != Open::Bracket) {}
                return self.complete();
            }
            _ if next == ',' || next.is_whitespace() => Token::Between,
            _ => Token::Atom,
        };
        None
    }

    fn begin(&mut self, open: Open) {
        self.open.push(open);
        self.token = Token::Between;
    }

    /// A form is whole, and with it its tags. A discard takes it away.
    fn complete(&mut self) -> Option<Ended> {
        while self.open.pop_if(|open| *open == Open::Tag).is_some() {}
        let discarded = self.open.pop_if(|open| *open == Open::Discard).is_some();
        let ended = if discarded { Ended::Discarded } else { Ended::Value };
        self.open.is_empty().then_some(ended)
    }
}

fn is_boundary(c: char) -> bool {
    // Most characters are letters and digits.
    !c.is_ascii_alphanumeric()
        && (c.is_whitespace() || matches!(c, ',' | ';' | '"' | '(' | ')' | '[' | ']' | '{' | '}'))
}

#[cfg(test)]
mod tests;
