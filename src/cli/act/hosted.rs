//! `qd action` for what can be done at hosted APIs.

use std::io::Write;

use super::confirm::confirmed;
use super::report::warned;
use super::{ActFlags, Acting, names};
use crate::actions::announce::Announcement;
use crate::actions::hosted::{execute, plan};
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::interruptible;
use crate::domain::action::ActionDef;
use crate::domain::audit::Verdict;
use crate::domain::custom::ActionArg;
use crate::domain::text::one_line;
use crate::domain::want::{Subject, Want};
use crate::runtime::clients::clients;
use crate::runtime::herald::slack;

/// Does it; `given` are answers such as `check=shop`.
pub async fn run(acting: Acting, def: &'static ActionDef, given: &[String], flags: &ActFlags) -> Outcome {
    let usage = |message: String| Failure::new(Exit::Usage, message);
    let strictest = acting.settings().strictest().map(|environment| environment.name.clone()).unwrap_or_default();
    let environment = acting.environment(&strictest, flags)?;
    let mut want = Want::new(def.kind, Subject::Hosted { environment: environment.name.clone() });
    for answer in given {
        let (name, answer) =
            answer.split_once('=').ok_or_else(|| usage(format!("{}: write what=answer", one_line(answer, 60))))?;
        let Some(asked) = def.asks.iter().find(|asked| asked.name == name) else {
            let known: Vec<&str> = def.asks.iter().map(|asked| asked.name).collect();
            return Err(usage(format!("{} asks for {}, not for {}", def.name, known.join(", "), one_line(name, 60))));
        };
        let pattern = asked.pattern.map(str::to_owned);
        let arg = ActionArg { name: name.to_owned(), ask: asked.ask.to_owned(), pattern, default: None };
        arg.accepts(answer).map_err(usage)?;
        want = want.with(name, answer);
    }
    if let Some(missing) = def.asks.iter().find(|asked| asked.must && want.answer(asked.name).is_none()) {
        return Err(usage(format!("{} asks for {} ({}): add {}=…", def.name, missing.name, missing.ask, missing.name)));
    }
    let clients = clients(acting.settings());
    let planned = plan(&clients, acting.settings(), &environment, &want);
    let plan = interruptible(async { planned.await.map_err(|why| Failure::new(Exit::Problems, why)) }).await?;
    let page = plan.page().join("\n") + "\n";
    if flags.dry_run {
        std::io::stdout().lock().write_all(page.as_bytes())?;
        return Ok(Exit::Fine);
    }
    eprint!("{page}");
    let demand = plan.demand(names(acting.settings()));
    let approval = confirmed(&plan.hash(), &demand, flags).await?;
    let recorder = acting.recorder().await;
    let ending = execute(&clients, &plan, &approval, &environment, &acting.standing, &recorder).await;
    let ending = ending.map_err(|why| Failure::new(Exit::Problems, why))?;
    let reason = approval.reason.as_deref();
    let announced = Announcement::new(slack(acting.settings()), &plan.title, &plan.environment, &recorder.who, reason);
    if let Some(announced) = announced {
        warned(announced.ended(&ending).await);
    }
    let detail = ending.hosts.iter().find_map(|host| host.detail.clone()).unwrap_or_default();
    let text = if flags.json {
        serde_json::to_string_pretty(&ending).map_err(std::io::Error::from)? + "\n"
    } else {
        format!("{} {} {detail}\n", ending.result.as_str(), plan.title).trim_end().to_owned() + "\n"
    };
    std::io::stdout().lock().write_all(text.as_bytes())?;
    Ok(match ending.result {
        Verdict::Ok => Exit::Fine,
        Verdict::Unknown => Exit::NotConnected,
        _ => Exit::Problems,
    })
}
