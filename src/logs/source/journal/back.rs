//! Reading a journal backwards, by the cursor of the oldest entry that is known.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{Entry, JOURNALCTL};
use crate::domain::log::LineSpot;
use crate::domain::text::one_line;
use crate::logs::record::EVENT_LINES;
use crate::logs::sieve::Sieve;
use crate::logs::source::Tail;
use crate::logs::source::older::sieved::{self, AROUND, Piece, Reach, Sieving, Sifted};
use crate::logs::source::older::{Oldest, file};
use crate::transport::loader::quote;
use crate::transport::{ExecSpec, Exit};

/// How long reading may take, and how much is taken of the answer.
const PATIENCE: Duration = Duration::from_secs(20);
const MOST: usize = 16 << 20;
/// An entry takes about so many bytes as its host prints it, and about so many of them are its message.
const ENTRY: u64 = 2 << 10;
const MESSAGE: u64 = 100;
/// Fewer entries than this need not be asked for one by one.
const FEWEST: u64 = 64;
const SIEVE: &str = include_str!("sieve.sh");

/// Entries of a unit's journal before one that is known by its cursor, in order: about so many bytes of messages.
pub(in crate::logs::source) async fn before(
    tail: &Tail,
    unit: &str,
    cursor: &str,
    bytes: u64,
) -> Result<(Vec<Entry>, Oldest), String> {
    let wanted = usize::try_from(bytes / MESSAGE).unwrap_or(usize::MAX).max(1);
    let mut argv = JOURNALCTL.map(str::to_owned).to_vec();
    // The one that is known comes first.
    argv.extend(["-r".to_owned(), "-n".to_owned(), (wanted + 1).to_string(), format!("--cursor={cursor}")]);
    if !unit.is_empty() {
        argv.extend(["-u".to_owned(), unit.to_owned()]);
    }
    let line = argv.iter().map(|word| quote(word)).collect::<Vec<_>>().join(" ");
    let spec = ExecSpec::script(format!("LC_ALL=C exec {line}\n"), PATIENCE);
    let as_root = format!("LC_ALL=C exec $qd_asroot {line}\n");
    let said = tail.exec_or(spec, Some(as_root)).await.collect(MOST).await;
    if said.exit != Exit::Code(0) {
        return Err(failed(&said.err));
    }
    let entries = said.out.split(|byte| *byte == b'\n').filter_map(Entry::parse);
    let mut older: Vec<Entry> = entries.skip_while(|entry| entry.cursor == cursor).collect();
    let oldest = match older.last() {
        // An answer that was cut short is not the beginning.
        Some(first) if older.len() >= wanted || said.out.len() >= MOST => Oldest::At(spot(unit, &first.cursor)),
        _ => Oldest::Beginning,
    };
    older.reverse();
    Ok((older, oldest))
}

/// That entry and those after it, in order: about so many bytes of messages.
pub(in crate::logs::source) async fn after(
    tail: &Tail,
    unit: &str,
    cursor: &str,
    bytes: u64,
) -> Result<Vec<Entry>, String> {
    let mut argv = JOURNALCTL.map(str::to_owned).to_vec();
    argv.push(format!("--cursor={cursor}"));
    if !unit.is_empty() {
        argv.extend(["-u".to_owned(), unit.to_owned()]);
    }
    let line = argv.iter().map(|word| quote(word)).collect::<Vec<_>>().join(" ");
    let count = (bytes / MESSAGE).max(1);
    let script = format!("LC_ALL=C ${{qd_asroot:-}} {line} | head -n {count}\n");
    let said = tail.exec_or(ExecSpec::script(script.clone(), PATIENCE), Some(script)).await.collect(MOST).await;
    let entries: Vec<Entry> = said.out.split(|byte| *byte == b'\n').filter_map(Entry::parse).collect();
    if entries.is_empty() { Err(failed(&said.err)) } else { Ok(entries) }
}

/// Looks for something among the entries before one, on the host where it can.
pub(in crate::logs::source) async fn sieved(
    tail: &Tail,
    unit: &Arc<str>,
    cursor: &str,
    reach: Reach,
    sieving: &Sieving,
) -> Result<(Sifted, Oldest), String> {
    if let Some(texts) = sieving.sieve().and_then(texts)
        && let Some(found) = on_host(tail, unit, cursor, reach.step / ENTRY, &texts, sieving).await?
    {
        return Ok(found);
    }
    let (entries, oldest) = before(tail, unit, cursor, reach.few).await?;
    let since = entries.first().and_then(Entry::time);
    let mut bytes = 0;
    let pieces = entries.iter().zip(0..).map(|(entry, n)| {
        let mut lines = Vec::new();
        entry.lines(&mut lines);
        bytes += lines.iter().map(|line| line.bytes.len() as u64 + 1).sum::<u64>();
        let wanted = sieving.sieve().is_none_or(|sieve| lines.iter().any(|line| sieve.finds(&line.bytes)));
        Piece { lines, begin: n, end: n + 1, wanted, spot: spot(unit, &entry.cursor) }
    });
    let pieces = pieces.collect();
    Ok((Sifted { since, ..sieved::here(pieces, bytes, sieving) }, oldest))
}

