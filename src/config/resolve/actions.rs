//! `[[action]]`: commands of one's own, and where each may run.

use std::time::Duration;

use super::services::selects;
use super::{copied, text};
use crate::config::raw::Config;
use crate::config::raw::action::Action as RawAction;
use crate::config::read::Reader;
use crate::domain::action::{ActionArg, CustomAction, Level, wanted};
use crate::domain::host::Host;
use crate::domain::service::Service;

/// Every command that can be run, in config order.
pub fn actions(config: &Config, hosts: &[Host], services: &[Service], reader: &mut Reader<'_>) -> Vec<CustomAction> {
    let written = config.action.iter().flat_map(|all| all.iter());
    written.filter_map(|raw| action(raw, hosts, services, reader)).collect()
}

fn action(raw: &RawAction, hosts: &[Host], services: &[Service], reader: &mut Reader<'_>) -> Option<CustomAction> {
    let name = text(&raw.name)?;
    let Some(command) = raw.command.as_ref().filter(|command| !command.0.is_empty()) else {
        reader.conflict(raw.at, &format!("the action {name} runs nothing"), "write its command");
        return None;
    };
    if raw.hosts.is_none() && raw.services.is_none() {
        let help = "write hosts or services; hosts = [\"*\"] is every host";
        reader.conflict(raw.at, &format!("the action {name} does not say where it may run"), help);
        return None;
    }
    let args: Vec<ActionArg> = raw
        .args
        .iter()
        .flat_map(|args| args.value.iter())
        .map(|(name, arg)| ActionArg {
            name: name.clone(),
            ask: text_of(&arg.ask).unwrap_or_else(|| name.clone()),
            pattern: text(&arg.r#match),
            default: text_of(&arg.default),
        })
        .collect();
    for missing in wanted(&command.0).into_iter().filter(|blank| !args.iter().any(|arg| arg.name == *blank)) {
        let help = format!("write args = {{ {missing} = {{ ask = \"…\" }} }}");
        reader.conflict(command.at, &format!("{{arg.{missing}}} is asked for by nothing"), &help);
    }
    for arg in &args {
        if let Some(Err(why)) = arg.default.as_ref().map(|default| arg.accepts(default)) {
            reader.conflict(raw.at, &format!("the default of {} does not fit: {why}", arg.name), "correct one of them");
        }
    }
    let chosen = |host: &&Host| {
        let by_name = raw.hosts.iter().flat_map(|all| all.iter()).any(|selector| selects(selector, host));
        let mut of_services = raw.services.iter().flat_map(|all| all.iter());
        by_name || of_services.any(|wanted| services.iter().any(|s| s.name == wanted.0 && s.hosts.contains(&host.name)))
    };
    Some(CustomAction {
        title: text_of(&raw.title).unwrap_or_else(|| name.clone()),
        name,
        hosts: hosts.iter().filter(chosen).map(|host| host.name.clone()).collect(),
        command: command.0.clone(),
        args,
        level: raw.level.as_ref().map_or(Level::Two, |level| Level::of(level.0)),
        rolling: copied(&raw.rolling).unwrap_or(false),
        timeout: copied(&raw.timeout).unwrap_or(Duration::from_secs(60)),
    })
}

fn text_of(value: &Option<crate::config::read::At<String>>) -> Option<String> {
    value.as_ref().map(|value| value.value.clone())
}
