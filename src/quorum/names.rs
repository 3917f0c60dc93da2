//! The names of the nodes of a system.

use std::ops::Index;
use std::sync::Arc;

use super::set::{NODES_MAX, NodeSet};

/// The names of nodes, in the order of their numbers. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Names(Arc<Vec<String>>);

impl Names {
    /// `n1`, `n2` and so on, as the nodes of a cluster are called.
    pub fn numbered(count: usize) -> Self {
        (1..=count).map(|number| format!("n{number}")).collect()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them.
    pub fn nodes(&self) -> NodeSet {
        NodeSet::first(self.len())
    }

    /// The names in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// The number of a node.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|known| known == name)
    }

    /// The number of a node, which is added if it is new; `None` if there are too many.
    pub fn find_or_add(&mut self, name: &str) -> Option<usize> {
        if let Some(node) = self.find(name) {
            return Some(node);
        }
        if self.len() == NODES_MAX {
            return None;
        }
        Arc::make_mut(&mut self.0).push(name.to_owned());
        Some(self.len() - 1)
    }

    /// A set as people write it: `{a, b}`.
    pub fn show(&self, set: NodeSet) -> String {
        let names: Vec<&str> = set.iter().map(|node| &self[node]).collect();
        format!("{{{}}}", names.join(", "))
    }
}

impl FromIterator<String> for Names {
    fn from_iter<I: IntoIterator<Item = String>>(names: I) -> Self {
        Self(Arc::new(names.into_iter().collect()))
    }
}

impl Index<usize> for Names {
    type Output = str;

    fn index(&self, node: usize) -> &str {
        &self.0[node]
    }
}
