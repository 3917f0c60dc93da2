//! A local site over the runs in a store: a list, pages of runs, comparisons, reports, archives, and runs in
//! progress. It only reads.
//!
//! Whatever is in a store is hostile: the names of directories, the values in histories, and whole files
//! that somebody else has made. Pages put text out as text alone, every answer has a policy under which no
//! script runs but those of this program, and no path leads out of the store, not even by a link.

mod answer;
mod archive;
mod compare;
mod follow;
mod list;
mod live;
mod page;
mod run_page;
mod shelf;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use axum::Router;
use axum::extract::{Path as PathOf, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use tokio::net::TcpListener;

use answer::{Hosts, forbid_scripts, json_answer, only_known_hosts, page_answer};
use follow::Followers;
use shelf::Shelf;

/// What all requests share.
#[derive(Debug)]
struct Site {
    shelf: Shelf,
    followers: Mutex<Followers>,
}

type Shared = State<Arc<Site>>;
type Refused = (StatusCode, String);

/// The site of a store, which waits for its first request.
#[derive(Debug)]
pub struct Serving {
    listener: TcpListener,
    site: Arc<Site>,
}

impl Serving {
    /// Opens a store and listens.
    pub async fn new(store: &Path, listen: SocketAddr) -> Result<Self> {
        let shelf = Shelf::open(store)?;
        let listener = TcpListener::bind(listen)
            .await
            .with_context(|| format!("cannot listen on {listen}"))?;
        Ok(Self { listener, site: Arc::new(Site { shelf, followers: Mutex::default() }) })
    }

    /// Where it listens.
    pub fn address(&self) -> Result<SocketAddr> {
        Ok(self.listener.local_addr()?)
    }

    /// Answers requests until `end` is over.
    pub async fn run(self, end: impl Future<Output = ()> + Send + 'static) -> Result<()> {
        let hosts = Hosts::of(self.address()?);
        let app = router(self.site)
            .layer(axum::middleware::map_response(forbid_scripts))
            .layer(axum::middleware::from_fn_with_state(hosts, only_known_hosts));
        Ok(axum::serve(self.listener, app).with_graceful_shutdown(end).await?)
    }
}

fn router(site: Arc<Site>) -> Router {
    Router::new()
        .route("/", get(list))
        .route("/compare", get(compare))
        .route("/runs/{run}", get(run))
        .route("/runs/{run}/live", get(live))
        .route("/runs/{run}/archive.zip", get(archive))
        .route("/runs/{run}/files/{*path}", get(file))
        // Browsers ask for it by themselves.
        .route("/favicon.ico", get(async || StatusCode::NO_CONTENT))
        .fallback(async || missing("there is no such page"))
        .with_state(site)
}

async fn list(State(site): Shared, Query(asked): Query<list::Asked>) -> Result<Response, Refused> {
    let page = blocking(move || Ok(list::page(&site.shelf.entries(), &asked))).await?;
    Ok(page_answer(&page))
}

async fn run(State(site): Shared, PathOf(name): PathOf<String>) -> Result<Response, Refused> {
    let page = blocking(move || {
        let entry = site.shelf.entry(&name).ok_or_else(|| missing("there is no such run"))?;
        let files = site.shelf.files(&name);
        Ok(run_page::page(&entry, &files, entry.result().as_ref()))
    });
    Ok(page_answer(&page.await?))
}

async fn live(State(site): Shared, PathOf(name): PathOf<String>) -> Result<Response, Refused> {
    let told = blocking(move || {
        let entry = site.shelf.entry(&name).ok_or_else(|| missing("there is no such run"))?;
        let mut followers = site.followers.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(live::told(&entry, &site.shelf, &mut followers))
    });
    Ok(json_answer(&told.await?))
}

async fn compare(
    State(site): Shared,
    Query(asked): Query<Vec<(String, String)>>,
) -> Result<Response, Refused> {
    let names: Vec<String> =
        asked.into_iter().filter(|(name, _)| name == "run").map(|(_, run)| run).collect();
    let [left, right] = <[String; 2]>::try_from(names).map_err(|names| {
        let found = names.len();
        (StatusCode::BAD_REQUEST, format!("{found} runs are chosen; expected two to compare"))
    })?;
    let page = blocking(move || {
        let entry = |name: &str| {
            site.shelf.entry(name).ok_or_else(|| missing("one of the runs is not there"))
        };
        Ok(compare::page(&entry(&left)?, &entry(&right)?))
    });
    Ok(page_answer(&page.await?))
}

async fn archive(State(site): Shared, PathOf(name): PathOf<String>) -> Result<Response, Refused> {
    let known = Arc::clone(&site);
    let asked = name.clone();
    let is_there = blocking(move || Ok(known.shelf.entry(&asked).is_some())).await?;
    if !is_there {
        return Err(missing("there is no such run"));
    }
    Ok(archive::answer(site, name))
}

async fn file(
    State(site): Shared,
    PathOf((name, path)): PathOf<(String, String)>,
) -> Result<Response, Refused> {
    let found = blocking(move || {
        let open = site.shelf.open_file(&name, &path);
        open.ok_or_else(|| missing("there is no such file in the store")).map(|open| (open, path))
    });
    let (open, path) = found.await?;
    answer::file_answer(open, &path).await
}

fn missing(why: &str) -> Refused {
    (StatusCode::NOT_FOUND, why.to_owned())
}

/// Does what waits for the disk where it holds nobody up.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Refused> + Send + 'static,
) -> Result<T, Refused> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|_| {
        Err((StatusCode::INTERNAL_SERVER_ERROR, "this is a bug in quorate".to_owned()))
    })
}

/// Parameters of an address, with all that is special in them written so that it is not.
fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// Where a run is on the site.
fn address_of(run: &str) -> String {
    format!("/runs/{}", encoded(run))
}

/// How often each of these comes, by name.
fn counted_by<'a>(names: impl Iterator<Item = &'a str>) -> BTreeMap<&'a str, usize> {
    let mut counts = BTreeMap::new();
    for name in names {
        *counts.entry(name).or_default() += 1;
    }
    counts
}
