//! Stores that stand in object storage, brought here: `s3://`, `gs://`, `az://` and the other URLs of the
//! [object_store] crate, which takes keys and endpoints from the environment, as the tools of the provider do.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use object_store::path::Path as Key;
use object_store::{ObjectStore, ObjectStoreExt, parse_url_opts};
use tempfile::TempDir;
use tokio::runtime;
use url::Url;

/// A store as a directory.
pub(super) struct Store {
    path: PathBuf,
    /// Goes with this, if the store was brought here.
    _brought: Option<TempDir>,
}

impl Store {
    /// A store by its directory, or by its URL: then what is in there is brought here.
    pub(super) fn open(name: &str) -> Result<Self> {
        if !name.contains("://") {
            return Ok(Self { path: name.into(), _brought: None });
        }
        let dir = tempfile::tempdir().context("no temporary directory")?;
        bring(name, dir.path()).with_context(|| format!("cannot read {name}"))?;
        Ok(Self { path: dir.path().to_owned(), _brought: Some(dir) })
    }

    /// The directory.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// Copies the files of a store, and those of its directories, into a directory.
fn bring(name: &str, into: &Path) -> Result<()> {
    // The crate has no code of its own for keys and secrets; whoever is first in the process decides.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let url = Url::parse(name).map_err(|error| {
        anyhow!("{error}; expected a directory, or a URL such as s3://bucket/campaign/part-1")
    })?;
    let (bucket, prefix) = parse_url_opts(&url, std::env::vars())?;
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listed = bucket.list_with_delimiter(Some(&prefix)).await?;
        if listed.objects.is_empty() {
            bail!("nothing is there; expected what `quorate torture --store` has written");
        }
        copy(&*bucket, listed.objects.into_iter().map(|object| object.location), into).await?;
        for prefix in listed.common_prefixes {
            let dir = into.join(prefix.filename().unwrap_or_default());
            let listed = bucket.list_with_delimiter(Some(&prefix)).await?;
            copy(&*bucket, listed.objects.into_iter().map(|object| object.location), &dir).await?;
        }
        Ok(())
    })
}

async fn copy(
    bucket: &dyn ObjectStore,
    keys: impl Iterator<Item = Key>,
    into: &Path,
) -> Result<()> {
    fs::create_dir_all(into).with_context(|| format!("cannot make {}", into.display()))?;
    for key in keys {
        let bytes = bucket.get(&key).await?.bytes().await?;
        let file = into.join(key.filename().unwrap_or_default());
        fs::write(&file, bytes).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}
