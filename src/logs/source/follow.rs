//! The remote half of a file tail: scripts, their parameters, and what they say first.

use std::cmp::Reverse;

use crate::logs::sieve::Sieve;
use crate::transport::loader::quote;

const BARRED: &str = include_str!("barred.sh");
const FOLLOW: &str = include_str!("follow.sh");
const SIBLINGS: &str = include_str!("siblings.sh");
const OLDER: &str = concat!(include_str!("opened.sh"), include_str!("older.sh"));
const SIEVE: &str = concat!(include_str!("opened.sh"), include_str!("sieve.sh"));
const WATCH: &str = include_str!("watch.sh");

/// What to read of which file.
#[derive(Clone, Debug)]
pub struct Reading<'a> {
    /// The path that is followed.
    pub name: &'a str,
    /// The path to open: the same, or what rotation made of it.
    pub open: &'a str,
    /// `DEV:INO:BIRTH` that it must have, where that is known.
    pub inode: Option<&'a str>,
    /// Bytes to skip.
    pub offset: u64,
    /// Whether to go on at its end.
    pub follow: bool,
    /// Seconds between looks.
    pub poll: f64,
    /// By programs that are each run as root, since no shell is.
    pub sudo: bool,
}

/// Why a reading ended, as its exit code says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// All of it was read.
    Read,
    /// Another file bears the name now; the old one was read to its end.
    Replaced,
    /// It was cut short in place.
    Cut,
    /// It cannot be opened.
    Unreadable,
    /// Another file is there than the one expected.
    Other,
    /// It is packed and damaged; what could be unpacked was read.
    Damaged,
}

impl Ended {
    /// The meaning of an exit code of `follow.sh`.
    pub fn of(code: i32) -> Option<Self> {
        Some(match code {
            0 => Self::Read,
            10 => Self::Replaced,
            11 => Self::Cut,
            20 => Self::Unreadable,
            21 => Self::Other,
            22 => Self::Damaged,
            _ => return None,
        })
    }
}

/// What the script says first where the file is not there yet.
pub const WAITS: &[u8] = b"QD1 waits";

/// The script of a reading.
pub fn follow(reading: &Reading<'_>) -> String {
    let gz = reading.open.ends_with(".gz");
    format!(
        "name={} open={} inode={} off={} follow={} poll={} gz={} run={}\n{BARRED}\n{FOLLOW}",
        quote(reading.name),
        quote(reading.open),
        quote(reading.inode.unwrap_or_default()),
        reading.offset,
        u8::from(reading.follow && !gz),
        reading.poll,
        u8::from(gz),
        if reading.sudo { "\"$qd_asroot\"" } else { "''" },
    )
}

/// The script that lists a file and its rotated siblings.
pub fn siblings(name: &str) -> String {
    format!("name={}\n{SIBLINGS}", quote(name))
}

/// The script that watches a glob. Everything but `*`, `?` and brackets is quoted.
pub fn watch(glob: &str, follow: bool, poll: f64) -> String {
    let mut safe = String::new();
    for c in glob.chars() {
        if !c.is_ascii_alphanumeric() && !"*?[]-_./".contains(c) && c.is_ascii() {
            safe.push('\\');
        }
        safe.push(c);
    }
    let plain = glob.find(['*', '?', '[']).unwrap_or(glob.len());
    let folder = glob[..plain].rfind('/').map_or("/", |end| &glob[..end.max(1)]);
    format!("glob={} folder={} follow={} poll={poll}\n{BARRED}\n{WATCH}", quote(&safe), quote(folder), u8::from(follow))
}

/// The script that prints `DEV:INO OFFSET` of the place that has about so many lines behind it. The file may grow meanwhile: then a
/// few more are shown, and the first of them may be cut, so the offset is moved to the next line's beginning. With `sudo` a
/// file that the login user may not read is read by programs that are each run as root.
pub fn start(path: &str, lines: u64, sudo: bool) -> String {
    format!(
        "LC_ALL=C f=\"${{QD_ROOT:-}}\"{} run={}\n\
         if [ -r \"$f\" ]; then run=; elif [ -z \"$run\" ]; then exit 1; fi\n\
         s=$(stat -L -c '%d:%i:%W %s' -- \"$f\" 2>/dev/null || stat -L -f '%d:%i:%B %z' -- \"$f\" 2>/dev/null ||\n\
         $run stat -L -c '%d:%i:%W %s' -- \"$f\") || exit 1\n\
         b=$($run tail -n {lines} \"$f\" | wc -c)\n\
         o=$((${{s#* }} - b)); [ \"$o\" -gt 0 ] || o=0\n\
         if [ \"$o\" -gt 0 ]; then\n\
         r=$($run tail -c +\"$o\" \"$f\" | head -n 1 | wc -c); [ \"$r\" -le 1 ] || o=$((o - 1 + r)); fi\n\
         echo \"${{s% *}} $o\"\n",
        quote(path),
        if sudo { "\"$qd_asroot\"" } else { "''" },
    )
}

