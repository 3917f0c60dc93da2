//! The pictures of the documentation are what their commands leave. Those that a browser takes differ with its
//! version and its fonts, so of them it is held that they are there, shown and small; what a page shows is
//! tested elsewhere.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::io::BufReader;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::browser::{Browser, LOOKS};
use super::looks;
use super::site::{Site, runs};
use super::{Reports, in_browser};

/// No picture is larger.
const BYTES_MAX: u64 = 200_000;
/// Pages are wide enough for these, and documentation shows them as they are.
const WIDTH: u32 = 1000;

/// Where the pictures are.
fn kept() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/pictures")
}

/// What the page beside them says about them.
fn about() -> String {
    fs::read_to_string(kept().join("README.md")).expect("it is readable")
}

/// The commands of a block of it, from 0.
fn commands(text: &str, block: usize) -> &str {
    let block = text.split("```sh\n").nth(block + 1).expect("there are commands");
    block.split("```").next().expect("they end")
}

/// Lets a shell run a block of commands among the workloads, with this program on its path.
fn perform(reports: &Reports, block: usize) {
    symlink(super::project("workloads"), reports.path("workloads")).expect("a link");
    let program = Path::new(env!("CARGO_BIN_EXE_quorate")).parent().expect("a directory");
    let path = format!("{}:{}", program.display(), env::var("PATH").expect("there is a PATH"));
    let mut shell = Command::new("sh");
    shell.args(["-e", "-c", commands(&about(), block)]).env("PATH", path);
    assert!(shell.current_dir(reports.path("")).status().expect("it starts").success());
}

/// The files of a directory that have this extension.
fn files(dir: &Path, extension: &str) -> BTreeSet<PathBuf> {
    let entries = fs::read_dir(dir).expect("it is readable");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths.filter(|path| path.extension().is_some_and(|found| found == extension)).collect()
}

fn names(paths: &BTreeSet<PathBuf>) -> BTreeSet<&str> {
    paths.iter().filter_map(|path| path.file_name()?.to_str()).collect()
}

#[test]
fn drawn_pictures_are_what_their_commands_leave() {
    let reports = Reports::new();
    perform(&reports, 0);
    let made = files(&reports.path(""), "svg");
    for path in &made {
        let name = path.file_name().expect("it has a name");
        let picture = fs::read_to_string(path).expect("it is readable");
        let kept = kept().join(name);
        if env::var_os("UPDATE_EXPECT").is_some() {
            fs::write(&kept, &picture).expect("it is writable");
        }
        let kept = fs::read_to_string(kept).unwrap_or_default();
        assert!(kept == picture, "{} is not what its command leaves", name.display());
    }
    assert_eq!(names(&made), names(&files(&kept(), "svg")), "every picture is made");
}

/// Width, height and pixels.
fn read(path: &Path) -> (u32, u32, Vec<u8>) {
    let file = fs::File::open(path).expect("it is there");
    let mut png = png::Decoder::new(BufReader::new(file)).read_info().expect("it is a PNG");
    let mut pixels = vec![0; png.output_buffer_size().expect("a size")];
    let frame = png.next_frame(&mut pixels).expect("it is whole");
    (frame.width, frame.height, pixels)
}

#[test]
fn all_pictures_are_shown_and_small() {
    let text = fs::read_to_string(super::project("docs/reports.md")).expect("it is readable");
    let pictures: BTreeSet<PathBuf> =
        ["svg", "png"].iter().flat_map(|kind| files(&kept(), kind)).collect();
    for path in &pictures {
        let name = path.file_name().expect("it has a name").to_string_lossy();
        assert!(text.contains(&format!("](pictures/{name})")), "{name} is not shown");
        let size = fs::metadata(path).expect("it is there").len();
        assert!(size < BYTES_MAX, "{name} has {size} bytes");
    }
    let links = text.split("](pictures/").skip(1).filter_map(|rest| rest.split(')').next());
    let shown: BTreeSet<&str> = links.filter(|name| *name != "README.md").collect();
    assert_eq!(shown, names(&pictures), "every picture that is shown is there");
    for path in files(&kept(), "png") {
        let name = path.file_name().expect("it has a name").to_string_lossy().into_owned();
        assert!(about().contains(&format!("`{name}`")), "nobody says what {name} is");
        let (width, height, pixels) = read(&path);
        assert!(width <= WIDTH && height <= 1600, "{name} is {width} x {height}");
        assert!(pixels.iter().any(|byte| *byte != pixels[0]), "{name} shows nothing");
    }
}

/// A run in progress, which is told to stop when it is dropped.
struct Going(Child);

