//! What stands between the lines: deploys, restarts and alerts, and the ways from a line to the other tabs.

use super::*;

#[test]
fn deploys_and_alerts_stand_between_the_lines_and_are_jumped_to() {
    let mut state = logs((80, 24));
    let shown = picture(&mut state);
    let place = |words: &str| {
        shown.lines().position(|line| line.contains(words)).unwrap_or_else(|| panic!("{words}:\n{shown}"))
    };
    let (deploy, error, alert) = (place("deploy api 1.4.2 to 1.4.3"), place("KeyError"), place("page checkout down"));
    assert!(deploy + 1 == error && alert == error + 1, "{shown}");
    press(&mut state, "[d");
    let Anchor::Time(time) = state.logs.query.anchor else { panic!("{:?}", state.logs.query.anchor) };
    assert_eq!(time, at(30));
    answered(&mut state);
    assert_eq!(state.logs.selected.map(|id| id.micros), Some(at(40).timestamp_micros()), "the first line after it");
    press(&mut state, "[d");
    assert!(picture(&mut state).contains("no change is known before that"), "the same one is not found again");
    press(&mut state, "]a");
    answered(&mut state);
    assert_eq!(state.logs.selected.map(|id| id.micros), Some(at(50).timestamp_micros()));
    press(&mut state, "]a");
    assert!(picture(&mut state).contains("no alert is known after that"));
}

#[test]
fn from_a_line_one_goes_to_its_host_service_deployment_and_alert() {
    for (keys, tab) in [("oh", Tab::Hosts), ("ou", Tab::Overview), ("od", Tab::Deploys), ("oa", Tab::Alerts)] {
        let mut state = logs((120, 36));
        press(&mut state, " k");
        press(&mut state, keys);
        assert_eq!(state.tab, tab, "{keys}");
        let shown = picture(&mut state);
        match keys {
            "oh" => assert_eq!(state.machines.open.as_ref().map(|host| host.as_str()), Some("web-2")),
            "ou" => assert_eq!(state.overview.service, Some(("api".into(), "production".into()))),
            "od" => assert!(shown.contains("1.4.3, 0 min before the line"), "{shown}"),
            _ => assert!(shown.contains("checkout down"), "{shown}"),
        }
        press(&mut state, "-");
        assert_eq!(state.tab, Tab::Logs, "and back");
    }
}

fn happened(kind: EventKind, seconds: i64, host: Option<&str>, text: &str) -> Event {
    Event {
        fleet: "acme".into(),
        key: format!("{kind:?} {seconds}"),
        time: at(seconds),
        kind,
        service: Some("api".into()),
        environment: Some("production".into()),
        host: host.map(str::to_owned),
        text: text.into(),
    }
}

#[test]
fn rulers_tell_what_was_kept_of_before_this_start_and_nothing_twice() {
    let mut state = logs((120, 36));
    let events = vec![
        happened(EventKind::Restart, -7200, Some("web-1"), "api was started on web-1"),
        happened(EventKind::AlertFiring, -3600, None, "checkout slow"),
        happened(EventKind::AlertResolved, -3000, None, "checkout slow"),
        happened(EventKind::Version, 20, Some("web-2"), "api 1.4.2 → 1.4.3 on web-2"),
        // GitLab and StatusCake tell more of these two.
        happened(EventKind::DeployEnded, 31, None, "deploy api 1.4.3 success · ana"),
        happened(EventKind::AlertFiring, 45, None, "checkout down"),
    ];
    update(&mut state, Message::Events(events));
    let shown = picture(&mut state);
    assert!(shown.contains("api 1.4.2 → 1.4.3 on web-2"), "{shown}");
    assert_eq!(shown.matches("checkout down").count(), 1, "{shown}");
    assert!(!shown.contains("success · ana"), "{shown}");
    // From the tail back through all of them, and forward again.
    let mut jump = |keys: &str| {
        press(&mut state, keys);
        let Anchor::Time(time) = state.logs.query.anchor else { panic!("{:?}", state.logs.query.anchor) };
        let told = picture(&mut state);
        answered(&mut state);
        ((time - at(0)).num_seconds(), told)
    };
    let back: Vec<i64> = (0..3).map(|_| jump("[d").0).collect();
    assert_eq!(back, [30, 20, -7200]);
    assert_eq!(jump("]d").0, 20);
    assert_eq!([jump("[a").0, jump("[a").0], [-3000, -3600]);
    let (time, told) = jump("]a");
    assert!(time == -3000 && told.contains("over: checkout slow"), "{told}");
}

#[test]
fn a_line_s_time_is_marked_on_every_other_tab() {
    let mut state = logs((120, 36));
    for (seconds, cpu) in [(10, 20.0), (20, 80.0), (30, 40.0), (50, 10.0)] {
        for host in ["web-1", "web-2"] {
            let mut sample = crate::sample(seconds, cpu);
            sample.at = at(seconds);
            update(&mut state, Message::Sampled(host.into(), Box::new(sample)));
        }
    }
    update(&mut state, Message::Tick(at(60)));
    let words = format!("◂ line {}", at(40).format("%H:%M:%S"));
    for key in ["1", "3", "4", "5"] {
        press(&mut state, key);
        assert!(!picture(&mut state).contains("◂ line"), "{key}: nothing is selected yet");
    }
    press(&mut state, "2 kk");
    assert_eq!(state.logs.selected.map(|id| id.micros), Some(at(40).timestamp_micros()));
    for key in ["1", "3", "4", "5"] {
        press(&mut state, key);
        let shown = picture(&mut state);
        assert!(shown.contains(&words), "{key}:\n{shown}");
        if key == "4" {
            let line =
                shown.lines().find(|line| line.contains("1.4.3") && line.contains("success")).expect("the deploy");
            assert!(line.trim_end().ends_with('◂'), "what had just been deployed then is marked:\n{shown}");
        }
    }
    press(&mut state, "3");
    let marked = crate::marked_cells(&mut state);
    assert_eq!(marked.iter().filter(|bar| *bar == "▄").count(), 2, "a bar of each host's graph: {marked:?}");
    press(&mut state, "\r");
    assert!(picture(&mut state).contains(&words), "on the page of a host too");
    // Following the tail is at no time.
    press(&mut state, "2 3");
    assert!(!picture(&mut state).contains("◂ line"));
}
