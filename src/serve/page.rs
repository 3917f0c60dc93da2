//! What all pages of the site have in common. Text that is put into them is escaped by the library that
//! makes them, and made fit to be looked at here.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::shelf::{Entry, Standing};
use crate::report::{STYLE, fingerprint, fit};

/// The style of this site, beside what all pages have.
const OWN_STYLE: &str = include_str!("page.css");

/// A page.
pub(super) struct Page {
    title: String,
    body: Markup,
    script: &'static str,
}

impl Page {
    pub(super) fn new(title: &str, body: Markup) -> Self {
        Self { title: fit(title), body, script: "" }
    }

    /// With a script of our own.
    pub(super) fn with_script(self, script: &'static str) -> Self {
        Self { script, ..self }
    }

    /// What the page may do: its own style and its own script, pictures and figures of this site.
    pub(super) fn policy(&self) -> String {
        let script = match self.script {
            "" => "'none'".to_owned(),
            script => format!("'{}'", fingerprint(script)),
        };
        format!(
            "default-src 'none'; script-src {script}; style-src '{}'; img-src 'self'; connect-src 'self'; \
             form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
            fingerprint(&style())
        )
    }

    pub(super) fn html(&self) -> String {
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    title { "Quorate: " (self.title) }
                    style { (PreEscaped(style())) }
                }
                body {
                    main { (self.body) }
                    @if !self.script.is_empty() { script { (PreEscaped(self.script)) } }
                }
            }
        };
        page.into_string()
    }
}

fn style() -> String {
    format!("{STYLE}{OWN_STYLE}")
}

/// The way back to the list.
pub(super) fn way_back() -> Markup {
    html! { p.way { a href="/" { "‹ All runs" } } }
}

/// How a run stands, in a word and its colour.
pub(super) fn badge(standing: &Standing) -> Markup {
    let (mood, sign) = match standing {
        Standing::Judged(brief) => match (brief.verdict.as_str(), brief.judgement.as_str()) {
            (_, "broken") => ("bad", "✗"),
            ("valid", "kept" | "") => ("good", "✓"),
            ("valid", _) => ("open", "✓"),
            ("invalid", _) => ("open", "✗"),
            _ => ("open", "?"),
        },
        Standing::Running | Standing::Checking => ("live", "…"),
        Standing::LeftBehind => ("open", "?"),
        Standing::Unreadable(_) => ("bad", "!"),
    };
    html! { span class={ "badge " (mood) } { span aria-hidden="true" { (sign) } " " (fit(standing.name())) } }
}

/// Verdict against promise, in words.
pub(super) fn judgement(entry: &Entry) -> String {
    match &entry.standing {
        Standing::Judged(brief) => {
            let unexpected =
                if brief.as_expected == Some(false) { ", not as expected" } else { "" };
            format!("{}{unexpected}", fit(&brief.judgement).replace('-', " "))
        }
        Standing::Unreadable(why) => fit(why),
        Standing::Running | Standing::Checking | Standing::LeftBehind => String::new(),
    }
}
