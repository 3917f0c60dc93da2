//! Nodes that speak Maelstrom's protocol, with us as their network.

mod client;
mod mailbox;
mod node;
mod post;

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::sleep;
use std::time::{Duration, Instant};

pub(super) use client::MaelstromClient;

use mailbox::Mailboxes;
use node::News;
use post::Post;

use super::LiveError;
use super::hosts::Hosts;
use super::programs::Programs;
use crate::program::Program;
use crate::protocol::NodeId;
use crate::rng::Seed;
use crate::world::sim::SimSettings;
use crate::world::{Ledger, Traffic};

/// A node that has not answered `init` by then never will.
const START: Duration = Duration::from_secs(10);
/// How often it is looked whether all have answered.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// All nodes, and the network between them.
#[derive(Debug)]
pub(super) struct Maelstrom {
    start: String,
    programs: Programs,
    /// The nodes that have not answered `init` yet, and since when.
    starting: Vec<(NodeId, Instant)>,
    mailboxes: Arc<Mailboxes>,
    post: Post,
    news: Receiver<News>,
    reporter: Sender<News>,
}

impl Maelstrom {
    /// Starts them all, and waits until they have answered `init`. Returns them with their clients.
    pub(super) fn start(
        program: &Program,
        dir: &Path,
        names: &[String],
        clients: u32,
        settings: &SimSettings,
        seed: Seed,
    ) -> Result<(Self, Vec<MaelstromClient>), LiveError> {
        let programs = Programs::new(names, dir)?;
        let (mailboxes, letters) = Mailboxes::new(names, clients);
        let mailboxes = Arc::new(mailboxes);
        let post = Post::start(Arc::clone(&mailboxes), settings, seed)
            .map_err(|error| LiveError::SetUp { what: "the network of the nodes", error })?;
        let clients = (0..).zip(letters);
        let clients = clients.map(|(number, letters)| {
            MaelstromClient::new(number, letters, Arc::clone(&mailboxes), post.slot())
        });
        let clients = clients.collect();
        let (reporter, news) = channel();
        let (start, starting) = (program.start.clone(), Vec::new());
        let mut nodes = Self { start, programs, starting, mailboxes, post, news, reporter };
        for id in nodes.programs.ids() {
            nodes.launch(id)?;
        }
        while !nodes.starting.is_empty() {
            nodes.failure().map_or(Ok(()), Err)?;
            sleep(LOOK_EVERY);
        }
        Ok((nodes, clients))
    }

    fn launch(&mut self, id: NodeId) -> Result<(), LiveError> {
        let command = self.programs.command(id, &self.start)?;
        let ends = (Arc::clone(&self.mailboxes), self.post.slot(), self.reporter.clone());
        let started = node::start(command, &self.programs.log(id), id, ends);
        let process = started.map_err(|error| self.programs.cannot(id, error))?;
        self.programs.runs(id, process);
        self.starting.push((id, Instant::now()));
        Ok(())
    }

    /// What nodes have done since anybody looked.
    fn hear(&mut self) -> Option<LiveError> {
        while let Ok(News { node, process, what }) = self.news.try_recv() {
            if self.programs.process(node) != Some(process) {
                // It is about one that was killed.
                continue;
            }
            match what {
                Ok(()) => self.starting.retain(|(starting, _)| *starting != node),
                Err(what) => return Some(self.programs.wrong(node, what)),
            }
        }
        None
    }
}

impl Hosts for Maelstrom {
    fn start(&mut self, id: NodeId) -> Result<bool, LiveError> {
        if self.programs.process(id).is_some() {
            return Ok(false);
        }
        self.launch(id)?;
        Ok(true)
    }

    /// What it wrote to disk is with the operating system, which does not lose it.
    fn kill(&mut self, id: NodeId, _lose_unsynced: bool) -> bool {
        self.mailboxes.close(id);
        self.starting.retain(|(starting, _)| *starting != id);
        self.programs.kill(id)
    }

    fn wipe(&mut self, id: NodeId) -> Result<(), LiveError> {
        self.programs.wipe(id)
    }

    fn pause(&mut self, id: NodeId) -> bool {
        self.programs.pause(id)
    }

    fn resume(&mut self, id: NodeId) -> bool {
        // The time that it was paused is not its own.
        for (_, since) in self.starting.iter_mut().filter(|(starting, _)| *starting == id) {
            *since = Instant::now();
        }
        self.programs.resume(id)
    }

    fn set_cuts(&mut self, links: &[(NodeId, NodeId)], is_cut: bool) -> io::Result<bool> {
        Ok(self.post.change(links, |network, from, to| network.set_cut(from, to, is_cut)))
    }

    fn set_slowness(&mut self, links: &[(NodeId, NodeId)], slowness: u32) -> bool {
        self.post.change(links, |network, from, to| network.set_slowness(from, to, slowness))
    }

    fn failure(&mut self) -> Option<LiveError> {
        if let Some(failure) = self.hear().or_else(|| self.programs.ended()) {
            return Some(failure);
        }
        let late = |(_, since): &&(NodeId, Instant)| since.elapsed() > START;
        let (id, _) = self.starting.iter().find(late)?;
        Some(self.programs.not_ready(*id, START, "it has not answered init".to_owned()))
    }

    fn process(&self, id: NodeId) -> Option<u32> {
        self.programs.process(id)
    }

    fn traffic(&self) -> Traffic {
        self.post.traffic()
    }

    fn begin(&mut self, began: Instant) {
        self.post.begin(began);
    }

    fn ledger(&self) -> Option<Ledger> {
        Some(self.post.ledger())
    }
}