/// The script that prints so many bytes of a file from an offset on.
pub fn block(path: &str, offset: u64, bytes: u64) -> String {
    format!("tail -c +{} \"${{QD_ROOT:-}}\"{} 2>/dev/null | head -c {bytes}\n", offset + 1, quote(path))
}

/// The script that prints how many line ends there are from an offset of a file to the end of the line there (none: it has
/// no end yet), and how many bytes.
pub fn rest_of_line(path: &str, offset: u64) -> String {
    format!("tail -c +{} \"${{QD_ROOT:-}}\"{} 2>/dev/null | head -n 1 | wc -lc\n", offset + 1, quote(path))
}

/// The script that prints so many bytes of a file, as it was listed, from an offset on (none: that says how many it has,
/// unpacked).
pub fn older(file: &Sibling, offset: u64, bytes: Option<u64>) -> String {
    let bytes = bytes.map(|bytes| bytes.to_string()).unwrap_or_default();
    let inode = file.known().unwrap_or_default();
    format!("open={} inode={} off={offset} bytes={bytes}\n{OLDER}", quote(&file.path), quote(&inode))
}

/// The script that prints those lines of a file, as it was listed, from an offset on and up to another (none: to its end),
/// that pass a sieve, with so many lines before and after each.
pub fn sieve(file: &Sibling, sieve: &Sieve, offset: u64, until: Option<u64>, around: (usize, usize)) -> String {
    let bytes = until.map(|until| until.saturating_sub(offset).to_string()).unwrap_or_default();
    let inode = file.known().unwrap_or_default();
    let around = if around == (0, 0) { String::new() } else { format!("-B {} -A {}", around.0, around.1) };
    format!(
        "open={} inode={} off={offset} bytes={bytes} around={} texts={}\n{SIEVE}",
        quote(&file.path),
        quote(&inode),
        quote(&around),
        quote(&sieve.texts().join("\n")),
    )
}

/// Files in the order in which they were written.
pub fn newest_last<'a>(files: impl Iterator<Item = &'a Sibling>) -> Vec<&'a Sibling> {
    let mut files: Vec<&Sibling> = files.collect();
    files.sort_by_key(|s| s.age());
    files
}

/// Whether a path needs a watcher.
pub fn is_glob(path: &str) -> bool {
    path.contains(['*', '?', '['])
}

/// The first line of a reading: which file it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// `DEV:INO:BIRTH`.
    pub inode: String,
    /// Its size when it was opened.
    pub size: u64,
    /// The first 256 bytes in hex; `-` where not known.
    pub fingerprint: String,
}

/// Longest header: 256 bytes in hex and change.
pub const LONGEST_HEADER: usize = 1024;

impl Header {
    /// Reads the line, without its end.
    pub fn parse(line: &str) -> Option<Self> {
        let mut words = line.strip_prefix("QD1 ")?.split(' ');
        let inode = words.next()?.to_owned();
        let size = words.next()?.parse().ok()?;
        Some(Self { inode, size, fingerprint: words.next().unwrap_or("-").to_owned() })
    }
}

/// A file as `siblings.sh` lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sibling {
    /// `DEV:INO:BIRTH`.
    pub inode: String,
    /// Size in bytes, packed where it is.
    pub size: u64,
    /// Modification time in seconds since the epoch.
    pub mtime: u64,
    /// Of the first 256 unpacked bytes, in hex.
    pub fingerprint: String,
    /// Its path.
    pub path: String,
}

impl Sibling {
    /// The inode that it must still have when it is opened; what is unpacked has none of its own.
    pub fn known(&self) -> Option<String> {
        (!self.path.ends_with(".gz")).then(|| self.inode.clone())
    }

    /// What files are ordered by: when they were written last. Within a second the number in the name tells: the greater,
    /// the older.
    pub fn age(&self) -> (u64, Reverse<&str>) {
        (self.mtime, Reverse(&self.path))
    }

