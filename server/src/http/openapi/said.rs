//! An operation as the document says it.

use super::operation::{Operation, Parameter, Place};
use super::schema::{line, shape};
use crate::http::access::Access;
use domain::door::permission::Permission;
use domain::door::seat::Role;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

const PROBLEM: &str = "application/problem+json";
const JSON: &str = "application/json";

impl Operation {
    /// The problems that follow from who may ask and what is sent, with the endpoint's own.
    pub fn refusals(&self, access: Option<Access>) -> BTreeMap<u16, &'static str> {
        let mut all = BTreeMap::new();
        all.insert(403, "A browser asked in the name of another site.");
        all.insert(429, "Too many requests; `Retry-After` says when to ask again.");
        all.insert(
            503,
            "Not available now: ask again later, after `Retry-After` where it is given.",
        );
        if access != Some(Access::Public) {
            all.insert(401, "Not logged in.");
            all.insert(404, "It is not there, or not for you.");
        }
        let parameters = self.parameters.iter().any(|it| it.place != Place::Path);
        if parameters || self.body.is_some() || !self.is_write() {
            all.insert(400, "A parameter or field cannot be used; `parameter` names it.");
        }
        if self.is_write() {
            all.insert(400, "A parameter or field cannot be used; `parameter` names it.");
            all.insert(
                409,
                "It does not go with what is there, or the first request with this `Idempotency-Key` still runs.",
            );
            all.insert(413, "The body is longer than 64 KiB.");
            all.insert(422, "The `Idempotency-Key` came with another request before.");
        }
        if self.body.is_some() {
            all.insert(415, "The body is not `application/json`.");
        }
        if access == Some(Access::Public) {
            all.remove(&400);
            all.remove(&503);
        }
        all.extend(self.problems.iter().map(|(status, says)| (*status, *says)));
        all
    }

    pub fn document(&self, access: Option<Access>) -> Value {
        let mut parameters: Vec<Value> = self.parameters.iter().map(Parameter::document).collect();
        if self.is_write() {
            parameters.push(idempotency_key());
        }
        let mut responses = Map::new();
        for (status, answer) in &self.answers {
            let mut response = json!({
                "description": answer.says, "content": { answer.media: { "schema": answer.schema } },
            });
            for media in &answer.also {
                response["content"][media] = json!({ "schema": { "type": "string" } });
            }
            if self.is_write() {
                response["headers"] = json!({ "Idempotency-Replayed": {
                    "description": "`true`: this was done before, and is what was answered then.",
                    "schema": { "type": "string", "const": "true" },
                } });
            }
            responses.insert(status.to_string(), response);
        }
        for (status, says) in self.refusals(access) {
            let mut response = json!({
                "description": says, "content": { PROBLEM: { "schema": shape("Problem") } },
            });
            if matches!(status, 429 | 503) {
                response["headers"] = json!({ "Retry-After": {
                    "description": "Seconds.", "schema": { "type": "integer", "minimum": 0 },
                } });
            }
            responses.insert(status.to_string(), response);
        }
        let description = [self.description, &for_whom(access)].join("\n\n");
        let description = description.trim();
        let mut operation = json!({
            "operationId": self.id, "tags": [self.tag.name()], "summary": self.summary,
            "description": description,
            "parameters": parameters, "responses": responses, "security": security(access),
        });
        if let Some((schema, example)) = &self.body {
            operation["requestBody"] = json!({
                "required": true, "content": { JSON: { "schema": schema, "example": example } },
            });
        }
        operation
    }
}

impl Parameter {
    fn document(&self) -> Value {
        let place = match self.place {
            Place::Path => "path",
            Place::Query => "query",
            Place::Header => "header",
        };
        let mut document = json!({
            "name": self.name, "in": place, "required": self.required, "schema": self.schema, "description": self.says,
        });
        if let Some(example) = &self.example {
            document["example"] = example.clone();
        }
        document
    }
}

fn idempotency_key() -> Value {
    let mut schema = line(8, 128);
    schema["pattern"] = json!("^[!-~]+$");
    json!({
        "name": "Idempotency-Key", "in": "header", "required": false, "schema": schema,
        "description": "The same key with the same request is answered again and done once; kept for 24 hours.",
    })
}

/// Who may ask, in words.
pub fn for_whom(access: Option<Access>) -> String {
    match access {
        None | Some(Access::Public) => "For anybody.".to_owned(),
        Some(Access::Own) => "For everybody, by session.".to_owned(),
        Some(Access::Site(permission)) => who(permission, |role| matches!(role, Role::Site(_))),
        Some(Access::Scoped(permission)) => who(permission, |_| true),
        Some(Access::Tenant(permission)) => who(permission, |role| matches!(role, Role::Tenant(_))),
    }
}

fn who(permission: Permission, is_meant: impl Fn(&Role) -> bool) -> String {
    let roles = permission.roles().iter();
    let roles: Vec<&str> = roles
        .filter(|role| is_meant(role))
        .map(|role| role.code())
        .collect();
    let by = if permission.may_be_carried() {
        "by session or token"
    } else {
        "by session only"
    };
    format!("For {}, {by} (`{permission}`).", roles.join(", "))
}

fn security(access: Option<Access>) -> Value {
    match access {
        None | Some(Access::Public) => json!([]),
        Some(Access::Own) => json!([{ "session": [] }]),
        Some(Access::Site(permission) | Access::Scoped(permission) | Access::Tenant(permission))
            if permission.may_be_carried() =>
        {
            json!([{ "session": [] }, { "token": [permission.code()] }])
        }
        Some(Access::Site(_) | Access::Scoped(_) | Access::Tenant(_)) => json!([{ "session": [] }]),
    }
}
