//! Tenants and what claims replicas for them, with a rule tried.

use super::{StoreConsole, fault};
use crate::deeds::tried;
use crate::tenancy::preview::preview;
use crate::tenancy::{self, TenantEntry};
use ::console::{
    BrandView, RuleAnswer, RulePreview, RuleQuery, RuleRow, TenantCard, TenantId, TenantsView, UiError,
};
use std::collections::BTreeMap;
use store::traits::Scope;

impl StoreConsole {
    /// The hoster's alone: whoever asks for a tenant has no such page.
    pub(super) async fn tenants_view(&self, rule: Option<RuleQuery>) -> Result<TenantsView, UiError> {
        self.hosters_only()?;
        let as_of = (self.now)();
        let site = self.site();
        let entries = tenancy::entries(&site.file, self.store.as_ref());
        let entries = entries.await.map_err(fault::ui)?;
        let mut replicas: BTreeMap<TenantId, u64> = BTreeMap::new();
        for replica in self.store.replicas(&self.scope).await.map_err(fault::ui)? {
            *replicas.entry(replica.tenant).or_default() += 1;
        }
        let kept = tenancy::kept(self.store.as_ref()).await.map_err(fault::ui)?;
        let kept: BTreeMap<TenantId, _> = kept.into_iter().map(|it| (it.id.clone(), it)).collect();
        let brand = |id: &TenantId| {
            let it: Option<&store::tenants::Tenant> = kept.get(id);
            BrandView {
                name: it
                    .and_then(|it| it.brand_name.as_ref())
                    .map(|name| name.as_str().to_owned()),
                accent: it
                    .and_then(|it| it.accent)
                    .map(|accent| accent.colour().to_string()),
                has_logo: it.is_some_and(|it| it.has_logo),
            }
        };
        let card = |entry: &TenantEntry| TenantCard {
            id: entry.id.clone(),
            name: entry.name.clone(),
            zone: entry.zone.name().to_owned(),
            replicas: replicas.get(&entry.id).copied().unwrap_or(0),
            from_file: entry.from_file,
            rules: entry.rules.iter().map(row).collect(),
            frame: kept.get(&entry.id).and_then(|it| it.frame),
            window: kept.get(&entry.id).and_then(store::tenants::Tenant::own_window),
            brand: brand(&entry.id),
        };
        Ok(TenantsView {
            as_of,
            zone: self.zone(),
            tenants: entries.iter().map(card).collect(),
            preview: rule.map(|rule| self.tried(&entries, rule)),
        })
    }

    fn tried(&self, entries: &[TenantEntry], rule: RuleQuery) -> RulePreview {
        let answer = match (tried(entries, &rule), self.engine.sighted()) {
            (Err(error), _) => RuleAnswer::Refused {
                text: error.to_string(),
            },
            (_, None) => RuleAnswer::Refused {
                text: "no host is watched from this process, so nothing can be tried here".to_owned(),
            },
            (Ok(mapping), Some(sighted)) => preview(entries, &mapping, &sighted, &self.site().hosts),
        };
        RulePreview { rule, answer }
    }

    pub(super) fn hosters_only(&self) -> Result<(), UiError> {
        match &self.scope {
            Scope::Site { .. } => Ok(()),
            Scope::Tenant(_) => Err(UiError::Forbidden),
        }
    }
}

fn row(rule: &tenancy::RuleEntry) -> RuleRow {
    RuleRow {
        kind: rule.kind.to_owned(),
        text: rule.text.clone(),
        made: rule.made.clone(),
    }
}
