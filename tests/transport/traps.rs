//! The traps of libssh2, OpenSSH and shells that were met and measured, and the test that each would spring.
//!
//! |  n | trap | tests |
//! |---:|---|---|
//! |  1 | an exit status of 0 after a lost connection or a signal | `a_signal_is_not_success` `a_killed_connection_is_lost_never_success_and_comes_back` `a_dead_link_is_never_success` |
//! |  2 | closing or dropping a channel waits for its command | `a_quiet_tail_is_cancelled_at_once` `close_ends_everything` `dropping_the_transport_ends_its_connections_and_threads` |
//! |  3 | a session's channels are not safe on another thread | `many_at_once` `more_long_streams_than_a_session_takes` (a driver owns both, and nothing else names them) |
//! |  4 | libssh2's keepalive never finds a peer dead | `a_frozen_peer_is_found_dead_by_ssh2` `a_frozen_peer_is_found_dead_by_ssh2_when_idle` `a_connection_killed_while_idle_is_noticed` `a_silent_connection_stays_up_while_the_peer_lives` `fleet_a_cut_host_is_lost_and_comes_back_by_itself` |
//! |  5 | no signals: a command ends by its standard input | `a_quiet_tail_is_cancelled_at_once` `fleet_sudos_program_ends_with_whoever_reads_it` |
//! |  6 | loops that spin for ever after the link | `nothing_runs_on_after_its_link` |
//! |  7 | libssh2's known_hosts knows too little | `verdicts` `wildcards_and_rubbish_in_known_hosts` `a_revoked_key_is_refused_although_it_is_known` `a_host_known_by_another_key_type_shows_that_key` `a_host_certificate_is_checked_by_the_systems_ssh` `known_types_are_offered_first_and_sha1_never` |
//! |  8 | other readers misread the ssh config | `match_and_tokens_are_openssh_s_own` `a_file_with_match_is_refused_not_misread` `a_change_in_any_file_that_ssh_reads_is_noticed_at_once` |
//! |  9 | the agent's first key only; MaxAuthTries; passphrases and broken keys look alike | `every_key_of_the_agent_is_tried_not_only_the_first` `an_agent_full_of_keys_does_not_use_up_the_servers_patience` `a_certificate_beside_the_key_is_used` `a_wrong_passphrase_is_asked_for_again_and_named` `headers_as_ssh_keygen_writes_them` |
//! | 10 | a jump is carried through a socket pair | `through_two_jump_hosts` `hosts_behind_one_jump_host_share_its_connection` `a_jump_host_that_forbids_forwarding_says_so` |
//! | 11 | login shells differ, and their rc files cost | `every_login_shell_runs_the_same_script` `every_sh_leaves_what_follows_the_script_alone` `half_a_script_is_never_run` `a_login_shell_that_greets_is_not_the_command` `a_login_shell_that_runs_nothing_says_why` |
//! | 12 | ciphers and compression | `the_fastest_cipher_is_used_and_nothing_is_compressed_unasked` |
//!
//! | behaviour | tests |
//! |---|---|
//! | reconnecting | `bounds_double_from_half_a_second_to_thirty` `a_host_that_comes_back_is_connected_soon` `the_error_names_account_methods_keys_and_remedy_and_nothing_retries` `a_refused_key_stays_refused_until_a_person_tries_again` |
//! | back-pressure | `an_unread_stream_stalls_nobody_else` `dropping_the_oldest_is_counted` `what_is_dropped_is_counted_where_it_was_dropped` |
//! | dials and channels at once | `more_hosts_than_handshakes_at_once_all_come_up` `a_small_max_sessions_is_learned` `a_server_without_sessions_says_so_and_the_rest_goes_on` `one_bad_host_holds_up_no_other` |
//! | host keys | `a_person_accepts_a_key_and_it_is_kept` `new_keys_are_accepted_by_policy_changed_ones_never` `every_hop_is_checked_by_the_same_rules` `an_unknown_key_is_asked_about_although_the_ssh_config_would_not` `host_key_alias_and_hashing_come_from_the_ssh_config` |
//! | secrets | `a_passphrase_is_asked_for_once_for_all_hosts` `fleet_sudo_alone_reads_the_password` `a_server_that_pretends_to_be_ssh_is_shown_as_a_server_that_asks` `secrets_are_in_no_command_line_and_no_environment` |

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use quarterdeck::domain::host::TransportChoice;
use quarterdeck::domain::question::Answer;
use quarterdeck::transport::{ExecSpec, Exit, Nobody};

