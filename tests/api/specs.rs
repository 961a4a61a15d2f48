//! The official specifications: what the stand-in says is what the APIs say, and the least that an API may say is enough.

use std::path::Path;

use quarterdeck::domain::hosted::StatusCakeSettings;
use quarterdeck::integrations::http::{ApiClient, ApiOptions, Auth, Get};
use quarterdeck::integrations::statuscake::StatusCake;
use serde_json::{Value, json};

use crate::http::token;
use crate::support::fake_apis::FakeApis;
use crate::support::http_server::{Server, answer};
use crate::support::schema::Schemas;

async fn fits(client: &ApiClient, get: Get, schemas: &Schemas, name: &str, items: impl Fn(&Value) -> Vec<Value>) {
    let answer = client.get::<Value>(&get).await.unwrap().value;
    let items = items(&answer);
    assert!(!items.is_empty(), "{name}");
    for item in items {
        let faults = schemas.faults(name, &item);
        assert!(faults.is_empty(), "{name}: {faults:#?}");
    }
}

fn statuscake_spec() -> Schemas {
    Schemas::openapi(include_str!("specs/statuscake.openapi.json"))
}

#[tokio::test]
async fn the_stand_in_speaks_as_statuscakes_specification_says() {
    let (fake, schemas) = (FakeApis::public(&[]), statuscake_spec());
    let client =
        ApiClient::new(ApiOptions::new("StatusCake", format!("{}/v1", fake.url("statuscake")), token("sc-qd")));
    for (path, name) in [
        (&["uptime"][..], "UptimeTests"),
        (&["uptime", "6003"], "UptimeTestResponse"),
        (&["uptime", "6003", "alerts"], "UptimeTestAlerts"),
        (&["uptime", "6003", "periods"], "UptimeTestPeriods"),
        (&["uptime", "6003", "history"], "UptimeTestHistory"),
        (&["ssl"], "SSLTests"),
        (&["heartbeat"], "HeartbeatTests"),
        (&["pagespeed"], "PagespeedTests"),
        (&["contact-groups"], "ContactGroups"),
        (&["maintenance-windows"], "MaintenanceWindows"),
    ] {
        let name = format!("#/components/schemas/{name}");
        fits(&client, Get::new(path), &schemas, &name, |whole| vec![whole.clone()]).await;
    }
}

#[tokio::test]
async fn the_stand_in_speaks_as_stripes_specification_says() {
    let fake = FakeApis::public(&[]);
    let schemas = Schemas::openapi(include_str!("specs/stripe.2022-11-15.pruned.json"));
    let options = ApiOptions {
        headers: vec![("Stripe-Version", "2022-11-15".to_owned())],
        ..ApiOptions::new("Stripe", format!("{}/v1", fake.url("stripe")), token("rk_test_qd"))
    };
    let client = ApiClient::new(options);
    for (path, name) in [
        ("customers", "customer"),
        ("subscriptions", "subscription"),
        ("charges", "charge"),
        ("refunds", "refund"),
        ("disputes", "dispute"),
        ("invoices", "invoice"),
        ("events", "event"),
        ("payouts", "payout"),
        ("prices", "price"),
        ("products", "product"),
        ("coupons", "coupon"),
    ] {
        let get = Get::new(&[path]).query("limit", 100);
        let name = format!("#/components/schemas/{name}");
        fits(&client, get, &schemas, &name, |page| page["data"].as_array().unwrap().clone()).await;
    }
    let name = "#/components/schemas/balance";
    fits(&client, Get::new(&["balance"]), &schemas, name, |whole| vec![whole.clone()]).await;
}

#[tokio::test]
async fn the_stand_in_speaks_as_gitlabs_specification_says() {
    let fake = FakeApis::public(&[]);
    let schemas = Schemas::folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/api/specs/gitlab"));
    let base = format!("{}/api/v4", fake.url("gitlab"));
    let options =
        ApiOptions { auth: Auth::Header("PRIVATE-TOKEN"), ..ApiOptions::new("GitLab", base, token("glpat-qd")) };
    let client = ApiClient::new(options);
    let project = client.get::<Vec<Value>>(&Get::new(&["projects"])).await.unwrap().value[0]["id"].to_string();
    for (path, name) in [
        (&["deployments"][..], "deployment.json"),
        (&["environments"], "environment.json"),
        (&["jobs"], "job.json"),
        (&["pipelines"], "pipeline_basic.json"),
        (&["repository", "tags"], "tag.json"),
    ] {
        let get = Get::new(&[&["projects", project.as_str()][..], path].concat()).query("per_page", 100);
        fits(&client, get, &schemas, name, |page| page.as_array().unwrap().clone()).await;
    }
}

#[tokio::test]
async fn the_least_that_statuscake_may_say_is_understood() {
    let server = Server::start(|_, request| {
        let path = request.line.trim_start_matches("GET /").split('?').next().unwrap_or("");
        let name = match path.split('/').collect::<Vec<_>>()[..] {
            ["uptime"] => "UptimeTests",
            ["uptime", _] => "UptimeTestResponse",
            ["uptime", _, "alerts"] => "UptimeTestAlerts",
            ["uptime", _, "periods"] => "UptimeTestPeriods",
            ["uptime", _, "history"] => "UptimeTestHistory",
            ["ssl"] => "SSLTests",
            ["heartbeat"] => "HeartbeatTests",
            ["heartbeat", _] => "HeartbeatTestResponse",
            ["pagespeed"] => "PagespeedTests",
            ["contact-groups"] => "ContactGroups",
            _ => "MaintenanceWindows",
        };
        let least = statuscake_spec().least(&format!("#/components/schemas/{name}"));
        answer(200, &[], &least.to_string())
    });
    let settings = StatusCakeSettings { base: server.origin.clone(), token: None, tags: vec![], owners: vec![] };
    let options = ApiOptions { tries: 1, ..ApiOptions::new("StatusCake", &settings.base, token("x")) };
    let client = StatusCake::with(&settings, options);
    let now = chrono::Utc::now();
    assert_eq!(client.checks().await.unwrap().len(), 1);
    client.detail("1").await.unwrap();
    assert_eq!(client.events("1", now).await.unwrap()[0].at, None, "a time is not required");
    assert_eq!(client.outages("1").await.unwrap().len(), 1);
    assert_eq!(client.history("1", 5).await.unwrap()[0].millis, None);
    assert_eq!(client.certificates().await.unwrap()[0].valid_until, None);
    assert_eq!(client.heartbeats().await.unwrap()[0].uptime_pct, None);
    client.heartbeat("1").await.unwrap();
    assert_eq!(client.page_speeds().await.unwrap()[0].latest, None);
    assert_eq!(client.contact_groups().await.unwrap().len(), 1);
    assert_eq!(client.maintenance_windows().await.unwrap().len(), 1);
}

#[test]
fn what_is_not_as_specified_is_noticed() {
    let schemas = statuscake_spec();
    let name = "#/components/schemas/UptimeTestAlert";
    let good = schemas.least(name);
    assert_eq!(schemas.faults(name, &good), Vec::<String>::new());
    for (field, value) in [("status", json!("sideways")), ("status_code", json!("504")), ("id", Value::Null)] {
        let mut bad = good.clone();
        bad[field] = value;
        assert_eq!(schemas.faults(name, &bad).len(), 1, "{field}");
    }
}
