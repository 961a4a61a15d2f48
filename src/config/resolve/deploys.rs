//! `[service.deploy]`, for each environment of its service.

use super::{copied, text};
use crate::config::raw::Config;
use crate::config::raw::deploy::{Deploy, Gate};
use crate::domain::deploy::spec::DeploySpec;
use crate::domain::gate::GateSettings;
use crate::domain::service::Service;

/// How each service is deployed, where that is written.
pub fn deploys(config: &Config, services: &[Service]) -> Vec<DeploySpec> {
    let mut specs: Vec<DeploySpec> = Vec::new();
    for raw in config.service.iter().flat_map(|all| all.iter()) {
        let (Some(name), Some(deploy)) = (text(&raw.name), raw.deploy.as_ref()) else { continue };
        for service in services.iter().filter(|service| service.name == name) {
            if !specs.iter().any(|known| known.service == name && known.environment == service.environment) {
                specs.push(spec(deploy, service));
            }
        }
    }
    specs
}

fn spec(raw: &Deploy, service: &Service) -> DeploySpec {
    DeploySpec {
        service: service.name.clone(),
        environment: service.environment.clone(),
        gate: raw.gate.as_ref().map(|gate| self::gate(gate)).unwrap_or_default(),
    }
}

fn gate(raw: &Gate) -> GateSettings {
    let default = GateSettings::default();
    GateSettings {
        timeout: copied(&raw.timeout).unwrap_or(default.timeout),
        successes: raw.successes.as_ref().map_or(default.successes, |count| u32::try_from(count.0).unwrap_or(u32::MAX)),
        every: copied(&raw.every).unwrap_or(default.every).max(std::time::Duration::from_millis(100)),
        min_stable: copied(&raw.min_stable).unwrap_or(default.min_stable),
        version: copied(&raw.version).unwrap_or(default.version),
    }
}
