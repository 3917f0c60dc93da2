//! What must not work.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use super::{Reports, Site, runs};

const SECRET: &str = "nobody reads this through the site";

/// A store with a run, a secret beside it, and links that lead to the secret.
fn store_with_links() -> (Reports, String) {
    let reports = Reports::new();
    reports.of_run("store", "--seed 1 --ops 100");
    let run = runs(&reports, "store").remove(0);
    fs::write(reports.path("secret.txt"), SECRET).expect("it is writable");
    fs::create_dir(reports.path("outside")).expect("it can be made");
    for name in ["run.json", "verdict.json"] {
        fs::write(reports.path(&format!("outside/{name}")), SECRET).expect("it is writable");
    }
    let link = |to: &str, at: &str| {
        symlink(reports.path(to), reports.path(&format!("store/{at}"))).expect("a link");
    };
    link("secret.txt", &format!("{run}/link.txt"));
    link("", &format!("{run}/up"));
    link("outside", "linked-run");
    fs::create_dir(reports.path("store/half")).expect("it can be made");
    link("outside/run.json", "half/run.json");
    // A name with a dot in front is nobody's to see.
    fs::write(reports.path(&format!("store/{run}/.hidden")), SECRET).expect("it is writable");
    (reports, run)
}

#[test]
fn no_path_leads_out_of_the_store() {
    let (reports, run) = store_with_links();
    let site = Site::of(&reports, "store");
    assert_eq!(site.get(&format!("/runs/{run}/files/run.json")).status, 200);
    let files = format!("/runs/{run}/files");
    for path in [
        "/../secret.txt",
        "/runs/../../secret.txt",
        "/runs/..%2f..%2fsecret.txt",
        "/runs/../files/secret.txt",
        "/runs/%2e%2e/files/secret.txt",
        "/runs/./files/secret.txt",
        &format!("{files}/../../secret.txt"),
        &format!("{files}/%2e%2e/%2e%2e/secret.txt"),
        &format!("{files}/..%2f..%2f..%2fsecret.txt"),
        &format!("{files}/..%5c..%5csecret.txt"),
        &format!("{files}//etc/passwd"),
        &format!("{files}/%2fetc%2fpasswd"),
        &format!("{files}/run.json%00.txt"),
        &format!("{files}/plots"),
        &format!("{files}/plots/"),
        &format!("{files}/.hidden"),
        &format!("{files}/link.txt"),
        &format!("{files}/up/secret.txt"),
        "/runs/linked-run",
        "/runs/linked-run/files/run.json",
        "/runs/linked-run/archive.zip",
        "/runs/half",
        "/runs/half/files/run.json",
        "/runs/%ff%fe/files/run.json",
        "/runs//files/run.json",
        "/secret.txt",
    ] {
        let answer = site.get(path);
        assert!([400, 404].contains(&answer.status), "{path}: {}", answer.status);
        assert!(!answer.text().contains(SECRET), "{path}");
    }
    // Neither are they listed, nor in the archive.
    for page in ["/".to_owned(), format!("/runs/{run}")] {
        let text = site.get(&page).text();
        for name in ["linked-run", "half", "link.txt", "secret", SECRET] {
            assert!(!text.contains(name), "{name} in {page}");
        }
    }
    let archive = site.get(&format!("/runs/{run}/archive.zip")).body;
    let archive = zip::ZipArchive::new(std::io::Cursor::new(archive)).expect("an archive");
    for name in archive.file_names() {
        let name = name.expect("it is text");
        assert!(!name.contains("link") && !name.contains("up/"), "{name}");
    }
}

