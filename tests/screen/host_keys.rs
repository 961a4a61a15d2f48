//! Host keys that nobody knows yet: nothing is taken by a key that was meant for something else.

use super::*;

#[test]
fn a_host_key_is_never_taken_by_enter_a_paste_or_a_key_typed_ahead() {
    let question = Question::HostKey {
        host: "web-1".into(),
        address: "x:22".into(),
        key_type: "ssh-ed25519".into(),
        fingerprint: "SHA256:abc".into(),
    };
    let mut state = busy((80, 24));
    update(&mut state, Message::Asked(1, question));
    let mut effects = press(&mut state, "os\r\r");
    effects.extend(update(&mut state, Message::Pasted("o\ns\n".into())));
    assert!(effects.iter().all(|effect| !matches!(effect, Effect::Answer(..))), "{effects:?}");
    let now = state.now + TimeDelta::seconds(1);
    update(&mut state, Message::Tick(now));
    let effects = press(&mut state, "s");
    assert!(matches!(effects[..], [Effect::Answer(1, quarterdeck::domain::question::Answer::AcceptAndSave)]));
}

#[test]
fn several_new_host_keys_are_one_list_and_nothing_unseen_is_answered() {
    use quarterdeck::domain::question::Answer;
    let ask = |state: &mut State, n: u64| {
        let question = Question::HostKey {
            host: format!("new-{n}").as_str().into(),
            address: format!("10.0.0.{n}:22"),
            key_type: "ssh-ed25519".into(),
            fingerprint: format!("SHA256:{n}"),
        };
        update(state, Message::Asked(n, question));
    };
    let later = |state: &mut State| {
        let now = state.now + TimeDelta::seconds(1);
        update(state, Message::Tick(now));
    };
    let mut state = busy((80, 24));
    (1..=8).for_each(|n| ask(&mut state, n));
    let shown = picture(&mut state);
    assert!(shown.contains("8 new host keys") && shown.contains("SHA256:6") && shown.contains("and 2 more"), "{shown}");
    assert!(!shown.contains("SHA256:7"));
    later(&mut state);
    // The second alone, then all that are listed, which are not those that never were.
    let effects = press(&mut state, "js");
    assert!(matches!(effects[..], [Effect::Answer(2, Answer::AcceptAndSave)]), "{effects:?}");
    ask(&mut state, 9);
    assert!(press(&mut state, "O").is_empty(), "a list that has just changed has not been seen");
    later(&mut state);
    let ids: Vec<u64> = press(&mut state, "O")
        .into_iter()
        .filter_map(|effect| match effect {
            Effect::Answer(id, Answer::AcceptOnce) => Some(id),
            _ => None,
        })
        .collect();
    assert_eq!(ids, [1, 3, 4, 5, 6, 7]);
    later(&mut state);
    assert_eq!(press(&mut state, "R").len(), 2);
    assert!(state.overlays.is_empty());
}

#[test]
fn a_question_that_is_withdrawn_is_not_put_and_one_that_is_open_takes_the_keys_to_its_end() {
    let question = |identity: &str| Question::Passphrase { identity: identity.into(), host: "web-1".into() };
    let mut state = busy((80, 24));
    update(&mut state, Message::Asked(1, question("first")));
    update(&mut state, Message::Asked(2, question("second")));
    for id in [1, 2] {
        update(&mut state, Message::Withdrawn(id));
    }
    let later = state.now + TimeDelta::seconds(1);
    update(&mut state, Message::Tick(later));
    // Half a secret must not become commands of the cockpit.
    let effects = press(&mut state, "q3\r");
    assert!(matches!(effects[..], [Effect::Answer(1, _)]), "{effects:?}");
    assert!(state.overlays.is_empty() && state.tab == Tab::Overview, "the second is still put");
}
