//! `stillpoint tenant frame` and `tenant brand`: what the hoster opens to a tenant, and how its pages look.

use super::super::Global;
use super::super::deed::{begin, done, refused};
use super::one;
use crate::deeds::{LogoChange, NewBrand, NewFrame};
use crate::telling::Failure;
use crate::tenancy;
use domain::door::branding::LOGO_BYTES_MAX;
use engine::WorldClock as _;
use std::io::Read as _;
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
pub(super) struct Frame {
    #[arg(value_name = "TENANT")]
    tenant: String,
    /// The earliest open and the latest due, in the tenant's zone, such as 18:00-10:00
    #[arg(
        long,
        value_name = "OPEN-DUE",
        required_unless_present = "none",
        conflicts_with = "none"
    )]
    within: Option<String>,
    /// The least length of a window
    #[arg(long, value_name = "MINUTES", default_value = "240")]
    minutes_min: String,
    /// Take it away: the policy's window holds again from the next day that opens
    #[arg(long)]
    none: bool,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = true)]
pub(super) struct Brand {
    #[arg(value_name = "TENANT")]
    tenant: String,
    /// Instead of Stillpoint's; empty takes it away
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// Such as #1f7a5a; it has to be seen on light and dark paper. Empty takes it away
    #[arg(long, value_name = "COLOUR")]
    accent: Option<String>,
    /// A PNG, JPEG or WebP file of at most 32 KiB and 1024 pixels a side
    #[arg(long, value_name = "FILE", conflicts_with = "no_logo")]
    logo: Option<PathBuf>,
    /// Take the logo away
    #[arg(long)]
    no_logo: bool,
}

pub(super) async fn frame(global: &Global, args: Frame) -> Result<(), Failure> {
    let (opened, deeds) = begin(global).await?;
    let now = opened.world().now();
    tenancy::write_down(&opened.config, &opened.store, now).await?;
    let frame = match &args.within {
        None => None,
        Some(within) => {
            let (open, due) = within
                .split_once('-')
                .ok_or_else(|| Failure::usage(format!("--within {within}: write it as 18:00-10:00")))?;
            let new = NewFrame {
                open: open.to_owned(),
                due: due.to_owned(),
                minutes_min: args.minutes_min.clone(),
            };
            Some(new.read().map_err(refused)?)
        }
    };
    let work = deeds.frame_tenant(&args.tenant, frame.as_ref());
    let id = done(&opened, &deeds, work).await?;
    one(global, &opened, id.as_str()).await
}

pub(super) async fn brand(global: &Global, args: Brand) -> Result<(), Failure> {
    let (opened, deeds) = begin(global).await?;
    let now = opened.world().now();
    tenancy::write_down(&opened.config, &opened.store, now).await?;
    let logo = match (&args.logo, args.no_logo) {
        (Some(path), _) => LogoChange::Put(file(path)?),
        (None, true) => LogoChange::TakeAway,
        (None, false) => LogoChange::Keep,
    };
    let new = NewBrand {
        name: args.name,
        accent: args.accent,
        logo,
    };
    let id = done(&opened, &deeds, deeds.brand_tenant(&args.tenant, new)).await?;
    one(global, &opened, id.as_str()).await
}

/// No more of it than one byte beyond the most, so that it is refused by its size.
fn file(path: &Path) -> Result<Vec<u8>, Failure> {
    let told = |error| Failure::usage(format!("--logo {}: {error}", path.display()));
    let mut bytes = Vec::new();
    let opened = std::fs::File::open(path).map_err(told)?;
    opened
        .take(LOGO_BYTES_MAX as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(told)?;
    Ok(bytes)
}