use crate::answers::Answers;
use crate::contract::{read_out, sh, soon, up};
use crate::sshd::{Sshd, keygen};

const BOTH: [TransportChoice; 2] = [TransportChoice::Ssh2, TransportChoice::OpenSsh];

/// `.bashrc`, `.cshrc`, `.zshenv` and `config.fish` are read for commands too, and many of them say something.
#[tokio::test]
async fn a_login_shell_that_greets_is_not_the_command() {
    let sshd = Sshd::with("ForceCommand echo Welcome; printf 'no line end'; eval \"$SSH_ORIGINAL_COMMAND\"\n");
    for choice in BOTH {
        let transport = sshd.connect(choice);
        up(&transport).await;
        let said = sh(&transport, "printf 'a\\nb'; exit 3").await;
        assert_eq!((said.out.as_slice(), said.exit), (&b"a\nb"[..], Exit::Code(3)), "{choice:?}");
        assert!(said.err.is_empty(), "{choice:?}");
    }
}

#[tokio::test]
async fn a_login_shell_that_runs_nothing_says_why() {
    // A shell that ends well has still not done what it was asked.
    let sshd = Sshd::with("ForceCommand true\n");
    for choice in BOTH {
        let transport = sshd.connect(choice);
        up(&transport).await;
        let said = sh(&transport, "echo never").await;
        assert!(matches!(&said.exit, Exit::Refused(why) if why.contains("without running")), "{choice:?}: {said:?}");
    }
    let sshd = Sshd::with("ForceCommand echo 'This account is not available.'; exit 1\n");
    for choice in BOTH {
        let transport = sshd.connect(choice);
        up(&transport).await;
        let said = sh(&transport, "echo never").await;
        assert_eq!((said.out.as_slice(), said.exit), (&b""[..], Exit::Code(1)), "{choice:?}");
        assert!(said.err.starts_with(b"This account is not available."), "{choice:?}: {:?}", said.err);
    }
}

