//! Campaigns whose parts stand in object storage.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::Shell;

const PATIENCE: Duration = Duration::from_secs(60);

/// A server of object storage, which ends with this.
struct Storage {
    server: Child,
    port: u16,
}

impl Drop for Storage {
    fn drop(&mut self) {
        self.server.kill().expect("it runs");
        self.server.wait().expect("it ends");
    }
}

impl Storage {
    /// `None`, which is said, where there is none.
    fn start(shell: &Shell) -> Option<Self> {
        let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("bound");
        let port = port.port();
        let mut command = Command::new("moto_server");
        command.args(["-H", "127.0.0.1", "-p", &port.to_string()]).current_dir(shell.path(""));
        let log = fs::File::create(shell.path("moto.log")).expect("it is writable");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let Ok(server) = command.spawn() else {
            eprintln!("skipped: needs moto_server (pip install 'moto[server]')");
            return None;
        };
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < deadline, "it does not listen");
            sleep(Duration::from_millis(20));
        }
        Some(Self { server, port })
    }

    /// Makes a bucket, or puts something into one.
    fn put(&self, path: &str, body: &[u8]) {
        let mut connection = TcpStream::connect(("127.0.0.1", self.port)).expect("it listens");
        let length = body.len();
        write!(
            connection,
            "PUT /{path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Length: {length}\r\n\
             Connection: close\r\n\r\n",
            self.port
        )
        .and_then(|()| connection.write_all(body))
        .expect("it listens");
        let mut answer = String::new();
        connection.read_to_string(&mut answer).expect("it answers");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    fn put_all(&self, dir: &Path, prefix: &str) {
        for entry in fs::read_dir(dir).expect("it is readable") {
            let path = entry.expect("it is readable").path();
            let key = format!("{prefix}/{}", path.file_name().expect("a name").to_string_lossy());
            if path.is_dir() {
                self.put_all(&path, &key);
            } else {
                self.put(&key, &fs::read(&path).expect("it is readable"));
            }
        }
    }

    fn merge(&self, shell: &Shell, arguments: &str) -> super::shell::Called {
        let mut command = shell.command(&format!("merge {arguments}"));
        command.env("AWS_ENDPOINT", format!("http://127.0.0.1:{}", self.port));
        command.env("AWS_ALLOW_HTTP", "true").env("AWS_REGION", "us-east-1");
        command.env("AWS_ACCESS_KEY_ID", "key").env("AWS_SECRET_ACCESS_KEY", "secret");
        let output = command.output().expect("it starts");
        let text = |bytes| String::from_utf8(bytes).expect("it prints text");
        super::shell::Called {
            code: output.status.code(),
            out: text(output.stdout),
            err: text(output.stderr),
        }
    }
}

#[test]
fn parts_in_object_storage_are_merged_like_directories() {
    let shell = Shell::new();
    let Some(storage) = Storage::start(&shell) else { return };
    storage.put("campaigns", b"");
    for part in [1, 2] {
        let torture = format!("torture --runs 8 --ops 60 --quiet --seed-from 0x7 --store p{part}");
        shell.quorate(&format!("{torture} --shard {part}/2")).ends(0);
        storage.put_all(&shell.path(&format!("p{part}")), &format!("campaigns/night/part-{part}"));
    }
    let here = shell.quorate("merge p1 p2 --into here --json").ends(0).json();
    let parts = "s3://campaigns/night/part-1 s3://campaigns/night/part-2";
    let there = storage.merge(&shell, &format!("{parts} --into there --json")).ends(0).json();
    assert_eq!(there["trials"], 8);
    assert_eq!(there, here);
    let read = |store: &str| fs::read(shell.path(&format!("{store}/rows.jsonl"))).expect("rows");
    assert_eq!(read("there"), read("here"));
    let nothing = storage.merge(&shell, "s3://campaigns/day --into day").ends(254);
    assert!(nothing.err.contains("cannot read s3://campaigns/day"), "{}", nothing.err);
    assert!(nothing.err.contains("nothing is there; expected what"), "{}", nothing.err);
}

#[test]
fn urls_that_are_none_are_refused() {
    let shell = Shell::new();
    for url in ["s3://", "://x", "nowhere://bucket/x"] {
        let refused = shell.quorate(&format!("merge {url} --into x")).ends(254);
        assert!(refused.err.contains(&format!("cannot read {url}")), "{}", refused.err);
    }
}
