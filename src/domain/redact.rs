//! Secrets in text that leaves the screen, and by choice on it: taken out by what they look like.
//!
//! A kind of secret that names itself (`sk_live_…`, `glpat-…`) keeps its name, so that one sees what was there. It errs
//! on the side of taking out too much.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::bytes::{Captures, Regex, RegexSet};

/// What stands where a secret stood.
pub const REDACTED: &str = "[redacted]";

/// Regexes of secrets; what is in the groups `a` (before) and `z` (after) stays. Everything is bytes: a secret with
/// broken UTF-8 in it is still one.
const SECRETS: &[&str] = &[
    // Private keys, whole or cut; in one line with `\n`s or over many.
    r"(?s)(?<a>-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----).*?(?:(?<z>-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----)|\z)",
    // A line of nothing but base64, as in a key's middle; see `is_key_body`.
    r"(?m)^(?<a>[ \t]*)(?<body>[A-Za-z0-9+/]{40,76}={0,2})\r?$",
    // Stripe, its webhooks; GitLab; GitHub; Slack; npm; SendGrid; Google; DigitalOcean; OpenAI and others; age; Vault.
    r"\b(?<a>(?:sk|rk)_(?:live|test)_|whsec_)[A-Za-z0-9+/=]{6,}",
    r"\b(?<a>gl(?:pat|oas|dt|rt|rtr|ptt|cbt|ft|soat|agent|imt|ffct)-)[A-Za-z0-9_.\-]{10,}",
    r"\b(?<a>gh[pousr]_|github_pat_)[A-Za-z0-9_]{16,}",
    r"\b(?<a>xox[a-z]-|xapp-)[A-Za-z0-9\-]{8,}",
    r"(?<a>https://hooks\.slack\.com/(?:services|workflows|triggers)/)[A-Za-z0-9/_\-]+",
    r"\b(?<a>npm_)[A-Za-z0-9]{30,}",
    r"\b(?<a>SG\.)[A-Za-z0-9_\-]{16,}\.[A-Za-z0-9_\-]{16,}",
    r"\b(?<a>AIza)[A-Za-z0-9_\-]{30,}",
    r"\b(?<a>do[opr]_v1_)[a-f0-9]{32,}",
    r"\b(?<a>sk-)[A-Za-z0-9_\-]{20,}",
    r"\b(?<a>AGE-SECRET-KEY-1)[A-Z0-9]{20,}",
    r"\b(?<a>hv[sbr]\.)[A-Za-z0-9_\-]{20,}",
    // AWS access keys; the secret ones have names, see below.
    r"\b(?<a>(?:AKIA|ASIA|ABIA|ACCA|AGPA|AIDA|AROA))[A-Z0-9]{12,}\b",
    // JSON Web Tokens.
    r"\b(?<a>eyJ)[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{4,}\.[A-Za-z0-9_\-]*",
    // `Authorization: Basic …`, `bearer …`; cookies.
    r#"(?i)\b(?<a>(?:proxy-)?authorization\\?["']?[ \t]*[:=][ \t]*\\?["']?(?:(?:bearer|basic|digest|token|negotiate|apikey)[ \t]+)?)[^\s"'\\,;]{3,}"#,
    r"(?i)\b(?<a>bearer[ \t]+)[A-Za-z0-9._~+/=\-]{6,}",
    r#"(?i)\b(?<a>(?:set-)?cookie\\?["']?[ \t]*[:=][ \t]*\\?["']?)[^"'\\\r\n]{3,}"#,
    // `scheme://user:password@host`, and without a user as Redis has it.
    r#"\b(?<a>[A-Za-z][A-Za-z0-9+.\-]{1,30}://[^\s/:@"'<>]*:)[^\s/@"'<>]+(?<z>@)"#,
    // `password=…`, `"api_key": "…"`, `?access_token=…`, `--secret …`: by their names, quoted or not.
    NAMED,
];

/// Values that their names call secret.
const NAMED: &str = r#"(?i)(?<a>(?:(?:pass(?:word|wd|phrase|code)?|pwd|secret|credentials?|private[_\-]?key|access[_\-]?key|api[_\-]?key|account[_\-]?key|encryption[_\-]?key|signing[_\-]?key|(?:auth|access|refresh|session|id|csrf|xsrf|api|bearer|security|secret|private|deploy|personal)?[_\-]?token|session[_\-]?id|sessid|client[_\-]?secret|signature|x-amz-(?:signature|credential|security-token)|otp)(?:[_\-]?(?:key|hash|value))?\\?["']?(?:[ \t]*(?:=>|:=|[:=])[ \t]*|[ \t]+is[ \t]+)|--(?:password|passwd|secret|token|api-key)[ =]))(?:(?<q>\\?["'])(?<quoted>(?:[^"'\\]|\\[^"'])*)|(?<bare>(?:\[redacted\]|[^\s"'\\&,;)\]}])+))"#;

