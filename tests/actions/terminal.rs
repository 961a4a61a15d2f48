//! What a person at a terminal is asked, and what does not count as an answer.

use std::time::Duration;

use crate::tty::Tty;
use crate::world::World;

const SOON: Duration = Duration::from_secs(30);
const QD: &str = env!("CARGO_BIN_EXE_qd");

fn start(world: &World, args: &[&str]) -> Tty {
    let env = world.env();
    let env: Vec<(&str, &str)> = env.iter().map(|(name, value)| (*name, value.as_str())).collect();
    Tty::start(&[&[QD, "--config", &world.config()], args].concat(), &env, 120, 40)
}

/// Waits until the prompt listens, which shows in a key that it takes and loses again.
fn listen(qd: &Tty, prompt: &str) {
    qd.wait(SOON, prompt, |screen| screen.contains(prompt));
    // Seldom: many that are read at once, by a machine that was busy, are a paste.
    let begun = std::time::Instant::now();
    for n in 0.. {
        if qd.screen().trim_end().ends_with("~") {
            break;
        }
        assert!(begun.elapsed() < SOON, "it never listens\n{}", qd.screen());
        if n % 20 == 0 {
            qd.keys("~");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    qd.keys("\x15");
    qd.wait(SOON, "an empty line", |screen| !screen.contains('~'));
}

/// Types letter by letter, as fingers do.
fn typed(qd: &Tty, word: &str) {
    for n in 1..=word.len() {
        qd.keys(&word[n - 1..n]);
        qd.wait(SOON, "the letter", |screen| screen.trim_end().ends_with(&word[..n]));
    }
}

#[test]
fn the_shortest_prefix_of_the_name_confirms_and_nothing_less_does() {
    for (word, code, done) in [("api", 0, true), ("", 4, false), ("y", 4, false), ("ap", 4, false), ("box", 4, false)] {
        let world = World::careful();
        let mut qd = start(&world, &["restart", "api", "--arm", "production"]);
        listen(&qd, "Type api to do it:");
        typed(&qd, word);
        qd.keys("\r");
        assert_eq!(qd.exit_code(SOON), code, "{word}: {}", qd.screen());
        assert_eq!(!world.calls("box-1").is_empty(), done, "{word}");
        assert!(qd.left_over().is_empty(), "{:?}", qd.left_over());
    }
}

#[test]
fn a_paste_and_what_was_typed_ahead_confirm_nothing() {
    let world = World::careful();
    for keys in ["\x1b[200~api\r\x1b[201~", "api\r", "\x03", "\x1b"] {
        let mut qd = start(&world, &["restart", "api", "--arm", "production"]);
        listen(&qd, "Type api to do it:");
        qd.keys(keys);
        assert_eq!(qd.exit_code(SOON), 4, "{keys:?}: {}", qd.screen());
    }
    // Typed before the prompt was there, and while it is deaf.
    let mut qd = start(&world, &["restart", "api", "--arm", "production"]);
    qd.keys("api\r");
    qd.wait(SOON, "the prompt", |screen| screen.contains("Type api to do it:"));
    qd.keys("api\r");
    listen(&qd, "Type api to do it:");
    qd.keys("\r");
    assert_eq!(qd.exit_code(SOON), 4, "{}", qd.screen());
    assert!(world.calls("box-1").is_empty());
    assert!(world.audit().is_empty());
}

#[test]
fn where_nothing_is_dear_y_is_enough_and_enter_is_not() {
    for (keys, code) in [("y", 0), ("", 4), ("n", 4), ("yes", 4)] {
        let world = World::relaxed();
        let mut qd = start(&world, &["restart", "api"]);
        listen(&qd, "Do it? y is yes:");
        typed(&qd, keys);
        qd.keys("\r");
        assert_eq!(qd.exit_code(SOON), code, "{keys}: {}", qd.screen());
        assert_eq!(world.calls("box-1").len(), usize::from(code == 0), "{keys}");
    }
}

#[test]
fn level_three_asks_for_a_reason_and_all_of_the_words() {
    let world = World::careful();
    let mut qd = start(&world, &["stop", "api", "--arm", "production"]);
    listen(&qd, "It wants a reason");
    typed(&qd, "moving");
    qd.keys("\r");
    listen(&qd, "Type production/api to do it:");
    typed(&qd, "production/api");
    qd.keys("\r");
    assert_eq!(qd.exit_code(SOON), 0, "{}", qd.screen());
    let entry = world.audit().pop().unwrap();
    assert_eq!((entry["reason"].as_str(), entry["level"].as_u64()), (Some("moving"), Some(3)));
}
