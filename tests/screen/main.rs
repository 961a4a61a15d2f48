//! The screen as text, at every size, in every state.

mod acting;
mod errors;
mod hints;
mod host_keys;
mod hosted;
mod hostile;
mod log_back;
mod log_filter;
mod log_pane;
mod log_words;
mod newcomer;
mod overview;
mod terminal;
#[allow(dead_code, reason = "what programs cost is measured elsewhere")]
#[path = "../measure/tty.rs"]
mod tty;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use crossterm::event::KeyCode;
use quarterdeck::app::command::Command;
use quarterdeck::app::effect::Effect;
use quarterdeck::app::message::Message;
use quarterdeck::app::state::{Overlay, State, Tab};
use quarterdeck::app::update::update;
use quarterdeck::app::viewport::Regions;
use quarterdeck::domain::host::{Host, Link, LinkError, LinkErrorKind, LinkState, TransportKind};
use quarterdeck::domain::log::{Level, Source, SourceId, TimeFrom};
use quarterdeck::domain::log_view::{Anchor, LogRow, LogWindow, RowContent, RowId, SourceStatus};
use quarterdeck::domain::question::Question;
use quarterdeck::domain::sample::{Cpu, Disk, Memory, Sample, Slow};
use quarterdeck::domain::service::{Health, Service, ServiceOnHost};
use quarterdeck::domain::settings::{Environment, ReadOnly, Settings};
use quarterdeck::ui::Look;
use quarterdeck::ui::keymap::Keymap;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_230_000 + seconds, 0).expect("in range")
}

fn look() -> Look {
    Look::default()
}

fn settings() -> Settings {
    let host = |name: &str| Host::named(name, "production");
    let service = Service {
        name: "api".into(),
        environment: "production".into(),
        hosts: vec!["web-1".into(), "web-2".into()],
        unit: Some("api.service".into()),
        container: None,
        critical: true,
        health: None,
        version: None,
        access_log: None,
        runbook: None,
        logs: Vec::new(),
    };
    Settings {
        fleet: "acme".into(),
        environments: vec![Environment {
            name: "production".into(),
            careful: true,
            read_only: ReadOnly::UntilArmed,
            arm_for: std::time::Duration::from_secs(900),
            accent: "danger".into(),
        }],
        hosts: vec![host("web-1"), host("web-2"), host("db-1")],
        services: vec![service],
        ..Settings::default()
    }
}

fn empty(size: (u16, u16)) -> State {
    State::new(Arc::new(Settings { fleet: "acme".into(), ..Settings::default() }), at(0), size, None)
}

fn up(now: DateTime<Utc>) -> Link {
    Link { state: LinkState::Up, generation: 1, ..Link::connecting(TransportKind::Ssh2, now) }
}

fn sample(seconds: i64, cpu: f64) -> Sample {
    let disk = Disk { mount: "/var".into(), pct: 86.0, free_bytes: 12 << 30, total_bytes: 80 << 30, ..Disk::default() };
    Sample {
        at: at(seconds),
        uptime_s: Some(3_542_400.0),
        cpu: Some(Cpu { pct: cpu, per_core: vec![cpu, 10.0], ..Cpu::default() }),
        load: Some([0.5, 0.4, 0.3]),
        cores: Some(2),
        mem: Some(Memory { total: 16 << 30, available: 6 << 30, cached: 4 << 30 }),
        slow: Some(Slow { at: at(seconds), disks: Some(vec![disk]), failed_units: Some(vec![]), ..Slow::default() }),
        ..Sample::default()
    }
}

/// Two hosts are up, one is not let in; the api fails on one.
fn busy(size: (u16, u16)) -> State {
    let mut state = State::new(Arc::new(settings()), at(0), size, None);
    for (host, cpu) in [("web-1", 34.0), ("web-2", 97.5)] {
        update(&mut state, Message::Link(host.into(), up(at(0))));
        update(&mut state, Message::Sampled(host.into(), Box::new(sample(1, cpu))));
    }
    let error = LinkError {
        kind: LinkErrorKind::Auth,
        message: "permission denied (publickey) for deploy@db-1".into(),
        remedy: "see `qd check --host db-1`".into(),
    };
    let refused = Link { state: LinkState::AuthFailed, error: Some(error), ..up(at(0)) };
    update(&mut state, Message::Link("db-1".into(), refused));
    update(&mut state, Message::Tick(at(2)));
    for (host, health) in [("web-1", Health::Ok), ("web-2", Health::Failing)] {
        let status = ServiceOnHost {
            unit_state: Some("active".into()),
            version: Some(if host == "web-1" { "1.4.2" } else { "1.4.3" }.into()),
            health,
            heard: Some(at(1)),
            health_detail: (health == Health::Failing).then(|| "HTTP 500: KeyError".into()),
            ..ServiceOnHost::default()
        };
        let (service, environment) = ("api".into(), "production".into());
        update(&mut state, Message::Service { service, environment, host: host.into(), status });
    }
    update(&mut state, Message::Logs(Box::new(window(12))));
    state
}