impl Going {
    /// Begins what the last command of a block says.
    fn begin(reports: &Reports, block: usize) -> Self {
        let line = commands(&about(), block).trim().to_owned();
        let arguments = line.strip_prefix("quorate ").expect("it is this program").to_owned();
        let run = Command::new(env!("CARGO_BIN_EXE_quorate"))
            .args(arguments.split_whitespace())
            .current_dir(reports.path(""))
            .stdin(Stdio::null())
            .spawn();
        Self(run.expect("it starts"))
    }
}

impl Drop for Going {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-INT", &self.0.id().to_string()]).status();
        let _ = self.0.wait();
    }
}

/// The report of the only run in a store.
fn report(reports: &Reports, store: &str) -> PathBuf {
    reports.path(store).join(runs(reports, store).remove(0)).join("report.html")
}

#[test]
fn pictures_of_pages_are_taken_by_a_browser() {
    in_browser(async |browser| {
        let reports = Reports::new();
        perform(&reports, 1);
        browser.look(LOOKS[0].of_width(WIDTH)).await;
        let mut album = Album { browser, taken: BTreeSet::new() };
        of_violation(&mut album, &report(&reports, "stale")).await;
        of_whole_run(&mut album, &report(&reports, "kept")).await;
        of_two_runs(&mut album, &reports).await;
        of_live_run(&mut album, &reports).await;
        let kept = files(&kept(), "png");
        let taken: BTreeSet<&str> = album.taken.iter().map(String::as_str).collect();
        assert_eq!(taken, names(&kept), "every picture is taken");
    });
}

/// Takes pictures, and keeps them if it is told to.
struct Album<'b> {
    browser: &'b Browser,
    taken: BTreeSet<String>,
}

impl Album<'_> {
    /// Takes a picture of all elements of this kind.
    async fn take(&mut self, name: &str, css: &str) {
        let name = format!("{name}.png");
        let path = looks::album().join(&name);
        self.browser.screenshot_of(css, &path).await;
        let (width, _, pixels) = read(&path);
        assert!(width <= WIDTH && pixels.iter().any(|byte| *byte != pixels[0]), "{name}");
        if env::var_os("UPDATE_EXPECT").is_some() {
            fs::copy(&path, kept().join(&name)).expect("it is writable");
        }
        self.taken.insert(name);
    }
}

async fn open(browser: &Browser, page: &Path) {
    browser.open(page).await;
    browser.until("document.querySelector('#lanes').width > 0").await;
}

async fn of_violation(album: &mut Album<'_>, page: &Path) {
    open(album.browser, page).await;
    album.take("verdict", "#verdict").await;
    album.take("counterexample", "#counterexample").await;
    album.take("freshness", "#plot-staleness table").await;
    album.browser.click("#show-in-timeline").await;
    album.browser.until("document.querySelector('#step').value.startsWith('step 1 of ')").await;
    album.take("timeline", "#timeline").await;
}

async fn of_whole_run(album: &mut Album<'_>, page: &Path) {
    open(album.browser, page).await;
    album.take("whole-run", "#timeline .lanes, #timeline .legend").await;
    album.take("latency", "#plot-latency").await;
}

async fn of_two_runs(album: &mut Album<'_>, reports: &Reports) {
    let site = Site::of(reports, "both");
    let [first, second] = runs(reports, "both").try_into().expect("two");
    album.browser.visit(&site.url(&format!("/compare?run={first}&run={second}"))).await;
    album.browser.until("[...document.images].every(image => image.complete)").await;
    album.take("two-runs", "main > header, main > section:nth-of-type(-n + 2)").await;
}

/// The page of a run in progress, at a moment at which something is broken.
async fn of_live_run(album: &mut Album<'_>, reports: &Reports) {
    fs::create_dir(reports.path("live")).expect("it can be made");
    let site = Site::of(reports, "live");
    let _going = Going::begin(reports, 2);
    let browser = album.browser;
    let is_there = || {
        runs(reports, "live")
            .iter()
            .any(|run| reports.path("live").join(run).join("history.jsonl").exists())
    };
    let deadline = Instant::now() + Duration::from_secs(60);
    while !is_there() {
        assert!(Instant::now() < deadline, "it never begins");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    browser.visit(&site.url(&format!("/runs/{}", runs(reports, "live").remove(0)))).await;
    let live = |name: &str| format!("document.querySelector('[data-live={name}]').textContent");
    let is_on =
        format!("document.querySelector('progress').value > 100 && {} !== 'none'", live("faults"));
    browser.until(&is_on).await;
    album.take("live-page", "#live").await;
    // It would go on to ask a site that is gone.
    browser.visit("about:blank").await;
}
