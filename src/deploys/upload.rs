//! Bringing an archive to a host: once, whole, and found there again after a lost link.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncSeekExt, SeekFrom};

use crate::domain::deploy::plan::Artifact;
use crate::domain::text::one_line;
use crate::transport::loader::quote;
use crate::transport::{Backlog, ExecSpec, Exit, RemoteCommand, SharedTransport};

/// How much is sent at once.
const PIECE: usize = 64 << 10;
/// How long an upload may take.
const PATIENCE: Duration = Duration::from_secs(3600);

/// How much of it is there already: all, or so many bytes of a part.
const HAVE: &str = "
umask 002
state=\"${QD_ROOT:-}$state\"
mkdir -p \"$state/artifacts\" && chmod 2770 \"$state\" 2>/dev/null
if [ -e \"$state/artifacts/$sum\" ]; then echo all; exit 0; fi
wc -c <\"$state/artifacts/$sum.part\" 2>/dev/null || echo 0
";
/// Takes the rest, and believes it only when it is what was meant.
const TAKE: &str = "
umask 002
state=\"${QD_ROOT:-}$state\"
part=$state/artifacts/$sum.part
cat >>\"$part\" || exit 1
set -- $(sha256sum <\"$part\")
if [ \"$1\" = \"$sum\" ]; then mv -f \"$part\" \"$state/artifacts/$sum\"; else rm -f \"$part\"; exit 9; fi
";

/// An archive on this machine: its size and hash.
pub async fn measure(path: &Path) -> Result<Artifact, String> {
    let shown = path.display();
    let cannot = |error: std::io::Error| format!("the artifact {shown} cannot be read: {error}");
    let mut file = tokio::fs::File::open(path).await.map_err(cannot)?;
    let (mut hash, mut bytes, mut buffer) = (Sha256::new(), 0_u64, vec![0; PIECE]);
    loop {
        let count = file.read(&mut buffer).await.map_err(cannot)?;
        if count == 0 {
            break;
        }
        hash.update(&buffer[..count]);
        bytes += count as u64;
    }
    let sha256 = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Artifact { path: shown.to_string(), sha256, bytes })
}

/// Sends an archive to a host, unless it is there.
pub async fn upload(transport: &SharedTransport, state: &str, artifact: &Artifact) -> Result<(), String> {
    let head = format!("state={} sum={}\n", quote(state), quote(&artifact.sha256));
    let have = transport.exec(ExecSpec::script(head.clone() + HAVE, Duration::from_secs(30))).collect(4096).await;
    let said = String::from_utf8_lossy(&have.out).trim().to_owned();
    let offset = match (have.exit, said.as_str()) {
        (Exit::Code(0), "all") => return Ok(()),
        (Exit::Code(0), number) => number.parse::<u64>().unwrap_or(0),
        (_, _) => {
            return Err(format!(
                "nothing can be put into {state}: {}",
                one_line(&String::from_utf8_lossy(&have.err), 200)
            ));
        }
    };
    let cannot = |error: std::io::Error| format!("the artifact {} cannot be read: {error}", artifact.path);
    let mut file = tokio::fs::File::open(&artifact.path).await.map_err(cannot)?;
    file.seek(SeekFrom::Start(offset.min(artifact.bytes))).await.map_err(cannot)?;
    let mut stream = transport.exec(ExecSpec {
        command: RemoteCommand::Script(head + TAKE),
        stdin: true,
        timeout: Some(PATIENCE),
        backlog: Backlog::Stall,
    });
    if let Some(input) = stream.input.take() {
        loop {
            let mut piece = vec![0; PIECE];
            let count = file.read(&mut piece).await.map_err(cannot)?;
            piece.truncate(count);
            // A stream that has ended says why by itself.
            if count == 0 || input.send(Bytes::from(piece)).await.is_err() {
                break;
            }
        }
    }
    match stream.collect(4096).await.exit {
        Exit::Code(0) => Ok(()),
        Exit::Code(9) => Err("the artifact did not arrive as it was sent; try again".to_owned()),
        Exit::ConnectionLost => Err("the link was lost during the upload; what arrived is used again".to_owned()),
        other => Err(format!("the upload ended with {other:?}")),
    }
}
