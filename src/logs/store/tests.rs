use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::domain::log::{Level, SourceEvent, SourceEventKind, SourceId, TimeFrom};
use crate::logs::block::Content;
use crate::logs::parse::Stamp;
use crate::logs::record::{Body, Record};

/// Small blocks, of which all but the newest is compressed.
const SMALL: Shape = Shape { text: 600, rows: 20, hot: 1 };

/// A row; one without a text is of the ledger.
fn row(micros: i64, source: u32, seq: u64, text: Option<&str>) -> Released {
    let source = SourceId(source);
    let at = chrono::DateTime::from_timestamp_micros(micros).unwrap();
    let event = SourceEvent {
        kind: SourceEventKind::Gap,
        at,
        seconds: None,
        lines: Some(seq),
        bytes: None,
        lost: None,
        detail: String::new(),
    };
    let record = Record {
        source,
        seq,
        time: Stamp { nanos: micros * 1000 + seq as i64 % 7, digits: (seq % 10) as u8 },
        time_from: if seq.is_multiple_of(5) { TimeFrom::Arrival } else { TimeFrom::Line },
        level: Level::ALL.get(seq as usize % 9).copied(),
        continues: seq.is_multiple_of(4),
        body: match text {
            Some(text) => Body::Line { bytes: Bytes::copy_from_slice(text.as_bytes()), truncated: 0, returned: false },
            None => Body::Event(Box::new(event)),
        },
    };
    Released { id: RowId { micros, source, seq }, late: seq.is_multiple_of(3), record }
}

/// Everything that is held: places, texts, and all else that a row says, as text.
fn contents(store: &Store) -> Vec<(RowId, String)> {
    let mut out = Vec::new();
    for n in 0..store.blocks().len() {
        let rows = store.open(n).expect("it is there");
        for (at, entry) in rows.entries().iter().enumerate() {
            let text = match rows.content(at) {
                Content::Line(line) => String::from_utf8_lossy(line).into_owned(),
                Content::Ledger(event) => format!("ledger {:?}", event.lines),
            };
            let flags = (entry.late(), entry.continues(), entry.level, entry.time_from, entry.time());
            out.push((entry.id(), format!("{text} {flags:?}")));
        }
    }
    out
}

fn wanted(row: &Released) -> (RowId, String) {
    let record = &row.record;
    let text = match &record.body {
        Body::Line { bytes, .. } => String::from_utf8_lossy(bytes).into_owned(),
        Body::Event(event) => format!("ledger {:?}", event.lines),
    };
    let flags = (row.late, record.continues, record.level, record.time_from, record.time);
    (row.id, format!("{text} {flags:?}"))
}

proptest! {
    /// Rows in any order are held sorted, whole and once; splitting, compressing and reordering keep that.
    #[test]
    fn rows_are_held_in_order(
        rows in proptest::collection::vec((0_i64..60_000_000, 0_u32..3, proptest::option::weighted(0.9, 0_usize..90)), 1..150),
        shift in -5_000_000_i64..5_000_000,
        sorted in any::<bool>(),
        helped in any::<bool>(),
    ) {
        let mut store = Store::shaped(1 << 30, SMALL);
        if helped {
            store = store.helped();
        }
        let mut rows = rows;
        if sorted {
            rows.sort_by_key(|(micros, ..)| *micros);
        }
        let mut want = Vec::new();
        for (seq, (micros, source, length)) in (0..).zip(&rows) {
            let text = length.map(|length| format!("{seq}{}", "x".repeat(length)));
            let row = row(*micros, *source, seq, text.as_deref());
            want.push(wanted(&row));
            store.insert(row);
        }
        want.sort();
        prop_assert_eq!(store.len(), want.len());
        prop_assert_eq!(contents(&store), want.clone());
        prop_assert!(store.blocks().iter().all(|block| !SMALL.is_full(block, 0, 2)));
        if helped {
            // What is compressed beside it comes in while it works on; what has changed meanwhile is done again.
            std::thread::sleep(std::time::Duration::from_millis(1));
            store.settle();
        } else if sorted {
            let until = store.blocks().len().saturating_sub(1 + SMALL.hot);
            prop_assert!(store.blocks().range(..until).all(|block| block.packed().is_some()), "all but the newest");
        }
        // Index, text and lines of one glance are those of the open block.
        for (n, block) in store.blocks().iter().enumerate() {
            let rows = store.open(n).expect("it is there");
            store.glance(block, |glance| {
                if let Some(text) = glance.text() {
                    let joined: Vec<u8> = (0..rows.entries().len()).flat_map(|at| [rows.line(at), b"\n"].concat()).collect();
                    assert_eq!(text, joined);
                }
                let (entries, line) = glance.lines();
                assert_eq!(entries, rows.entries());
                assert!((0..entries.len()).all(|at| line(at) == rows.line(at)));
            });
            prop_assert_eq!(block.worst(), rows.entries().iter().filter_map(|entry| entry.level).max());
            prop_assert_eq!(block.first(), rows.entries().first().map(Entry::id));
            prop_assert_eq!(block.last(), rows.entries().last().map(Entry::id));
        }
        // Lines move by their clock, what has no time of its own with the line before it, the ledger not at all.
        store.reorder(|source| if source.0 == 1 { shift } else { 0 });
        let mut moved = std::collections::HashMap::new();
        for (id, text) in &mut want {
            if text.starts_with("ledger") {
                continue;
            }
            let (newest, by) = moved.entry(id.source).or_insert((i64::MIN, 0));
            if text.contains(" Line, ") {
                *by = if id.source.0 == 1 { shift } else { 0 };
            }
            id.micros = (id.micros + *by).max(*newest);
            *newest = id.micros;
        }
        want.sort();
        prop_assert_eq!(store.len(), want.len());
        prop_assert_eq!(contents(&store), want);
        let costs: usize = store.blocks().iter().map(Block::cost).sum();
        prop_assert_eq!(store.cost(), costs);
    }
}

