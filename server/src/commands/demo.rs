//! `stillpoint demo`: an emulated replica site and Stillpoint on it, in one process.

mod enrolling;
mod protected;

use super::{Global, serve};
use crate::data::DataDir;
use crate::doors::{DEMO_PASSWORD, SEEDS};
use crate::emulated::{self, Kind, Making};
use crate::telling::{Failure, exit, json, spinner};
use crate::wiring;
use domain::door::seat::Role;
use domain::ids::TenantId;
use enrolling::Enrolling;
use lab::control::{Ports, RunningHost};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where the console is served; loopback only
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:3000")]
    listen: SocketAddr,
    /// Everything that is drawn is drawn from this
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// World seconds per real second
    #[arg(long, value_name = "X", default_value_t = 20.0)]
    speed: f64,
    /// Replicas beside one canary per host
    #[arg(long, value_name = "N", default_value_t = 40)]
    replicas: usize,
    /// End once every replica that is not scripted to stay blocked has a restore point
    #[arg(long)]
    until_protected: bool,
    /// With --until-protected: exit with 3 after so many real seconds
    #[arg(long, value_name = "SECS", default_value_t = 600)]
    timeout: u64,
    /// The built web UI
    #[arg(long, value_name = "DIR", env = "STILLPOINT_SITE")]
    site: Option<PathBuf>,
}

pub async fn run(global: &Global, args: Args) -> Result<(), Failure> {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(args.timeout);
    // Before anything is made.
    serve::loopback_only(args.listen)?;
    let data = DataDir::open(&global.data)?;
    let _lock = wiring::role(&data, "lab")?;
    let making = Making {
        kind: Kind::Demo,
        seed: args.seed,
        replicas: args.replicas,
        speed: args.speed,
        scenario: Vec::new(),
        ports: Ports::Remembered,
        pausing: true,
    };
    let bar = Arc::new(spinner("making the replicas' disks"));
    let shown = Arc::clone(&bar);
    let on_disk = Arc::new(move |done: usize, all: usize| {
        shown.set_message(format!("making the replicas' disks: {done} of {all}"))
    });
    let site = emulated::start(&data, making, Some(on_disk)).await?;
    bar.finish_and_clear();
    let noting = emulated::note_time(&data, site.clock);
    let opened = wiring::open(&global.data).await?;
    let console = wiring::open(&global.data).await?;
    let running = serve::start(
        console,
        &serve::Args {
            listen: Some(args.listen),
            site: args.site.clone(),
        },
        serve::Taken::ChooseAnother,
    )
    .await?;
    let tenant = opened.config.tenants.first().map(|tenant| tenant.id.clone());
    let tenant = tenant.ok_or_else(|| Failure::new(exit::FAILED, "the emulated site has no tenant"))?;
    let seeded = running.doors.seed(&tenant).await;
    seeded.map_err(|fault| {
        Failure::new(
            exit::FAILED,
            format!("the demo's log-ins could not be made: {fault}"),
        )
    })?;
    ready(global, &running.url, &site.lab.running.hosts, &tenant)?;
    let enrolling = Enrolling::new(&opened, &running.engine).await?;
    let outcome = if args.until_protected {
        let watched = async {
            enrolling.all().await?;
            protected::wait(&opened, site.lab.lab()).await
        };
        match tokio::time::timeout_at(deadline, watched).await {
            Ok(Ok(done)) => protected::tell(global, &done),
            Ok(Err(failure)) => Err(failure),
            Err(_) => {
                let missing = protected::missing(&opened, site.lab.lab(), args.timeout).await;
                let text = format!("{missing}{}", enrolling.missing());
                Err(Failure::new(exit::TIMEOUT, text))
            }
        }
    } else {
        tokio::select! {
            () = enrolling.each() => serve::told_to_stop().await,
            () = serve::told_to_stop() => {}
        }
        Ok(())
    };
    running.stop().await;
    noting.abort();
    site.lab.stop().await;
    outcome
}

fn ready(global: &Global, url: &str, hosts: &[RunningHost], tenant: &TenantId) -> Result<(), Failure> {
    let hosts: Vec<String> = hosts.iter().map(RunningHost::url).collect();
    if global.json {
        let login = |(login, role): (&str, Role)| {
            let place = matches!(role, Role::Tenant(_)).then_some(tenant);
            serde_json::json!({ "login": login, "password": DEMO_PASSWORD, "role": role.code(), "tenant": place })
        };
        let logins: Vec<_> = SEEDS.into_iter().map(login).collect();
        return json(&serde_json::json!({ "event": "ready", "url": url, "lab": hosts, "logins": logins }));
    }
    let names: Vec<&str> = SEEDS.into_iter().map(|(login, _)| login).collect();
    println!("Stillpoint  {url}");
    println!(
        "log in as   {}  (the last two are of tenant {tenant})",
        names.join(", ")
    );
    println!("password    {DEMO_PASSWORD}");
    println!("lab hosts   {}", hosts.join("  "));
    println!(
        "\nThe first backups begin when the hosts are enrolled. Ctrl-C stops; the next start goes on where this ends."
    );
    Ok(())
}
