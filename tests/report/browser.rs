//! A browser without a window, driven through the WebDriver protocol.

use std::env;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fantoccini::actions::{InputSource, MOUSE_BUTTON_LEFT, MouseActions, PointerAction};
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

/// How a page is looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    /// What it is called.
    pub(crate) name: &'static str,
    width: u32,
    height: u32,
    scheme: &'static str,
}

impl Look {
    /// The same, as wide as this.
    pub(crate) fn of_width(self, width: u32) -> Self {
        Self { width, ..self }
    }
}

/// Light and dark, on a desk and on a phone.
pub(crate) const LOOKS: [Look; 4] = [
    Look { name: "light-wide", width: 1280, height: 900, scheme: "light" },
    Look { name: "dark-wide", width: 1280, height: 900, scheme: "dark" },
    Look { name: "light-phone", width: 390, height: 844, scheme: "light" },
    Look { name: "dark-phone", width: 390, height: 844, scheme: "dark" },
];

/// A browser and its driver, which end with it.
pub(crate) struct Browser {
    _driver: Driver,
    /// What it is driven by.
    pub(crate) client: Client,
    _profile: tempfile::TempDir,
}

/// The driver, which takes its browser with it when it is asked to end.
struct Driver(Child);

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}

/// A command that only Chromium's driver knows.
#[derive(Debug)]
struct ChromiumCommand {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for ChromiumCommand {
    fn endpoint(
        &self,
        base_url: &url::Url,
        session_id: Option<&str>,
    ) -> Result<url::Url, url::ParseError> {
        base_url.join(&format!("session/{}/{}", session_id.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(self.body.to_string()))
    }
}

/// Where the first of these programs that is installed is.
fn installed(names: &[&str]) -> Option<PathBuf> {
    let directories: Vec<PathBuf> = env::split_paths(&env::var_os("PATH")?).collect();
    let places = names.iter().flat_map(|name| directories.iter().map(move |dir| dir.join(name)));
    places.into_iter().find(|path| path.is_file())
}

impl Browser {
    /// Starts a browser; `None`, and a line that says so, where there is none.
    pub(crate) async fn start() -> Option<Self> {
        let chromium = installed(&["chromium", "chromium-browser", "google-chrome"]);
        let (Some(chromium), Some(driver)) = (chromium, installed(&["chromedriver"])) else {
            println!("skipped: needs chromium and chromedriver");
            return None;
        };
        let driver = Command::new(driver)
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the driver starts");
        let mut driver = Driver(driver);
        let out = BufReader::new(driver.0.stdout.take().expect("it is piped"));
        let port = out.lines().map_while(Result::ok).find_map(|line| port(&line));
        let port = port.expect("the driver names its port");
        let profile = tempfile::tempdir().expect("a temporary directory");
        let mut builder = ClientBuilder::new(HttpConnector::new());
        let client = builder
            .capabilities(capabilities(&chromium, profile.path()))
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .expect("the browser starts");
        Some(Self { _driver: driver, client, _profile: profile })
    }

    /// Opens a page from disk and waits until it has drawn itself. Returns how long that took.
    pub(crate) async fn open(&self, page: &Path) -> Duration {
        let begun = Instant::now();
        let url = url::Url::from_file_path(page).expect("an absolute path");
        self.client.goto(url.as_str()).await.expect("the page opens");
        self.client.wait().for_element(Locator::Css("footer")).await.expect("it draws itself");
        begun.elapsed()
    }

    /// Goes to an address.
    pub(crate) async fn visit(&self, url: &str) {
        self.client.goto(url).await.expect("the page opens");
    }

    /// Looks at pages like this from now on.
    pub(crate) async fn look(&self, look: Look) {
        let Look { width, height, scheme, .. } = look;
        let metrics = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600
        });
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
        // They take room while a page is measured, and none on its picture.
        self.devtools("Emulation.setScrollbarsHidden", json!({ "hidden": true })).await;
        let feature = json!({ "name": "prefers-color-scheme", "value": scheme });
        self.devtools("Emulation.setEmulatedMedia", json!({ "features": [feature] })).await;
    }

    /// The whole page as a PNG file.
    pub(crate) async fn screenshot(&self, path: &Path) {
        let options = json!({ "format": "png", "captureBeyondViewport": true });
        let shot = self.devtools("Page.captureScreenshot", options).await;
        std::fs::write(path, png(&shot)).expect("it is writable");
    }

