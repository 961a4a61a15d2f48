//! The probe's output put together into whole answers. See `probe.sh` for the protocol.

use std::collections::BTreeMap;
use std::mem;

use memchr::memchr;

use crate::domain::ulid::is_ulid;

/// A longer line is cut off here.
const LINE_BYTES: usize = 8 << 10;
/// What one answer may hold; the lines after that are dropped.
const BLOCK_BYTES: usize = 512 << 10;

/// The sections that background jobs write, and whose they are.
const DISKS: [&str; 3] = ["mounts", "df", "inodes"];
const UNITS: [&str; 4] = ["failed", "show", "containers", "reboot"];

/// One whole answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Frame {
    /// What the host is; the loop is ready.
    Hello(Block),
    /// The figures of `/proc`.
    Fast(Block),
    /// A fast tick whose lines were damaged on the way; nothing of it may be believed.
    Torn,
    /// File systems.
    Disks(Block),
    /// Units, containers, the reboot mark.
    Units(Block),
    /// The answer to a beat: its number.
    Beat(u64),
    /// The id of a run of a deploy that has begun there.
    Run(String),
    /// The answer to a clock question: its number, and the text of the host's `date +%s.%N`.
    Clock(u64, String),
}

/// The sections of one answer by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Block {
    sections: BTreeMap<String, Section>,
    bytes: usize,
}

/// One section: a file's lines or a command's output.
#[derive(Clone, Debug, Default, PartialEq)]
struct Section {
    lines: Vec<String>,
    code: Option<i32>,
}

impl Block {
    /// The lines of a section; none for one that is missing.
    pub fn lines(&self, section: &str) -> &[String] {
        self.sections.get(section).map_or(&[], |section| &section.lines)
    }

    /// The lines of a command that ended well; `None` when it is missing, failed or was cut off.
    pub fn answer(&self, section: &str) -> Option<&[String]> {
        self.sections.get(section).filter(|section| section.code == Some(0)).map(|section| section.lines.as_slice())
    }

    fn push(&mut self, section: &str, line: &str) {
        self.bytes += section.len() + line.len();
        if self.bytes <= BLOCK_BYTES {
            self.sections.entry(section.to_owned()).or_default().lines.push(line.to_owned());
        }
    }

    fn end_section(&mut self, text: &str) {
        if let Some((name, code)) = text.split_once(' ') {
            self.bytes += name.len();
            if self.bytes <= BLOCK_BYTES {
                self.sections.entry(name.to_owned()).or_default().code = code.trim().parse().ok();
            }
        }
    }
}

/// Puts bytes together into frames.
#[derive(Debug, Default)]
pub struct Reader {
    partial: Vec<u8>,
    /// The answer of the main loop that is being read, and whether it is still to be believed.
    open: Option<Open>,
    disks: Block,
    units: Block,
    /// Whether the line before was empty or whole for sure, so that a job's piece cannot have cut it.
    clean: bool,
}

#[derive(Debug)]
struct Open {
    hello: bool,
    torn: bool,
    block: Block,
}

impl Reader {
    /// A reader at the start of the probe's output.
    pub fn new() -> Self {
        Self { clean: true, ..Self::default() }
    }

    /// Takes bytes as they come and returns the answers that they complete.
    pub fn feed(&mut self, mut bytes: &[u8]) -> Vec<Frame> {
        let mut frames = Vec::new();
        while let Some(end) = memchr(b'\n', bytes) {
            self.keep(&bytes[..end]);
            bytes = &bytes[end + 1..];
            let line = mem::take(&mut self.partial);
            frames.extend(self.line(&String::from_utf8_lossy(&line)));
        }
        self.keep(bytes);
        frames
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = LINE_BYTES.saturating_sub(self.partial.len()).min(bytes.len());
        self.partial.extend_from_slice(&bytes[..room]);
    }

    fn line(&mut self, line: &str) -> Option<Frame> {
        let (section, text) = line.split_once(':').unwrap_or((line, ""));
        let owner = if section == "rc" { text.split_once(' ').map_or("", |(name, _)| name) } else { section };
        let ends_job = line == "end:disks" || line == "end:units";
        let job = ends_job || DISKS.contains(&owner) || UNITS.contains(&owner);
        if job
            && !self.clean
            && let Some(open) = &mut self.open
        {
            open.torn = true;
        }
        self.clean = job || line.is_empty();
        match (section, text) {
            ("begin", "hello") => self.begin(true),
            ("begin", "fast") => self.begin(false),
            ("end", "hello" | "fast") => return self.open.take().map(Open::close),
            ("end", "disks") => return Some(Frame::Disks(mem::take(&mut self.disks))),
            ("end", "units") => return Some(Frame::Units(mem::take(&mut self.units))),
            ("beat", number) => return number.parse().ok().map(Frame::Beat),
            ("run", id) => return is_ulid(id).then(|| Frame::Run(id.to_owned())),
            ("clock", answer) => {
                let (number, time) = answer.split_once(' ')?;
                return Some(Frame::Clock(number.parse().ok()?, time.to_owned()));
            }
            _ if DISKS.contains(&owner) => put(&mut self.disks, section, text),
            _ if UNITS.contains(&owner) => put(&mut self.units, section, text),
            _ if line.is_empty() => {}
            _ => {
                if let Some(open) = &mut self.open {
                    open.block.push(section, text);
                }
            }
        }
        None
    }

