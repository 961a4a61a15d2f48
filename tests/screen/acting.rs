//! Actions on the screen: nothing happens by one key, by Enter alone, by a paste, on a row that moved, or under read-only.

mod under_way;

use std::time::Duration;

use chrono::TimeDelta;
use quarterdeck::app::effect::Effect;
use quarterdeck::app::message::Message;
use quarterdeck::app::state::{Overlay, State, Tab};
use quarterdeck::app::update::update;
use quarterdeck::domain::act::{News, Proposal};
use quarterdeck::domain::action::Level;
use quarterdeck::domain::audit::{Ending, HostEnding, Verdict};
use quarterdeck::domain::confirm::{Demand, Standing, Typed};
use quarterdeck::domain::deploy::steer::Wish;
use quarterdeck::domain::host::{Link, LinkState};
use quarterdeck::domain::service::ServiceOnHost;
use quarterdeck::domain::want::{Subject, Want};

use crate::{at, busy, picture, press, up};

fn later(state: &mut State, ms: i64) {
    let now = state.now + TimeDelta::milliseconds(ms);
    update(state, Message::Tick(now));
}

fn proposal(want: &Want, level: Level, again: Option<&str>) -> Proposal {
    let hosts: Vec<String> = want.subject.hosts().iter().map(ToString::to_string).collect();
    let mut page = vec![
        format!("plan         {} · 0123456789ab", want.title()),
        format!("environment  production · level {}", level.number()),
        "does         restarts the unit, one host after the other, and goes on only when the last one is well again"
            .to_owned(),
        "hosts        2 hosts, one after the other; the first that fails is the last".to_owned(),
        "gate         active, started anew, for 10 s; 3 healthy answers in a row of http://127.0.0.1:8000/healthz; within 60 s"
            .to_owned(),
    ];
    page.extend(hosts.iter().map(|host| format!("{host:<12} sudo -n systemctl restart api.service  (active running)")));
    Proposal {
        hash: "0123".into(),
        title: want.title(),
        environment: "production".into(),
        service: Some("api".into()),
        hosts,
        other: None,
        page,
        demand: Demand::of(
            level,
            Typed::name("api", ["api", "web-1"]),
            "production/api".into(),
            again.map(str::to_owned),
        ),
    }
}

/// What was asked to be planned.
fn wanted(effects: &[Effect]) -> Option<(u64, Want)> {
    effects.iter().find_map(|effect| match effect {
        Effect::Propose(ticket, want, _) => Some((*ticket, (**want).clone())),
        _ => None,
    })
}

fn carried(effects: &[Effect]) -> usize {
    effects.iter().filter(|effect| matches!(effect, Effect::Carry(..))).count()
}

/// A cockpit whose services have the keys.
fn cockpit(size: (u16, u16)) -> State {
    let mut state = busy(size);
    press(&mut state, "\t");
    state
}

/// The popup of a restart, with its plan, seen for long enough.
fn popup(state: &mut State, level: Level, again: Option<&str>) -> u64 {
    let (ticket, want) = wanted(&press(state, "R")).expect("a plan is asked for");
    update(state, Message::Proposed(ticket, Ok(Box::new(proposal(&want, level, again)))));
    later(state, 400);
    ticket
}

/// Types as fingers do: a moment between the keys.
fn typed(state: &mut State, keys: &str) -> Vec<Effect> {
    let mut effects = Vec::new();
    for key in keys.chars() {
        later(state, 40);
        effects.extend(press(state, &key.to_string()));
    }
    effects
}

