//! Hosts that a command of the config tells of: JSON lines, one host each.

use std::process::Stdio;
use std::time::Duration;

use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;

use super::raw::Config;
use super::values::{Argv, plain, shown};
use crate::domain::text::{clean_bytes, one_line};
use crate::programs;

/// A command that tells of hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandInventory {
    /// What is run, on this machine.
    pub command: Argv,
    /// How often it is run again.
    pub every: Duration,
}

/// One host that it told of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct InventoryHost {
    /// Its name.
    pub name: String,
    /// Its address, unless ssh knows the name.
    #[serde(default)]
    pub address: Option<String>,
    /// Where it belongs, unless it is the fleet's default.
    #[serde(default)]
    pub environment: Option<String>,
    /// Words to choose it by.
    #[serde(default)]
    pub tags: Vec<String>,
}

/// How long a command may take.
pub const TIMEOUT: Duration = Duration::from_secs(30);
/// How much it may say.
const MOST_BYTES: u64 = 4 << 20;

/// The commands of a config's inventories, in order.
pub fn commands(config: &Config) -> Vec<CommandInventory> {
    let inventories = config.fleet.iter().filter_map(|fleet| fleet.inventory.as_ref()).flat_map(|all| all.iter());
    let commands = inventories.filter_map(|inventory| {
        let every = inventory.every.as_ref().map_or(Duration::from_secs(600), |every| every.value);
        Some(CommandInventory {
            command: inventory.command.as_ref()?.value.clone(),
            every: every.max(Duration::from_secs(1)),
        })
    });
    commands.collect()
}

/// Runs a command and reads what it says. The error is one sentence, safe to show: whoever had an older answer keeps it.
/// Hosts that cannot be used are left out and told of in the second list.
pub async fn run(inventory: &CommandInventory, timeout: Duration) -> Result<(Vec<InventoryHost>, Vec<String>), String> {
    let named = one_line(&shown(&inventory.command.argv), 100);
    let Some((program, arguments)) = inventory.command.argv.split_first() else { return Ok(Default::default()) };
    let mut command = Command::new(program);
    command.args(arguments).current_dir(&inventory.command.folder).kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = programs::start(|| command.spawn());
    let mut child = child.map_err(|error| format!("the inventory {named} cannot be started: {error}"))?;
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let work = async {
        let (out, err) = tokio::join!(capped(out), capped(err));
        (out, err, child.wait().await)
    };
    let Ok((out, err, status)) = tokio::time::timeout(timeout, work).await else {
        return Err(format!("the inventory {named} did not end within {} s", timeout.as_secs()));
    };
    let status = status.map_err(|error| format!("the inventory {named}: {error}"))?;
    if !status.success() {
        let said = one_line(&clean_bytes(&err), 200);
        return Err(format!("the inventory {named} failed ({status}): {said}"));
    }
    if out.len() as u64 > MOST_BYTES {
        return Err(format!("the inventory {named} says more than 4 MiB"));
    }
    Ok(parse(&out))
}

/// All that a pipe says, but for what is past the cap: that is read and thrown away, so that the command can end.
async fn capped(pipe: Option<impl AsyncRead + Unpin>) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(mut pipe) = pipe {
        // A pipe that breaks has said all that it will say.
        let _ = (&mut pipe).take(MOST_BYTES + 1).read_to_end(&mut bytes).await;
        let _ = tokio::io::copy(&mut pipe, &mut tokio::io::sink()).await;
    }
    bytes
}

/// Reads JSON lines. Blank lines are nothing; a line that is no host, or whose name could be taken for an option, is
/// told of and left out.
pub fn parse(bytes: &[u8]) -> (Vec<InventoryHost>, Vec<String>) {
    let (mut hosts, mut faults) = (Vec::new(), Vec::new());
    for (number, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        if line.trim_ascii().is_empty() {
            continue;
        }
        let host = serde_json::from_slice(line).map_err(|error| error.to_string()).and_then(|host: InventoryHost| {
            let words = [Some(&host.name), host.address.as_ref(), host.environment.as_ref()];
            words.into_iter().flatten().chain(&host.tags).try_for_each(|word| plain(word))?;
            Ok(host)
        });
        match host {
            Ok(host) => hosts.push(host),
            Err(fault) => faults.push(format!("line {} of the inventory: {}", number + 1, one_line(&fault, 200))),
        }
    }
    (hosts, faults)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn inventory(script: &str) -> CommandInventory {
        let argv = ["sh", "-c", script].map(str::to_owned).to_vec();
        CommandInventory { command: Argv { argv, folder: "/".into() }, every: Duration::from_secs(600) }
    }

    #[test]
    fn lines_that_are_no_hosts_are_left_out_and_told_of() {
        let (hosts, faults) = parse(
            b"{\"name\":\"a\",\"address\":\"10.0.0.1\",\"tags\":[\"web\"],\"more\":1}\n\nnonsense\n{\"name\":\"-oProxyCommand=x\"}\n{\"name\":\"b\"}",
        );
        assert_eq!(hosts.iter().map(|host| host.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(hosts[0].tags, ["web"]);
        assert_eq!(faults.len(), 2, "{faults:?}");
        assert!(faults[0].starts_with("line 3 ") && faults[1].contains("option"), "{faults:?}");
    }

    #[tokio::test]
    async fn a_command_that_fails_or_hangs_or_never_stops_talking_is_an_error_in_one_sentence() {
        let (hosts, _) = run(&inventory("printf '{\"name\":\"x\"}\\n'"), TIMEOUT).await.unwrap();
        assert_eq!(hosts[0].name, "x");
        let failed = run(&inventory("echo no such cloud >&2; exit 3"), TIMEOUT).await.unwrap_err();
        assert!(failed.contains("no such cloud"), "{failed}");
        let hung = run(&inventory("sleep 60"), Duration::from_millis(200)).await.unwrap_err();
        assert!(hung.contains("did not end"), "{hung}");
        let endless = run(&inventory("head -c 6000000 /dev/zero"), TIMEOUT).await.unwrap_err();
        assert!(endless.contains("more than 4 MiB"), "{endless}");
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            parse(&bytes);
        }
    }
}
