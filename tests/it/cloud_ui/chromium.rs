//! Chromium, without a window: a person signs in at the provider's page, lands in the catalogue, searches and signs out.
//!
//! It is driven by its own protocol over two pipes (`--remote-debugging-pipe`): JSON texts with a zero byte between, so
//! that no further crate is needed. It trusts the test's authority by its public key and finds the hosts by an override.
//! Where Chromium is missing the test says so and passes, unless `TOUCHSTONE_REQUIRE` names `chromium`.

use std::{
    io::{self, BufRead as _, BufReader, Write as _},
    path::PathBuf,
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    time::Duration,
};

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{Rig, UI};

/// A page that takes longer is not coming.
const PATIENCE: Duration = Duration::from_mins(1);

pub(crate) struct Chromium {
    child: Child,
    to: ChildStdin,
    from: Receiver<Value>,
    /// The protocol's session with the one tab.
    session: Option<String>,
    last: u64,
    profile: PathBuf,
    /// What the browser complained of: a violated policy, a resource that did not come.
    complaints: Vec<String>,
}

impl Chromium {
    /// The browser, if there is one. Where it is not, that is said, unless the machine must have it.
    #[expect(clippy::disallowed_methods, reason = "a switch of the tests, not of the program")]
    pub(crate) fn find() -> Option<&'static str> {
        let found = ["chromium", "chromium-browser", "google-chrome"].into_iter().find(|name| {
            Command::new(name).arg("--version").output().is_ok_and(|output| output.status.success())
        });
        if found.is_none() {
            let required = std::env::var("TOUCHSTONE_REQUIRE").unwrap_or_default();
            assert!(!required.split(',').any(|name| name.trim() == "chromium"), "chromium is not there");
            writeln!(io::stderr(), "did not run: the Cloud UI in a browser: chromium is not there").unwrap();
        }
        found
    }

    /// One that finds the hosts as the rules say, and trusts the authority with this public key.
    pub(crate) fn start(program: &str, name: &str, rules: &str, pin: &str) -> Self {
        let profile = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("chromium-{name}-{}", std::process::id()));
        // The protocol's pipes are the descriptors 3 and 4, which the shell makes of its input and output.
        let mut child = Command::new("sh")
            .args(["-c", "exec \"$0\" \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1", program])
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"])
            .args([
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-dev-shm-usage",
            ])
            .arg("--remote-debugging-pipe")
            .arg(format!("--user-data-dir={}", profile.display()))
            .arg(format!("--ignore-certificate-errors-spki-list={pin}"))
            .arg(format!("--host-resolver-rules={rules}"))
            .arg("about:blank")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let to = child.stdin.take().unwrap();
        let mut messages = BufReader::new(child.stdout.take().unwrap()).split(0);
        let (sender, from) = channel();
        std::thread::spawn(move || {
            while let Some(Ok(message)) = messages.next() {
                if sender.send(serde_json::from_slice(&message).unwrap()).is_err() {
                    break;
                }
            }
        });
        let mut browser = Self { child, to, from, session: None, last: 0, profile, complaints: Vec::new() };
        let target = browser.call("Target.createTarget", &json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let session = browser.call("Target.attachToTarget", &attach);
        browser.session = Some(session["sessionId"].as_str().unwrap().to_owned());
        browser.call("Page.enable", &json!({}));
        browser.call("Log.enable", &json!({}));
        browser
    }

    /// Sends a command and waits for its result.
    fn call(&mut self, method: &str, params: &Value) -> Value {
        self.last += 1;
        let id = self.last;
        let mut message = json!({ "id": id, "method": method, "params": params });
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.to.write_all(&bytes).unwrap();
        let answer = self.wait_for(|message| message["id"] == id);
        assert!(answer["error"].is_null(), "{method}: {answer}");
        answer["result"].clone()
    }

    fn wait_for(&mut self, is_it: impl Fn(&Value) -> bool) -> Value {
        loop {
            let message = self.from.recv_timeout(PATIENCE).expect("Chromium answers");
            if message["method"] == "Log.entryAdded" && message["params"]["entry"]["level"] == "error" {
                self.complaints.push(message["params"]["entry"].to_string());
            }
            if is_it(&message) {
                return message;
            }
        }
    }

    /// Until the next page is there, after something that leads to one.
    fn wait_for_page(&mut self) {
        self.wait_for(|message| message["method"] == "Page.loadEventFired");
    }

    fn open(&mut self, url: &str) {
        self.call("Page.navigate", &json!({ "url": url }));
        self.wait_for_page();
    }

    /// The value of an expression in the page.
    fn read(&mut self, expression: &str) -> Value {
        let result =
            self.call("Runtime.evaluate", &json!({ "expression": expression, "returnByValue": true }));
        assert!(result["exceptionDetails"].is_null(), "{expression}: {result}");
        result["result"]["value"].clone()
    }

    pub(crate) fn text(&mut self) -> String {
        self.read("document.body.innerText").as_str().unwrap().to_owned()
    }

    pub(crate) fn address(&mut self) -> String {
        self.read("location.href").as_str().unwrap().to_owned()
    }

    /// Clicks in the middle of an element, as a mouse does.
    fn click(&mut self, selector: &str) {
        let place = self.read(&format!(
            "(() => {{ const r = document.querySelector({}).getBoundingClientRect(); \
             return {{ x: r.x + r.width / 2, y: r.y + r.height / 2 }} }})()",
            json!(selector)
        ));
        for kind in ["mousePressed", "mouseReleased"] {
            let event =
                json!({ "type": kind, "x": place["x"], "y": place["y"], "button": "left", "clickCount": 1 });
            self.call("Input.dispatchMouseEvent", &event);
        }
    }

    /// Types into a field.
    fn fill_in(&mut self, selector: &str, text: &str) {
        self.click(selector);
        self.call("Input.insertText", &json!({ "text": text }));
    }

    fn press_enter(&mut self) {
        let key = json!({ "type": "keyDown", "key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "text": "\r" });
        self.call("Input.dispatchKeyEvent", &key);
    }

    /// Ann, from the Cloud UI's first page by the provider's and back.
    pub(crate) fn sign_in(&mut self, ui: &str) {
        self.open(ui);
        assert!(self.text().contains("Sign in with your organization"), "{}", self.text());
        self.click("a.button");
        self.wait_for_page();
        let (address, text) = (self.address(), self.text());
        assert!(address.starts_with("https://acme.okta.com/"), "{address} {text}");
        self.fill_in("#username", "ann@acme.test");
        self.fill_in("#password", "ann-mock-password");
        self.press_enter();
        self.wait_for_page();
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.profile);
    }
}