#[test]
fn a_service_of_several_hosts_is_restarted_by_seven_keys_and_each_host_is_told_of() {
    let mut state = busy((120, 36));
    // W arms, Tab goes to the services, R opens the plan.
    let keys = "W\tR";
    let (ticket, want) = wanted(&typed(&mut state, keys)).expect("a plan is asked for");
    let hosts: Vec<&str> = want.subject.hosts().iter().map(|host| host.as_str()).collect();
    assert_eq!(hosts, ["web-1", "web-2"]);
    update(&mut state, Message::Proposed(ticket, Ok(Box::new(proposal(&want, Level::Two, None)))));
    later(&mut state, 400);
    let effects = typed(&mut state, "api\r");
    assert_eq!(carried(&effects), 1, "{effects:?}");
    assert!(keys.len() + "api\r".len() < 8);
    assert_eq!(state.tab, Tab::Deploys, "its page is shown");
    update(&mut state, Message::Acted(ticket, News::Begun("web-1".into())));
    update(&mut state, Message::Acted(ticket, News::Note("web-1".into(), "its health check says: HTTP 500".into())));
    let shown = picture(&mut state);
    for needed in ["restart api on web-1, web-2", "HTTP 500", "waits", "running"] {
        assert!(shown.contains(needed), "{needed} is missing:\n{shown}");
    }
    let ending = |host: &str, result, detail: Option<&str>| HostEnding {
        host: host.into(),
        result,
        rc: Some(0),
        ms: 12_300,
        detail: detail.map(str::to_owned),
    };
    let hosts = vec![
        ending("web-1", Verdict::Failed, Some("after 60 s: its health check says: HTTP 500")),
        ending("web-2", Verdict::NotDone, Some("left alone: a host before it failed")),
    ];
    let over = Ending { id: "x".into(), time: at(20), result: Verdict::Failed, rc: Some(0), ms: 12_300, hosts };
    update(&mut state, Message::Acted(ticket, News::Over(over)));
    let shown = picture(&mut state);
    for needed in ["failed", "not done", "left alone: a host before it failed"] {
        assert!(shown.contains(needed), "{needed} is missing:\n{shown}");
    }
}

#[test]
fn no_key_alone_no_enter_and_no_paste_carries_anything_out() {
    for level in [Level::One, Level::Two, Level::Three] {
        for keys in ["\r", "\r\r\r", "a\r", "ap\r", "yes\r", "web-1\r", "n", "q", " "] {
            let mut state = cockpit((80, 24));
            press(&mut state, "W");
            popup(&mut state, level, None);
            later(&mut state, 4000);
            let effects = typed(&mut state, keys);
            assert_eq!(
                carried(&effects),
                if level == Level::One && keys == "yes\r" { 1 } else { 0 },
                "{level:?} {keys:?}"
            );
        }
        for pasted in ["y", "y\n", "api", "api\n", "production/api\n"] {
            let mut state = cockpit((80, 24));
            press(&mut state, "W");
            let ticket = popup(&mut state, level, None);
            later(&mut state, 4000);
            let effects = update(&mut state, Message::Pasted(pasted.into()));
            assert_eq!(carried(&effects), 0, "{level:?} {pasted:?}");
            assert!(matches!(effects[..], [Effect::Forget(gone)] if gone == ticket), "a paste cancels: {effects:?}");
            assert!(state.overlays.is_empty());
        }
    }
}

#[test]
fn what_was_typed_ahead_or_comes_all_at_once_confirms_nothing() {
    let mut state = cockpit((80, 24));
    press(&mut state, "W");
    // Typed before there is a plan, and before anybody can have seen it.
    let effects = press(&mut state, "Rapi\r");
    let (ticket, want) = wanted(&effects).expect("a plan");
    let effects = update(&mut state, Message::Proposed(ticket, Ok(Box::new(proposal(&want, Level::Two, None)))));
    assert_eq!(carried(&effects) + carried(&press(&mut state, "api\r")), 0);
    later(&mut state, 400);
    assert_eq!(carried(&typed(&mut state, "\r")), 0, "nothing of it was kept");
    // A terminal that does not mark pastes: letters and Enter in one moment.
    let mut state = cockpit((80, 24));
    press(&mut state, "W");
    popup(&mut state, Level::Two, None);
    assert_eq!(carried(&press(&mut state, "api\r")), 0);
    assert!(picture(&mut state).contains("came like a paste"));
    // The same for `y`, which is thrown away while the popup is deaf.
    let mut state = cockpit((80, 24));
    press(&mut state, "W");
    let effects = press(&mut state, "Ry");
    let (ticket, want) = wanted(&effects).expect("a plan");
    update(&mut state, Message::Proposed(ticket, Ok(Box::new(proposal(&want, Level::One, None)))));
    assert_eq!(carried(&press(&mut state, "yyy")), 0);
    later(&mut state, 400);
    assert_eq!(carried(&press(&mut state, "y")), 1);
}

