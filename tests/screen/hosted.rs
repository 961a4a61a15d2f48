//! The tabs about hosted APIs: their pictures, and where their keys lead.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use quarterdeck::app::board::Pane;
use quarterdeck::app::command::Command;
use quarterdeck::app::effect::Effect;
use quarterdeck::app::message::Message;
use quarterdeck::app::state::{State, Tab};
use quarterdeck::app::update::update;
use quarterdeck::domain::alert::{Alert, AlertState, Severity};
use quarterdeck::domain::api_error::{ApiError, ApiErrorKind};
use quarterdeck::domain::business::{Business, Dispute, FailedPayment, Ledger};
use quarterdeck::domain::counter::{Counter, CounterSet, Past, Unit, Window};
use quarterdeck::domain::delivery::{Delivery, Part, Project};
use quarterdeck::domain::deployment::{Deployment, DeploymentKind, DeploymentStatus};
use quarterdeck::domain::hosted::{GitLabProject, GitLabSettings, HostedSettings, StatusCakeSettings, StripeSettings};
use quarterdeck::domain::log_view::Anchor;
use quarterdeck::domain::money::{Currency, Money};
use quarterdeck::domain::monitor::{Heartbeat, Monitor, MonitorEvent, MonitorState};
use quarterdeck::domain::outside::{Feed, Outside, Trouble};
use quarterdeck::domain::run::{RunHost, RunRecord};

use super::{at, busy, picture, press};

fn hosted_settings() -> HostedSettings {
    let project = GitLabProject { path: "acme/api".into(), service: "api".into(), environments: [].into() };
    HostedSettings {
        statuscake: Some(StatusCakeSettings { base: String::new(), token: None, tags: vec![], owners: vec![] }),
        stripe: vec![StripeSettings {
            name: "main".into(),
            base: String::new(),
            key: None,
            timezone: chrono_tz::UTC,
            refresh: std::time::Duration::from_secs(60),
        }],
        gitlab: Some(GitLabSettings { base: String::new(), token: None, ca_file: None, projects: vec![project] }),
        slack: None,
    }
}

/// A fleet whose config names all three, before any has answered.
fn asking(size: (u16, u16)) -> State {
    let mut state = busy(size);
    let mut settings = (*state.settings).clone();
    settings.hosted = hosted_settings();
    update(&mut state, Message::Config(Box::new(settings), Vec::new()));
    state
}

fn alert(id: &str, severity: Severity, title: &str, since: DateTime<Utc>) -> Alert {
    Alert {
        service: Some("api".into()),
        environment: Some("production".into()),
        since: Some(since),
        value: Some(504.0),
        url: Some("https://shop.example.com/checkout".into()),
        ..Alert::firing(id.to_owned(), "uptime", "statuscake", severity, title.to_owned())
    }
}

fn alerts() -> Vec<Alert> {
    let mut over = alert("statuscake:uptime:1:99", Severity::Page, "Checkout down (502)", at(-7200));
    (over.state, over.ended) = (AlertState::Resolved, Some(at(-7000)));
    vec![
        alert("statuscake:uptime:1", Severity::Page, "Checkout down (504)", at(-360)),
        alert("statuscake:heartbeat:7", Severity::Ticket, "no heartbeat from nightly-backup", at(-2460)),
        over,
    ]
}

fn outside() -> Outside {
    let check = |id: &str, name: &str, state| Monitor {
        id: id.into(),
        name: name.into(),
        url: "https://shop.example.com/checkout".into(),
        kind: "HTTP".into(),
        state,
        uptime_pct: Some(99.71),
        every: std::time::Duration::from_secs(60),
        tags: vec!["core".into()],
        contact_groups: vec![],
    };
    let mut outside = Outside {
        checks: vec![check("2", "Shop front", MonitorState::Up), check("1", "Checkout", MonitorState::Down)],
        heartbeats: vec![Heartbeat {
            id: "7".into(),
            name: "nightly-backup".into(),
            state: MonitorState::Down,
            period: std::time::Duration::from_secs(86_400),
            last_seen: Some(at(-90_000)),
            uptime_pct: None,
            tags: vec![],
        }],
        ..Outside::default()
    };
    let down = MonitorEvent { id: "9".into(), at: Some(at(-360)), up: false, code: 504 };
    outside.events.insert("1".into(), vec![down]);
    outside.as_of.insert(Feed::Checks, at(0));
    let error = ApiError::new("StatusCake", ApiErrorKind::Forbidden, "GET /pagespeed", "this token may not".into());
    outside.trouble.insert(Feed::PageSpeeds, Trouble { error, since: at(-600) });
    outside
}