    /// Reads one line.
    pub fn parse(line: &str) -> Option<Self> {
        let mut words = line.splitn(5, ' ');
        Some(Self {
            inode: words.next()?.to_owned(),
            size: words.next()?.parse().ok()?,
            mtime: words.next()?.parse().ok()?,
            fingerprint: words.next()?.to_owned(),
            path: words.next()?.to_owned(),
        })
    }
}

/// What is to be read, in order, after the file that was followed at `name` no longer bears that name: the file itself
/// (known by its inode, or by how it begins), then what came after it. The live file is left to the caller. Nothing, when
/// the file is nowhere to be found.
pub fn rest<'a>(siblings: &'a [Sibling], name: &str, inode: &str, offset: u64, fingerprint: &str) -> Vec<&'a Sibling> {
    let packed = |s: &Sibling| s.path.ends_with(".gz");
    let same_beginning = |s: &&Sibling| {
        let len = fingerprint.len().min(s.fingerprint.len());
        s.path != name && len >= 32 && s.fingerprint[..len] == fingerprint[..len] && (packed(s) || s.size >= offset)
    };
    // An inode that was freed may be another file's by now.
    let agrees = |s: &&Sibling| {
        let len = fingerprint.len().min(s.fingerprint.trim_end_matches('-').len());
        s.fingerprint[..len] == fingerprint[..len]
    };
    let old = siblings.iter().filter(agrees).find(|s| s.inode == inode && !packed(s) && s.path != name);
    // Files may all begin alike: the one written last, and rather the original than what is being packed from it.
    let alike = || siblings.iter().filter(same_beginning).max_by_key(|s| (!packed(s), s.age()));
    let Some(old) = old.or_else(alike) else { return Vec::new() };
    let newer = |s: &&Sibling| s.path != name && s.inode != old.inode && s.age() > old.age() && !same_beginning(s);
    let mut files = newest_last(siblings.iter().filter(newer));
    files.insert(0, old);
    files
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A file beside the one that is followed.
    pub(in crate::logs::source) fn sibling(
        inode: &str,
        size: u64,
        mtime: u64,
        fingerprint: &str,
        path: &str,
    ) -> Sibling {
        Sibling { inode: inode.into(), size, mtime, fingerprint: fingerprint.repeat(32), path: path.into() }
    }

    fn paths(there: &[Sibling], offset: u64) -> Vec<&str> {
        rest(there, "/l", "1:5", offset, &"aa".repeat(32)).iter().map(|s| s.path.as_str()).collect()
    }

    #[test]
    fn what_was_rotated_meanwhile_is_read_in_order() {
        let there = [
            sibling("1:9", 10, 90, "ee", "/l"),
            sibling("1:5", 100, 70, "aa", "/l.2"),
            sibling("1:7", 50, 80, "cc", "/l.1"),
            sibling("1:2", 50, 10, "dd", "/l.3"),
        ];
        assert_eq!(paths(&there, 40), ["/l.2", "/l.1"]);
        let at_once = [
            sibling("1:9", 10, 70, "ee", "/l"),
            sibling("1:7", 50, 70, "cc", "/l.1"),
            sibling("1:5", 100, 70, "aa", "/l.2"),
            sibling("1:2", 50, 70, "dd", "/l.3"),
        ];
        assert_eq!(paths(&at_once, 40), ["/l.2", "/l.1"]);
    }

    #[test]
    fn a_packed_or_copied_file_is_known_by_its_beginning() {
        let packed = [sibling("1:9", 10, 90, "ee", "/l"), sibling("1:8", 9, 80, "aa", "/l.1.gz")];
        assert_eq!(paths(&packed, 40), ["/l.1.gz"]);
        let gone = [sibling("1:9", 10, 90, "ee", "/l"), sibling("1:8", 9, 80, "bb", "/l.1.gz")];
        assert!(paths(&gone, 40).is_empty());
    }

    #[test]
    fn an_inode_that_another_file_has_now_is_not_ours() {
        let there = [
            sibling("1:9", 10, 90, "ee", "/l"),
            sibling("1:5", 100, 80, "bb", "/l.1"),
            sibling("1:8", 9, 70, "aa", "/l.2.gz"),
        ];
        assert_eq!(paths(&there, 40), ["/l.2.gz", "/l.1"]);
    }

    #[test]
    fn of_files_that_begin_alike_the_last_one_is_it() {
        let there = [
            sibling("1:9", 10, 90, "ee", "/l"),
            sibling("1:2", 100, 60, "aa", "/l.2"),
            sibling("1:3", 100, 70, "aa", "/l.1"),
            sibling("1:4", 10, 80, "aa", "/l.1.gz"),
        ];
        assert_eq!(paths(&there, 40), ["/l.1"]);
    }

    #[test]
    fn headers_and_siblings_are_read_or_refused() {
        assert_eq!(Header::parse("QD1 1:2 30 616b").map(|h| (h.inode, h.size)), Some(("1:2".into(), 30)));
        assert_eq!(Header::parse("hello"), None);
        assert_eq!(Sibling::parse("1:2 3 4 61 /var/log/a b").map(|s| s.path), Some("/var/log/a b".into()));
    }

    /// Runs the script as on a system that has no /proc and whose stat knows only -f, like a Mac.
    fn on_bsd(path: &std::path::Path) -> std::process::Child {
        let stat = "stat() { [ \"$2\" = -f ] && command stat -L -c \"$(printf %s \"$3\" | sed s/%z/%s/)\" \"$5\" \
                    ${6+\"$6\"}; }\ntail() { false; }\n";
        let path = path.to_str().unwrap();
        let reading = Reading { name: path, open: path, inode: None, offset: 0, follow: true, poll: 0.05, sudo: false };
        let script = follow(&reading).replace("/proc/", "/nowhere/");
        let mut command = std::process::Command::new("sh");
        command.arg("-c").arg(format!("{stat}{script}")).stdin(std::process::Stdio::piped());
        command.stdout(std::process::Stdio::piped()).spawn().unwrap()
    }

    #[test]
    fn without_proc_and_gnu_tools_a_file_is_followed_too() {
        use std::io::{BufRead, BufReader, Write};
        let folder = tempfile::tempdir().unwrap();
        for (cut, code) in [(true, 11), (false, 10)] {
            let log = folder.path().join(format!("{cut}.log"));
            std::fs::write(&log, "one\n").unwrap();
            let mut reader = on_bsd(&log);
            let mut lines = BufReader::new(reader.stdout.take().unwrap()).lines().map(Result::unwrap);
            assert!(lines.next().unwrap().starts_with("QD1 "));
            assert_eq!(lines.next().as_deref(), Some("one"));
            let mut file = std::fs::OpenOptions::new().append(true).open(&log).unwrap();
            writeln!(file, "{}", "two".repeat(200)).unwrap();
            assert_eq!(lines.next().map(|line| line.len()), Some(600));
            writeln!(file, "three").unwrap();
            assert_eq!(lines.next().as_deref(), Some("three"));
            if cut {
                file.set_len(0).unwrap();
            } else {
                std::fs::rename(&log, log.with_extension("old")).unwrap();
                writeln!(file, "four").unwrap();
                std::fs::write(&log, "five\n").unwrap();
                assert_eq!(lines.next().as_deref(), Some("four"));
            }
            assert_eq!(lines.next(), None);
            assert_eq!(reader.wait().unwrap().code(), Some(code));
        }
    }

    #[test]
    fn a_grep_that_does_not_count_to_the_beginning_of_a_line_is_not_used() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("x.log");
        std::fs::write(&log, "one\na needle\n").unwrap();
        let metadata = std::fs::metadata(&log).unwrap();
        let inode = {
            use std::os::unix::fs::MetadataExt;
            let out = std::process::Command::new("stat").args(["-c", "%W"]).arg(&log).output().unwrap();
            format!("{}:{}:{}", metadata.dev(), metadata.ino(), String::from_utf8_lossy(&out.stdout).trim())
        };
        let listed = Sibling { inode, path: log.to_str().unwrap().into(), ..sibling("", 13, 0, "", "") };
        let looked_for = Sieve::any_of(&["needle".to_owned()]).unwrap();
        // As GNU has it; that of busybox, which has no -b; that of BSD, which counts to the match.
        for (grep, code, said) in [
            ("", 0, "4:a needle\n"),
            ("grep() { echo 'grep: invalid option -- b' >&2; return 1; }\n", 23, ""),
            ("grep() { echo 3:bcd; }\n", 23, ""),
        ] {
            let script = sieve(&listed, &looked_for, 0, Some(13), (0, 0));
            let out = std::process::Command::new("sh").arg("-c").arg(format!("{grep}{script}")).output().unwrap();
            assert_eq!((out.status.code(), &*String::from_utf8_lossy(&out.stdout)), (Some(code), said), "{grep}");
        }
    }

    #[test]
    fn a_glob_cannot_run_anything() {
        assert!(watch("/var/log/$(id)*.log", true, 1.0).starts_with("glob='/var/log/\\$\\(id\\)*.log'"));
    }
}
