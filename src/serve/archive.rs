//! A run as a zip archive, made while it is sent.

use std::io::Write;
use std::sync::Arc;

use axum::body::Body;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use tokio_util::io::{ReaderStream, SyncIoBridge};
use zip::ZipWriter;
use zip::result::ZipResult;
use zip::write::SimpleFileOptions;

use super::shelf::Shelf;
use super::{Site, encoded};

/// So much is made before anybody has taken it.
const AHEAD_BYTES: usize = 64 << 10;

pub(super) fn answer(site: Arc<Site>, run: String) -> Response {
    let (ours, theirs) = tokio::io::duplex(AHEAD_BYTES);
    let named = format!("attachment; filename*=UTF-8''{}.zip", encoded(&run));
    let bridge = SyncIoBridge::new(ours);
    tokio::task::spawn_blocking(move || {
        // Whoever loads it may go away before its end.
        if let Err(error) = write(&site.shelf, &run, bridge) {
            tracing::info!(%error, run, "an archive was not sent to its end");
        }
    });
    let headers = [(CONTENT_TYPE, "application/zip".to_owned()), (CONTENT_DISPOSITION, named)];
    (headers, Body::from_stream(ReaderStream::new(theirs))).into_response()
}

fn write(shelf: &Shelf, run: &str, out: impl Write) -> ZipResult<()> {
    let mut zip = ZipWriter::new_stream(out);
    let options = SimpleFileOptions::default().large_file(true);
    for (path, _) in shelf.files(run) {
        let Some(mut file) = shelf.open_file(run, &path) else { continue };
        zip.start_file(format!("{run}/{path}"), options)?;
        std::io::copy(&mut file, &mut zip)?;
    }
    zip.finish()?.into_inner().flush()?;
    Ok(())
}
