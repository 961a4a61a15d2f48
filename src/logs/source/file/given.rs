//! What a file's reading brings, on its way to whoever asked.

use bytes::Bytes;

use super::File;
use crate::domain::log::{Feed, RawLine, SourceEventKind};
use crate::domain::text::one_line;
use crate::logs::source::{Gone, event};

impl File {
    pub(super) async fn take(&mut self, bytes: Bytes) -> Result<(), Gone> {
        if let Some(place) = &mut self.place {
            place.pass(&bytes);
        }
        let mut out = Vec::new();
        self.recovered.1 += bytes.len() as u64;
        self.lines.push(bytes, &mut out);
        self.give(out).await
    }

    /// Lines of the file, some of which may be pieces of one.
    async fn give(&mut self, lines: Vec<RawLine>) -> Result<(), Gone> {
        let whole = self.pieces.join(lines);
        self.recovered.0 += whole.len() as u64;
        self.tail.lines(&self.source, whole).await
    }

    /// The last line of a file has no end.
    pub(super) async fn flush_partial(&mut self) -> Result<(), Gone> {
        let mut out = Vec::new();
        self.lines.finish(&mut out);
        self.give(out).await
    }

    /// No more pieces come of a line.
    pub(super) async fn flush_pieces(&mut self) -> Result<(), Gone> {
        let lines = self.pieces.release();
        self.recovered.0 += lines.len() as u64;
        self.tail.lines(&self.source, lines).await
    }

    /// A packed file ended before its end.
    pub(super) async fn damaged(&mut self, path: &str) -> Result<(), Gone> {
        let mut gap = event(
            SourceEventKind::Gap,
            format!("{} is damaged; what follows in it cannot be unpacked", one_line(path, 200)),
        );
        let partial = self.lines.drop_partial();
        gap.bytes = (partial > 0).then_some(partial);
        self.flush_pieces().await?;
        self.tail.event(&self.source, gap).await
    }

    /// Everything that was written while the link was gone has been delivered: a row of the ledger.
    pub(super) async fn be_back(&mut self) -> Result<(), Gone> {
        let Some(away) = self.away.take() else { return Ok(()) };
        let mut back = event(SourceEventKind::Recovered, "");
        back.seconds = Some((away.elapsed().as_secs_f64() * 10.0).round() / 10.0);
        (back.lines, back.bytes) = (Some(self.recovered.0), Some(self.recovered.1));
        back.lost = Some(0);
        self.tail.event(&self.source, back).await
    }

    pub(super) async fn be_caught_up(&mut self) -> Result<(), Gone> {
        if std::mem::replace(&mut self.caught_up, true) {
            return Ok(());
        }
        self.tail.send(Feed::CaughtUp(self.source.clone())).await
    }
}
