//! The config that a person would have written for the demo's hosts and APIs: written into the demo's folder, and read
//! from there as any other, so that a second terminal can use it too (`qd --config FOLDER/quarterdeck.toml …`).

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};

use super::apis::Tokens;
use super::world::role::{Role, USER};
use super::world::system::JOBS_VERSION;
use crate::config::paths::Dirs;
use crate::config::{LoadOptions, load};
use crate::domain::settings::{Settings, SshSettings};

/// What the config is about.
pub struct Parts<'p> {
    /// The demo's folder.
    pub folder: &'p Path,
    /// The hosts' names.
    pub names: &'p [String],
    /// Their ports of 127.0.0.1.
    pub ports: &'p [u16],
    /// The key that opens them.
    pub identity: &'p Path,
    /// Their own keys.
    pub known_hosts: &'p Path,
    /// The port of the APIs.
    pub apis: u16,
    /// What opens those.
    pub tokens: &'p Tokens,
}

/// Writes the config, with the secrets it names, and reads it.
///
/// # Errors
/// When the folder cannot be written.
pub fn settings(parts: &Parts<'_>) -> Result<Settings> {
    let write = |name: &str, text: &str| -> Result<PathBuf> {
        let path = parts.folder.join(name);
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
        written.with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    };
    write("statuscake.token", &parts.tokens.statuscake)?;
    write("stripe.key", &parts.tokens.stripe)?;
    write("gitlab.token", &parts.tokens.gitlab)?;
    write("ssh_config", &ssh_config(parts))?;
    let path = write("quarterdeck.toml", &toml(parts))?;
    let options = LoadOptions {
        explicit: vec![path],
        env_config: None,
        cwd: parts.folder.to_owned(),
        // Nothing of the person's own is looked at.
        dirs: Dirs::beneath(parts.folder),
    };
    let loaded = load(&options).map_err(|error| anyhow!("the demo's config is wrong: {error}"))?;
    let mut settings = loaded.settings;
    // In this process not even ssh is asked.
    settings.ssh = SshSettings {
        config: None,
        run_ssh_g: false,
        known_hosts: vec![parts.known_hosts.to_owned()],
        use_agent: false,
        ..settings.ssh
    };
    Ok(settings)
}

/// For `ssh -F`, and for qd in another terminal.
fn ssh_config(parts: &Parts<'_>) -> String {
    format!(
        "Host *\n  UserKnownHostsFile {}\n  GlobalKnownHostsFile none\n  IdentityAgent none\n  IdentitiesOnly yes\n",
        parts.known_hosts.display()
    )
}

fn toml(parts: &Parts<'_>) -> String {
    let mut text = HEAD.to_owned();
    for (name, port) in parts.names.iter().zip(parts.ports) {
        let role = Role::of(name).as_str();
        // A String takes everything.
        let _ = write!(
            text,
            "\n[[host]]\nname = \"{name}\"\naddress = \"127.0.0.1\"\nport = {port}\nuser = \"{USER}\"\n\
             identity_file = {:?}\ntransport = \"ssh2\"\ntags = [\"{role}\"]\n",
            parts.identity
        );
    }
    text.push_str(SERVICES);
    let has = |role| parts.names.iter().any(|name| Role::of(name) == role);
    if has(Role::Db) {
        text.push_str(POSTGRES);
    }
    if has(Role::Db) || has(Role::Worker) {
        let on: Vec<String> = [Role::Db, Role::Worker]
            .into_iter()
            .filter(|role| has(*role))
            .map(|role| format!("\"tag:{}\"", role.as_str()))
            .collect();
        let _ = write!(text, "\n[[service]]\nname = \"jobs\"\nhosts = [{}]\n{JOBS}", on.join(", "));
        let _ = writeln!(text, "version = {{ command = [\"sh\", \"-c\", 'cat \"$QD_ROOT/{JOBS_VERSION}\"'] }}");
        text.push_str(JOBS_DEPLOY);
    }
    text.push_str(SYSTEM);
    let base = format!("http://127.0.0.1:{}", parts.apis);
    text + &HOSTED.replace("{base}", &base)
}

// Livelier than on real hosts: there is no line to spare. Not as often as the world moves, which is each second: two
// looks would now and then find the same figures.
const HEAD: &str = r#"# The demo's own config. It goes with the demo.
[fleet]
name = "demo"
environment = "production"

[[environment]]
name = "production"
careful = true
read_only = "until-armed"
arm_for = "15m"
accent = "careful"

[ssh]
config = "ssh_config"
host_keys = "strict"

[stats]
every = "2s"
slow = "10s"
"#;

const SERVICES: &str = r#"
[[service]]
name = "api"
hosts = ["tag:web"]
unit = "myservice.service"
critical = true
health = { url = "http://127.0.0.1:8000/healthz", status = "200-299", timeout = "2s", every = "5s" }
version = "http://127.0.0.1:8000/version"
logs = [{ file = "/var/log/myservice/app.log" }]
statuscake = ["tag:api"]
[service.deploy]
strategy = "gitlab"
project = "lumen/api"
job = "deploy:production"
gate = { timeout = "30s", every = "1s", min_stable = "3s" }
bake = "15s"

[[service]]
name = "storefront"
hosts = ["tag:web"]
unit = "storefront.service"
health = { url = "http://127.0.0.1:8080/healthz", status = "200-299", timeout = "2s", every = "5s" }
version = "http://127.0.0.1:8080/version"
access_log = "/var/log/storefront/access.log"
logs = [{ file = "/var/log/storefront/access.log" }]
[service.deploy] # 3.8.0 is good, 3.8.1 fails its bake, 3.8.2 its gate
root = "/srv/storefront"
gate = { timeout = "20s", every = "1s", min_stable = "3s" }
bake = "20s"

[[service]]
name = "nginx"
hosts = ["tag:web"]
unit = "nginx.service"
access_log = "/var/log/nginx/access.log"
logs = [{ file = "/var/log/nginx/access.log" }, { file = "/var/log/nginx/error.log" }]
statuscake = ["tag:web"]
"#;

const POSTGRES: &str = r#"
[[service]]
name = "postgres"
hosts = ["tag:db"]
unit = "postgresql.service"
critical = true
logs = [{ file = "/var/log/postgresql/*.log" }]
"#;

const JOBS: &str = r#"unit = "jobs.service"
logs = [{ file = "/var/log/jobs/jobs.json" }]
statuscake = ["nightly backup", "stock import"]
"#;

const JOBS_DEPLOY: &str = r#"[service.deploy]
strategy = "gitlab"
project = "lumen/jobs"
job = "deploy:production"
gate = { timeout = "30s", every = "1s", min_stable = "3s" }
bake = "15s"
"#;

const SYSTEM: &str = r#"
[[service]]
name = "system"
hosts = ["*"]
logs = [{ journal = "" }]
"#;

const HOSTED: &str = r#"
[statuscake]
url = "{base}/statuscake"
token = { file = "statuscake.token" }

[stripe]
url = "{base}/stripe"
key = { file = "stripe.key" }
refresh = "15s"

[gitlab]
url = "{base}/gitlab"
token = { file = "gitlab.token" }
projects = [{ path = "lumen/api", service = "api" }, { path = "lumen/jobs", service = "jobs" }]
"#;
