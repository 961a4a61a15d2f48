//! Releases that come as archives: they arrive whole, and none leaves its folder.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use crate::releases::{deploy, live, release, state, world};
use crate::world::{World, exists, text};

/// A config's key for an archive of this version, made by tar with these words in a folder.
fn archive(world: &World, folder: &Path, words: &[&str]) -> String {
    let file = world.path("api-2.0.tar.gz");
    let made = Command::new("tar").arg("-czPf").arg(&file).arg("-C").arg(folder).args(words).output().unwrap();
    assert!(made.status.success(), "{}", text(&made.stderr));
    file.display().to_string().replace("2.0", "{version}")
}

fn with_artifact(world: &World, artifact: &str) {
    let config = std::fs::read_to_string(world.config()).unwrap();
    let keys = format!("[service.deploy]\nartifact = \"{artifact}\"\nshared = [\"config/secret\"]\n");
    std::fs::write(world.config(), config.replace("[service.deploy]\n", &keys)).unwrap();
}

#[test]
fn an_archive_arrives_whole_after_a_part_of_it_and_sees_what_is_shared() {
    let world = world("");
    let folder = world.path("build/top");
    release(&folder);
    std::fs::write(folder.join("big"), vec![b'x'; 300_000]).unwrap();
    with_artifact(&world, &archive(&world, &world.path("build"), &["top"]));
    std::fs::create_dir_all(world.path("app/shared/config")).unwrap();
    std::fs::write(world.path("app/shared/config/secret"), "s").unwrap();
    // An upload was cut off in the middle.
    let archive = std::fs::read(world.path("api-2.0.tar.gz")).unwrap();
    let sum = Command::new("sha256sum").arg(world.path("api-2.0.tar.gz")).output().unwrap();
    let sum = text(&sum.stdout).split(' ').next().unwrap().to_owned();
    let artifacts = world.path("app/.quarterdeck/artifacts");
    std::fs::create_dir_all(&artifacts).unwrap();
    std::fs::write(artifacts.join(format!("{sum}.part")), &archive[..archive.len() / 2]).unwrap();
    let out = deploy(&world, "2.0");
    assert_eq!((out.status.code(), state(&out).as_str()), (Some(0), "done"), "{}", text(&out.stderr));
    let release = world.path("app/releases/2.0");
    assert_eq!(std::fs::read(release.join("big")).unwrap().len(), 300_000, "the single folder at the top is dropped");
    assert_eq!(std::fs::read_to_string(release.join("config/secret")).unwrap(), "s");
    assert_eq!(std::fs::read(artifacts.join(&sum)).unwrap(), archive);
}

#[test]
fn an_archive_that_would_leave_its_folder_is_refused() {
    let world = world("");
    let folder = world.path("build");
    release(&folder.join("a"));
    symlink("/etc/passwd", folder.join("out")).unwrap();
    symlink("../../x", folder.join("up")).unwrap();
    std::fs::hard_link(folder.join("a/hook"), folder.join("a/hard")).unwrap();
    std::fs::write(folder.join("suid"), "").unwrap();
    std::fs::set_permissions(folder.join("suid"), std::os::unix::fs::PermissionsExt::from_mode(0o4755)).unwrap();
    let absolute = folder.join("a/hook").display().to_string();
    let mut first = true;
    for (words, why) in [
        (vec!["../build/a"], "leads out of it"),
        (vec![absolute.as_str()], "leads out of it"),
        (vec!["a/hook", "out"], "a link that leads out"),
        (vec!["a/hook", "up"], "a link that leads out"),
        (vec!["a/hook", "a/hard"], "a device or a hard link"),
        (vec!["a/hook", "suid"], "a set-uid file"),
    ] {
        let artifact = archive(&world, &folder, &words);
        if std::mem::take(&mut first) {
            with_artifact(&world, &artifact);
        }
        let out = deploy(&world, "2.0");
        assert_eq!(
            (out.status.code(), state(&out).as_str()),
            (Some(1), "canceled"),
            "{words:?}: {}",
            text(&out.stderr)
        );
        assert!(text(&out.stderr).contains(why), "{words:?}: {}", text(&out.stderr));
        assert!(!exists(&world.path("app/releases/2.0")), "{words:?}");
        assert_eq!(live(&world), "releases/1.0");
    }
}