fn window(lines: u64) -> LogWindow {
    let source =
        Arc::new(Source { host: "web-1".into(), service: Some("api".into()), name: "file:/var/log/app.log".into() });
    let rows = (0..lines).map(|n| {
        let text = format!("level=error msg=\"request {n} failed\" path=/checkout");
        LogRow {
            id: RowId { micros: at(0).timestamp_micros() + n as i64, source: SourceId(0), seq: n },
            source: SourceId(0),
            time: at(0),
            time_from: TimeFrom::Line,
            level: Some(if n % 3 == 0 { Level::Error } else { Level::Info }),
            content: RowContent::Line {
                message: 0..text.len(),
                hits: std::iter::once(0..5).collect(),
                fields: vec![("path".into(), "/checkout".into())],
                text,
            },
            late: false,
            continues: false,
            marked: false,
            repeats: None,
            spot: None,
        }
    });
    let status = SourceStatus {
        id: SourceId(0),
        source,
        live: true,
        error: None,
        rate: 12.0,
        lines,
        errors_min: 4,
        errors: vec![0, 0, 4],
        newest_error: Some((at(0).timestamp_micros(), "KeyError: 'cart'".into())),
        newest: Some(at(0)),
        lag_s: Some(0.1),
        format: "logfmt",
    };
    LogWindow {
        number: u64::MAX,
        rows: rows.collect(),
        total: lines,
        matching: lines,
        sources: vec![status],
        rate: 12.0,
        ..LogWindow::default()
    }
}

/// The screen as text.
fn picture(state: &mut State) -> String {
    let (columns, rows) = state.size;
    let buffer = drawn(state);
    let line = |y: u16| (0..columns).map(|x| buffer[(x, y)].symbol()).collect::<String>().trim_end().to_owned();
    (0..rows).map(line).collect::<Vec<_>>().join("\n")
}

/// What stands in the cells that are reversed and underlined.
fn marked_cells(state: &mut State) -> Vec<String> {
    use ratatui::style::Modifier;
    let marked = Modifier::REVERSED | Modifier::UNDERLINED;
    let cells = drawn(state).content.into_iter().filter(|cell| cell.modifier.contains(marked));
    cells.map(|cell| cell.symbol().to_owned()).collect()
}

fn drawn(state: &mut State) -> ratatui::buffer::Buffer {
    let (columns, rows) = state.size;
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).expect("infallible");
    for _ in 0..2 {
        let mut regions = Regions::default();
        terminal.draw(|frame| regions = quarterdeck::ui::render(state, &look(), frame)).expect("infallible");
        update(state, Message::Viewport(regions.viewport));
    }
    terminal.backend().buffer().clone()
}

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 36), (200, 60)];

#[test]
fn every_tab_has_its_pictures() {
    for size in SIZES {
        let later = |mut state: State| {
            update(&mut state, Message::Tick(at(60)));
            state
        };
        for (name, make) in
            [("empty", &empty as &dyn Fn((u16, u16)) -> State), ("busy", &busy), ("stale", &|size| later(busy(size)))]
        {
            let mut pictures = String::new();
            for tab in Tab::ALL {
                let mut state = make(size);
                update(&mut state, Message::Command(Command::Show(tab)));
                pictures.push_str(&format!("=== {}\n{}\n", tab.as_str(), picture(&mut state)));
            }
            let mut state = make(size);
            update(&mut state, Message::Command(Command::Host("web-2".into())));
            pictures.push_str(&format!("=== host\n{}\n", picture(&mut state)));
            insta::assert_snapshot!(format!("{name}-{}x{}", size.0, size.1), pictures);
        }
    }
}

#[test]
fn overlays_have_their_pictures() {
    let question = Question::HostKey {
        host: "web-1".into(),
        address: "10.0.0.11:22".into(),
        key_type: "ssh-ed25519".into(),
        fingerprint: "SHA256:abc".into(),
    };
    let mut pictures = String::new();
    for message in [
        Message::Command(Command::Help),
        Message::Command(Command::CommandLine),
        Message::Command(Command::Search(None)),
        Message::Asked(1, question),
        Message::Asked(2, Question::Passphrase { identity: "~/.ssh/id".into(), host: "web-1".into() }),
    ] {
        let mut state = busy((80, 24));
        update(&mut state, message);
        pictures.push_str(&format!("===\n{}\n", picture(&mut state)));
    }
    insta::assert_snapshot!("overlays", pictures);
}

#[test]
fn a_screen_that_is_too_small_says_what_is_needed() {
    assert!(picture(&mut busy((40, 10))).contains("qd needs 60x15"));
}