fn ledger() -> Ledger {
    let usd = Currency::new("usd").expect("a currency");
    let counter = |name, title, unit, window, figure, previous| Counter {
        name,
        title,
        definition: "What it says, in full sentences.",
        source: "stripe".into(),
        unit,
        window,
        figure: Some(figure),
        previous,
        past: Past::default(),
    };
    let (today, month) = (Some(Window::Today), Some(Window::Days(30)));
    // What was kept of MRR: nothing of the days ten to six ago.
    let kept = (0..30).filter(|day| !(6..=10).contains(day)).rev();
    let trend = kept.map(|day| (at(-86_400 * day - 60), 1_842_000 - 1_500 * day)).collect();
    let past = Past { previous_at: Some(at(-86_400 * 30 - 600)), trend, told: None };
    let money = |minor| Money { minor, currency: usd };
    Ledger {
        source: "stripe".into(),
        counters: CounterSet {
            as_of: Some(at(-40)),
            livemode: Some(false),
            counters: vec![
                Counter { past, ..counter("mrr", "MRR", Unit::Money(usd), None, 1_842_000, Some(1_797_000)) },
                counter("paying_customers", "Paying customers", Unit::Count, None, 412, None),
                counter("revenue_net", "Net revenue", Unit::Money(usd), today, 61_240, Some(98_700)),
                counter("revenue_net", "Net revenue", Unit::Money(usd), month, 2_112_000, Some(2_068_000)),
                counter("failed_payments", "Failed payments", Unit::Count, today, 9, Some(1)),
            ],
            errors: vec![],
            loading: None,
        },
        business: Business {
            failures: vec![FailedPayment {
                id: "pi_1".into(),
                time: at(-300),
                money: money(4900),
                customer: Some("cus_1".into()),
                reason: "insufficient funds".into(),
                attempts: 3,
                blocked: false,
                recovered: false,
                url: "https://dashboard.example.com/payments/pi_1".into(),
            }],
            disputes: vec![Dispute {
                id: "dp_1".into(),
                opened: at(-86_400),
                money: money(2600),
                customer: None,
                reason: Some("fraudulent".into()),
                state: "needs response".into(),
                open: true,
                needs_response: true,
                due: Some(at(3 * 86_400)),
                url: "https://dashboard.example.com/disputes/dp_1".into(),
            }],
            ..Business::default()
        },
    }
}

fn deployment(id: &str, version: &str, status: DeploymentStatus, kind: DeploymentKind, made: i64) -> Deployment {
    Deployment {
        id: id.into(),
        source: "gitlab",
        project: "acme/api".into(),
        place: "production".into(),
        service: "api".into(),
        environment: "production".into(),
        version: version.into(),
        is_tag: Some(true),
        sha: Some("93eed05569365a3362be96c923f23f876c24fb50".into()),
        status: Some(status),
        kind: Some(kind),
        by: Some("ana".into()),
        created: Some(at(made)),
        started: Some(at(made)),
        finished: (status != DeploymentStatus::Running).then(|| at(made) + TimeDelta::seconds(31)),
        updated: None,
        previous_version: Some("1.4.2".into()),
        job: Some(5140),
        pipeline: Some(77),
        url: Some("https://gitlab.example.com/acme/api/-/jobs/5140".into()),
    }
}

