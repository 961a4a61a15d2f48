//! Plans that grow old, and what goes on while somebody looks elsewhere.

use super::*;

#[test]
fn leaving_while_something_goes_on_asks_and_an_old_plan_is_made_anew() {
    let mut state = cockpit((80, 24));
    press(&mut state, "W");
    popup(&mut state, Level::Two, None);
    typed(&mut state, "api\r");
    assert!(press(&mut state, "q").is_empty());
    assert!(picture(&mut state).contains("Leave while this goes on?"));
    assert!(press(&mut state, "y\r").is_empty(), "typed ahead, and Enter");
    later(&mut state, 400);
    assert!(matches!(press(&mut state, "y")[..], [Effect::Quit]));
    let mut state = cockpit((80, 24));
    press(&mut state, "W");
    let ticket = popup(&mut state, Level::Two, None);
    (0..100).for_each(|_| later(&mut state, 1000));
    let effects = typed(&mut state, "api\r");
    assert!(matches!(effects[..], [Effect::Forget(gone), Effect::Propose(..)] if gone == ticket), "{effects:?}");
}

#[test]
fn a_plan_is_made_anew_and_says_so_when_what_it_rests_on_changes() {
    let lost = || Link { state: LinkState::Retrying, ..up(at(5)) };
    let service = |version: &str| Message::Service {
        service: "api".into(),
        environment: "production".into(),
        host: "web-2".into(),
        status: ServiceOnHost {
            version: Some(version.into()),
            unit_state: Some("active".into()),
            ..ServiceOnHost::default()
        },
    };
    let changes: [(&str, &dyn Fn() -> Message); 2] = [
        ("web-1 is not connected any more", &|| Message::Link("web-1".into(), lost())),
        ("api on web-2 is 1.4.4 now", &|| service("1.4.4")),
    ];
    for (why, change) in changes {
        let mut state = cockpit((100, 30));
        press(&mut state, "W");
        let first = popup(&mut state, Level::Two, None);
        // What it does not rest on changes nothing.
        assert!(update(&mut state, Message::Link("db-1".into(), up(at(5)))).is_empty());
        assert!(update(&mut state, service("1.4.3")).is_empty());
        typed(&mut state, "api");
        let effects = update(&mut state, change());
        assert!(matches!(effects[..], [Effect::Forget(gone), Effect::Propose(..)] if gone == first), "{effects:?}");
        let (again, want) = wanted(&effects).expect("a plan");
        assert_eq!(carried(&typed(&mut state, "\r")), 0, "there is none yet");
        // The plan of before comes late, and is nobody's.
        let late = update(&mut state, Message::Proposed(first, Ok(Box::new(proposal(&want, Level::Two, None)))));
        assert!(matches!(late[..], [Effect::Forget(gone)] if gone == first), "{late:?}");
        update(&mut state, Message::Proposed(again, Ok(Box::new(proposal(&want, Level::Two, None)))));
        let shown = picture(&mut state);
        assert!(shown.contains(&format!("{why}: this is a new plan")), "{shown}");
        later(&mut state, 400);
        assert_eq!(carried(&typed(&mut state, "\r")), 0, "what was typed was for the one before");
        let effects = typed(&mut state, "api\r");
        assert!(matches!(effects[0], Effect::Carry(carried, ..) if carried == again), "{effects:?}");
    }
}

#[test]
fn whether_a_release_is_kept_is_asked_over_nothing_that_somebody_writes() {
    let mut state = cockpit((100, 30));
    press(&mut state, "W");
    let ticket = popup(&mut state, Level::Two, None);
    typed(&mut state, "api\r");
    let asks = || News::Asks { why: vec!["5xx 2.4 %".into()], patience: Duration::from_secs(20), back: true };
    press(&mut state, "/");
    let effects = update(&mut state, Message::Acted(ticket, asks()));
    assert!(matches!(effects[..], [Effect::Bell]), "{effects:?}");
    let shown = picture(&mut state);
    assert!(shown.contains("over its limits"), "{shown}");
    later(&mut state, 2000);
    // Letters go on into what is being written, and are no answer.
    assert!(typed(&mut state, "yBy").is_empty());
    press(&mut state, "\r");
    assert!(picture(&mut state).contains("Keep the new release, or take it back?"));
    assert!(press(&mut state, "y").is_empty(), "it was not seen yet");
    later(&mut state, 400);
    let effects = press(&mut state, "B");
    assert!(matches!(effects[..], [Effect::Wish(of, Wish::Undo, _)] if of == ticket), "{effects:?}");
    // Nobody answers another: it goes when its time is over.
    update(&mut state, Message::Acted(ticket, asks()));
    assert!(picture(&mut state).contains("20 s"));
    later(&mut state, 21_000);
    assert!(state.overlays.is_empty());
}

#[test]
fn the_hosts_are_asked_for_runs_often_only_while_somebody_looks_at_them() {
    let mut state = busy((80, 24));
    let sought = |effects: &[Effect]| -> Vec<bool> {
        let one = |effect: &Effect| if let Effect::SeekRuns(_, wanted) = effect { Some(*wanted) } else { None };
        effects.iter().filter_map(one).collect()
    };
    assert_eq!(sought(&press(&mut state, "23561")), [false; 0]);
    assert_eq!(sought(&press(&mut state, "4j\t")), [true]);
    assert_eq!(sought(&press(&mut state, "1")), [false]);
}
