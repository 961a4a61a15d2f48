//! The script of the sampler's half on a host, and the words it is spoken to with.

use crate::transport::loader::quote;

/// The script itself; what it answers is described at its top.
const SCRIPT: &str = include_str!("probe.sh");

/// The script with what it has to look at put in front of it.
pub fn script(units: &[String], containers: &[String], states: &[String]) -> String {
    let list = |names: &[String]| quote(&names.join("\n"));
    format!("units={} containers={} states={}\n{SCRIPT}", list(units), list(containers), list(states))
}

/// One line of its standard input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// The figures of `/proc`.
    Fast,
    /// File systems, in the background.
    Disks,
    /// Units, containers and the reboot mark, in the background.
    Units,
    /// A sign of life with this number.
    Beat(u64),
    /// The host's clock, with this number.
    Clock(u64),
}

impl Ask {
    /// The line, with its end.
    pub fn line(self) -> String {
        match self {
            Self::Fast => "fast\n".to_owned(),
            Self::Disks => "disks\n".to_owned(),
            Self::Units => "units\n".to_owned(),
            Self::Beat(number) => format!("beat {number}\n"),
            Self::Clock(number) => format!("clock {number}\n"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_for_the_shell() {
        let script = script(&["a.service".into(), "$(rm -rf /)'.service".into()], &[], &["/a b".into()]);
        assert!(
            script.starts_with("units='a.service\n$(rm -rf /)'\\''.service' containers='' states='/a b'\n#!/bin/sh\n")
        );
    }
}
