//! What is asked of an API, and what it answers.

use bytes::Bytes;
use reqwest::header::HeaderMap;

/// A question that changes nothing, and may be put again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Get {
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) accepted: Vec<u16>,
}

impl Get {
    /// Of the resource beneath the API's base that these segments name. Each is percent-encoded, so `acme/shop` is one.
    pub fn new(segments: &[&str]) -> Self {
        Self { path: path(segments), ..Self::default() }
    }

    /// With a parameter; the same name may come again.
    #[must_use]
    pub fn query(mut self, name: &str, value: impl ToString) -> Self {
        self.query.push((name.to_owned(), value.to_string()));
        self
    }

    /// With a header, such as `Range`.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl ToString) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }

    /// Taking this status (besides 2xx) for an answer and not for a failure.
    #[must_use]
    pub fn accept(mut self, status: u16) -> Self {
        self.accepted.push(status);
        self
    }

    /// The same of the next page, by the value of a `Link` header (RFC 8288). Only the link's query is taken: whatever
    /// scheme, host and path it names, the token goes nowhere but to the resource that was asked.
    pub(super) fn next(&self, links: &str) -> Option<Self> {
        let target = next_link(links)?;
        let (_, query) = target.split_once('?')?;
        let query = query.split('#').next().unwrap_or("");
        let query: Vec<(String, String)> =
            reqwest::Url::parse(&format!("x:/?{query}")).ok()?.query_pairs().into_owned().collect();
        (query != self.query && !query.is_empty()).then(|| Self { query, ..self.clone() })
    }
}

/// The target of the first link whose relation is `next`.
fn next_link(links: &str) -> Option<&str> {
    let mut rest = links;
    while let Some(start) = rest.find('<') {
        let end = start + rest[start..].find('>')?;
        let target = &rest[start + 1..end];
        rest = &rest[end + 1..];
        // The parameters end where the next link begins; a `<` inside quotes is not known to exist anywhere.
        let parameters = rest.split('<').next().unwrap_or("");
        let is_next = parameters.split([';', ',']).any(|parameter| {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let relations = value.trim().trim_matches('"');
            name.trim().eq_ignore_ascii_case("rel")
                && relations.split_ascii_whitespace().any(|one| one.eq_ignore_ascii_case("next"))
        });
        if is_next {
            return Some(target);
        }
    }
    None
}

/// A path of segments, each percent-encoded as RFC 3986 wants it of anything that is not unreserved.
fn path(segments: &[&str]) -> String {
    let mut path = String::new();
    for segment in segments {
        path.push('/');
        // A segment of dots alone would walk up, encoded or not.
        let dots = !segment.is_empty() && segment.len() <= 2 && segment.bytes().all(|byte| byte == b'.');
        for byte in segment.bytes() {
            match byte {
                b'.' if dots => path.push('_'),
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => path.push(char::from(byte)),
                other => path.push_str(&format!("%{other:02X}")),
            }
        }
    }
    path
}

/// How a change is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Makes one.
    Post,
    /// Alters one.
    Put,
    /// Takes one away.
    Delete,
}

/// A change of the outside world. It is sent once and never again by itself.
#[derive(Clone, Debug)]
pub struct Change {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) body: Body,
}

/// What a change carries.
#[derive(Clone, Debug)]
pub(super) enum Body {
    None,
    Form(String),
    Json(String),
}

impl Change {
    /// Of the resource that these segments name.
    pub fn new(method: Method, segments: &[&str]) -> Self {
        Self { method, path: path(segments), body: Body::None }
    }

    /// With a form (`application/x-www-form-urlencoded`).
    #[must_use]
    pub fn form(mut self, fields: &[(&str, &str)]) -> Self {
        let mut form = String::new();
        if let Ok(mut url) = reqwest::Url::parse("x:/") {
            url.query_pairs_mut().extend_pairs(fields);
            form.push_str(url.query().unwrap_or(""));
        }
        self.body = Body::Form(form);
        self
    }

    /// With JSON.
    #[must_use]
    pub fn json(mut self, value: &serde_json::Value) -> Self {
        self.body = Body::Json(value.to_string());
        self
    }
}

/// An answer that counts as one.
#[derive(Clone, Debug)]
pub struct Reply<T> {
    /// What it says.
    pub value: T,
    /// Its status.
    pub status: u16,
    /// The question for the next page, where a `Link` header names one.
    pub next: Option<Get>,
    pub(super) headers: HeaderMap,
}

impl<T> Reply<T> {
    /// A header, where there is one and it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub(super) fn with<U>(&self, value: U) -> Reply<U> {
        Reply { value, status: self.status, next: self.next.clone(), headers: self.headers.clone() }
    }
}

/// An answer's bytes, whole.
pub type RawReply = Reply<Bytes>;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_next_link_is_found_among_the_others() {
        for (links, expected) in [
            ("<https://x/a?page=2>; rel=\"next\"", Some("https://x/a?page=2")),
            ("<a?p=1>; rel=\"first\", <a?p=3>; title=\"x\"; rel=next", Some("a?p=3")),
            ("<a,b?p=1>; rel=\"prev next\"", Some("a,b?p=1")),
            ("<a?p=1>; rel=\"nextish\"", None),
            ("<a", None),
            ("", None),
        ] {
            assert_eq!(next_link(links), expected, "{links}");
        }
    }

    #[test]
    fn a_page_that_names_itself_is_the_last() {
        let get = Get::new(&["a"]).query("page", 2);
        assert_eq!(get.next("<http://h/a?page=2>; rel=next"), None);
        assert_eq!(get.next("<http://h/a>; rel=next"), None);
        let next = get.next("<http://h/b?cursor=a%2Bb&page=3#x>; rel=next").unwrap();
        assert_eq!(
            (next.path.as_str(), next.query),
            ("/a", vec![("cursor".into(), "a+b".into()), ("page".into(), "3".into())])
        );
    }

    proptest! {
        #[test]
        fn no_header_and_no_segment_makes_it_panic_or_leave_its_path(links in ".*", segment in ".*") {
            let get = Get::new(&["a", &segment]);
            let _ = get.next(&links);
            prop_assert_eq!(get.path.matches('/').count(), 2);
            prop_assert!(!get.path.ends_with("/..") && !get.path.ends_with("/."));
        }
    }
}
