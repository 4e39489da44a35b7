//! What a tenant's pages look like: a name, a logo, one colour. All of it bounded, and none of it able to run.

mod logo;

pub use logo::{LOGO_BYTES_MAX, LOGO_SIDE_MAX, Logo, LogoKind};

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The most characters of a brand's name.
pub const BRAND_CHARS_MAX: usize = 60;
/// What WCAG 2.2 asks of graphics and controls against what they stand on.
const CONTRAST_MIN: f64 = 3.0;
/// The paper of both themes (`style/main.css`).
const PAPERS: [Colour; 2] = [Colour([0xfa, 0xfa, 0xf8]), Colour([0x0d, 0x0f, 0x11])];

/// Why something cannot be part of a brand.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum InvalidBrand {
    #[error("a name has 1 to {BRAND_CHARS_MAX} characters and no line breaks")]
    Name,
    #[error("a colour is written as # and six hex digits, such as #1f7a5a")]
    Colour,
    #[error(
        "the colour {colour} is hard to see on {paper}: contrast {contrast:.2}, at least {CONTRAST_MIN} is needed"
    )]
    Contrast {
        colour: Colour,
        paper: Colour,
        contrast: f64,
    },
    #[error("a logo is a PNG, JPEG or WebP file, whole and without animation")]
    NotPicture,
    #[error("a logo has at most {LOGO_BYTES_MAX} bytes; this one has {0}")]
    Bytes(usize),
    #[error("a logo is 1 to {LOGO_SIDE_MAX} pixels wide and high; this one is {width} x {height}")]
    Side { width: u32, height: u32 },
}

/// An sRGB colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Colour(pub [u8; 3]);

impl Colour {
    /// Relative luminance (WCAG 2.2), 0 to 1.
    fn luminance(self) -> f64 {
        let linear = self.0.map(|channel| {
            let share = f64::from(channel) / 255.0;
            if share <= 0.04045 {
                share / 12.92
            } else {
                ((share + 0.055) / 1.055).powf(2.4)
            }
        });
        0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    }
    /// Contrast of two colours (WCAG 2.2), 1 to 21.
    #[must_use]
    pub fn contrast(self, other: Self) -> f64 {
        let (one, two) = (self.luminance(), other.luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }
    /// The colour of text on this one: black or white, whichever is clearer. Never under 4.5.
    #[must_use]
    pub fn ink(self) -> Self {
        let (white, black) = (Self([255; 3]), Self([0; 3]));
        if self.contrast(white) >= self.contrast(black) {
            white
        } else {
            black
        }
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

impl FromStr for Colour {
    type Err = InvalidBrand;
    fn from_str(text: &str) -> Result<Self, InvalidBrand> {
        let digits = text.strip_prefix('#').ok_or(InvalidBrand::Colour)?;
        if digits.len() != 6 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(InvalidBrand::Colour);
        }
        let number = u32::from_str_radix(digits, 16).map_err(|_| InvalidBrand::Colour)?;
        let [_, red, green, blue] = number.to_be_bytes();
        Ok(Self([red, green, blue]))
    }
}

impl TryFrom<String> for Colour {
    type Error = InvalidBrand;
    fn try_from(text: String) -> Result<Self, InvalidBrand> {
        text.parse()
    }
}

impl From<Colour> for String {
    fn from(colour: Colour) -> Self {
        colour.to_string()
    }
}

/// A colour that can be seen on the paper of both themes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Colour", into = "Colour")]
pub struct Accent(Colour);

impl Accent {
    /// The colour.
    #[must_use]
    pub fn colour(self) -> Colour {
        self.0
    }
}

impl TryFrom<Colour> for Accent {
    type Error = InvalidBrand;
    fn try_from(colour: Colour) -> Result<Self, InvalidBrand> {
        for paper in PAPERS {
            let contrast = colour.contrast(paper);
            if contrast < CONTRAST_MIN {
                return Err(InvalidBrand::Contrast {
                    colour,
                    paper,
                    contrast,
                });
            }
        }
        Ok(Self(colour))
    }
}

impl From<Accent> for Colour {
    fn from(accent: Accent) -> Self {
        accent.0
    }
}

impl FromStr for Accent {
    type Err = InvalidBrand;
    fn from_str(text: &str) -> Result<Self, InvalidBrand> {
        text.parse::<Colour>().and_then(Self::try_from)
    }
}

/// A name as it stands on pages.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BrandName(String);

impl BrandName {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for BrandName {
    type Err = InvalidBrand;
    fn from_str(text: &str) -> Result<Self, InvalidBrand> {
        let name = text.trim();
        // Direction marks could turn the words beside the name around.
        let odd = |c: char| {
            c.is_control()
                || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2028}' | '\u{2029}' | '\u{2066}'..='\u{2069}')
        };
        let good = !name.is_empty() && name.chars().count() <= BRAND_CHARS_MAX && !name.contains(odd);
        good.then(|| Self(name.to_owned())).ok_or(InvalidBrand::Name)
    }
}

impl TryFrom<String> for BrandName {
    type Error = InvalidBrand;
    fn try_from(text: String) -> Result<Self, InvalidBrand> {
        text.parse()
    }
}

impl From<BrandName> for String {
    fn from(name: BrandName) -> Self {
        name.0
    }
}

/// What the hoster may set for a tenant; what is not set is Stillpoint's own.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Branding {
    pub name: Option<BrandName>,
    pub accent: Option<Accent>,
    pub logo: Option<Logo>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_accent_can_be_seen_on_both_papers() {
        let white = Colour([255; 3]);
        assert!((white.contrast(Colour([0; 3])) - 21.0).abs() < 1e-9);
        assert!(
            (Colour([0x77; 3]).contrast(white) - 4.48).abs() < 0.01,
            "a known pair"
        );
        for good in ["#1f7a5a", "#2563eb", "#C2410C"] {
            assert_eq!(
                good.parse::<Accent>().unwrap().colour().to_string(),
                good.to_lowercase()
            );
        }
        for faint in ["#ffffff", "#ffff00", "#000000", "#1a1a40"] {
            let refused = faint.parse::<Accent>().unwrap_err();
            assert!(matches!(refused, InvalidBrand::Contrast { .. }), "{refused}");
        }
        for bad in ["", "1f7a5a", "#1f7a5", "#1f7a5aa", "#+f7a5a", "red", "#1f7a5g"] {
            assert_eq!(bad.parse::<Accent>(), Err(InvalidBrand::Colour), "{bad}");
        }
    }

    #[test]
    fn a_name_is_one_short_line() {
        assert_eq!(
            " Contoso GmbH ".parse::<BrandName>().unwrap().as_str(),
            "Contoso GmbH"
        );
        for bad in ["", "  ", "a\nb", "a\u{202e}b", &"x".repeat(61)] {
            assert!(bad.parse::<BrandName>().is_err(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn text_on_any_colour_can_be_read(rgb in any::<[u8; 3]>()) {
            let colour = Colour(rgb);
            prop_assert!(colour.contrast(colour.ink()) >= 4.5);
            prop_assert_eq!(colour.to_string().parse::<Colour>().unwrap(), colour);
        }
    }
}