#[test]
fn a_block_that_late_rows_have_nearly_doubled_is_split_when_its_last_event_goes_on() {
    let mut store = Store::shaped(1 << 30, SMALL);
    store.insert(row(1_000_000, 0, 1, Some("head")));
    for late in 1..2 * SMALL.rows as u64 - 1 {
        store.insert(row(0, 0, 2 * late + 1, Some("x")));
    }
    assert_eq!(store.blocks().len(), 1, "one more is too many");
    store.insert(row(1_000_000, 0, 400, Some("and goes on")));
    assert!(store.blocks().iter().all(|block| !SMALL.is_full(block, 0, 2)));
    assert_eq!(store.len(), 2 * SMALL.rows);
}

#[test]
fn the_cap_holds_and_the_oldest_go_first() {
    let cap = 8_usize << 20;
    let mut store = Store::new(cap as u64);
    // Text that does not compress well.
    let mut state = 1_u64;
    let mut line = |n: i64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(n.unsigned_abs());
        format!("{state:016x}{:016x}{:068x}", state.rotate_left(17), u128::from(state) * u128::from(state ^ 0x5555))
    };
    for n in 0..300_000 {
        let text = line(n);
        store.insert(row(n, 0, n.unsigned_abs(), Some(&text)));
        assert!(store.cost() <= cap * 105 / 100, "{}", store.cost());
    }
    assert!(store.cost() >= cap * 85 / 100, "{}", store.cost());
    assert_eq!(store.len() as u64 + store.evicted(), 300_000);
    let first = store.blocks()[0].first().unwrap();
    assert_eq!(first.seq, store.evicted());
    // Late rows count too.
    for n in 0..100_000 {
        let text = line(n);
        store.insert(row(first.micros + 1000, 1, n.unsigned_abs(), Some(&text)));
        assert!(store.cost() <= cap * 105 / 100, "{}", store.cost());
    }
}

#[test]
fn a_helper_compresses_as_much_as_is_compressed_without_one() {
    let (mut alone, mut helped) = (Store::shaped(1 << 30, SMALL), Store::shaped(1 << 30, SMALL).helped());
    for n in 0..5000 {
        for store in [&mut alone, &mut helped] {
            store.insert(row(n, 0, n.unsigned_abs(), Some("a line that is said again and again")));
        }
        // Some come late, into blocks that are being compressed.
        if n % 50 == 7 {
            for store in [&mut alone, &mut helped] {
                store.insert(row(n - 6, 1, n.unsigned_abs(), Some("late")));
            }
        }
    }
    let packed = |store: &Store| store.blocks().iter().filter(|block| block.packed().is_some()).count();
    let began = std::time::Instant::now();
    while packed(&helped) + SMALL.hot + 4 < helped.blocks().len() && began.elapsed().as_secs() < 20 {
        std::thread::sleep(std::time::Duration::from_millis(2));
        helped.cool();
    }
    assert!(
        packed(&helped) + SMALL.hot + 4 >= helped.blocks().len(),
        "{} of {}",
        packed(&helped),
        helped.blocks().len()
    );
    assert_eq!(contents(&alone), contents(&helped));
    let costs: usize = helped.blocks().iter().map(Block::cost).sum();
    assert_eq!(helped.cost(), costs);
}
