//! Why an exchange broke off, in a person's words.

use std::error::Error;
use std::io;

/// The end of an error's chain says what happened; the rest, that it happened. What TLS found wrong is put plainly.
pub(super) fn cause(error: &(dyn Error + 'static)) -> String {
    let mut cause = error;
    loop {
        // What an I/O error wraps is no link of its chain.
        let wrapped = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        let wrapped = wrapped.map(|inner| inner as &(dyn Error + 'static));
        if let Some(tls) = wrapped.unwrap_or(cause).downcast_ref::<native_tls::Error>() {
            return of_tls(&tls.to_string());
        }
        match wrapped.or_else(|| cause.source()) {
            Some(deeper) => cause = deeper,
            None => return cause.to_string(),
        }
    }
}

/// OpenSSL says `error:CODE:LIBRARY:FUNCTION:REASON:FILE:LINE:` and, of a certificate, what is wrong with it in brackets
/// behind. Other libraries speak in sentences.
fn of_tls(said: &str) -> String {
    let Some(fields) = said.strip_prefix("error:") else { return said.to_owned() };
    let reason = fields.split(':').nth(3).unwrap_or(said);
    match said.rsplit_once(" (").and_then(|(_, verdict)| verdict.strip_suffix(')')) {
        Some(verdict) if reason == "certificate verify failed" => {
            format!("its certificate is not trusted: {verdict}")
        }
        _ => format!("TLS: {reason}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_openssl_says_is_put_plainly() {
        let refused = "error:0A000086:SSL routines:tls_post_process_server_certificate:certificate verify failed:\
                       ../ssl/statem/statem_clnt.c:1889:";
        for (said, expected) in [
            (format!("{refused} (self-signed certificate)"), "its certificate is not trusted: self-signed certificate"),
            (refused.to_owned(), "TLS: certificate verify failed"),
            (
                "error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../ssl/record/ssl3_record.c:354:"
                    .to_owned(),
                "TLS: wrong version number",
            ),
            ("The certificate was not trusted.".to_owned(), "The certificate was not trusted."),
        ] {
            assert_eq!(of_tls(&said), expected);
        }
    }

    #[test]
    fn the_end_of_a_chain_is_told_through_what_io_errors_wrap() {
        let inner = io::Error::other(io::Error::new(io::ErrorKind::ConnectionReset, "the peer went away"));
        assert_eq!(cause(&io::Error::other(inner)), "the peer went away");
    }
}
