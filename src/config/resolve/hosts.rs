//! Hosts: those that are written, then those of the inventories; the first that names one wins.

use std::collections::HashMap;

use super::{UNNAMED, copied, text};
use crate::config::inventory::InventoryHost;
use crate::config::raw::Config;
use crate::config::raw::fleet::Host as RawHost;
use crate::config::read::Reader;
use crate::domain::glob;
use crate::domain::host::{Host, HostName};

/// Every host, in config order.
pub fn hosts(
    config: &Config,
    ssh_names: &[String],
    answers: &[Vec<InventoryHost>],
    reader: &mut Reader<'_>,
) -> Vec<Host> {
    let fleet = config.fleet.as_ref();
    let environment = fleet.and_then(|fleet| text(&fleet.environment)).unwrap_or_else(|| UNNAMED.to_owned());
    let written = config.host.iter().flat_map(|hosts| hosts.iter());
    let mut hosts: Vec<Host> = written.filter_map(|raw| host(raw, &environment)).collect();
    jumps(config, &hosts, reader);
    let off: &[String] = config.host.as_ref().map_or(&[], |hosts| &hosts.off);
    let mut add = |host: Host| {
        let dropped = off.iter().any(|name| name == host.name.as_str());
        if !dropped && !hosts.iter().any(|known| known.name == host.name) {
            hosts.push(host);
        }
    };
    let mut answers = answers.iter();
    for inventory in fleet.and_then(|fleet| fleet.inventory.as_ref()).into_iter().flat_map(|all| all.iter()) {
        match (&inventory.ssh_config, &inventory.command) {
            (Some(pattern), None) => {
                let names = ssh_names.iter().filter(|name| glob::matches(&pattern.0, name));
                names.for_each(|name| add(Host::named(name.as_str(), &environment)));
            }
            (None, Some(_)) => {
                for found in answers.next().into_iter().flatten() {
                    add(Host {
                        address: found.address.clone(),
                        tags: found.tags.clone(),
                        ..Host::named(found.name.as_str(), found.environment.as_deref().unwrap_or(&environment))
                    });
                }
            }
            _ => reader.conflict(
                inventory.at,
                "an inventory has exactly one source",
                "keep one of ssh_config and command; write two inventories for both",
            ),
        }
    }
    hosts
}

fn host(raw: &RawHost, environment: &str) -> Option<Host> {
    Some(Host {
        name: HostName::new(raw.name.as_ref()?.0.as_str()),
        address: text(&raw.address),
        port: raw.port.as_ref().map(|port| port.0),
        user: text(&raw.user),
        identity_file: raw.identity_file.as_ref().map(|path| path.0.clone()),
        jump: text(&raw.jump),
        transport: copied(&raw.transport).unwrap_or_default(),
        environment: text(&raw.environment).unwrap_or_else(|| environment.to_owned()),
        tags: raw.tags.iter().flat_map(|tags| tags.iter()).map(|tag| tag.0.clone()).collect(),
    })
}

/// Nobody jumps further.
const MOST_JUMPS: usize = 16;

/// A host that is reached through itself is reached never.
fn jumps(config: &Config, hosts: &[Host], reader: &mut Reader<'_>) {
    let known: HashMap<&str, Option<&str>> =
        hosts.iter().map(|host| (host.name.as_str(), host.jump.as_deref())).collect();
    let mut told: Vec<&str> = Vec::new();
    for raw in config.host.iter().flat_map(|hosts| hosts.iter()) {
        let (Some(name), Some(jump)) = (&raw.name, &raw.jump) else { continue };
        let mut way = vec![name.0.as_str()];
        let mut next = jump.0.as_str();
        while let Some(hop) = known.get(next) {
            if way.len() > MOST_JUMPS {
                reader.conflict(
                    jump.at,
                    "this jump leads through too many hosts",
                    "let one of them be reached directly",
                );
                break;
            }
            if way.contains(&next) {
                // A circle is told once, at the first host that is on it itself.
                if next == name.0 && !told.contains(&next) {
                    told.extend(&way);
                    way.push(next);
                    let message = format!("this jump leads in a circle: {}", way.join(" → "));
                    reader.conflict(jump.at, &message, "let one of them be reached directly");
                }
                break;
            }
            way.push(next);
            next = hop.unwrap_or("");
        }
    }
}
