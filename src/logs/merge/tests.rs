use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::domain::log::{SourceEvent, SourceEventKind, TimeFrom};
use crate::logs::parse::Stamp;

const HOLD: Duration = Duration::from_millis(250);
/// Where the tests' hosts' clocks stand, in microseconds.
const WALL: i64 = 1_794_988_800_000_000;

fn live() -> Merge {
    Merge::new(Rule::Hold { hold: HOLD, history: HOLD })
}

fn row(source: u32, seq: u64) -> Record {
    Record {
        source: SourceId(source),
        seq,
        time: Stamp { nanos: 0, digits: 6 },
        time_from: TimeFrom::Line,
        level: None,
        continues: false,
        body: Body::Line { bytes: Bytes::new(), truncated: 0, returned: false },
    }
}

fn released(merge: &mut Merge, now: Instant) -> Vec<(u32, u64, bool)> {
    let mut out = Vec::new();
    merge.release(now, |row| out.push((row.id.source.0, row.id.seq, row.late)));
    out
}

#[test]
fn a_quiet_source_never_blocks_and_a_speaking_one_is_waited_for_no_longer_than_the_hold() {
    let (mut merge, start) = (live(), Instant::now());
    merge.push(row(0, 1), Place::Time(WALL), WALL, start);
    assert_eq!(released(&mut merge, start), [(0, 1, false)], "alone, a source is never waited on");
    // Source 1 speaks and is behind: source 0 waits, but not longer than the hold.
    merge.push(row(1, 1), Place::Time(WALL + 10), WALL, start);
    merge.push(row(0, 2), Place::Time(WALL + 90), WALL, start);
    assert_eq!(released(&mut merge, start), [(1, 1, false)]);
    assert_eq!(merge.next_turn(), Some(start + HOLD));
    assert_eq!(released(&mut merge, start + HOLD), [(0, 2, false)]);
    // What comes for a place already passed is marked.
    merge.push(row(1, 2), Place::Time(WALL + 20), WALL, start + HOLD);
    assert_eq!(released(&mut merge, start + HOLD * 2), [(1, 2, true)]);
}

#[test]
fn a_time_of_whole_seconds_is_late_only_after_its_second() {
    for (digits, passed, late) in [(0, 999_999, false), (0, 1_000_000, true), (3, 999, false), (3, 1000, true)] {
        let (mut merge, start) = (live(), Instant::now());
        merge.push(row(0, 1), Place::Time(WALL + passed), WALL, start);
        released(&mut merge, start);
        let coarse = Record { time: Stamp { nanos: 0, digits }, ..row(1, 1) };
        merge.push(coarse, Place::Time(WALL), WALL, start);
        assert_eq!(released(&mut merge, start + HOLD), [(1, 1, late)], "{digits} digits, {passed} µs passed");
    }
}

#[test]
fn an_event_and_its_continuations_stay_together() {
    let (mut merge, start) = (live(), Instant::now());
    merge.push(row(0, 1), Place::Time(WALL), WALL, start);
    merge.push(row(1, 1), Place::Time(WALL), WALL, start);
    merge.push(row(0, 2), Place::Previous, WALL, start);
    merge.push(row(0, 3), Place::Previous, WALL, start);
    merge.push(row(1, 2), Place::Previous, WALL, start);
    let order: Vec<_> = released(&mut merge, start + HOLD).into_iter().map(|(source, seq, _)| (source, seq)).collect();
    assert_eq!(order, [(0, 1), (0, 2), (0, 3), (1, 1), (1, 2)]);
}

#[test]
fn lines_before_the_first_time_stand_before_it() {
    let (mut merge, start) = (live(), Instant::now());
    merge.push(row(0, 1), Place::Arrival, WALL + 9_000_000, start);
    merge.push(row(1, 1), Place::Time(WALL + 5), WALL + 9_000_000, start);
    merge.push(row(0, 2), Place::Time(WALL), WALL + 9_000_000, start);
    let order: Vec<_> = released(&mut merge, start + HOLD).into_iter().map(|(source, seq, _)| (source, seq)).collect();
    assert_eq!(order, [(0, 1), (0, 2), (1, 1)]);
}

#[test]
fn a_line_from_the_future_does_not_hold_its_source_there() {
    let (mut merge, start) = (live(), Instant::now());
    merge.push(row(0, 1), Place::Time(WALL + 86_400_000_000), WALL, start);
    merge.push(row(0, 2), Place::Time(WALL + 61_000_000), WALL + 61_000_000, start);
    let mut places = Vec::new();
    merge.release(start + HOLD, |row| places.push(row.id.micros));
    assert_eq!(places, [WALL + AHEAD_MICROS, WALL + 61_000_000]);
}

