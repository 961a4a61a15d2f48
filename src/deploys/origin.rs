//! Where a release comes from: what GitLab says of its tag, its pipeline, and what lies between it and what is live. A
//! plan says it before anybody confirms it; what GitLab does not answer keeps nobody from deploying.

use std::collections::BTreeSet;

use crate::domain::ci::Comparison;
use crate::domain::deploy::plan::{DeployPlan, Kind};
use crate::domain::deploy::spec::Migrate;
use crate::domain::glob;
use crate::domain::hosted::GitLabProject;
use crate::domain::text::one_line;
use crate::integrations::gitlab::GitLab;

/// So many commits are named.
const NAMED: usize = 5;

/// Adds to a plan what GitLab says of the version that it deploys. A rollback skips all of it.
pub async fn consult(plan: &mut DeployPlan, gitlab: &GitLab, project: &GitLabProject) {
    if plan.kind == Kind::Rollback {
        return;
    }
    let tag = match gitlab.tags(project).await {
        Ok(tags) => {
            let named = |name: &str| tags.iter().find(|tag| tag.name == name).map(|tag| tag.name.clone());
            named(&plan.version).or_else(|| named(&format!("v{}", plan.version)))
        }
        Err(why) => {
            plan.warnings.push(format!("GitLab does not say where {} comes from: {why}", plan.version));
            return;
        }
    };
    let Some(tag) = tag else {
        ask(plan, format!("{} has no tag {}", project.path, plan.version));
        return;
    };
    match gitlab.pipeline_of(&project.path, &tag).await {
        Ok(Some(pipeline)) if matches!(pipeline.status.0.as_str(), "failed" | "canceled") => {
            ask(plan, format!("the pipeline of {tag} is {}", pipeline.status.0));
        }
        Ok(Some(pipeline)) => plan.brings.push(format!("tag {tag}, its pipeline {}", pipeline.status.0)),
        Ok(None) => plan.brings.push(format!("tag {tag}, without a pipeline")),
        Err(why) => plan.warnings.push(format!("the pipeline of {tag} is not known: {why}")),
    }
    let from: BTreeSet<String> = plan.hosts.iter().filter_map(|part| part.from.clone()).collect();
    for from in from {
        let prefix = tag.strip_suffix(&plan.version).unwrap_or_default();
        match gitlab.compare(project, &format!("{prefix}{from}"), &tag).await {
            Ok(between) => {
                let (lines, named) = brings(&from, &between, plan.migrate.as_ref());
                let known: BTreeSet<String> = plan.brings.iter().cloned().collect();
                plan.brings.extend(lines.into_iter().filter(|line| !known.contains(line)));
                if let (Some(oneway), false) = (&mut plan.oneway, named.is_empty()) {
                    *oneway = named.join(", ");
                }
            }
            Err(why) => plan.warnings.push(format!("what came since {from} is not known: {why}")),
        }
    }
}

fn ask(plan: &mut DeployPlan, why: String) {
    plan.warnings.push(why.clone());
    plan.wants_reason.get_or_insert(why);
}

/// What lies between two versions, in lines; and the migrations in it by name.
pub fn brings(from: &str, between: &Comparison, migrate: Option<&Migrate>) -> (Vec<String>, Vec<String>) {
    let count = between.commits.len();
    let more = if between.complete { "" } else { ", and more" };
    let mut lines = vec![format!("{count} commits since {from}{more}")];
    let newest = between.commits.iter().rev().take(NAMED);
    lines.extend(newest.map(|commit| format!("  {}", one_line(&format!("{} · {}", commit.title, commit.author), 120))));
    let Some(migrate) = migrate.filter(|migrate| !migrate.when.is_empty()) else { return (lines, Vec::new()) };
    let fits = |file: &&String| glob::matches(&migrate.when.replace("**", "*"), file);
    let named: Vec<String> = between.files.iter().filter(fits).map(|file| one_line(file, 120)).collect();
    let undoes = if migrate.reversible { "" } else { ": one-way; auto-rollback OFF" };
    lines.extend(named.iter().map(|name| format!("migration {name}{undoes}")));
    (lines, named)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ci::Commit;

    #[test]
    fn commits_and_migrations_in_range_are_named() {
        let commit = |title: &str| Commit {
            sha: "1".to_owned(),
            title: title.to_owned(),
            author: "ana".to_owned(),
            time: None,
            url: None,
        };
        let between = Comparison {
            from: "1.4.2".to_owned(),
            to: "1.5.0".to_owned(),
            commits: vec![commit("first"), commit("last\u{1b}")],
            merge_requests: vec![],
            files: vec!["migrations/0042_drop_col.sql".to_owned(), "app.py".to_owned()],
            complete: true,
        };
        let command = vec!["bin/migrate".to_owned()];
        let when = "migrations/**".to_owned();
        let migrate = Migrate { command, each: false, when, reversible: false, timeout: 600 };
        let (lines, named) = brings("1.4.2", &between, Some(&migrate));
        assert_eq!(
            lines,
            [
                "2 commits since 1.4.2",
                "  last\u{241b} · ana",
                "  first · ana",
                "migration migrations/0042_drop_col.sql: one-way; auto-rollback OFF"
            ]
        );
        assert_eq!(named, ["migrations/0042_drop_col.sql"]);
    }
}
