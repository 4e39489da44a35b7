//! `stillpoint report`: the SLA report of a month, as a page that prints, a table or JSON.

use super::Global;
use crate::figures::Month;
use crate::looking;
use crate::report::{Edition, Report, ReportError, Whose, csv, gather, html, json};
use crate::telling::{Failure, exit};
use clap::ValueEnum;
use domain::ids::TenantId;
use engine::WorldClock as _;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;

/// How it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    Html,
    Csv,
    Json,
}

/// For whom it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum For {
    /// With the names of those who corrected days
    Hoster,
    /// As the tenant itself sees it
    Tenant,
}

#[derive(Debug, clap::Args)]
pub struct Args {
    /// A calendar month of SLA days, such as 2026-11
    #[arg(value_name = "MONTH")]
    month: Month,
    /// One tenant; without it all of them
    #[arg(long, value_name = "TENANT")]
    tenant: Option<TenantId>,
    /// How it is written; `--json` is `--form json`
    #[arg(long, value_enum, default_value = "html")]
    form: Form,
    /// For whom: of one tenant the tenant's edition is the usual one
    #[arg(long = "for", value_enum, requires = "tenant")]
    reader: Option<For>,
    /// A file that is not there yet; without it stdout
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub async fn run(global: &Global, args: Args) -> Result<(), Failure> {
    let opened = looking::existing(&global.data).await?;
    let edition = match (&args.tenant, args.reader) {
        (None, _) | (_, Some(For::Hoster)) => Edition::Hoster,
        (Some(_), _) => Edition::Tenant,
    };
    let whose = args.tenant.map_or(Whose::Site, Whose::Tenant);
    let material = gather(&opened.store, args.month, &whose, opened.world().now()).await;
    let material = material.map_err(|error| match error {
        ReportError::Store(error) => Failure::from(error),
        ReportError::NotBegun(_) => Failure::usage(error.to_string()),
        ReportError::NoTenant(_) => Failure::usage(format!("{error}; `stillpoint tenant list` names them")),
    })?;
    let report = Report::of(material, edition);
    let form = if global.json { Form::Json } else { args.form };
    let text = match form {
        Form::Html => html::html(&report, &html::Shown::default()).map_err(|error| {
            Failure::new(exit::FAILED, format!("the report could not be written: {error}"))
        })?,
        Form::Csv => csv::csv(&report),
        Form::Json => format!("{:#}\n", json::json(&report)),
    };
    let Some(path) = &args.out else {
        return written(std::io::stdout().lock().write_all(text.as_bytes()), "stdout");
    };
    let named = path.display().to_string();
    let file = OpenOptions::new().write(true).create_new(true).open(path);
    let mut file = match file {
        Ok(file) => file,
        Err(error) => return written(Err(error), &named),
    };
    written(
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()),
        &named,
    )
}

fn written(done: std::io::Result<()>, place: &str) -> Result<(), Failure> {
    done.map_err(|error| Failure::usage(format!("the report cannot be written to {place}: {error}")))
}
