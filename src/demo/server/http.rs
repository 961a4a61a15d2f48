//! The service of a made-up host: it answers a health check and a question for the version.

use super::super::http::{Reply, Request};
use super::super::world::Api;

/// Answers by what the world says now.
pub fn respond(request: &Request, api: Option<&Api>) -> Reply {
    let Some(api) = api else { return Reply::text(503, "no service\n") };
    match (request.method.as_str(), request.raw_path.as_str()) {
        ("GET", "/healthz") => match &api.trouble {
            None => Reply::text(200, "ok\n"),
            Some(trouble) => Reply::text(500, format!("{trouble}\n")),
        },
        ("GET", "/version") => Reply::json(200, &api.told()),
        ("GET", _) => Reply::text(404, "not found\n"),
        _ => Reply::text(405, "only GET\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn health_and_version_are_the_worlds() {
        let well = Api { service: "myservice", version: "1.4.2".into(), trouble: None };
        let ill = Api { service: "myservice", version: "1.4.3".into(), trouble: Some("checkout failing") };
        let status = |target, api| respond(&Request::get(target), api).status;
        assert_eq!((status("/healthz", Some(&well)), status("/healthz", Some(&ill))), (200, 500));
        assert_eq!(
            respond(&Request::get("/version"), Some(&ill)).body,
            b"{\"service\":\"myservice\",\"version\":\"1.4.3\"}"
        );
        assert_eq!((status("/nothing", Some(&well)), status("/healthz", None)), (404, 503));
        let mut post = Request::get("/healthz");
        post.method = "POST".to_owned();
        assert_eq!(respond(&post, Some(&well)).status, 405);
    }
}
