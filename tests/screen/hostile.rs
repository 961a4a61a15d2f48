//! Whatever hosts, logs and people send, on whatever screen: no panic, and nothing in a cell that a terminal would obey.

use proptest::prelude::*;
use quarterdeck::app::command::Command;
use quarterdeck::app::message::Message;
use quarterdeck::app::state::{About, Banner, State, Then};
use quarterdeck::app::update::{confirm, update};
use quarterdeck::app::viewport::Regions;
use quarterdeck::domain::act::Proposal;
use quarterdeck::domain::action;
use quarterdeck::domain::confirm::{Demand, Typed};
use quarterdeck::domain::host::{HostName, Link, LinkError, LinkErrorKind, LinkState, TransportKind};
use quarterdeck::domain::log::{Level, SourceEvent, SourceEventKind};
use quarterdeck::domain::log_view::{LogRow, LogWindow, RowContent};
use quarterdeck::domain::question::Question;
use quarterdeck::domain::sample::{Disk, HostFacts, Process, Sample, Slow, Unit};
use quarterdeck::domain::service::{Health, ServiceOnHost};
use quarterdeck::ui::Look;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use crate::{at, busy, press, window};

/// Text that means harm: control characters, escape sequences, text direction, marks that stack, wide and joined
/// characters, halves of characters, and much of it.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("\u{1b}[2J\u{1b}]0;mine\u{7}".to_owned()),
        Just("\u{9b}31m\u{9d}52;c;cm0=\u{9c}".to_owned()),
        Just("\u{202e}txt.exe\u{2066}\u{200f}\u{61c}".to_owned()),
        Just("e\u{301}\u{302}\u{303}\u{304}".repeat(20)),
        Just("日本語のホスト".to_owned()),
        Just("👩‍👩‍👧‍👦🏳️‍🌈\u{fe0f}".to_owned()),
        Just("\u{200b}\u{200d}\u{feff}\u{e0041}\u{fffd}".to_owned()),
        Just("\0\u{8}\r\n\t\u{b}\u{c}\u{7f}".to_owned()),
        Just("x".repeat(10_000)),
        "[a-z /=\"{}]{0,40}",
        proptest::collection::vec(any::<char>(), 0..30).prop_map(|chars| chars.into_iter().collect()),
    ];
    proptest::collection::vec(piece, 0..5).prop_map(|pieces| pieces.concat())
}

/// A cockpit that was told this, everywhere where something from outside is told.
fn told(size: (u16, u16), texts: &[String]) -> State {
    let mut state = busy(size);
    let text = |n: usize| texts[n % texts.len()].clone();
    let facts = HostFacts { os: Some(text(0)), kernel: Some(text(1)), arch: Some(text(2)), ..HostFacts::default() };
    update(&mut state, Message::Facts("web-1".into(), facts));
    let disk = |n| Disk { mount: text(n), pct: 97.0, hours_to_full: Some(1.5), ..Disk::default() };
    let unit = Unit { name: text(1), active: text(2), sub: text(3), result: text(4), ..Unit::default() };
    let slow = Slow {
        at: at(1),
        disks: Some((0..20).map(disk).collect()),
        failed_units: Some(vec![text(0), text(1)]),
        units: vec![unit],
        ..Slow::default()
    };
    let sample = Sample { at: at(1), slow: Some(slow), uptime_s: Some(f64::MAX), ..Sample::default() };
    update(&mut state, Message::Sampled("web-1".into(), Box::new(sample)));
    let process = Process { command: text(0), user: text(1), ..Process::default() };
    update(&mut state, Message::Processes("web-1".into(), Ok(vec![process; 40])));
    let error = LinkError { kind: LinkErrorKind::Auth, message: text(0), remedy: text(1) };
    let link = Link {
        state: LinkState::Retrying,
        error: Some(error),
        retry_at: Some(at(i64::from(u32::MAX))),
        via: vec![text(2), text(3)],
        transport_reason: text(4),
        ..Link::connecting(TransportKind::Ssh2, at(0))
    };
    update(&mut state, Message::Link("web-2".into(), link));
    let status = ServiceOnHost {
        unit_state: Some(text(0)),
        version: Some(text(1)),
        health: Health::Failing,
        health_detail: Some(text(2)),
        ..ServiceOnHost::default()
    };
    let (service, environment) = ("api".into(), "production".into());
    update(&mut state, Message::Service { service, environment, host: HostName::from("web-1"), status });
    state.put_banner(Banner { about: About::Config, bad: true, text: text(3) });
    update(&mut state, Message::Notice { bad: true, text: text(4) });

    let mut logs: LogWindow = window(30);
    logs.error = Some(text(0));
    logs.sources[0].error = Some(text(1));
    logs.sources[0].newest_error = Some((1, text(2)));
    for (n, row) in logs.rows.iter_mut().enumerate() {
        let text = text(n);
        // Offsets as another, broken half of the program might give them: in the middle of characters, and beyond.
        let (some, far) = (text.len() / 3 + n, text.len() + n);
        row.content = RowContent::Line {
            message: some.min(text.len())..text.len(),
            hits: [n..some, some..far].into(),
            fields: vec![(text.chars().take(50).collect(), text.clone()), (String::new(), String::new())],
            text,
        };
        row.continues = n % 4 == 1;
        row.level = Some(Level::ALL[n % Level::ALL.len()]);
    }
    let event = SourceEvent {
        kind: SourceEventKind::Gap,
        at: at(0),
        seconds: Some(f64::INFINITY),
        lines: Some(u64::MAX),
        bytes: Some(u64::MAX),
        lost: Some(u64::MAX),
        detail: text(0),
    };
    let ledger = LogRow { content: RowContent::Ledger(event), ..logs.rows[0].clone() };
    logs.rows[2] = ledger;
    update(&mut state, Message::Logs(Box::new(logs)));
    state
}

