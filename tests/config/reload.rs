//! Files that change while `qd` runs.

use std::time::Duration;

use quarterdeck::config::watch::{self, Reload};
use tokio::sync::mpsc::Receiver;

use crate::world::{World, host_names};

async fn next(reloads: &mut Receiver<Reload>) -> Reload {
    tokio::time::timeout(Duration::from_secs(20), reloads.recv()).await.expect("a change is noticed").unwrap()
}

#[tokio::test]
async fn a_change_is_loaded_a_broken_one_changes_nothing_and_a_new_deed_waits_for_agreement() {
    let world = World::with_team("[[host]]\nname = \"a\"\n");
    world.trust();
    let mut reloads = watch::watch(world.options(), &world.loaded(), Duration::from_millis(20));

    world.write("team/quarterdeck.toml", "[[host]]\nname = \"a\"\n[stats]\nevery = \"soon\"\n");
    let Reload::Broken(error) = next(&mut reloads).await else { panic!("this is broken") };
    assert!(error.to_string().contains("quarterdeck.toml:4:9"), "{error}");
    // The cockpit has one line for it.
    let line = error.brief();
    assert!(line.contains("quarterdeck.toml:4:9: \"soon\" is not a duration; ") && !line.contains('\n'), "{line}");

    world.write("team/quarterdeck.toml", "[[host]]\nname = \"a\"\n[stats]\nevery = \"9s\"\n");
    let Reload::Loaded(loaded) = next(&mut reloads).await else { panic!("this is mended") };
    assert_eq!(loaded.settings.stats.every, Duration::from_secs(9));

    world.write("team/quarterdeck.toml", "[[host]]\nname = \"a\"\n[[host]]\nname = \"b\"\n");
    let Reload::Untrusted(untrusted) = next(&mut reloads).await else { panic!("b was never agreed to") };
    assert!(untrusted.describe().contains("+ host b"), "{}", untrusted.describe());

    // An agreement given elsewhere, as by `qd trust`.
    world.trust();
    let Reload::Loaded(loaded) = next(&mut reloads).await else { panic!("b was agreed to") };
    assert_eq!(host_names(&loaded), ["a", "b"]);

    // A file of the person's own that appears counts at once.
    world.write_person("[[host]]\nname = \"mine\"\n");
    let Reload::Loaded(loaded) = next(&mut reloads).await else { panic!("the person's own file") };
    assert_eq!(host_names(&loaded), ["a", "b", "mine"]);
}
