//! Failures on their way from the console to the screen.

use console::UiError;
use leptos::server_fn::codec::JsonEncoding;
use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use serde::{Deserialize, Serialize};

/// A [`UiError`] that a server function may answer with; it travels as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fault(pub UiError);

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Fault {}

impl FromServerFnError for Fault {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        Self(match error {
            ServerFnErrorErr::Request(_) | ServerFnErrorErr::Response(_) => UiError::Unavailable {
                what: "The server".to_owned(),
                retry_secs: 10,
            },
            ServerFnErrorErr::Args(text) | ServerFnErrorErr::MissingArg(text) => UiError::Invalid {
                field: "request".to_owned(),
                text,
            },
            _ => UiError::Internal {
                reference: "screen".to_owned(),
            },
        })
    }
}

/// The console of this request.
#[cfg(feature = "ssr")]
pub fn console() -> Result<std::sync::Arc<dyn console::Console>, Fault> {
    leptos::prelude::use_context().ok_or_else(|| {
        Fault(UiError::Internal {
            reference: "no-console".to_owned(),
        })
    })
}

/// Turns the console's answer into a server function's; a failure sets the page's status.
#[cfg(feature = "ssr")]
pub fn answer<T>(result: Result<T, UiError>) -> Result<T, Fault> {
    result.map_err(|error| {
        set_status(error.status());
        Fault(error)
    })
}

/// Sets the status of the page that is being rendered; in the browser nothing happens.
pub fn set_status(code: u16) {
    #[cfg(feature = "ssr")]
    if let Some(options) = leptos::prelude::use_context::<leptos_axum::ResponseOptions>()
        && let Ok(status) = http::StatusCode::from_u16(code)
    {
        options.set_status(status);
    }
    #[cfg(not(feature = "ssr"))]
    let _ = code;
}
