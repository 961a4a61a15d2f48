//! Network and disk traffic.

use chrono::{DateTime, Utc};
use ratatui::layout::Rect;

use super::old;
use crate::app::state::{HostView, State};
use crate::app::view_state::cursor::cursor;
use crate::domain::age::Freshness;
use crate::domain::sample::DiskIo;
use crate::domain::series::Series;
use crate::ui::canvas::{Canvas, below, row, width};
use crate::ui::figures::{self, figure};
use crate::ui::format::{bytes, figure as decimal, fit, percent, rate};
use crate::ui::theme::Role;
use crate::ui::widgets::bars;

/// Columns of a graph.
const GRAPH: u16 = 16;
/// Most disks shown.
const DISKS: usize = 6;

/// Rows of the pane.
pub fn rows(_: &State, view: &HostView, _: u16) -> u16 {
    4 + view.sample.as_ref().map_or(0, |sample| sample.io.len().min(DISKS)) as u16
}

/// Draws it.
pub fn draw(state: &State, c: &mut Canvas, area: Rect, view: &HostView) {
    let fresh = figures::fast(state, view);
    let sample = view.sample.as_ref();
    let tcp = sample.and_then(|s| s.tcp).unwrap_or_default();
    let mut title = vec![c.piece("retrans ", Role::Dim)];
    let retrans = tcp.retrans_pct.map(|pct| format!("{} %", decimal(pct)));
    title.push(figure(
        c.look,
        retrans,
        fresh,
        figures::by_limits(tcp.retrans_pct.unwrap_or(0.0), (1.0, 5.0), Role::Text),
    ));
    title.extend(old(state, c, view));
    c.rule(row(area, 0), &[c.piece("network", Role::Title)], &title, false);
    let rest = below(area, 1);
    let net = sample.and_then(|s| s.net);
    let at = cursor(state);
    traffic(c, row(rest, 0), "in", net.map(|net| net.rx_s), &view.rx, fresh, at);
    traffic(c, row(rest, 1), "out", net.map(|net| net.tx_s), &view.tx, fresh, at);
    let line = row(rest, 2);
    let bad = net.map(|net| net.bad_s);
    let refused = tcp.listen_overflows;
    let pieces = [
        c.piece("errors/s ", Role::Dim),
        figure(c.look, bad.map(rate), fresh, if bad.unwrap_or(0.0) > 0.0 { Role::Warn } else { Role::Text }),
        c.piece("  not accepted ", Role::Dim),
        figure(
            c.look,
            refused.map(|n| n.to_string()),
            fresh,
            if refused.unwrap_or(0) > 0 { Role::Bad } else { Role::Text },
        ),
        c.piece("  time-wait ", Role::Dim),
        figure(c.look, tcp.time_wait.map(|n| n.to_string()), fresh, Role::Text),
        c.piece("  files ", Role::Dim),
        figure(c.look, sample.and_then(|s| s.files_pct).map(|p| format!("{} %", percent(Some(p)))), fresh, Role::Text),
    ];
    c.pieces(line.x + 1, line.y, line.width.saturating_sub(1), &pieces);
    for (n, io) in sample.map(|s| s.io.as_slice()).unwrap_or_default().iter().take(DISKS).enumerate() {
        disk(c, row(rest, 3 + n as u16), io, fresh);
    }
}

fn traffic(
    c: &mut Canvas,
    line: Rect,
    word: &str,
    now: Option<f64>,
    series: &Series,
    fresh: Freshness,
    cursor: Option<DateTime<Utc>>,
) {
    let mut x = line.x + 1;
    c.put_as(x, line.y, 4, word, Role::Dim);
    x += 4;
    let pieces = [figure(c.look, now.map(|v| format!("{}B/s", bytes(v))), fresh, Role::Text)];
    c.pieces_right(x, x + 9, line.y, &pieces);
    x += 10;
    let role = if fresh == Freshness::Fresh { Role::Graph } else { Role::Dim };
    let columns = GRAPH.max(line.right().saturating_sub(x + 1).min(40));
    let columns = usize::from(columns);
    let at = cursor.and_then(|at| series.column_of(at, columns));
    let pieces = bars::marked(&bars::spark(&series.tail(columns), None), c.style(role), at);
    c.pieces(x, line.y, line.right().saturating_sub(x + 1), &pieces);
}

fn disk(c: &mut Canvas, line: Rect, io: &DiskIo, fresh: Freshness) {
    if line.height == 0 {
        return;
    }
    let mut pieces = vec![c.piece(format!("{:<9}", fit(&io.name, 9)), Role::Dim)];
    let room = line.width.saturating_sub(2);
    for (word, value) in [
        (" read ", Some(format!("{:>4}B/s", bytes(io.read_s)))),
        (" write ", Some(format!("{:>4}B/s", bytes(io.write_s)))),
        ("  busy ", Some(format!("{:>3} %", percent(Some(io.util_pct))))),
        ("  wait ", io.await_ms.map(|ms| format!("{} ms", decimal(ms)))),
        ("  queue ", Some(decimal(io.queue))),
    ] {
        let pair = [c.piece(word, Role::Dim), figure(c.look, value, fresh, Role::Text)];
        // A figure is told whole or not at all.
        if width(&pieces) + width(&pair) > room {
            break;
        }
        pieces.extend(pair);
    }
    c.pieces(line.x + 1, line.y, room, &pieces);
}