static RULES: LazyLock<(RegexSet, Vec<Regex>)> = LazyLock::new(|| {
    let patterns = SECRETS.iter().map(|pattern| format!("(?-u){pattern}"));
    let patterns: Vec<String> = patterns.collect();
    let set = RegexSet::new(&patterns);
    let each: Result<Vec<Regex>, _> = patterns.iter().map(|pattern| Regex::new(pattern)).collect();
    (set.expect("a test compiles them"), each.expect("a test compiles them"))
});

/// The bytes without the secrets in them.
pub fn bytes(text: &[u8]) -> Cow<'_, [u8]> {
    let (set, rules) = &*RULES;
    let mut out = Cow::Borrowed(text);
    for rule in set.matches(text).iter() {
        let next = rules[rule].replace_all(&out, |found: &Captures| put(found));
        if let Cow::Owned(next) = next {
            out = Cow::Owned(next);
        }
    }
    out
}

/// The text without the secrets in it.
pub fn text(text: &str) -> Cow<'_, str> {
    match bytes(text.as_bytes()) {
        Cow::Borrowed(_) => Cow::Borrowed(text),
        // Secrets begin and end at ASCII characters, so that what stays is whole.
        Cow::Owned(clean) => Cow::Owned(String::from_utf8_lossy(&clean).into_owned()),
    }
}

/// What is put in the place of one secret.
fn put(found: &Captures) -> Vec<u8> {
    let part = |name: &str| found.name(name).map(|part| part.as_bytes());
    let whole = found.get(0).map(|whole| whole.as_bytes()).unwrap_or_default();
    if let Some(body) = part("body")
        && !is_key_body(body)
    {
        return whole.to_vec();
    }
    let before = part("a").unwrap_or_default();
    // A name with nothing behind it, or with nothing to hide.
    let nothing = |value: &[u8]| value.is_empty() || value == REDACTED.as_bytes() || value.iter().all(|c| *c == b'*');
    if part("quoted").or(part("bare")).is_some_and(|value| nothing(value) || is_word_of_none(value)) {
        return whole.to_vec();
    }
    let quoted = part("q").is_some();
    // A bare value under a quoted name is JSON's: it stays JSON.
    let json = !quoted && part("bare").is_some() && before.iter().rev().any(|c| *c == b'"') && !before.contains(&b'\\');
    let mut out = before.to_vec();
    if let Some(quote) = part("q") {
        out.extend_from_slice(quote);
    }
    if json {
        out.push(b'"');
    }
    out.extend_from_slice(REDACTED.as_bytes());
    if json {
        out.push(b'"');
    }
    out.extend_from_slice(part("z").unwrap_or_default());
    out
}

/// Words that say that there is no secret.
fn is_word_of_none(value: &[u8]) -> bool {
    let words: [&[u8]; 6] = [b"null", b"none", b"nil", b"true", b"false", b"undefined"];
    words.iter().any(|word| word.eq_ignore_ascii_case(value))
}

