//! The storefront of the web hosts: releases in folders and a link that says which is live, put there by qd itself, while the
//! rest of the company delivers through GitLab. What runs is what the link said when the unit was started last.

use super::line::Second;
use super::rng::Rng;
use super::{Api, Live};

/// Its unit.
pub const UNIT: &str = "storefront.service";
/// The port that it listens on, as the host sees it.
pub const PORT: u32 = 8080;
/// Its folder, below the host's root.
pub const ROOT: &str = "srv/storefront";
/// The release that is live at the start.
pub const LIVE: &str = "3.7.0";
/// A release that some of its visitors cannot use: its gate does not see that, its bake does.
const WEAK: &str = "3.8.1";
/// A release that cannot show a page.
const SICK: &str = "3.8.2";
/// What has been put onto the hosts.
const RELEASES: [&str; 4] = [LIVE, "3.8.0", WEAK, SICK];
/// Its log: each request with the version that answered it.
const LOG: &str = "/var/log/storefront/access.log";
/// A template that every release but one brings.
const TEMPLATE: &str = "templates/cart.html";

/// Its pages, and how long they take.
const PAGES: [(&str, f64); 4] = [("/", 12.0), ("/products", 30.0), ("/cart", 18.0), ("/help", 8.0)];

/// The releases on a host, by path below its root.
pub fn releases() -> Vec<(String, String)> {
    let file = |version: &str, name: &str, text: String| (format!("{ROOT}/releases/{version}/{name}"), text);
    let mut files = Vec::new();
    for version in RELEASES {
        files.push(file(version, "VERSION", format!("{version}\n")));
        if version != SICK {
            files.push(file(version, TEMPLATE, format!("<h1>Your cart</h1> <!-- {version} -->\n")));
        }
    }
    files
}

/// What it is like when this release runs.
pub fn api(version: &str) -> Api {
    let trouble = (version == SICK).then_some("templates/cart.html is missing");
    Api { service: "storefront", version: version.into(), trouble }
}

/// Writes a second of requests.
pub fn write(version: &str, second: &mut Second, rng: &mut Rng) {
    for _ in 0..2 + rng.below(3) {
        let (page, usual) = rng.pick(&PAGES);
        let (at, took) = (rng.below(1000), usual + rng.wait(20.0));
        let fails = version == SICK || (version == WEAK && page == "/cart" && rng.chance(0.4));
        let (level, status, what) = match fails {
            true => ("error", 500, format!("cannot show {page}: no price for a voucher")),
            false => ("info", 200, format!("GET {page}")),
        };
        let line = format!(
            "time={}.{at:03}Z level={level} msg=\"{what}\" status={status} dur_ms={took:.1} version={version}",
            second.iso
        );
        second.put(LOG, at, line);
    }
}

/// The answers of a host's services as files, for the stand-in of `curl`: a line with the status, then the body.
pub fn answers(live: &Live) -> Vec<(String, String)> {
    let mut files = Vec::new();
    for (port, api) in [(8000, &live.api), (PORT, &live.storefront)] {
        let Some(api) = api else { continue };
        let health = match api.trouble {
            None => "200\nok\n".to_owned(),
            Some(trouble) => format!("500\n{trouble}\n"),
        };
        files.push((format!("demo/http/{port}/healthz"), health));
        files.push((format!("demo/http/{port}/version"), format!("200\n{}\n", api.told())));
    }
    files
}
