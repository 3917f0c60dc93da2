//! Threads on which tasks run.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::netns::NAMESPACES;

/// A thread with a runtime. Its tasks end with this.
#[derive(Debug)]
pub(super) struct Background {
    handle: Handle,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Background {
    /// Starts a thread of this name, in a network namespace if one is named.
    pub(super) fn start(name: &str, namespace: Option<&str>) -> io::Result<Self> {
        let namespace = match namespace {
            Some(name) => Some(File::open(Path::new(NAMESPACES).join(name))?),
            None => None,
        };
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        let (entered, has_entered) = sync_channel(1);
        let work = move || {
            // The sockets of a thread are those of its namespace.
            let is_in = namespace.map_or(Ok(()), |namespace| {
                move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network))
            });
            let _ = entered.send(is_in);
            let _ = runtime.block_on(stopped);
        };
        let thread = thread::Builder::new().name(name.to_owned()).spawn(work)?;
        has_entered.recv().map_err(io::Error::other)??;
        Ok(Self { handle, stop: Some(stop), thread: Some(thread) })
    }

    /// Runs a task.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.handle.spawn(task);
    }

    /// Runs a task to its end, which comes within `patience` or not at all.
    pub(super) fn answer<T: Send + 'static>(
        &self,
        task: impl Future<Output = T> + Send + 'static,
        patience: Duration,
    ) -> Receiver<T> {
        let (tell, told) = sync_channel(1);
        self.spawn(async move {
            if let Ok(answer) = timeout(patience, task).await {
                let _ = tell.send(answer);
            }
        });
        told
    }

    /// For what must be made where the runtime is.
    pub(super) fn handle(&self) -> &Handle {
        &self.handle
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        drop(self.stop.take());
        self.thread.take().map(JoinHandle::join);
    }
}