fn delivery() -> Delivery {
    use DeploymentKind::{Deploy, Rollback};
    use DeploymentStatus::{Failed, Running, Success};
    let mut project = Project {
        path: "acme/api".into(),
        service: "api".into(),
        deployments: vec![
            deployment("12", "1.4.3", Running, Deploy, -480),
            deployment("11", "1.4.1", Success, Rollback, -90_000),
            deployment("9", "1.4.2", Failed, Deploy, -180_000),
        ],
        whole_history: true,
        ..Project::default()
    };
    project.as_of.insert(Part::Incidents, at(0));
    Delivery { projects: vec![project], ..Delivery::default() }
}

/// The same fleet after all three have answered.
pub(super) fn answered(size: (u16, u16)) -> State {
    let mut state = asking(size);
    update(&mut state, Message::Outside(Box::new(outside()), alerts()));
    update(&mut state, Message::Delivery(Box::new(delivery()), Vec::new()));
    update(&mut state, Message::Ledger(0, Box::new(ledger())));
    state
}

/// Runs over the hosts, one of them under way.
fn runs() -> Vec<RunRecord> {
    let on = |host: &str, state: &str, step: Option<&str>| RunHost {
        host: host.into(),
        state: state.into(),
        step: step.map(str::to_owned),
        from: Some("1.4.3".into()),
        detail: None,
    };
    let run = RunRecord {
        id: "01JDX0000000000000000000AA".into(),
        fleet: "acme".into(),
        action: "deploy".into(),
        service: Some("worker".into()),
        environment: "production".into(),
        from: Some("1.4.3".into()),
        to: Some("1.5.0".into()),
        by: "ben".into(),
        machine: "bens-laptop".into(),
        began: at(-60),
        updated: at(-2),
        ended: None,
        status: DeploymentStatus::Running,
        detail: None,
        hosts: vec![on("worker-1", "done", None), on("worker-2", "going", Some("gate"))],
        job: None,
    };
    let restart = RunRecord { id: "01JDX0000000000000000000AB".into(), action: "restart".into(), ..run.clone() };
    vec![restart, run]
}

#[test]
fn runs_over_the_hosts_stand_in_the_same_history_and_have_pages() {
    let mut pictures = String::new();
    for size in [(80, 24), (120, 36)] {
        let mut state = answered(size);
        update(&mut state, Message::Runs(runs()));
        press(&mut state, "4\t");
        pictures.push_str(&format!("=== {}x{}\n{}\n", size.0, size.1, picture(&mut state)));
        press(&mut state, "\n");
        pictures.push_str(&format!("=== its page\n{}\n", picture(&mut state)));
    }
    insta::assert_snapshot!("hosted-runs", pictures);
    // Without a forge they are the whole history.
    let mut state = asking((80, 24));
    update(&mut state, Message::Runs(runs()));
    press(&mut state, "4");
    assert!(picture(&mut state).contains("1.5.0"));
}

const TABS: [Tab; 4] = [Tab::Overview, Tab::Deploys, Tab::Alerts, Tab::Business];

#[test]
fn they_have_their_pictures() {
    for size in [(80, 24), (120, 36)] {
        for (name, make) in [("asking", &asking as &dyn Fn((u16, u16)) -> State), ("answered", &answered)] {
            let mut pictures = String::new();
            for tab in TABS {
                let mut state = make(size);
                update(&mut state, Message::Command(Command::Show(tab)));
                pictures.push_str(&format!("=== {}\n{}\n", tab.as_str(), picture(&mut state)));
            }
            insta::assert_snapshot!(format!("hosted-{name}-{}x{}", size.0, size.1), pictures);
        }
    }
}

#[test]
fn a_row_has_a_page() {
    let mut pictures = String::new();
    for keys in ["5\n", "5\tj\n", "6\n", "6\t\n", "6\t\t\n", "4\t\n"] {
        let mut state = answered((80, 24));
        press(&mut state, keys);
        pictures.push_str(&format!("=== {keys:?}\n{}\n", picture(&mut state)));
    }
    insta::assert_snapshot!("hosted-pages", pictures);
}

