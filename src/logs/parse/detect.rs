//! Which format a line has.

use super::{Format, json, logfmt, stamped, syslog, web};

/// The format of a line, most telling first; plain when none fits.
pub fn detect(raw: &[u8], now: i64) -> Format {
    let first = raw.iter().find(|c| !c.is_ascii_whitespace());
    match first {
        None => Format::Plain,
        Some(b'{') if json::scan(raw, now).is_some() => {
            if json::is_docker(raw) {
                Format::Docker
            } else {
                Format::Json
            }
        }
        _ if web::scan_access(raw, now).is_some() => Format::Access,
        _ if web::scan_nginx_error(raw, now).is_some() => Format::NginxError,
        _ if web::scan_apache_error(raw, now).is_some() => Format::ApacheError,
        _ if syslog::rfc5424(raw, now).is_some() => Format::Syslog5424,
        _ if syslog::bsd(raw, now).is_some() => Format::Syslog,
        _ if logfmt::fits(raw) => Format::Logfmt,
        _ => stamped::kind(raw, now).unwrap_or(Format::Plain),
    }
}