fn spot(unit: &str, cursor: &str) -> LineSpot {
    LineSpot::Journal(unit.into(), cursor.into())
}

fn failed(complaint: &[u8]) -> String {
    format!("journalctl: {}", one_line(&String::from_utf8_lossy(complaint), 200))
}

/// What stands in an entry as `journalctl -o json` prints it, when its message has one of the texts: of each the longest
/// part that JSON writes as it is. None where nothing is left of one.
pub(super) fn texts(sieve: &Sieve) -> Option<Vec<String>> {
    let plain = |text: &String| {
        let parts = text.split(|c: char| c == '"' || c == '\\' || c.is_control());
        parts.max_by_key(|part| part.len()).filter(|part| part.len() > 1).map(str::to_owned)
    };
    sieve.texts().iter().map(plain).collect()
}

/// Has the host look through so many entries. None where its grep cannot.
async fn on_host(
    tail: &Tail,
    unit: &Arc<str>,
    cursor: &str,
    mut count: u64,
    texts: &[String],
    sieving: &Sieving,
) -> Result<Option<(Sifted, Oldest)>, String> {
    let mut sent = 0;
    'fewer: loop {
        for around in AROUND {
            let script = script(unit, cursor, Some(count), texts, around);
            let as_root = Some(script.clone());
            let said = tail.exec_or(ExecSpec::script(script, sieved::PATIENCE), as_root).await;
            let Some(said) = sieved::answer(said).await else {
                if count < FEWEST {
                    return Err("too much of it passes to be sent".to_owned());
                }
                count /= 8;
                continue 'fewer;
            };
            match said.exit {
                Exit::Code(0) => {}
                Exit::Code(23) => return Ok(None),
                _ => return Err(failed(&said.err)),
            }
            sent += said.out.len() as u64;
            let last = around.0 == EVENT_LINES;
            let heard = Heard::of(&said.out, unit, cursor, count, last);
            let Some((heard, oldest)) = heard else { continue };
            let (entries, since) = (heard.entries, heard.since);
            if let Some(lines) = sieved::events(heard.pieces, heard.all, last, sieving) {
                let cost = entries * ENTRY;
                return Ok(Some((Sifted { lines, sent, entries, cost, since, ..Sifted::default() }, oldest)));
            }
        }
        return Ok(None);
    }
}

/// The script that looks through so many entries before one, newest first (none: through all after it, oldest first),
/// with so many before and after each that is found.
pub(super) fn script(unit: &str, cursor: &str, count: Option<u64>, texts: &[String], around: (usize, usize)) -> String {
    let (count, around) = match count {
        // What is before an entry is told after it.
        Some(count) => ((count + 1).to_string(), format!("-A {} -B {}", around.0, around.1)),
        None => (String::new(), format!("-B {} -A {}", around.0, around.1)),
    };
    format!(
        "unit={} cursor={} count={count} around={} texts={}\n{SIEVE}",
        quote(unit),
        quote(cursor),
        quote(&around),
        quote(&texts.join("\n")),
    )
}

/// One line of what a host says of a part of a journal.
pub(super) enum Told {
    /// `NUMBER:ENTRY` for one that is wanted, `NUMBER-ENTRY` for one around such.
    Entry { number: u64, wanted: bool, entry: Entry },
    /// The cursor of the last that was looked through.
    End { number: u64, cursor: String },
}

impl Told {
    /// Reads it; none for what stands between entries.
    pub(super) fn of(line: &[u8]) -> Option<Self> {
        let digits = line.iter().position(|byte| !byte.is_ascii_digit())?;
        let number = std::str::from_utf8(&line[..digits]).ok()?.parse().ok()?;
        let (wanted, rest) = (line[digits] == b':', &line[digits + 1..]);
        if let Some(cursor) = rest.strip_prefix(b"-- cursor: ") {
            return Some(Self::End { number, cursor: std::str::from_utf8(cursor).ok()?.trim_end().to_owned() });
        }
        Some(Self::Entry { number, wanted, entry: Entry::parse(rest)? })
    }
}

