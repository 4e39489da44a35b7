//! Made-up figures for the preview.

mod hands;
mod lists;
mod night;
mod owed;
mod replica;
mod sla;
mod tenants;

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use console::*;

/// Answers the same on every request.
pub struct Sample;

/// 01:52:07 in Berlin.
pub fn as_of() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(1_795_308_727)
}

pub fn ago(secs: i64) -> DateTime<Utc> {
    as_of() - TimeDelta::seconds(secs)
}

pub fn zone() -> Zone {
    Zone {
        name: "Europe/Berlin".into(),
        offsets: vec![(DateTime::UNIX_EPOCH, 3600)],
    }
}

pub fn uuid(n: u128) -> uuid::Uuid {
    uuid::Uuid::from_u128(0x5b2f_0c1d_0d0c_4b1e_9a55_3f6e_0f0a_0000 + n * 7919)
}

#[async_trait]
impl Console for Sample {
    async fn bar(&self) -> Result<Bar, UiError> {
        let tenant = |id: &str, name: &str, replicas| TenantRow {
            id: id.into(),
            name: name.into(),
            replicas,
        };
        Ok(Bar {
            viewer: Some(console::Viewer {
                login: "operator".to_owned(),
                may: console::Permission::ALL.iter().copied().collect(),
            }),
            as_of: as_of(),
            zone: zone(),
            oldest_observation: Some(ago(14)),
            freshness_limit_secs: 180,
            speed: 1,
            replicas: lists::rows().len() as u64,
            running: 2,
            waiting: 9,
            at_risk: Some(4),
            holds: 2,
            findings: 2,
            tenants: vec![
                tenant("contoso", "Contoso", 11),
                tenant("fabrikam", "Fabrikam", 9),
                tenant("northwind", "Northwind", 12),
                tenant("adatum", "Adatum", 8),
            ],
        })
    }

    async fn night(&self) -> Result<NightView, UiError> {
        Ok(night::night())
    }

    async fn replicas(&self, query: ReplicaQuery) -> Result<ReplicasPage, UiError> {
        Ok(lists::page(query))
    }

    async fn replica(&self, id: ReplicaId) -> Result<ReplicaView, UiError> {
        let row = lists::rows().into_iter().find(|r| r.id == id);
        let row = row.ok_or_else(|| UiError::NotFound {
            what: "replica".into(),
            id: id.to_string(),
        })?;
        Ok(replica::view(&row))
    }

    async fn attempts(&self, _query: AttemptQuery) -> Result<AttemptsPage, UiError> {
        let rows = lists::rows().iter().take(6).flat_map(replica::attempts).collect();
        Ok(AttemptsPage {
            as_of: as_of(),
            zone: zone(),
            rows,
            next: None,
        })
    }

    async fn points(&self, _query: PointQuery) -> Result<PointsPage, UiError> {
        let rows: Vec<PointRow> = lists::rows()
            .iter()
            .take(8)
            .flat_map(|r| replica::points(r, 4))
            .collect();
        Ok(PointsPage {
            as_of: as_of(),
            zone: zone(),
            total: rows.len() as u64,
            rows,
            next: Some("1~2".into()),
        })
    }

    async fn point(&self, id: PointId) -> Result<PointView, UiError> {
        let rows = lists::rows();
        let found = rows
            .iter()
            .flat_map(|r| replica::points(r, 4))
            .find(|p| p.id == id);
        found.map(replica::point).ok_or_else(|| UiError::NotFound {
            what: "restore point".into(),
            id: id.to_string(),
        })
    }

    async fn day(&self, id: ReplicaId, day: NaiveDate) -> Result<DayView, UiError> {
        let row = lists::rows().into_iter().find(|r| r.id == id);
        row.map(|row| owed::day(&row, day))
            .ok_or_else(|| UiError::NotFound {
                what: "day".into(),
                id: day.to_string(),
            })
    }

    async fn sla(&self, query: SlaQuery) -> Result<SlaView, UiError> {
        Ok(sla::sla(query))
    }

    async fn policies(&self) -> Result<PoliciesView, UiError> {
        Ok(hands::policies())
    }

    async fn holds(&self) -> Result<HoldsView, UiError> {
        Ok(hands::holds_view())
    }

    async fn tenants(&self, rule: Option<RuleQuery>) -> Result<TenantsView, UiError> {
        Ok(tenants::tenants(rule))
    }

    async fn findings(&self) -> Result<FindingsView, UiError> {
        Ok(tenants::findings())
    }

    async fn activity(&self) -> Result<ActivityView, UiError> {
        Ok(hands::activity())
    }

    async fn backup_now(&self, _id: ReplicaId) -> Result<Requested, UiError> {
        Ok(Requested {
            text: "Requested: one attempt is made now".into(),
            at: as_of(),
        })
    }
}