#[test]
fn keys_find_copy_browse_and_lead_to_the_logs_of_that_time() {
    let mut state = answered((80, 24));
    let effects = press(&mut state, "5o");
    assert!(
        matches!(&effects[..], [.., Effect::Browse(url)] if url == "https://shop.example.com/checkout"),
        "{effects:?}"
    );
    let effects = press(&mut state, "y");
    let copied =
        effects.iter().find_map(|effect| if let Effect::Copy(text) = effect { Some(text.as_str()) } else { None });
    let line = copied.expect("a line is copied");
    assert!(line.starts_with("PAGE Checkout down (504) (statuscake) since "), "{line}");

    press(&mut state, "/nightly\n");
    assert!(!picture(&mut state).contains("Checkout down"));
    press(&mut state, "\u{1b}");
    assert!(picture(&mut state).contains("Checkout down"));

    press(&mut state, "l");
    assert_eq!(state.tab, Tab::Logs);
    assert_eq!(state.logs.query.filter.query.to_string(), "service=api");
    assert!(matches!(state.logs.query.anchor, Anchor::Time(time) if time == at(-360)), "{:?}", state.logs.query.anchor);
}

#[test]
fn what_somebody_looks_at_is_asked_for_more() {
    let mut state = answered((80, 24));
    let effects = press(&mut state, "5");
    assert!(matches!(&effects[..], [.., Effect::LookAt(Some(id))] if id == "1"), "{effects:?}");
    let effects = press(&mut state, "4");
    assert!(matches!(&effects[..], [Effect::LookAt(None), Effect::SeekRuns(_, true)]), "{effects:?}");
    let effects = press(&mut state, "\t\n");
    let sight =
        effects.iter().find_map(|effect| if let Effect::See(Some(sight)) = effect { Some(sight) } else { None });
    let sight = sight.expect("a deployment's page is open");
    assert_eq!((sight.project.as_str(), sight.pipeline, sight.job), ("acme/api", Some(77), Some(5140)));
    assert_eq!(sight.between, Some(("1.4.2".into(), "1.4.3".into())));
    let effects = press(&mut state, "\u{1b}");
    assert!(matches!(&effects[..], [Effect::See(None)]), "{effects:?}");
}

#[test]
fn news_never_move_the_selection() {
    let mut state = answered((80, 24));
    press(&mut state, "4\tj");
    let selected = state.deploys.list(Pane::History).selected;
    let mut more = delivery();
    more.projects[0]
        .deployments
        .insert(0, deployment("13", "1.4.4", DeploymentStatus::Success, DeploymentKind::Deploy, -10));
    update(&mut state, Message::Delivery(Box::new(more), Vec::new()));
    assert_eq!(state.deploys.list(Pane::History).selected, selected);
    let picture = picture(&mut state);
    let line = picture.lines().find(|line| line.starts_with('▸')).expect("a row is selected");
    assert!(line.contains("1.4.1"), "{line}");
}

#[test]
fn a_page_is_the_first_thing_that_is_said_and_silence_is_not_quiet() {
    let mut state = answered((200, 36));
    let verdict = picture(&mut state).lines().nth(1).unwrap_or_default().to_owned();
    assert!(verdict.contains("Checkout down (504) (statuscake) since "), "{verdict}");
    let mut state = asking((200, 36));
    let verdict = picture(&mut state).lines().nth(1).unwrap_or_default().to_owned();
    assert!(verdict.contains("not heard: StatusCake, GitLab"), "{verdict}");
    assert!(!verdict.contains('●'), "{verdict}");
}

#[test]
fn another_config_asks_anew_and_a_token_is_no_reason_to_dial() {
    let mut state = answered((80, 24));
    let mut settings = (*state.settings).clone();
    settings.hosted.statuscake = None;
    let effects = update(&mut state, Message::Config(Box::new(settings), Vec::new()));
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Consult(_))));
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Hire(_))));
    assert!(state.hosted.outside.is_none() && state.hosted.alerts.is_empty());
    // An answer to what is no longer asked changes nothing.
    let settings = Arc::clone(&state.settings);
    update(&mut state, Message::Ledger(7, Box::default()));
    assert_eq!(state.hosted.ledgers.len(), settings.hosted.stripe.len());
}
