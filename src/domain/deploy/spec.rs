//! `[service.deploy]`, resolved.

use crate::domain::gate::GateSettings;

/// How one service of one environment is deployed.
#[derive(Clone, Debug, PartialEq)]
pub struct DeploySpec {
    /// The service's name.
    pub service: String,
    /// Its environment.
    pub environment: String,
    /// When a host counts as good.
    pub gate: GateSettings,
}
