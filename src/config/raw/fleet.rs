//! `[fleet]`, `[[environment]]`, `[ssh]`, `[[host]]`.

use std::time::Duration;

use crate::config::table::{table, words};
use crate::config::trust::{Class, Concerns};
use crate::config::values::{Address, Argv, HostId, Jump, LocalPath, Name, Port, Tag, User};
use crate::domain::host::TransportChoice;
use crate::domain::settings::{HostKeyPolicy, ReadOnly, SudoPolicy};

table! {
    /// What all hosts have in common.
    Fleet {
        /// its name
        name: String = "acme";
        /// default of every host
        environment: Name = "production";
        /// the oldest qd that understands this file
        requires: String = ">=0.1";
        /// hosts besides [[host]]; the first that names a host wins
        inventory: Vec<Inventory> = [{ ssh_config = "web-*" }, { command = ["./hosts.sh"], every = "10m" }];
    }
}

table! {
    /// Where more hosts come from: exactly one of ssh_config and command.
    Inventory {
        /// a glob over the names in the ssh config
        ssh_config: HostId = "web-*";
        /// run here; JSON lines {"name","address","environment","tags"}
        command: Argv = ["./hosts.sh"];
        /// how often the command is run again
        every: Duration = "10m";
    }
}

table! {
    /// "production", "prod" and "live" are careful by themselves, and so is a fleet that names none.
    Environment [name] {
        /// its name
        name: Name = "production";
        /// levels 2 and 3 ask for typed names
        careful: bool = true;
        /// until-armed | always | no
        read_only: ReadOnly = "until-armed";
        /// how long arming lasts
        arm_for: Duration = "15m";
        /// a theme role
        accent: Name = "danger";
    }
}

table! {
    /// What is written here wins over ~/.ssh/config; a host's own key wins over both.
    Ssh {
        /// default: the ssh program's own files
        config: LocalPath = "~/.ssh/config";
        /// ask (in the TUI; refuse headless) | strict | accept-new; never weakened by StrictHostKeyChecking
        host_keys: HostKeyPolicy = "ask";
        /// for the dial and the authentication together
        connect_timeout: Duration = "10s";
        /// no-password (sudo -n) | ask (once a session, over stdin; not for detached runs)
        sudo: SudoPolicy = "no-password";
        /// login name on every host
        user: User = "deploy";
        /// port of every host
        port: Port = 22;
        /// key for every host
        identity_file: LocalPath = "~/.ssh/id_ed25519";
        /// jump to every host
        jump: Jump = "bastion";
    }
}

table! {
    /// One machine.
    Host [name] {
        /// an ssh_config alias, unless address is given
        name: HostId = "web-1";
        /// its address or DNS name
        address: Address = "10.0.0.11";
        /// its ssh port
        port: Port = 22;
        /// login name
        user: User = "deploy";
        /// private key
        identity_file: LocalPath = "~/.ssh/id_ed25519";
        /// another host's name, or user@host:port
        jump: Jump = "bastion";
        /// auto | ssh2 | openssh | local
        transport: TransportChoice = "auto";
        /// where it belongs
        environment: Name = "production";
        /// words to choose hosts by
        tags: Vec<Tag> = ["web", "eu"];
    }
}

words!(for ReadOnly { UntilArmed => "until-armed", Always => "always", No => "no" });
words!(for HostKeyPolicy { Ask => "ask", Strict => "strict", AcceptNew => "accept-new" });
words!(for SudoPolicy { NoPassword => "no-password", Ask => "ask" });

/// Written by hand for what it concerns: `local` starts its commands here, and not on a host.
mod transport {
    use super::{Class, Concerns, TransportChoice};
    use crate::config::read::{Reader, Value, word};
    use crate::config::schema::Shape;
    use crate::config::tree::Node;

    const WORDS: [(&str, TransportChoice); 4] = [
        ("auto", TransportChoice::Auto),
        ("ssh2", TransportChoice::Ssh2),
        ("openssh", TransportChoice::OpenSsh),
        ("local", TransportChoice::Local),
    ];

    impl Value for TransportChoice {
        fn shape() -> Shape {
            Shape::Words(WORDS.iter().map(|(word, _)| *word).collect())
        }

        fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
            word(node, reader, &WORDS)
        }

        fn concerns(&self, concerns: &mut Concerns<'_>) {
            if let Some((word, _)) = WORDS.iter().find(|(_, choice)| choice == self) {
                concerns.add(Class::Contacts, word);
            }
        }
    }
}