/// What a host said of a part of a journal.
struct Heard {
    /// Entries that were found, and those around them, in order.
    pieces: Vec<Piece>,
    /// From where to where was looked.
    all: std::ops::Range<u64>,
    /// So many were looked through.
    entries: u64,
    /// When the oldest of them was written; none: they go to the journal's beginning.
    since: Option<DateTime<Utc>>,
}

impl Heard {
    /// Reads `NUMBER:ENTRY` and `NUMBER-ENTRY`, newest first, and the cursor at the end. None where it is not known with which
    /// entry an event begins, so that the next look could end there; unless the oldest is to be taken for one.
    fn of(said: &[u8], unit: &str, known: &str, count: u64, as_it_is: bool) -> Option<(Self, Oldest)> {
        let (mut found, mut ended) = (Vec::new(), None);
        for told in said.split(|byte| *byte == b'\n').filter_map(Told::of) {
            match told {
                Told::Entry { number, wanted, entry } => found.push((number, wanted, entry)),
                Told::End { number, .. } => ended = Some(number.saturating_sub(1)),
            }
        }
        // Nothing was there, not even the one that is known.
        let Some(total) = ended else {
            return Some((Self { pieces: Vec::new(), all: 0..0, entries: 0, since: None }, Oldest::Beginning));
        };
        let mut pieces: Vec<Piece> = found
            .into_iter()
            .rev()
            .filter(|(_, _, entry)| entry.cursor != known)
            .map(|(number, wanted, entry)| {
                let mut lines = Vec::new();
                entry.lines(&mut lines);
                let begin = total.saturating_sub(number);
                Piece { lines, begin, end: begin + 1, wanted, spot: spot(unit, &entry.cursor) }
            })
            .collect();
        let (mut oldest, mut start, mut since) = (Oldest::Beginning, 0, None);
        if total > count {
            // The oldest that were looked through are told because the cursor stands beside them.
            let near = pieces.iter().enumerate().take_while(|(n, piece)| piece.begin == *n as u64);
            let head = near.map(|(_, piece)| piece).find(|piece| piece.lines.first().is_none_or(file::begins));
            let head = head.or(if as_it_is { pieces.first() } else { None })?;
            (oldest, start) = (Oldest::At(head.spot.clone()), head.begin);
            since = head.lines.first().and_then(|line| line.time);
        }
        pieces.retain(|piece| piece.begin >= start);
        let until = total.saturating_sub(1);
        Some((Self { pieces, all: start..until, entries: until.saturating_sub(start), since }, oldest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(number: u64, message: &str) -> String {
        let message = serde_json::Value::from(message);
        format!(r#"{{"__CURSOR":"c{number}","__REALTIME_TIMESTAMP":"17636868000000{number:02}","MESSAGE":{message}}}"#)
    }

    #[test]
    fn what_json_writes_in_another_way_is_not_looked_for() {
        let of = |pattern: &str| texts(&Sieve::any_of(&[pattern.to_owned()]).unwrap()).map(|all| all.join("|"));
        assert_eq!(of(r#"path="/cart" status"#).as_deref(), Some(" status"));
        assert_eq!(of(r"C:\\Windows").as_deref(), Some("Windows"));
        assert_eq!(of("größer").as_deref(), Some("größer"));
        assert_eq!(of(r#""a""#), None);
    }

    #[test]
    fn the_next_look_ends_where_an_event_begins() {
        // c9 is known; c6 goes on from c5, which is beyond what was looked through.
        let (six, seven, eight) = (entry(6, "  at six"), entry(7, "seven"), entry(8, "needle"));
        let said = format!("2:{eight}\n3-{seven}\n4-{six}\n5:-- cursor: c6\n");
        let heard = Heard::of(said.as_bytes(), "u", "c9", 3, false);
        let (heard, oldest) = heard.expect("an event begins in sight");
        assert_eq!(oldest, Oldest::At(spot("u", "c7")));
        assert_eq!((heard.all, heard.entries), (1..3, 2));
        assert_eq!(heard.since.map(|time| time.timestamp_micros()), Some(1_763_686_800_000_007));
        // With less around it, it is not known.
        let said = format!("2:{eight}\n--\n4-{six}\n5:-- cursor: c6\n");
        assert!(Heard::of(said.as_bytes(), "u", "c9", 3, false).is_none());
        let (_, oldest) = Heard::of(said.as_bytes(), "u", "c9", 3, true).expect("as it is");
        assert_eq!(oldest, Oldest::At(spot("u", "c6")));
        // Fewer than were asked for is all there is.
        let (heard, oldest) = Heard::of(said.as_bytes(), "u", "c9", 9, false).expect("its beginning");
        assert_eq!((heard.pieces.len(), oldest), (2, Oldest::Beginning));
    }
}
