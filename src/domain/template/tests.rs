use proptest::prelude::*;

use super::*;

const SECOND: i64 = 1_000_000;

fn at(second: i64) -> chrono::DateTime<chrono::Utc> {
    chrono::DateTime::from_timestamp(second, 0).unwrap()
}

fn service(name: &str) -> Arc<str> {
    name.into()
}

fn note(templates: &mut Templates, service: &Arc<str>, source: u32, second: i64, message: &str) {
    let micros = second * SECOND;
    let seen = Seen {
        service: Some(service),
        source: SourceId(source),
        micros,
        level: message.starts_with("failed").then_some(Level::Error),
        message: message.as_bytes(),
    };
    templates.note(seen);
}

fn told(comparison: &Comparison) -> Vec<String> {
    let told = |change: &Change| format!("{} {} {}/{}", change.word(), change.text, change.after, change.before);
    comparison.changes.iter().map(told).collect()
}

#[test]
fn what_is_new_gone_and_more_frequent_is_told() {
    let (mut templates, api) = (Templates::default(), service("api"));
    for second in 0..1000 {
        note(&mut templates, &api, 0, second, &format!("request {second} done"));
        if second < 500 && second % 10 == 0 {
            note(&mut templates, &api, 0, second, "cache warmed");
        }
        if second % if second < 500 { 50 } else { 5 } == 0 {
            note(&mut templates, &api, 1, second, &format!("slow query: {second} ms"));
        }
        if second >= 500 && second % 100 == 0 {
            note(&mut templates, &api, u32::from(second == 500), second, "failed: no such key 'cart'");
        }
    }
    let comparison = templates.since(at(500), 1000 * SECOND);
    assert_eq!(
        told(&comparison),
        ["NEW failed: no such key 'cart' 5/0", "×10 slow query: <n> ms 100/10", "GONE cache warmed 0/50"]
    );
    let new = &comparison.changes[0];
    assert_eq!((new.level, &new.sources[..]), (Some(Level::Error), &[SourceId(0), SourceId(1)][..]));
    assert_eq!((new.first.timestamp(), new.last.timestamp()), (500, 900));
    assert!(comparison.unknown.is_empty());
    let troubles = templates.troubles(Level::Error, 400 * SECOND, 1000 * SECOND);
    assert_eq!((troubles.len(), troubles[0].after, troubles[0].kind), (1, 5, ChangeKind::New));
}

#[test]
fn of_what_was_not_watched_nothing_is_said() {
    let (mut templates, api, web) = (Templates::default(), service("api"), service("web"));
    note(&mut templates, &api, 0, 10, "api speaks");
    note(&mut templates, &web, 1, 30, "web speaks");
    let comparison = templates.since(at(20), 40 * SECOND);
    assert_eq!((comparison.changes.len(), comparison.unknown), (0, vec![Some(web)]));
}

#[test]
fn a_word_with_many_values_is_a_variable() {
    let (mut templates, api) = (Templates::default(), service("api"));
    let names = ["ana", "ben", "carla", "dirk", "eva", "finn", "gerda", "hans", "ida", "jan"];
    for (second, name) in names.iter().enumerate() {
        note(&mut templates, &api, 0, second as i64, &format!("user {name} has logged in"));
        note(&mut templates, &api, 0, second as i64, "failed to open the door");
    }
    assert_eq!(templates.len(), 2);
    let all = templates.troubles(Level::Trace, 0, 20 * SECOND);
    assert_eq!((all[0].text.as_str(), all[0].after), ("failed to open the door", 10));
    // One more user is no news.
    note(&mut templates, &api, 0, 15, "user kim has logged in");
    note(&mut templates, &api, 0, 15, "failed to open the door");
    assert_eq!((templates.len(), told(&templates.since(at(12), 20 * SECOND)).len()), (2, 0));
}

#[test]
fn a_kind_finds_its_lines_again() {
    for (message, other) in [("took 12.5ms at 10.0.0.1 (a+b)", "took 7.25ms at 10.9.9.9 (a+b)"), ("x", "x")] {
        let pattern = pattern(&mask::text(message.as_bytes()));
        let found = regex::bytes::Regex::new(&pattern).unwrap().is_match(format!("ts=1 {other} z").as_bytes());
        assert!(found, "{pattern}");
    }
    assert_eq!(pattern("user <*> in"), "user \\S+ in");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Nothing is lost: the kinds' counts add up to what was said, whatever is united, as long as none is forgotten;
    /// and the same messages give the same answer.
    #[test]
    fn kinds_add_up(messages in proptest::collection::vec(("[ab] [a-l] [cd]{1,2}( [a-d])?", 0_i64..100, 0_u32..3), 0..300)) {
        let mut both = [Templates::default(), Templates::default()];
        let api = service("api");
        for templates in &mut both {
            for (message, second, source) in &messages {
                note(templates, &api, *source, *second, message);
            }
        }
        let [one, other] = both;
        let all = one.troubles(Level::Trace, i64::MIN, 100 * SECOND);
        prop_assert_eq!(one.kinds.iter().flatten().map(|kind| kind.counts.between(i64::MIN, i64::MAX)).sum::<u64>(), messages.len() as u64);
        prop_assert_eq!(&all, &other.troubles(Level::Trace, i64::MIN, 100 * SECOND));
        prop_assert_eq!(one.since(at(50), 100 * SECOND), other.since(at(50), 100 * SECOND));
        // What is new since a moment was never said before it, and every message has a kind that finds it.
        for change in one.since(at(50), 100 * SECOND).changes {
            let regex = regex::Regex::new(&format!("^{}$", pattern(&change.text))).unwrap();
            let said = |from: i64, to: i64| messages.iter().any(|(m, at, _)| (from..to).contains(at) && regex.is_match(m));
            match change.kind {
                ChangeKind::New => prop_assert!(said(50, 100)),
                ChangeKind::Gone => prop_assert!(said(0, 50)),
                _ => {}
            }
        }
    }

}

proptest! {
    // One case is thousands of messages.
    #![proptest_config(ProptestConfig::with_cases(6))]

    /// However many kinds there are, memory is bounded.
    #[test]
    fn too_many_kinds_are_forgotten_oldest_first(seed in any::<u32>()) {
        let (mut templates, api) = (Templates::default(), service("api"));
        let word = |n: u32| -> String {
            let letters = n.wrapping_mul(2_654_435_761).wrapping_add(seed).to_be_bytes();
            letters.iter().flat_map(|b| [b'g' + (b >> 4), b'g' + (b & 15)]).map(char::from).collect()
        };
        for n in 0..5000_u32 {
            note(&mut templates, &api, 0, i64::from(n), &format!("{} {} {}", word(n), word(n + 7), word(n * 3)));
        }
        prop_assert!(templates.len() <= MOST);
        prop_assert!(templates.holes.len() <= 2 * MOST * Words::MOST && templates.shapes.len() <= SHAPES);
        prop_assert!(templates.len() > MOST / 2);
    }
}
