//! Servers that are too old or too new: what there is none of in common is named, and what to do.

use std::sync::Arc;

use quarterdeck::domain::host::{LinkErrorKind, TransportChoice};
use quarterdeck::transport::Nobody;

use crate::contract::until;
use crate::sshd::Sshd;

async fn said(sshd: &Sshd, transport: TransportChoice, ssh_config: &str) -> String {
    let t = sshd.connect_as(&sshd.host(transport), sshd.settings_with(ssh_config), Arc::new(Nobody));
    let error = until(&t, "a failure", |link| link.error.is_some()).await.error.unwrap();
    assert_eq!(error.kind, LinkErrorKind::Protocol, "{error}");
    error.to_string()
}

#[tokio::test]
async fn what_the_systems_ssh_has_none_of_in_common_is_named_with_the_option_that_allows_it() {
    for (server, config, what, option) in [
        ("KexAlgorithms diffie-hellman-group14-sha1", "", "key exchange method", "KexAlgorithms +diffie-hellman"),
        ("Ciphers aes128-cbc", "", "cipher", "Ciphers +aes128-cbc"),
        ("Ciphers aes128-ctr\nMACs hmac-md5", "", "MAC", "MACs +hmac-md5"),
        (
            "HostKeyAlgorithms ssh-ed25519",
            "HostKeyAlgorithms rsa-sha2-256\n",
            "host key type",
            "HostKeyAlgorithms +ssh-ed",
        ),
    ] {
        let sshd = Sshd::with(server);
        let said = said(&sshd, TransportChoice::OpenSsh, config).await;
        let offer = server.rsplit(' ').next().unwrap();
        for part in [&format!("no {what} in common"), offer, option] {
            assert!(said.contains(part), "{part}: {said}");
        }
    }
}

#[tokio::test]
async fn what_libssh2_has_none_of_in_common_is_named_with_the_transport_that_may_have_it() {
    for (server, what) in [
        ("KexAlgorithms sntrup761x25519-sha512@openssh.com", "key exchange method"),
        ("Ciphers aes128-ctr\nMACs umac-64@openssh.com", "MAC"),
    ] {
        let sshd = Sshd::with(server);
        let said = said(&sshd, TransportChoice::Ssh2, "").await;
        assert!(said.contains(what) && said.contains("transport = \"openssh\""), "{what}: {said}");
    }
}
