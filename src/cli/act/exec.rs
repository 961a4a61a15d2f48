//! `qd exec`: one command on many hosts.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

use clap::Args;

use super::meant::Meant;
use super::report::{self, Teller};
use super::{ActFlags, Acting, Connected};
use crate::actions::execute::Progress;
use crate::actions::plan::of_exec;
use crate::cli::args::Global;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::interruptible;
use crate::domain::audit::Verdict;
use crate::domain::glob;
use crate::domain::host::{Host, HostName};
use crate::domain::nearest::nearest;
use crate::domain::settings::Settings;
use crate::domain::text::{clean_bytes, one_line};

/// Of each host's output; what is more is not kept for --group and --json.
const KEPT: usize = 1 << 20;

/// Options of `qd exec`.
#[derive(Debug, Args)]
pub struct ExecArgs {
    /// Hosts: names, globs, tag:NAME, or a service for all of its hosts.
    #[arg(required = true)]
    pub target: Vec<String>,
    /// The command and its arguments, exactly as the hosts get them: no shell reads them (for one: -- sh -c '…').
    #[arg(last = true, required = true)]
    pub command: Vec<String>,
    /// Hosts that answer the same are printed together, once all are done.
    #[arg(long)]
    pub group: bool,
    /// Leave with the greatest exit code of the hosts.
    #[arg(long)]
    pub exit_code: bool,
    /// How long it may take on a host.
    #[arg(long, default_value = "10m", value_parser = duration, value_name = "TIME")]
    pub timeout: Duration,
    /// What every command that acts takes.
    #[command(flatten)]
    pub flags: ActFlags,
}

fn duration(text: &str) -> Result<Duration, String> {
    crate::config::units::duration(text).ok_or_else(|| "write it as 90s, 10m or 2h".to_owned())
}

/// Runs the command.
pub async fn run(global: &Global, args: ExecArgs) -> Outcome {
    let flags = &args.flags;
    let prepared = interruptible(async {
        let acting = Acting::open(global, flags).await?;
        let hosts = targets(acting.settings(), &args.target)?;
        let environment = acting.environment(&one_environment(&hosts)?, flags)?;
        let hosts: Vec<HostName> = hosts.into_iter().map(|host| host.name.clone()).collect();
        let connected = Connected::to(&acting.opened.whole, &hosts).await;
        for fault in connected.faults() {
            eprintln!("qd: {fault}");
        }
        let reached: Vec<HostName> = hosts.iter().filter(|host| connected.links.contains_key(host)).cloned().collect();
        if reached.is_empty() {
            return Err(Failure::new(Exit::NotConnected, "no host could be reached; nothing was done"));
        }
        let mut plan = of_exec(&environment.name, environment.careful, &reached, &args.command, args.timeout);
        plan.warnings = connected.missing.iter().map(|(host, _)| format!("{host} is left out: not reached")).collect();
        Meant::confirmed(acting, environment, connected, plan, flags, !flags.yes).await
    });
    let meant = prepared.await?;
    let mut output = Outputs { live: !args.group && !flags.json, hosts: BTreeMap::new() };
    let ending = meant.carried_out(&mut output).await?;
    if flags.json {
        output.print_json(&ending.hosts)?;
    } else if args.group {
        output.print_groups(&ending.hosts)?;
    }
    for host in ending.hosts.iter().filter(|host| host.result != Verdict::Ok) {
        let code = host.rc.map(|rc| format!(" (exit {rc})")).unwrap_or_default();
        let detail = host.detail.as_ref().filter(|_| host.rc.is_none()).map(|detail| format!(": {detail}"));
        eprintln!("qd: {} {}{code}{}", host.host, host.result.as_str(), detail.unwrap_or_default());
    }
    let away = !meant.connected.missing.is_empty() || ending.hosts.iter().any(|host| host.rc.is_none());
    Ok(match ending.rc {
        Some(greatest) if args.exit_code && greatest != 0 => Exit::Passed(u8::try_from(greatest).unwrap_or(1)),
        _ if away => Exit::NotConnected,
        _ => report::exit(&ending),
    })
}

/// The hosts that the words stand for, in config order.
pub fn targets<'s>(settings: &'s Settings, words: &[String]) -> Result<Vec<&'s Host>, Failure> {
    let mut chosen: Vec<&HostName> = Vec::new();
    for word in words {
        let tag = word.strip_prefix("tag:");
        let fits = |host: &&Host| match tag {
            Some(tag) => host.tags.iter().any(|own| glob::matches(tag, own)),
            None => glob::matches(word, host.name.as_str()),
        };
        let mut found: Vec<&HostName> = settings.hosts.iter().filter(fits).map(|host| &host.name).collect();
        if found.is_empty() {
            let services = settings.services.iter();
            let named = services.filter(|s| s.name == *word || format!("{}@{}", s.name, s.environment) == *word);
            found = named.flat_map(|service| &service.hosts).collect();
        }
        if found.is_empty() {
            let hosts = settings.hosts.iter().map(|host| host.name.as_str());
            let known = hosts.chain(settings.services.iter().map(|service| service.name.as_str()));
            let hint = nearest(word, known).map(|name| format!("; did you mean {name}?")).unwrap_or_default();
            let message = format!("{} stands for no host{hint}", one_line(word, 60));
            return Err(Failure::new(Exit::Usage, message));
        }
        chosen.extend(found);
    }
    Ok(settings.hosts.iter().filter(|host| chosen.contains(&&host.name)).collect())
}

