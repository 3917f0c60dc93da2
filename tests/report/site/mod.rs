//! The site over a store: over bare connections, as somebody would who means no good, and in a browser.

mod attacks;
mod live;
mod pages;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::Reports;

/// A site, which ends with the value.
pub(super) struct Site {
    process: Child,
    /// As in `127.0.0.1:8017`.
    address: String,
}

/// What the site says to a request.
struct Answer {
    status: u16,
    /// In small letters.
    head: String,
    body: Vec<u8>,
}

impl Site {
    pub(super) fn of(reports: &Reports, store: &str) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_quorate"))
            .args(["serve", "--store", store, "--listen", "127.0.0.1:0", "--json"])
            .current_dir(reports.path(""))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let out = BufReader::new(process.stdout.take().expect("it is piped"));
        let lines = out.lines().map_while(Result::ok);
        let mut said = String::new();
        for line in lines {
            said += &line;
            if line == "}" {
                break;
            }
        }
        let said: Value = serde_json::from_str(&said).expect("it says where it is");
        let address = said["address"].as_str().expect("an address");
        let address = address.trim_start_matches("http://").trim_end_matches('/').to_owned();
        Self { process, address }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Asks for a path as it is, whatever is in it.
    fn get(&self, path: &str) -> Answer {
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: {}\r\n", self.address))
    }

    fn ask(&self, request: &str) -> Answer {
        let mut stream = TcpStream::connect(&self.address).expect("it listens");
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("it can be set");
        write!(stream, "{request}Connection: close\r\n\r\n").expect("it takes requests");
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).expect("it answers");
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
        let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
        let status = head.split(' ').nth(1).expect("a status").parse().expect("a number");
        let body = bytes[end + 4..].to_vec();
        let body = if head.contains("transfer-encoding: chunked") { joined(&body) } else { body };
        Answer { status, head, body }
    }
}

/// The chunks of a body as one.
fn joined(mut chunks: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let end = chunks.windows(2).position(|two| two == b"\r\n").expect("a length");
        let length = std::str::from_utf8(&chunks[..end]).expect("a number");
        let length = usize::from_str_radix(length, 16).expect("a number");
        if length == 0 {
            return body;
        }
        body.extend(&chunks[end + 2..][..length]);
        chunks = &chunks[end + 2 + length + 2..];
    }
}

impl Answer {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The names of the runs in a store.
pub(super) fn runs(reports: &Reports, store: &str) -> Vec<String> {
    let entries = std::fs::read_dir(reports.path(store)).expect("there is a store");
    let names = entries.map(|entry| entry.expect("it is readable").file_name());
    let mut names: Vec<String> = names.map(|name| name.into_string().expect("text")).collect();
    names.sort();
    names
}
