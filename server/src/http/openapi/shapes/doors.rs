//! People, invitations, sessions, tokens, the trail, and what people did by hand.

use super::text_or_null;
use crate::http::openapi::schema::{
    Schema, count, flag, instant, list, map, maybe, object, one_of, page, rows, text, uuid, word, words,
};
use domain::audit::AuditOutcome;
use domain::door::permission::Permission;
use domain::door::seat::Role;

fn role() -> Schema {
    words(Role::ALL.iter().map(|role| role.code()))
}

fn permissions() -> Schema {
    list(words(Permission::ALL.iter().map(|it| it.code())))
}

pub(super) fn shapes() -> Vec<(&'static str, Schema)> {
    let tenant = || ("tenant", text_or_null(), "Null is the hoster.");
    vec![
        (
            "Person",
            object(&[
                ("id", uuid(), ""),
                ("login", text(), ""),
                ("name", text(), ""),
                ("role", role(), ""),
                tenant(),
                ("second_factor", flag(), "Whether an authenticator is asked for."),
                ("created", instant(), ""),
                ("out", maybe(instant()), "Since when they cannot log in."),
            ]),
        ),
        ("People", page("Person", &[])),
        (
            "Invitation",
            object(&[
                ("id", uuid(), ""),
                ("role", role(), ""),
                tenant(),
                ("author", text(), ""),
                ("created", instant(), ""),
                ("expires", instant(), ""),
            ]),
        ),
        ("Invitations", rows("Invitation")),
        (
            "Invited",
            object(&[(
                "code",
                text(),
                "Shown this once: what stands behind `#` in the link /join#CODE. It opens once, within 72 hours.",
            )]),
        ),
        (
            "PasswordLink",
            object(&[(
                "code",
                text(),
                "Shown this once: what stands behind `#` in the link /reset#CODE.",
            )]),
        ),
        (
            "Token",
            object(&[
                ("id", uuid(), ""),
                ("person", uuid(), "Who gave it."),
                ("name", text(), "What it is for."),
                ("scopes", permissions(), "What it was given."),
                ("created", instant(), ""),
                ("expires", instant(), ""),
                ("last_used", maybe(instant()), ""),
                ("revoked", maybe(instant()), ""),
            ]),
        ),
        ("Tokens", rows("Token")),
        (
            "TokenMade",
            object(&[("token", text(), "Shown this once: for `Authorization: Bearer`.")]),
        ),
        (
            "Session",
            object(&[
                ("id", uuid(), ""),
                ("created", instant(), ""),
                ("last_seen", instant(), ""),
                ("from", text(), "The address it was opened from."),
                ("agent", text(), "What the browser called itself."),
                ("this", flag(), "The one that asks."),
            ]),
        ),
        ("Sessions", rows("Session")),
        (
            "Done",
            object(&[("id", uuid(), "What it was done to."), ("done", flag(), "")]),
        ),
        (
            "Ended",
            object(&[("ended", count(), "Sessions that were ended.")]),
        ),
        (
            "Account",
            object(&[
                ("login", text(), ""),
                ("name", text(), ""),
                ("role", role(), ""),
                tenant(),
                ("may", permissions(), ""),
                ("second_factor", flag(), ""),
                ("recovery_codes", count(), "Left."),
            ]),
        ),
        (
            "SecondFactor",
            object(&[
                ("secret", text(), "Base32, to be typed. Shown this once."),
                ("uri", text(), "otpauth://, to be opened."),
            ]),
        ),
        (
            "RecoveryCodes",
            object(&[(
                "codes",
                list(text()),
                "Shown this once; each opens the door once.",
            )]),
        ),
        ("AuditEntry", entry()),
        ("Trail", page("AuditEntry", &[])),
        (
            "Deed",
            object(&[
                ("at", instant(), ""),
                ("author", text(), ""),
                ("what", text(), ""),
                ("on", text(), "What it was done to."),
                ("href", text_or_null(), "A path of the screens."),
                ("text", text(), "The reason or note."),
            ]),
        ),
        ("Activity", rows("Deed")),
    ]
}

fn entry() -> Schema {
    let login = || ("login", text(), "");
    object(&[
        ("at", instant(), ""),
        (
            "who",
            one_of(&[
                object(&[("kind", word("person"), ""), ("person", uuid(), ""), login()]),
                object(&[
                    ("kind", word("token"), ""),
                    ("token", uuid(), ""),
                    ("person", uuid(), ""),
                    login(),
                ]),
                object(&[("kind", word("system"), ""), ("task", text(), "")]),
                object(&[("kind", word("nobody"), "")]),
            ]),
            "",
        ),
        ("from", text_or_null(), "The address."),
        (
            "deed",
            text(),
            "Lower-case words with dots and hyphens: `session.open`.",
        ),
        ("object", text(), "What it was done to."),
        ("tenant", text_or_null(), "Null is the site's."),
        ("outcome", words(AuditOutcome::ALL.iter().map(|it| it.code())), ""),
        ("details", map(text()), ""),
    ])
}
