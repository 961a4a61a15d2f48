//! `[[action]]`.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::config::read::Whole;
use crate::config::table::table;
use crate::config::values::{HostArgv, Name, Pattern, Selector};

table! {
    /// A command of one's own.
    Action [name] {
        /// its name
        name: Name = "logrotate";
        /// what menus call it
        title: String = "Rotate logs now";
        /// where it may run
        hosts: Vec<Selector> = ["tag:web"];
        /// or on the hosts of these services
        services: Vec<Selector> = ["api"];
        /// what runs; {arg.NAME} stays one argument
        command: HostArgv = ["sudo", "-n", "logrotate", "-f", "/etc/logrotate.d/{arg.what}"];
        /// what is asked first
        args: BTreeMap<String, ActionArg> = { what = { ask = "Which", match = "^[a-z-]{1,32}$", default = "myservice" } };
        /// 1 | 2 | 3
        level: Whole<1, 3> = 1;
        /// one host after the other
        rolling: bool = true;
        /// how long it may take on a host
        timeout: Duration = "60s";
    }
}

table! {
    /// One thing that is asked before an action runs.
    ActionArg {
        /// the question
        ask: String = "Which";
        /// what an answer must look like (regex)
        r#match: Pattern = "^[a-z-]{1,32}$";
        /// proposed
        default: String = "myservice";
    }
}
