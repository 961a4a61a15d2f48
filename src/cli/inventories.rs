//! The hosts that a config's inventory commands tell of, asked again as often as the config says.

use std::time::Duration;

use crate::config::Loaded;
use crate::config::inventory::{self, CommandInventory, InventoryHost};
use crate::domain::settings::Settings;

/// What each command said last. One that fails is told of and no more: its hosts stay what they were, and the hosts of
/// the file itself are there in any case.
#[derive(Clone, Debug, Default)]
pub struct Inventories {
    answers: Vec<(CommandInventory, Vec<InventoryHost>)>,
}

impl Inventories {
    /// Runs every command of a config; its settings with all hosts, and what went wrong.
    pub async fn ask(&mut self, loaded: &Loaded) -> (Settings, Vec<String>) {
        if loaded.inventories.is_empty() {
            self.answers.clear();
            return (loaded.settings.clone(), Vec::new());
        }
        let (mut answers, mut faults) = (Vec::new(), Vec::new());
        for command in &loaded.inventories {
            let hosts = match inventory::run(command, inventory::TIMEOUT).await {
                Ok((hosts, odd)) => {
                    faults.extend(odd);
                    hosts
                }
                Err(why) => {
                    faults.push(why);
                    let before = self.answers.iter().find(|(asked, _)| asked == command);
                    before.map(|(_, hosts)| hosts.clone()).unwrap_or_default()
                }
            };
            answers.push((command.clone(), hosts));
        }
        self.answers = answers;
        let hosts: Vec<Vec<InventoryHost>> = self.answers.iter().map(|(_, hosts)| hosts.clone()).collect();
        (loaded.with_inventory(&hosts).0, faults)
    }
}

/// How often the commands of a config are to be run; `None` where there are none.
pub fn every(loaded: &Loaded) -> Option<Duration> {
    loaded.inventories.iter().map(|inventory| inventory.every).min()
}
