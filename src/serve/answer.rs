//! Answers, and what holds for all of them.

use std::fs::File;
use std::net::{IpAddr, SocketAddr};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
    HOST, HeaderName, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::uri::Authority;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::Value as Json;
use tokio_util::io::ReaderStream;

use super::{Refused, page};
use crate::report::policy;

/// Files larger than this are no reports.
const REPORT_BYTES_MAX: u64 = 64 << 20;

/// What holds unless an answer has a policy of its own: nothing is loaded, nothing runs.
const NOTHING: &str =
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// Pictures have styles of their own.
const PICTURE: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";

/// Under which names the site may be asked for, so that no page elsewhere can have a name of its own lead
/// here (DNS rebinding). Whoever listens to others has said so, and is asked for by any name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hosts {
    is_local: bool,
}

impl Hosts {
    pub(super) fn of(address: SocketAddr) -> Self {
        Self { is_local: address.ip().is_loopback() }
    }

    fn knows(self, host: &str) -> bool {
        if !self.is_local {
            return true;
        }
        let Ok(authority) = host.parse::<Authority>() else { return false };
        let name = authority.host();
        let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        name == "localhost" || address.is_ok_and(|address| address.is_loopback())
    }
}

/// Refuses requests under other names.
pub(super) async fn only_known_hosts(
    State(hosts): State<Hosts>,
    request: Request,
    next: Next,
) -> Response {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    if host.is_some_and(|host| hosts.knows(host)) {
        return next.run(request).await;
    }
    let why = "this site is for this machine: expected 127.0.0.1 or localhost in the address";
    forbid_scripts((StatusCode::FORBIDDEN, why).into_response()).await
}

/// What every answer says.
pub(super) async fn forbid_scripts(mut answer: Response) -> Response {
    let headers = answer.headers_mut();
    let mut say = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    say(CONTENT_SECURITY_POLICY, NOTHING);
    say(X_CONTENT_TYPE_OPTIONS, "nosniff");
    say(X_FRAME_OPTIONS, "DENY");
    say(REFERRER_POLICY, "no-referrer");
    say(CACHE_CONTROL, "no-store");
    say(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    answer
}

/// A page of the site.
pub(super) fn page_answer(page: &page::Page) -> Response {
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (CONTENT_SECURITY_POLICY, page.policy()),
    ];
    (headers, page.html()).into_response()
}

pub(super) fn json_answer(document: &Json) -> Response {
    ([(CONTENT_TYPE, "application/json")], document.to_string()).into_response()
}

/// A file of a run. A browser shows pictures, text, and reports that this program has made; the rest it
/// saves.
pub(super) async fn file_answer(file: File, path: &str) -> Result<Response, Refused> {
    let failed = |error: std::io::Error| (StatusCode::INTERNAL_SERVER_ERROR, error.to_string());
    let size = file.metadata().map_err(failed)?.len();
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    let (kind, policy) = match extension {
        "html" => return report_answer(file, size).await,
        "svg" => ("image/svg+xml", PICTURE),
        "png" => ("image/png", NOTHING),
        "json" => ("application/json", NOTHING),
        "jsonl" | "toml" | "log" | "txt" => ("text/plain; charset=utf-8", NOTHING),
        _ => ("application/octet-stream", NOTHING),
    };
    let body = Body::from_stream(ReaderStream::new(tokio::fs::File::from_std(file)));
    let headers = [(CONTENT_TYPE, kind), (CONTENT_SECURITY_POLICY, policy)];
    let mut answer = (headers, body).into_response();
    answer.headers_mut().insert(CONTENT_LENGTH, size.into());
    if kind == "application/octet-stream" {
        answer.headers_mut().insert(CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
    }
    Ok(answer)
}

/// A report under the policy of this program's reports, whatever is in the file: no other script runs.
async fn report_answer(file: File, size: u64) -> Result<Response, Refused> {
    let read = move || -> std::io::Result<String> {
        let mut text = String::new();
        std::io::Read::read_to_string(&mut { file }, &mut text)?;
        Ok(text)
    };
    let text = match size {
        0..=REPORT_BYTES_MAX => tokio::task::spawn_blocking(read).await.ok().and_then(Result::ok),
        _ => None,
    };
    let policy = policy();
    let Some(text) = text.filter(|text| text.contains(&policy)) else {
        let why = "this page was not made by this version of quorate, so its script does not run here; \
                   quorate report makes it again";
        return Err((StatusCode::CONFLICT, why.to_owned()));
    };
    let headers =
        [(CONTENT_TYPE, "text/html; charset=utf-8".to_owned()), (CONTENT_SECURITY_POLICY, policy)];
    Ok((headers, text).into_response())
}