#[test]
fn it_only_reads_and_answers_only_this_machine() {
    let (reports, run) = store_with_links();
    let mut site = Site::of(&reports, "store");
    let host = site.address.clone();
    for method in ["POST", "PUT", "DELETE", "PATCH"] {
        let path = format!("/runs/{run}/files/run.json");
        let answer =
            site.ask(&format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\n"));
        assert_eq!(answer.status, 405, "{method}");
    }
    for name in ["evil.example", "localhost.evil.example", "10.0.0.1", "127.0.0.1.evil.example:80"]
    {
        let answer = site.ask(&format!("GET / HTTP/1.1\r\nHost: {name}\r\n"));
        assert_eq!(answer.status, 403, "{name}");
        assert!(!answer.text().contains(&run), "{name}");
    }
    for name in ["localhost:1", "127.0.0.1", "[::1]:80"] {
        assert_eq!(site.ask(&format!("GET / HTTP/1.1\r\nHost: {name}\r\n")).status, 200, "{name}");
    }
    let interrupted = Command::new("kill").args(["-INT", &site.process.id().to_string()]).status();
    assert!(interrupted.expect("it is there").success());
    assert_eq!(
        site.process.wait().expect("it ends").code(),
        Some(0),
        "Ctrl-C ends it in good order"
    );
}

#[test]
fn hostile_runs_are_text_and_their_scripts_never_run() {
    const NAME: &str = "<img src=x onerror=alert(1)>\"'&\u{202e}";
    let (reports, run) = store_with_links();
    let mine = |file: &str| reports.path(&format!("store/{run}/{file}"));
    let theirs = |file: &str| reports.path("store").join(NAME).join(file);
    fs::create_dir(reports.path("store").join(NAME)).expect("it can be made");
    fs::copy(mine("run.json"), theirs("run.json")).expect("it can be copied");
    let verdict = fs::read_to_string(mine("verdict.json")).expect("it is readable");
    let verdict = verdict.replace("\"majority-abd\"", "\"<script>alert(2)</script>\"");
    fs::write(theirs("verdict.json"), verdict.replace("\"kept\"", "\"<b>kept\""))
        .expect("it is writable");
    let workload = fs::read_to_string(mine("workload.toml")).expect("it is readable");
    fs::write(theirs("workload.toml"), workload.replace("\"n1\"", "'<script>3'"))
        .expect("it is writable");
    fs::write(theirs("report.html"), "<script>alert(4)</script>").expect("it is writable");
    fs::write(theirs("<b>.html"), "<script>alert(5)</script>").expect("it is writable");
    fs::write(theirs("a.svg"), "<svg xmlns='http://www.w3.org/2000/svg'><script>6</script></svg>")
        .expect("it is writable");
    let site = Site::of(&reports, "store");
    let name = percent_encoding::utf8_percent_encode(NAME, percent_encoding::NON_ALPHANUMERIC);
    for page in ["/".to_owned(), format!("/runs/{name}"), format!("/compare?run={name}&run={run}")]
    {
        let answer = site.get(&page);
        assert_eq!(answer.status, 200, "{page}");
        // What is chosen is sent back as it is, and not looked at.
        let text = answer.text().replace("&amp;\u{202e}\" aria-label", "");
        for markup in ["<img src=x", "<script", "<b>", "\u{202e}", "onerror=alert(1)>\""] {
            assert!(!text.contains(markup), "{markup} in {page}: {text}");
        }
        let shown = ["&lt;script&gt;alert(2)", "&lt;img src=x onerror"];
        assert!(
            shown.iter().any(|hostile| text.contains(hostile)),
            "{page} shows it as text: {text}"
        );
        assert!(answer.head.contains("script-src 'none'"), "{page}: {}", answer.head);
    }
    for (file, status) in
        [("report.html", 409), ("%3Cb%3E.html", 409), ("a.svg", 200), ("verdict.json", 200)]
    {
        let answer = site.get(&format!("/runs/{name}/files/{file}"));
        assert_eq!(answer.status, status, "{file}");
        assert!(
            answer.head.contains("content-security-policy: default-src 'none'"),
            "{file}: {}",
            answer.head
        );
        assert!(!answer.head.contains("script-src"), "{file}: {}", answer.head);
        assert!(answer.head.contains("x-content-type-options: nosniff"), "{file}: {}", answer.head);
    }
}