/// The environment that all of them are in: what is confirmed for one is not confirmed for another.
pub fn one_environment(hosts: &[&Host]) -> Result<String, Failure> {
    let mut environments: Vec<&str> = hosts.iter().map(|host| host.environment.as_str()).collect();
    environments.sort_unstable();
    environments.dedup();
    match environments.as_slice() {
        [one] => Ok((*one).to_owned()),
        several => {
            let message = format!("these hosts are in {}: narrow them to one with --env", several.join(" and "));
            Err(Failure::new(Exit::Usage, message))
        }
    }
}

/// What hosts say: printed line by line as it comes, or kept.
struct Outputs {
    live: bool,
    hosts: BTreeMap<String, Output>,
}

#[derive(Default)]
struct Output {
    out: Vec<u8>,
    err: Vec<u8>,
}

impl Teller for Outputs {
    fn tell(&mut self, progress: &Progress) -> bool {
        match progress {
            Progress::Said { host, err, bytes } => {
                let output = self.hosts.entry(host.to_string()).or_default();
                let kept = if *err { &mut output.err } else { &mut output.out };
                if !self.live {
                    let room = KEPT.saturating_sub(kept.len()).min(bytes.len());
                    kept.extend_from_slice(&bytes[..room]);
                    return true;
                }
                kept.extend_from_slice(bytes);
                let whole = memchr::memrchr(b'\n', kept).map_or(0, |end| end + 1);
                // A line without an end is not waited for for ever.
                let whole = if kept.len() > KEPT { kept.len() } else { whole };
                let lines: Vec<u8> = kept.drain(..whole).collect();
                print_lines(host.as_str(), &lines, *err).is_ok()
            }
            Progress::Ended(ending) if self.live => {
                let rest = self.hosts.remove(&ending.host).unwrap_or_default();
                let told = print_lines(&ending.host, &rest.out, false);
                told.and_then(|()| print_lines(&ending.host, &rest.err, true)).is_ok()
            }
            Progress::Warning(text) => {
                eprintln!("qd: {text}");
                true
            }
            _ => true,
        }
    }
}

/// Prints lines with their host before them: what hosts print on stderr goes to stderr.
fn print_lines(host: &str, lines: &[u8], err: bool) -> std::io::Result<()> {
    let mut text = Vec::with_capacity(lines.len() + 64);
    for line in lines.split_inclusive(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        text.extend_from_slice(format!("{host} | {}\n", clean_bytes(line)).as_bytes());
    }
    if err { std::io::stderr().lock().write_all(&text) } else { std::io::stdout().lock().write_all(&text) }
}

impl Outputs {
    /// Hosts with the same answer and exit code stand together, the largest group first.
    fn print_groups(&self, endings: &[crate::domain::audit::HostEnding]) -> std::io::Result<()> {
        let mut groups: Vec<(String, Vec<&str>)> = Vec::new();
        for ending in endings {
            let output = self.hosts.get(&ending.host);
            let text = output.map(|output| [output.out.as_slice(), &output.err].concat()).unwrap_or_default();
            let mut text = text
                .split_inclusive(|byte| *byte == b'\n')
                .fold(String::new(), |text, line| text + &clean_bytes(line.strip_suffix(b"\n").unwrap_or(line)) + "\n");
            if ending.result != Verdict::Ok {
                let code = ending.rc.map(|rc| format!(", exit {rc}")).unwrap_or_default();
                text.push_str(&format!("[{}{code}]\n", ending.result.as_str()));
            }
            match groups.iter_mut().find(|(known, _)| *known == text) {
                Some((_, hosts)) => hosts.push(&ending.host),
                None => groups.push((text, vec![&ending.host])),
            }
        }
        groups.sort_by_key(|(_, hosts)| std::cmp::Reverse(hosts.len()));
        let mut out = std::io::stdout().lock();
        for (text, hosts) in groups {
            write!(out, "── {} ({})\n{text}", hosts.join(", "), hosts.len())?;
        }
        Ok(())
    }

    fn print_json(&self, endings: &[crate::domain::audit::HostEnding]) -> std::io::Result<()> {
        let text = |bytes: Option<&Vec<u8>>| {
            bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned()).unwrap_or_default()
        };
        let entries: Vec<serde_json::Value> = endings
            .iter()
            .map(|ending| {
                let output = self.hosts.get(&ending.host);
                serde_json::json!({
                    "host": ending.host,
                    "result": ending.result,
                    "rc": ending.rc,
                    "ms": ending.ms,
                    "out": text(output.map(|output| &output.out)),
                    "err": text(output.map(|output| &output.err)),
                    "detail": ending.detail,
                })
            })
            .collect();
        writeln!(std::io::stdout().lock(), "{}", serde_json::to_string_pretty(&entries)?)
    }
}