/// The `SubjectPublicKeyInfo` of a certificate (RFC 5280 §4.1): the seventh part of its first part.
fn public_key(certificate: &[u8]) -> &[u8] {
    let certificate = content(certificate);
    let mut rest = content(certificate);
    // Version, serial number, signature, issuer, validity, subject.
    for _ in 0..6 {
        rest = &rest[length(rest)..];
    }
    &rest[..length(rest)]
}

/// What is inside the first element (X.690 §8.1).
fn content(der: &[u8]) -> &[u8] {
    &der[header(der)..length(der)]
}

fn header(der: &[u8]) -> usize {
    if der[1] < 0x80 { 2 } else { 2 + usize::from(der[1] & 0x7f) }
}

/// The length of the first element with its header.
fn length(der: &[u8]) -> usize {
    let header = header(der);
    let content = if der[1] < 0x80 {
        usize::from(der[1])
    } else {
        der[2..header].iter().fold(0, |length, byte| length << 8 | usize::from(*byte))
    };
    header + content
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_signs_in_searches_and_signs_out() {
    let Some(program) = Chromium::find() else { return };
    let rig = Rig::start();
    tokio::task::spawn_blocking(move || visit(program, &rig)).await.unwrap();
}

fn visit(program: &str, rig: &Rig) {
    let _quiet = crate::containers::quiet();
    let rules: Vec<_> = rig.names.iter().map(|(host, address)| format!("MAP {host}:443 {address}")).collect();
    let pin = STANDARD.encode(digest(&SHA256, public_key(&rig.authority.certificate())));
    let mut browser = Chromium::start(program, "ui", &rules.join(", "), &pin);
    browser.sign_in(UI);
    assert_eq!(browser.address(), format!("{UI}/servers"), "{}", browser.text());
    let text = browser.text();
    assert!(text.contains("GitHub") && text.contains("Ann Archer"), "{text}");
    assert_eq!(browser.read("document.cookie"), "", "no script could read the session");
    let cookies = browser.call("Network.getCookies", &json!({ "urls": [UI] }));
    let session = &cookies["cookies"][0];
    assert_eq!(cookies["cookies"].as_array().unwrap().len(), 1, "{cookies}");
    assert_eq!(session["name"], "__Host-session");
    assert!(
        session["httpOnly"] == true && session["secure"] == true && session["sameSite"] == "Lax",
        "{session}"
    );
    // The style sheet is in force, and nothing is wider than the window.
    assert_eq!(browser.read("getComputedStyle(document.querySelector('.card')).borderRadius"), "12px");
    for width in [360, 768, 1280] {
        let metrics = json!({ "width": width, "height": 800, "deviceScaleFactor": 1, "mobile": false });
        browser.call("Emulation.setDeviceMetricsOverride", &metrics);
        let widths =
            browser.read("[document.documentElement.scrollWidth, document.documentElement.clientWidth]");
        assert_eq!(widths[0], widths[1], "at {width}");
    }
    browser.fill_in("#search", "fetch");
    browser.press_enter();
    browser.wait_for_page();
    let text = browser.text();
    assert!(text.contains("Fetch") && !text.contains("GitHub"), "{text}");
    browser.click(".grid h2 a");
    browser.wait_for_page();
    assert!(browser.text().contains("io.github.example/fetch"), "{}", browser.text());
    // The form comes with our Origin, and may go on at the provider.
    browser.click("header form button");
    browser.wait_for_page();
    assert!(
        browser.address().starts_with("https://acme.okta.com/"),
        "{} {}",
        browser.address(),
        browser.text()
    );
    assert!(browser.text().contains("You are signed out"), "{}", browser.text());
    browser.open(&format!("{UI}/servers"));
    assert_eq!(browser.address(), format!("{UI}/"), "the session has ended");
    assert!(browser.complaints.is_empty(), "{:?}", browser.complaints);
}
