//! Long work that Ctrl-C ends.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use pyo3::prelude::*;

/// How long Ctrl-C may wait for its answer.
const TICK: Duration = Duration::from_millis(50);

/// Does `work` on a thread of its own, with the interpreter free for others. When a signal raises,
/// `work` is told to stop and left to itself.
pub(crate) fn interruptible<T: Send + 'static>(
    py: Python<'_>,
    work: impl FnOnce(&AtomicBool) -> T + Send + 'static,
) -> PyResult<T> {
    let stop = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&stop);
    // Nothing is ever sent: the worker's end closes when the work ends, however it does.
    let (works, mut ended) = channel::<()>();
    let worker = thread::Builder::new().spawn(move || {
        let _works = works;
        work(&told)
    })?;
    loop {
        let waited;
        (ended, waited) = py.detach(move || {
            let waited = ended.recv_timeout(TICK);
            (ended, waited)
        });
        if waited != Err(RecvTimeoutError::Timeout) {
            break;
        }
        py.check_signals().inspect_err(|_| stop.store(true, Ordering::Relaxed))?;
    }
    Ok(worker.join().unwrap_or_else(|panic| resume_unwind(panic)))
}
