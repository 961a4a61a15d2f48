//! What the demo writes, and that it goes.

use std::os::unix::fs::PermissionsExt;

use quarterdeck::demo::{DemoOptions, MOST_HOSTS, start};

use crate::ssh::demo;

#[tokio::test]
async fn the_folder_goes_with_the_demo() {
    let demo = demo(3).await;
    let folder = demo.folder().to_owned();
    let mode = |name: &str| std::fs::metadata(folder.join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("."), mode("id_ed25519")), (0o700, 0o600));
    assert!(folder.file_name().unwrap().to_str().unwrap().contains(&std::process::id().to_string()));
    drop(demo);
    assert!(!folder.exists());
}

#[tokio::test]
async fn the_settings_name_nothing_but_the_demo() {
    let demo = demo(5).await;
    let settings = &demo.settings;
    assert_eq!(settings.hosts.len(), 5);
    assert!(!settings.ssh.use_agent && !settings.ssh.run_ssh_g && settings.ssh.config.is_none());
    assert!(settings.ssh.known_hosts.iter().all(|file| file.starts_with(demo.folder())));
    for host in &settings.hosts {
        assert_eq!(host.address.as_deref(), Some("127.0.0.1"));
        assert!(host.identity_file.as_ref().unwrap().starts_with(demo.folder()));
    }
    let names: Vec<_> = settings.hosts.iter().map(|host| host.name.clone()).collect();
    assert!(settings.services.iter().all(|service| service.hosts.iter().all(|host| names.contains(host))));
}

#[tokio::test]
async fn a_number_of_hosts_out_of_range_is_refused() {
    for hosts in [0, MOST_HOSTS + 1] {
        let said = start(DemoOptions { hosts, ..DemoOptions::default() }).await.unwrap_err().to_string();
        assert!(said.contains("--hosts"), "{said}");
    }
}
