//! What a host is before a run: reads only.

use std::time::Duration;

use super::lying::{LYING, live, release};
use super::script::words;
use crate::actions::unit::{self, Reading};
use crate::domain::deploy::spec::RunnerKind;
use crate::domain::deploy::state::HostState;
use crate::domain::text::one_line;
use crate::transport::loader::quote;
use crate::transport::{ExecSpec, Exit, SharedTransport};

pub(super) const OWNER: &str = include_str!("owner.sh");
const SURVEY: &str = include_str!("survey.sh");
/// How long a host may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// More than any answer needs.
const MOST: usize = 1 << 20;

/// What a host says.
#[derive(Clone, Debug, PartialEq)]
pub struct Survey {
    /// Its machine-id.
    pub machine_id: String,
    /// Programs that a runner needs and that are not there.
    pub missing: Vec<String>,
    /// Neither curl nor wget is there.
    pub no_http: bool,
    /// There is a folder ROOT/releases.
    pub has_root: bool,
    /// ROOT and ROOT/releases may be written.
    pub writable: bool,
    /// The folder of runs may be written, or made.
    pub keeps: bool,
    /// Commands may be run as who was asked for.
    pub may_as: bool,
    /// The host's systemd may be asked to run the runner.
    pub may_system: bool,
    /// logind ends what is left of a login, and the person's systemd does not linger.
    pub kills: bool,
    /// The host's clock, in seconds since 1970.
    pub now: Option<i64>,
    /// Whether there is something to migrate; none where the release is not there yet.
    pub migrates: Option<bool>,
    /// Files that say what there is to migrate: new in the release, or others than they were.
    pub migrations: Vec<String>,
    /// How what was asked to be run first ended, and its last line.
    pub asked: Option<(i32, String)>,
    /// Which of the commands that need sudo it does not let.
    pub refused: Vec<usize>,
    /// Where ROOT/current points.
    pub link: String,
    /// Releases that are whole, and those that qd has made among them.
    pub releases: Vec<(String, bool)>,
    /// A checksum over the wanted release as it lies there.
    pub pin: String,
    /// Free kilobytes, and how full the disk is, in percent.
    pub disk: Option<(u64, u64)>,
    /// How full it is of inodes, in percent.
    pub inodes: Option<u64>,
    /// The kind of its file system.
    pub fs: String,
    /// What it remembers, or why that cannot be read.
    pub state: Result<HostState, String>,
    /// The checksum of the file that says so.
    pub state_sum: String,
    /// Who keeps deploys away, until when and why.
    pub hold: Option<String>,
    /// Whose run has the lock.
    pub owner: Option<String>,
    /// Whose run was cut off there: its runner is dead, and nobody steers it.
    pub cut: Option<String>,
    /// Since when nobody has steered that run, in seconds.
    pub lease_age: Option<u64>,
    /// The step that it was at.
    pub step: String,
    /// The unit, and whether it may be acted on.
    pub unit: Reading,
}

impl Survey {
    /// Before anything was said.
    fn unheard() -> Self {
        Self {
            machine_id: String::new(),
            missing: Vec::new(),
            no_http: false,
            has_root: false,
            writable: false,
            keeps: false,
            may_as: false,
            may_system: false,
            kills: false,
            now: None,
            migrates: None,
            migrations: Vec::new(),
            asked: None,
            refused: Vec::new(),
            link: String::new(),
            releases: Vec::new(),
            pin: String::new(),
            disk: None,
            inodes: None,
            fs: String::new(),
            state: Ok(HostState::default()),
            state_sum: String::new(),
            hold: None,
            owner: None,
            cut: None,
            lease_age: None,
            step: String::new(),
            unit: Reading::default(),
        }
    }

    /// The version that is live, where the link points to one.
    pub fn live(&self) -> Option<&str> {
        live(&self.link)
    }
}

/// What a host is asked about.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The folder of the releases.
    pub root: &'a str,
    /// The folder of the runs.
    pub state: &'a str,
    /// The wanted version; empty for none.
    pub version: &'a str,
    /// The unit.
    pub unit: &'a str,
    /// What is to be done to it.
    pub verb: &'a str,
    /// Who takes the steps.
    pub run_as: Option<&'a str>,
    /// What keeps the runner alive.
    pub runner: RunnerKind,
    /// Files that say whether there is something to migrate, as `find -path` knows them.
    pub when: &'a str,
    /// Run first, and must end well; empty: nothing.
    pub first: &'a [String],
    /// Commands that begin with sudo.
    pub privileged: &'a [Vec<String>],
}