/// Base64 of a key: digits, small and capital letters, all of them; a hash in hexadecimal is none.
fn is_key_body(line: &[u8]) -> bool {
    line.iter().any(u8::is_ascii_digit)
        && line.iter().any(u8::is_ascii_lowercase)
        && line.iter().any(u8::is_ascii_uppercase)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn secrets_go_and_what_is_around_them_stays() {
        for (before, after) in [
            ("key sk_live_51Habcdef123456 used", "key sk_live_[redacted] used"),
            ("rk_test_abcDEF1234567", "rk_test_[redacted]"),
            ("GET / Bearer abc.def-ghi_123 200", "GET / Bearer [redacted] 200"),
            ("Authorization: Basic dXNlcjpwYXNz x", "Authorization: Basic [redacted] x"),
            (r#"{"authorization":"Bearer abcdef123456","a":1}"#, r#"{"authorization":"Bearer [redacted]","a":1}"#),
            ("postgres://app:hunter2@db-1:5432/app", "postgres://app:[redacted]@db-1:5432/app"),
            ("redis://:hunter2@cache", "redis://:[redacted]@cache"),
            ("http://web-1:8080/a@b", "http://web-1:8080/a@b"),
            ("id AKIAIOSFODNN7EXAMPLE.", "id AKIA[redacted]."),
            ("aws_secret_access_key=wJalrXUtnFEMI/K7MDENG", "aws_secret_access_key=[redacted]"),
            ("glpat-abcdefghij1234567890", "glpat-[redacted]"),
            ("ghp_abcdefghijklmnopqrstuvwxyz0123456789", "ghp_[redacted]"),
            ("xoxb-123456789-abcdef", "xoxb-[redacted]"),
            ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl!", "eyJ[redacted]!"),
            ("password=hunter2 user=ana", "password=[redacted] user=ana"),
            ("POST /login?user=a&password=b&x=1", "POST /login?user=a&password=[redacted]&x=1"),
            (r#"{"password":"a\u0062 c","ok":true}"#, r#"{"password":"[redacted]","ok":true}"#),
            (r#"{"api_key": 12345, "n": 1}"#, r#"{"api_key": "[redacted]", "n": 1}"#),
            (r#"msg="{\"token\":\"abc\"}""#, r#"msg="{\"token\":\"[redacted]\"}""#),
            ("client_secret: 's3 cr3t' end", "client_secret: '[redacted]' end"),
            ("DB_PASSWORD='it' x", "DB_PASSWORD='[redacted]' x"),
            ("Cookie: sid=abc; theme=dark", "Cookie: [redacted]"),
            // What names itself and is named as well is taken out once.
            ("token=sk_live_51Habcdef123456 x", "token=[redacted] x"),
            ("[token: glpat-abcdefghij1234567890]", "[token: [redacted]]"),
            ("curl --token abc -v", "curl --token [redacted] -v"),
        ] {
            assert_eq!(text(before), after);
            assert_eq!(text(after), after, "twice is once");
        }
    }

    #[test]
    fn what_is_no_secret_stays() {
        for text_ in [
            "password=null tokens=512 max_tokens: 4096 password=***",
            "Failed password for root from 10.0.0.1 port 22",
            "level=error msg=\"no such secretary\" path=/tokens/list",
            "image sha256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "the authorization of ana was checked",
            "risk_test_x and desk-lamp-of-the-first-floor",
        ] {
            assert_eq!(text(text_), text_);
        }
    }

    #[test]
    fn private_keys_go_whole_cut_in_one_line_and_line_by_line() {
        let body = "MIIEpAIBAAKCAQEA7bq0c3Q0p4h9Xz1yVnY2a8fPq5rT6uW7vX8yZ9aB0cD1eF2g";
        let key = format!("-----BEGIN RSA PRIVATE KEY-----\n{body}\n-----END RSA PRIVATE KEY-----\nnext");
        let gone = "-----BEGIN RSA PRIVATE KEY-----[redacted]-----END RSA PRIVATE KEY-----";
        assert_eq!(text(&key), format!("{gone}\nnext"));
        assert_eq!(text(&key.replace('\n', "\\n")), format!("{gone}\\nnext"));
        assert_eq!(text(&format!("-----BEGIN PRIVATE KEY-----\n{body}")), "-----BEGIN PRIVATE KEY-----[redacted]");
        assert_eq!(text(body), "[redacted]");
    }

    proptest! {
        /// Whatever stands around it, a secret is gone; text stays text, and doing it twice changes nothing more.
        #[test]
        fn no_secret_survives(before in "[a-z0-9 =:{}/,\u{e9}]{0,20}", after in "[ ,;}&][a-z \u{e9}]{0,20}") {
            for (secret, hidden) in [
                ("password=hunter2x", "hunter2x"), ("sk_live_abcdefghijk", "abcdefghijk"),
                ("ftp://u:hunter2x@h", "hunter2x"), ("\"token\":\"hunter2x\"", "hunter2x"),
            ] {
                let line = format!("{before} {secret}{after}");
                let clean = text(&line).into_owned();
                prop_assert!(!clean.contains(hidden), "{}", clean);
                prop_assert!(!clean.contains(char::REPLACEMENT_CHARACTER), "it is whole");
                prop_assert_eq!(text(&clean), clean.as_str());
            }
        }

        #[test]
        fn any_bytes_are_survived(line in proptest::collection::vec(any::<u8>(), 0..200)) {
            let once = bytes(&line).into_owned();
            prop_assert_eq!(bytes(&once).into_owned(), once);
        }
    }
}
