//! Which version to deploy: what lies on the hosts is offered, and an arrow takes it.

use crate::cockpit::{SOON, open, popup, typed};
use crate::releases::{self, live};

#[test]
fn what_lies_on_the_hosts_is_offered_with_where_and_what_is_hostile_is_not() {
    let world = releases::world("");
    let at = |host: &str, path: &str| world.root(host).join("var/app").join(path);
    for odd in ["a b", "-rf", "x\u{1b}[2Jy", "z\nrelease=placed 9.9.9", "ünï"] {
        std::fs::create_dir_all(at("box-1", "releases").join(odd)).unwrap();
    }
    std::fs::create_dir_all(at("box-1", "releases/1.10")).unwrap();
    std::fs::create_dir_all(at("box-1", "releases/1.3")).unwrap();
    std::fs::write(at("box-1", "releases/1.3.part"), "").unwrap();
    std::fs::create_dir_all(at("box-2", ".quarterdeck")).unwrap();
    let state = r#"{"current":"1.0","good":["1.0","0.9"],"bad":["1.2"]}"#;
    std::fs::write(at("box-2", ".quarterdeck/state.json"), state).unwrap();
    let qd = open(&world, &[]);
    typed(&qd, "4D");
    qd.wait(SOON, "what both hosts say", |screen| screen.contains("5 versions"));
    let screen = qd.screen();
    let row = |version: &str| {
        let rows: Vec<&str> = screen.lines().filter(|line| line.contains(&format!("  {version} "))).collect();
        assert_eq!(rows.len(), 1, "{version}:\n{screen}");
        rows[0].to_owned()
    };
    for (version, words) in [
        ("1.10", "1 of 2 hosts"),
        ("1.2", "failed on box-2"),
        ("1.1", "2 of 2 hosts"),
        ("1.0", "live"),
        ("0.9", "ran before on box-2"),
    ] {
        assert!(row(version).contains(words), "{version}: {words}:\n{screen}");
    }
    assert!(row("0.9").contains("no host") && !row("1.0").contains("live on"), "{screen}");
    for odd in ["9.9.9", "1.3", "-rf", "a b"] {
        assert!(!screen.contains(odd), "{odd}:\n{screen}");
    }
    // The first that is offered, then two further; what is typed narrows the list.
    let arrow = |key: &str, version: &str| {
        qd.keys(key);
        let taken = |screen: &str| screen.lines().any(|line| line.contains(&format!("▸ {version}")));
        qd.wait(SOON, version, taken);
    };
    for version in ["1.10", "1.2", "1.1"] {
        arrow("\x1b[B", version);
    }
    typed(&qd, "\x7f\x7f\x7f0.");
    qd.wait(SOON, "the one", |screen| screen.contains("1 version ") && screen.contains("  0.9 "));
    typed(&qd, "\x7f\x7f1.1");
    arrow("\x1b[A", "1.10");
    typed(&qd, "\r");
    popup(&qd, "there is no plan");
    assert!(qd.screen().contains("box-2: there is no whole /var/app/releases/1.10"), "{}", qd.screen());
    assert_eq!(live(&world), "releases/1.0");
}