#[test]
fn every_test_of_the_table_is_there() {
    fn sources(folder: &Path, into: &mut String) {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            if entry.path().is_dir() {
                sources(&entry.path(), into);
            } else if entry.path().extension().is_some_and(|ext| ext == "rs") {
                into.push_str(&std::fs::read_to_string(entry.path()).unwrap());
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = String::new();
    ["src/transport", "tests/transport"].iter().for_each(|folder| sources(&root.join(folder), &mut all));
    let table = include_str!("traps.rs").lines().filter(|line| line.starts_with("//! |"));
    let names: Vec<&str> = table.flat_map(|line| line.split('`').skip(1).step_by(2)).collect();
    assert!(names.len() > 40, "the table is not found");
    let gone: Vec<&&str> = names.iter().filter(|name| !all.contains(&format!("fn {name}("))).collect();
    assert!(gone.is_empty(), "no such tests: {gone:?}");
}

/// Processes with this in their environment.
fn marked(mark: &str) -> Vec<String> {
    let mark = format!("QD_MARK={mark}");
    let entries = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let ours = entries.filter(|entry| {
        let environment = std::fs::read(entry.path().join("environ")).unwrap_or_default();
        environment.split(|&byte| byte == 0).any(|variable| variable == mark.as_bytes())
    });
    let line = |entry: std::fs::DirEntry| {
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).replace('\0', " ")
    };
    ours.map(line).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_runs_on_after_its_link() {
    for (n, transport) in BOTH.into_iter().enumerate() {
        let mark = format!("{}-{n}", std::process::id());
        let sshd = Sshd::with(&format!("SetEnv QD_MARK={mark} SHLVL=5"));
        let t = sshd.connect(transport);
        up(&t).await;
        // A tail with its watchdog, a loop that writes, and one that has nothing to write.
        let mut streams = [
            "echo here; sleep 4243 & p=$!; cat >/dev/null; kill $p",
            "echo here; while :; do echo tick || exit; sleep 0.1; done",
            "echo here; while read -r line; do :; done",
        ]
        .map(|script| t.exec(ExecSpec::stream(script)));
        for stream in &mut streams {
            read_out(stream, 5).await;
        }
        assert!(marked(&mark).len() >= 3, "the test shows nothing: {:?}", marked(&mark));
        t.close();
        sshd.signal_sessions("KILL");
        soon("the end of everything on the host", async {
            while !marked(&mark).is_empty() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_fastest_cipher_is_used_and_nothing_is_compressed_unasked() {
    let sshd = Sshd::with("LogLevel DEBUG1");
    for (config, compression) in [("", "none"), ("Compression yes\n", "zlib@openssh.com")] {
        let before = sshd.log().len();
        let t = sshd.connect_as(&sshd.host(TransportChoice::Ssh2), sshd.settings_with(config), Arc::new(Nobody));
        up(&t).await;
        assert_eq!(sh(&t, "echo in").await.out, b"in\n");
        let log = sshd.log()[before..].to_owned();
        let agreed = log.lines().find(|line| line.contains("kex: server->client cipher:")).unwrap();
        assert!(agreed.contains("chacha20-poly1305@openssh.com"), "{agreed}");
        assert!(agreed.contains(&format!("compression: {compression}")), "{agreed}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_certificate_is_checked_by_the_systems_ssh() {
    let folder = tempfile::tempdir().unwrap();
    let (ca, key) = (folder.path().join("ca"), folder.path().join("host"));
    keygen(&ca, &["-t", "ed25519", "-N", ""]);
    keygen(&key, &["-t", "ed25519", "-N", ""]);
    let mut sign = Command::new("ssh-keygen");
    sign.args(["-q", "-h", "-I", "box", "-n", "127.0.0.1", "-s"]).arg(&ca).arg(key.with_extension("pub"));
    assert!(sign.status().unwrap().success());
    let at = folder.path().display();
    let sshd = Sshd::with(&format!("HostKey {at}/host\nHostCertificate {at}/host-cert.pub"));
    let ca = std::fs::read_to_string(ca.with_extension("pub")).unwrap();
    sshd.known_hosts(&format!("@cert-authority [127.0.0.1]:* {ca}"));
    let t = sshd.connect_as(&sshd.host(TransportChoice::Auto), sshd.settings(), Arc::new(Nobody));
    let link = up(&t).await;
    assert_eq!(
        (link.transport.as_str(), link.transport_reason.as_str()),
        ("openssh", "@cert-authority in known_hosts")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secrets_are_in_no_command_line_and_no_environment() {
    let secret = "open sesame, said nobody else";
    for transport in BOTH {
        let sshd = Sshd::start();
        keygen(&sshd.path("locked"), &["-t", "ed25519", "-N", secret]);
        std::fs::copy(sshd.path("locked.pub"), sshd.path("authorized")).unwrap();
        let mut host = sshd.host(transport);
        host.identity_file = Some(sshd.path("locked"));
        let t = sshd.connect_as(&host, sshd.settings(), Answers::by(move |_| Answer::Secret(secret.into())));
        // Looked for while it connects and when it is up.
        for _ in 0..40 {
            for entry in std::fs::read_dir("/proc").unwrap().filter_map(Result::ok) {
                for file in ["cmdline", "environ"] {
                    let text = std::fs::read(entry.path().join(file)).unwrap_or_default();
                    assert!(!text.windows(secret.len()).any(|window| window == secret.as_bytes()), "{transport:?}");
                }
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        up(&t).await;
    }
}
