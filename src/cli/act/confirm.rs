//! Whether an action is really meant: flags, or questions on the terminal.

use std::io::IsTerminal;
use std::time::Duration;

use super::{ActFlags, refused};
use crate::cli::exit::Failure;
use crate::domain::action::Level;
use crate::domain::confirm::{ARMS_AFTER, Approval, Demand, Refused, Said, approve};
use crate::runtime::terminal_confirm::{Answered, ask};

/// Asks for what a plan demands: of the flags, else on the terminal. The page has been shown.
pub async fn confirmed(hash: &str, demand: &Demand, flags: &ActFlags) -> Result<Approval, Failure> {
    confirmed_with(hash, demand, flags, false).await
}

/// The same, where a migration that cannot be undone may be agreed to.
pub async fn confirmed_with(hash: &str, demand: &Demand, flags: &ActFlags, migrate: bool) -> Result<Approval, Failure> {
    let said = Said::Flags { yes: flags.yes, confirm: flags.confirm.as_deref(), migrate };
    let unasked = approve(hash, demand, said, flags.reason.as_deref());
    let terminal = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    match unasked {
        Ok(approval) => Ok(approval),
        Err(Refused::Unconfirmed { .. }) if terminal && !flags.yes => on_terminal(hash, demand, flags).await,
        Err(why) => Err(refused(why)),
    }
}

async fn on_terminal(hash: &str, demand: &Demand, flags: &ActFlags) -> Result<Approval, Failure> {
    let mut reason = flags.reason.clone();
    if let (Some(why), None) = (&demand.reason, &reason) {
        reason = Some(answer(format!("It wants a reason ({why}): "), Duration::ZERO).await?);
    }
    let deaf = if demand.level == Level::Three { ARMS_AFTER } else { Duration::ZERO };
    let prompt = match &demand.typed {
        None => "Do it? y is yes: ".to_owned(),
        Some(typed) if typed.enough() == typed.whole() => format!("Type {} to do it: ", typed.whole()),
        Some(typed) => format!("Type {} ({} is enough) to do it: ", typed.whole(), typed.enough()),
    };
    let typed = answer(prompt, deaf).await?;
    approve(hash, demand, Said::Typed(&typed), reason.as_deref()).map_err(refused)
}

async fn answer(prompt: String, deaf: Duration) -> Result<String, Failure> {
    let asked = tokio::task::spawn_blocking(move || ask(&prompt, deaf)).await.map_err(anyhow::Error::from)??;
    match asked {
        Answered::Line(line) => Ok(line),
        Answered::Pasted => Err(refused("a paste confirms nothing; nothing was done")),
        Answered::Left => Err(refused("nothing was done")),
    }
}