#[test]
fn read_only_shows_the_plan_and_lets_nothing_be_confirmed() {
    let mut state = cockpit((80, 24));
    popup(&mut state, Level::Two, None);
    assert_eq!(carried(&typed(&mut state, "api\ry")), 0);
    let shown = picture(&mut state);
    assert!(shown.contains("read-only until it is armed") && shown.contains("[W] arm"), "{shown}");
    // Arming it there makes it listen, after a moment.
    assert_eq!(carried(&press(&mut state, "Wapi\r")), 0);
    later(&mut state, 400);
    assert_eq!(carried(&typed(&mut state, "api\r")), 1);
    // --read-only is lifted by nothing.
    let mut state = cockpit((80, 24));
    state.acting.standing = Standing::new(true);
    press(&mut state, "W");
    popup(&mut state, Level::Two, None);
    assert_eq!(carried(&typed(&mut state, "Wapi\ry")), 0);
    assert!(picture(&mut state).contains("read-only was asked for"));
    // Nor is a config that may say what nobody here understands.
    let mut state = cockpit((80, 24));
    state.acting.off = Some("a key that nobody knows".into());
    assert!(wanted(&press(&mut state, "WR")).is_none());
}

#[test]
fn the_target_is_the_one_of_the_key_whatever_the_rows_do() {
    let mut state = busy((80, 24));
    press(&mut state, "W3j");
    let selected = state.machines.selected.clone().expect("a host");
    let (ticket, want) = wanted(&press(&mut state, "R")).expect("a plan");
    assert_eq!(want.subject.hosts().iter().collect::<Vec<_>>(), [&selected]);
    let Subject::Service { name, .. } = &want.subject else { panic!("{want:?}") };
    assert_eq!(name, "api");
    // The table is sorted anew under the popup, and another row stands where it was.
    state.machines.sort = quarterdeck::app::state::SortBy::Cpu;
    state.machines.descending = true;
    state.machines.selected = Some("web-1".into());
    update(&mut state, Message::Proposed(ticket, Ok(Box::new(proposal(&want, Level::Two, None)))));
    later(&mut state, 400);
    assert!(picture(&mut state).contains(&format!("restart api on {selected}")));
    let effects = typed(&mut state, "api\r");
    assert!(matches!(effects[0], Effect::Carry(carried, ..) if carried == ticket), "{effects:?}");
}

#[test]
fn a_second_restart_wants_a_reason_and_level_three_waits() {
    let mut state = cockpit((80, 24));
    press(&mut state, "W");
    popup(&mut state, Level::Two, Some("ana restarted it 3m ago"));
    assert!(picture(&mut state).contains("why (ana restarted it 3m ago)"));
    assert_eq!(carried(&typed(&mut state, "\rapi\r")), 0, "without a reason nothing");
    assert!(picture(&mut state).contains("it wants a reason"));
    let effects = typed(&mut state, "it leaks\rapi\r");
    let reason = effects.iter().find_map(|effect| match effect {
        Effect::Carry(_, approval, _) => approval.reason.clone(),
        _ => None,
    });
    assert_eq!(reason.as_deref(), Some("it leaks"));
    let mut state = cockpit((80, 24));
    press(&mut state, "W");
    popup(&mut state, Level::Three, None);
    assert!(picture(&mut state).contains("it listens in 3 s"));
    assert_eq!(carried(&typed(&mut state, "why\rproduction/api\r")), 0, "it is deaf yet");
    later(&mut state, 3000);
    assert_eq!(carried(&typed(&mut state, "why\rproduction/api\r")), 1);
}