/// Asks a host.
pub async fn survey(transport: &SharedTransport, question: &Question<'_>) -> Result<Survey, String> {
    let Question { root, state, version, unit, verb, run_as, runner, when, first, privileged } = *question;
    let refuse: String = privileged.iter().enumerate().map(|(index, argv)| may(index, argv)).collect();
    let looks = if first.is_empty() { ":".to_owned() } else { format!("timeout 20 {}", words(first)) };
    let script = format!(
        "root={} state={} version={} as={} runner={} when={} asked={}\nlooks() {{ {looks}; }}\nrefuse() {{\n{refuse}:\n}}\n{OWNER}\n{LYING}\n{SURVEY}",
        quote(root),
        quote(state),
        quote(version),
        quote(&sudo_as(run_as)),
        if runner == RunnerKind::System { "system" } else { "auto" },
        quote(when),
        if first.is_empty() { "''" } else { "1" },
    );
    let asked = transport.exec(ExecSpec::script(script, PATIENCE)).collect(MOST);
    let (output, unit) = tokio::join!(asked, unit::read(transport, unit, verb));
    let mut survey = match output.exit {
        Exit::Code(_) => parse(&String::from_utf8_lossy(&output.out)),
        Exit::ConnectionLost => return Err("the link was lost".to_owned()),
        other => return Err(format!("the survey ended with {other:?}")),
    };
    survey.unit = unit.map_err(|error| error.to_string())?;
    Ok(survey)
}

/// A line of script that tells when sudo does not let this command, which begins with sudo.
fn may(index: usize, argv: &[String]) -> String {
    // sudo's own options may stand before or after -l; what it runs stands last.
    let at = if argv.get(1).is_some_and(|word| word == "-n") { 2 } else { 1 };
    let (sudo, rest) = argv.split_at(at.min(argv.len()));
    format!("{} -l {} >/dev/null 2>&1 </dev/null || echo refused={index}\n", words(sudo), words(rest))
}

/// What is put before a command so that somebody else runs it; empty for the login user.
pub(super) fn sudo_as(run_as: Option<&str>) -> String {
    run_as.map(|user| format!("sudo -n -u {user}")).unwrap_or_default()
}

fn parse(text: &str) -> Survey {
    let mut survey = Survey::unheard();
    for (key, value) in text.lines().filter_map(|line| line.split_once('=')) {
        match key {
            "machine" => survey.machine_id = one_line(value, 64),
            "missing" => survey.missing.push(one_line(value, 64)),
            "missing_http" => survey.no_http = true,
            "root" => survey.has_root = true,
            "writable" => survey.writable = true,
            "keeps" => survey.keeps = true,
            "as" => survey.may_as = true,
            "system" => survey.may_system = true,
            "kills" => survey.kills = true,
            "now" => survey.now = value.parse().ok(),
            "migrates" => survey.migrates = Some(value == "yes"),
            "migration" => survey.migrations.push(one_line(value, 120)),
            "asked" => {
                let (code, said) = value.split_once(' ').unwrap_or((value, ""));
                survey.asked = code.parse().ok().map(|code| (code, one_line(said, 200)));
            }
            "refused" => survey.refused.extend(value.parse::<usize>()),
            "link" => survey.link = one_line(value, 200),
            "release" => survey.releases.extend(release(value)),
            "pin" => survey.pin = one_line(value, 100),
            "disk" => {
                let numbers = value.split_once(' ');
                survey.disk = numbers.and_then(|(free, used)| Some((free.parse().ok()?, used.parse().ok()?)));
            }
            "inodes" => survey.inodes = value.parse().ok(),
            "fs" => survey.fs = one_line(value, 40),
            "state" => survey.state = HostState::parse(value),
            "state_sum" => survey.state_sum = one_line(value, 100),
            "hold" => survey.hold = Some(one_line(value.split_once(' ').map_or(value, |(_, said)| said), 300)),
            "owner" => survey.owner = Some(one_line(value, 300)),
            "cut" => survey.cut = Some(one_line(value, 300)),
            "lease" => survey.lease_age = value.parse().ok(),
            "step" => survey.step = one_line(value, 60),
            _ => {}
        }
    }
    survey
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_and_what_is_not_whole_or_no_version_is_no_release() {
        let text = "missing=flock\nmachine=abc\nroot=1\nwritable=1\nlink=releases/1.4.2\nrelease=placed 1.4.2\n\
            release=made 1.5.0\nrelease=part 1.6.0\nrelease=placed *\nrelease=unreadable 1.3\npin=1 2\ndisk=1000 45\n\
            inodes=3\nfs=ext2/ext3\nstate={\"current\":\"1.4.2\",\"good\":[\"1.4.2\"],\"bad\":[]}\nstate_sum=7 8\n\
            hold=0 ana: freeze\nowner=ana · run X";
        let survey = parse(text);
        assert_eq!(survey.live(), Some("1.4.2"));
        assert_eq!(survey.releases, [("1.4.2".to_owned(), false), ("1.5.0".to_owned(), true)]);
        assert_eq!((survey.disk, survey.inodes, survey.missing.len()), (Some((1000, 45)), Some(3), 1));
        assert_eq!(survey.state.as_ref().unwrap().good, ["1.4.2"]);
        assert_eq!((survey.hold.as_deref(), survey.owner.as_deref()), (Some("ana: freeze"), Some("ana · run X")));
        assert!(parse("state={\"good\":[\"../x\"]}").state.is_err());
        assert_eq!(parse("link=../../etc\n").live(), None);
    }
}