    /// Some elements of the page, with what is between them and a little around, as a PNG file.
    pub(crate) async fn screenshot_of(&self, css: &str, path: &Path) {
        let around = format!(
            "(() => {{ const all = [...document.querySelectorAll('{css}')].map(one => one.getBoundingClientRect()); \
             const x = Math.max(Math.min(...all.map(one => one.left)) - 8, 0); \
             const y = Math.min(...all.map(one => one.top)) + scrollY - 8; \
             return {{ x, y, width: Math.max(...all.map(one => one.right)) + 8 - x, \
             height: Math.max(...all.map(one => one.bottom)) + scrollY + 8 - y, scale: 1 }}; }})()"
        );
        let clip = self.value(&around).await;
        let options = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
        let shot = self.devtools("Page.captureScreenshot", options).await;
        std::fs::write(path, png(&shot)).expect("it is writable");
    }

    /// What the page wrote on the console, errors and warnings included, since it was asked last.
    pub(crate) async fn console(&self) -> Vec<String> {
        let command = ChromiumCommand { path: "se/log", body: json!({ "type": "browser" }) };
        let entries = self.client.issue_cmd(command).await.expect("there is a log");
        let entries = entries.as_array().expect("a list").clone();
        entries.iter().map(ToString::to_string).collect()
    }

    /// The text of an element.
    pub(crate) async fn text(&self, css: &str) -> String {
        let element = self.client.find(Locator::Css(css)).await.expect(css);
        element.text().await.expect("it has text")
    }

    /// Clicks an element, as a hand would.
    pub(crate) async fn click(&self, css: &str) {
        let element = self.client.find(Locator::Css(css)).await.expect(css);
        element.click().await.expect("it can be clicked");
    }

    /// Types into an element.
    pub(crate) async fn type_into(&self, css: &str, text: &str) {
        let element = self.client.find(Locator::Css(css)).await.expect(css);
        element.send_keys(text).await.expect("it takes keys");
    }

    /// Types into an emptied element.
    pub(crate) async fn type_anew(&self, css: &str, text: &str) {
        let element = self.client.find(Locator::Css(css)).await.expect(css);
        element.clear().await.expect("it can be emptied");
        element.send_keys(text).await.expect("it takes keys");
    }

    /// Chooses from a list.
    pub(crate) async fn select(&self, css: &str, value: &str) {
        let element = self.client.find(Locator::Css(css)).await.expect(css);
        element.select_by_value(value).await.expect("it can be chosen");
    }

    /// Moves the mouse over an element, so far from its middle, and clicks if asked to.
    pub(crate) async fn point(&self, css: &str, (x, y): (f64, f64), clicks: bool) {
        let element = self.client.find(Locator::Css(css)).await.expect(css);
        let to = PointerAction::MoveToElement { element, duration: None, x, y };
        let mut actions = MouseActions::new("mouse".to_owned()).then(to);
        if clicks {
            let button = MOUSE_BUTTON_LEFT;
            actions =
                actions.then(PointerAction::Down { button }).then(PointerAction::Up { button });
        }
        self.client.perform_actions(actions).await.expect("the mouse moves");
    }

    /// What an expression of JavaScript comes to on the page.
    pub(crate) async fn value(&self, expression: &str) -> Value {
        let script = format!("return {expression}");
        self.client.execute(&script, Vec::new()).await.expect("it can be evaluated")
    }

    /// Waits, for a minute at most, until an expression is true.
    pub(crate) async fn until(&self, expression: &str) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while self.value(expression).await != json!(true) {
            assert!(Instant::now() < deadline, "it never came to: {expression}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Ends the session. The browser ends with it, the driver with the value.
    pub(crate) async fn close(self) {
        self.client.clone().close().await.expect("the session ends");
    }

    async fn devtools(&self, command: &str, parameters: Value) -> Value {
        let body = json!({ "cmd": command, "params": parameters });
        let command = ChromiumCommand { path: "goog/cdp/execute", body };
        self.client.issue_cmd(command).await.expect("the browser does as it is told")
    }
}

fn port(line: &str) -> Option<u16> {
    line.split("successfully on port ").nth(1)?.trim_end_matches('.').trim().parse().ok()
}

fn capabilities(chromium: &Path, profile: &Path) -> fantoccini::wd::Capabilities {
    let profile = format!("--user-data-dir={}", profile.display());
    let options = [
        "--headless",
        // Chromium refuses to run as root with its sandbox; what it opens here is our own.
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        &profile,
    ];
    let capabilities = json!({
        "browserName": "chrome",
        "goog:chromeOptions": { "args": options, "binary": chromium },
        "goog:loggingPrefs": { "browser": "ALL" },
    });
    capabilities.as_object().expect("it is one").clone()
}

/// The bytes of a screenshot, which comes in base64.
fn png(shot: &Value) -> Vec<u8> {
    use base64::Engine as _;
    let data = shot["data"].as_str().expect("there is a picture");
    base64::engine::general_purpose::STANDARD.decode(data).expect("it is base64")
}