/// Puts one of the overlays up.
fn over(state: &mut State, which: u8, texts: &[String]) {
    let text = |n: usize| texts[n % texts.len()].clone();
    match which {
        0 => {}
        1 => drop(press(state, "?")),
        2 => drop(press(state, ":")),
        3 => drop(update(state, Message::Command(Command::Palette))),
        4 => drop(press(state, "2/")),
        5 => drop(press(state, "2f")),
        6 if text(0).len() % 2 == 0 => confirm(state, &text(0), texts.to_vec(), Then::Leave),
        6 => {
            press(state, "\tR");
            let proposal = Proposal {
                hash: text(0),
                title: text(1),
                environment: "production".into(),
                service: Some(text(2)),
                hosts: vec![text(3), text(4)],
                other: Some(text(5)),
                page: texts.iter().map(|text| format!("{text:<12} {text}")).collect(),
                demand: Demand::of(action::Level::Two, Typed::name(&text(5), ["web-1"]), text(6), Some(text(7))),
            };
            update(state, Message::Proposed(1, Ok(Box::new(proposal))));
        }
        7 => {
            for n in 0..9 {
                let question = Question::HostKey {
                    host: HostName::from(text(n).as_str()),
                    address: text(n + 1),
                    key_type: text(n + 2),
                    fingerprint: text(n + 3),
                };
                update(state, Message::Asked(n as u64, question));
            }
        }
        8 => drop(update(state, Message::Asked(1, Question::Passphrase { identity: text(0), host: "web-1".into() }))),
        _ => {
            let (account, prompt) = (text(0), text(1));
            let question = Question::Password { host: "web-1".into(), account, prompt, echo: which == 9 };
            update(state, Message::Asked(1, question));
        }
    }
    update(state, Message::Pasted(text(2)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn nothing_panics_and_no_cell_holds_a_control_character(
        columns in 1_u16..=200,
        rows in 1_u16..=60,
        texts in proptest::collection::vec(hostile(), 1..5),
        overlay in 0_u8..=10,
        keys in "[123jklsfwteEnNgGptoT:/ \r\u{1b}]{0,12}",
        ascii in any::<bool>(),
    ) {
        let mut state = told((columns, rows), &texts);
        press(&mut state, &keys);
        over(&mut state, overlay, &texts);
        let mut look = Look::default();
        look.ascii = ascii;
        let mut terminal = Terminal::new(TestBackend::new(columns, rows)).expect("infallible");
        for _ in 0..2 {
            let mut regions = Regions::default();
            terminal.draw(|frame| regions = quarterdeck::ui::render(&state, &look, frame)).expect("infallible");
            update(&mut state, Message::Viewport(regions.viewport));
        }
        for cell in &terminal.backend().buffer().content {
            let symbol = cell.symbol();
            prop_assert!(symbol.chars().all(|c| !c.is_control() && !harms(c)), "{symbol:?}");
            prop_assert!(!ascii || symbol.is_ascii(), "{symbol:?}");
        }
    }
}

/// What changes the direction of the text around it, or is there and not seen (Unicode TR 36).
fn harms(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}