    fn begin(&mut self, hello: bool) {
        self.open = Some(Open { hello, torn: false, block: Block::default() });
    }
}

impl Open {
    fn close(self) -> Frame {
        match self {
            Self { torn: true, .. } => Frame::Torn,
            Self { hello: true, block, .. } => Frame::Hello(block),
            Self { block, .. } => Frame::Fast(block),
        }
    }
}

fn put(block: &mut Block, section: &str, text: &str) {
    if section == "rc" { block.end_section(text) } else { block.push(section, text) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Vec<Frame> {
        Reader::new().feed(text.as_bytes())
    }

    #[test]
    fn jobs_and_ticks_are_told_apart() {
        let frames = read(
            "begin:hello\nname:web-1\nend:hello\nbegin:fast\nstat:cpu 1\n\ndf:/dev/vda 1\nrc:df 0\nstat:cpu0 1\n\
             end:fast\n\nrc:inodes 124\n\nend:disks\nbeat:7\nclock:3 12.5\n",
        );
        let [Frame::Hello(hello), Frame::Fast(fast), Frame::Disks(disks), Frame::Beat(7), Frame::Clock(3, time)] =
            frames.as_slice()
        else {
            panic!("{frames:?}")
        };
        assert_eq!(hello.lines("name"), ["web-1"]);
        assert_eq!(fast.lines("stat"), ["cpu 1", "cpu0 1"]);
        assert_eq!(disks.answer("df").unwrap(), ["/dev/vda 1"]);
        assert_eq!(disks.answer("inodes"), None, "it failed");
        assert_eq!(disks.answer("mounts"), None, "it is missing");
        assert_eq!(time, "12.5");
    }

    #[test]
    fn a_run_has_the_id_of_a_run() {
        let frames = read("beat:1\nrun:01M7ZNM47JXZXXVCDGBE9CMDF0\nrun:../../etc\nrun:\n");
        assert_eq!(frames, [Frame::Beat(1), Frame::Run("01M7ZNM47JXZXXVCDGBE9CMDF0".to_owned())]);
    }

    #[test]
    fn an_empty_answer_differs_from_none() {
        let frames = read("\nrc:failed 0\n\nend:units\n");
        let [Frame::Units(units)] = frames.as_slice() else { panic!("{frames:?}") };
        assert_eq!(units.answer("failed").unwrap(), [""; 0]);
        assert_eq!(units.answer("show"), None);
    }

    #[test]
    fn a_line_cut_in_two_by_a_job_spoils_its_tick_and_nothing_else() {
        let whole = "begin:fast\nstat:cpu 100 200\nend:fast\n";
        let piece = "\nfailed:a.service\nrc:failed 0\n";
        for at in 11..whole.len() - "end:fast\n".len() {
            let mut text = whole.to_owned();
            text.insert_str(at, piece);
            let frames = read(&(text + "\nend:units\n" + whole));
            let Some(Frame::Units(units)) = frames.get(1) else { panic!("{frames:?}") };
            assert_eq!(units.answer("failed").unwrap(), ["a.service"]);
            if whole.as_bytes()[at - 1] == b'\n' {
                assert!(matches!(frames[0], Frame::Fast(_)), "cut between lines at {at}");
                assert_eq!(frames[0], frames[2]);
            } else {
                assert_eq!(frames[0], Frame::Torn, "cut at {at}");
            }
        }
    }

    #[test]
    fn endless_output_is_not_kept() {
        let mut reader = Reader::new();
        reader.feed(b"begin:fast\n");
        for _ in 0..2000 {
            reader.feed(&[b'x'; 4096]);
        }
        assert!(reader.partial.len() <= LINE_BYTES);
        let Some(open) = &reader.open else { panic!() };
        assert!(open.block.lines("stat").is_empty());
        for _ in 0..200_000 {
            reader.feed(b"stat:0123456789\ndf:0123456789\n");
        }
        let held = |block: &Block| block.sections.values().flat_map(|s| &s.lines).map(String::len).sum::<usize>();
        assert!(held(&reader.open.unwrap().block) + held(&reader.disks) <= 2 * BLOCK_BYTES);
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter(cuts in proptest::collection::vec(0usize..90, 0..8)) {
            let text = b"begin:fast\nstat:cpu 1 2\n\ndf:a\nrc:df 0\nstat:x\nend:fast\nbeat:1\n\nend:disks\nbeat:2\n";
            let mut cuts: Vec<usize> = cuts.into_iter().map(|c| c.min(text.len())).collect();
            cuts.sort_unstable();
            let mut reader = Reader::new();
            let (mut frames, mut from) = (vec![], 0);
            for cut in cuts.into_iter().chain([text.len()]) {
                frames.extend(reader.feed(&text[from..cut]));
                from = cut;
            }
            prop_assert_eq!(frames, Reader::new().feed(text));
        }

        #[test]
        fn rubbish_is_survived(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            Reader::new().feed(&bytes);
        }
    }
}