#[test]
fn keys_do_nothing_on_a_screen_that_is_too_small_to_show_it_but_leave() {
    let mut state = busy((40, 10));
    let before = (state.tab, state.overlays.len());
    for message in [
        Message::Command(Command::Show(Tab::Logs)),
        Message::Command(Command::Palette),
        Message::Key(KeyCode::Char('y').into()),
        Message::Pasted("y".into()),
    ] {
        assert!(update(&mut state, message).is_empty());
        assert_eq!((state.tab, state.overlays.len()), before);
    }
    assert!(matches!(update(&mut state, Message::Command(Command::Quit))[..], [Effect::Quit]));
    update(&mut state, Message::Resized(80, 24));
    update(&mut state, Message::Command(Command::Show(Tab::Logs)));
    assert_eq!(state.tab, Tab::Logs);
}

#[test]
fn the_first_things_a_person_needs_are_there() {
    let text = picture(&mut busy((80, 24)));
    for needed in ["PROD", "api is failing on 1 of 2 hosts (web-2) since", "NO AUTH", "permission denied", "? help"] {
        assert!(text.contains(needed), "{needed} is missing:\n{text}");
    }
    assert!(!text.contains("Deploys"), "only what is there");
}

/// The default keys, read once: thousands are pressed.
fn keymap() -> &'static Keymap {
    static KEYMAP: std::sync::LazyLock<Keymap> = std::sync::LazyLock::new(|| Keymap::load("default", None).0);
    &KEYMAP
}

fn press(state: &mut State, text: &str) -> Vec<Effect> {
    let keymap = keymap();
    let mut typing = quarterdeck::ui::keymap::Typing::default();
    let mut effects = Vec::new();
    for c in text.chars() {
        use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
        let code = match c {
            '\r' | '\n' => KeyCode::Enter,
            '\t' => KeyCode::Tab,
            '\u{1b}' => KeyCode::Esc,
            c => KeyCode::Char(c),
        };
        let key = match code {
            KeyCode::Char('\u{10}') => KeyEvent::new(KeyCode::Char('p'), KeyModifiers::CONTROL),
            code => KeyEvent::new(code, KeyModifiers::NONE),
        };
        let chain = quarterdeck::app::context::chain(state);
        let message = match typing.key(keymap, &chain, &key) {
            quarterdeck::ui::keymap::Meaning::Command(command) => Message::Command(command),
            _ => Message::Key(key),
        };
        effects.extend(update(state, message));
    }
    effects
}

#[test]
fn keys_lead_where_they_say() {
    let mut state = busy((80, 24));
    press(&mut state, "jj\r");
    assert_eq!((state.tab, state.machines.open.as_ref().map(|h| h.as_str())), (Tab::Hosts, Some("db-1")));
    press(&mut state, "\u{1b}1l");
    assert_eq!((state.tab, state.logs.query.filter.query.to_string().as_str()), (Tab::Logs, "host=db-1"));
    press(&mut state, "F/fail(ed\r");
    assert!(matches!(state.overlays.last(), Some(Overlay::Prompt(_))), "a broken regex is not taken");
    press(&mut state, "\u{1b}/failed\r");
    assert_eq!(state.logs.query.search.as_deref(), Some("failed"));
    assert!(!state.logs.follow, "leaving the tail pauses");
    let effects = press(&mut state, "q");
    assert!(matches!(effects.last(), Some(Effect::Quit)));
}

#[test]
fn the_line_whose_detail_is_opened_stays_among_those_that_are_asked_for() {
    let mut state = busy((120, 36));
    update(&mut state, Message::Command(Command::Show(Tab::Logs)));
    update(&mut state, Message::Logs(Box::new(window(30))));
    picture(&mut state);
    press(&mut state, " k");
    let selected = state.logs.selected.expect("a line");
    press(&mut state, "\r");
    picture(&mut state);
    let fits = state.viewport.log_rows;
    assert!(fits < 29, "the detail takes room: {fits}");
    let Anchor::Top(top) = state.logs.query.anchor else { panic!("{:?}", state.logs.query.anchor) };
    assert!(top.seq <= selected.seq && selected.seq < top.seq + fits as u64, "{top:?} {selected:?} {fits}");
}

#[test]
fn new_lines_never_move_the_selection() {
    let mut state = busy((80, 24));
    update(&mut state, Message::Command(Command::Show(Tab::Logs)));
    press(&mut state, " kkk");
    let selected = state.logs.selected;
    assert!(selected.is_some());
    for lines in [20, 50, 80] {
        let mut more = window(lines);
        more.rows.truncate(12);
        update(&mut state, Message::Logs(Box::new(more)));
        assert_eq!(state.logs.selected, selected);
    }
}