#[test]
fn what_is_done_to_an_armed_fleet_pushes_no_tab_out_of_the_header() {
    for columns in 80..130 {
        let mut state = cockpit((columns, 24));
        state.badge = Some("demo".to_owned());
        press(&mut state, "W");
        popup(&mut state, Level::Three, None);
        later(&mut state, 3000);
        assert_eq!(carried(&typed(&mut state, "why\rproduction/api\r")), 1);
        let shown = picture(&mut state);
        let first = shown.lines().next().unwrap_or_default();
        assert!(first.contains("6Biz") || first.contains("6 Business"), "{columns}: {first}");
        assert!(first.contains("armed") && first.contains('◌'), "{columns}: {first}");
    }
}

#[test]
fn arming_ends_with_its_time_with_sleep_and_when_nobody_is_there() {
    let armed = |state: &State| state.acting.standing.armed("production", state.now).is_some();
    let mut state = cockpit((80, 24));
    press(&mut state, "W");
    assert!(armed(&state) && picture(&mut state).contains("armed 1"));
    press(&mut state, "W");
    assert!(!armed(&state), "once more takes it back");
    press(&mut state, "W");
    later(&mut state, 120_000);
    assert!(!armed(&state), "the machine slept");
    press(&mut state, "W");
    (0..601).for_each(|_| later(&mut state, 1000));
    assert!(!armed(&state), "nobody has pressed a key");
    press(&mut state, "W");
    for _ in 0..30 {
        (0..30).for_each(|_| later(&mut state, 1000));
        press(&mut state, "j");
    }
    assert!(!armed(&state), "its time is over");
}

#[test]
fn a_key_to_deploy_is_in_every_tab_with_a_service_under_the_cursor() {
    for tab in ["1", "2k", "3", "4"] {
        for key in ["D", "B"] {
            let mut state = busy((80, 24));
            press(&mut state, &format!("{tab}{key}"));
            let shown = picture(&mut state);
            assert!(shown.contains("nothing that is selected here can be"), "{tab}{key}: no [service.deploy]\n{shown}");
        }
    }
}

#[test]
fn popups_have_their_pictures() {
    for size in [(80, 24), (120, 36)] {
        let mut pictures = String::new();
        let mut add = |name: &str, state: &mut State| pictures.push_str(&format!("=== {name}\n{}\n", picture(state)));
        let mut state = cockpit(size);
        popup(&mut state, Level::Two, None);
        add("read-only", &mut state);
        press(&mut state, "W");
        later(&mut state, 400);
        typed(&mut state, "ap");
        add("level 2", &mut state);
        let mut state = cockpit(size);
        press(&mut state, "W");
        popup(&mut state, Level::One, None);
        add("level 1", &mut state);
        let mut state = cockpit(size);
        press(&mut state, "W");
        popup(&mut state, Level::Three, Some("ana restarted it 3m ago"));
        add("level 3", &mut state);
        let mut state = cockpit(size);
        let (ticket, _) = wanted(&press(&mut state, "R")).expect("a plan");
        add("planning", &mut state);
        let why = "web-1: sudo does not let deploy run `systemctl restart api.service` without a password; in sudoers that is\n    deploy ALL=(root) NOPASSWD: /usr/bin/systemctl restart api.service";
        update(&mut state, Message::Proposed(ticket, Err(why.into())));
        add("no plan", &mut state);
        let mut state = cockpit(size);
        press(&mut state, "x");
        add("menu", &mut state);
        press(&mut state, "run");
        press(&mut state, "\r");
        assert!(matches!(state.overlays.last(), Some(Overlay::Blanks(_))), "a command is asked for");
        add("blanks", &mut state);
        insta::assert_snapshot!(format!("acting-{}x{}", size.0, size.1), pictures);
    }
}
