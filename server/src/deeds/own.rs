//! What the hoster opens to a tenant, and how its pages look.

use super::{DeedError, Deeds, SITE};
use domain::calendar::{WallTime, WindowRule};
use domain::door::branding::{Accent, BrandName, Branding, Logo};
use domain::door::window::WindowFrame;
use domain::ids::TenantId;

/// A frame as typed.
#[derive(Debug, Clone)]
pub struct NewFrame {
    /// `18:00`, in the tenant's zone.
    pub open: String,
    /// At or before `open`: on the next day.
    pub due: String,
    /// The least length of a window, minutes.
    pub minutes_min: String,
}

impl NewFrame {
    /// Read, and whether any window fits it.
    ///
    /// # Errors
    /// The field that is not right.
    pub fn read(&self) -> Result<WindowFrame, DeedError> {
        let time = |field, text: &str| {
            text.trim()
                .parse()
                .map_err(|error| DeedError::field(field, error))
        };
        let open: WallTime = time("open", &self.open)?;
        let due: WallTime = time("due", &self.due)?;
        let within =
            WindowRule::new(open, due, due <= open).map_err(|error| DeedError::field("due", error))?;
        let minutes_min = self.minutes_min.trim().parse();
        let minutes_min = minutes_min.map_err(|_| {
            DeedError::field(
                "minutes_min",
                format!("`{}` is not a number of minutes", self.minutes_min),
            )
        })?;
        Ok(WindowFrame { within, minutes_min })
    }
}

/// What is changed of a brand; `None` leaves it as it is, an empty text takes it away.
#[derive(Debug, Clone, Default)]
pub struct NewBrand {
    pub name: Option<String>,
    /// `#1f7a5a`
    pub accent: Option<String>,
    pub logo: LogoChange,
}

/// What becomes of the logo.
#[derive(Debug, Clone, Default)]
pub enum LogoChange {
    #[default]
    Keep,
    TakeAway,
    Put(Vec<u8>),
}

impl Deeds {
    /// Says where a tenant may move its window; `None` takes that away, and its window with it.
    ///
    /// # Errors
    /// A frame that no window fits; a tenant that is not there.
    pub async fn frame_tenant(
        &self,
        tenant: &str,
        frame: Option<&WindowFrame>,
    ) -> Result<TenantId, DeedError> {
        self.object.deed("tenant.frame");
        let words = format!("where tenant {} may move its window", tenant.trim());
        self.object.say(&words, None);
        let id = self.tenant_of(tenant).await?;
        self.object.say(&words, Some(&id));
        let window = frame.map_or_else(
            || "none of its own".to_owned(),
            |frame| format!("inside {}, {} minutes or more", frame.within, frame.minutes_min),
        );
        self.object.detail("window", window);
        if let Some(frame) = frame {
            frame
                .check()
                .map_err(|error| DeedError::field("minutes_min", error))?;
        }
        self.store.tenant_frame(&SITE, &id, frame).await?;
        Ok(id)
    }

    /// Changes how a tenant's pages look.
    ///
    /// # Errors
    /// The field that is not right; a tenant that is not there.
    pub async fn brand_tenant(&self, tenant: &str, new: NewBrand) -> Result<TenantId, DeedError> {
        self.object.deed("tenant.brand");
        let words = format!("the look of tenant {}", tenant.trim());
        self.object.say(&words, None);
        let id = self.tenant_of(tenant).await?;
        self.object.say(&words, Some(&id));
        let before = self.store.tenant(&SITE, &id).await?;
        let name: Option<BrandName> = match new.name.as_deref().map(str::trim) {
            None => before.brand_name,
            Some("") => None,
            Some(text) => Some(text.parse().map_err(|error| DeedError::field("name", error))?),
        };
        let accent: Option<Accent> = match new.accent.as_deref().map(str::trim) {
            None => before.accent,
            Some("") => None,
            Some(text) => Some(text.parse().map_err(|error| DeedError::field("accent", error))?),
        };
        let changed = match &new.logo {
            LogoChange::Keep => "as it was",
            LogoChange::TakeAway => "taken away",
            LogoChange::Put(_) => "another",
        };
        let logo = match new.logo {
            LogoChange::Keep => self.store.tenant_logo(&SITE, &id).await?,
            LogoChange::TakeAway => None,
            LogoChange::Put(file) => {
                Some(Logo::parse(file).map_err(|error| DeedError::field("logo", error))?)
            }
        };
        let shown = |text: Option<String>| text.unwrap_or_else(|| "none".to_owned());
        self.object
            .detail("name", shown(name.as_ref().map(|name| name.as_str().to_owned())));
        self.object
            .detail("accent", shown(accent.map(|accent| accent.colour().to_string())));
        self.object.detail("logo", changed);
        let branding = Branding { name, accent, logo };
        self.store.tenant_brand(&SITE, &id, &branding).await?;
        Ok(id)
    }

    async fn tenant_of(&self, text: &str) -> Result<TenantId, DeedError> {
        let id = text.trim().parse();
        let id: TenantId = id.map_err(|error| DeedError::field("tenant", error))?;
        self.tenant_there(&id).await?;
        Ok(id)
    }
}
