//! A service of the demo that qd itself deploys: into folders, with gate, bake and the way back, as on real hosts.

use std::process::{Command, Output};

use quarterdeck::demo::Demo;
use serde_json::Value;

use crate::ssh::{demo, read};

/// `qd` as a second terminal would call it, with the demo's own config and a home of its own.
fn qd(demo: &Demo, home: &std::path::Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_qd"));
    command.arg("--config").arg(demo.folder().join("quarterdeck.toml")).args(arguments);
    command.env_clear().env("HOME", home).env("PATH", std::env::var_os("PATH").unwrap()).output().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_storefront_goes_live_in_batches_with_gate_and_bake_and_goes_back() {
    let (demo, home) = (demo(3).await, tempfile::tempdir().unwrap());
    let act = |arguments: &[&str]| {
        let out = qd(&demo, home.path(), &[arguments, &["--yes", "--arm", "production", "--json"]].concat());
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        let document: Value = serde_json::from_slice(&out.stdout).unwrap_or_else(|_| panic!("{arguments:?}: {said}"));
        (document["result"].as_str().unwrap().to_owned(), said)
    };
    let live = |host: &str| read(&demo, host, "readlink \"$QD_ROOT/srv/storefront/current\"").trim().to_owned();
    // One that cannot show a page never gets past its first host.
    let (result, said) = act(&["deploy", "storefront", "3.8.2"]);
    assert_eq!(result, "rolled_back", "{said}");
    assert!(said.contains("its health check answers 500: templates/cart.html is missing"), "{said}");
    assert_eq!(["web-1", "web-2"].map(live), ["releases/3.7.0"; 2], "{said}");
    let (result, said) = act(&["deploy", "storefront", "3.8.0"]);
    assert_eq!(result, "succeeded", "{said}");
    assert!(said.contains("the bake is passed: 5xx 0.0 % of "), "{said}");
    assert_eq!(["web-1", "web-2"].map(live), ["releases/3.8.0"; 2], "{said}");
    let (result, said) = act(&["rollback", "storefront"]);
    assert_eq!(result, "succeeded", "{said}");
    assert_eq!(["web-1", "web-2"].map(live), ["releases/3.7.0"; 2], "{said}");
}