#[test]
fn a_ledger_row_stands_where_it_happened_and_moves_no_line() {
    let (mut merge, start) = (live(), Instant::now());
    let at = chrono::DateTime::from_timestamp_micros(WALL + 500).expect("a time");
    let kind = SourceEventKind::Disconnected;
    let event = SourceEvent { kind, at, seconds: None, lines: None, bytes: None, lost: None, detail: String::new() };
    merge.push(row(0, 1), Place::Time(WALL), WALL, start);
    let ledger = Record { body: Body::Event(Box::new(event)), ..row(0, 2) };
    merge.push(ledger, Place::Time(WALL + 500), WALL + 500, start);
    merge.push(row(0, 3), Place::Time(WALL + 100), WALL + 500, start);
    let order: Vec<_> = released(&mut merge, start + HOLD).into_iter().map(|(_, seq, _)| seq).collect();
    assert_eq!(order, [1, 3, 2]);
}

#[test]
fn a_complete_merge_waits_for_every_source_that_is_still_read() {
    let (mut merge, now) = (Merge::new(Rule::Complete), Instant::now());
    merge.open(SourceId(0), now);
    merge.push(row(0, 1), Place::Time(WALL), WALL, now);
    merge.push(row(0, 2), Place::Time(WALL + 9), WALL, now);
    assert!(released(&mut merge, now + HOLD * 100).is_empty(), "another source may be announced");
    merge.open(SourceId(1), now);
    merge.all_known();
    assert!(released(&mut merge, now).is_empty(), "the other source may bring an earlier row");
    merge.push(row(1, 1), Place::Time(WALL + 5), WALL, now);
    assert_eq!(released(&mut merge, now), [(0, 1, false)]);
    merge.close(SourceId(1));
    assert_eq!(released(&mut merge, now), [(1, 1, false)]);
    merge.close(SourceId(0));
    assert_eq!(released(&mut merge, now), [(0, 2, false)]);
}

proptest! {
    /// Random sources, times and waits: nothing is lost or repeated, each source keeps its order, and what is not late
    /// comes out sorted. A row waits no longer than the hold.
    #[test]
    fn the_promises_of_a_live_merge(
        lines in proptest::collection::vec((0_u32..4, 0_i64..3_000, 0_u64..200, 0_u8..10), 0..120)
    ) {
        let (mut merge, start) = (live(), Instant::now());
        let (mut seqs, mut out, mut clock) = ([0_u64; 4], Vec::new(), 0);
        for (source, offset, wait, kind) in &lines {
            clock += wait;
            let now = start + Duration::from_millis(clock);
            merge.release(now, |row| out.push((row.id, row.late)));
            if let Some(turn) = merge.next_turn() {
                prop_assert!(turn > now, "a row waits past its turn");
            }
            let seq = &mut seqs[*source as usize];
            *seq += 1;
            let place = match kind {
                0 => Place::Previous,
                1 => Place::Arrival,
                _ => Place::Time(WALL + offset * 1000),
            };
            merge.push(row(*source, *seq), place, WALL + i64::try_from(clock).unwrap() * 1000, now);
        }
        merge.drain(|row| out.push((row.id, row.late)));
        prop_assert_eq!(merge.waiting(), 0);
        prop_assert_eq!(out.len(), lines.len());
        for source in 0..4 {
            let seqs: Vec<u64> = out.iter().filter(|(id, _)| id.source.0 == source).map(|(id, _)| id.seq).collect();
            prop_assert!(seqs.iter().zip(1..).all(|(have, want)| *have == want), "{:?}", seqs);
        }
        let on_time: Vec<RowId> = out.iter().filter(|(_, late)| !late).map(|(id, _)| *id).collect();
        prop_assert!(on_time.is_sorted());
    }

    /// Sources that are sorted in themselves come out of a complete merge fully sorted, however their lines arrive.
    #[test]
    fn a_complete_merge_is_a_sort(mut lines in proptest::collection::vec((0_u32..3, 0_i64..1000), 0..100), batch in 1_usize..9) {
        let (mut merge, now) = (Merge::new(Rule::Complete), Instant::now());
        for source in 0..3 {
            merge.open(SourceId(source), now);
        }
        merge.all_known();
        lines.sort_by_key(|(source, at)| (*source, *at));
        let mut want: Vec<(i64, u32)> = lines.iter().map(|(source, at)| (WALL + at, *source)).collect();
        want.sort_unstable();
        let mut queues: Vec<VecDeque<i64>> =
            (0..3).map(|s| lines.iter().filter(|(source, _)| *source == s).map(|(_, at)| *at).collect()).collect();
        let (mut out, mut seqs) = (Vec::new(), [0_u64; 3]);
        while queues.iter().any(|queue| !queue.is_empty()) {
            for source in 0..3_u32 {
                let queue = &mut queues[source as usize];
                for at in queue.drain(..queue.len().min(batch * (1 + source as usize))) {
                    let seq = &mut seqs[source as usize];
                    *seq += 1;
                    merge.push(row(source, *seq), Place::Time(WALL + at), WALL, now);
                }
                merge.release(now, |row| out.push((row.id.micros, row.id.source.0)));
            }
        }
        for source in 0..3 {
            merge.close(SourceId(source));
        }
        merge.release(now, |row| out.push((row.id.micros, row.id.source.0)));
        prop_assert_eq!(out, want);
    }
}
